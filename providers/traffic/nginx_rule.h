/* ingress-nginx's canary annotations: the weight and the rules for A/B; one part of
 * nginx_ingress.c. */
#ifndef PROVIDERS_TRAFFIC_NGINX_RULE_H
#define PROVIDERS_TRAFFIC_NGINX_RULE_H

#include "providers/canary_world.h"

#include <jansson.h>

/* KEY is one of the canary annotations, whatever comes after "canary". */
bool nginx_rule_is_canary(const struct canary_world *world, const char *key);

/* Put canary "true" and what gives the canary WEIGHT: for A/B the rules of analysis.match, else the
 * weight. */
void nginx_rule_set(json_t *annotations, const struct canary_world *world, int weight);

/* Put null for every rule that ingress-nginx knows. */
void nginx_rule_clear(json_t *annotations, const struct canary_world *world);

/* There is a rule by header or cookie. */
bool nginx_rule_is_any(const json_t *annotations, const struct canary_world *world);

/* The share as the controller takes it: what is no number or negative is 0, more than all is 100.
 */
int nginx_rule_weight(const json_t *annotations, const struct canary_world *world);

#endif

/* What leads a canary's clients, whichever provider it has: a canary Ingress, a VirtualService,
 * an HTTPRoute or a TrafficSplit.
 */
#ifndef TESTS_SIMULATION_FRONT_H
#define TESTS_SIMULATION_FRONT_H

#include "tests/simulation/truth.h"

#include <jansson.h>

#define FRONT_NAME_MAX 48

/* The provider has weights. */
bool front_is_weighed(const struct truth_canary *canary);

/* It is a VirtualService, an HTTPRoute or a TrafficSplit: it leads past the apex Service. */
bool front_is_past_apex(const struct truth_canary *canary);

/* It is a VirtualService. */
bool front_is_mesh(const struct truth_canary *canary);

/* It is an HTTPRoute. */
bool front_is_gateway(const struct truth_canary *canary);

/* It is a TrafficSplit. */
bool front_is_split(const struct truth_canary *canary);

/* "ingresses", "cart-front-canary"; "virtualservices", "httproutes" or "trafficsplits", "cart". */
const char *front_plural(const struct truth_canary *canary);
const char *front_name(const struct truth_canary *canary, char ret[FRONT_NAME_MAX]);

/* The share that OBJECT, NULL for none, gives the canary. */
int front_weight(const struct truth_canary *canary, const json_t *object);

/* A merge patch that gives the canary WEIGHT, as a stranger would write it; to be freed. */
char *front_edit(const struct truth_canary *canary, int weight);

/* URL is of some canary's front. */
bool front_is_url(const char *url);

#endif

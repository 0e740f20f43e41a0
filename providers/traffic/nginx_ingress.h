/*
 * The canary Ingress of ingress-nginx, "<ingressRef>-canary": a clone of the user's Ingress whose
 * apex backends are the canary's, marked by annotations. It always says canary "true": "false"
 * would make it an ordinary Ingress of the same host, which may take all requests. Off is weight 0
 * without rules.
 */
#ifndef PROVIDERS_TRAFFIC_NGINX_INGRESS_H
#define PROVIDERS_TRAFFIC_NGINX_INGRESS_H

#include "analysis/facts.h"
#include "providers/canary_world.h"

#include <jansson.h>

/* The clone's spec from SOURCE, with those paths only that lead to the apex, a new object; NULL and
 * ERR_INVALID: no path has the apex as backend. */
json_t *nginx_ingress_spec(const struct canary_world *world, const json_t *source, struct err *err);

/* The clone as a new object with the canary's WEIGHT; errors as above. */
json_t *nginx_ingress_new(const struct canary_world *world, const json_t *source, int weight,
                          struct err *err);

/*
 * CLONE is this Canary's: it carries our label, or it is Flagger's clone for it. A label with
 * another UID is a Canary's that was made again, if the clone leads to this one's Service; else
 * another Canary's.
 */
bool nginx_ingress_is_ours(const struct canary_world *world, const json_t *clone);

/*
 * A merge patch of the annotations that gives the canary WEIGHT; keys that are not wanted become
 * null. CLONE: what is there; NULL: not known, then all of ours are written and every known rule is
 * null. SOURCE: NULL, or the clone's annotations of ingress-nginx are brought in step with it: what
 * it has is set, what we had set and it has no more goes; what somebody put on the clone alone
 * stays.
 */
json_t *nginx_ingress_merge(const struct canary_world *world, const json_t *source,
                            const json_t *clone, int weight);

/*
 * The steps of a JSON patch that make CLONE right beside its weight's annotations: spec (SPEC,
 * borrowed), our label, no owner. Empty: it is.
 */
json_t *nginx_ingress_repair(const struct canary_world *world, const json_t *clone,
                             const json_t *spec);

/* Append the step that does the same by a JSON patch to PATCH. */
void nginx_ingress_weigh(json_t *patch, const struct canary_world *world, const json_t *source,
                         const json_t *clone, int weight);

/* CLONE's annotations say WEIGHT and nothing else, in step with SOURCE unless it is NULL. */
bool nginx_ingress_says(const struct canary_world *world, const json_t *source, const json_t *clone,
                        int weight);

/* The share that CLONE's annotations give the canary; for A/B 100 when there is a rule. */
int nginx_ingress_weight(const struct canary_world *world, const json_t *clone);

/* managedFields: the manager that wrote the weight last is ours. */
bool nginx_ingress_is_weighed_by_us(const struct canary_world *world, const json_t *clone);

#endif

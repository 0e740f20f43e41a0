/*
 * The HTTPRoute or GRPCRoute of a canary: spec.routeRef, else named as its apex Service. One that
 * we or Flagger made is generated from the Canary; fields that are not generated stay. One that a
 * user made is taken over: only the canary's part in its rules is ours (gateway_rules.h), its spec
 * as it was is kept in an annotation (gateway_taken.h), and it is given back at the end.
 */
#ifndef PROVIDERS_TRAFFIC_GATEWAY_ROUTE_H
#define PROVIDERS_TRAFFIC_GATEWAY_ROUTE_H

#include "providers/kube/api.h"
#include "providers/traffic/gateway_rules.h"

/* The object. */
struct kube_ref gateway_route_ref(const struct canary_world *world);

/* LIVE was made for this Canary, or for one of the same Service before it. */
bool gateway_route_is_made(const struct canary_world *world, const json_t *live);

/* LIVE is the user's, and was taken over. */
bool gateway_route_is_taken(const struct canary_world *world, const json_t *live);

/* The route as a new object; NULL and ERR_INVALID: the Canary has no gatewayRefs to make it from.
 */
json_t *gateway_route_new(const struct canary_world *world, struct gateway_rules_split split,
                          struct err *err);

/*
 * Append to PATCH the steps that make LIVE what it should be with SPLIT; none: it is. ERR_INVALID:
 * it is the user's and has no place for a canary.
 */
bool gateway_route_repair(json_t *patch, const struct canary_world *world, const json_t *live,
                          struct gateway_rules_split split, struct err *err);

/* The steps that give LIVE, taken over, back, a new list. */
json_t *gateway_route_restore(const struct canary_world *world, const json_t *live);

#endif

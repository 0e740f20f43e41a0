/*
 * The VirtualService of a canary, named as its apex Service. One that we or Flagger made is
 * generated from the Canary; fields that are not generated stay. One that a user made is taken
 * over: only the canary's part in its rules is ours (istio_rules.h), its spec as it was is kept in
 * an annotation, and it is given back at the end.
 */
#ifndef PROVIDERS_TRAFFIC_ISTIO_ROUTE_H
#define PROVIDERS_TRAFFIC_ISTIO_ROUTE_H

#include "providers/traffic/istio_rules.h"

#define ISTIO_ROUTE_ORIGINAL "flagger.kubernetes.io/original-configuration"
/* The values that annotations of the user's had before ours, as a JSON object; null: none. */
#define ISTIO_ROUTE_BEFORE "serin.dev/annotations-before"

/* LIVE was made for this Canary, or for one of the same Service before it. */
bool istio_route_is_made(const struct canary_world *world, const json_t *live);

/* LIVE is the user's, and was taken over. */
bool istio_route_is_taken(const struct canary_world *world, const json_t *live);

/* The VirtualService as a new object. */
json_t *istio_route_new(const struct canary_world *world, struct istio_rules_split split);

/*
 * Append to PATCH the steps that make LIVE what it should be with SPLIT; none: it is. ERR_INVALID:
 * it is the user's and has no place for a canary.
 */
bool istio_route_repair(json_t *patch, const struct canary_world *world, const json_t *live,
                        struct istio_rules_split split, struct err *err);

/*
 * The steps that leave the canary no more than SPLIT, a new list; each tests what it rests on, so
 * LIVE need not be the latest. A user's that was given back, or never taken over, is hardly changed
 * by it (istio_fit_cut).
 */
json_t *istio_route_retreat(const struct canary_world *world, const json_t *live,
                            struct istio_rules_split split);

/* The steps that give LIVE, taken over, back, a new list. */
json_t *istio_route_restore(const struct canary_world *world, const json_t *live);

#endif

/*
 * The rules of an HTTPRoute or GRPCRoute, the list `rules` of its spec: those whose backends are
 * the apex, the primary or the canary are ours to weigh, all others are not looked at.
 *
 * A list is either generated from the Canary (the object is ours), or fitted into a user's own.
 */
#ifndef PROVIDERS_TRAFFIC_GATEWAY_RULES_H
#define PROVIDERS_TRAFFIC_GATEWAY_RULES_H

#include "providers/canary_world.h"

#include <jansson.h>

/* What the canary gets. */
struct gateway_rules_split {
	int weight; /* 0..100; for A/B 100 means the matching requests */
	bool is_mirrored;
	struct cookies cookies; /* session affinity: session.h */
};

/* Of a route, as the API has it; those before a rule of ours count. */
#define GATEWAY_RULES_MAX 16

/* Whether the Canary's route is a GRPCRoute (spec.routeRef.kind). */
bool gateway_rules_is_grpc(const struct canary_world *world);

/* The list of an object of ours, a new value, as Flagger writes it; fields of LIVE's rules that are
 * not generated stay. LIVE may be NULL. */
json_t *gateway_rules_new(const struct canary_world *world, const json_t *live,
                          struct gateway_rules_split split);

/*
 * LIVE, a user's list, with the canary's part in it, a new value: each rule to the apex, primary or
 * canary leads to primary and canary; for A/B a rule that takes the matching requests stands before
 * it. All else is as it was. ADDED is what the annotation says of such rules (a list of their
 * matches, NULL for none); *ret_added, a new list, is what it is to say. NULL and ERR_INVALID: no
 * rule leads to any of them, or one leads to something else as well.
 */
json_t *gateway_rules_fit(const struct canary_world *world, const json_t *live, const json_t *added,
                          struct gateway_rules_split split, json_t **ret_added, struct err *err);

/*
 * LIVE without the canary's part, a new value: a rule that ORIGINAL (NULL for none) has too, but
 * for where it leads, is as there; any other leads to the apex.
 */
json_t *gateway_rules_restore(const struct canary_world *world, const json_t *live,
                              const json_t *added, const json_t *original);

/* The most that any rule gives the canary. */
struct gateway_rules_split gateway_rules_read(const struct canary_world *world, const json_t *live);

/* Some rule of LIVE leads to the primary or the canary. */
bool gateway_rules_is_ours(const struct canary_world *world, const json_t *live);

/*
 * Append to PATCH the steps from LIVE to WANTED at /spec/rules. Where only weights differ each is a
 * step of its own behind a test of its backend's name; otherwise the list is replaced.
 */
void gateway_rules_patch(json_t *patch, const json_t *live, const json_t *wanted);

/*
 * Append to PATCH the steps that give the canary WEIGHT and no copies, whatever else the rules say:
 * each behind a test of the name that it rests on, so LIVE need not be the latest.
 */
void gateway_rules_weigh(json_t *patch, const struct canary_world *world, const json_t *live,
                         int weight);

#endif

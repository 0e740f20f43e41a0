/* Where a route of a VirtualService leads: the three Services of a canary, in all forms of their
 * names. */
#ifndef PROVIDERS_TRAFFIC_ISTIO_PLACE_H
#define PROVIDERS_TRAFFIC_ISTIO_PLACE_H

#include "providers/canary_world.h"

#include <jansson.h>
#include <stdint.h>

enum istio_place {
	ISTIO_PLACE_OTHER,
	ISTIO_PLACE_APEX,
	ISTIO_PLACE_PRIMARY,
	ISTIO_PLACE_CANARY,
};

/* A rule's route, by where it leads. */
struct istio_place_counts {
	size_t n[ISTIO_PLACE_CANARY + 1];
	int64_t weight[ISTIO_PLACE_CANARY + 1];
	const json_t *first; /* the first entry that is ours */
};

enum istio_place istio_place_of_host(const struct canary_world *world, const char *host);

/* ENTRY is one of a route, or of `mirrors`. */
enum istio_place istio_place_of(const struct canary_world *world, const json_t *entry);

/* The name of its Service; not for ISTIO_PLACE_OTHER. */
const char *istio_place_service(const struct canary_world *world, enum istio_place place);

/*
 * MODEL, an entry of a route to one of the three, leading to PLACE instead, in the same form of
 * name, a new object; a subset is of the old host and goes. WEIGHT < 0: none.
 */
json_t *istio_place_moved(const struct canary_world *world, const json_t *model,
                          enum istio_place place, int weight);

/* Of RULE's route; a lone entry gets all, whatever it says. */
struct istio_place_counts istio_place_count(const struct canary_world *world, const json_t *rule);

#endif

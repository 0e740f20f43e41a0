/* Where a rule of a route leads: its backendRefs, by which of a canary's Services they are. */
#ifndef PROVIDERS_TRAFFIC_GATEWAY_BACKEND_H
#define PROVIDERS_TRAFFIC_GATEWAY_BACKEND_H

#include "providers/canary_world.h"

#include <jansson.h>

enum gateway_place {
	GATEWAY_OTHER,
	GATEWAY_APEX,
	GATEWAY_PRIMARY,
	GATEWAY_CANARY,
};

/* Which of the canary's Services REF is. */
enum gateway_place gateway_backend_place(const struct canary_world *world, const json_t *ref);

/* The first backend of RULE that is PLACE; NULL: none. */
const json_t *gateway_backend_find(const struct canary_world *world, const json_t *rule,
                                   enum gateway_place place);

/* RULE leads to the apex, the primary or the canary. */
bool gateway_backend_is_ours(const struct canary_world *world, const json_t *rule);

/* The canary's share of RULE's requests in percent; what is neither none nor all is 1 to 99. */
int gateway_backend_share(const struct canary_world *world, const json_t *rule);

/* A backend as it is written by us. */
json_t *gateway_backend_new(const char *service, int port, int weight);

/*
 * The backends of RULE, which is ours, leading to primary and canary with WEIGHT for the latter, a
 * new list: what the user wrote of a backend stays with it, and their order.
 */
json_t *gateway_backend_fit(const struct canary_world *world, const json_t *rule, int weight);

/* The backends of RULE, which is ours, leading to the apex alone, a new list. */
json_t *gateway_backend_apex(const struct canary_world *world, const json_t *rule);

#endif

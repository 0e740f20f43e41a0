/*
 * The rules of a VirtualService, the list `http` (or `tcp`) of its spec: those that lead to the
 * apex, the primary or the canary are ours to weigh, all others are not looked at.
 *
 * A list is either generated from the Canary (the object is ours), or fitted into a user's own.
 */
#ifndef PROVIDERS_TRAFFIC_ISTIO_RULES_H
#define PROVIDERS_TRAFFIC_ISTIO_RULES_H

#include "providers/canary_world.h"

#include <jansson.h>

/* What the canary gets. */
struct istio_rules_split {
	int weight; /* 0..100; for A/B 100 means the matching requests */
	bool is_mirrored;
};

/* "http", or "tcp" with service.appProtocol tcp. */
const char *istio_rules_key(const struct canary_world *world);

/* The list of an object of ours, a new value, as Flagger writes it. */
json_t *istio_rules_new(const struct canary_world *world, struct istio_rules_split split);

/*
 * LIVE, a user's list, with the canary's part in it, a new value: each rule to the apex, primary or
 * canary leads to primary and canary; for A/B a rule that takes the matching requests stands before
 * it. All else is as it was. NULL and ERR_INVALID: no rule leads to any of them, or one leads to
 * something else as well, or mirrors to something else when it is to mirror.
 */
json_t *istio_rules_fit(const struct canary_world *world, const json_t *live,
                        struct istio_rules_split split, struct err *err);

/*
 * LIVE without the canary's part, a new value: a rule that one of ORIGINALS (lists, NULL for none)
 * has too, but for where it leads, is as there; any other leads to the apex.
 */
json_t *istio_rules_restore(const struct canary_world *world, const json_t *live,
                            const json_t *const originals[2]);

/* The most that any rule gives the canary. */
struct istio_rules_split istio_rules_read(const struct canary_world *world, const json_t *live);

/* Some rule of LIVE leads to the primary or the canary. */
bool istio_rules_is_ours(const struct canary_world *world, const json_t *live);

/*
 * Append to PATCH the steps from LIVE to WANTED at /spec/<key>. Where only weights differ each is a
 * step of its own behind a test of its host; otherwise the list is replaced as a whole, behind a
 * test of LIVE if IS_TESTED. IS_ALL: our weights that do not differ are written, too.
 */
void istio_rules_patch(json_t *patch, const struct canary_world *world, const json_t *live,
                       const json_t *wanted, bool is_tested, bool is_all);

#endif

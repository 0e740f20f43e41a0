/*
 * The rules of a VirtualService, the list `http` (or `tcp`) of its spec: as they are generated from
 * a Canary, what they give it, and the patch from one list to another. (Of a user's own:
 * istio_fit.h.)
 */
#ifndef PROVIDERS_TRAFFIC_ISTIO_RULES_H
#define PROVIDERS_TRAFFIC_ISTIO_RULES_H

#include "providers/canary_world.h"

#include <jansson.h>

/* What the canary gets. */
struct istio_rules_split {
	int weight; /* 0..100; for A/B 100 means the matching requests */
	bool is_mirrored;
	struct cookies cookies; /* session affinity: session.h */
};

/* "http", or "tcp" with service.appProtocol tcp. */
const char *istio_rules_key(const struct canary_world *world);

/* The list of an object of ours, a new value, as Flagger writes it. */
json_t *istio_rules_new(const struct canary_world *world, struct istio_rules_split split);

/* RULE sends copies to HOST, as many as analysis.mirrorWeight says. */
void istio_rules_mirror(const struct canary_world *world, json_t *rule, const char *host);

/* spec.analysis of the Canary, under whichever name; NULL for none. */
const json_t *istio_rules_analysis(const struct canary_world *world);

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

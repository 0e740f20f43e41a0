/* What a mesh or ingress must implement; docs/hacking.md. The table is in traffic.c. */
#ifndef PROVIDERS_TRAFFIC_PROVIDER_H
#define PROVIDERS_TRAFFIC_PROVIDER_H

#include "analysis/facts.h"
#include "providers/act.h"
#include "providers/kube/api.h"

struct field;
struct kube_canary;

/* An object beside the route. */
struct traffic_beside {
	struct kube_ref ref;
	bool is_source; /* the user's, which the route is made from; false: we make it */
};

struct traffic_provider {
	const char *name; /* as written in spec.provider */
	/* The agent keeps the route as it was last seen in `world->route_object`. */
	bool keeps_route;

	/* What it can do with this Canary's strategy. */
	struct route_ability (*ability)(const struct canary_spec *spec);

	/*
	 * Refuse, with the field's path, what this provider cannot express of a Canary that is
	 * valid otherwise; warnings are added to CANARY, with texts in ARENA. SPEC is the field
	 * "spec". NULL: there is nothing to refuse. (`analysis.mirror` without the ability is
	 * refused for all.)
	 */
	bool (*check)(const struct field *spec, struct arena *arena, struct kube_canary *canary,
	              struct err *err);

	/* The traffic object; kind KUBE_NONE: there is none, and the route is always known with
	 * weight 0. Its name may live in ARENA. */
	struct kube_ref (*ref)(const struct canary_world *world, struct arena *arena);

	/*
	 * The objects beside the route, in RET; returns how many. They are observed as the route
	 * is, and lie in `world->beside` in this order. NULL: there are none.
	 */
	size_t (*beside)(const struct canary_world *world, struct arena *arena,
	                 struct traffic_beside ret[TRAFFIC_BESIDE_MAX]);

	/*
	 * Read the traffic object (NULL where there is none) into *ret; slot and `since` stay as
	 * they are. It never fails: what cannot be read is weight 0 and not exact, to be written
	 * anew.
	 */
	void (*read)(const json_t *object, const struct canary_world *world,
	             struct route_fact *ret);

	/* The next step of an EFFECT_WRITE_ROUTE, as talk.h has it. */
	enum talk_step (*write)(struct act *act, const struct http_reply *reply, struct err *err);

	/* The next step of an EFFECT_REMOVE of the route: it is deleted, or given back to whom it
	 * was taken from, then the result has it as an object. NULL: it is deleted. */
	enum talk_step (*remove)(struct act *act, const struct http_reply *reply, struct err *err);
};

#endif

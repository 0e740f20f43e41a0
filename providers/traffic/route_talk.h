/*
 * The conversations about a route that is one object, made by us or taken over from the user, and
 * moved by JSON patches: it is read, then made or corrected; a retreat writes at once, from the
 * route as it was last seen, and reads it only when that had changed.
 */
#ifndef PROVIDERS_TRAFFIC_ROUTE_TALK_H
#define PROVIDERS_TRAFFIC_ROUTE_TALK_H

#include "providers/act_reply.h"

/* What such an object is like. LIVE is the object as it was read. */
struct route_kind {
	const char *word; /* in sentences; NULL: its kind */
	struct kube_ref (*ref)(const struct canary_world *world);

	/* The object as a new one, for the effect of ACT; NULL: err says why not. */
	json_t *(*make)(const struct act *act, struct err *err);

	/* Append to PATCH the steps that make LIVE what the effect of ACT wants. */
	bool (*repair)(json_t *patch, const struct act *act, const json_t *live, struct err *err);

	/* The steps, a new list, that leave the canary no more than the effect of ACT wants, and
	 * nothing else; each tests what it rests on. */
	json_t *(*retreat)(const struct act *act, const json_t *live);

	bool (*is_made)(const struct canary_world *world, const json_t *live);
	bool (*is_taken)(const struct canary_world *world, const json_t *live);

	/* The steps that give LIVE, taken over, back, a new list. */
	json_t *(*restore)(const struct canary_world *world, const json_t *live);
};

/* What was sent last, in `talk->step`. */
enum route_step {
	ROUTE_STEP_NONE,
	ROUTE_STEP_READ,
	ROUTE_STEP_BLIND, /* a retreat, from the route as it was last seen */
	ROUTE_STEP_WRITE, /* the last request */
	ROUTE_STEP_OWN,   /* a provider's own steps begin here */
};

/* `traffic_provider.write`. */
enum talk_step route_talk_weigh(const struct route_kind *kind, struct act *act,
                                const struct http_reply *reply, struct err *err);

/* `traffic_provider.remove`: what was made is deleted, what was taken over is given back, anything
 * else is left alone. */
enum talk_step route_talk_remove(const struct route_kind *kind, struct act *act,
                                 const struct http_reply *reply, struct err *err);

/* The second step of that: LIVE, which was made or taken over. */
enum talk_step route_talk_give_back(const struct route_kind *kind, struct act *act, int step,
                                    const json_t *live);

/* The end because the object of REF cannot be what it should be, as err says. */
enum talk_step route_talk_refuse(struct act *act, const char *word, const struct kube_ref *ref,
                                 struct err *err);

#endif

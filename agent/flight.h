/*
 * One effect under way: drives its conversation to the end over http. Forward changes wait for the
 * record of their round to be on disk, for a second at most; retreats do not wait.
 */
#ifndef AGENT_FLIGHT_H
#define AGENT_FLIGHT_H

#include "agent/http.h"
#include "agent/loop.h"
#include "providers/act.h"

struct flight;

/* What a flight needs of its surroundings; outlives it. */
struct flight_seams {
	struct loop *loop;
	struct http *http;
	/* A write that takes as long as TIMEOUT may begin now. */
	bool (*may_write)(void *user, struct span timeout);
	/* A write was cancelled on its way: it may still arrive, within TIMEOUT. */
	void (*abandoned)(void *user, struct span timeout);
	void *user;
};

typedef void flight_landed(void *user, struct flight *flight, const struct act_result *result);

/*
 * Start EFFECT (copied). When IS_GATED, nothing is sent before flight_release. LANDED is called
 * once, from the loop and never from inside flight_start; the flight is freed by its owner in or
 * after that call.
 */
struct flight *flight_start(const struct flight_seams *seams, const struct canary_world *world,
                            const struct effect *effect, bool is_gated, flight_landed *landed,
                            void *user);

/* The record is on disk, or was waited for long enough: go. */
void flight_release(struct flight *flight);

const struct effect *flight_effect(const struct flight *flight);

/* A request left that may change something: after a cancel its outcome is unknown. */
bool flight_has_written(const struct flight *flight);

/* It still waits for flight_release. */
bool flight_is_gated(const struct flight *flight);

/* Its result is in hand: in the loop's next turn it lands. */
bool flight_is_over(const struct flight *flight);

/* Land one that is over at once. */
void flight_land(struct flight *flight);

/* The round that planned it, for the record; an array of 40 bytes that the owner fills. */
char *flight_round(struct flight *flight);

/*
 * What it is for is no more, but a write of its own is on its way that no later write need stop: a
 * removal, which names nothing but the object, or a forward change of what clients meet. Until it
 * is answered nobody knows what is there. True: the flight looks at the world no more, and lands
 * with an unknown outcome. False: there is no such request, and the flight is to be freed.
 */
bool flight_leave(struct flight *flight);

bool flight_is_left(const struct flight *flight);

/* Its object was seen to be gone since it began: what it brings of that is old. */
void flight_outrun(struct flight *flight);
bool flight_is_outrun(const struct flight *flight);

/* Cancel if under way, and free; accepts NULL, returns NULL. */
struct flight *flight_free(struct flight *flight);

#endif

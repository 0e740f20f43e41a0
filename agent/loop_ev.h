/*
 * The real side of agent/loop.h, over libev: clocks, alarms, randomness, signals, and calls that
 * come from other threads. Everything but loop_ev_post belongs to the thread that runs the loop.
 */
#ifndef AGENT_LOOP_EV_H
#define AGENT_LOOP_EV_H

#include "agent/loop.h"

struct ev_loop;
struct loop_ev;

/* A call from another thread, embedded in its owner; zero it, set `call`, then post it. */
struct loop_ev_post {
	void (*call)(struct loop_ev_post *post); /* runs on the loop's thread, with no lock held */
	struct loop_ev_post *next;               /* the loop's own, as is_queued */
	bool is_queued;
};

/*
 * A loop that does nothing yet. Ignores SIGPIPE for the whole process: a broken socket is EPIPE to
 * its writer. Fails with ERR_SYSTEM when the kernel gives no descriptors.
 */
struct loop_ev *loop_ev_new(struct err *err);

/* Forget all alarms and posts without ringing or calling them; accepts NULL, returns NULL. */
struct loop_ev *loop_ev_free(struct loop_ev *loop);

/* The seam, for all who must not know libev. Lives as long as the loop. */
struct loop *loop_ev_seam(struct loop_ev *loop);

/* libev's own loop, for http_curl.c and server.c alone. */
struct ev_loop *loop_ev_backend(struct loop_ev *loop);

/* Serve until loop_ev_stop; returns at once when it was called since the last run. */
void loop_ev_run(struct loop_ev *loop);

/* Make loop_ev_run return after the present turn. From the loop's own thread. */
void loop_ev_stop(struct loop_ev *loop);

/*
 * Call `caught` from the loop on SIGTERM and SIGINT, each time one comes. Only one loop of a
 * process can have them; NULL gives them back.
 */
void loop_ev_signals(struct loop_ev *loop, void (*caught)(void *user, int number), void *user);

/*
 * Have post->call run in a coming turn, in order of posting; from any thread. Posting what is still
 * queued changes nothing, so one post can also serve as a bell: it rings at least once after each
 * loop_ev_post.
 */
void loop_ev_post(struct loop_ev *loop, struct loop_ev_post *post);

/* Forget a queued post; accepts one that is not queued. Its call does not run unless it already
 * does. */
void loop_ev_post_cancel(struct loop_ev *loop, struct loop_ev_post *post);

#endif

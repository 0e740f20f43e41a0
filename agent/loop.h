/*
 * The seam of time: clocks, alarms and randomness. Nothing above it reads a clock by itself, so a
 * simulated side (virtual time, one seed) replaces it whole. loop_ev.c is the real side, over
 * libev.
 */
#ifndef AGENT_LOOP_H
#define AGENT_LOOP_H

#include "analysis/base/instant.h"

#include <stdbool.h>
#include <stdint.h>

struct loop;

/* A one-shot timer, embedded in its owner. Zero it, set ring, then arm it. */
struct alarm {
	void (*ring)(struct alarm *alarm); /* called from the loop, never from alarm_start */
	struct loop *loop;                 /* set while armed, by the loop */
	void *impl;                        /* the loop's own */
	struct instant at;                 /* for describing what is waited for */
};

struct loop_ops {
	struct instant (*now)(struct loop *loop); /* wall clock; may jump */
	struct span (*uptime)(struct loop *loop); /* monotonic, from an unspecified start */
	void (*start)(struct loop *loop, struct alarm *alarm, struct span after);
	void (*cancel)(struct loop *loop, struct alarm *alarm);
	uint64_t (*random)(struct loop *loop);
};

/* The first member of every implementation. */
struct loop {
	const struct loop_ops *ops;
};

/* Wall clock time. */
struct instant loop_now(struct loop *loop);

/* Monotonic time since some fixed point; use it to measure lengths. */
struct span loop_uptime(struct loop *loop);

/* Ring after a span of monotonic time (0 or less: in the next turn, in order of starting). Rearms
 * when armed. */
void alarm_start(struct loop *loop, struct alarm *alarm, struct span after);

/* Disarm; no ring follows. Accepts an alarm that is not armed. */
void alarm_cancel(struct alarm *alarm);

/* 64 random bits. */
uint64_t loop_random(struct loop *loop);

#endif

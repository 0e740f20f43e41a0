/*
 * A process that can die at any instruction that crosses a seam: its loop, its http and its
 * history, each with a guard before it. At each crossing that has an effect (an alarm is set, an
 * exchange begins, a record is handed over) DIES is asked; once it says so, nothing that the code
 * still does has an effect, until it has returned and is taken away.
 */
#ifndef TESTS_SIMULATION_MORTAL_H
#define TESTS_SIMULATION_MORTAL_H

#include "agent/history.h"
#include "agent/http.h"
#include "agent/loop.h"

struct mortal_loop {
	struct loop seam; /* the first member */
	struct mortal *mortal;
	struct loop *inner;
};

struct mortal_http {
	struct http seam; /* the first member */
	struct mortal *mortal;
	struct http *inner;
};

struct mortal_history {
	struct history seam; /* the first member */
	struct mortal *mortal;
	struct history *inner;
};

struct mortal {
	struct mortal_loop loop;
	struct mortal_http http;
	struct mortal_history history;
	bool (*dies)(void *user);
	void *user;
	uint64_t n_crossings;
	bool is_dead;
};

/* In place; the seams outlive it, and alarms set through it must be gone before it is. */
void mortal_init(struct mortal *mortal, struct loop *loop, struct http *http,
                 struct history *history);

#endif

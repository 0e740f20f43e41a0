/*
 * What keeps an in-tree cluster alive in virtual time: bookmarks for its watches, and its
 * controllers, which act after each write and when pods become ready.
 */
#ifndef AGENT_DEMO_SIM_PULSE_H
#define AGENT_DEMO_SIM_PULSE_H

#include "agent/demo/apiserver.h"
#include "agent/demo/cluster.h"
#include "agent/demo/sim_loop.h"
#include "agent/loop.h"

struct sim_pulse {
	struct sim_loop *sim; /* all three must outlive it */
	struct apiserver *server;
	struct cluster *cluster;
	struct span bookmarks; /* between two of them */
	struct alarm bookmark; /* its own from here on: zero */
	struct alarm roll;
};

/* Begin; two alarms at most are armed from now on. */
void sim_pulse_start(struct sim_pulse *pulse);

/* Something was written: the controllers look at it in the next turn. */
void sim_pulse_stir(struct sim_pulse *pulse);

/* End it; harmless when it never began. */
void sim_pulse_cancel(struct sim_pulse *pulse);

#endif

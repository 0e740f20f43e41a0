/*
 * The simulated side of agent/loop.h: virtual time and one seed. Alarms ring in order of their
 * time, and at the same time in order of starting; nothing else makes time pass.
 */
#ifndef AGENT_DEMO_SIM_LOOP_H
#define AGENT_DEMO_SIM_LOOP_H

#include "agent/loop.h"

#include <stddef.h>

struct sim_loop;

/* A loop at virtual time START. */
struct sim_loop *sim_loop_new(struct instant start, uint64_t seed);

/* Free; alarms that are armed are forgotten. Accepts NULL, returns NULL. */
struct sim_loop *sim_loop_free(struct sim_loop *sim);

/* The seam; one of its own for each agent, whose clock shows SKEW more than the true time. */
struct loop *sim_loop_seam(struct sim_loop *sim);
struct loop *sim_loop_seam_new(struct sim_loop *sim, struct span skew);

/* The true time. */
struct instant sim_loop_now(const struct sim_loop *sim);

/* Ring the next alarm; false when none is armed, or the next one is after END (time is END then).
 */
bool sim_loop_step(struct sim_loop *sim, struct instant end);

/* Ring alarms until time END is reached. */
void sim_loop_run(struct sim_loop *sim, struct instant end);

/* Random numbers from the seed. */
uint64_t sim_loop_random(struct sim_loop *sim);

/* How many alarms are armed. */
size_t sim_loop_count(const struct sim_loop *sim);

/* The seam's clock shows so much more than the true time from now on: when that changes, it jumps.
 * The monotonic time does not. */
void sim_loop_skew(struct loop *seam, struct span skew);

/* Alarms of this seam do not ring until then: the process is paused, time goes on. Those that were
 * due meanwhile ring then, in the order of their times. */
void sim_loop_pause(struct loop *seam, struct instant until);

#endif

/* Hooks: what was asked and answered, and that no step is taken without it. Part of the witness. */
#ifndef TESTS_SIMULATION_WITNESS_HOOK_H
#define TESTS_SIMULATION_WITNESS_HOOK_H

#include "tests/simulation/simulation.h"

/* A hook is called; its answer came, or it was given up (NULL). */
void witness_hook_left(struct simulation *simulation, int agent,
                       const struct witness_flight *flight);
void witness_hook_came(struct simulation *simulation, int agent,
                       const struct witness_flight *flight, const struct http_reply *reply);

/* A Release goes from what was last written to RUN, which keeps that its promotion was approved. */
void witness_hook_concluded(struct simulation *simulation, int agent, int canary,
                            struct witness_run *run);

/* A hook of this check said no: that may be why it failed. */
bool witness_hook_fails(struct simulation *simulation, int agent, int canary);

#endif

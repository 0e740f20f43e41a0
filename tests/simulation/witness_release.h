/* What a run may say of itself. */
#ifndef TESTS_SIMULATION_WITNESS_RELEASE_H
#define TESTS_SIMULATION_WITNESS_RELEASE_H

#include "tests/simulation/simulation.h"

/* An agent's write of the Release of that name was accepted. */
void witness_release_written(struct simulation *simulation, int agent, int canary, const char *name,
                             const struct witness_flight *flight);

/* An agent is about to delete the Release of that name. */
void witness_release_removed(struct simulation *simulation, int canary, const char *name,
                             const struct witness_flight *flight);

/* The phase in which a fault strikes it. */
enum fault_phase witness_release_phase(const struct witness_run *run,
                                       const struct truth_canary *canary);

#endif

/* Checks: what was asked, answered and concluded. */
#ifndef TESTS_SIMULATION_WITNESS_CHECK_H
#define TESTS_SIMULATION_WITNESS_CHECK_H

#include "tests/simulation/simulation.h"

/* Which of the deciding questions a query asks; -1: none. */
int witness_check_question(const char *query);

/* An agent was given the answer to a question. */
void witness_check_told(struct simulation *simulation, int agent,
                        const struct witness_flight *flight, const struct http_reply *reply);

/* The agent wrote RUN with FLIGHT (NULL: nobody waits for it), which follows what was written last:
 * what it counts must have been answered, and what failed be counted. */
void witness_check_concluded(struct simulation *simulation, int agent, int canary,
                             struct witness_run *run, const struct witness_flight *flight);

#endif

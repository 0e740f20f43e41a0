/* Writes that were decided on something older than what stands. */
#ifndef TESTS_SIMULATION_WITNESS_STALE_H
#define TESTS_SIMULATION_WITNESS_STALE_H

#include "tests/simulation/witness.h"

/* A request leaves: what it reads is known again; what it writes must be known. */
void witness_stale_left(struct simulation *simulation, int agent, struct witness_flight *flight,
                        const struct http_request *request);

/* Its answer came: without one nobody knows what became of a write. */
void witness_stale_came(struct simulation *simulation, int agent,
                        const struct witness_flight *flight, const struct http_reply *reply);

/* It is about to be served (FLIGHT may be NULL): does what it writes stand as it did when it left?
 */
void witness_stale_asked(struct simulation *simulation, struct witness_flight *flight);

/* It took effect. */
void witness_stale_served(struct simulation *simulation, const struct witness_flight *flight);

#endif

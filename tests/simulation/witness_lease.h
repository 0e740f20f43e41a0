/* What may be on its way while a Lease ends: nothing that an agent sent may land under another's.
 */
#ifndef TESTS_SIMULATION_WITNESS_LEASE_H
#define TESTS_SIMULATION_WITNESS_LEASE_H

#include "agent/http.h"

#define WITNESS_LEASE_MS 15000 /* from when its last renewal left */

struct simulation;
struct witness_agent;
struct witness_flight;

/* A process of the agent begins: what an earlier one sent is not its own. */
void witness_lease_begin(struct witness_agent *agent);

/* REQUEST leaves the agent, and its FLIGHT is not one of the agent's yet. */
void witness_lease_left(struct simulation *simulation, int agent,
                        const struct witness_flight *flight, const struct http_request *request);

/* The agent waits no longer for the answer of FLIGHT. */
void witness_lease_given_up(struct witness_agent *agent, const struct witness_flight *flight);

#endif

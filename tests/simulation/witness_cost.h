/* Requests: never in crowds, none at rest. */
#ifndef TESTS_SIMULATION_WITNESS_COST_H
#define TESTS_SIMULATION_WITNESS_COST_H

#include "tests/simulation/simulation.h"

/* An agent's request leaves. */
void witness_cost_left(struct simulation *simulation, int agent,
                       const struct witness_flight *flight, const struct http_request *request);

/* It failed, which allows another. */
void witness_cost_failed(struct simulation *simulation, int agent);

#endif

/*
 * A tap between an agent and its network: tells the witness when a request leaves and when its
 * answer is handed over, and changes nothing.
 */
#ifndef TESTS_SIMULATION_WITNESS_WIRE_H
#define TESTS_SIMULATION_WITNESS_WIRE_H

#include "agent/http.h"

struct simulation;
struct witness_wire;

/* The tap of that agent before HTTP, which must outlive it. */
struct witness_wire *witness_wire_new(struct simulation *simulation, int agent, struct http *http);

/* Before the network is taken away. Accepts NULL, returns NULL. */
struct witness_wire *witness_wire_free(struct witness_wire *wire);

struct http *witness_wire_seam(struct witness_wire *wire);

#endif

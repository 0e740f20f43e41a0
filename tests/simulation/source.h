/*
 * The metrics server: it answers as the live version of the canary in the query really behaves,
 * unless the dice make it lie or fall silent.
 */
#ifndef TESTS_SIMULATION_SOURCE_H
#define TESTS_SIMULATION_SOURCE_H

#include "providers/http.h"
#include "tests/simulation/faults.h"

struct simulation;

/* The server is in trouble for a while, whoever asks it. */
struct source_outage {
	enum fault kind;
	struct instant until;
};

/* Opportunities for an outage; called every second. */
void source_weather(struct simulation *simulation);

/* An sim_http_options.web; USER is the struct simulation. */
struct http_reply source_answer(void *user, const struct http_request *request,
                                struct arena *arena);

#endif

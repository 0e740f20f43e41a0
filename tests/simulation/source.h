/*
 * The metrics server: it answers as the live version of the canary in the query really behaves,
 * unless the dice make it lie or fall silent.
 */
#ifndef TESTS_SIMULATION_SOURCE_H
#define TESTS_SIMULATION_SOURCE_H

#include "providers/http.h"

/* An sim_http_options.web; USER is the struct simulation. */
struct http_reply source_answer(void *user, const struct http_request *request,
                                struct arena *arena);

#endif

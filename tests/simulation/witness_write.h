/* Who may write what, and what becomes of traffic, the primary and pods by it. */
#ifndef TESTS_SIMULATION_WITNESS_WRITE_H
#define TESTS_SIMULATION_WITNESS_WRITE_H

#include "tests/simulation/simulation.h"

/* A request's path, taken apart. */
struct witness_path {
	char plural[32];
	char name[64];
	char subresource[16];
};

/* NAME is BASE with that suffix. */
bool witness_write_is_named(const char *base, const char *name, const char *suffix);

void witness_write_parse(const char *url, struct witness_path *ret);

/* The agent is about to write: may it, at all? */
void witness_write_asked(struct simulation *simulation, int agent, int canary,
                         const struct http_request *request, const struct witness_flight *flight);

/* It wrote, and worlds[canary] is what stood before: was that right? */
void witness_write_done(struct simulation *simulation, int agent, int canary,
                        const struct witness_flight *flight);

#endif

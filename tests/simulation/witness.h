/*
 * The witness sees every write that is served, every answer of the metrics server and every state
 * of the world, and knows what must never be. The first violation ends the run.
 */
#ifndef TESTS_SIMULATION_WITNESS_H
#define TESTS_SIMULATION_WITNESS_H

#include "analysis/base/compiler.h"
#include "analysis/release.h"
#include "providers/http.h"
#include "tests/simulation/faults.h"

#include <jansson.h>
#include <stdint.h>

struct simulation;

#define WITNESS_OUTCOMES_MAX (OUTCOME_CANCELLED + 1)

/* The newest Release of one canary, as last written. */
struct witness_run {
	char uid[UID_MAX];
	char name[64];
	char tag[24]; /* of its template's image */
	enum release_phase phase;
	enum release_outcome outcome;
	int64_t seq;
	int iteration;
	int failed_checks;
	int weight;
	bool is_init;
};

struct witness {
	struct witness_run runs[FAULT_CANARIES_MAX];
	uint64_t n_releases;
	uint64_t n_decisions;
	uint64_t n_requests;
	uint64_t outcomes[WITNESS_OUTCOMES_MAX];
	/* People wrote over the Lease of this holder: it may write for its own time yet. */
	struct instant lease_excused_until;
	char lease_excused[24];
	char violation[400];
};

/* Something that must never be was seen; the first one stands. */
void witness_accuse(struct simulation *simulation, const char *format, ...) PRINTF_LIKE(2, 3);

/* An agent's request is about to be served, or was. */
void witness_before(struct simulation *simulation, const struct http_request *request);
void witness_after(struct simulation *simulation, const struct http_request *request,
                   const struct http_reply *reply);

/* The metrics server answered. */
void witness_answer(struct simulation *simulation, int canary, const struct http_reply *reply);

/* The world changed. */
void witness_look(struct simulation *simulation);

/* Everything came to its end, as far as the oracle is concerned; else ret_why says what is not. */
bool witness_is_content(struct simulation *simulation, char *ret_why, size_t size) MUST_USE;

#endif

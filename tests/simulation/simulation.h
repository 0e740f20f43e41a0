/*
 * One simulated world under one seed: agents (the real code above the seams), an API server with
 * controllers, a metrics server, people and faults, in virtual time. The same seed and limit give
 * the same story, byte for byte.
 *
 * It goes like this: the cast is set up; people push, edit and remove, and faults strike, until
 * each canary had its share of pushes; then it is calm, everything that was broken is mended, and
 * the world must come to the end that the oracle names.
 */
#ifndef TESTS_SIMULATION_SIMULATION_H
#define TESTS_SIMULATION_SIMULATION_H

#include "agent/demo/apiserver.h"
#include "agent/demo/cluster.h"
#include "agent/demo/sim_pulse.h"
#include "tests/simulation/crew.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/network.h"
#include "tests/simulation/people.h"
#include "tests/simulation/receivers.h"
#include "tests/simulation/source.h"
#include "tests/simulation/story.h"
#include "tests/simulation/truth.h"
#include "tests/simulation/usurper.h"
#include "tests/simulation/witness.h"

struct simulation_options {
	uint64_t seed;
	uint64_t limit;       /* disturbances; 0: no limit */
	double storm;         /* so much busier are people and other tools; 0: as usual */
	FILE *stream;         /* where the story is told; NULL: nowhere */
	bool has_lying_disks; /* they acknowledge before they sync: a bug to be found */
	/* For tests: one canary with these settings, no weather, and nobody acts by himself. */
	const struct truth_canary *alone;
};

/* What came of it. */
struct simulation_result {
	uint64_t digest;         /* of everything that happened */
	uint64_t n_disturbances; /* that happened */
	uint64_t n_releases;     /* that came to an outcome */
	uint64_t n_decisions;    /* rounds that were recorded */
	uint64_t n_requests;     /* of agents */
	struct span simulated;
	uint64_t counts[FAULT_PHASE_MAX][FAULT_MAX];
	uint64_t outcomes[WITNESS_OUTCOMES_MAX];
	char violation[400]; /* the first one; "" for none */
};

struct simulation {
	struct simulation_options options;
	struct sim_loop *loop;
	struct apiserver *server;
	struct cluster *cluster;
	struct faults faults;
	struct story story;
	struct truth truth;
	struct people people;
	struct crew crew;
	struct usurper usurper;
	struct witness witness;
	struct witness_history history;
	struct source_outage outage;
	struct receivers receivers;
	struct network network;
	struct sim_pulse pulse;
	size_t n_still;       /* events since time moved */
	struct alarm weather; /* opportunities for faults that belong to no request */
};

/* Run one seed to its end. */
void simulation_run(const struct simulation_options *options, struct simulation_result *ret);

/* The same in pieces, for tests: begin; let time pass, or until the canary is in a phase (false: it
 * came to END or to a violation before); mend everything and come to the end. */
struct simulation *simulation_begin(const struct simulation_options *options);
void simulation_pass(struct simulation *simulation, struct span time);
bool simulation_reach(struct simulation *simulation, int canary, enum fault_phase phase,
                      struct span end);
void simulation_settle(struct simulation *simulation);
void simulation_end(struct simulation *simulation, struct simulation_result *ret);

/* Something was written past the agents: let the controllers look. */
void simulation_stir(struct simulation *simulation);

/*
 * Somebody who is no agent writes, with that field manager; false when it was refused. BODY is
 * JSON, a merge patch for HTTP_PATCH.
 */
bool simulation_write(struct simulation *simulation, const char *who, enum http_method method,
                      const char *url, const char *body);

#endif

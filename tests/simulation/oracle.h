/*
 * The oracle names, from the ground truth alone, the end that each canary must come to, and says
 * what of the world is not so.
 */
#ifndef TESTS_SIMULATION_ORACLE_H
#define TESTS_SIMULATION_ORACLE_H

#include "analysis/base/compiler.h"
#include "analysis/release.h"
#include "tests/simulation/truth.h"

struct simulation;

/* The end of one canary. */
struct oracle_end {
	bool is_gone;      /* deleted: nothing of it is left, the target serves */
	bool is_kept;      /* deleted, but the target cannot serve: the primary goes on */
	bool is_waiting;   /* its first version never gets ready: clients stay where they were */
	bool may_be_live;  /* the primary may run the live version, */
	bool may_be_other; /* or another one, which was promoted before */
};

struct oracle_end oracle_name(const struct truth_canary *canary, bool was_judged);

/* What is not as it must be; "" when all is. */
const char *oracle_trouble(struct simulation *simulation, int canary);

/* A run began; with the first one of a Canary nothing is promoted. */
void oracle_begin(struct truth_canary *canary, bool is_init);

/*
 * A run came to its end: "" when the version's quality, or what happened to it, explains that.
 * Notes what was promoted.
 */
const char *oracle_judge(struct truth_canary *canary, const char *tag, enum release_outcome outcome,
                         bool is_init);

#endif

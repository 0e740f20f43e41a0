/* One decision in four that agents record is derived again from its record, and is the same; and
 * what it was decided on is no older than what was known before. */
#ifndef TESTS_SIMULATION_SIM_DERIVE_H
#define TESTS_SIMULATION_SIM_DERIVE_H

#include "agent/history.h"
#include "agent/history_facts.h"
#include "tests/simulation/sim_known.h"

#define SIM_DERIVE_ROWS 4 /* Canaries whose texts are kept read */

struct derive;

/* What one process recorded. Zero it first. */
struct sim_derive {
	struct derive *derive; /* made when it is needed */
	struct {
		char uid[64]; /* the Canary's */
		struct history_facts_base base;
	} rows[SIM_DERIVE_ROWS];
	size_t next;
	struct sim_known known;
};

/*
 * Aborts, with words, when it is not the same. False: what the process knew before was newer, and
 * WHY says what.
 */
bool sim_derive_round(struct sim_derive *derive, const struct history_round *round, char *why,
                      size_t size);

/* All zero again. */
void sim_derive_fini(struct sim_derive *derive);

#endif

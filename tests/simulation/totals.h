/*
 * What many seeds came to, in one place: summed in each process, handed to the parent, printed.
 */
#ifndef TESTS_SIMULATION_TOTALS_H
#define TESTS_SIMULATION_TOTALS_H

#include "tests/simulation/simulation.h"

struct totals {
	struct simulation_result sum;
	uint64_t n_seeds;
	uint64_t first; /* seeds: the least and the greatest */
	uint64_t last;
	uint64_t n_failed;
	double storm;    /* 0: as usual; what was played in one is not added to anything else */
	uint64_t digest; /* of all digests, whatever the order */
};

void totals_add(struct totals *totals, uint64_t seed, const struct simulation_result *result);
void totals_merge(struct totals *totals, const struct totals *other);

/*
 * Coverage of phase x fault, then the sums; SECONDS is how long it took. In the table "-" is a pair
 * that cannot be. Several such outputs of one commit are added by sum.py.
 */
void totals_print(const struct totals *totals, double seconds, FILE *stream);

#endif

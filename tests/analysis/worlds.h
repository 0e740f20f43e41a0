/*
 * Every small world: the product of a few values for each thing that `decide` looks at. A world is
 * made from its number, so a failing one can be named and made again.
 */
#ifndef TESTS_ANALYSIS_WORLDS_H
#define TESTS_ANALYSIS_WORLDS_H

#include "analysis/decide.h"

#include <stdbool.h>
#include <stdint.h>

struct world {
	unsigned strategy; /* which of the specs */
	struct canary_spec spec;
	struct facts facts;
};

/* How many worlds there are. */
uint64_t worlds_count(void);

/* Make world NUMBER; false for a combination that cannot be (counted as none). */
bool worlds_make(uint64_t number, struct world *ret);

/* The choices that make up world NUMBER, one line, for a failure. */
void worlds_describe(uint64_t number, char *ret, size_t size);

#endif

/* The walk's worlds once more, as Flagger left them or as an adoption has them half-way. */
#ifndef TESTS_ANALYSIS_WALK_ADOPTION_H
#define TESTS_ANALYSIS_WALK_ADOPTION_H

#include "tests/analysis/worlds.h"

/* Put what Flagger left into WORLD, in a way made from NUMBER. */
void walk_adoption_put(struct world *world, uint64_t number);

/* What is broken in PLAN, of WORLD, or NULL. */
const char *walk_adoption_check(const struct world *world, const struct plan *plan);

#endif

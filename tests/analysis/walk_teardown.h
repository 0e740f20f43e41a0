/* What must hold of a plan for a Canary that is deleted; a part of the walk. */
#ifndef TESTS_ANALYSIS_WALK_TEARDOWN_H
#define TESTS_ANALYSIS_WALK_TEARDOWN_H

#include "tests/analysis/worlds.h"

/* What is wrong with the plan for that world; NULL: nothing. */
const char *walk_teardown_check(const struct world *world, const struct plan *plan);

#endif

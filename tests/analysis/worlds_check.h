/* The dimension of checks; a part of worlds.c. */
#ifndef TESTS_ANALYSIS_WORLDS_CHECK_H
#define TESTS_ANALYSIS_WORLDS_CHECK_H

#include "tests/analysis/worlds.h"

#define WORLDS_NOW 1000000000

/* So many milliseconds before now. */
struct instant worlds_ago(int64_t ms);

/* When the check is, what was answered, which deadlines run. False: VALUE makes no world here. */
bool worlds_check(struct world *world, unsigned value);

#endif

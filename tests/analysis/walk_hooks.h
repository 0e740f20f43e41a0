/* What must hold of every plan where there are hooks. */
#ifndef TESTS_ANALYSIS_WALK_HOOKS_H
#define TESTS_ANALYSIS_WALK_HOOKS_H

#include "tests/analysis/worlds_hooks.h"

/* The first invariant that PLAN breaks, in words; NULL when none. */
const char *walk_hooks_check(const struct world *world, const struct world_hooks *hooks,
                             const struct plan *plan);

#endif

/* What must hold of the weights that a plan writes. */
#ifndef TESTS_ANALYSIS_WALK_ROUTE_H
#define TESTS_ANALYSIS_WALK_ROUTE_H

#include "tests/analysis/worlds.h"

/* EFFECT takes back a weight that a foreign hand gave the canary before a run moves clients, or
 * after. */
bool walk_route_takes_back(const struct world *world, const struct effect *effect);

/* The first invariant that PLAN breaks, in words; NULL when none. */
const char *walk_route_check(const struct world *world, const struct plan *plan);

#endif

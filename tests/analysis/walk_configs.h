/* The walk's worlds once more, with a target that refers to ConfigMaps and Secrets. */
#ifndef TESTS_ANALYSIS_WALK_CONFIGS_H
#define TESTS_ANALYSIS_WALK_CONFIGS_H

#include "tests/analysis/worlds.h"

/* Put configs into WORLD, in a way made from NUMBER. */
void walk_configs_put(struct world *world, uint64_t number);

/* What is broken in PLAN, of WORLD with configs, or NULL. PLAIN is the plan of the same world with
 * a target that refers to none. */
const char *walk_configs_check(const struct world *world, const struct plan *plan,
                               const struct plan *plain);

#endif

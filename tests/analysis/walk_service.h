/* A target that is a Service; a part of the walk. */
#ifndef TESTS_ANALYSIS_WALK_SERVICE_H
#define TESTS_ANALYSIS_WALK_SERVICE_H

#include "tests/analysis/worlds.h"

/* Make the target of WORLD a Service; false where none is served. */
bool walk_service_put(struct world *world);

/* What is wrong with the plan for such a world; NULL: nothing. */
const char *walk_service_check(const struct plan *plan);

#endif

/* What holds where the requests come back to the primary in steps (stepWeightPromotion), and of the
 * cookies by which clients stay (sessionAffinity). */
#ifndef TESTS_ANALYSIS_WALK_BACK_H
#define TESTS_ANALYSIS_WALK_BACK_H

#include "tests/analysis/worlds.h"

/* The weight above 0 that may be written: what stands in the Release; in Finalising what was there
 * before. */
int walk_back_weight(const struct facts *facts);

/* What is broken in PLAN, of WORLD, or NULL. */
const char *walk_back_check(const struct world *world, const struct plan *plan);

/* The same of the cookies of session affinity. */
const char *walk_back_cookies(const struct world *world, const struct plan *plan);

#endif

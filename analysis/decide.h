/*
 * The heart: what is wanted now, given what is known. A pure function; the facts are the
 * continuation.
 *
 * It is called after every answer and every event. It never waits, never remembers and never acts:
 * whoever calls it starts what the plan wants and is not under way yet, cancels what is under way
 * and no longer wanted, and calls again.
 */
#ifndef ANALYSIS_DECIDE_H
#define ANALYSIS_DECIDE_H

#include "analysis/plan.h"

/* Of each decision's record: another version may decide otherwise. */
#define DECIDE_VERSION "9"

/*
 * Decide. SPEC is the last valid one (zeroed while facts->has_spec is false). PLAN->effects has
 * room for PLAN_EFFECTS_MAX; everything else of PLAN is set.
 */
void decide(const struct canary_spec *spec, const struct facts *facts, struct plan *plan);

#endif

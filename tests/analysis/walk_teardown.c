#include "tests/analysis/walk_teardown.h"

#include "tests/analysis/walk_back.h"
#include "tests/analysis/walk_look.h"

#include <stddef.h>

/* The apex Service is given back when nothing of the primary is needed any more, and before the
 * Releases go. */
static const char *check_given_back(const struct world *world, const struct plan *plan)
{
	const struct facts *facts = &world->facts;

	if (find(plan, EFFECT_REMOVE_RELEASES, SUBJECT_NONE) && facts->has_spec &&
	    facts->apex.slot.state == FACT_KNOWN && facts->apex.is_ours &&
	    facts->primary.slot.state == FACT_ABSENT)
		return "a service that stays ours";
	if (find(plan, EFFECT_RESTORE, SUBJECT_NONE) &&
	    (!facts->is_deleted || facts->apex.backend == BACKEND_PRIMARY ||
	     facts->primary.slot.state == FACT_KNOWN))
		return "a service given back too early";
	return NULL;
}

/* A deleted Canary's clients and primary, while the target has what was rolled back. */
const char *walk_teardown_check(const struct world *world, const struct plan *plan)
{
	const struct facts *facts = &world->facts;
	const struct effect *apex = find(plan, EFFECT_WRITE_SERVICE, SUBJECT_APEX);
	enum release_outcome ending = facts->newest.status.ending;

	if (find(plan, EFFECT_REMOVE_RELEASES, SUBJECT_NONE) &&
	    find(plan, EFFECT_REMOVE, SUBJECT_NONE))
		return "the Releases removed before what they tell of";
	if (!facts->is_deleted || !workload_serves(&facts->primary) ||
	    facts->target.slot.state != FACT_KNOWN ||
	    (ending != OUTCOME_ROLLED_BACK && ending != OUTCOME_FAILED_PROMOTION) ||
	    strcmp(facts->target.digest, facts->newest.digest) != 0 ||
	    is_held_other(facts, facts->newest.configs))
		return check_given_back(world, plan);
	if ((apex && apex->backend == BACKEND_CANARY) || find(plan, EFFECT_REMOVE, SUBJECT_PRIMARY))
		return "a teardown that leaves clients with what was rolled back";
	return check_given_back(world, plan);
}

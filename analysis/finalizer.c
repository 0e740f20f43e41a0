#include "analysis/finalizer.h"

static void want(struct thought *thought, bool is_on)
{
	struct effect effect = {
		.kind = EFFECT_WRITE_FINALIZER,
		.subject = SUBJECT_CANARY,
		.number = is_on,
	};

	thought_want(thought, &effect);
}

void finalizer_keep(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	bool is_on = thought->spec->reverts;

	/* What no Release is of is not served: its finalizer is whoever's that put it there. And a
	 * deleted object takes no new one. */
	if (facts->canary.state != FACT_KNOWN || !facts->has_spec ||
	    facts->newest.name[0] == '\0' || is_on == facts->has_finalizer ||
	    (is_on && facts->is_deleted) || plan_changes(thought->plan, SUBJECT_CANARY))
		return;
	want(thought, is_on);
}

bool finalizer_gone(struct thought *thought)
{
	const struct facts *facts = thought->facts;

	if (facts->canary.state == FACT_ABSENT || !facts->has_finalizer)
		return true;
	want(thought, false);
	thought_because(thought,
	                "the Canary is deleted, and all is given back: taking its "
	                "finalizer off");
	return false;
}

/*
 * Retreating: route and Release were written together; this finishes it from whatever point. After
 * a failed promotion the primary first gets its proven template back, while the canary serves.
 */
#include "analysis/base/text.h"
#include "analysis/outbox.h"
#include "analysis/phase/phase.h"
#include "analysis/primary.h"
#include "analysis/traffic.h"
#include "analysis/workload.h"

#include <string.h>

/* Nobody comes after this run, and it was one: what it began (load, tests) is to end. */
static bool is_end(const struct thought *thought)
{
	const struct facts *facts = thought->facts;

	return facts->newest.cause != CAUSE_INIT && !facts->is_deleted &&
	       facts->newest.status.ending != OUTCOME_SUPERSEDED;
}

static void finish(struct thought *thought)
{
	struct release_status status = thought_next_status(thought);

	status.phase = PHASE_DONE;
	status.outcome = status.ending;
	status.times.finished = thought->facts->now;
	status.n_hooks = 0;
	if (is_end(thought))
		outbox_fill(thought, &status);
	thought_save(thought, &status, false);
	thought_because(thought, "%s", status.reason);
}

/* The primary runs the proven template on all its pods; else it gets it back. A promotion that was
 * overtaken by this may reach it yet: its answer is waited for. */
static bool is_restored(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	char why[SENTENCE_MAX];

	if (!primary_runs_promoted(thought, PRIMARY_AS_BEFORE, true))
		return false;
	if (facts->primary.slot.is_written)
		text_copy(why, "a change of it may be on its way");
	else if (workload_is_ready(&facts->primary, thought->spec->primary_ready_percent, why))
		return true;
	thought_because(thought, "the primary has its proven template back: %.200s", why);
	return false;
}

/* Wait for a primary that can take the requests before the canary goes. */
static bool may_scale_down(struct thought *thought)
{
	if (workload_serves(&thought->facts->primary))
		return true;
	thought_because(thought, "%.100s.%.63s has no ready pod: the canary keeps serving",
	                thought->spec->primary, thought->spec->k8s_namespace);
	return false;
}

/* Somebody deleted what clients are sent to, who are there until all is restored. */
static bool has_lost_service(const struct facts *facts)
{
	return facts->primary_service.slot.state == FACT_ABSENT ||
	       (facts->route.weight > 0 && facts->canary_service.slot.state == FACT_ABSENT);
}

void phase_retreating(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	enum release_outcome ending = facts->newest.status.ending;
	bool is_placed;

	if (facts->newest.cause == CAUSE_INIT) {
		traffic_rescues(thought);
		finish(thought);
		return;
	}
	if (ending != OUTCOME_FAILED_PROMOTION)
		primary_revive(thought);
	is_placed = traffic_selects(thought, traffic_backend(thought), true);
	/* Waits for nothing, and nothing waits for it. */
	if (has_lost_service(facts))
		(void)traffic_mends(thought);
	if (ending == OUTCOME_FAILED_PROMOTION && !is_restored(thought)) {
		/* A newer revision's pods are no refuge once the primary has a ready pod. */
		if (traffic_leaves_canary(thought))
			traffic_weighs(thought, 0, true);
		return;
	}
	is_placed &= traffic_weighs(thought, 0, true);
	if (!is_placed || !traffic_holds(thought))
		return;
	/* Its pods are left to the next run; if none follows, they go at rest. */
	if (ending != OUTCOME_SUPERSEDED &&
	    (!may_scale_down(thought) || !traffic_settled(thought) ||
	     !thought_scaled(thought, SUBJECT_TARGET, 0)))
		return;
	finish(thought);
}

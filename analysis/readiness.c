#include "analysis/readiness.h"

#include "analysis/base/text.h"
#include "analysis/hooks.h"
#include "analysis/target.h"
#include "analysis/traffic.h"
#include "analysis/workload.h"

#include <stdint.h>

/* What routes answers after each write; that alone is nothing to note. */
#define GRACE span_seconds(10)

#define REFUSALS 3 /* in a row: less may be a passing trouble */

/* What was read is known for so long. */
#define FRESH span_seconds(30)

/* Of the deadline, before pods are asked for: what is usual until the weight holds. */
#define PRELUDE span_seconds(10)

static bool is_primary_ready(const struct thought *thought, char *ret_why)
{
	char why[SENTENCE_MAX];

	if (workload_is_ready(&thought->facts->primary, thought->spec->primary_ready_percent, why))
		return true;
	text_format(ret_why, SENTENCE_MAX, "%.100s.%.63s not ready: %.150s", thought->spec->primary,
	            thought->spec->k8s_namespace, why);
	return false;
}

static bool is_canary_ready(const struct thought *thought, char *ret_why)
{
	char why[SENTENCE_MAX];

	if (workload_is_ready(&thought->facts->target, thought->spec->canary_ready_percent, why))
		return true;
	text_format(ret_why, SENTENCE_MAX, "canary %s %.80s.%.63s not ready: %.150s",
	            target_kind_word(thought->spec->target_kind), thought->spec->target,
	            thought->spec->k8s_namespace, why);
	return false;
}

/* What routes has taken the route in as it was written; else the weight is a wish. */
static bool is_route_taken(struct thought *thought, char *ret_why)
{
	const struct route_fact *route = &thought->facts->route;

	if (!thought->spec->route.weighs || route->slot.state != FACT_KNOWN ||
	    route->pending[0] == '\0' || !thought_passed(thought, route->since, GRACE))
		return true;
	text_format(ret_why, SENTENCE_MAX, "the route is not taken in yet: %.240s", route->pending);
	return false;
}

/* Note since when it is not ready, or that it is ready again; a check under way starts over. */
static void save_since(struct thought *thought, struct instant since)
{
	struct release_status status = thought_next_status(thought);

	status.times.not_ready_since = since;
	if (instant_is_set(status.times.next_check_at) &&
	    !instant_is_before(thought->facts->now, status.times.next_check_at))
		status.times.next_check_at = thought->facts->now;
	thought_save(thought, &status, false);
}

/* Before the first step hooks are asked, which may take long. */
static bool is_asked_first(const struct canary_spec *spec)
{
	return !spec->skip_analysis &&
	       (hooks_has(spec, HOOK_PRE_ROLLOUT) || hooks_has(spec, HOOK_ROLLBACK) ||
	        hooks_has(spec, HOOK_CONFIRM_TRAFFIC_INCREASE));
}

/* A phase that ends with the very save that follows: that save clears the time too. */
static bool is_left_when_ready(const struct thought *thought)
{
	const struct release *newest = &thought->facts->newest;

	if (newest->status.phase == PHASE_STARTING)
		return newest->cause == CAUSE_INIT || !is_asked_first(thought->spec);
	return newest->status.phase == PHASE_PROMOTING && !traffic_is_stepped(thought);
}

/* The deadline is decided on what was asked for after it: a watch may have been silent for longer
 * than the deadline lasts. And lately: the run may have begun by a clock that was wrong. */
static bool was_read(struct thought *thought, enum subject subject, struct instant end)
{
	/* The cast drops const only to share facts_slot with writers. */
	const struct fact_slot *slot =
		facts_slot((struct facts *)(uintptr_t)thought->facts, subject);

	/* A first primary may be late: nothing is decided on that. */
	if (thought->facts->newest.cause == CAUSE_INIT ||
	    (!instant_is_before(slot->read_at, end) &&
	     instant_between(slot->read_at, thought->facts->now).ms <= FRESH.ms))
		return true;
	if (!plan_changes(thought->plan, subject))
		thought_observe(thought, subject);
	return false;
}

bool readiness_is_route_late(struct thought *thought, char *ret_why)
{
	struct instant since = thought->facts->newest.status.times.not_ready_since;
	struct span deadline = thought->spec->progress_deadline;

	return !is_route_taken(thought, ret_why) && instant_is_set(since) &&
	       thought_passed(thought, since, deadline) &&
	       was_read(thought, SUBJECT_ROUTE, instant_after(since, deadline));
}

enum readiness readiness_refused(struct thought *thought, char *ret_why)
{
	const struct workload_fact *target = &thought->facts->target;
	struct instant since = thought->facts->newest.status.times.not_ready_since;
	struct span deadline = thought->spec->progress_deadline;

	ret_why[0] = '\0';
	if (target->slot.state != FACT_KNOWN || target->replicas > 0 ||
	    target->slot.failures < REFUSALS)
		return READINESS_UNKNOWN;
	text_format(ret_why, SENTENCE_MAX, "canary has no pods: %.300s", target->slot.error);
	thought_because(thought, "%s", ret_why);
	if (!instant_is_set(since)) {
		save_since(thought, thought->facts->now);
		return READINESS_WAITING;
	}
	return thought_passed(thought, since, deadline) &&
	                       was_read(thought, SUBJECT_TARGET, instant_after(since, deadline))
	               ? READINESS_LATE
	               : READINESS_WAITING;
}

bool readiness_begins(struct thought *thought)
{
	static const char why[] = "its pods are asked for only now: the deadline begins anew";
	const struct facts *facts = thought->facts;
	struct instant since = facts->newest.status.times.not_ready_since;
	struct release_status next;

	if (facts->target.replicas > 0 || facts->target.slot.failures >= REFUSALS ||
	    !instant_is_set(since) || instant_between(since, facts->now).ms <= PRELUDE.ms)
		return true;
	next = thought_next_status(thought);
	next.times.not_ready_since = facts->now;
	text_copy(next.reason, why);
	thought_save(thought, &next, false);
	thought_because(thought, "%s", why);
	return false;
}

bool readiness_forgets(struct thought *thought)
{
	const struct facts *facts = thought->facts;

	if (facts->primary.slot.state != FACT_ABSENT ||
	    !instant_is_set(facts->newest.status.times.not_ready_since))
		return true;
	save_since(thought, (struct instant){0});
	thought_because(thought, "the primary is made again: its deadline begins anew");
	return false;
}

enum readiness readiness_check(struct thought *thought, bool with_canary, char *ret_why)
{
	const struct facts *facts = thought->facts;
	struct instant since = facts->newest.status.times.not_ready_since;
	struct span deadline = thought->spec->progress_deadline;

	ret_why[0] = '\0';
	if (!thought_knows(thought, SUBJECT_PRIMARY) ||
	    (with_canary && !thought_knows(thought, SUBJECT_TARGET)))
		return READINESS_UNKNOWN;
	if (is_primary_ready(thought, ret_why) &&
	    (!with_canary ||
	     (is_canary_ready(thought, ret_why) && is_route_taken(thought, ret_why)))) {
		if (!instant_is_set(since) || is_left_when_ready(thought))
			return READINESS_READY;
		save_since(thought, (struct instant){0});
		return READINESS_WAITING;
	}
	if (!instant_is_set(since)) {
		save_since(thought, facts->now);
		thought_because(thought, "%s", ret_why);
		return READINESS_WAITING;
	}
	if (thought_passed(thought, since, deadline) &&
	    was_read(thought, SUBJECT_PRIMARY, instant_after(since, deadline)) &&
	    (!with_canary || was_read(thought, SUBJECT_TARGET, instant_after(since, deadline))) &&
	    (!with_canary || facts->route.pending[0] == '\0' ||
	     was_read(thought, SUBJECT_ROUTE, instant_after(since, deadline))))
		return READINESS_LATE;
	thought_because(thought, "%s", ret_why);
	return READINESS_WAITING;
}

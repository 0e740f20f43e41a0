#include "analysis/guards.h"

#include "analysis/actions.h"
#include "analysis/alert.h"
#include "analysis/base/text.h"
#include "analysis/configs.h"
#include "analysis/hooks.h"
#include "analysis/phase/phase.h"
#include "analysis/retreat.h"
#include "analysis/ruling.h"
#include "analysis/target.h"
#include "analysis/traffic.h"
#include "analysis/workload.h"

#include <string.h>

typedef bool guard(struct thought *thought);

static bool is_unjudged(const struct release *release)
{
	return release->status.outcome == OUTCOME_SUPERSEDED ||
	       release->status.outcome == OUTCOME_CANCELLED;
}

static void want_comparison(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	struct effect effect = {
		.kind = EFFECT_COMPARE,
		.subject = SUBJECT_CHANGE,
		.number = facts->newest.number,
	};

	/* What an undo left in the target is the template that was promoted before it. */
	if (facts->newest.cause == CAUSE_UNDO)
		text_copy(effect.release, facts->newest.previous);
	text_copy(effect.digest, facts->target.digest);
	thought_want(thought, &effect);
}

void guards_compare(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	const struct change_fact *change = &facts->change;

	if (facts->target.slot.state != FACT_KNOWN)
		return;
	configs_watch(thought);
	if (facts->newest.name[0] == '\0')
		return;
	if (facts_is_undone(facts))
		return;
	if (facts_is_newest(facts)) {
		/* A run that ended without a judgement did not handle its revision. */
		thought->is_newer = is_unjudged(&facts->newest) && !facts_is_back(facts);
		return;
	}
	if (facts_is_back(facts)) {
		thought->is_unsure = configs_are_asked(facts);
		thought->is_reverted = !thought->is_unsure && release_is_open(&facts->newest);
		return;
	}
	if (strcmp(facts->target.digest, facts->newest.digest) == 0 ||
	    strcmp(facts->target.digest, facts->promoted.digest) == 0) {
		thought->is_newer = true; /* its configs changed */
		return;
	}
	if (strcmp(change->digest, facts->target.digest) == 0 && change->kind != CHANGE_UNKNOWN) {
		thought->is_newer = change->kind == CHANGE_REAL ||
		                    (facts_knows_configs(facts) &&
		                     strcmp(facts->configs.digest, facts->newest.configs) != 0);
		return;
	}
	thought->is_unsure = true;
	want_comparison(thought);
}

static bool guard_quarantined(struct thought *thought)
{
	return thought->facts->is_quarantined &&
	       thought_because(
		       thought,
		       "quarantined: the agent aborted twice while this canary was in hand");
}

static bool guard_unseen(struct thought *thought)
{
	const struct facts *facts = thought->facts;

	if (facts->newest.name[0] != '\0')
		return false; /* known before: a stale list stops no retreat */
	return !thought_knows(thought, SUBJECT_CANARY) || !thought_knows(thought, SUBJECT_RELEASES);
}

static bool guard_refused(struct thought *thought)
{
	return !thought->facts->has_spec && thought_because(thought, "%s", thought->facts->refusal);
}

/* Flagger sent the clients to its first primary and could not say so any more, as far as is known.
 */
static bool may_have_clients(const struct facts *facts)
{
	const struct service_fact *apex = &facts->apex;

	return facts->newest.adoption.primary_id[0] != '\0' && apex->slot.state != FACT_ABSENT &&
	       (apex->slot.state != FACT_KNOWN || apex->backend == BACKEND_PRIMARY);
}

/* The first primary is ready and clients go to it: what it runs is promoted, and what came
 * meanwhile is taken up after it; a newer revision would else be given to them as it is. */
static bool is_first_settled(const struct thought *thought)
{
	const struct facts *facts = thought->facts;
	enum fact_state state = facts->primary.slot.state;
	char why[SENTENCE_MAX];

	if (facts->newest.status.phase != PHASE_FINALISING && !may_have_clients(facts))
		return false;
	if (state != FACT_KNOWN)
		return state != FACT_ABSENT && facts->newest.status.phase != PHASE_FINALISING;
	return workload_is_ready(&facts->primary, thought->spec->primary_ready_percent, why);
}

/* Clients were led to the first primary. While neither it nor the target serves it comes back as it
 * was, and the target's pods are asked for (phase/finalising.c): of a newer revision nobody knows
 * whether it serves. So it is while nobody knows whether the primary is there. */
static bool is_wanted_back(const struct facts *facts)
{
	enum fact_state state = facts->primary.slot.state;

	if (state == FACT_KNOWN && facts->target.slot.state == FACT_ABSENT)
		return false;
	return (state != FACT_KNOWN && state != FACT_ABSENT) || !workload_serves(&facts->target);
}

/* The template is not final: before the promotion reaches the primary, the run can still end
 * without a trace. */
static bool may_withdraw(const struct thought *thought)
{
	const struct facts *facts = thought->facts;

	switch (facts->newest.status.phase) {
	case PHASE_NONE:
	case PHASE_STARTING:
		return facts->newest.cause != CAUSE_INIT || !is_first_settled(thought);
	case PHASE_WAITING:
	case PHASE_PROGRESSING:
	case PHASE_WAITING_PROMOTION:
		return true;
	case PHASE_PROMOTING:
		return facts->primary.slot.state == FACT_KNOWN && !facts->primary.slot.is_written &&
		       facts->promoted.name[0] != '\0' &&
		       strcmp(facts->primary.release_uid, release_id(&facts->newest)) != 0 &&
		       strcmp(facts->primary.release_uid, release_ref_id(&facts->promoted)) == 0;
	case PHASE_FINALISING:
		/* A scale-down that left is waited for: it may not arrive in the next run. */
		return facts->newest.cause == CAUSE_INIT && !is_first_settled(thought) &&
		       !facts->target.slot.is_written && !is_wanted_back(facts);
	case PHASE_RETREATING:
	case PHASE_DONE:
		break;
	}
	return false;
}

/* A write of the primary left: whether the promotion has reached it shows when that is answered. */
static bool is_reaching(const struct facts *facts)
{
	return facts->newest.status.phase == PHASE_PROMOTING && facts->primary.slot.is_written;
}

static void cancel_run(struct thought *thought, const char *why)
{
	struct release_status status = thought_next_status(thought);

	retreat_begin(thought, &status, OUTCOME_CANCELLED, "%s", why);
}

/* A run that was open ends without a judgement: a Canary that is made anew analyses its revision
 * again. */
static bool guard_deleted(struct thought *thought)
{
	const struct facts *facts = thought->facts;

	if (!facts->is_deleted)
		return false;
	if (is_reaching(facts))
		return thought_because(thought,
		                       "the Canary is deleted: waiting until it shows what the "
		                       "primary got");
	if (facts->has_spec && release_is_open(&facts->newest) && may_withdraw(thought)) {
		cancel_run(thought, "the Canary was deleted");
		return true;
	}
	phase_teardown(thought);
	return thought_because(thought, "the Canary is deleted");
}

/* A person wants the run to end. Before the promotion reaches the primary all traffic goes to it at
 * once; after that it gets its proven template back first. */
static void abort_run(struct thought *thought, const char *how)
{
	const struct facts *facts = thought->facts;
	const struct canary_spec *spec = thought->spec;
	enum release_outcome ending =
		may_withdraw(thought) ? OUTCOME_ROLLED_BACK : OUTCOME_FAILED_PROMOTION;
	struct release_status status;
	char who[SENTENCE_MAX];

	actions_who(facts->action.by, facts->action.why, who);
	status = thought_next_status(thought);
	actions_mark(thought, &status);
	thought_notice(&status, true, "Rolling back %.50s.%.63s %.80s by %.120s", spec->name,
	               spec->k8s_namespace, how, who);
	thought_notice(&status, true, "Canary failed! Scaling down %.100s.%.63s", spec->name,
	               spec->k8s_namespace);
	alert_raise(thought, &status, SEVERITY_WARN, "Rolling back %.80s by %.200s", how, who);
	retreat_begin(thought, &status, ending, "%.80s by %.230s", how, who);
}

static bool guard_aborted(struct thought *thought)
{
	char how[SENTENCE_MAX] = "aborted";
	size_t gate;

	if (ruling_wants(thought, VERB_REJECT) && hooks_gate(thought, &gate))
		text_format(how, sizeof(how), "gate %.60s rejected",
		            thought->spec->hooks[gate].name);
	else if (!ruling_wants(thought, VERB_ABORT))
		return false;
	abort_run(thought, how);
	return true;
}

static void withdraw_for_target(struct thought *thought)
{
	struct release_status status = thought_next_status(thought);

	thought_notice(&status, true, "%s %.100s.%.63s not found",
	               target_kind_word(thought->spec->target_kind), thought->spec->target,
	               thought->spec->k8s_namespace);
	retreat_begin(thought, &status, OUTCOME_CANCELLED, "%s %.100s.%.63s was deleted",
	              target_kind_word(thought->spec->target_kind), thought->spec->target,
	              thought->spec->k8s_namespace);
}

static bool guard_target_gone(struct thought *thought)
{
	const struct facts *facts = thought->facts;

	if (!release_is_open(&facts->newest) || facts->target.slot.state != FACT_ABSENT ||
	    !may_withdraw(thought))
		return false;
	withdraw_for_target(thought);
	return true;
}

static bool guard_moved(struct thought *thought)
{
	if (!thought->facts->is_moved || !release_is_open(&thought->facts->newest) ||
	    !may_withdraw(thought))
		return false;
	cancel_run(thought,
	           "spec.targetRef, provider, service or ingressRef was edited: the run "
	           "ends under the old spec");
	return true;
}

/* In the promotion somebody removed the primary. From this Release it may never be made again: a
 * newer revision may be of configs that it was made from. */
static bool is_lost(const struct facts *facts)
{
	return facts->newest.status.phase == PHASE_PROMOTING && facts->promoted.name[0] != '\0' &&
	       facts->primary.slot.state == FACT_ABSENT && !facts->primary.slot.is_written;
}

static void restart(struct thought *thought)
{
	const struct canary_spec *spec = thought->spec;
	struct release_status status = thought_next_status(thought);

	thought_notice(&status, false,
	               "New revision detected! Restarting analysis for %.100s.%.63s", spec->target,
	               spec->k8s_namespace);
	retreat_begin(thought, &status, OUTCOME_SUPERSEDED,
	              "New revision detected! Restarting analysis for %.100s.%.63s", spec->target,
	              spec->k8s_namespace);
}

static bool guard_newer(struct thought *thought)
{
	/* An undo is completed first: it was asked for. */
	if (!release_is_open(&thought->facts->newest) ||
	    !(may_withdraw(thought) || is_lost(thought->facts)) ||
	    thought->facts->newest.cause == CAUSE_UNDO)
		return false;
	if (thought->is_newer)
		restart(thought);
	else if (thought->is_reverted)
		cancel_run(thought,
		           "the target has the promoted template again: nothing is left "
		           "to analyse");
	return thought->is_newer || thought->is_reverted;
}

/* Nothing moves forward; a retreat is finished, and clients are kept on pods that answer. */
static bool guard_suspended(struct thought *thought)
{
	const struct release *newest = &thought->facts->newest;

	if (!thought->spec->suspend || newest->status.phase == PHASE_RETREATING)
		return false;
	if (release_is_open(newest) && newest->cause == CAUSE_INIT) {
		traffic_rescues(thought);
	} else if (release_is_open(newest) && newest->status.phase > PHASE_STARTING) {
		traffic_selects(thought, traffic_backend(thought), false);
		/* Only while a promotion is under way: before, a newer revision ends the run. */
		if (traffic_leaves_canary(thought))
			traffic_weighs(thought, 0, true);
	}
	return thought_because(thought, "skipping canary run as object is suspended");
}

static guard *const guards[] = {
	guard_quarantined, guard_unseen, guard_deleted, guard_refused,   guard_aborted,
	guard_target_gone, guard_moved,  guard_newer,   guard_suspended,
};

#ifdef GUARDS_WITHOUT
_Static_assert(array_length(guards) == 9, "tests/meson.build leaves out each of nine");
#endif

bool guards_hold(struct thought *thought)
{
	for (size_t i = 0; i < array_length(guards); i++) {
#ifdef GUARDS_WITHOUT /* tests: the walk must miss each of them */
		if (i == GUARDS_WITHOUT)
			continue;
#endif
		if (guards[i](thought))
			return true;
	}
	return false;
}

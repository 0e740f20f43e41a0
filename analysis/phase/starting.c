/*
 * Starting: the Release exists, nothing in the world has moved. All traffic is on the primary
 * before the canary is scaled up (D-2). Of the first Release: the primary is made and waited for,
 * the target is left alone (D-6).
 *
 * Waiting comes before it, while a confirm-rollout gate is closed. The hooks of the first step are
 * asked when the canary is ready.
 */
#include "analysis/actions.h"
#include "analysis/affinity.h"
#include "analysis/alert.h"
#include "analysis/base/text.h"
#include "analysis/failure.h"
#include "analysis/hooks.h"
#include "analysis/pace.h"
#include "analysis/phase/phase.h"
#include "analysis/primary.h"
#include "analysis/readiness.h"
#include "analysis/retreat.h"
#include "analysis/scaler.h"
#include "analysis/strategy.h"
#include "analysis/target.h"
#include "analysis/traffic.h"
#include "analysis/workload.h"

#include <string.h>

/* Nothing is analysed: the template was promoted before. */
static void undo(const struct thought *thought, struct release_status *status)
{
	const struct canary_spec *spec = thought->spec;
	const struct action_mark *action = &thought->facts->newest.action;
	char who[SENTENCE_MAX];

	status->phase = PHASE_PROMOTING;
	status->times.not_ready_since = (struct instant){0};
	text_format(status->reason, sizeof(status->reason), "undone by %.280s",
	            actions_who(action->by, action->why, who));
	thought_notice(status, true, "%.50s.%.63s %.180s", spec->name, spec->k8s_namespace,
	               status->reason);
	thought_notice(status, false, "Copying an earlier template spec to %.80s.%.63s",
	               spec->primary, spec->k8s_namespace);
}

/* A gate said no: the run waits. From then on nothing is written until it opens. */
static void wait_for_approval(struct thought *thought, size_t gate)
{
	const struct canary_spec *spec = thought->spec;
	struct release_status status = thought_next_status(thought);

	status.phase = PHASE_WAITING;
	status.times.started = thought->facts->now;
	hooks_keep(thought, &status, thought->facts->hooks[gate].check);
	text_format(status.reason, sizeof(status.reason),
	            "Halt %.80s.%.63s advancement waiting for approval %.100s", spec->name,
	            spec->k8s_namespace, spec->hooks[gate].name);
	thought_notice(&status, true, "%s", status.reason);
	if (!spec->hooks[gate].is_muted)
		alert_raise(thought, &status, SEVERITY_WARN, "Canary is waiting for approval.");
	thought_save(thought, &status, false);
	thought_because(thought, "%s", status.reason);
}

/* The gates that let a run in are open, or a person skips them; a rollback hook is heard meanwhile,
 * too (D-18). */
static bool is_admitted(struct thought *thought)
{
	enum release_phase phase = thought->facts->newest.status.phase;
	struct instant due = pace_due(thought);
	size_t gate;

	if (release_is_full(&thought->facts->newest) || thought->facts->newest.cause == CAUSE_UNDO)
		return true;
	if (phase == PHASE_NONE && pace_gate(thought, &gate)) {
		wait_for_approval(thought, gate);
		return false;
	}
	if (phase == PHASE_WAITING && hooks_roll_back(thought, due))
		return false;
	if (!pace_is_due(thought))
		return false;
	if (phase == PHASE_WAITING && hooks_ask(thought, HOOK_ROLLBACK, due).result == HOOK_PENDING)
		return false;
	if (hooks_ask(thought, HOOK_CONFIRM_ROLLOUT, due).result == HOOK_PASS)
		return true;
	thought_because(thought, "asking whether the run may begin");
	return false;
}

/* Pods that run already may have begun with what a config held before (D-10): they go first, when
 * nothing is sent to them, and the run begins with new ones. */
static bool is_fresh(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	const struct workload_fact *target = &facts->target;
	bool is_clear;

	if (facts->newest.configs[0] == '\0' || facts->newest.status.phase != PHASE_NONE ||
	    facts->newest.cause == CAUSE_UNDO)
		return true;
	if (!thought_knows(thought, SUBJECT_TARGET))
		return false;
	if (target->slot.state == FACT_ABSENT ||
	    (target->replicas == 0 && workload_is_empty(target)))
		return true;
	primary_revive(thought);
	is_clear = traffic_selects(thought, traffic_backend(thought), false);
	is_clear &= traffic_rests(thought);
	if (!is_clear || !traffic_settled(thought))
		return false;
	if (!workload_serves(&facts->primary)) {
		thought_because(thought, "%.100s.%.63s has no ready pod: the canary's stay",
		                thought->spec->primary, thought->spec->k8s_namespace);
		return false;
	}
	if (thought_scaled(thought, SUBJECT_TARGET, 0))
		thought_because(thought,
		                "the canary's pods go: those of this run begin with its configs");
	return false;
}

/* The first save: from now on the deadline runs. */
static bool is_begun(struct thought *thought)
{
	const struct canary_spec *spec = thought->spec;
	bool is_init = thought->facts->newest.cause == CAUSE_INIT;
	bool is_undo = thought->facts->newest.cause == CAUSE_UNDO;
	struct release_status status;

	if (thought->facts->newest.status.phase == PHASE_STARTING)
		return true;
	if (!is_init && (!is_fresh(thought) || !is_admitted(thought)))
		return false;
	status = thought_next_status(thought);
	status.phase = PHASE_STARTING;
	if (!instant_is_set(status.times.started))
		status.times.started = thought->facts->now;
	status.times.not_ready_since = thought->facts->now;
	/* Until the first step no check is due. */
	status.times.next_check_at = (struct instant){0};
	if (!is_init && !is_undo) {
		hooks_keep(thought, &status, pace_due(thought));
		hooks_tell_passed(thought, HOOK_CONFIRM_ROLLOUT, &status);
		hooks_use(&status);
	}
	if (is_undo) {
		undo(thought, &status);
	} else if (is_init) {
		text_format(status.reason, sizeof(status.reason),
		            "New %s detected, starting initialization.",
		            target_kind_name(spec->target_kind));
	} else {
		text_format(status.reason, sizeof(status.reason),
		            "New revision detected, progressing canary analysis.");
		thought_notice(&status, false, "New revision detected! Scaling up %.100s.%.63s",
		               spec->target, spec->k8s_namespace);
		alert_introduce(thought, &status, status.reason);
	}
	thought_save(thought, &status, false);
	thought_because(thought, "%s", status.reason);
	return false;
}

/* A first run before this one led clients to the primary, and nobody else serves them: of the
 * newer template it is to show first that it serves, in the target. */
static bool is_replaceable(struct thought *thought)
{
	const struct facts *facts = thought->facts;

	if (!workload_serves(&facts->primary) || workload_serves(&facts->target) ||
	    strcmp(facts->primary.release_uid, release_id(&facts->newest)) == 0)
		return true;
	if (!traffic_knows_apex(thought))
		return false;
	if (facts->apex.backend != BACKEND_PRIMARY)
		return true;
	thought_because(thought,
	                "%.100s.%.63s keeps the template that clients have: the target serves "
	                "nobody yet",
	                thought->spec->primary, thought->spec->k8s_namespace);
	if (facts->target.replicas == 0 && traffic_rests(thought) && traffic_holds(thought))
		(void)thought_scaled(thought, SUBJECT_TARGET, thought_run_replicas(thought));
	return false;
}

static void initialise(struct thought *thought)
{
	struct release_status status;
	char why[SENTENCE_MAX];

	traffic_reclaims(thought);
	traffic_services(thought);
	if (!is_replaceable(thought) || !primary_runs_newest(thought))
		return;
	(void)scaler_follows(thought);
	/* However late, the target goes on serving: nothing is scaled down before the primary is
	 * ready (D-6). */
	switch (readiness_check(thought, false, why)) {
	case READINESS_READY:
		break;
	case READINESS_LATE:
		thought_because(thought, "%s", why);
		return;
	case READINESS_WAITING:
	case READINESS_UNKNOWN:
		return;
	}
	status = thought_next_status(thought);
	status.times.not_ready_since = (struct instant){0};
	status.phase = PHASE_FINALISING;
	thought_save(thought, &status, false);
	thought_because(thought, "the primary is ready; clients go to it next");
}

/* The first time that hooks are asked for, or the step itself if there are none, begins it. */
static void tell_beginning(const struct thought *thought, struct release_status *status)
{
	if (!instant_is_set(status->times.next_check_at))
		thought_notice(status, false, "Starting canary analysis for %.100s.%.63s",
		               thought->spec->target, thought->spec->k8s_namespace);
	if (!instant_is_set(status->times.next_check_at) && thought->facts->route.doubt[0] != '\0')
		thought_notice(status, true, "%.80s.%.63s: requests may pass the route by: %.190s",
		               thought->spec->name, thought->spec->k8s_namespace,
		               thought->facts->route.doubt);
}

static void fail_before(struct thought *thought, size_t index, struct instant due)
{
	const struct canary_spec *spec = thought->spec;
	struct release_status status = thought_next_status(thought);
	char why[SENTENCE_MAX];

	text_format(why, sizeof(why),
	            "Halt %.60s.%.63s advancement pre-rollout check %.60s failed %.120s",
	            spec->name, spec->k8s_namespace, spec->hooks[index].name,
	            thought->facts->hooks[index].text);
	tell_beginning(thought, &status);
	hooks_keep(thought, &status, due);
	status.times.next_check_at = instant_after(thought->facts->now, spec->interval);
	failure_count(thought, &status, why);
}

/* The gate of the first weight is closed: told once, then nothing is written. */
static void hold(struct thought *thought, size_t gate)
{
	const struct canary_spec *spec = thought->spec;
	struct release_status status = thought_next_status(thought);

	tell_beginning(thought, &status);
	hooks_keep(thought, &status, thought->facts->hooks[gate].check);
	hooks_tell_passed(thought, HOOK_PRE_ROLLOUT, &status);
	text_format(status.reason, sizeof(status.reason),
	            "Halt %.60s.%.63s advancement waiting for traffic increase approval %.100s",
	            spec->name, spec->k8s_namespace, spec->hooks[gate].name);
	thought_notice(&status, true, "%s", status.reason);
	if (!spec->hooks[gate].is_muted)
		alert_raise(thought, &status, SEVERITY_WARN,
		            "Canary traffic increase is waiting for approval.");
	status.times.next_check_at = instant_after(thought->facts->now, spec->interval);
	thought_save(thought, &status, false);
	thought_because(thought, "%s", status.reason);
}

/* The hooks let the first step be taken; it is not a metric's turn yet. */
static bool may_step(struct thought *thought)
{
	struct instant due = pace_due(thought);
	struct hooks_answer answer;
	size_t gate;

	if (thought->spec->skip_analysis || release_is_full(&thought->facts->newest))
		return true;
	if (hooks_roll_back(thought, due))
		return false;
	answer = hooks_heard(thought, HOOK_PRE_ROLLOUT, due);
	if (answer.result == HOOK_FAIL) {
		fail_before(thought, answer.index, due);
		return false;
	}
	if (pace_gate(thought, &gate) && !hooks_was(thought, gate, HOOK_FAIL)) {
		hold(thought, gate);
		return false;
	}
	if (!pace_is_due(thought))
		return false;
	if (hooks_ask(thought, HOOK_ROLLBACK, due).result != HOOK_PENDING &&
	    hooks_ask(thought, HOOK_PRE_ROLLOUT, due).result == HOOK_PASS &&
	    (thought->spec->strategy != STRATEGY_CANARY ||
	     hooks_ask(thought, HOOK_CONFIRM_TRAFFIC_INCREASE, due).result == HOOK_PASS))
		return true;
	thought_because(thought, "asking the hooks of the first step");
	return false;
}

/* The canary is ready and all traffic is on the primary: take the first step. */
static void step(struct thought *thought)
{
	const struct canary_spec *spec = thought->spec;
	struct release_status status = thought_next_status(thought);
	struct strategy_step first = strategy_first(spec);

	status.times.not_ready_since = (struct instant){0};
	if (spec->skip_analysis || first.promotes || release_is_full(&thought->facts->newest)) {
		status.phase = PHASE_PROMOTING;
		thought_notice(&status, false, "Copying %.80s.%.63s template spec to %.80s.%.63s",
		               spec->target, spec->k8s_namespace, spec->primary,
		               spec->k8s_namespace);
		text_format(status.reason, sizeof(status.reason),
		            "the analysis is skipped: promoting");
	} else {
		status.phase = PHASE_PROGRESSING;
		status.weight.to = first.weight;
		status.weight.is_mirrored = first.is_mirrored;
		status.iteration = first.iteration;
		affinity_turn(thought, &status);
		tell_beginning(thought, &status);
		hooks_keep(thought, &status, pace_due(thought));
		hooks_tell_passed(thought, HOOK_PRE_ROLLOUT, &status);
		if (spec->strategy == STRATEGY_CANARY)
			hooks_tell_passed(thought, HOOK_CONFIRM_TRAFFIC_INCREASE, &status);
		hooks_use(&status);
		status.times.next_check_at = instant_after(thought->facts->now, spec->interval);
		if (first.iteration > 0)
			text_format(status.reason, sizeof(status.reason),
			            "Advance %.100s.%.63s canary iteration %d/%d", spec->name,
			            spec->k8s_namespace, first.iteration, spec->iterations);
		else
			text_format(status.reason, sizeof(status.reason),
			            "Advance %.100s.%.63s canary weight %d", spec->name,
			            spec->k8s_namespace, first.weight);
		thought_notice(&status, false, "%s", status.reason);
	}
	thought_save(thought, &status, false);
	thought_because(thought, "%s", status.reason);
}

/* A person holds the run before its first step; the deadline begins anew when the canary becomes
 * unready. */
static void hold_paused(struct thought *thought)
{
	const struct standing *paused = &thought->facts->newest.status.paused;
	struct release_status status = thought_next_status(thought);
	char who[SENTENCE_MAX];

	if (instant_is_set(status.times.not_ready_since)) {
		status.times.not_ready_since = (struct instant){0};
		thought_save(thought, &status, false);
	}
	thought_because(thought, "paused by %.280s", actions_who(paused->by, paused->why, who));
}

/* The canary has pods; how many is the user's to say, none is ours to mend. */
static bool is_scaled_up(struct thought *thought)
{
	if (!scaler_turns(thought, true))
		return false;
	if (thought->facts->target.replicas > 0)
		return true;
	return thought_scaled(thought, SUBJECT_TARGET, scaler_first(thought));
}

/* While a run is not let in, asking for the first time or waiting, what stands is kept as it is:
 * what a foreign hand gives the canary nobody analyses. */
static void keep(struct thought *thought)
{
	if (thought->facts->newest.cause == CAUSE_INIT) {
		traffic_reclaims(thought);
		return;
	}
	primary_revive(thought);
	traffic_services(thought);
	traffic_selects(thought, BACKEND_PRIMARY, false);
	traffic_rests(thought);
}

static void give_up(struct thought *thought, const char *why)
{
	struct release_status status = thought_next_status(thought);

	thought_notice(&status, true, "%s", why);
	thought_notice(&status, true, "Canary failed! Scaling down %.100s.%.63s",
	               thought->spec->name, thought->spec->k8s_namespace);
	alert_raise(thought, &status, SEVERITY_ERROR, "Progress deadline exceeded %.250s", why);
	retreat_begin(thought, &status, OUTCOME_ROLLED_BACK, "%s", why);
}

void phase_starting(struct thought *thought)
{
	char why[SENTENCE_MAX];
	bool is_clear;

	if (!is_begun(thought)) {
		if (!plan_changes(thought->plan, SUBJECT_RELEASES))
			keep(thought);
		return;
	}
	if (thought->facts->newest.cause == CAUSE_INIT) {
		initialise(thought);
		return;
	}
	primary_revive(thought);
	is_clear = traffic_services(thought);
	is_clear &= traffic_selects(thought, BACKEND_PRIMARY, false);
	is_clear &= traffic_rests(thought);
	is_clear &= scaler_holds(thought);
	if (is_clear && readiness_is_route_late(thought, why)) {
		give_up(thought, why);
		return;
	}
	if (!is_clear || !traffic_holds(thought))
		return;
	if (readiness_refused(thought, why) == READINESS_LATE) {
		give_up(thought, why);
		return;
	}
	if (!thought_knows(thought, SUBJECT_TARGET) || !readiness_begins(thought) ||
	    !is_scaled_up(thought))
		return;
	switch (readiness_check(thought, true, why)) {
	case READINESS_READY:
		if (!traffic_reaches(thought, &thought->facts->target) || !thought_is_sure(thought))
			return;
		if (release_is_paused(&thought->facts->newest))
			hold_paused(thought);
		else if (may_step(thought))
			step(thought);
		return;
	case READINESS_LATE:
		give_up(thought, why);
		return;
	case READINESS_WAITING:
	case READINESS_UNKNOWN:
		return;
	}
}

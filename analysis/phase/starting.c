/*
 * Starting: the Release exists, nothing in the world has moved. All traffic is on the primary
 * before the canary is scaled up (D-2). Of the first Release: the primary is made and waited for,
 * the target is left alone (D-6).
 */
#include "analysis/actions.h"
#include "analysis/base/text.h"
#include "analysis/phase/phase.h"
#include "analysis/primary.h"
#include "analysis/readiness.h"
#include "analysis/retreat.h"
#include "analysis/strategy.h"
#include "analysis/traffic.h"

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

/* The first save: from now on the deadline runs. */
static bool is_begun(struct thought *thought)
{
	const struct canary_spec *spec = thought->spec;
	struct release_status status;

	if (instant_is_set(thought->facts->newest.status.times.started))
		return true;
	status = thought_next_status(thought);
	status.phase = PHASE_STARTING;
	status.times.started = thought->facts->now;
	status.times.not_ready_since = thought->facts->now;
	if (thought->facts->newest.cause == CAUSE_UNDO) {
		undo(thought, &status);
	} else if (thought->facts->newest.cause == CAUSE_INIT) {
		text_format(status.reason, sizeof(status.reason),
		            "New Deployment detected, starting initialization.");
	} else {
		text_format(status.reason, sizeof(status.reason),
		            "New revision detected, progressing canary analysis.");
		thought_notice(&status, false, "New revision detected! Scaling up %.100s.%.63s",
		               spec->target, spec->k8s_namespace);
	}
	thought_save(thought, &status, false);
	thought_because(thought, "%s", status.reason);
	return false;
}

static void initialise(struct thought *thought)
{
	struct release_status status;
	char why[SENTENCE_MAX];

	traffic_services(thought);
	if (!primary_runs_newest(thought))
		return;
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
		status.times.next_check_at = instant_after(thought->facts->now, spec->interval);
		thought_notice(&status, false, "Starting canary analysis for %.100s.%.63s",
		               spec->target, spec->k8s_namespace);
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
static void hold(struct thought *thought)
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
	if (!thought_knows(thought, SUBJECT_TARGET))
		return false;
	if (thought->facts->target.replicas > 0)
		return true;
	return thought_scaled(thought, SUBJECT_TARGET, thought_run_replicas(thought));
}

void phase_starting(struct thought *thought)
{
	char why[SENTENCE_MAX];
	struct release_status status;
	bool is_clear;

	if (!is_begun(thought))
		return;
	if (thought->facts->newest.cause == CAUSE_INIT) {
		initialise(thought);
		return;
	}
	primary_revive(thought);
	is_clear = traffic_services(thought);
	is_clear &= traffic_selects(thought, BACKEND_PRIMARY, false);
	is_clear &= traffic_weighs(thought, 0, false);
	if (!is_clear || !traffic_holds(thought) || !is_scaled_up(thought))
		return;
	switch (readiness_check(thought, true, why)) {
	case READINESS_READY:
		if (release_is_paused(&thought->facts->newest))
			hold(thought);
		else
			step(thought);
		return;
	case READINESS_LATE:
		status = thought_next_status(thought);
		thought_notice(&status, true, "%s", why);
		thought_notice(&status, true, "Canary failed! Scaling down %.100s.%.63s",
		               thought->spec->name, thought->spec->k8s_namespace);
		retreat_begin(thought, &status, OUTCOME_ROLLED_BACK, "%s", why);
		return;
	case READINESS_WAITING:
	case READINESS_UNKNOWN:
		return;
	}
}

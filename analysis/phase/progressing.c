/*
 * Progressing: a weight is set, holds, is checked, and then rises, until nothing is left to try.
 * Checks, counters and steps move only at next_check_at; observation and retreats move at any
 * event. Waiting for promotion is the same, with a gate that is closed: checks go on.
 */
#include "analysis/actions.h"
#include "analysis/affinity.h"
#include "analysis/alert.h"
#include "analysis/base/text.h"
#include "analysis/failure.h"
#include "analysis/hooks.h"
#include "analysis/judge.h"
#include "analysis/pace.h"
#include "analysis/phase/phase.h"
#include "analysis/primary.h"
#include "analysis/readiness.h"
#include "analysis/retreat.h"
#include "analysis/rival.h"
#include "analysis/strategy.h"
#include "analysis/traffic.h"
#include "analysis/workload.h"

#include <string.h>

/* Put the answers of the check that was due at CHECK into the status, and the share that was seen.
 */
static void keep_results(const struct thought *thought, struct release_status *status,
                         struct instant check)
{
	const struct canary_spec *spec = thought->spec;
	const struct facts *facts = thought->facts;

	hooks_keep(thought, status, check);
	status->n_checks = 0;
	for (size_t i = 0; i < spec->n_checks; i++) {
		if (facts->samples[i].check.ms == check.ms && facts->samples[i].kind != SAMPLE_NONE)
			status->checks[status->n_checks++] =
				judge_result(spec, &spec->checks[i], &facts->samples[i]);
	}
	if (facts->share.check.ms == check.ms && facts->share.kind == SAMPLE_VALUE) {
		status->weight.has_seen = true;
		status->weight.seen_share = facts->share.value;
	}
	status->times.next_check_at = instant_after(facts->now, spec->interval);
}

/* A failed check that does not end the run: what cannot wait for its save. */
static void keep_clients(struct thought *thought, int weight)
{
	traffic_caps(thought, weight);
	traffic_selects(thought, traffic_backend(thought), false);
}

static void conclude_fail(struct thought *thought, size_t worst)
{
	const struct canary_spec *spec = thought->spec;
	struct release_status status = thought_next_status(thought);
	char why[SENTENCE_MAX];

	judge_explain(spec, &spec->checks[worst], &thought->facts->samples[worst], why);
	keep_results(thought, &status, pace_due(thought));
	status.times.unmeasured_since = (struct instant){0};
	if (!failure_count(thought, &status, why))
		keep_clients(thought, status.weight.to);
}

/* A rollout hook said no. */
static void conclude_refused(struct thought *thought, size_t index)
{
	const struct canary_spec *spec = thought->spec;
	struct release_status status = thought_next_status(thought);
	char why[SENTENCE_MAX];

	text_format(why, sizeof(why),
	            "Halt %.60s.%.63s advancement external check %.60s failed %.120s", spec->name,
	            spec->k8s_namespace, spec->hooks[index].name,
	            thought->facts->hooks[index].text);
	keep_results(thought, &status, pace_due(thought));
	if (!failure_count(thought, &status, why))
		keep_clients(thought, status.weight.to);
}

static bool is_unmeasured_too_long(struct thought *thought)
{
	struct instant since = thought->facts->newest.status.times.unmeasured_since;

	return instant_is_set(since) &&
	       thought_passed(thought, since, thought->spec->progress_deadline);
}

/* Not measured: the run holds, and the deadline since the last measured check runs. */
static void conclude_unmeasured(struct thought *thought, size_t worst)
{
	const struct canary_spec *spec = thought->spec;
	struct release_status status = thought_next_status(thought);
	char why[SENTENCE_MAX];

	judge_explain(spec, &spec->checks[worst], &thought->facts->samples[worst], status.reason);
	keep_results(thought, &status, pace_due(thought));
	if (!instant_is_set(status.times.unmeasured_since))
		status.times.unmeasured_since = thought->facts->now;
	thought_notice(&status, true, "%s", status.reason);
	if (is_unmeasured_too_long(thought)) {
		text_copy(why, status.reason);
		alert_raise(thought, &status, SEVERITY_ERROR, "%s", why);
		failure_end(thought, &status, why);
		return;
	}
	thought_save(thought, &status, false);
	thought_because(thought, "%s", status.reason);
}

static void promote(const struct thought *thought, struct release_status *status)
{
	const struct canary_spec *spec = thought->spec;

	status->phase = PHASE_PROMOTING;
	status->weight.is_mirrored = false;
	text_format(status->reason, sizeof(status->reason),
	            "Copying %.80s.%.63s template spec to %.80s.%.63s", spec->target,
	            spec->k8s_namespace, spec->primary, spec->k8s_namespace);
	thought_notice(status, false, "%s", status->reason);
}

static void advance(const struct thought *thought, struct release_status *status,
                    struct strategy_step next)
{
	const struct canary_spec *spec = thought->spec;

	status->phase = PHASE_PROGRESSING;
	status->weight.from = status->weight.to;
	status->weight.to = next.weight;
	status->weight.is_mirrored = next.is_mirrored;
	status->iteration = next.iteration;
	affinity_turn(thought, status);
	if (next.iteration > spec->iterations && spec->route.weighs && spec->mirror)
		text_format(status->reason, sizeof(status->reason),
		            "Stop traffic mirroring and route all traffic to canary");
	else if (next.iteration > spec->iterations && spec->route.weighs)
		text_format(status->reason, sizeof(status->reason),
		            "Routing all traffic to canary");
	else if (next.iteration > 0)
		text_format(status->reason, sizeof(status->reason),
		            "Advance %.100s.%.63s canary iteration %d/%d", spec->name,
		            spec->k8s_namespace, next.iteration, spec->iterations);
	else
		text_format(status->reason, sizeof(status->reason),
		            "Advance %.100s.%.63s canary weight %d", spec->name,
		            spec->k8s_namespace, next.weight);
	if (next.iteration <= spec->iterations || spec->route.weighs)
		thought_notice(status, false, "%s", status->reason);
}

/* The gates in front of NEXT that were asked; those of the promotion once, in blue/green before all
 * traffic goes to the canary (D-19). */
static bool is_before_weight(const struct thought *thought)
{
	return thought->spec->strategy == STRATEGY_CANARY &&
	       thought->facts->newest.status.phase != PHASE_WAITING_PROMOTION;
}

static bool is_before_promotion(const struct thought *thought, struct strategy_step next)
{
	return next.promotes || (thought->spec->strategy == STRATEGY_BLUE_GREEN &&
	                         next.iteration > thought->spec->iterations);
}

/* An approval of an earlier step of this run was told then. */
static bool is_newly_approved(const struct thought *thought)
{
	const struct canary_spec *spec = thought->spec;

	for (size_t i = 0; i < spec->n_hooks; i++) {
		if (spec->hooks[i].type == HOOK_CONFIRM_PROMOTION &&
		    !hooks_was(thought, i, HOOK_PASS))
			return true;
	}
	return false;
}

/* The weight in force is lower than it should be by another's hand. */
static bool is_lowered(const struct thought *thought)
{
	return thought->spec->route.weighs &&
	       traffic_live_weight(thought) < thought->facts->newest.status.weight.to;
}

static void step(struct thought *thought, struct release_status *status, struct strategy_step next)
{
	if (is_before_weight(thought))
		hooks_tell_passed(thought, HOOK_CONFIRM_TRAFFIC_INCREASE, status);
	if (is_before_promotion(thought, next) && is_newly_approved(thought))
		hooks_tell_passed(thought, HOOK_CONFIRM_PROMOTION, status);
	hooks_use(status);
	if (next.promotes)
		promote(thought, status);
	else
		advance(thought, status, next);
}

void phase_progressing_step(const struct thought *thought, struct release_status *status)
{
	struct strategy_step next =
		strategy_next(thought->spec, status->weight.to, status->iteration);

	status->times.unmeasured_since = (struct instant){0};
	status->times.next_check_at = instant_after(thought->facts->now, thought->spec->interval);
	hooks_use(status);
	if (next.promotes)
		promote(thought, status);
	else
		advance(thought, status, next);
}

/* The checks pass and a person holds the run: what was measured is noted, no step is taken. */
static void conclude_paused(struct thought *thought)
{
	const struct standing *paused = &thought->facts->newest.status.paused;
	struct release_status status = thought_next_status(thought);
	char who[SENTENCE_MAX];

	keep_results(thought, &status, pace_due(thought));
	status.times.unmeasured_since = (struct instant){0};
	text_format(status.reason, sizeof(status.reason), "the checks pass; paused by %.250s",
	            actions_who(paused->by, paused->why, who));
	thought_save(thought, &status, false);
	thought_because(thought, "%s", status.reason);
}

static void conclude_pass(struct thought *thought, struct strategy_step next)
{
	struct release_status status = thought_next_status(thought);
	int live = traffic_live_weight(thought);

	keep_results(thought, &status, pace_due(thought));
	status.times.unmeasured_since = (struct instant){0};
	if (is_lowered(thought)) {
		/* Somebody lowered it: now that the check passed, the weight in force comes back.
		 */
		status.weight.from = live;
		text_format(status.reason, sizeof(status.reason),
		            "the route was changed to weight %d by another writer: back to %d",
		            live, status.weight.to);
		thought_notice(&status, true, "%s", status.reason);
	} else {
		step(thought, &status, next);
	}
	thought_save(thought, &status, false);
	thought_because(thought, "%s", status.reason);
}

/* Another hand keeps the weight in force from being there. */
static bool is_fought(const struct thought *thought)
{
	const struct route_fact *route = &thought->facts->route;
	const struct release_status *status = &thought->facts->newest.status;

	return rival_fights(thought) && (traffic_live_weight(thought) != status->weight.to ||
	                                 route->is_mirrored != status->weight.is_mirrored);
}

/* The checks pass and another hand fights for the weight: told once, and no step is taken. */
static void conclude_fought(struct thought *thought)
{
	const struct canary_spec *spec = thought->spec;
	struct release_status status = thought_next_status(thought);
	char reason[SENTENCE_MAX];

	keep_results(thought, &status, pace_due(thought));
	status.times.unmeasured_since = (struct instant){0};
	text_format(reason, sizeof(reason),
	            "Halt %.60s.%.63s advancement: %.64s changes the weight again and again",
	            spec->name, spec->k8s_namespace, rival_name(thought));
	if (strcmp(reason, status.reason) != 0)
		thought_notice(&status, true, "%s", reason);
	text_copy(status.reason, reason);
	thought_save(thought, &status, false);
	thought_because(thought, "%s", reason);
}

/* What stands in the Release says that the gate is closed, and that checks are measured. */
static bool is_held(const struct thought *thought, size_t gate)
{
	const struct release_status *status = &thought->facts->newest.status;

	if (instant_is_set(status->times.unmeasured_since))
		return false;
	if (thought->spec->hooks[gate].type == HOOK_CONFIRM_PROMOTION)
		return status->phase == PHASE_WAITING_PROMOTION;
	return hooks_was(thought, gate, HOOK_FAIL);
}

/* The check passed and a gate is closed: that is told once, then nothing is written until it opens.
 */
static void hold(struct thought *thought, size_t gate)
{
	const struct canary_spec *spec = thought->spec;
	bool is_promotion = spec->hooks[gate].type == HOOK_CONFIRM_PROMOTION;
	bool is_told = hooks_was(thought, gate, HOOK_FAIL);
	struct release_status status = thought_next_status(thought);

	keep_results(thought, &status, thought->facts->hooks[gate].check);
	status.times.unmeasured_since = (struct instant){0};
	text_format(status.reason, sizeof(status.reason),
	            "Halt %.60s.%.63s advancement waiting for %s approval %.100s", spec->name,
	            spec->k8s_namespace, is_promotion ? "promotion" : "traffic increase",
	            spec->hooks[gate].name);
	if (is_promotion) {
		is_told = status.phase == PHASE_WAITING_PROMOTION;
		status.phase = PHASE_WAITING_PROMOTION;
	}
	if (!is_told)
		thought_notice(&status, true, "%s", status.reason);
	if (!is_told && !spec->hooks[gate].is_muted)
		alert_raise(thought, &status, SEVERITY_WARN, "Canary %s is waiting for approval.",
		            is_promotion ? "promotion" : "traffic increase");
	thought_save(thought, &status, false);
	thought_because(thought, "%s", status.reason);
}

/* A retreat that began before a restart: its weight was written, its Release was not. */
static bool is_retreat_begun(const struct thought *thought)
{
	const struct release_status *status = &thought->facts->newest.status;
	const struct route_fact *route = &thought->facts->route;

	return thought->spec->route.weighs && route->slot.state == FACT_KNOWN &&
	       route->weight == 0 && route->is_ours && status->weight.from > 0 &&
	       status->weight.to > 0;
}

/* Want the weight in force; true when it is there, or when a foreign lowering waits for the next
 * passing check. It is raised only where the Services are, and pods that serve what the run is of.
 */
static bool is_caught_up(struct thought *thought, bool has_services)
{
	const struct release_status *status = &thought->facts->newest.status;
	const struct route_fact *route = &thought->facts->route;
	int live = traffic_live_weight(thought);
	bool copies;

	if (!thought->spec->route.weighs)
		return true;
	if (!thought_knows(thought, SUBJECT_ROUTE))
		return false;
	if (live < status->weight.to && (live != status->weight.from || rival_lowered(thought)))
		return true;
	copies = status->weight.is_mirrored && live == 0;
	if ((live < status->weight.to || copies) &&
	    !(has_services && workload_serves(&thought->facts->target) && thought_is_sure(thought)))
		return false;
	if (copies)
		return traffic_mirrors(thought);
	return traffic_weighs(thought, status->weight.to,
	                      live > status->weight.to && route->slot.state == FACT_KNOWN);
}

/* Ask the metrics for what is not answered yet; true when all is, the seen share included. While a
 * save of the Release is on its way nothing is asked: it may begin the check anew. */
static bool measure(struct thought *thought, struct instant check)
{
	const struct facts *facts = thought->facts;
	struct effect effect = {.kind = EFFECT_MEASURE, .check = check};
	bool is_written = facts->releases.is_written;
	bool is_complete = true;

	for (size_t i = 0; i < thought->spec->n_checks; i++) {
		if (facts->samples[i].check.ms == check.ms && facts->samples[i].kind != SAMPLE_NONE)
			continue;
		effect.index = i;
		if (!is_written)
			thought_want(thought, &effect);
		is_complete = false;
	}
	/* Copies are no share of the requests. */
	if (thought->spec->strategy == STRATEGY_CANARY && thought->spec->route.weighs &&
	    !facts->newest.status.weight.is_mirrored &&
	    (facts->share.check.ms != check.ms || facts->share.kind == SAMPLE_NONE)) {
		effect = (struct effect){.kind = EFFECT_MEASURE_SHARE, .check = check};
		if (!is_written)
			thought_want(thought, &effect);
		is_complete = false;
	}
	if (!is_complete)
		thought_because(thought, is_written
		                                 ? "waiting for the answer to a save of the Release"
		                                 : "asking the metrics");
	return is_complete;
}

/*
 * Ask the hooks and, when the rollout hooks are done, the metrics, for they may measure what a hook
 * began. But a hook that takes longer than an interval leaves nobody unwatched.
 */
static bool ask(struct thought *thought)
{
	struct instant check = pace_due(thought);
	bool is_complete = hooks_ask(thought, HOOK_ROLLBACK, check).result != HOOK_PENDING;

	if (hooks_ask(thought, HOOK_ROLLOUT, check).result == HOOK_PENDING) {
		thought_because(thought, "asking the rollout hooks");
		if (!thought_passed(thought, check, thought->spec->interval))
			return false;
		is_complete = false;
	}
	if (!measure(thought, check))
		return false;
	if (!is_complete)
		thought_because(thought, "asking the hooks");
	return is_complete;
}

static void end(struct thought *thought, const char *why)
{
	struct release_status status = thought_next_status(thought);

	alert_raise(thought, &status, SEVERITY_ERROR, "%s", why);
	failure_end(thought, &status, why);
}

/*
 * Whoever began it knew why. When the Canary is another one by now, its deletion may have been the
 * reason: then nothing is judged, and the revision is analysed again, which finds whatever else the
 * reason was.
 */
static void finish_begun(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	const char *made_by = facts->newest.canary_uid;
	struct release_status status = thought_next_status(thought);

	if (made_by[0] == '\0' || strcmp(made_by, facts->canary_uid) == 0)
		end(thought, "a retreat was begun before the agent restarted");
	else
		retreat_begin(thought, &status, OUTCOME_CANCELLED,
		              "the Canary was deleted and made anew: the retreat that was begun "
		              "meanwhile is finished");
}

/* A failed check, a deadline, a retreat begun before: these come first and wait for nothing. */
static bool is_ending(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	const struct release_status *now = &facts->newest.status;
	struct instant due = pace_due(thought);
	struct judgement all = judge_all(thought->spec, facts, due);
	struct hooks_answer rollout = hooks_heard(thought, HOOK_ROLLOUT, due);

	if (hooks_roll_back(thought, due))
		return true;
	if (all.verdict == VERDICT_FAIL) {
		conclude_fail(thought, all.worst);
		return true;
	}
	if (rollout.result == HOOK_FAIL) {
		conclude_refused(thought, rollout.index);
		return true;
	}
	if (is_retreat_begun(thought)) {
		finish_begun(thought);
		return true;
	}
	/* A check that is due is asked first: whoever was away asked nothing meanwhile. */
	if (instant_is_before(facts->now, due) && is_unmeasured_too_long(thought)) {
		end(thought, now->reason[0] ? now->reason
		                            : "no check was measured within the progress deadline");
		return true;
	}
	return false;
}

/* The gates are open; else they are asked. */
static bool are_gates_open(struct thought *thought, struct strategy_step next)
{
	struct instant due = pace_due(thought);

	if ((!is_before_weight(thought) ||
	     hooks_ask(thought, HOOK_CONFIRM_TRAFFIC_INCREASE, due).result == HOOK_PASS) &&
	    (!is_before_promotion(thought, next) ||
	     hooks_ask(thought, HOOK_CONFIRM_PROMOTION, due).result == HOOK_PASS))
		return true;
	thought_because(thought, "asking whether the run may go on");
	return false;
}

static void conclude(struct thought *thought)
{
	const struct release_status *status = &thought->facts->newest.status;
	struct judgement all = judge_all(thought->spec, thought->facts, pace_due(thought));
	struct strategy_step next =
		strategy_next(thought->spec, status->weight.to, status->iteration);

	if (all.verdict != VERDICT_PASS)
		conclude_unmeasured(thought, all.worst);
	else if (release_is_paused(&thought->facts->newest) && !is_lowered(thought))
		conclude_paused(thought);
	else if (is_fought(thought) && !is_lowered(thought))
		conclude_fought(thought);
	else if (thought_is_sure(thought) && (is_lowered(thought) || are_gates_open(thought, next)))
		conclude_pass(thought, next);
}

/* A person lets the run skip what remains. */
static void skip(struct thought *thought)
{
	struct release_status status = thought_next_status(thought);

	promote(thought, &status);
	thought_save(thought, &status, false);
	thought_because(thought, "%s", status.reason);
}

void phase_progressing(struct thought *thought)
{
	struct release_status status;
	char why[SENTENCE_MAX];
	bool has_services;
	bool is_placed;
	size_t gate;

	if (is_ending(thought))
		return;
	primary_revive(thought);
	has_services = traffic_services(thought);
	is_placed = traffic_selects(thought, traffic_backend(thought), false);
	is_placed &= is_caught_up(thought, has_services);
	is_placed &= has_services;
	switch (readiness_check(thought, true, why)) {
	case READINESS_READY:
		break;
	case READINESS_LATE:
		status = thought_next_status(thought);
		thought_notice(&status, true, "%s", why);
		alert_raise(thought, &status, SEVERITY_ERROR, "Progress deadline exceeded %.250s",
		            why);
		failure_end(thought, &status, why);
		return;
	case READINESS_WAITING:
	case READINESS_UNKNOWN:
		return;
	}
	if (is_placed && release_is_full(&thought->facts->newest)) {
		skip(thought);
		return;
	}
	if ((!is_placed || !traffic_holds(thought)) && !is_fought(thought))
		return;
	if (pace_gate(thought, &gate) && !is_held(thought, gate)) {
		hold(thought, gate);
		return;
	}
	if (pace_is_due(thought) && ask(thought))
		conclude(thought);
}

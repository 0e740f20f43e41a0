/*
 * Progressing: a weight is set, holds, is checked, and then rises, until nothing is left to try.
 * Checks, counters and steps move only at next_check_at; observation and retreats move at any
 * event.
 */
#include "analysis/actions.h"
#include "analysis/base/text.h"
#include "analysis/judge.h"
#include "analysis/phase/phase.h"
#include "analysis/primary.h"
#include "analysis/readiness.h"
#include "analysis/retreat.h"
#include "analysis/strategy.h"
#include "analysis/traffic.h"

static void fail(struct thought *thought, struct release_status *status,
                 enum release_outcome ending, const char *why)
{
	thought_notice(status, true, "Canary failed! Scaling down %.100s.%.63s",
	               thought->spec->name, thought->spec->k8s_namespace);
	retreat_begin(thought, status, ending, "%s", why);
}

/* Put the answers of the check under way into the status, and the share that was seen. */
static void keep_results(const struct thought *thought, struct release_status *status)
{
	const struct canary_spec *spec = thought->spec;
	const struct facts *facts = thought->facts;
	struct instant check = facts->newest.status.times.next_check_at;

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

static void conclude_fail(struct thought *thought, size_t worst)
{
	const struct canary_spec *spec = thought->spec;
	struct release_status status = thought_next_status(thought);
	char why[SENTENCE_MAX];

	judge_explain(spec, &spec->checks[worst], &thought->facts->samples[worst], why);
	keep_results(thought, &status);
	status.times.unmeasured_since = (struct instant){0};
	status.failed_checks++;
	thought_notice(&status, true, "%s", why);
	if (status.failed_checks >= spec->threshold) {
		thought_notice(&status, true,
		               "Rolling back %.100s.%.63s failed checks threshold reached %d",
		               spec->name, spec->k8s_namespace, status.failed_checks);
		fail(thought, &status, OUTCOME_ROLLED_BACK, why);
		return;
	}
	text_format(status.reason, sizeof(status.reason), "%.240s (failed check %d of %d)", why,
	            status.failed_checks, spec->threshold);
	thought_save(thought, &status, false);
	thought_because(thought, "%s", status.reason);
	traffic_caps(thought, status.weight.to);
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
	keep_results(thought, &status);
	if (!instant_is_set(status.times.unmeasured_since))
		status.times.unmeasured_since = thought->facts->now;
	thought_notice(&status, true, "%s", status.reason);
	if (is_unmeasured_too_long(thought)) {
		text_copy(why, status.reason);
		fail(thought, &status, OUTCOME_ROLLED_BACK, why);
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

	status->weight.from = status->weight.to;
	status->weight.to = next.weight;
	status->weight.is_mirrored = next.is_mirrored;
	status->iteration = next.iteration;
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

void phase_progressing_step(const struct thought *thought, struct release_status *status)
{
	struct strategy_step next =
		strategy_next(thought->spec, status->weight.to, status->iteration);

	status->times.unmeasured_since = (struct instant){0};
	status->times.next_check_at = instant_after(thought->facts->now, thought->spec->interval);
	if (next.promotes)
		promote(thought, status);
	else
		advance(thought, status, next);
}

/* A person holds the run: what passed is noted, and no step is taken. */
static void hold(const struct thought *thought, struct release_status *status)
{
	const struct standing *paused = &thought->facts->newest.status.paused;
	char who[SENTENCE_MAX];

	text_format(status->reason, sizeof(status->reason), "the checks pass; paused by %.250s",
	            actions_who(paused->by, paused->why, who));
}

static void conclude_pass(struct thought *thought)
{
	const struct canary_spec *spec = thought->spec;
	struct release_status status = thought_next_status(thought);
	int live = traffic_live_weight(thought);
	struct strategy_step next = strategy_next(spec, status.weight.to, status.iteration);

	keep_results(thought, &status);
	status.times.unmeasured_since = (struct instant){0};
	if (spec->route.weighs && live < status.weight.to) {
		/* Somebody lowered it: now that the check passed, the weight in force comes back.
		 */
		status.weight.from = live;
		text_format(status.reason, sizeof(status.reason),
		            "the route was changed to weight %d by another writer: back to %d",
		            live, status.weight.to);
		thought_notice(&status, true, "%s", status.reason);
	} else if (release_is_paused(&thought->facts->newest)) {
		hold(thought, &status);
	} else if (next.promotes) {
		promote(thought, &status);
	} else {
		advance(thought, &status, next);
	}
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
 * passing check. It is raised only where the Services are. */
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
	if (live < status->weight.to && live != status->weight.from)
		return true;
	copies = status->weight.is_mirrored && live == 0;
	if ((live < status->weight.to || copies) && !has_services)
		return false;
	if (copies)
		return traffic_mirrors(thought);
	return traffic_weighs(thought, status->weight.to,
	                      live > status->weight.to && route->slot.state == FACT_KNOWN);
}

/* The check is due; a time further ahead than one interval is a clock that jumped, or an interval
 * cut short. */
static bool is_due(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	struct instant next = facts->newest.status.times.next_check_at;
	struct release_status status;

	if (instant_between(facts->now, next).ms > thought->spec->interval.ms) {
		status = thought_next_status(thought);
		status.times.next_check_at = instant_after(facts->now, thought->spec->interval);
		thought_save(thought, &status, false);
		thought_because(thought, "the next check was further ahead than one interval");
		return false;
	}
	if (thought_passed(thought, next, span_ms(0)))
		return true;
	thought_because(thought, "waiting for the next check");
	return false;
}

/* Ask what is not answered yet; true when all is, the seen share included. */
static bool ask(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	struct instant check = facts->newest.status.times.next_check_at;
	struct effect effect = {.kind = EFFECT_MEASURE, .check = check};
	bool is_complete = true;

	for (size_t i = 0; i < thought->spec->n_checks; i++) {
		if (facts->samples[i].check.ms == check.ms && facts->samples[i].kind != SAMPLE_NONE)
			continue;
		effect.index = i;
		thought_want(thought, &effect);
		is_complete = false;
	}
	/* Copies are no share of the requests. */
	if (thought->spec->strategy == STRATEGY_CANARY && thought->spec->route.weighs &&
	    !facts->newest.status.weight.is_mirrored &&
	    (facts->share.check.ms != check.ms || facts->share.kind == SAMPLE_NONE)) {
		effect = (struct effect){.kind = EFFECT_MEASURE_SHARE, .check = check};
		thought_want(thought, &effect);
		is_complete = false;
	}
	if (!is_complete)
		thought_because(thought, "asking the metrics");
	return is_complete;
}

/* A failed check, a deadline, a retreat begun before: these come first and wait for nothing. */
static bool is_ending(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	const struct release_status *now = &facts->newest.status;
	struct judgement all = judge_all(thought->spec, facts, now->times.next_check_at);
	struct release_status status;

	if (all.verdict == VERDICT_FAIL) {
		conclude_fail(thought, all.worst);
		return true;
	}
	if (is_retreat_begun(thought)) {
		status = thought_next_status(thought);
		fail(thought, &status, OUTCOME_ROLLED_BACK,
		     "a retreat was begun before the agent restarted");
		return true;
	}
	/* A check that is due is asked first: whoever was away asked nothing meanwhile. */
	if (instant_is_before(facts->now, now->times.next_check_at) &&
	    is_unmeasured_too_long(thought)) {
		status = thought_next_status(thought);
		fail(thought, &status, OUTCOME_ROLLED_BACK,
		     now->reason[0] ? now->reason
		                    : "no check was measured within the progress deadline");
		return true;
	}
	return false;
}

static void conclude(struct thought *thought)
{
	struct judgement all = judge_all(thought->spec, thought->facts,
	                                 thought->facts->newest.status.times.next_check_at);

	if (all.verdict == VERDICT_PASS)
		conclude_pass(thought);
	else
		conclude_unmeasured(thought, all.worst);
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
		fail(thought, &status, OUTCOME_ROLLED_BACK, why);
		return;
	case READINESS_WAITING:
	case READINESS_UNKNOWN:
		return;
	}
	if (is_placed && release_is_full(&thought->facts->newest))
		skip(thought);
	else if (is_placed && traffic_holds(thought) && is_due(thought) && ask(thought))
		conclude(thought);
}

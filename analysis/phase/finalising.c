/*
 * Finalising: the primary has the new template and is ready. Clients and weights go to it, and once
 * that holds the canary is scaled down. A problem of the canary cannot fail the run here (D-56);
 * one of the primary can.
 */
#include "analysis/alert.h"
#include "analysis/base/text.h"
#include "analysis/outbox.h"
#include "analysis/phase/phase.h"
#include "analysis/primary.h"
#include "analysis/readiness.h"
#include "analysis/retreat.h"
#include "analysis/target.h"
#include "analysis/traffic.h"
#include "analysis/workload.h"

static void finish(struct thought *thought)
{
	const struct canary_spec *spec = thought->spec;
	const struct release *newest = &thought->facts->newest;
	bool is_skipped = spec->skip_analysis || release_is_full(newest);
	bool is_judged = !is_skipped && newest->cause != CAUSE_UNDO;
	struct release_status status = thought_next_status(thought);
	char why[SENTENCE_MAX];

	status.phase = PHASE_DONE;
	status.times.finished = thought->facts->now;
	status.outcome = OUTCOME_PROMOTED;
	if (newest->cause == CAUSE_INIT) {
		text_format(status.reason, sizeof(status.reason),
		            "Initialization done! %.100s.%.63s", spec->name, spec->k8s_namespace);
		text_format(why, sizeof(why), "New %s detected, initialization completed.",
		            target_kind_name(spec->target_kind));
		alert_introduce(thought, &status, why);
	} else {
		text_format(status.reason, sizeof(status.reason),
		            "Promotion completed! %s %.100s.%.63s",
		            is_skipped ? "Canary analysis was skipped for" : "Scaling down",
		            spec->target, spec->k8s_namespace);
		if (is_skipped)
			status.outcome = OUTCOME_SKIPPED;
		alert_raise(thought, &status, SEVERITY_INFO,
		            "Canary analysis %s, promotion finished.",
		            is_judged ? "completed successfully" : "was skipped");
		outbox_fill(thought, &status);
	}
	thought_notice(&status, false, "%s", status.reason);
	thought_save(thought, &status, false);
	thought_because(thought, "%s", status.reason);
}

static void fail(struct thought *thought, const char *why)
{
	const struct canary_spec *spec = thought->spec;
	struct release_status status = thought_next_status(thought);

	thought_notice(&status, true, "Promotion of %.60s.%.63s failed, primary not ready: %.150s",
	               spec->target, spec->k8s_namespace, why);
	alert_raise(thought, &status, SEVERITY_ERROR, "Promotion failed, primary not ready: %.250s",
	            why);
	retreat_begin(thought, &status, OUTCOME_FAILED_PROMOTION,
	              "Promotion of %.60s.%.63s failed, primary not ready: %.150s", spec->target,
	              spec->k8s_namespace, why);
}

/* Nobody serves the clients of a first run: the target, which did before it, gets its pods back,
 * those of a newer revision too. */
static void recall_target(struct thought *thought)
{
	const struct facts *facts = thought->facts;

	if (thought_knows(thought, SUBJECT_PRIMARY) && !workload_serves(&facts->primary) &&
	    facts->target.replicas == 0)
		(void)thought_scaled(thought, SUBJECT_TARGET, thought_run_replicas(thought));
}

/* The primary is not ready, however late a first one is. */
static void wait(struct thought *thought)
{
	const struct facts *facts = thought->facts;

	/* A primary that somebody deleted comes back as it was promoted. */
	if (facts->primary.slot.state == FACT_ABSENT)
		primary_runs_newest(thought);
	traffic_selects(thought, traffic_backend(thought), false);
	if (facts->newest.cause == CAUSE_INIT) {
		traffic_reclaims(thought);
		recall_target(thought);
	} else {
		traffic_caps(thought, facts->newest.status.weight.from);
	}
	if (traffic_leaves_canary(thought))
		traffic_weighs(thought, 0, true);
}

void phase_finalising(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	char why[SENTENCE_MAX];
	bool is_placed;

	switch (readiness_check(thought, false, why)) {
	case READINESS_READY:
		break;
	case READINESS_LATE:
		if (facts->newest.cause != CAUSE_INIT) {
			fail(thought, why);
			return;
		}
		thought_because(thought, "%s", why);
		wait(thought);
		return;
	case READINESS_WAITING:
	case READINESS_UNKNOWN:
		wait(thought);
		return;
	}
	if (facts->newest.cause == CAUSE_INIT && !traffic_reaches(thought, &facts->primary)) {
		traffic_reclaims(thought);
		return;
	}
	is_placed = traffic_services(thought);
	is_placed &= traffic_selects(thought, traffic_backend(thought), false);
	is_placed &= traffic_weighs(thought, 0, traffic_leaves_canary(thought));
	if (!is_placed || !traffic_settled(thought))
		return;
	/* Those of a newer revision too: a scale-down that left may not arrive in the next run. */
	if (!thought_scaled(thought, SUBJECT_TARGET, 0))
		return;
	finish(thought);
}

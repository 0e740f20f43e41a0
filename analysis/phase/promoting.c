/*
 * Promoting: the decision stands in the Release (D-62), now the primary gets the recorded template
 * (D-9). When its rollout may leave it without a ready pod, clients go to the canary's pods
 * meanwhile. With stepWeightPromotion the requests then come back in steps: how far they are is
 * told by the weight that stands in the Release and on the route, by nothing else.
 */
#include "analysis/affinity.h"
#include "analysis/alert.h"
#include "analysis/base/text.h"
#include "analysis/pace.h"
#include "analysis/phase/phase.h"
#include "analysis/primary.h"
#include "analysis/readiness.h"
#include "analysis/retreat.h"
#include "analysis/scaler.h"
#include "analysis/strategy.h"
#include "analysis/traffic.h"
#include "analysis/workload.h"

#include <string.h>

/* Before a primary that may become empty is written: the canary serves, with the primary's
 * capacity. */
static bool is_covered(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	char why[SENTENCE_MAX];
	int needed = scaler_cap(thought, facts->newest.primary_replicas);

	/* What an undo takes away is no cover, unless clients have it now. */
	if (facts->newest.cause == CAUSE_UNDO && !facts_is_promoted(facts))
		return true;
	if (thought->is_newer || !(facts->target.may_empty || facts->primary.may_empty))
		return true;
	if (facts->target.replicas < needed && !thought_scaled(thought, SUBJECT_TARGET, needed))
		return false;
	if (!workload_is_ready(&facts->target, thought->spec->canary_ready_percent, why)) {
		thought_because(thought, "the canary is to cover the primary's rollout: %.200s",
		                why);
		return false;
	}
	if (traffic_selects(thought, BACKEND_CANARY, false))
		return traffic_settled(thought);
	return false;
}

/* A newer revision's pods are on their way, or there is no target any more: no request for it once
 * the primary has a ready pod. */
static bool withdraw(struct thought *thought)
{
	struct release_status status;

	if (!traffic_leaves_canary(thought))
		return false;
	traffic_weighs(thought, 0, true);
	traffic_selects(thought, traffic_backend(thought), true);
	if (thought->facts->newest.status.weight.to == 0)
		return false;
	status = thought_next_status(thought);
	status.weight.from = status.weight.to;
	status.weight.to = 0;
	status.weight.is_mirrored = false;
	text_format(status.reason, sizeof(status.reason),
	            "%s: all traffic goes to the primary while this promotion completes",
	            thought->is_newer ? "a newer revision came" : "the target was deleted");
	thought_because(thought, "%s", status.reason);
	thought_save(thought, &status, true);
	return true;
}

static void tell_back(const struct thought *thought, struct release_status *status, int weight)
{
	text_format(status->reason, sizeof(status->reason),
	            "Advance %.100s.%.63s primary weight %d", thought->spec->name,
	            thought->spec->k8s_namespace, SPEC_WEIGHT_FULL - weight);
}

static void finalise(struct thought *thought, bool is_last_step)
{
	struct release_status status = thought_next_status(thought);

	status.times.not_ready_since = (struct instant){0};
	status.phase = PHASE_FINALISING;
	status.weight.from = status.weight.to;
	status.weight.to = 0;
	status.weight.is_mirrored = false;
	if (is_last_step)
		tell_back(thought, &status, 0);
	else
		text_format(status.reason, sizeof(status.reason), "Routing all traffic to primary");
	if (thought->spec->route.weighs)
		thought_notice(&status, false, "%s", status.reason);
	thought_save(thought, &status, false);
	thought_because(thought, "%s", status.reason);
}

/* The weight that came back so far is kept; more was given by a foreign hand. Less stays as it is,
 * and where a Service is gone, so does a route of which nobody knows what it does. */
static void keep_weight(struct thought *thought, bool has_services)
{
	const struct release_status *status = &thought->facts->newest.status;
	int live = traffic_live_weight(thought);
	bool is_step = 0 < status->weight.to && status->weight.to < status->weight.from;

	/* A step that is being taken, or was: then all else about the route is kept, too. */
	if (!is_step || live < status->weight.to || status->weight.from < live || thought->is_newer)
		traffic_caps(thought, status->weight.to);
	else if (has_services || thought->facts->route.is_exact)
		traffic_weighs(thought, status->weight.to, false);
}

/* The primary has the pods that it had when the run began. An autoscaler was told to see to that,
 * and gives no more than it may; one that is not there is waited for by nobody. */
static bool has_capacity(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	int needed = facts->newest.primary_replicas;
	int most = facts->primary_scaler.most;
	char why[SENTENCE_MAX];

	if (facts->primary.replicas >= needed)
		return true;
	if (thought->spec->scaler_kind == SCALER_NONE)
		return thought_scaled(thought, SUBJECT_PRIMARY, needed);
	if (scaler_prevents(thought, why) || (facts->primary_scaler.slot.state == FACT_KNOWN &&
	                                      most > 0 && facts->primary.replicas >= most))
		return true;
	thought_because(thought, "waiting until the primary has %d pods again", needed);
	return false;
}

/* The primary can take more of the requests: all that was given to it so far arrives. */
static bool can_take_more(struct thought *thought)
{
	const struct facts *facts = thought->facts;

	if (traffic_live_weight(thought) > facts->newest.status.weight.to ||
	    facts->primary_service.slot.state == FACT_ABSENT || !has_capacity(thought))
		return false;
	return traffic_reaches(thought, &facts->primary) && traffic_holds(thought) &&
	       pace_is_due(thought);
}

/* The primary is ready. The next step back, of which the last one is all that remains. */
static void step_back(struct thought *thought)
{
	int live = traffic_live_weight(thought);
	int to = thought->facts->newest.status.weight.to;
	int weight = live < to ? live : to;
	int next = strategy_back(thought->spec, weight);
	struct release_status status;

	if (!can_take_more(thought))
		return;
	if (next == 0) {
		finalise(thought, true);
		return;
	}
	status = thought_next_status(thought);
	status.times.next_check_at = instant_after(thought->facts->now, thought->spec->interval);
	status.weight.from = weight;
	status.weight.to = next;
	affinity_turn(thought, &status);
	tell_back(thought, &status, next);
	thought_notice(&status, false, "%s", status.reason);
	thought_save(thought, &status, false);
	thought_because(thought, "%s", status.reason);
}

void phase_promoting(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	const struct canary_spec *spec = thought->spec;
	struct release_status status;
	bool has_services = traffic_mends(thought);
	enum readiness readiness;
	char why[SENTENCE_MAX];

	if (withdraw(thought))
		return;
	keep_weight(thought, has_services);
	if (!thought_knows(thought, SUBJECT_PRIMARY) || !thought_knows(thought, SUBJECT_TARGET))
		return;
	if (facts->primary.slot.state == FACT_ABSENT ||
	    strcmp(facts->primary.release_uid, release_id(&facts->newest)) != 0) {
		/* Where only one of the two has ready pods, clients go there, whatever else waits.
		 */
		if (workload_serves(&facts->primary) != workload_serves(&facts->target))
			traffic_selects(thought, traffic_backend(thought), false);
		/* A save that is on its way may have ended this run: then its template is not to
		 * reach the primary. */
		if (is_covered(thought) && thought_is_saved(thought) && readiness_forgets(thought))
			primary_runs_newest(thought);
		return;
	}
	(void)scaler_follows(thought);
	readiness = readiness_check(thought, false, why);
	/* A retreat says itself where clients are safe. */
	if (readiness != READINESS_LATE)
		traffic_selects(thought, traffic_backend(thought), false);
	switch (readiness) {
	case READINESS_READY:
		if (traffic_is_stepped(thought))
			step_back(thought);
		else if (spec->step_weight_promotion == 0 || !spec->route.weighs ||
		         thought_knows(thought, SUBJECT_ROUTE))
			finalise(thought, false);
		return;
	case READINESS_LATE:
		status = thought_next_status(thought);
		thought_notice(&status, true,
		               "Promotion of %.60s.%.63s failed, primary not ready: %.150s",
		               spec->target, spec->k8s_namespace, why);
		alert_raise(thought, &status, SEVERITY_ERROR,
		            "Promotion failed, primary not ready: %.250s", why);
		retreat_begin(thought, &status, OUTCOME_FAILED_PROMOTION,
		              "Promotion of %.60s.%.63s failed, primary not ready: %.150s",
		              spec->target, spec->k8s_namespace, why);
		return;
	case READINESS_WAITING:
	case READINESS_UNKNOWN:
		return;
	}
}

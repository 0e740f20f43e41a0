/*
 * At rest: no Release is open. What stands is kept as it is, and a new revision starts a run, but
 * only from a primary that is ready (D-2, D-4) and by creating its Release before anything in the
 * world moves (D-8).
 */
#include "analysis/actions.h"
#include "analysis/adoption.h"
#include "analysis/alert.h"
#include "analysis/base/text.h"
#include "analysis/configs.h"
#include "analysis/outbox.h"
#include "analysis/phase/phase.h"
#include "analysis/primary.h"
#include "analysis/ruling.h"
#include "analysis/scaler.h"
#include "analysis/target.h"
#include "analysis/traffic.h"
#include "analysis/workload.h"

#include <string.h>

#define RELEASES_KEPT 10                  /* of the newest */
#define RELEASES_MOST (RELEASES_KEPT + 2) /* the promoted one and the one before may be older */

/* The template is one that was handled: what is new is what its configs hold. */
static enum release_cause cause_of(const struct facts *facts)
{
	bool is_known = strcmp(facts->target.digest, facts->promoted.digest) == 0 ||
	                (strcmp(facts->target.digest, facts->newest.digest) == 0 &&
	                 !facts_is_newest(facts));

	return is_known ? CAUSE_CONFIG : CAUSE_REVISION;
}

static void create_release(struct thought *thought, enum release_cause cause)
{
	struct effect effect = thought_release(thought, cause);

	/* One that was created with unknown outcome may be there. */
	if (!thought_knows(thought, SUBJECT_RELEASES) || !configs_known(thought))
		return;
	text_copy(effect.configs, configs_digest(thought->facts));
	thought_want(thought, &effect);
}

/* What was promoted stands as it was left: services, route, primary. */
static bool keep(struct thought *thought)
{
	bool has_route;
	bool has_services = traffic_services(thought);
	bool has_scaler;
	bool has_apex;

	/* A primary that somebody deleted comes back from the promoted Release, never from the live
	 * target (D-36). */
	if (!primary_runs_promoted(thought, thought_run_replicas(thought), false))
		return false;
	has_scaler = scaler_follows(thought);
	has_apex = traffic_selects(thought, traffic_backend(thought), false);
	has_route = traffic_rests(thought);
	return has_services && has_scaler && has_apex && has_route;
}

/* The Canary's first Release; also after one that was superseded before it was done. */
static void initialise(struct thought *thought)
{
	const struct facts *facts = thought->facts;

	if (!thought_knows(thought, SUBJECT_PRIMARY))
		return;
	if (facts->newest.name[0] == '\0' && facts->primary.slot.state == FACT_KNOWN) {
		if (adoption_begin(thought))
			return;
		thought_because(
			thought,
			"%s %.100s.%.63s exists and no Release tells what it runs: not adopted, "
			"nothing is touched",
			target_kind_word(thought->spec->target_kind), thought->spec->primary,
			thought->spec->k8s_namespace);
		return;
	}
	traffic_reclaims(thought);
	if (!scaler_is_there(thought))
		return;
	create_release(thought, CAUSE_INIT);
	thought_because(thought, "New %s detected, starting initialization.",
	                target_kind_name(thought->spec->target_kind));
}

/* What people were not told yet of the last run comes before the next one, unless it cannot be
 * told. */
static bool are_notices_told(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	const struct release_status *status = &facts->newest.status;

	if (status->n_notices == 0 || facts->events.failures > 0)
		return true;
	if (strcmp(facts->notices_release, facts->newest.uid) == 0 &&
	    status->notices[status->n_notices - 1].id <= facts->notices_delivered)
		return true;
	thought_because(thought, "telling how the last run ended");
	return false;
}

static bool is_told(struct thought *thought)
{
	if (!outbox_is_empty(thought)) {
		thought_because(thought, "calling the hooks of the last run");
		return false;
	}
	if (!alert_is_done(thought)) {
		thought_because(thought, "alerting of the last run");
		return false;
	}
	return are_notices_told(thought);
}

/* Old Releases go; which, the act knows: all but the newest, the promoted one and the one before.
 */
static void prune(struct thought *thought)
{
	struct effect effect = {
		.kind = EFFECT_REMOVE_RELEASES,
		.subject = SUBJECT_RELEASES,
		.number = RELEASES_KEPT,
	};

	if (thought->facts->n_releases <= RELEASES_MOST ||
	    release_is_open(&thought->facts->newest) || !thought_knows(thought, SUBJECT_RELEASES))
		return;
	thought_want(thought, &effect);
	thought_because(thought, "removing old Releases");
}

/* The run was superseded, and what came has the promoted template after all: the pods that were
 * left to the next run go. */
static void scale_down_left(struct thought *thought)
{
	const struct facts *facts = thought->facts;

	if (facts->newest.status.outcome == OUTCOME_SUPERSEDED && facts_is_back(facts) &&
	    workload_serves(&facts->primary) && traffic_settled(thought))
		thought_scaled(thought, SUBJECT_TARGET, 0);
}

/* An autoscaler that wakes the target up is told to let it sleep, once no client is left there. */
static void pin_left(struct thought *thought)
{
	if (!scaler_is_turned(thought, false) && !thought->is_unsure &&
	    workload_serves(&thought->facts->primary) && traffic_settled(thought))
		(void)scaler_turns(thought, false);
}

void phase_resting(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	char why[SENTENCE_MAX];

	if (!thought_knows(thought, SUBJECT_TARGET) || facts->refusal[0] != '\0' || facts->is_moved)
		return;
	if (facts->target.slot.state == FACT_ABSENT) {
		/* Its clients stay with the primary, whoever sends them elsewhere. */
		if (facts->promoted.name[0] != '\0')
			(void)keep(thought);
		else
			traffic_reclaims(thought);
		thought_because(thought, "%s %.100s.%.63s not found",
		                target_kind_word(thought->spec->target_kind), thought->spec->target,
		                thought->spec->k8s_namespace);
		return;
	}
	if (facts->target.refusal[0] != '\0') {
		thought_because(thought, "%s", facts->target.refusal);
		return;
	}
	if (facts->promoted.name[0] == '\0') {
		initialise(thought);
		return;
	}
	if (adoption_resume(thought))
		return;
	/* It may be wanted because what is promoted does not stand; no hook holds it up. */
	if (ruling_wants(thought, VERB_UNDO) && are_notices_told(thought) &&
	    thought_is_answered(thought, SUBJECT_TARGET)) {
		actions_release(thought);
		return;
	}
	if (!keep(thought))
		return;
	if (ruling_wants(thought, VERB_RETRY) && is_told(thought) &&
	    thought_is_answered(thought, SUBJECT_TARGET)) {
		actions_release(thought);
		return;
	}
	if (!thought->is_newer) {
		scale_down_left(thought);
		pin_left(thought);
		prune(thought);
		return;
	}
	if (!workload_is_ready(&facts->primary, thought->spec->primary_ready_percent, why)) {
		thought_because(thought,
		                "a new revision waits: primary %.80s.%.63s not ready: %.120s",
		                thought->spec->primary, thought->spec->k8s_namespace, why);
		return;
	}
	/* A scale-down of the last run would take the next one's pods. */
	if (!is_told(thought) || !thought_is_answered(thought, SUBJECT_TARGET))
		return;
	create_release(thought, cause_of(facts));
	thought_because(thought, "New revision detected! Scaling up %.100s.%.63s",
	                thought->spec->target, thought->spec->k8s_namespace);
}

/* What the walk asks of a world. */
#ifndef TESTS_ANALYSIS_WALK_LOOK_H
#define TESTS_ANALYSIS_WALK_LOOK_H

#include "analysis/workload.h"
#include "tests/analysis/worlds.h"

#include <string.h>

/* Steps and checks, whether a gate waits or not. */
static inline bool is_checking(const struct facts *facts)
{
	return facts->newest.status.phase == PHASE_PROGRESSING ||
	       facts->newest.status.phase == PHASE_WAITING_PROMOTION;
}

static inline bool is_route_known(const struct facts *facts)
{
	return facts->route.slot.state == FACT_KNOWN || facts->route.slot.state == FACT_ABSENT;
}

/* The canary may get requests, or copies of them. */
static inline bool is_routed(const struct world *world)
{
	const struct route_fact *route = &world->facts.route;

	return world->spec.route.weighs && route->slot.state == FACT_KNOWN &&
	       (route->weight != 0 || route->is_mirrored);
}

static inline int live_weight(const struct world *world)
{
	const struct route_fact *route = &world->facts.route;

	return world->spec.route.weighs && route->slot.state == FACT_KNOWN ? route->weight : 0;
}

/* Before the first promotion. */
static inline bool is_first(const struct facts *facts)
{
	return release_is_open(&facts->newest) && facts->newest.cause == CAUSE_INIT;
}

/* A run that moves clients: open, past its start, not the first. */
static inline bool is_running(const struct facts *facts)
{
	return facts->has_spec && !facts->is_deleted && !facts->is_quarantined &&
	       release_is_open(&facts->newest) &&
	       (facts->newest.cause == CAUSE_REVISION || facts->newest.cause == CAUSE_CONFIG) &&
	       facts->newest.status.phase >= PHASE_PROGRESSING &&
	       facts->newest.status.phase != PHASE_DONE;
}

/* What the target's configs hold is known, and not what DIGEST says. */
static inline bool is_held_other(const struct facts *facts, const char *digest)
{
	return facts->target.has_configs && facts->configs.slot.state == FACT_KNOWN &&
	       strcmp(facts->configs.template, facts->target.digest) == 0 &&
	       strcmp(facts->configs.digest, digest) != 0;
}

/* The target has a template that is known, of the run or promoted, but its configs hold something
 * else by now. */
static inline bool is_changed(const struct facts *facts)
{
	const char *digest = facts->target.digest;
	bool is_promoted = strcmp(digest, facts->promoted.digest) == 0;
	bool is_same = strcmp(digest, facts->newest.digest) == 0 ||
	               (facts->change.kind == CHANGE_DEFAULTS &&
	                strcmp(facts->change.digest, digest) == 0);

	if (facts->target.slot.state != FACT_KNOWN ||
	    (is_promoted && !is_held_other(facts, facts->promoted.configs)))
		return false;
	return is_same ? is_held_other(facts, facts->newest.configs) : is_promoted;
}

/* The target has what is promoted, as far as that is known. */
static inline bool is_back(const struct facts *facts)
{
	return facts->promoted.name[0] && facts->target.slot.state == FACT_KNOWN &&
	       strcmp(facts->target.digest, facts->promoted.digest) == 0 &&
	       (!facts->target.has_configs ||
	        (facts->configs.slot.state == FACT_KNOWN &&
	         strcmp(facts->configs.template, facts->target.digest) == 0 &&
	         strcmp(facts->configs.digest, facts->promoted.configs) == 0));
}

static inline bool is_newer(const struct facts *facts)
{
	if (is_changed(facts))
		return true;
	return facts->target.slot.state == FACT_KNOWN && facts->change.kind == CHANGE_REAL &&
	       strcmp(facts->change.digest, facts->target.digest) == 0;
}

/* The target is not what was analysed: a newer revision, or gone. */
static inline bool is_strange(const struct facts *facts)
{
	return is_newer(facts) || facts->target.slot.state == FACT_ABSENT;
}

/* The apex Service selects a primary that is gone, or a target that a run left without pods. */
static inline bool is_deserted(const struct facts *facts)
{
	/* Without a spec nothing was ever made. */
	return facts->has_spec && facts->primary.slot.state == FACT_ABSENT &&
	       facts->apex.slot.state == FACT_KNOWN &&
	       (facts->apex.backend == BACKEND_PRIMARY ||
	        (facts->target.slot.state == FACT_KNOWN && facts->target.replicas == 0 &&
	         facts->promoted.name[0] != '\0'));
}

/* The newest Release's template may be written: it is promoted, or was, and the primary that had it
 * is gone. */
static inline bool is_promoting(const struct facts *facts, enum effect_kind kind)
{
	return release_is_open(&facts->newest) &&
	       (facts->newest.status.phase == PHASE_PROMOTING ||
	        (facts->newest.status.phase == PHASE_FINALISING && kind == EFFECT_CREATE_PRIMARY) ||
	        facts->newest.cause == CAUSE_INIT);
}

/* A step back to the primary stands in the Release, and may be on its way. */
static inline bool is_stepping_back(const struct facts *facts)
{
	const struct release_status *status = &facts->newest.status;

	return status->phase == PHASE_PROMOTING && 0 < status->weight.to &&
	       status->weight.to < status->weight.from;
}

/* The most that the canary may have: what was in force when the present phase, or the present step
 * back, began. */
static inline int cap(const struct facts *facts)
{
	const struct release_status *status = &facts->newest.status;

	if (status->phase == PHASE_FINALISING || is_stepping_back(facts))
		return status->weight.from;
	return status->weight.to;
}

static inline bool fails_now(const struct world *world)
{
	const struct sample_fact *sample = &world->facts.samples[1];

	return sample->kind == SAMPLE_VALUE && sample->value > 500 &&
	       sample->check.ms == world->facts.newest.status.times.next_check_at.ms &&
	       world->facts.newest.status.failed_checks + 1 >= world->spec.threshold;
}

static inline bool is_past(const struct facts *facts, struct instant since, struct span deadline)
{
	return since.ms != 0 && facts->now.ms - since.ms >= deadline.ms;
}

/* Nothing was made for the only Release, whose Canary is deleted. */
static inline bool is_never_begun(const struct facts *facts)
{
	return facts->is_deleted && facts->n_releases == 1 &&
	       !instant_is_set(facts->newest.status.times.started);
}

/* It is for a revision, which nobody has asked for. */
static inline bool is_by_itself(const struct effect *create)
{
	return create->cause == CAUSE_REVISION || create->cause == CAUSE_CONFIG;
}

/* A retreat's save starts from a Release that may be another by now: it is looked at beside it. */
static inline bool is_save_in_doubt(const struct facts *facts, const struct effect *effect)
{
	return effect->kind == EFFECT_SAVE_RELEASE && effect->is_retreat &&
	       facts->releases.state != FACT_KNOWN;
}

static inline const struct effect *find(const struct plan *plan, enum effect_kind kind,
                                        enum subject subject)
{
	for (size_t i = 0; i < plan->n_effects; i++) {
		if (plan->effects[i].kind == kind &&
		    (subject == SUBJECT_NONE || plan->effects[i].subject == subject))
			return &plan->effects[i];
	}
	return NULL;
}

/* Where the route leads past the apex, what the primary's Service selects is what clients get: it
 * has no ready pod, others have, and this plan does not help. */
static inline bool is_cover_missing(const struct world *world, const struct plan *plan)
{
	const struct facts *facts = &world->facts;
	const struct service_fact *service = &facts->primary_service;
	const struct effect *save = find(plan, EFFECT_SAVE_RELEASE, SUBJECT_RELEASES);
	const struct effect *write = find(plan, EFFECT_WRITE_SERVICE, SUBJECT_PRIMARY_SERVICE);
	enum backend backend = write ? write->backend : service->backend;
	bool primary_serves = workload_serves(&facts->primary);
	bool canary_serves = workload_serves(&facts->target);

	if (!world->spec.route.names_primary || service->slot.state != FACT_KNOWN ||
	    service->slot.failures > 0 || !is_running(facts) ||
	    (save && !save->is_retreat && is_checking(facts)) ||
	    facts->primary.slot.state == FACT_UNKNOWN || facts->primary.slot.state == FACT_FAILED ||
	    facts->target.slot.state == FACT_UNKNOWN || facts->target.slot.state == FACT_FAILED)
		return false;
	return (backend == BACKEND_PRIMARY && !primary_serves && canary_serves) ||
	       (backend == BACKEND_CANARY && primary_serves && !canary_serves);
}

/* A first run goes on, and may write Services. */
static inline bool is_first_kept(const struct facts *facts)
{
	return facts->has_spec && !facts->is_deleted && !facts->is_quarantined && is_first(facts) &&
	       facts->primary.slot.state != FACT_UNKNOWN &&
	       facts->primary.slot.state != FACT_FAILED;
}

/* Clients are with a first primary that was lost, and this plan does not bring them back to the
 * target, which has a ready pod. (What is not saved yet is saved first.) */
static inline bool is_first_left(const struct world *world, const struct plan *plan)
{
	const struct facts *facts = &world->facts;
	const struct effect *save = find(plan, EFFECT_SAVE_RELEASE, SUBJECT_RELEASES);
	const struct effect *apex = find(plan, EFFECT_WRITE_SERVICE, SUBJECT_APEX);
	const struct effect *service = find(plan, EFFECT_WRITE_SERVICE, SUBJECT_PRIMARY_SERVICE);
	bool is_led = facts->apex.slot.state == FACT_KNOWN && facts->apex.slot.failures == 0 &&
	              facts->apex.backend == BACKEND_PRIMARY;
	bool is_led_past = world->spec.route.names_primary &&
	                   facts->route.slot.state == FACT_KNOWN &&
	                   facts->primary_service.slot.state == FACT_KNOWN &&
	                   facts->primary_service.slot.failures == 0 &&
	                   facts->primary_service.backend == BACKEND_PRIMARY;

	if (!is_first_kept(facts) || workload_serves(&facts->primary) ||
	    !workload_serves(&facts->target) || (save && facts->newest.status.phase == PHASE_NONE))
		return false;
	return (is_led && (!apex || apex->backend != BACKEND_CANARY)) ||
	       (is_led_past && (!service || service->backend != BACKEND_CANARY));
}

/* Both have ready pods, and a first primary that is not ready, or whose Release does not say so,
 * gets clients that the target has, or the other way round. */
static inline bool is_first_hurried(const struct world *world, const struct plan *plan)
{
	const struct facts *facts = &world->facts;
	const struct effect *apex = find(plan, EFFECT_WRITE_SERVICE, SUBJECT_APEX);
	char why[SENTENCE_MAX];

	return is_first_kept(facts) && workload_serves(&facts->primary) &&
	       workload_serves(&facts->target) && apex && facts->apex.slot.state == FACT_KNOWN &&
	       facts->apex.backend != BACKEND_NONE && apex->backend != facts->apex.backend &&
	       (facts->newest.status.phase != PHASE_FINALISING ||
	        !workload_is_ready(&facts->primary, world->spec.primary_ready_percent, why));
}

#endif

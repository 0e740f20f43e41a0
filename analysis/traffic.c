#include "analysis/traffic.h"

#include "analysis/affinity.h"
#include "analysis/base/text.h"
#include "analysis/rival.h"
#include "analysis/workload.h"

#include <string.h>

#define SETTLED_HOLDS 3

/* The primary has this run's template, but not on all its pods. */
static bool is_promotion_half(const struct thought *thought)
{
	const struct facts *facts = thought->facts;
	char why[SENTENCE_MAX];

	return strcmp(facts->primary.release_uid, release_id(&facts->newest)) == 0 &&
	       !workload_is_ready(&facts->primary, thought->spec->primary_ready_percent, why);
}

/* The primary has the proven template back on all its pods. */
static bool is_restored(const struct thought *thought)
{
	const struct facts *facts = thought->facts;
	char why[SENTENCE_MAX];

	return strcmp(facts->primary.release_uid, release_ref_id(&facts->promoted)) == 0 &&
	       workload_is_ready(&facts->primary, thought->spec->primary_ready_percent, why);
}

/* Both could serve: the canary is the safer one. */
static bool is_canary_safer(const struct thought *thought)
{
	const struct facts *facts = thought->facts;
	const struct release_status *status = &facts->newest.status;

	if (thought->is_newer)
		return false;
	if (status->phase == PHASE_PROMOTING)
		return (facts->target.may_empty || facts->primary.may_empty) &&
		       is_promotion_half(thought);
	if (status->phase == PHASE_RETREATING && status->ending == OUTCOME_FAILED_PROMOTION)
		return !is_restored(thought);
	return false;
}

/* WORKLOAD has no ready pod, as far as it was seen, and OTHER has. */
static bool is_deserted(const struct workload_fact *workload, const struct workload_fact *other)
{
	enum fact_state state = workload->slot.state;

	return (state == FACT_KNOWN || state == FACT_ABSENT) && !workload_serves(workload) &&
	       workload_serves(other);
}

/* Before the first promotion: the only one that has a ready pod, if clients of SERVICE may be sent
 * there; else BACKEND_NONE. A Service of which nothing was made yet selects the target. */
static enum backend only_backend(const struct facts *facts, const struct service_fact *service)
{
	bool is_led = facts->newest.status.phase == PHASE_FINALISING || service->is_ours;

	if (is_deserted(&facts->primary, &facts->target))
		return BACKEND_CANARY;
	return is_led && is_deserted(&facts->target, &facts->primary) ? BACKEND_PRIMARY
	                                                              : BACKEND_NONE;
}

/* In a first run: clients stay where SERVICE has them while somebody answers there, until the
 * primary is ready and the Release says that they go to it. */
static enum backend first_backend(const struct thought *thought, const struct service_fact *service)
{
	const struct facts *facts = thought->facts;
	enum backend only = only_backend(facts, service);
	char why[SENTENCE_MAX];

	if (only != BACKEND_NONE)
		return only;
	if (facts->newest.status.phase == PHASE_FINALISING &&
	    workload_is_ready(&facts->primary, thought->spec->primary_ready_percent, why))
		return BACKEND_PRIMARY;
	if (service->slot.state == FACT_KNOWN && service->backend != BACKEND_NONE)
		return service->backend;
	return workload_serves(&facts->target) ? BACKEND_CANARY : BACKEND_PRIMARY;
}

static bool is_first_run(const struct facts *facts)
{
	return release_is_open(&facts->newest) && facts->newest.cause == CAUSE_INIT;
}

enum backend traffic_backend(const struct thought *thought)
{
	const struct facts *facts = thought->facts;
	bool primary_serves = workload_serves(&facts->primary);
	bool canary_serves = workload_serves(&facts->target);

	if (!release_is_open(&facts->newest))
		return BACKEND_PRIMARY;
	if (is_first_run(facts))
		return first_backend(thought, &facts->apex);
	if (facts->newest.status.phase <= PHASE_STARTING)
		return BACKEND_PRIMARY;
	if (!primary_serves && !canary_serves)
		return facts->apex.backend == BACKEND_CANARY ? BACKEND_CANARY : BACKEND_PRIMARY;
	if (!canary_serves)
		return BACKEND_PRIMARY;
	if (!primary_serves)
		return BACKEND_CANARY;
	return is_canary_safer(thought) ? BACKEND_CANARY : BACKEND_PRIMARY;
}

static const struct service_fact *service_of(const struct facts *facts, enum subject subject)
{
	if (subject == SUBJECT_APEX)
		return &facts->apex;
	return subject == SUBJECT_PRIMARY_SERVICE ? &facts->primary_service
	                                          : &facts->canary_service;
}

/* It is what the user's own is, or what has no pods to cover for: nobody moves it. */
static bool is_fixed(const struct thought *thought, enum subject subject)
{
	return thought->spec->target_kind == TARGET_SERVICE && subject != SUBJECT_CANARY_SERVICE;
}

static void want_service(struct thought *thought, enum subject subject, enum backend backend,
                         bool is_retreat)
{
	const struct service_fact *service = service_of(thought->facts, subject);
	struct effect effect = {
		.kind = EFFECT_WRITE_SERVICE,
		.subject = subject,
		.backend = backend,
		.is_retreat = is_retreat && service->slot.state != FACT_ABSENT,
	};

	text_copy(effect.resource_version, service->resource_version);
	thought_want(thought, &effect);
}

static bool selects(struct thought *thought, enum subject subject, enum backend backend,
                    bool is_retreat)
{
	const struct service_fact *service = service_of(thought->facts, subject);

	if (is_fixed(thought, subject))
		return true;
	if (!thought_knows(thought, subject) && !is_retreat)
		return false;
	/* A retreat moves the selector only: what else is wrong waits for a forward plan. */
	if (service->slot.state == FACT_KNOWN && service->backend == backend &&
	    (service->is_exact || is_retreat))
		return true;
	want_service(thought, subject, backend, is_retreat);
	thought_because(thought, "the %s is to select the %s's pods", subject_name(subject),
	                backend == BACKEND_CANARY ? "canary" : "primary");
	return false;
}

bool traffic_knows_apex(struct thought *thought)
{
	return is_fixed(thought, SUBJECT_APEX) || thought_knows(thought, SUBJECT_APEX);
}

/* Where the route names the primary's Service, that covers for pods which do not serve, at any
 * weight and for any match. One that is gone is made by who wants the Services. */
bool traffic_selects(struct thought *thought, enum backend backend, bool is_retreat)
{
	bool is_selected = selects(thought, SUBJECT_APEX, backend, is_retreat);

	if (thought->spec->route.names_primary &&
	    thought->facts->primary_service.slot.state != FACT_ABSENT)
		is_selected &= selects(thought, SUBJECT_PRIMARY_SERVICE, backend, is_retreat);
	return is_selected;
}

/* Routes lead clients past the apex, to the primary's Service, as far as is known. */
static bool is_bypassed(const struct thought *thought)
{
	return thought->spec->route.names_primary &&
	       thought->facts->route.slot.state != FACT_ABSENT;
}

/* Whose pods the primary's Service is to select. In a first run that is nobody's before the route
 * is there. */
static enum backend primary_backend(const struct thought *thought)
{
	const struct facts *facts = thought->facts;

	if (!thought->spec->route.names_primary)
		return BACKEND_PRIMARY;
	if (!is_first_run(facts))
		return traffic_backend(thought);
	return is_bypassed(thought) ? first_backend(thought, &facts->primary_service)
	                            : BACKEND_PRIMARY;
}

static bool has_services(struct thought *thought, bool is_primary_moved)
{
	bool has_canary = selects(thought, SUBJECT_CANARY_SERVICE, BACKEND_CANARY, false);

	return (is_primary_moved ||
	        selects(thought, SUBJECT_PRIMARY_SERVICE, primary_backend(thought), false)) &&
	       has_canary;
}

bool traffic_services(struct thought *thought)
{
	return has_services(thought, false);
}

bool traffic_mends(struct thought *thought)
{
	return has_services(thought,
	                    thought->spec->route.names_primary &&
	                            thought->facts->primary_service.slot.state != FACT_ABSENT);
}

static void want_weight(struct thought *thought, int weight, bool is_mirrored, bool is_retreat)
{
	struct effect effect = {
		.kind = EFFECT_WRITE_ROUTE,
		.subject = SUBJECT_ROUTE,
		.weight = weight,
		.is_mirrored = is_mirrored,
		.cookies = affinity_cookies(thought, weight),
		.is_retreat = is_retreat,
	};

	text_copy(effect.resource_version, thought->facts->route.resource_version);
	thought_want(thought, &effect);
}

/* All beside the weight is as wanted. */
static bool is_whole(const struct thought *thought, int weight)
{
	const struct route_fact *route = &thought->facts->route;
	struct cookies cookies = affinity_cookies(thought, weight);

	return route->is_exact && cookie_are_same(&route->cookies, &cookies);
}

static bool weighs(struct thought *thought, int weight, bool is_mirrored, bool is_retreat)
{
	const struct route_fact *route = &thought->facts->route;

	if (!thought->spec->route.weighs)
		return true;
	if (!is_retreat && !thought_knows(thought, SUBJECT_ROUTE))
		return false;
	if (route->slot.state == FACT_KNOWN && route->weight == weight &&
	    route->is_mirrored == is_mirrored && (is_retreat || is_whole(thought, weight)))
		return true;
	if (is_retreat && route->slot.state == FACT_ABSENT)
		return true;
	if (route->slot.state == FACT_KNOWN && !rival_allows(thought, is_retreat && weight == 0))
		return route->weight == weight && route->is_mirrored == is_mirrored;
	want_weight(thought, weight, is_mirrored, is_retreat);
	if (is_mirrored)
		thought_because(thought, "the route is to send the canary copies of the requests");
	else
		thought_because(thought, "the route is to give the canary weight %d", weight);
	return false;
}

bool traffic_weighs(struct thought *thought, int weight, bool is_retreat)
{
	return weighs(thought, weight, false, is_retreat);
}

bool traffic_rests(struct thought *thought)
{
	return traffic_weighs(thought, 0, traffic_live_weight(thought) > 0);
}

/* A selector that matches neither is somebody else's. */
static void rescue(struct thought *thought, enum subject subject)
{
	const struct service_fact *service = service_of(thought->facts, subject);
	enum backend only = only_backend(thought->facts, service);

	if (service->slot.state == FACT_KNOWN && service->backend != BACKEND_NONE &&
	    only != BACKEND_NONE && only != service->backend)
		(void)selects(thought, subject, only, false);
}

void traffic_rescues(struct thought *thought)
{
	if (thought->facts->newest.name[0] == '\0')
		return;
	rescue(thought, SUBJECT_APEX);
	if (is_bypassed(thought))
		rescue(thought, SUBJECT_PRIMARY_SERVICE);
}

void traffic_reclaims(struct thought *thought)
{
	const struct facts *facts = thought->facts;

	traffic_rescues(thought);
	if (facts->newest.name[0] != '\0' && traffic_live_weight(thought) > 0 &&
	    workload_serves(&facts->primary) && facts->apex.slot.state == FACT_KNOWN &&
	    facts->apex.backend == BACKEND_PRIMARY)
		(void)traffic_weighs(thought, 0, true);
}

void traffic_withdraws(struct thought *thought)
{
	const struct route_fact *route = &thought->facts->route;

	/* Not even a rival is waited for. */
	if (thought->spec->route.weighs && route->slot.state == FACT_KNOWN &&
	    (route->weight != 0 || route->is_mirrored))
		want_weight(thought, 0, false, true);
	else
		weighs(thought, 0, false, true);
}

bool traffic_mirrors(struct thought *thought)
{
	return weighs(thought, 0, true, false);
}

bool traffic_reaches(struct thought *thought, const struct workload_fact *workload)
{
	if (thought_passed(thought, workload->ready_since, thought->spec->route.reach))
		return true;
	thought_because(thought, "waiting until the new pods are known to those who send requests");
	return false;
}

void traffic_caps(struct thought *thought, int cap)
{
	if (traffic_live_weight(thought) > cap)
		traffic_weighs(thought, cap, true);
}

/*
 * While what routes has not taken the route in, nobody knows what it does: that is waited for, but
 * no longer than for pods. (Forward, readiness.h ends the run then.)
 */
static bool has_route_held(struct thought *thought, struct span time)
{
	const struct route_fact *route = &thought->facts->route;
	struct span deadline = thought->spec->progress_deadline;

	if (route->pending[0] != '\0' && release_is_open(&thought->facts->newest) &&
	    thought->facts->newest.status.phase == PHASE_STARTING)
		return false;
	if (route->pending[0] != '\0')
		return thought_passed(thought, route->since, deadline);
	return thought_passed(thought, route->since, time);
}

bool traffic_leaves_canary(const struct thought *thought)
{
	const struct facts *facts = thought->facts;

	return (thought->is_newer || facts->target.slot.state == FACT_ABSENT) &&
	       workload_serves(&facts->primary);
}

static bool has_held(struct thought *thought, struct span time)
{
	const struct facts *facts = thought->facts;
	bool holds = true;

	if (thought->spec->route.weighs && facts->route.slot.state == FACT_KNOWN)
		holds = has_route_held(thought, time);
	if (!thought_passed(thought, facts->apex.since, time))
		holds = false;
	if (thought->spec->route.names_primary && facts->primary_service.slot.state == FACT_KNOWN &&
	    !thought_passed(thought, facts->primary_service.since, time))
		holds = false;
	/* A write that was overtaken by a retreat may come yet: its answer is waited for. */
	if (facts->route.slot.is_written || facts->apex.slot.is_written ||
	    facts->primary_service.slot.is_written)
		holds = false;
	if (!holds && facts->route.slot.state == FACT_KNOWN && facts->route.pending[0] != '\0')
		thought_because(thought, "waiting until the route is taken in: %.200s",
		                facts->route.pending);
	else if (!holds)
		thought_because(thought, "waiting until the new weight holds everywhere");
	return holds;
}

bool traffic_holds(struct thought *thought)
{
	return has_held(thought, thought->spec->route.hold);
}

bool traffic_settled(struct thought *thought)
{
	return has_held(thought, span_ms(SETTLED_HOLDS * thought->spec->route.hold.ms));
}

int traffic_live_weight(const struct thought *thought)
{
	const struct route_fact *route = &thought->facts->route;

	return thought->spec->route.weighs && route->slot.state == FACT_KNOWN ? route->weight : 0;
}

bool traffic_is_stepped(const struct thought *thought)
{
	const struct canary_spec *spec = thought->spec;

	return spec->step_weight_promotion > 0 && spec->strategy != STRATEGY_AB &&
	       traffic_live_weight(thought) > 0 && thought->facts->newest.status.weight.to > 0 &&
	       workload_serves(&thought->facts->target) && !thought->is_reverted;
}

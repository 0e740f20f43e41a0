/* What the walk asks of a world. */
#ifndef TESTS_ANALYSIS_WALK_LOOK_H
#define TESTS_ANALYSIS_WALK_LOOK_H

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

/* A run that moves clients: open, past its start, not the first. */
static inline bool is_running(const struct facts *facts)
{
	return facts->has_spec && !facts->is_deleted && !facts->is_quarantined &&
	       release_is_open(&facts->newest) && facts->newest.cause == CAUSE_REVISION &&
	       facts->newest.status.phase >= PHASE_PROGRESSING &&
	       facts->newest.status.phase != PHASE_DONE;
}

static inline bool is_newer(const struct facts *facts)
{
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

#endif

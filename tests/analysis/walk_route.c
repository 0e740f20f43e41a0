#include "tests/analysis/walk_route.h"

#include "analysis/rival.h"
#include "analysis/workload.h"
#include "tests/analysis/walk_back.h"
#include "tests/analysis/walk_look.h"

#include <stddef.h>

/* Before the first promotion, and clients were led to a primary that serves. */
static bool is_led(const struct facts *facts)
{
	return is_first(facts) && workload_serves(&facts->primary) &&
	       facts->apex.slot.state == FACT_KNOWN && facts->apex.backend == BACKEND_PRIMARY;
}

bool walk_route_takes_back(const struct world *world, const struct effect *effect)
{
	return effect->subject == SUBJECT_ROUTE && effect->weight == 0 && live_weight(world) > 0 &&
	       (!is_first(&world->facts) || is_led(&world->facts));
}

/* A run that was created and not let in yet, whoever it waits for. */
static bool is_not_let_in(const struct world *world)
{
	const struct facts *facts = &world->facts;

	return facts->has_spec && !facts->is_deleted && !facts->is_quarantined &&
	       !world->spec.suspend && release_is_open(&facts->newest) && !is_first(facts) &&
	       facts->newest.status.phase <= PHASE_WAITING;
}

/* More than that was given by a foreign hand: it is taken back at once, whatever else waits. */
static const char *check_raise(const struct world *world, const struct plan *plan)
{
	const struct facts *facts = &world->facts;
	const struct effect *route = find(plan, EFFECT_WRITE_ROUTE, SUBJECT_ROUTE);

	/* In a fight no write comes so soon after the other's, but where a retreat begins. */
	if (facts->route.rival.edits > RIVAL_EDITS) {
		if (route && facts->route.slot.state == FACT_KNOWN &&
		    !(route->is_retreat && route->weight == 0 &&
		      find(plan, EFFECT_SAVE_RELEASE, SUBJECT_RELEASES)))
			return "a fight without a wait";
		return NULL;
	}
	if (route && !route->is_retreat && live_weight(world) > 0 && !facts->is_deleted &&
	    !is_first(facts) && !is_checking(facts) &&
	    facts->newest.status.phase != PHASE_PROMOTING &&
	    facts->newest.status.phase != PHASE_FINALISING)
		return "a foreign raise where no run moves clients, put right with a wait";
	if (is_not_let_in(world) && live_weight(world) > 0 && facts->route.slot.failures == 0 &&
	    facts->releases.failures == 0 && !route &&
	    !find(plan, EFFECT_SAVE_RELEASE, SUBJECT_RELEASES))
		return "a foreign raise that stays while a run is not let in";
	if (is_led(facts) && facts->newest.status.phase != PHASE_RETREATING &&
	    live_weight(world) > 0 && facts->has_spec && !facts->is_deleted &&
	    !facts->is_quarantined && !world->spec.suspend && facts->route.slot.failures == 0 &&
	    facts->releases.failures == 0 && !route &&
	    !find(plan, EFFECT_SAVE_RELEASE, SUBJECT_RELEASES))
		return "a foreign raise that stays while the first primary is made";
	if (!is_running(facts) || facts->newest.status.phase == PHASE_RETREATING ||
	    world->spec.suspend || facts->route.slot.failures > 0 ||
	    live_weight(world) <= cap(facts))
		return NULL;
	if (!route || route->weight > cap(facts) ||
	    (!route->is_retreat && facts->newest.status.phase != PHASE_FINALISING))
		return "a foreign raise that stays";
	return NULL;
}

/* Weights rise only to what an observed Release says. */
static const char *check_route(const struct world *world, const struct plan *plan)
{
	const struct facts *facts = &world->facts;
	const struct effect *route = find(plan, EFFECT_WRITE_ROUTE, SUBJECT_ROUTE);

	if (!route)
		return NULL;
	if (!world->spec.route.weighs)
		return "a weight where the provider has none";
	if (is_running(facts) && route->weight < live_weight(world) && !route->is_retreat &&
	    (is_checking(facts) || facts->newest.status.phase == PHASE_RETREATING ||
	     is_newer(facts)))
		return "a lowering that waits";
	if (route->weight > 0 &&
	    ((!is_checking(facts) && route->weight >= live_weight(world) &&
	      !(is_stepping_back(facts) && route->weight == live_weight(world))) ||
	     route->weight != walk_back_weight(facts) || facts->is_deleted))
		return "a weight that no observed Release asks for";
	if (route->is_mirrored && (route->weight != 0 || route->is_retreat || facts->is_deleted ||
	                           !world->spec.route.mirrors ||
	                           !facts->newest.status.weight.is_mirrored || !is_checking(facts)))
		return "copies that no observed Release asks for";
	if (route->weight > live_weight(world) && facts->newest.status.ending != OUTCOME_NONE)
		return "a weight raised in a retreat";
	return NULL;
}

const char *walk_route_check(const struct world *world, const struct plan *plan)
{
	const char *wrong = check_route(world, plan);

	return wrong ? wrong : check_raise(world, plan);
}

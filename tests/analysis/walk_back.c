#include "tests/analysis/walk_back.h"

#include "tests/analysis/walk_look.h"

int walk_back_weight(const struct facts *facts)
{
	const struct release_status *status = &facts->newest.status;

	return status->phase == PHASE_FINALISING ? status->weight.from : status->weight.to;
}

/* The primary runs what is promoted, on all its pods, as many as it had when the run began. */
static bool has_primary(const struct facts *facts)
{
	return facts->primary.slot.state == FACT_KNOWN &&
	       strcmp(facts->primary.release_uid, facts->newest.uid) == 0 &&
	       facts->primary.available >= facts->primary.replicas &&
	       facts->primary.replicas >= facts->newest.primary_replicas;
}

/* The step that stands in the Release was taken, and holds. */
static bool is_taken(const struct world *world)
{
	const struct facts *facts = &world->facts;

	return facts->route.slot.state == FACT_KNOWN &&
	       facts->route.weight <= facts->newest.status.weight.to &&
	       facts->now.ms - facts->route.since.ms >= world->spec.route.hold.ms;
}

/* The target has what was promoted before. Where its configs alone tell that from what the run
 * promotes, and are not known, it has the latter; while they are asked for nobody knows. */
static bool is_put_back(const struct facts *facts, const struct plan *plan)
{
	return !find(plan, EFFECT_OBSERVE, SUBJECT_CONFIGS) &&
	       strcmp(facts->target.digest, facts->promoted.digest) == 0 &&
	       !is_held_other(facts, facts->promoted.configs) &&
	       (strcmp(facts->target.digest, facts->newest.digest) != 0 ||
	        is_held_other(facts, facts->newest.configs));
}

static const char *check_step(const struct world *world, const struct effect *save)
{
	const struct facts *facts = &world->facts;
	const struct release_status *now = &facts->newest.status;
	int live = facts->route.weight;
	int from = live < now->weight.to ? live : now->weight.to;

	if (!has_primary(facts))
		return "a step back to a primary that is not ready for it";
	if (!is_taken(world))
		return "a step back before the one before it holds";
	if (facts->now.ms < now->times.next_check_at.ms)
		return "a step back before it is due";
	if (save->is_retreat)
		return "a step back in haste";
	if (save->status.weight.to != 0 &&
	    (save->status.weight.to != from - world->spec.step_weight_promotion ||
	     save->status.weight.from != from ||
	     save->status.times.next_check_at.ms != facts->now.ms + world->spec.interval.ms))
		return "a step back of another width, or at another time";
	if (save->status.weight.to == 0 && from > world->spec.step_weight_promotion)
		return "steps back that are left out";
	return NULL;
}

/* What a route hands out stands in the Release that was seen; at weight 0 it takes away, no more.
 */
static const char *check_route_cookies(const struct world *world, const struct effect *route)
{
	const struct facts *facts = &world->facts;
	struct cookies known = facts->newest.status.cookies;
	static const struct cookies none;

	if (!world->spec.affinity.cookie)
		return cookie_are_same(&route->cookies, &none) ? NULL
		                                               : "cookies that nobody asked for";
	if (!cookie_is_set(&known.canary) && route->weight == 0)
		known = facts->former.cookies;
	if (route->weight == 0)
		known.primary = (struct cookie){0};
	return cookie_are_same(&route->cookies, &known)
	               ? NULL
	               : "cookies on the route that no observed Release has";
}

/* With each step the primary's is new; the canary's only where its name is. */
static const char *check_saved_cookies(const struct world *world, const struct effect *save)
{
	const struct cookies *was = &world->facts.newest.status.cookies;
	const struct cookies *is = &save->status.cookies;
	bool is_step = save->status.weight.to > 0 &&
	               save->status.weight.to != world->facts.newest.status.weight.to;

	if (!is_step)
		return cookie_are_same(was, is) ? NULL : "other cookies without a step";
	if (!world->spec.affinity.cookie)
		return NULL;
	if (strcmp(is->canary.name, world->spec.affinity.cookie) != 0 ||
	    cookie_is_same(&was->primary, &is->primary))
		return "a step without its cookies";
	if (strcmp(was->canary.name, is->canary.name) == 0
	            ? !cookie_is_same(&was->canary, &is->canary)
	            : !cookie_is_same(&was->canary, &is->earlier))
		return "a step that moves those who had the canary";
	return NULL;
}

const char *walk_back_cookies(const struct world *world, const struct plan *plan)
{
	const struct effect *save = find(plan, EFFECT_SAVE_RELEASE, SUBJECT_RELEASES);
	const struct effect *route = find(plan, EFFECT_WRITE_ROUTE, SUBJECT_ROUTE);
	const char *what = route ? check_route_cookies(world, route) : NULL;

	return !what && save ? check_saved_cookies(world, save) : what;
}

const char *walk_back_check(const struct world *world, const struct plan *plan)
{
	const struct facts *facts = &world->facts;
	const struct effect *save = find(plan, EFFECT_SAVE_RELEASE, SUBJECT_RELEASES);
	const struct effect *route = find(plan, EFFECT_WRITE_ROUTE, SUBJECT_ROUTE);

	if (!is_running(facts) || facts->newest.status.phase != PHASE_PROMOTING ||
	    is_strange(facts))
		return NULL;
	if (route && is_stepping_back(facts) && live_weight(world) <= cap(facts) &&
	    route->weight > 0 && route->is_retreat)
		return "a step back written in haste";
	if (route && route->weight == 0 && !route->is_retreat)
		return "all traffic on the primary before the Release says so";
	if (!save || save->status.phase == PHASE_RETREATING ||
	    save->status.weight.to == facts->newest.status.weight.to)
		return NULL;
	if (world->spec.step_weight_promotion == 0 || world->spec.strategy == STRATEGY_AB)
		return save->status.phase == PHASE_PROMOTING ? "a step back that nobody asked for"
		                                             : NULL;
	if (live_weight(world) == 0 || !workload_serves(&facts->target) || is_put_back(facts, plan))
		return save->status.phase == PHASE_PROMOTING ? "a step back of nothing" : NULL;
	return check_step(world, save);
}

/*
 * The walk: `decide` in every small world, and what must hold of every plan. Prints how many worlds
 * there were and the first broken invariants; the exit code is 0 when none was. Built without one
 * of the guards it stops at the first broken invariant, and the exit code is 0 when there was one.
 */
#include "analysis/base/text.h"
#include "analysis/strategy.h"
#include "analysis/workload.h"
#include "tests/analysis/walk_adoption.h"
#include "tests/analysis/walk_back.h"
#include "tests/analysis/walk_configs.h"
#include "tests/analysis/walk_hooks.h"
#include "tests/analysis/walk_look.h"
#include "tests/analysis/walk_route.h"
#include "tests/analysis/walk_service.h"
#include "tests/analysis/walk_teardown.h"
#include "tests/analysis/walk_verbs.h"
#include "tests/analysis/worlds.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX 10

#ifdef GUARDS_WITHOUT
# define BROKEN_MAX 1
#else
# define BROKEN_MAX UINT64_MAX
#endif

/* Sanitized, a world in 17 will do: a number that divides no dimension's size. */
#ifdef __SANITIZE_ADDRESS__
# define STRIDE 17
#else
# define STRIDE 1
#endif

/* Hooks are laid over a world in 37, and 18 times each. */
#define HOOKS_STRIDE 37

struct walk {
	uint64_t number;
	unsigned hooks; /* the variation laid over it; 0: none, else one more */
	const struct world *world;
	const struct plan *plan;
	uint64_t n_worlds;
	uint64_t n_of[STRATEGY_BLUE_GREEN + 1]; /* … of a strategy */
	uint64_t n_effects;
	uint64_t n_hooks; /* worlds with them */
	uint64_t n_configs;
	uint64_t n_adoptions;
	uint64_t n_services;
	uint64_t n_broken;
};

static void broken(struct walk *walk, const char *what)
{
	char text[256];

	if (walk->n_broken++ >= SHOWN_MAX)
		return;
	worlds_describe(walk->number, text, sizeof(text));
	printf("# world %" PRIu64 " (%shooks %d): %s; reason \"%s\"\n", walk->number, text,
	       (int)walk->hooks - 1, what, walk->plan->reason);
	for (size_t i = 0; i < walk->plan->n_effects; i++) {
		const struct effect *effect = &walk->plan->effects[i];

		printf("#     %s %s weight %d replicas %d%s\n", effect_kind_name(effect->kind),
		       subject_name(effect->subject), effect->weight, effect->replicas,
		       effect->is_retreat ? " retreat" : "");
	}
}

/* What a promotion may ask of the canary's pods while the primary's are replaced. */
static void check_cover(struct walk *walk)
{
	const struct facts *facts = &walk->world->facts;
	const struct effect *apex = find(walk->plan, EFFECT_WRITE_SERVICE, SUBJECT_APEX);
	const struct effect *primary = find(walk->plan, EFFECT_WRITE_PRIMARY, SUBJECT_PRIMARY);
	bool may_empty = facts->target.may_empty || facts->primary.may_empty;
	bool is_canary = apex && apex->backend == BACKEND_CANARY;

	if (!is_running(facts) || !workload_serves(&facts->primary))
		return;
	if (is_canary && is_newer(facts))
		broken(walk, "clients sent to a newer revision beside a primary that serves");
	if (facts->newest.status.phase != PHASE_PROMOTING)
		return;
	if (is_canary && strcmp(facts->primary.release_uid, facts->newest.uid) != 0 &&
	    facts->target.replicas < facts->newest.primary_replicas)
		broken(walk, "clients sent to a canary that is smaller than the primary was");
	if (primary && may_empty && !is_newer(facts) && facts->apex.backend != BACKEND_CANARY)
		broken(walk, "a primary replaced that may become empty while clients go to it");
	if (primary && !may_empty && facts->apex.slot.state == FACT_KNOWN && is_canary)
		broken(walk, "clients moved where nothing becomes empty");
}

/* Each effect by itself is one that may be. */
static void check_effects(struct walk *walk)
{
	const struct facts *facts = &walk->world->facts;
	const struct plan *plan = walk->plan;

	for (size_t i = 0; i < plan->n_effects; i++) {
		const struct effect *effect = &plan->effects[i];
		const struct fact_slot *slot;

		if (effect->weight < 0 || effect->weight > 100)
			broken(walk, "a weight outside 0..100");
		if (effect->kind == EFFECT_SAVE_RELEASE &&
		    (effect->status.weight.to < 0 || effect->status.weight.to > 100 ||
		     effect->status.seq != facts->newest.status.seq + 1))
			broken(walk, "a Release that does not follow");
		for (size_t j = 0; j < i; j++) {
			if (effect_is_same(effect, &plan->effects[j]))
				broken(walk, "the same effect twice");
			if (effect->kind == EFFECT_OBSERVE &&
			    plan->effects[j].subject == effect->subject &&
			    !is_save_in_doubt(facts, &plan->effects[j]))
				broken(walk, "a look at what is being written");
		}
		if (effect->subject == SUBJECT_NONE)
			continue;
		slot = facts_slot(&((struct world *)(uintptr_t)walk->world)->facts,
		                  effect->subject);
		if (slot->failures > 0 && slot->retry_at.ms > facts->now.ms)
			broken(walk, "an effect on what rests after a failure");
		if (effect->resource_version[0] == '\0' && slot->state == FACT_KNOWN &&
		    !effect->is_retreat &&
		    (effect->kind == EFFECT_SCALE || effect->kind == EFFECT_WRITE_PRIMARY))
			broken(walk, "a forward write without the version it was decided on");
	}
}

/* Somebody answers after the plan's changes, if somebody could before. */
static void check_served(struct walk *walk)
{
	const struct facts *facts = &walk->world->facts;
	bool primary_serves = workload_serves(&facts->primary);
	bool canary_serves = workload_serves(&facts->target);
	const struct effect *apex = find(walk->plan, EFFECT_WRITE_SERVICE, SUBJECT_APEX);
	const struct effect *scale = find(walk->plan, EFFECT_SCALE, SUBJECT_TARGET);
	enum backend backend = apex ? apex->backend : facts->apex.backend;
	bool hold = walk->world->spec.route.hold.ms <= facts->now.ms - facts->apex.since.ms &&
	            (!walk->world->spec.route.weighs || facts->route.slot.state != FACT_KNOWN ||
	             walk->world->spec.route.hold.ms <= facts->now.ms - facts->route.since.ms);

	if (apex && backend == BACKEND_PRIMARY && !primary_serves && canary_serves &&
	    facts->newest.status.phase >= PHASE_PROGRESSING && release_is_open(&facts->newest) &&
	    !facts->is_deleted)
		broken(walk,
		       "clients sent to a primary without a ready pod while the canary has one");
	if (apex && backend == BACKEND_CANARY && !canary_serves && primary_serves)
		broken(walk, "clients sent to a canary without a ready pod");
	if (scale && scale->replicas > 0 && facts->newest.status.phase == PHASE_STARTING &&
	    !facts->is_deleted &&
	    (facts->apex.backend != BACKEND_PRIMARY || !is_route_known(facts) ||
	     is_routed(walk->world) || !hold))
		broken(walk, "the canary scaled up before all traffic was on the primary");
	if (!scale || scale->replicas > 0)
		return;
	if (!primary_serves)
		broken(walk, "the canary scaled down behind a primary that does not serve");
	if (facts->apex.slot.state != FACT_KNOWN || facts->apex.backend != BACKEND_PRIMARY || apex)
		broken(walk, "the canary scaled down while clients may go to it");
	if (!is_route_known(facts) || is_routed(walk->world) || !hold)
		broken(walk, "the canary scaled down before the weight held");
}

/* The primary's template is the promoted one, or the one being promoted. */
static void check_primary(struct walk *walk)
{
	const struct facts *facts = &walk->world->facts;

	for (size_t i = 0; i < walk->plan->n_effects; i++) {
		const struct effect *effect = &walk->plan->effects[i];

		if (effect->kind != EFFECT_WRITE_PRIMARY && effect->kind != EFFECT_CREATE_PRIMARY)
			continue;
		if (strcmp(effect->release_uid, facts->newest.uid) == 0 &&
		    is_promoting(facts, effect->kind))
			continue;
		if (effect->release_uid[0] != '\0' &&
		    strcmp(effect->release_uid, facts->promoted.uid) == 0)
			continue;
		broken(walk, "a template for the primary that was not promoted");
	}
}

static void check_route(struct walk *walk)
{
	const char *wrong = walk_route_check(walk->world, walk->plan);

	if (wrong)
		broken(walk, wrong);
}

/* What must end in a retreat does, in this very plan. */
static void check_retreat(struct walk *walk)
{
	const struct facts *facts = &walk->world->facts;
	const struct release_status *status = &facts->newest.status;
	const struct effect *save = find(walk->plan, EFFECT_SAVE_RELEASE, SUBJECT_RELEASES);
	const struct effect *route = find(walk->plan, EFFECT_WRITE_ROUTE, SUBJECT_ROUTE);
	bool must = false;

	if (facts->is_quarantined || facts->is_deleted || !facts->has_spec ||
	    !release_is_open(&facts->newest))
		return;
	if (is_checking(facts))
		must = (fails_now(walk->world) && !walk->world->spec.suspend) || is_newer(facts) ||
		       facts->is_moved || facts->target.slot.state == FACT_ABSENT || is_back(facts);
	if (is_checking(facts) && !walk->world->spec.suspend &&
	    is_past(facts, status->times.unmeasured_since, walk->world->spec.progress_deadline) &&
	    facts->now.ms < status->times.next_check_at.ms)
		must = true;
	if (!must)
		return;
	if (facts->releases.failures == 0 &&
	    (!save || save->status.phase != PHASE_RETREATING || !save->is_retreat))
		broken(walk, "no retreat where one is due");
	if (facts->newest.cause == CAUSE_INIT)
		return;
	if (walk->world->spec.route.weighs && facts->route.slot.failures == 0 &&
	    facts->route.slot.state != FACT_ABSENT &&
	    (route ? route->weight != 0 || route->is_mirrored : is_routed(walk->world)))
		broken(walk, "a retreat that leaves the canary its weight");
	if (walk->world->spec.route.weighs && facts->route.slot.failures == 0 && route &&
	    !route->is_retreat)
		broken(walk, "a retreat that waits");
	if (walk->world->spec.route.weighs && facts->route.slot.state == FACT_UNKNOWN &&
	    facts->route.slot.failures == 0 && !route)
		broken(walk, "a retreat that first looks");
}

/* Clients are on pods that answer, or this very plan brings them there. */
static void check_kept(struct walk *walk)
{
	const struct facts *facts = &walk->world->facts;
	const struct effect *apex = find(walk->plan, EFFECT_WRITE_SERVICE, SUBJECT_APEX);
	const struct effect *route = find(walk->plan, EFFECT_WRITE_ROUTE, SUBJECT_ROUTE);
	const struct effect *save = find(walk->plan, EFFECT_SAVE_RELEASE, SUBJECT_RELEASES);
	enum backend backend = apex ? apex->backend : facts->apex.backend;
	bool primary_serves = workload_serves(&facts->primary);
	bool canary_serves = workload_serves(&facts->target);

	if (is_cover_missing(walk->world, walk->plan))
		broken(walk, "a route that leads to no ready pod");
	if (is_first_left(walk->world, walk->plan))
		broken(walk, "clients left with a first primary that has no ready pod");
	if (is_first_hurried(walk->world, walk->plan))
		broken(walk, "clients moved before the first primary is ready, for nothing");
	/* A failed check that does not end the run is first saved. */
	if (!is_running(facts) || (save && !save->is_retreat && is_checking(facts)))
		return;
	if (facts->apex.slot.state == FACT_KNOWN && facts->apex.slot.failures == 0 &&
	    facts->primary.slot.state != FACT_UNKNOWN && facts->primary.slot.state != FACT_FAILED &&
	    backend == BACKEND_PRIMARY && !primary_serves && canary_serves)
		broken(walk, "clients left with a primary that has no ready pod");
	if (facts->apex.slot.state == FACT_KNOWN && facts->apex.slot.failures == 0 &&
	    facts->target.slot.state != FACT_UNKNOWN && facts->target.slot.state != FACT_FAILED &&
	    backend == BACKEND_CANARY && primary_serves && !canary_serves)
		broken(walk, "clients left with a canary that has no ready pod");
	if (is_strange(facts) && primary_serves && facts->route.slot.failures == 0 &&
	    facts->route.rival.edits == 0 && /* in a fight a second may pass */
	    (route ? route->weight != 0 || route->is_mirrored : is_routed(walk->world)))
		broken(walk, "requests left to what nobody analyses, beside a primary that serves");
}

/* What waits for no acknowledgement is a retreat. */
static void check_haste(struct walk *walk)
{
	const struct facts *facts = &walk->world->facts;
	const struct effect *save = find(walk->plan, EFFECT_SAVE_RELEASE, SUBJECT_RELEASES);
	bool retreats = save && save->status.phase == PHASE_RETREATING;

	if (save && !save->is_retreat && is_strange(facts) && save->status.weight.to == 0 &&
	    save->status.phase == facts->newest.status.phase && facts->newest.status.weight.to > 0)
		broken(walk, "a withdrawal that waits");
	if (facts->is_deleted || is_strange(facts) || facts->releases.failures > 0)
		return;
	if (save && save->is_retreat && !retreats)
		broken(walk, "a forward save in haste");
	for (size_t i = 0; i < walk->plan->n_effects; i++) {
		if (walk->plan->effects[i].is_retreat &&
		    ((walk->plan->effects[i].subject == SUBJECT_PRIMARY_SERVICE &&
		      !walk->world->spec.route.names_primary) ||
		     walk->plan->effects[i].subject == SUBJECT_CANARY_SERVICE))
			broken(walk, "a Service that no client uses, in haste");
		if (walk->plan->effects[i].is_retreat && !retreats &&
		    !walk_route_takes_back(walk->world, &walk->plan->effects[i]) &&
		    (!release_is_open(&facts->newest) ||
		     facts->newest.status.phase <= PHASE_STARTING ||
		     (facts->newest.status.phase == PHASE_FINALISING &&
		      live_weight(walk->world) <= cap(facts)) ||
		     (walk->world->spec.suspend && facts->newest.status.phase < PHASE_RETREATING)))
			broken(walk, "a retreat where nothing went forward");
	}
}

static void check_teardown(struct walk *walk)
{
	const char *wrong = walk_teardown_check(walk->world, walk->plan);

	if (wrong)
		broken(walk, wrong);
}

/* Guards have their say. */
static void check_guards(struct walk *walk)
{
	const struct facts *facts = &walk->world->facts;
	const struct plan *plan = walk->plan;

	for (size_t i = 0; i < plan->n_effects; i++) {
		const struct effect *effect = &plan->effects[i];

		if (effect->kind == EFFECT_NOTIFY && effect->notice.id < 0 &&
		    (facts->is_deleted || walk->world->spec.suspend || !facts->warning[0] ||
		     facts->warned_generation == facts->canary_generation))
			broken(walk, "a warning that is told twice, or of no use");
		if (facts->is_quarantined && effect->kind != EFFECT_WRITE_MIRROR &&
		    effect->kind != EFFECT_NOTIFY)
			broken(walk, "a quarantined canary moves");
		if (!facts->has_spec && effect->kind != EFFECT_WRITE_MIRROR &&
		    effect->kind != EFFECT_NOTIFY && effect->kind != EFFECT_OBSERVE &&
		    effect->kind != EFFECT_COMPARE &&
		    !(effect->kind == EFFECT_REMOVE_RELEASES && is_never_begun(facts)))
			broken(walk, "a canary without a valid spec moves");
		if (effect->kind == EFFECT_CREATE_RELEASE && facts->releases.state != FACT_KNOWN &&
		    facts->releases.state != FACT_ABSENT)
			broken(walk, "a Release beside others that may be there");
		if (effect->kind == EFFECT_CREATE_RELEASE && facts->newest.name[0] == '\0' &&
		    facts->canary.state != FACT_KNOWN)
			broken(walk, "a first Release for a Canary that was not seen");
		if (effect->kind == EFFECT_REMOVE_RELEASES && !facts->is_deleted &&
		    (release_is_open(&facts->newest) || effect->number < 10))
			broken(walk, "Releases removed that are still needed");
		if (effect->kind == EFFECT_REMOVE_RELEASES && facts->is_deleted &&
		    is_deserted(facts))
			broken(walk, "a teardown ends without pods for its clients");
		if (facts->is_deleted &&
		    ((effect->kind == EFFECT_SAVE_RELEASE &&
		      effect->status.ending != OUTCOME_CANCELLED) ||
		     effect->kind == EFFECT_MEASURE || effect->kind == EFFECT_CREATE_RELEASE ||
		     (effect->kind == EFFECT_SCALE && effect->replicas == 0)))
			broken(walk, "a deleted canary goes on");
		if (walk->world->spec.suspend && !effect_is_question(effect) &&
		    !effect->is_retreat && facts->newest.status.phase != PHASE_RETREATING &&
		    effect->kind != EFFECT_WRITE_MIRROR && effect->kind != EFFECT_NOTIFY &&
		    effect->subject != SUBJECT_APEX)
			broken(walk, "a suspended canary goes on");
		if (walk->world->spec.suspend && effect->kind == EFFECT_MEASURE)
			broken(walk, "a suspended canary is checked");
		if (effect->kind == EFFECT_CREATE_RELEASE &&
		    (facts->refusal[0] || facts->is_moved || facts->target.refusal[0] ||
		     (release_is_open(&facts->newest) && facts->newest.status.phase != PHASE_DONE)))
			broken(walk, "a run starts that must not");
		if (effect->kind == EFFECT_CREATE_RELEASE && is_by_itself(effect) &&
		    facts->newest.status.n_notices > 0 && facts->events.failures == 0 &&
		    facts->newest.status.notices[0].id > facts->notices_delivered)
			broken(walk, "a run starts before people were told how the last one ended");
		if (effect->kind == EFFECT_CREATE_RELEASE && is_by_itself(effect) &&
		    facts->primary.ready < facts->primary.replicas)
			broken(walk, "a run starts beside a primary that is not ready");
		if (effect->kind == EFFECT_MEASURE_SHARE &&
		    (walk->world->spec.strategy != STRATEGY_CANARY ||
		     facts->newest.status.weight.is_mirrored || !walk->world->spec.route.weighs))
			broken(walk, "a share asked where there is none");
		if ((effect->kind == EFFECT_MEASURE || effect->kind == EFFECT_MEASURE_SHARE) &&
		    strcmp(plan->reason, "nothing to do") == 0)
			broken(walk, "metrics asked for no reason");
		if (effect->kind == EFFECT_MEASURE &&
		    facts->now.ms < facts->newest.status.times.next_check_at.ms)
			broken(walk, "a check before it is due");
	}
	if (plan->reason[0] == '\0')
		broken(walk, "a plan without a reason");
}

/* An open run that waits says for what: an effect, a time, or an object that has to change. */
static void check_alive(struct walk *walk)
{
	const struct facts *facts = &walk->world->facts;
	const struct release_status *status = &facts->newest.status;

	if (walk->plan->n_effects > 0 || instant_is_set(walk->plan->wake))
		return;
	if (!release_is_open(&facts->newest) || facts->is_quarantined || facts->is_deleted ||
	    !facts->has_spec || walk->world->spec.suspend)
		return;
	/* Past its deadline a run only waits for a primary, in init and in a retreat. */
	if (facts->newest.cause == CAUSE_INIT || status->phase == PHASE_RETREATING ||
	    status->phase == PHASE_PROMOTING)
		return;
	broken(walk, "an open run that waits for nothing");
}

static void check(struct walk *walk)
{
	const char *what;

	walk->n_worlds++;
	walk->n_of[walk->world->spec.strategy]++;
	walk->n_effects += walk->plan->n_effects;
	check_effects(walk);
	check_served(walk);
	check_primary(walk);
	check_route(walk);
	check_retreat(walk);
	check_kept(walk);
	check_cover(walk);
	check_haste(walk);
	check_teardown(walk);
	check_guards(walk);
	check_alive(walk);
	what = walk_back_check(walk->world, walk->plan);
	if (!what)
		what = walk_back_cookies(walk->world, walk->plan);
	if (what)
		broken(walk, what);
}

/* Decide in the same world with hooks. */
static void walk_hooks(struct walk *walk, struct world *world, struct plan *plan)
{
	struct world_hooks hooks;
	const char *wrong;

	for (unsigned value = 0; value < WORLDS_HOOKS; value++) {
		(void)worlds_make(walk->number, world);
		if (!worlds_hooks_put(world, value, &hooks))
			continue;
		walk->hooks = value + 1;
		walk->n_hooks++;
		decide(&world->spec, &world->facts, plan);
		check(walk);
		wrong = walk_hooks_check(world, &hooks, plan);
		if (wrong)
			broken(walk, wrong);
	}
	walk->hooks = 0;
}

static int verdict(const struct walk *walk)
{
#ifdef GUARDS_WITHOUT
	return walk->n_broken == 0;
#else
	return walk->n_broken > 0;
#endif
}

/* In one world in eight, that have nothing in common, somebody asks for something. */
static void check_verbs(struct walk *walk, struct walk_verbs *verbs)
{
	uint64_t chance = walk->number * 0x9E3779B97F4A7C15U >> 20;
	const struct plan *plan = walk->plan;
	const char *what;

	if (chance % 8 != 0)
		return;
	what = walk_verbs_check(verbs, walk->world, chance / 8);
	if (!what)
		return;
	walk->plan = &verbs->plan;
	broken(walk, what);
	walk->plan = plan;
}

/* In another world in 32 the target refers to configs. */
static void check_configs(struct walk *walk, struct world *world, struct walk_verbs *verbs)
{
	uint64_t chance = walk->number * 0x9E3779B97F4A7C15U >> 20;
	const struct plan *plan = walk->plan;
	const char *what;

	if (chance % 32 != 1)
		return;
	walk_configs_put(world, chance / 32);
	decide(&world->spec, &world->facts, &verbs->plan);
	world->facts.target.has_configs = false;
	decide(&world->spec, &world->facts, &verbs->plain);
	world->facts.target.has_configs = true;
	walk->plan = &verbs->plan;
	walk->n_configs++;
	check(walk);
	what = walk_configs_check(world, &verbs->plan, &verbs->plain);
	if (what)
		broken(walk, what);
	walk->plan = plan;
}

/* Yet another one in 32 is as Flagger left it. */
static void check_adoption(struct walk *walk, struct world *world, struct walk_verbs *verbs)
{
	uint64_t chance = walk->number * 0x9E3779B97F4A7C15U >> 20;
	const struct plan *plan = walk->plan;
	const char *what;

	if (chance % 32 != 2)
		return;
	walk_adoption_put(world, chance / 32);
	decide(&world->spec, &world->facts, &verbs->plan);
	walk->plan = &verbs->plan;
	walk->n_adoptions++;
	what = walk_adoption_check(world, &verbs->plan);
	if (what)
		broken(walk, what);
	walk->plan = plan;
}

/* Yet another one in 32 has a Service as the target: who has no pods has none to cover for. */
static void check_service(struct walk *walk, struct world *world, struct walk_verbs *verbs)
{
	uint64_t chance = walk->number * 0x9E3779B97F4A7C15U >> 20;
	const struct plan *plan = walk->plan;
	const char *what;

	if (chance % 32 != 3 || !walk_service_put(world))
		return;
	decide(&world->spec, &world->facts, &verbs->plan);
	walk->plan = &verbs->plan;
	walk->n_services++;
	check_effects(walk);
	check_primary(walk);
	check_route(walk);
	check_retreat(walk);
	check_guards(walk);
	check_alive(walk);
	what = walk_service_check(&verbs->plan);
	if (what)
		broken(walk, what);
	walk->plan = plan;
}

/* With an argument, only every so many worlds, to the first that is broken: for mutants. */
int main(int argc, char **argv)
{
	struct effect *effects = calloc(PLAN_EFFECTS_MAX, sizeof(*effects));
	struct plan plan = {.effects = effects};
	struct world world = {0};
	struct walk walk = {.world = &world, .plan = &plan};
	struct walk_verbs verbs;
	uint64_t stride = argc > 1 ? strtoull(argv[1], NULL, 10) : STRIDE;
	uint64_t most = BROKEN_MAX;

	if (!effects || stride == 0)
		return 2;
	if (argc > 1)
		most = 1;
	walk_verbs_init(&verbs);
	for (uint64_t number = 0; number < worlds_count() && walk.n_broken < most;
	     number += stride) {
		if (!worlds_make(number, &world))
			continue;
		walk.number = number;
		/* A warning changes nothing but what is told. */
		text_copy(world.facts.warning, number % 3 ? "" : "spec.analysis.interval: not set");
		decide(&world.spec, &world.facts, &plan);
		check(&walk);
		check_verbs(&walk, &verbs);
		check_configs(&walk, &world, &verbs);
		check_adoption(&walk, &world, &verbs);
		check_service(&walk, &world, &verbs);
		if (number % HOOKS_STRIDE == 0)
			walk_hooks(&walk, &world, &plan);
	}
	printf("# %" PRIu64 " worlds with hooks\n", walk.n_hooks);
	printf("# %" PRIu64 " worlds with configs\n", walk.n_configs);
	printf("# %" PRIu64 " worlds of Flagger's\n", walk.n_adoptions);
	printf("# %" PRIu64 " worlds of Services\n", walk.n_services);
	for (enum strategy strategy = STRATEGY_CANARY; strategy <= STRATEGY_BLUE_GREEN; strategy++)
		printf("# %" PRIu64 " worlds of %s\n", walk.n_of[strategy],
		       strategy_name(strategy));
	printf("# %" PRIu64 " worlds, %" PRIu64 " effects, %" PRIu64 " broken\n", walk.n_worlds,
	       walk.n_effects, walk.n_broken);
	printf("# %" PRIu64 " of them with a verb, %" PRIu64 " carried out\n", verbs.n_worlds,
	       verbs.n_acted);
	walk_verbs_fini(&verbs);
	free(effects);
	return verdict(&walk);
}

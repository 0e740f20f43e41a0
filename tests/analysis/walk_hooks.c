#include "tests/analysis/walk_hooks.h"

#include "tests/analysis/happen.h"

#include <string.h>

static bool is_hook(const struct effect *effect)
{
	return effect->kind == EFFECT_ASK_HOOK || effect->kind == EFFECT_TELL_HOOK;
}

static bool is_checking(enum release_phase phase)
{
	return phase == PHASE_PROGRESSING || phase == PHASE_WAITING_PROMOTION;
}

/* Each call by itself is one that may be. */
static const char *check_call(const struct world *world, const struct world_hooks *hooks,
                              const struct plan *plan, size_t at)
{
	const struct facts *facts = &world->facts;
	const struct release_status *status = &facts->newest.status;
	const struct effect *effect = &plan->effects[at];
	enum hook_type type = world->spec.hooks[effect->index].type;

	if (facts->is_deleted || facts->is_quarantined || !facts->has_spec)
		return "a canary that is left alone calls hooks";
	if (effect->kind == EFFECT_TELL_HOOK)
		return type == HOOK_EVENT ? NULL : "a notice for a hook that wants none";
	for (size_t i = 0; i < at; i++) {
		if (plan->effects[i].kind == EFFECT_ASK_HOOK &&
		    world->spec.hooks[plan->effects[i].index].type == type)
			return "two hooks of one type at once";
	}
	if (type == HOOK_EVENT)
		return "an event hook asked";
	if (facts->newest.cause == CAUSE_INIT)
		return "a hook of a first Release";
	if (type == HOOK_POST_ROLLOUT)
		return status->outcome != OUTCOME_NONE && hooks->is_undone
		               ? NULL
		               : "a post-rollout hook out of place";
	if (!release_is_open(&facts->newest) || world->spec.suspend)
		return "a hook asked that nobody waits for";
	if (type == HOOK_CONFIRM_ROLLOUT)
		return status->phase <= PHASE_WAITING ? NULL : "a gate asked too late";
	if (world->spec.skip_analysis && status->phase == PHASE_STARTING)
		return "a hook asked where the analysis is skipped";
	if (hooks->is_closed || (instant_is_set(status->times.next_check_at) &&
	                         facts->now.ms < status->times.next_check_at.ms))
		return "a hook asked before it is due";
	if (type == HOOK_PRE_ROLLOUT)
		return status->phase == PHASE_STARTING ? NULL : "a pre-rollout hook out of place";
	if (type == HOOK_ROLLOUT || type == HOOK_CONFIRM_PROMOTION)
		return is_checking(status->phase) ? NULL : "a hook out of place";
	if (type == HOOK_CONFIRM_TRAFFIC_INCREASE)
		return (status->phase == PHASE_STARTING || status->phase == PHASE_PROGRESSING) &&
		                       world->spec.strategy == STRATEGY_CANARY
		               ? NULL
		               : "a gate of weights asked where none is set";
	return NULL;
}

/* A step forward has its gates open. */
static const char *check_step(const struct world *world, const struct world_hooks *hooks,
                              const struct effect *save)
{
	const struct release_status *now = &world->facts.newest.status;
	const struct release_status *next = &save->status;
	bool is_canary = world->spec.strategy == STRATEGY_CANARY;
	bool is_lowered = world->spec.route.weighs && world->facts.route.weight < now->weight.to;
	bool is_last = next->iteration > world->spec.iterations && !is_canary;

	if (world->facts.newest.cause == CAUSE_INIT || next->phase == PHASE_RETREATING)
		return NULL;
	if (now->phase <= PHASE_WAITING && next->phase > PHASE_WAITING &&
	    hooks->says[HOOK_CONFIRM_ROLLOUT] != HOOK_PASS)
		return "a run begun without leave";
	if (now->phase == PHASE_STARTING && next->phase > PHASE_STARTING &&
	    !world->spec.skip_analysis &&
	    (hooks->says[HOOK_PRE_ROLLOUT] != HOOK_PASS ||
	     hooks->says[HOOK_ROLLBACK] != HOOK_FAIL ||
	     (is_canary && hooks->says[HOOK_CONFIRM_TRAFFIC_INCREASE] != HOOK_PASS)))
		return "a first step without its hooks";
	if (!is_checking(now->phase) || is_lowered ||
	    (next->phase < PHASE_PROMOTING && next->weight.to <= now->weight.to &&
	     next->iteration <= now->iteration))
		return NULL;
	if (hooks->says[HOOK_ROLLOUT] != HOOK_PASS || hooks->says[HOOK_ROLLBACK] != HOOK_FAIL)
		return "a step without its rollout and rollback hooks";
	if (is_canary && now->phase == PHASE_PROGRESSING &&
	    hooks->says[HOOK_CONFIRM_TRAFFIC_INCREASE] != HOOK_PASS)
		return "a weight raised without leave";
	if ((next->phase == PHASE_PROMOTING ||
	     (is_last && world->spec.strategy == STRATEGY_BLUE_GREEN)) &&
	    hooks->says[HOOK_CONFIRM_PROMOTION] != HOOK_PASS)
		return "a promotion without leave";
	return NULL;
}

/* Somebody called for a rollback: this very plan is the retreat. */
static const char *check_called_back(const struct world *world, const struct world_hooks *hooks,
                                     const struct effect *save)
{
	const struct facts *facts = &world->facts;

	if (hooks->says[HOOK_ROLLBACK] != HOOK_PASS || !release_is_open(&facts->newest) ||
	    !is_checking(facts->newest.status.phase) || world->spec.suspend || facts->is_deleted ||
	    facts->is_quarantined || !facts->has_spec || facts->releases.failures > 0)
		return NULL;
	if (!save || save->status.phase != PHASE_RETREATING || !save->is_retreat)
		return "a rollback that was called for and does not come";
	return NULL;
}

/* While a gate is closed nothing is written, but what guards, readiness and the mirror ask for. */
static const char *check_closed(const struct world *world, const struct world_hooks *hooks,
                                const struct effect *save)
{
	const struct release_status *now = &world->facts.newest.status;

	if (!hooks->is_closed || !hooks->is_told || !save || save->is_retreat ||
	    save->status.times.not_ready_since.ms != now->times.not_ready_since.ms ||
	    now->n_notices > 0)
		return NULL;
	return "a closed gate that writes";
}

const char *walk_hooks_check(const struct world *world, const struct world_hooks *hooks,
                             const struct plan *plan)
{
	const struct effect *save = find_effect(plan, EFFECT_SAVE_RELEASE);
	const char *wrong = NULL;

	for (size_t i = 0; i < plan->n_effects && !wrong; i++) {
		if (is_hook(&plan->effects[i]))
			wrong = check_call(world, hooks, plan, i);
		if (!wrong && is_hook(&plan->effects[i]) && save && save->is_retreat)
			wrong = "a retreat that has time for hooks";
		if (!wrong && plan->effects[i].kind == EFFECT_CREATE_RELEASE && hooks->is_undone)
			wrong = "a run begun before the hooks of the last one were called";
	}
	if (!wrong && save && release_is_open(&world->facts.newest))
		wrong = check_step(world, hooks, save);
	if (!wrong)
		wrong = check_called_back(world, hooks, save);
	return wrong ? wrong : check_closed(world, hooks, save);
}

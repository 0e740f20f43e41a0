#include "tests/analysis/worlds_hooks.h"

#include "analysis/base/text.h"
#include "analysis/hooks.h"

#include <string.h>

#define DUE    1     /* ms ago: as in worlds.c */
#define BEFORE 20000 /* … the check in which a gate was found closed */
#define RECENT 3000

static struct instant ago(const struct world *world, int64_t ms)
{
	return instant_after(world->facts.now, span_ms(-ms));
}

static size_t index_of(enum hook_type type)
{
	return (size_t)type - 1;
}

static void put_spec(struct world *world)
{
	struct canary_spec *spec = &world->spec;

	spec->n_hooks = 0;
	for (enum hook_type type = HOOK_CONFIRM_ROLLOUT; type <= HOOK_EVENT; type++)
		spec->hooks[spec->n_hooks++] = (struct hook_spec){
			.name = "gate", .type = type, .question = 100 + (uint64_t)type};
	memset(world->facts.hooks, 0, spec->n_hooks * sizeof(world->facts.hooks[0]));
}

static uint64_t question_of(const struct world *world, enum hook_type type)
{
	const struct thought thought = {.spec = &world->spec, .facts = &world->facts};

	return hooks_question(&thought, index_of(type));
}

/* Hook TYPE answered, at the check under way. */
static void answer(struct world *world, enum hook_type type, enum hook_result result,
                   struct world_hooks *hooks)
{
	struct hook_fact *fact = &world->facts.hooks[index_of(type)];

	fact->question = question_of(world, type);
	fact->check = world->facts.newest.status.times.next_check_at;
	fact->result = result;
	text_copy(fact->text, "closed");
	hooks->says[type] = result;
}

/* All gates are open, nobody calls back. */
static void answer_all(struct world *world, struct world_hooks *hooks)
{
	for (enum hook_type type = HOOK_CONFIRM_ROLLOUT; type <= HOOK_CONFIRM_PROMOTION; type++)
		answer(world, type, HOOK_PASS, hooks);
	answer(world, HOOK_ROLLBACK, HOOK_FAIL, hooks);
}

static void record(struct world *world, enum hook_type type, enum hook_result result)
{
	struct release_status *status = &world->facts.newest.status;

	status->hooks[status->n_hooks++] = (struct hook_record){
		.type = type, .result = result, .question = question_of(world, type)};
}

/* Gate TYPE said no MS ago, in a check that passed. */
static bool refuse(struct world *world, enum hook_type type, int64_t ms, struct world_hooks *hooks)
{
	struct facts *facts = &world->facts;
	struct hook_fact *fact = &facts->hooks[index_of(type)];
	struct release_status *status = &facts->newest.status;

	if (ms == RECENT && status->phase >= PHASE_PROGRESSING &&
	    (facts->samples[0].kind != SAMPLE_VALUE || facts->samples[1].kind != SAMPLE_VALUE ||
	     facts->samples[1].value > 500))
		return false; /* it would not have been asked */
	if (!instant_is_before(status->times.next_check_at, facts->now))
		return false;
	status->times.next_check_at =
		status->phase == PHASE_WAITING ? (struct instant){0} : ago(world, BEFORE);
	if (ms == RECENT) {
		for (size_t i = 0; i < world->spec.n_checks; i++)
			facts->samples[i].check = status->times.next_check_at;
	}
	fact->question = question_of(world, type);
	fact->check = status->times.next_check_at;
	fact->refused = ago(world, ms);
	fact->result = HOOK_FAIL;
	text_copy(fact->text, "closed");
	hooks->is_closed = ms == RECENT;
	memset(hooks->says, 0, sizeof(hooks->says));
	return true;
}

static bool be_in(struct world *world, enum release_phase before, enum release_phase phase)
{
	struct release *newest = &world->facts.newest;

	if (!release_is_open(newest) || newest->cause != CAUSE_REVISION ||
	    newest->status.phase != before)
		return false;
	newest->status.phase = phase;
	if (phase == PHASE_WAITING)
		newest->status.times.started = ago(world, 100000);
	return true;
}

/* The gate said no long ago and yes just now. */
static void reopen(struct world *world, enum hook_type type, struct world_hooks *hooks)
{
	struct hook_fact *fact = &world->facts.hooks[index_of(type)];

	fact->result = HOOK_PASS;
	fact->check = instant_after(fact->refused, world->spec.interval);
	hooks->says[type] = HOOK_PASS;
}

static bool put_over(struct world *world, enum hook_result result, struct world_hooks *hooks)
{
	struct release_status *status = &world->facts.newest.status;
	struct hook_fact *fact = &world->facts.hooks[index_of(HOOK_POST_ROLLOUT)];

	if (status->outcome == OUTCOME_NONE || world->facts.newest.cause != CAUSE_REVISION)
		return false;
	status->times.finished = ago(world, RECENT);
	record(world, HOOK_POST_ROLLOUT, HOOK_PENDING);
	hooks->is_undone = true;
	hooks->says[HOOK_POST_ROLLOUT] = result;
	fact->question = question_of(world, HOOK_POST_ROLLOUT);
	fact->check = status->times.finished;
	fact->result = result;
	return true;
}

static bool put_waiting(struct world *world, unsigned value, struct world_hooks *hooks)
{
	switch (value) {
	case 5: /* just refused, the run was new; … asked again */
	case 6:
		return be_in(world, PHASE_NONE, value == 5 ? PHASE_NONE : PHASE_WAITING) &&
		       refuse(world, HOOK_CONFIRM_ROLLOUT, value == 5 ? RECENT : 10001, hooks);
	case 7: /* waits */
		hooks->is_told = true;
		return be_in(world, PHASE_NONE, PHASE_WAITING) &&
		       refuse(world, HOOK_CONFIRM_ROLLOUT, RECENT, hooks);
	case 8: /* opens */
	default:
		if (!be_in(world, PHASE_NONE, PHASE_WAITING) ||
		    !refuse(world, HOOK_CONFIRM_ROLLOUT, 10001, hooks))
			return false;
		reopen(world, HOOK_CONFIRM_ROLLOUT, hooks);
		world->facts.newest.status.times.next_check_at = (struct instant){0};
		return true;
	}
}

static bool put_gate(struct world *world, unsigned value, struct world_hooks *hooks)
{
	bool is_told = value == 10 || value == 12;
	enum hook_type type = value <= 10 ? HOOK_CONFIRM_TRAFFIC_INCREASE : HOOK_CONFIRM_PROMOTION;

	if (type == HOOK_CONFIRM_PROMOTION && is_told &&
	    !be_in(world, PHASE_PROGRESSING, PHASE_WAITING_PROMOTION))
		return false;
	if (!release_is_open(&world->facts.newest) || world->facts.newest.cause != CAUSE_REVISION ||
	    (world->facts.newest.status.phase != PHASE_PROGRESSING &&
	     world->facts.newest.status.phase != PHASE_WAITING_PROMOTION &&
	     (world->facts.newest.status.phase != PHASE_STARTING || world->spec.skip_analysis ||
	      type == HOOK_CONFIRM_PROMOTION)))
		return false;
	if (is_told)
		record(world, type, HOOK_FAIL);
	hooks->is_told =
		is_told && !instant_is_set(world->facts.newest.status.times.unmeasured_since);
	return refuse(world, type, RECENT, hooks);
}

bool worlds_hooks_put(struct world *world, unsigned value, struct world_hooks *ret)
{
	const struct release *newest = &world->facts.newest;

	*ret = (struct world_hooks){0};
	if (!world->facts.has_spec || newest->name[0] == '\0')
		return false;
	put_spec(world);
	world->facts.newest.status.n_hooks = 0;
	if (value >= 1 && value <= 4 && world->facts.now.ms < newest->status.times.next_check_at.ms)
		return false; /* nobody asked yet */
	if (newest->status.phase == PHASE_NONE)
		world->facts.newest.status.times.next_check_at = (struct instant){0};
	switch (value) {
	case 0: /* nothing asked yet */
		return true;
	case 1:
		answer_all(world, ret);
		return true;
	case 2: /* all is well, but somebody calls back */
		answer_all(world, ret);
		answer(world, HOOK_ROLLBACK, HOOK_PASS, ret);
		return true;
	case 3:
		answer_all(world, ret);
		answer(world, HOOK_ROLLOUT, HOOK_FAIL, ret);
		return true;
	case 4:
		answer_all(world, ret);
		answer(world, HOOK_PRE_ROLLOUT, HOOK_FAIL, ret);
		return true;
	case 5:
	case 6:
	case 7:
	case 8:
		return put_waiting(world, value, ret);
	case 9:
	case 10:
	case 11:
	case 12:
		return put_gate(world, value, ret);
	case 13: /* it waits for promotion, and all gates open */
		answer_all(world, ret);
		return be_in(world, PHASE_PROGRESSING, PHASE_WAITING_PROMOTION);
	case 14: /* answers to other questions count for nothing */
		answer_all(world, ret);
		for (size_t i = 0; i < world->spec.n_hooks; i++)
			world->facts.hooks[i].question++;
		memset(ret->says, 0, sizeof(ret->says));
		return true;
	case 15:
		return put_over(world, HOOK_PENDING, ret);
	case 16:
		return put_over(world, HOOK_PASS, ret);
	default:
		return put_over(world, HOOK_FAIL, ret);
	}
}

/* Hooks and gates of a run: what is done next, and why. Each row is one decision. */
#include "analysis/base/text.h"
#include "analysis/hooks.h"
#include "tests/analysis/model.h"
#include "tests/analysis/model_tell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef void given(struct model *model);

static void put_pods(struct workload_fact *workload, int replicas, int ready)
{
	workload->is_observed = true;
	workload->replicas = replicas;
	workload->total = replicas;
	workload->updated = replicas;
	workload->ready = ready;
	workload->available = ready;
}

/* On the way from one weight to the next, which holds since MS. */
static void put_step(struct model *model, int from, int to, int64_t ms)
{
	model->truth.newest.status.weight.from = from;
	model->truth.newest.status.weight.to = to;
	model->truth.route.weight = to;
	model->truth.route.since.ms = model->truth.now.ms - ms;
	model->truth.newest.status.times.next_check_at.ms = model->truth.now.ms + 5000;
}

/* The check is due since MS. */
static void put_due(struct model *model, int64_t ms)
{
	model->truth.newest.status.times.next_check_at.ms = model->truth.now.ms - ms;
}

static void put_sample(struct model *model, enum sample_kind kind, double value)
{
	model->truth.samples[0] = (struct sample_fact){
		.check = model->truth.newest.status.times.next_check_at,
		.kind = kind,
		.value = value,
		.text = "silence",
	};
}

static void put_share(struct model *model, enum sample_kind kind)
{
	model->truth.share = (struct sample_fact){
		.check = model->truth.newest.status.times.next_check_at,
		.kind = kind,
		.value = 0.25,
	};
}

/* The last hook's answer to what is asked now. */
static void put_answer(struct model *model, enum hook_result result)
{
	size_t i = model->spec.n_hooks - 1;
	struct thought thought = {.spec = &model->spec, .facts = &model->truth};

	model->truth.hooks[i] = (struct hook_fact){
		.question = hooks_question(&thought, i),
		.check = model->truth.newest.status.times.next_check_at,
		.result = result,
		.text = "no",
	};
	if (result == HOOK_FAIL)
		model->truth.hooks[i].refused = model->truth.now;
}

/* What came of the last hook, as the Release has it. */
static void put_record(struct model *model, enum hook_result result)
{
	size_t i = model->spec.n_hooks - 1;
	struct release_status *status = &model->truth.newest.status;
	struct thought thought = {.spec = &model->spec, .facts = &model->truth};

	status->hooks[status->n_hooks++] = (struct hook_record){
		.type = model->spec.hooks[i].type,
		.result = result,
		.question = hooks_question(&thought, i),
	};
}

static void progressing(struct model *model)
{
	model->truth.newest.status.phase = PHASE_PROGRESSING;
	put_step(model, 0, 20, 60000);
}

static void due(struct model *model)
{
	put_due(model, 0);
}

static void rollout(struct model *model)
{
	model_hook(model, HOOK_ROLLOUT, NULL);
}

static void overdue(struct model *model)
{
	put_due(model, 10000);
}

static void hook_no(struct model *model)
{
	put_answer(model, HOOK_FAIL);
}

static void once_failed(struct model *model)
{
	model->truth.newest.status.failed_checks = 1;
}

static void hook_yes(struct model *model)
{
	put_answer(model, HOOK_PASS);
}

static void passed(struct model *model)
{
	put_sample(model, SAMPLE_VALUE, 100);
}

static void shared(struct model *model)
{
	put_share(model, SAMPLE_VALUE);
}

static void rollback(struct model *model)
{
	model_hook(model, HOOK_ROLLBACK, NULL);
}

static void gate_increase(struct model *model)
{
	model_hook(model, HOOK_CONFIRM_TRAFFIC_INCREASE, NULL);
}

static void receiver(struct model *model)
{
	model_receiver(model, SEVERITY_INFO);
}

static void muted(struct model *model)
{
	model->spec.hooks[0].is_muted = true;
}

static void hook_was_no(struct model *model)
{
	put_record(model, HOOK_FAIL);
}

static void unmeasured(struct model *model)
{
	model->truth.newest.status.times.unmeasured_since.ms = model->truth.now.ms - 10000;
}

static void blue_green(struct model *model)
{
	model->spec.strategy = STRATEGY_BLUE_GREEN;
	model->spec.iterations = 2;
}

static void waiting_promotion(struct model *model)
{
	model->truth.newest.status.phase = PHASE_WAITING_PROMOTION;
	put_step(model, 20, 40, 60000);
}

static void gate_promotion(struct model *model)
{
	model_hook(model, HOOK_CONFIRM_PROMOTION, NULL);
}

static void second_step(struct model *model)
{
	model->truth.newest.status.phase = PHASE_PROGRESSING;
	put_step(model, 20, 40, 60000);
}

static void hook_was_yes(struct model *model)
{
	put_record(model, HOOK_PASS);
}

static void ask_reject(struct model *model)
{
	model_ask(model, VERB_REJECT, "it smells");
}

static void phase_waiting(struct model *model)
{
	model->truth.newest.status.phase = PHASE_WAITING;
}

static void gate_rollout(struct model *model)
{
	model_hook(model, HOOK_CONFIRM_ROLLOUT, NULL);
}

static void starting(struct model *model)
{
	model->truth.newest.status.phase = PHASE_STARTING;
}

static void iteration_1(struct model *model)
{
	model->truth.newest.status.iteration = 1;
}

static void iteration_2(struct model *model)
{
	model->truth.newest.status.iteration = 2;
}

static void iteration_3(struct model *model)
{
	model->truth.newest.status.iteration = 3;
}

static void ab(struct model *model)
{
	model->spec.strategy = STRATEGY_AB;
	model->spec.iterations = 2;
	model->truth.newest.status.weight.to = 100;
}

static void route_100(struct model *model)
{
	model->truth.route.weight = 100;
}

static void route_0(struct model *model)
{
	model->truth.route.weight = 0;
}

static void route_foreign(struct model *model)
{
	model->truth.route.is_ours = false;
}

static void phase_none(struct model *model)
{
	model->truth.newest.status.phase = PHASE_NONE;
}

static void hook_no_other(struct model *model)
{
	put_answer(model, HOOK_FAIL);
	model->truth.hooks[0].question++;
}

static void hook_no_once(struct model *model)
{
	put_answer(model, HOOK_FAIL);
	model->truth.hooks[0].refused.ms = model->truth.now.ms - 9999;
}

static void hook_no_earlier(struct model *model)
{
	put_answer(model, HOOK_FAIL);
	model->truth.hooks[model->spec.n_hooks - 1].refused.ms -= 5000;
}

static const struct row {
	const char *what;
	given *given[9];
	const char *plan;
	const char *because; /* how the reason begins */
	int64_t wake;        /* ms from now; 0: none */
} rows[] = {
	{"a rollout hook",
         {progressing, due, rollout},
         "ask hook 0 (Progressing); write canary status Progressing",
         "asking the rollout hooks",
         10000},
	{"… overdue",
         {progressing, overdue, rollout},
         "ask hook 0 (Progressing); measure 0; measure share; write canary status Progressing",
         "asking the rollout hooks"},
	{"… says no",
         {progressing, due, rollout, hook_no},
         "save release Progressing to 20 f1 h1 n1",
         "Halt cart.shop advancement external check gate failed no (failed check"},
	{"… says no, the second time",
         {progressing, once_failed, due, rollout, hook_no},
         "route 0!; save release Retreating rolled_back from 20 f2 h1 n3!",
         "Halt cart.shop advancement external check gate failed no"},
	{"… says yes",
         {progressing, due, rollout, hook_yes},
         "measure 0; measure share; write canary status Progressing",
         "asking the metrics"},
	{"… says yes, measured",
         {progressing, due, rollout, hook_yes, passed, shared},
         "save release Progressing from 20 to 40 seen 1 c1 h1 n1",
         "Advance cart.shop canary weight 40"},
	{"a rollback hook",
         {progressing, due, rollback},
         "ask hook 0 (Progressing); measure 0; measure share; write canary status Progressing",
         "asking the metrics"},
	{"… measured",
         {progressing, due, rollback, passed, shared},
         "ask hook 0 (Progressing); write canary status Progressing",
         "asking the hooks"},
	{"… says no",
         {progressing, due, rollback, hook_no, passed, shared},
         "save release Progressing from 20 to 40 seen 1 c1 h1 n2",
         "Advance cart.shop canary weight 40"},
	{"… says yes",
         {progressing, due, rollback, hook_yes},
         "route 0!; save release Retreating rolled_back from 20 h1 n3!",
         "Rolling back cart.shop manual webhook invoked"},
	{"a gate of the weight",
         {progressing, due, gate_increase, passed, shared},
         "ask hook 0 (Progressing); write canary status Progressing",
         "asking whether the run may go on"},
	{"… says no",
         {progressing, due, gate_increase, hook_no, passed, shared, receiver},
         "save release Progressing to 20 seen 1 c1 h1 n1 a1",
         "Halt cart.shop advancement waiting for traffic increase approval gate"},
	{"… says no, muted",
         {progressing, due, gate_increase, muted, hook_no, passed, shared, receiver},
         "save release Progressing to 20 seen 1 c1 h1 n1",
         "Halt cart.shop advancement waiting for traffic increase approval gate"},
	{"… said no before",
         {progressing, due, gate_increase, hook_was_no, hook_no, passed, shared},
         "write canary status Progressing",
         "waiting for approval: confirm-traffic-increase gate says no: no",
         10000},
	{"… said no before, and nothing was measured",
         {progressing, due, gate_increase, hook_was_no, hook_no, unmeasured},
         "save release Progressing to 20 h1",
         "Halt cart.shop advancement waiting for traffic increase approval gate",
         50000},
	{"… says yes",
         {progressing, due, gate_increase, hook_yes, passed, shared},
         "save release Progressing from 20 to 40 seen 1 c1 h1 n2",
         "Advance cart.shop canary weight 40"},
	{"… of blue/green is not asked",
         {blue_green, progressing, due, gate_increase, passed},
         "save release Progressing from 20 to 20 i1 c1 n1",
         "Advance cart.shop canary iteration 1/2"},
	{"… no more when it waits for the promotion",
         {waiting_promotion, due, gate_increase, passed, shared},
         "save release Promoting from 20 to 40 seen 1 c1 n1",
         "Copying cart.shop template spec to cart-primary.shop"},
	{"a gate of the promotion, not the last step",
         {progressing, due, gate_promotion, passed, shared},
         "save release Progressing from 20 to 40 seen 1 c1 n1",
         "Advance cart.shop canary weight 40"},
	{"a gate of the promotion",
         {second_step, due, gate_promotion, passed, shared},
         "ask hook 0 (Progressing); write canary status Progressing",
         "asking whether the run may go on"},
	{"… says no",
         {second_step, due, gate_promotion, hook_no, passed, shared, receiver},
         "save release WaitingPromotion from 20 to 40 seen 1 c1 h1 n1 a1",
         "Halt cart.shop advancement waiting for promotion approval gate"},
	{"… said no",
         {waiting_promotion, due, gate_promotion, hook_was_no, hook_no, passed, shared},
         "write canary status WaitingPromotion",
         "waiting for approval: confirm-promotion gate says no: no",
         10000},
	{"… said no, and nothing was measured",
         {waiting_promotion, due, gate_promotion, hook_was_no, hook_no, unmeasured},
         "save release WaitingPromotion from 20 to 40 h1",
         "Halt cart.shop advancement waiting for promotion approval gate",
         50000},
	{"… said yes before",
         {second_step, due, gate_promotion, hook_was_yes, hook_yes, passed, shared},
         "save release Promoting from 20 to 40 seen 1 c1 h1 n1",
         "Copying cart.shop template spec to cart-primary.shop"},
	{"… says yes",
         {second_step, due, gate_promotion, hook_yes, passed, shared},
         "save release Promoting from 20 to 40 seen 1 c1 h1 n2",
         "Copying cart.shop template spec to cart-primary.shop"},
	{"… says yes, after a wait",
         {waiting_promotion, due, gate_promotion, hook_was_no, hook_yes, passed, shared},
         "save release Promoting from 20 to 40 seen 1 c1 h1 n2",
         "Copying cart.shop template spec to cart-primary.shop"},
	{"rejected",
         {progressing, due, gate_increase, hook_was_no, hook_no, ask_reject, receiver},
         "route 0!; save release Retreating rolled_back from 20 h1 n2 a1!",
         "gate gate rejected by alice: it smells"},
	{"rejected, no gate",
         {progressing, ask_reject},
         "write canary status Progressing; answer action: no gate of cart-2 waits for an answer",
         "waiting for the next check",
         5000},
	{"rejected, a gate that was closed before a restart",
         {progressing, due, gate_increase, hook_was_no, ask_reject},
         "route 0!; save release Retreating rolled_back from 20 h1 n2!",
         "gate gate rejected by alice: it smells"},
	{"rejected, a gate that was open",
         {progressing, due, gate_increase, hook_was_yes, ask_reject},
         "measure 0; measure share; write canary status Progressing; answer action: no gate of cart-2 waits for an answer",
         "asking the metrics"},
	{"rejected while waiting",
         {phase_waiting, due, gate_rollout, hook_was_no, hook_no, ask_reject},
         "save release Retreating rolled_back h1 n2!",
         "gate gate rejected by alice: it smells"},
	{"rejected before the promotion",
         {waiting_promotion, due, gate_promotion, hook_was_no, hook_no, ask_reject},
         "route 0!; save release Retreating rolled_back from 40 h1 n2!",
         "gate gate rejected by alice: it smells"},
	{"rejected, promotion's gate in progress",
         {progressing, due, gate_promotion, hook_was_no, hook_no, ask_reject},
         "route 0!; save release Retreating rolled_back from 20 h1 n2!",
         "gate gate rejected by alice: it smells"},
	{"rejected at the first weight",
         {starting, due, gate_increase, hook_was_no, hook_no, ask_reject},
         "save release Retreating rolled_back h1 n2!",
         "gate gate rejected by alice: it smells"},
	{"rejected a rollout gate in progress",
         {progressing, due, gate_rollout, hook_was_no, hook_no, ask_reject},
         "write canary status Progressing; answer action: no gate of cart-2 waits for an answer",
         "waiting for approval: confirm-rollout gate says no: no",
         10000},
	{"blue/green: the gate of the promotion, an iteration is left",
         {blue_green, progressing, iteration_1, due, gate_promotion, passed},
         "save release Progressing from 20 to 20 i2 c1 n1",
         "Advance cart.shop canary iteration 2/2"},
	{"… all are done",
         {blue_green, progressing, iteration_2, due, gate_promotion, passed},
         "ask hook 0 (Progressing); write canary status Progressing",
         "asking whether the run may go on"},
	{"… all traffic is there",
         {blue_green, progressing, iteration_3, due, gate_promotion, passed},
         "ask hook 0 (Progressing); write canary status Progressing",
         "asking whether the run may go on"},
	{"A/B: an iteration is left",
         {ab, progressing, iteration_1, due, gate_promotion, passed, route_100, ab},
         "save release Progressing from 100 to 100 i2 c1 n1",
         "Advance cart.shop canary iteration 2/2"},
	{"waits for the promotion, as its phase says",
         {waiting_promotion, due, gate_promotion, hook_no},
         "write canary status WaitingPromotion",
         "waiting for approval: confirm-promotion gate says no: no",
         10000},
	{"… and nothing was measured, told already",
         {waiting_promotion, due, gate_promotion, receiver, hook_was_no, hook_no, unmeasured},
         "save release WaitingPromotion from 20 to 40 h1",
         "Halt cart.shop advancement waiting for promotion approval gate",
         50000},
	{"lowered: it comes back before gates are asked",
         {second_step, route_0, route_foreign, due, gate_promotion, passed, shared},
         "save release Progressing to 40 seen 1 c1 n1",
         "the route was changed to weight 0 by another writer: back to 40"},
	{"rejected before it waits",
         {phase_none, gate_rollout, hook_no, ask_reject},
         "save release Retreating rolled_back n2!",
         "gate gate rejected by alice: it smells"},
	{"another question was refused",
         {progressing, due, gate_increase, hook_no_other, passed, shared},
         "ask hook 0 (Progressing); write canary status Progressing",
         "asking whether the run may go on"},
	{"refused 9.999 s ago",
         {progressing, overdue, gate_increase, hook_was_no, hook_no_once, passed, shared},
         "write canary status Progressing",
         "waiting for approval: confirm-traffic-increase gate says no: no",
         1},
	{"two gates said no",
         {second_step, overdue, gate_increase, hook_was_no, hook_no, gate_promotion, hook_was_no,
          hook_no_earlier},
         "write canary status Progressing",
         "waiting for approval: confirm-traffic-increase gate says no: no",
         10000},
};

/* A run of v2, with the canary's pods up and clients with the primary. */
static void put(struct model *model)
{
	struct facts *facts = &model->truth;

	model_init(model);
	model_initialise(model);
	facts->now.ms += 600000;
	facts->n_releases = 2;
	facts->newest = (struct release){.number = 2,
	                                 .name = "cart-2",
	                                 .uid = "release-2",
	                                 .digest = "v2",
	                                 .cause = CAUSE_REVISION,
	                                 .target_replicas = 2,
	                                 .primary_replicas = 2};
	text_copy(facts->target.digest, "v2");
	put_pods(&facts->target, 2, 2);
	facts->target.ready_since.ms = 1;
}

static void test_rows(void **state)
{
	struct effect effects[PLAN_EFFECTS_MAX];
	struct plan plan = {.effects = effects};
	char text[MODEL_PLAN_MAX];

	for (size_t i = 0; i < array_length(rows); i++) {
		const struct row *row = &rows[i];
		struct model model;
		int64_t wake;

		put(&model);
		for (size_t j = 0; row->given[j]; j++)
			row->given[j](&model);
		decide(&model.spec, &model.truth, &plan);
		wake = instant_is_set(plan.wake) ? plan.wake.ms - model.truth.now.ms : 0;
		if (strcmp(model_tell_plan(&plan, text), row->plan) != 0 || wake != row->wake ||
		    strncmp(plan.reason, row->because, strlen(row->because)) != 0)
			fail_msg("%s: %s (%s) %d\nexpected %s (%s) %d", row->what, text,
			         plan.reason, (int)wake, row->plan, row->because, (int)row->wake);
		model_fini(&model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

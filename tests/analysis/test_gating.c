/* Hooks and gates of a run: what is done next, and why. Each row is one decision. */
#include "tests/analysis/decisions.h"
#include "tests/analysis/given_canary.h"
#include "tests/analysis/given_check.h"
#include "tests/analysis/given_hook.h"
#include "tests/analysis/given_route.h"
#include "tests/analysis/given_run.h"
#include "tests/analysis/given_verb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void rollout(struct model *model)
{
	model_hook(model, HOOK_ROLLOUT, NULL);
}

static void overdue(struct model *model)
{
	put_due(model, 10000);
}

static void hook_was_yes(struct model *model)
{
	put_record(model, HOOK_PASS);
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

static void refused_before(struct model *model)
{
	model->truth.hooks[0].refused.ms = model->truth.now.ms - 5000;
}

/* The clock was put back while it was asked. */
static void hook_no_before(struct model *model)
{
	put_answer(model, HOOK_FAIL);
	model->truth.hooks[0].refused.ms = model->truth.now.ms - 2500;
}

/* … and by more than an interval, just so, or less */
static void hook_no_behind(struct model *model)
{
	put_answer(model, HOOK_FAIL);
	model->truth.hooks[0].refused.ms = model->truth.hooks[0].check.ms - 10000;
}

static void hook_no_hardly(struct model *model)
{
	hook_no_behind(model);
	model->truth.hooks[0].refused.ms++;
}

static const struct decision_row rows[] = {
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
	{"… of blue/green is told of no weight",
         {progressing, blue_green, due, gate_increase, hook_yes, passed, shared},
         "save release Progressing from 20 to 20 seen 1 i1 c1 h1 n1",
         "Advance cart.shop canary iteration 1/2"},
	{"the gate of the promotion is told before no other step",
         {progressing, due, gate_promotion, hook_yes, passed, shared},
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
	{"… says no, and the clock went back by more than an interval",
         {progressing, due, rollback, hook_no_behind, passed, shared},
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
	{"… said no by a clock that was put back meanwhile",
         {progressing, due, gate_increase, hook_was_no, hook_no_before, passed, shared},
         "write canary status Progressing",
         "waiting for approval: confirm-traffic-increase gate says no: no",
         7500},
	{"… and by more than an interval",
         {progressing, due, gate_increase, hook_was_no, hook_no_behind, passed, shared},
         "save release Progressing to 20 h1",
         "the clock went back behind the last check"},
	{"… and by hardly less",
         {progressing, due, gate_increase, hook_was_no, hook_no_hardly, passed, shared},
         "write canary status Progressing",
         "waiting for approval: confirm-traffic-increase gate says no: no",
         1},
	{"… said yes since",
         {progressing, due, gate_increase, hook_was_no, hook_no_behind, hook_yes, passed, shared},
         "save release Progressing from 20 to 40 seen 1 c1 h1 n2",
         "Advance cart.shop canary weight 40"},
	{"… said no before, and nothing was measured",
         {progressing, due, gate_increase, hook_was_no, hook_no, unmeasured},
         "save release Progressing to 20 h1",
         "Halt cart.shop advancement waiting for traffic increase approval gate",
         50000},
	{"… says yes",
         {progressing, due, gate_increase, hook_yes, passed, shared},
         "save release Progressing from 20 to 40 seen 1 c1 h1 n2",
         "Advance cart.shop canary weight 40"},
	{"… says yes, after a no of the step before",
         {progressing, due, gate_increase, hook_yes, refused_before, passed, shared},
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

static void test_rows(void **state)
{
	decisions_check(decisions_run, rows, array_length(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

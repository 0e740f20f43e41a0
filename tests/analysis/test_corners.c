/* What few worlds come by: single functions, and decisions of which each is a row. */
#include "analysis/base/text.h"
#include "analysis/hooks.h"
#include "tests/analysis/decisions.h"
#include "tests/analysis/given_canary.h"
#include "tests/analysis/given_check.h"
#include "tests/analysis/given_hook.h"
#include "tests/analysis/given_route.h"
#include "tests/analysis/given_run.h"
#include "tests/analysis/given_workload.h"
#include "tests/analysis/happen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Wishes for one object of different kinds stand beside each other; of a save there is one. */
static void test_wishes(void **state)
{
	static const struct effect remove = {.kind = EFFECT_REMOVE_RELEASES,
	                                     .subject = SUBJECT_RELEASES};
	static const struct effect save = {.kind = EFFECT_SAVE_RELEASE,
	                                   .subject = SUBJECT_RELEASES};
	struct effect effects[PLAN_EFFECTS_MAX];
	struct plan plan = {.effects = effects};
	struct model model;
	struct thought thought = {.spec = &model.spec, .facts = &model.truth, .plan = &plan};

	decisions_run(&model);
	thought_want(&thought, &remove);
	thought_want(&thought, &save);
	thought_want(&thought, &save);
	assert_int_equal(plan.n_effects, 2);
	assert_int_equal(effects[0].kind, EFFECT_REMOVE_RELEASES);
	model_fini(&model);
}

/* What an earlier plan left in the room behind the last effect is no wish. */
static void test_room(void **state)
{
	struct effect effects[2] = {{.kind = EFFECT_WRITE_SERVICE, .subject = SUBJECT_APEX},
	                            {.kind = EFFECT_WRITE_ROUTE, .subject = SUBJECT_ROUTE}};
	struct plan plan = {.effects = effects, .n_effects = 1};

	assert_true(plan_changes(&plan, SUBJECT_APEX));
	assert_false(plan_changes(&plan, SUBJECT_ROUTE));
}

/* Two wishes for Canary.status or for a route are the same when their cookies are, too. */
static void test_same_effect(void **state)
{
	static const struct cookie some = {"cnry", "1"};
	struct effect status = {.kind = EFFECT_WRITE_MIRROR, .subject = SUBJECT_CANARY};
	struct effect route = {.kind = EFFECT_WRITE_ROUTE, .subject = SUBJECT_ROUTE};
	struct effect present = status;
	struct effect previous = status;
	struct effect primary = status;
	struct effect cookie = route;

	text_copy(present.mirror.cookies.present, "cnry=1");
	text_copy(previous.mirror.cookies.previous, "cnry=1");
	text_copy(primary.mirror.cookies.primary, "prim=1");
	cookie.cookies.canary = some;
	assert_true(effect_is_same(&status, &status));
	assert_true(effect_is_same(&cookie, &cookie));
	assert_false(effect_is_same(&status, &present));
	assert_false(effect_is_same(&status, &previous));
	assert_false(effect_is_same(&status, &primary));
	assert_false(effect_is_same(&route, &cookie));
}

/* A yes by a person's word stands beside the answers to other gates, and in the place of its own.
 */
static void test_approve(void **state)
{
	struct model model;
	struct thought thought = {.spec = &model.spec, .facts = &model.truth};
	struct release_status *status = &model.truth.newest.status;

	decisions_run(&model);
	starting(&model);
	gate_increase(&model);
	gate_promotion(&model);
	hooks_approve(&thought, status, 0);
	hooks_approve(&thought, status, 1);
	assert_int_equal(status->n_hooks, 2);
	assert_string_equal(status->hooks[0].name, model.spec.hooks[0].name);
	hooks_approve(&thought, status, 0);
	assert_int_equal(status->n_hooks, 2);
	model_fini(&model);
}

/* An undo left the target's template as it was: with that the target is back, too. */
static void test_back(void **state)
{
	struct model model;

	decisions_rest(&model);
	assert_true(facts_is_back(&model.truth));
	text_copy(model.truth.target.digest, "v2");
	assert_false(facts_is_back(&model.truth));
	text_copy(model.truth.promoted.handled, "v2");
	assert_true(facts_is_back(&model.truth));
	assert_false(facts_is_promoted(&model.truth));
	model_fini(&model);
}

static void fails_for_the_last_time(struct model *model)
{
	second_step(model);
	due(model);
	failed(model);
	once_failed(model);
}

static void check_far_ahead(struct model *model)
{
	progressing(model);
	model->truth.newest.status.times.next_check_at.ms = model->truth.now.ms + 3600000;
}

/* Whatever cannot be read of the target, traffic goes back and that is recorded. */
static void test_D_22_a_retreat_needs_no_target(void **state)
{
	static const struct decision_row needed[] = {
		{"the target is seen",
	         {fails_for_the_last_time},
	         "route 0!; save release Retreating rolled_back from 40 f2 c1 n3!",
	         "Halt cart.shop advancement success rate 50.00% < 99%"},
		{"it is not",
	         {fails_for_the_last_time, target_unknown},
	         "route 0!; save release Retreating rolled_back from 40 f2 c1 n3!; see target",
	         "Halt cart.shop advancement success rate 50.00% < 99%"},
		{"it is gone",
	         {fails_for_the_last_time, target_absent},
	         "route 0!; save release Retreating cancelled from 40 f1 n1!",
	         "deployment cart.shop was deleted"},
		{"it is refused",
	         {fails_for_the_last_time, target_refused},
	         "route 0!; save release Retreating rolled_back from 40 f2 c1 n3!",
	         "Halt cart.shop advancement success rate 50.00% < 99%"},
	};

	decisions_check(decisions_run, needed, array_length(needed));
}

static int count_checks(bool is_forgetful)
{
	static const struct model_event revision[] = {{0, apply_v2}, {0}};
	struct model model;
	int n_checks;

	model_init(&model);
	model_initialise(&model);
	model.is_forgetful = is_forgetful;
	model_run(&model, 300000, revision);
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_PROMOTED);
	n_checks = model.n_checks;
	model_fini(&model);
	return n_checks;
}

/* When the next check is due stands in the Release: an agent that starts anew before each decision
 * asks no more often. One that is far ahead is another clock's. */
static void test_D_49_a_restart_is_not_early(void **state)
{
	static const struct decision_row far[] = {
		{"more than an interval ahead",
	         {check_far_ahead},
	         "save release Progressing to 20",
	         "the next check was further ahead than one interval"},
	};

	assert_int_equal(count_checks(true), count_checks(false));
	decisions_check(decisions_run, far, array_length(far));
}

/* Defaults that were filled in make no other template; of what else is in the target, or was left
 * there by an undo, such a comparison says nothing. */
static void test_grown_template(void **state)
{
	struct model model;

	decisions_run(&model);
	target_v3(&model);
	grown(&model);
	assert_true(facts_is_newest(&model.truth));
	text_copy(model.truth.change.digest, "v4");
	assert_false(facts_is_newest(&model.truth));
	grown(&model);
	undo(&model);
	assert_false(facts_is_newest(&model.truth));
	model_fini(&model);
}

static void comparison_lost(struct model *model)
{
	text_copy(model->truth.change.digest, model->truth.target.digest);
	model->truth.change.kind = CHANGE_UNKNOWN;
}

static const struct decision_row rows[] = {
	{"copies are sent before a run",
         {starting, route_mirrored},
         "route 0",
         "the route is to give the canary weight 0"},
	{"copies are still sent at the first weight",
         {progressing, route_mirrored},
         "route 20",
         "the route is to give the canary weight 20"},
	{"an init before its first save",
         {phase_none, init, service_absent, releases_unknown},
         "write canary status Initializing; see releases",
         "New Deployment detected, starting initialization."},
	{"copies are sent again and again by another hand",
         {starting, route_mirrored, route_fought},
         "write canary status Progressing",
         "helm changes the route again and again, 5 times so far: it is put righ",
         1500},
	{"an init whose primary broke at the end",
         {finalising, init, primary_dead},
         "save release Finalising from 40 unready 1; apex service canary",
         "cart-primary.shop not ready: waiting for rollout to finish: 0 of 2 (re"},
	{"a template whose comparison came to nothing",
         {starting, target_v3, comparison_lost},
         "compare templates; write canary status Progressing",
         "whether the target has a newer revision is not known yet"},
};

static void test_rows(void **state)
{
	decisions_check(decisions_run, rows, array_length(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wishes),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_same_effect),
		cmocka_unit_test(test_approve),
		cmocka_unit_test(test_back),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_grown_template),
		cmocka_unit_test(test_D_22_a_retreat_needs_no_target),
		cmocka_unit_test(test_D_49_a_restart_is_not_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

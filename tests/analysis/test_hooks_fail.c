/*
 * Hooks that fail, hang, call back and are told (canary-controller.md, section 5), each as given,
 * when, expect. Order and gates: test_hooks.c.
 */
#include "analysis/base/text.h"
#include "tests/analysis/hooked.h"
#include "tests/analysis/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct model_event revision[] = {{0, apply_v2}, {0}};

/* A failing pre-rollout hook is a failed check, once per interval; the last one ends the run before
 * any weight. */
static void test_pre_rollout_fails(void **state)
{
	static const enum hook_type types[] = {HOOK_PRE_ROLLOUT, HOOK_POST_ROLLOUT, HOOK_NONE};
	struct model model;

	begin(&model, types);
	model.says[HOOK_PRE_ROLLOUT] = HOOK_FAIL;
	model_run(&model, 120000, revision);
	assert_string_equal(model.trace,
	                    "scale target 2\n"
	                    "status Progressing w0 i0 f0\n"
	                    "N New revision detected! Scaling up cart.shop\n"
	                    "ask pre-rollout gate (Progressing)\n"
	                    "status Progressing w0 i0 f1\n"
	                    "N Starting canary analysis for cart.shop\n"
	                    "W Halt cart.shop advancement pre-rollout check gate failed closed\n"
	                    "ask pre-rollout gate (Progressing)\n"
	                    "scale target 0\n"
	                    "status Failed w0 i0 f0\n"
	                    "ask post-rollout gate (Failed)\n"
	                    "W Halt cart.shop advancement pre-rollout check gate failed closed\n"
	                    "W Rolling back cart.shop failed checks threshold reached 2\n"
	                    "W Canary failed! Scaling down cart.shop\n"
	                    "N Post-rollout check gate passed\n");
	model_fini(&model);
}

/* A failing rollout hook fails its check; the metrics are not asked. */
static void test_rollout_fails(void **state)
{
	static const enum hook_type types[] = {HOOK_ROLLOUT, HOOK_NONE};
	struct model model;

	begin(&model, types);
	model.says[HOOK_ROLLOUT] = HOOK_FAIL;
	model_run(&model, 120000, revision);
	assert_int_equal(model.n_checks, 0);
	assert_int_equal(model.n_asked[HOOK_ROLLOUT], 2);
	assert_int_equal(model.max_weight_seen, 20);
	assert_int_equal(count(model.trace,
	                       "W Halt cart.shop advancement external check gate failed closed\n"),
	                 2);
	assert_string_equal(model.truth.mirror.phase, "Failed");
	model_fini(&model);
}

/* A rollout hook that hangs: the metrics are asked an interval later, and one that fails then is
 * the retreat. */
static void test_hang_hides_no_failure(void **state)
{
	static const enum hook_type types[] = {HOOK_ROLLOUT, HOOK_NONE};
	struct model model;

	begin(&model, types);
	model.says[HOOK_ROLLOUT] = HOOK_PENDING;
	model.success_rate = 50;
	model.spec.threshold = 1;
	model_run(&model, 20000, revision);
	assert_int_equal(model.truth.route.weight, 20);
	assert_int_equal(model.n_checks, 0);
	model_run(&model, 10000, NULL);
	assert_int_equal(model.n_checks, 1);
	assert_int_equal(model.truth.route.weight, 0);
	assert_string_equal(model.truth.mirror.phase, "Failed");
	model_fini(&model);
}

/* One that hangs while all is well holds the step, however long. */
static void test_hang_holds_the_step(void **state)
{
	static const enum hook_type each[] = {HOOK_ROLLOUT, HOOK_ROLLBACK, HOOK_PRE_ROLLOUT,
	                                      HOOK_CONFIRM_TRAFFIC_INCREASE,
	                                      HOOK_CONFIRM_PROMOTION};
	static const int weights[] = {20, 0, 0, 0, 40};

	for (size_t i = 0; i < array_length(each); i++) {
		struct model model;

		begin(&model, all);
		model.says[each[i]] = HOOK_PENDING;
		model_run(&model, 300000, revision);
		assert_int_equal(model.truth.route.weight, weights[i]);
		assert_true(release_is_open(&model.truth.newest));
		assert_int_equal(model.n_asked[each[i]], 1);
		model_fini(&model);
	}
}

/* A yes of a rollback hook is a retreat, at the next check, whatever else waits. */
static void test_rollback(void **state)
{
	static const struct model_event events[] = {{0, apply_v2}, {12000, call_back}, {0}};
	struct model model;

	begin(&model, all);
	model_run(&model, 60000, events);
	assert_string_equal(model.truth.mirror.phase, "Failed");
	assert_int_equal(model.max_weight_seen, 20);
	assert_string_equal(model.truth.newest.status.reason,
	                    "Rolling back cart.shop manual webhook invoked");
	model_fini(&model);
}

/* With skipAnalysis the run is asked for and told of, no more. */
static void test_skip_analysis(void **state)
{
	struct model model;

	begin(&model, all);
	model.spec.skip_analysis = true;
	model_run(&model, 120000, revision);
	assert_string_equal(model.trace,
	                    "ask confirm-rollout gate (Initialized)\n"
	                    "scale target 2\n"
	                    "status Progressing w0 i0 f0\n"
	                    "N Confirm-rollout check gate passed\n"
	                    "N New revision detected! Scaling up cart.shop\n"
	                    "primary release-2\n"
	                    "status Promoting w0 i0 f0\n"
	                    "N Copying cart.shop template spec to cart-primary.shop\n"
	                    "scale target 0\n"
	                    "status Succeeded w0 i0 f0\n"
	                    "ask post-rollout gate (Succeeded)\n"
	                    "N Routing all traffic to primary\n"
	                    "N Promotion completed! Canary analysis was skipped for cart.shop\n"
	                    "N Post-rollout check gate passed\n");
	model_fini(&model);
}

/* A failing post-rollout hook is told; those behind it are skipped. */
static void test_post_rollout_fails(void **state)
{
	static const enum hook_type types[] = {HOOK_POST_ROLLOUT, HOOK_NONE};
	struct model model;

	begin(&model, types);
	model_hook(&model, HOOK_POST_ROLLOUT, "second");
	model.says[HOOK_POST_ROLLOUT] = HOOK_FAIL;
	model_run(&model, 300000, revision);
	assert_int_equal(model.n_asked[HOOK_POST_ROLLOUT], 1);
	assert_int_equal(count(model.trace, "W Post-rollout hook gate failed closed\n"), 1);
	assert_int_equal(model.truth.newest.status.hooks[0].result, HOOK_FAIL);
	assert_int_equal(model.truth.newest.status.hooks[1].result, HOOK_SKIPPED);
	assert_int_equal(model.truth.newest.status.n_notices, 0);
	model_fini(&model);
}

/* An answer counts only for the question that was asked: after an edit it is asked again. */
static void edit_gate(struct model *model)
{
	model->spec.hooks[0].question = 4711;
	model->view.hooks[0].result = HOOK_PASS; /* what the old address says */
	model->says[HOOK_CONFIRM_ROLLOUT] = HOOK_FAIL;
}

static void test_edited_gate_is_asked_again(void **state)
{
	static const enum hook_type types[] = {HOOK_CONFIRM_ROLLOUT, HOOK_NONE};
	static const struct model_event events[] = {{0, apply_v2}, {15000, edit_gate}, {0}};
	struct model model;

	begin(&model, types);
	close_gates(&model);
	model_run(&model, 60000, events);
	assert_int_equal(model.truth.newest.status.phase, PHASE_WAITING);
	model_fini(&model);
}

/* Each notice is told to each event hook, in order, once. */
static void test_events_are_told(void **state)
{
	static const enum hook_type types[] = {HOOK_EVENT, HOOK_EVENT, HOOK_NONE};
	struct model model;

	begin(&model, types);
	model.spec.hooks[1].name = "second";
	model_run(&model, 300000, revision);
	assert_int_equal(count(model.trace, "tell gate ("), count(model.trace, "\nN "));
	assert_int_equal(count(model.trace, "tell second ("), count(model.trace, "\nN "));
	assert_non_null(
		strstr(model.trace,
	               "tell gate (Progressing): New revision detected! Scaling up cart.shop\n"));
	assert_non_null(
		strstr(model.trace,
	               "tell second (Succeeded): Promotion completed! Scaling down cart.shop\n"));
	assert_int_equal(model.truth.newest.status.n_notices, 0);
	model_fini(&model);
}

/* Receivers of events that hang keep nobody waiting: neither steps nor a retreat. */
static void test_D_53_deaf_event_hooks(void **state)
{
	static const enum hook_type types[] = {HOOK_EVENT, HOOK_NONE};
	struct model deaf;
	struct model plain;

	for (int rate = 50; rate <= 100; rate += 50) {
		begin(&plain, (const enum hook_type[]){HOOK_NONE});
		plain.success_rate = rate;
		model_run(&plain, 120000, revision);
		begin(&deaf, types);
		deaf.success_rate = rate;
		deaf.says[HOOK_EVENT] = HOOK_PENDING;
		model_run(&deaf, 120000, revision);
		assert_string_equal(deaf.truth.mirror.phase, plain.truth.mirror.phase);
		assert_int_equal(deaf.truth.newest.status.times.finished.ms,
		                 plain.truth.newest.status.times.finished.ms);
		assert_true(deaf.truth.newest.status.n_notices > 0); /* kept for them */
		model_fini(&plain);
		model_fini(&deaf);
	}
}

/* Whatever hangs, a check that fails for the last time is a retreat in the same decision. */
static void test_D_53_no_hook_delays_a_retreat(void **state)
{
	for (enum hook_type type = HOOK_CONFIRM_ROLLOUT; type <= HOOK_EVENT; type++) {
		struct model model;
		int64_t at;

		begin(&model, all);
		model_run(&model, 12000, revision);
		assert_int_equal(model.truth.route.weight, 20);
		model.says[type] = HOOK_PENDING;
		model.success_rate = 50;
		model.spec.threshold = 1;
		at = model.truth.now.ms;
		model_run(&model, 22000,
		          NULL); /* a check, and an interval if a rollout hook hangs */
		assert_int_equal(model.truth.route.weight, 0);
		assert_in_range(model.truth.route.since.ms - at, 0, 22000);
		model_fini(&model);
	}
}

/* The agent starts anew before the first decision, before the second, …: the same end. */
static void test_restart_anywhere(void **state)
{
	struct model whole;
	struct model cut;

	begin(&whole, all);
	model_hook(&whole, HOOK_EVENT, "listener");
	model_run(&whole, 300000, revision);
	for (int point = 1; point <= whole.n_decisions; point++) {
		begin(&cut, all);
		model_hook(&cut, HOOK_EVENT, "listener");
		cut.restart_at = point;
		model_run(&cut, 300000, revision);
		assert_string_equal(cut.truth.mirror.phase, "Succeeded");
		assert_int_equal(cut.truth.newest.number, 2);
		assert_int_equal(cut.max_weight_seen, whole.max_weight_seen);
		assert_int_equal(cut.truth.newest.status.n_notices, 0);
		assert_int_equal(cut.truth.newest.status.hooks[0].result, HOOK_PASS);
		assert_true(cut.n_asked[HOOK_POST_ROLLOUT] >= 1);
		model_fini(&cut);
	}
	model_fini(&whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pre_rollout_fails),
		cmocka_unit_test(test_rollout_fails),
		cmocka_unit_test(test_hang_hides_no_failure),
		cmocka_unit_test(test_hang_holds_the_step),
		cmocka_unit_test(test_rollback),
		cmocka_unit_test(test_skip_analysis),
		cmocka_unit_test(test_post_rollout_fails),
		cmocka_unit_test(test_edited_gate_is_asked_again),
		cmocka_unit_test(test_events_are_told),
		cmocka_unit_test(test_D_53_deaf_event_hooks),
		cmocka_unit_test(test_D_53_no_hook_delays_a_retreat),
		cmocka_unit_test(test_restart_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Hooks and gates (canary-controller.md, section 5), each as given, when, expect: which are asked,
 * in which order and phase, what people are told, and that nobody waits for them who must not.
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

/* Appendix B, the event sequence with a hook of each type: order and phases. */
static const char trace_all[] =
	"ask confirm-rollout gate (Initialized)\n"
	"scale target 2\n"
	"status Progressing w0 i0 f0\n"
	"N Confirm-rollout check gate passed\n"
	"N New revision detected! Scaling up cart.shop\n"
	"ask rollback gate (Progressing)\n"
	"ask pre-rollout gate (Progressing)\n"
	"ask confirm-traffic-increase gate (Progressing)\n"
	"route 20\n"
	"status Progressing w20 i0 f0\n"
	"N Starting canary analysis for cart.shop\n"
	"N Rollback hook gate not signaling a rollback\n"
	"N Pre-rollout check gate passed\n"
	"N Confirm-traffic-increase check gate passed\n"
	"N Advance cart.shop canary weight 20\n"
	"ask rollback gate (Progressing)\n"
	"ask rollout gate (Progressing)\n"
	"ask confirm-traffic-increase gate (Progressing)\n"
	"route 40\n"
	"status Progressing w40 i0 f0\n"
	"N Confirm-traffic-increase check gate passed\n"
	"N Advance cart.shop canary weight 40\n"
	"ask rollback gate (Progressing)\n"
	"ask rollout gate (Progressing)\n"
	"ask confirm-traffic-increase gate (Progressing)\n"
	"ask confirm-promotion gate (Progressing)\n"
	"primary release-2\n"
	"status Promoting w40 i0 f0\n"
	"N Confirm-traffic-increase check gate passed\n"
	"N Confirm-promotion check gate passed\n"
	"N Copying cart.shop template spec to cart-primary.shop\n"
	"route 0\n"
	"status Finalising w0 i0 f0\n"
	"N Routing all traffic to primary\n"
	"scale target 0\n"
	"status Succeeded w0 i0 f0\n"
	"ask post-rollout gate (Succeeded)\n"
	"N Promotion completed! Scaling down cart.shop\n"
	"N Post-rollout check gate passed\n";

static void test_all_in_order(void **state)
{
	struct model model;

	begin(&model, all);
	model_run(&model, 300000, revision);
	assert_string_equal(model.trace, trace_all);
	assert_int_equal(model.n_unserved, 0);
	model_fini(&model);
}

/* What the payload's checksum is made of: the template and what its configs hold. */
static void test_asked_of_template_and_configs(void **state)
{
	struct effect effects[PLAN_EFFECTS_MAX];
	struct plan plan = {.effects = effects};
	struct model model;

	begin(&model, all);
	model_run(&model, 60000, revision);
	text_copy(model.truth.newest.configs, "c2");
	model.truth.newest.status.phase = PHASE_NONE;
	model.truth.newest.status.outcome = OUTCOME_NONE;
	memset(model.truth.hooks, 0, sizeof(model.truth.hooks));
	decide(&model.spec, &model.truth, &plan);
	for (size_t i = 0; i < plan.n_effects; i++) {
		if (effects[i].kind != EFFECT_ASK_HOOK)
			continue;
		assert_string_equal(effects[i].digest, model.truth.newest.digest);
		assert_string_equal(effects[i].configs, "c2");
		model_fini(&model);
		return;
	}
	fail_msg("no hook is asked: %s", plan.reason);
}

/* A gate that is closed for a while, then opened. */
static void open_gates(struct model *model)
{
	model->says[HOOK_CONFIRM_ROLLOUT] = HOOK_PASS;
	model->says[HOOK_CONFIRM_PROMOTION] = HOOK_PASS;
	model->says[HOOK_CONFIRM_TRAFFIC_INCREASE] = HOOK_PASS;
}

/* A closed confirm-rollout gate: phase Waiting, asked once per interval, nothing moves and nothing
 * is written. */
static void test_waits_for_approval(void **state)
{
	static const enum hook_type types[] = {HOOK_CONFIRM_ROLLOUT, HOOK_NONE};
	static const struct model_event opened[] = {{0, open_gates}, {0}};
	struct model model;
	int n_saves;

	begin(&model, types);
	close_gates(&model);
	model_run(&model, 5000, revision);
	assert_string_equal(model.trace,
	                    "ask confirm-rollout gate (Initialized)\n"
	                    "status Waiting w0 i0 f0\n"
	                    "W Halt cart.shop advancement waiting for approval gate\n");
	n_saves = model.n_saves;
	model_run(&model, 600000, NULL);
	assert_int_equal(model.n_saves, n_saves);
	assert_in_range(model.n_asked[HOOK_CONFIRM_ROLLOUT], 60, 62);
	assert_int_equal(model.truth.target.replicas, 0);
	assert_int_equal(model.truth.newest.status.phase, PHASE_WAITING);
	assert_string_equal(model.truth.newest.status.reason,
	                    "Halt cart.shop advancement waiting for approval gate");
	assert_int_equal(model.truth.newest.status.n_hooks, 1);
	assert_int_equal(model.truth.newest.status.hooks[0].result, HOOK_FAIL);
	model.trace[0] = '\0';
	model_run(&model, 300000, opened);
	assert_non_null(strstr(model.trace,
	                       "ask confirm-rollout gate (Waiting)\n"
	                       "scale target 2\n"
	                       "status Progressing w0 i0 f0\n"
	                       "N Confirm-rollout check gate passed\n"
	                       "N New revision detected! Scaling up cart.shop\n"));
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	model_fini(&model);
}

/* Gates of one type are asked one after another; behind a closed one nobody is asked. */
static void test_one_after_another(void **state)
{
	struct model model;

	model_init(&model);
	model_initialise(&model);
	model_hook(&model, HOOK_CONFIRM_ROLLOUT, "first");
	model_hook(&model, HOOK_CONFIRM_ROLLOUT, "second");
	model.says[HOOK_CONFIRM_ROLLOUT] = HOOK_PENDING;
	model_run(&model, 60000, revision);
	assert_string_equal(model.trace, "ask confirm-rollout first (Initialized)\n");
	model.says[HOOK_CONFIRM_ROLLOUT] = HOOK_FAIL;
	model.hung[0] = (struct effect){0};
	model_run(&model, 60000, NULL);
	assert_null(strstr(model.trace, "second"));
	model.says[HOOK_CONFIRM_ROLLOUT] = HOOK_PASS;
	model_run(&model, 20000, NULL);
	assert_non_null(strstr(model.trace,
	                       "ask confirm-rollout first (Waiting)\n"
	                       "ask confirm-rollout second (Waiting)\n"));
	model_fini(&model);
}

/* What was reverted while it waited is over, and what is newer gets a run of its own (D-11). */
static void test_D_11_reverted_while_waiting(void **state)
{
	static const enum hook_type types[] = {HOOK_CONFIRM_ROLLOUT, HOOK_NONE};
	static const struct model_event events[] = {{0, apply_v2}, {50000, apply_v1}, {0}};
	struct model model;

	begin(&model, types);
	close_gates(&model);
	model_run(&model, 120000, events);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_CANCELLED);
	assert_int_equal(model.truth.newest.number, 2);
	model_fini(&model);
}

/* Rollback hooks are asked while a run waits, too. */
static void test_D_18_rollback_while_waiting(void **state)
{
	static const enum hook_type types[] = {HOOK_CONFIRM_ROLLOUT, HOOK_ROLLBACK,
	                                       HOOK_POST_ROLLOUT, HOOK_NONE};
	static const struct model_event events[] = {{0, apply_v2}, {50000, call_back}, {0}};
	struct model model;

	begin(&model, types);
	close_gates(&model);
	model_run(&model, 120000, events);
	assert_string_equal(model.truth.mirror.phase, "Failed");
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_ROLLED_BACK);
	assert_non_null(strstr(model.trace,
	                       "W Rollback check gate passed\n"
	                       "W Rolling back cart.shop manual webhook invoked\n"
	                       "W Canary failed! Scaling down cart.shop\n"));
	assert_non_null(strstr(model.trace, "ask post-rollout gate (Failed)\n"));
	assert_int_equal(model.max_weight_seen, 0);
	model_fini(&model);
}

/* Blue/green asks for the promotion once, before all traffic goes to the canary; with one iteration
 * the pre-rollout hooks are not called again while it waits. */
static void test_D_19_promotion_asked_once(void **state)
{
	static const struct model_event opened[] = {{0, open_gates}, {0}};
	struct model model;
	int n_checks;

	begin(&model, all);
	model.spec.strategy = STRATEGY_BLUE_GREEN;
	model.spec.iterations = 1;
	model.says[HOOK_CONFIRM_PROMOTION] = HOOK_FAIL;
	model_run(&model, 120000, revision);
	assert_string_equal(model.truth.mirror.phase, "WaitingPromotion");
	assert_int_equal(model.truth.mirror.iterations, 1);
	assert_int_equal(model.max_weight_seen, 0);
	assert_int_equal(model.n_asked[HOOK_PRE_ROLLOUT], 1);
	assert_int_equal(model.n_asked[HOOK_CONFIRM_TRAFFIC_INCREASE], 0);
	assert_in_range(model.n_asked[HOOK_CONFIRM_PROMOTION], 10, 12);
	n_checks = model.n_checks;
	assert_in_range(n_checks, 10, 12); /* once per interval, not at half that pace */
	model.n_asked[HOOK_CONFIRM_PROMOTION] = 0;
	model_run(&model, 300000, opened);
	assert_int_equal(model.n_asked[HOOK_CONFIRM_PROMOTION], 1);
	assert_int_equal(count(model.trace, "N Confirm-promotion check gate passed"), 1);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	model_fini(&model);
}

/* Waiting for promotion: told once, the counters and the weight stay, checks go on, the traffic
 * gate is not asked again, nothing is written. */
static void test_D_20_waits_for_promotion(void **state)
{
	static const struct model_event opened[] = {{0, open_gates}, {0}};
	struct model model;
	int n_saves;
	int n_traffic;

	begin(&model, all);
	model.says[HOOK_CONFIRM_PROMOTION] = HOOK_FAIL;
	model_run(&model, 60000, revision);
	assert_non_null(
		strstr(model.trace,
	               "status WaitingPromotion w40 i0 f0\n"
	               "W Halt cart.shop advancement waiting for promotion approval gate\n"));
	assert_int_equal(model.truth.route.weight, 40);
	n_saves = model.n_saves;
	n_traffic = model.n_asked[HOOK_CONFIRM_TRAFFIC_INCREASE];
	model.n_checks = 0;
	model_run(&model, 300000, NULL);
	assert_int_equal(model.n_saves, n_saves);
	assert_int_equal(model.n_asked[HOOK_CONFIRM_TRAFFIC_INCREASE], n_traffic);
	assert_in_range(model.n_checks, 29, 31);
	assert_int_equal(count(model.trace, "W Halt"), 1);
	model_run(&model, 60000, opened);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	model_fini(&model);
}

/* … and a check that fails meanwhile counts, and the last one is the retreat. */
static void test_fails_while_waiting(void **state)
{
	static const struct model_event failing[] = {{0, fail_checks}, {0}};
	struct model model;

	begin(&model, all);
	model.says[HOOK_CONFIRM_PROMOTION] = HOOK_FAIL;
	model_run(&model, 60000, revision);
	model_run(&model, 60000, failing);
	assert_string_equal(model.truth.mirror.phase, "Failed");
	assert_int_equal(model.truth.newest.status.failed_checks, 2);
	assert_int_equal(model.truth.route.weight, 0);
	model_fini(&model);
}

/* The traffic gate: before the first weight, each other and the promotion; told once. */
static void test_D_21_traffic_gate(void **state)
{
	static const enum hook_type types[] = {HOOK_CONFIRM_TRAFFIC_INCREASE, HOOK_NONE};
	static const struct model_event opened[] = {{0, open_gates}, {11000, close_gates}, {0}};
	static const struct model_event opened_again[] = {{0, open_gates}, {0}};
	struct model model;
	int n_saves;

	begin(&model, types);
	close_gates(&model);
	model_run(&model, 60000, revision);
	n_saves = model.n_saves;
	model_run(&model, 60000, NULL);
	assert_int_equal(model.n_saves, n_saves);
	assert_int_equal(model.max_weight_seen, 0);
	assert_int_equal(count(model.trace, "Starting canary analysis"), 1);
	assert_int_equal(
		count(model.trace,
	              "W Halt cart.shop advancement waiting for traffic increase approval gate\n"),
		1);
	model_run(&model, 100000, opened);
	assert_int_equal(model.truth.route.weight, 20);
	assert_int_equal(count(model.trace, "W Halt"), 2); /* of the next step */
	assert_string_equal(model.truth.mirror.phase, "Progressing");
	n_saves = model.n_saves;
	model.n_checks = 0;
	model_run(&model, 100000, NULL);
	assert_int_equal(model.n_saves, n_saves);
	assert_in_range(model.n_checks, 9, 11);
	model_run(&model, 100000, opened_again);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	model_fini(&model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_in_order),
		cmocka_unit_test(test_asked_of_template_and_configs),
		cmocka_unit_test(test_waits_for_approval),
		cmocka_unit_test(test_one_after_another),
		cmocka_unit_test(test_D_11_reverted_while_waiting),
		cmocka_unit_test(test_D_18_rollback_while_waiting),
		cmocka_unit_test(test_D_19_promotion_asked_once),
		cmocka_unit_test(test_D_20_waits_for_promotion),
		cmocka_unit_test(test_fails_while_waiting),
		cmocka_unit_test(test_D_21_traffic_gate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What happens between the decision to promote and its end, and cannot undo it. */
#include "analysis/base/text.h"
#include "tests/analysis/happen.h"
#include "tests/analysis/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Promoting, with the primary's new pods on their way. */
static void begin(struct model *model)
{
	static const struct model_event revision[] = {{0, apply_v2}, {0}};

	model_init(model);
	model_initialise(model);
	model_run(model, 500, revision);
	for (int i = 0; i < 200 && strcmp(model->truth.mirror.phase, "Promoting") != 0; i++)
		model_run(model, 500, NULL);
	assert_string_equal(model->truth.mirror.phase, "Promoting");
	assert_int_equal(model->truth.route.weight, 40);
}

/* The canary's pods are asked nothing any more: only the primary's readiness counts. */
static void test_D_56_a_canary_that_breaks_in_promoting(void **state)
{
	struct model model;

	begin(&model);
	model.truth.target.ready = 0;
	model.truth.target.available = 0;
	model.success_rate = 0;
	model_run(&model, 300000, NULL);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_PROMOTED);
	model_fini(&model);
}

/* Somebody takes the weight off: the next step is told by the Release, not by the live weight. */
static void test_D_12_weight_0_in_promoting(void **state)
{
	struct model model;

	begin(&model);
	model.truth.route.weight = 0;
	model_run(&model, 300000, NULL);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_PROMOTED);
	model_fini(&model);
}

/* … and an agent that finds it so after a restart goes on as well. */
static void test_D_12_weight_0_after_a_restart(void **state)
{
	struct model model;

	begin(&model);
	model.truth.route.weight = 0;
	model.restart_at = model.n_decisions + 1;
	model_run(&model, 300000, NULL);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	model_fini(&model);
}

/* stepWeightPromotion ------------------------------------------------------------------------- */

/* Promoting at weight 40, and the requests come back in steps of 15. */
static void begin_steps(struct model *model)
{
	begin(model);
	model->spec.step_weight_promotion = 15;
	model->trace[0] = '\0';
}

static void run_to_weight(struct model *model, int weight)
{
	for (int i = 0; i < 400 && model->truth.route.weight != weight; i++)
		model_run(model, 500, NULL);
	assert_int_equal(model->truth.route.weight, weight);
}

/* The weights that were written, in their order. */
static void assert_written(const struct model *model, const char *wanted)
{
	char got[256] = "";

	for (const char *at = model->trace; (at = strstr(at, "route ")); at++) {
		if (at > model->trace && at[-1] != '\n')
			continue;
		(void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "%.*s ",
		               (int)strcspn(at + 6, "\n"), at + 6);
	}
	assert_string_equal(got, wanted);
}

static void test_steps_back(void **state)
{
	struct model model;
	int64_t last;

	begin_steps(&model);
	run_to_weight(&model, 25);
	assert_string_equal(model.truth.mirror.phase, "Promoting");
	assert_int_equal(model.truth.mirror.weight, 25);
	last = model.truth.newest.status.times.next_check_at.ms;
	model_run(&model, last - model.truth.now.ms - 1, NULL);
	assert_int_equal(model.truth.route.weight, 25); /* one an interval */
	model_run(&model, 200000, NULL);
	assert_written(&model, "25 10 0 ");
	assert_non_null(strstr(model.trace, "Advance cart.shop primary weight 75\n"));
	assert_non_null(strstr(model.trace, "Advance cart.shop primary weight 90\n"));
	assert_non_null(strstr(model.trace, "Advance cart.shop primary weight 100\n"));
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	assert_int_equal(model.n_unserved, 0);
	model_fini(&model);
}

/* Where it stands is told by the Release and the route alone. */
static void test_steps_back_with_a_restart_before_each_decision(void **state)
{
	struct model model;

	begin_steps(&model);
	model.is_forgetful = true;
	model_run(&model, 200000, NULL);
	assert_written(&model, "25 10 0 ");
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	model_fini(&model);
}

/* … half-way through a step as well: saved, and not written yet. */
static void test_a_step_back_that_was_saved_alone(void **state)
{
	struct model model;

	begin_steps(&model);
	run_to_weight(&model, 25);
	model.truth.route.weight = 40;
	model.restart_at = model.n_decisions + 1;
	model.trace[0] = '\0';
	model_run(&model, 200000, NULL);
	assert_written(&model, "25 10 0 ");
	model_fini(&model);
}

/* A primary that breaks half-way gets no more; past its deadline the promotion has failed. */
static void test_a_primary_that_breaks_between_steps_back(void **state)
{
	struct model model;

	begin_steps(&model);
	run_to_weight(&model, 25);
	model.truth.primary.ready = 1;
	model.truth.primary.available = 1;
	model.trace[0] = '\0';
	model_run(&model, model.spec.progress_deadline.ms - 5000, NULL);
	assert_written(&model, "");
	assert_string_equal(model.truth.mirror.phase, "Promoting");
	model_run(&model, 400000, NULL);
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_FAILED_PROMOTION);
	assert_int_equal(model.truth.route.weight, 0);
	assert_int_equal(model.n_unserved, 0);
	model_fini(&model);
}

/* … and when it is well again, the steps go on. The deadline begins anew with the next trouble. */
static void test_a_primary_that_recovers_between_steps_back(void **state)
{
	struct model model;

	begin_steps(&model);
	for (int weight = 25; weight > 0; weight -= 15) {
		run_to_weight(&model, weight);
		model.truth.primary.available = 1;
		model_run(&model, model.spec.progress_deadline.ms - 5000, NULL);
		assert_int_equal(model.truth.route.weight, weight);
		assert_string_equal(model.truth.mirror.phase, "Promoting");
		model.truth.primary.available = 2;
	}
	model_run(&model, 200000, NULL);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	model_fini(&model);
}

/* Capacity first: a primary that is smaller than when the run began gets its pods back. */
static void test_steps_back_wait_for_the_capacity(void **state)
{
	struct model model;

	begin_steps(&model);
	run_to_weight(&model, 25);
	assert_int_equal(model.truth.newest.primary_replicas, 2);
	model.truth.primary.replicas = model.truth.primary.updated = 1;
	model.truth.primary.total = model.truth.primary.ready = model.truth.primary.available = 1;
	model.trace[0] = '\0';
	model_run(&model, 200000, NULL);
	assert_non_null(strstr(model.trace, "scale primary 2\n"));
	assert_true(strstr(model.trace, "scale primary 2\n") < strstr(model.trace, "route 10\n"));
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	model_fini(&model);
}

/* The number of pods is an autoscaler's to say: it is waited for, within what it may give. */
static void test_steps_back_wait_for_an_autoscaler(void **state)
{
	static const struct {
		int pods;
		int most;
		bool is_gone;
		bool steps;
	} rows[] = {
		{1, 5, false, false}, /* told to give two, and has not yet */
		{2, 5, false, true},
		{1, 1, false, true}, /* it never will */
		{1, 5, true, true},  /* nobody will */
	};
	struct effect effects[PLAN_EFFECTS_MAX];
	struct model model;

	begin_steps(&model);
	run_to_weight(&model, 25);
	model.spec.scaler_kind = SCALER_HPA;
	model.spec.scaler = "cart";
	model.spec.primary_scaler = "cart-primary";
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct plan plan = {.effects = effects};
		struct facts facts = model.truth;
		bool steps = false;

		facts.now = facts.newest.status.times.next_check_at;
		facts.scaler = (struct scaler_fact){
			.slot.state = FACT_KNOWN, .primary_least = 1, .primary_most = rows[i].most};
		facts.primary_scaler = (struct scaler_fact){.slot.state = FACT_KNOWN,
		                                            .least = 2,
		                                            .most = rows[i].most,
		                                            .is_exact = true};
		if (rows[i].is_gone)
			facts.scaler.slot.state = FACT_ABSENT;
		facts.primary.replicas = facts.primary.updated = facts.primary.total = rows[i].pods;
		facts.primary.ready = facts.primary.available = rows[i].pods;
		decide(&model.spec, &facts, &plan);
		for (size_t j = 0; j < plan.n_effects; j++) {
			assert_false(effects[j].kind == EFFECT_SCALE &&
			             effects[j].subject == SUBJECT_PRIMARY);
			steps |= effects[j].kind == EFFECT_SAVE_RELEASE;
		}
		assert_int_equal(steps, rows[i].steps);
	}
	model_fini(&model);
}

/* D-12: a weight that is gone, and a canary that answers nobody, leave no step to take. */
static void test_D_12_no_step_back_is_left(void **state)
{
	struct model model;

	begin_steps(&model);
	run_to_weight(&model, 25);
	model.truth.route.weight = 0;
	model_run(&model, 6000, NULL);
	assert_int_not_equal(model.truth.newest.status.phase, PHASE_PROMOTING);
	model_run(&model, 200000, NULL);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	model_fini(&model);

	begin_steps(&model);
	run_to_weight(&model, 25);
	model.trace[0] = '\0';
	model.truth.target.ready = model.truth.target.available = 0;
	model_run(&model, 2000, NULL);
	assert_written(&model, "0 ");
	model_fini(&model);
}

/* A foreign hand's raise is taken back at once, a lowering is where the next step begins. */
static void test_D_61_foreign_weights_between_steps_back(void **state)
{
	struct model model;

	begin_steps(&model);
	run_to_weight(&model, 25);
	model.truth.route.weight = 90;
	model_run(&model, 1000, NULL);
	assert_int_equal(model.truth.route.weight, 25);
	model.truth.route.weight = 22;
	model.trace[0] = '\0';
	model_run(&model, 200000, NULL);
	assert_written(&model, "7 0 ");
	model_fini(&model);
}

/* A newer revision, or an abort, waits for no step. */
static void test_a_newer_revision_between_steps_back(void **state)
{
	static const struct model_event newer[] = {{0, apply_v3}, {0}};
	struct model model;

	begin_steps(&model);
	run_to_weight(&model, 25);
	model_run(&model, 1000, newer);
	assert_int_equal(model.truth.route.weight, 0);
	model_fini(&model);
}

/* The target went back to what was promoted before: its pods are not what was analysed. */
static void test_a_revert_between_steps_back(void **state)
{
	struct effect effects[PLAN_EFFECTS_MAX];
	struct plan plan = {.effects = effects};
	struct model model;
	struct facts facts;
	bool is_last = false;

	begin_steps(&model);
	run_to_weight(&model, 25);
	facts = model.truth;
	facts.now = facts.newest.status.times.next_check_at;
	text_copy(facts.target.digest, facts.promoted.digest);
	decide(&model.spec, &facts, &plan);
	for (size_t i = 0; i < plan.n_effects; i++)
		is_last |= effects[i].kind == EFFECT_SAVE_RELEASE &&
		           effects[i].status.phase == PHASE_FINALISING;
	assert_true(is_last);
	model_fini(&model);
}

/* What a foreign hand did to the rest of the route is put right with the weight of the step. */
static void test_D_61_drift_between_steps_back(void **state)
{
	struct model model;

	begin_steps(&model);
	run_to_weight(&model, 25);
	model.truth.route.is_exact = false;
	model.trace[0] = '\0';
	model_run(&model, 1000, NULL);
	assert_true(model.truth.route.is_exact);
	assert_written(&model, "25 ");
	model_fini(&model);
}

/* An edit of the field counts from the next step; 0 leaves none. */
static void test_stepWeightPromotion_edited(void **state)
{
	struct model model;

	begin_steps(&model);
	run_to_weight(&model, 25);
	model.spec.step_weight_promotion = 5;
	run_to_weight(&model, 20);
	model.spec.step_weight_promotion = 0;
	model_run(&model, 1000, NULL);
	assert_int_equal(model.truth.route.weight, 0);
	model_fini(&model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps_back),
		cmocka_unit_test(test_steps_back_with_a_restart_before_each_decision),
		cmocka_unit_test(test_a_step_back_that_was_saved_alone),
		cmocka_unit_test(test_a_primary_that_breaks_between_steps_back),
		cmocka_unit_test(test_a_primary_that_recovers_between_steps_back),
		cmocka_unit_test(test_steps_back_wait_for_the_capacity),
		cmocka_unit_test(test_steps_back_wait_for_an_autoscaler),
		cmocka_unit_test(test_D_12_no_step_back_is_left),
		cmocka_unit_test(test_D_61_foreign_weights_between_steps_back),
		cmocka_unit_test(test_a_newer_revision_between_steps_back),
		cmocka_unit_test(test_a_revert_between_steps_back),
		cmocka_unit_test(test_D_61_drift_between_steps_back),
		cmocka_unit_test(test_stepWeightPromotion_edited),
		cmocka_unit_test(test_D_56_a_canary_that_breaks_in_promoting),
		cmocka_unit_test(test_D_12_weight_0_in_promoting),
		cmocka_unit_test(test_D_12_weight_0_after_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

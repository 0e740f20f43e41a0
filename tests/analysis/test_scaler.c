/* Autoscalers through whole flows: whose number of pods is whose to write, and that the primary
 * keeps what it had. */
#include "tests/analysis/model_scaler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void begin(struct model *model, enum scaler_kind kind)
{
	model_init(model);
	model_autoscale(model, kind);
	model_initialise(model);
	assert_string_equal(model->truth.mirror.phase, "Initialized");
	assert_int_equal(model->truth.target.replicas, 0);
}

static void push(struct model *model)
{
	model_apply(model, "v2");
	model_run(model, 300000, NULL);
}

static void run_until(struct model *model, const char *phase)
{
	for (int i = 0; i < 600 && strcmp(model->truth.mirror.phase, phase) != 0; i++)
		model_run(model, 500, NULL);
	assert_string_equal(model->truth.mirror.phase, phase);
}

static void test_made_and_followed(void **state)
{
	struct model model;

	(void)state;
	begin(&model, SCALER_HPA);
	assert_true(model.truth.primary_scaler.is_ours);
	assert_int_equal(model.truth.primary_scaler.least, 1);
	model.truth.scaler.primary_least = 3; /* somebody edits the target's */
	model.truth.primary_scaler.is_exact = false;
	model_run(&model, 60000, NULL);
	assert_int_equal(model.truth.primary_scaler.least, 3);
	model.truth.primary_scaler.least = 7; /* … and the primary's */
	model_run(&model, 60000, NULL);
	assert_int_equal(model.truth.primary_scaler.least, 3);
	model.trace[0] = '\0';
	model_run(&model, 3600000, NULL);
	assert_string_equal(model.trace, "");
	model_fini(&model);
}

/* It had 4 pods when the run began. However little load is left, it keeps them until the run is
 * over, and no longer. */
static void check_capacity(double success_rate, const char *phase, int most)
{
	int kept = most < 4 ? most : 4;
	struct model model;

	begin(&model, SCALER_HPA);
	model.primary_load = 4;
	model_run(&model, 10000, NULL);
	model.truth.scaler.primary_most = most;
	model.truth.primary_scaler.is_exact = false;
	model.success_rate = success_rate;
	model_apply(&model, "v2");
	run_until(&model, "Progressing");
	model.primary_load = 1;
	while (strcmp(model.truth.mirror.phase, phase) != 0) {
		model_run(&model, 500, NULL);
		if (release_is_open(&model.truth.newest))
			assert_in_range(model.truth.primary.replicas, kept, 4);
	}
	model_run(&model, 60000, NULL);
	assert_int_equal(model.truth.primary_scaler.least, 1);
	assert_int_equal(model.truth.primary.replicas, 1);
	assert_int_equal(model.truth.target.replicas, 0);
	model_fini(&model);
}

static void test_capacity_is_kept(void **state)
{
	(void)state;
	check_capacity(100, "Succeeded", 10);
	check_capacity(50, "Failed", 10);
	check_capacity(100, "Succeeded", 2);
}

/* What is edited while a canary runs may need what only the canary has: it waits for the promotion.
 */
static void test_edit_waits_for_the_promotion(void **state)
{
	struct model model;

	(void)state;
	begin(&model, SCALER_HPA);
	model_apply(&model, "v2");
	run_until(&model, "Progressing");
	model.truth.primary_scaler.is_exact = false;
	model_run(&model, 15000, NULL);
	assert_string_equal(model.truth.mirror.phase, "Progressing");
	assert_false(model.truth.primary_scaler.is_exact);
	run_until(&model, "Succeeded");
	assert_true(model.truth.primary_scaler.is_exact);
	model_fini(&model);
}

/* With how many pods a canary begins is its autoscaler's to say. */
static void test_canary_begins_with_the_least(void **state)
{
	struct model model;

	(void)state;
	begin(&model, SCALER_HPA);
	model.truth.scaler.least = 3;
	push(&model);
	assert_non_null(strstr(model.trace, "scale target 3\n"));
	for (const char *at = model.trace; (at = strstr(at, "scale primary ")) != NULL; at++)
		assert_memory_equal(at, "scale primary autoscaler", 24);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	model_fini(&model);
}

/* A ScaledObject wakes a workload up unless it is told not to: first it, then the target. */
static void test_keda_is_pinned(void **state)
{
	struct model model;
	const char *end;

	(void)state;
	begin(&model, SCALER_KEDA);
	assert_true(model.truth.scaler.is_pinned);
	model_run(&model, 600000, NULL);
	assert_int_equal(model.n_woken, 0);
	model.trace[0] = '\0';
	push(&model);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_PROMOTED);
	assert_true(model.truth.scaler.is_pinned);
	assert_int_equal(model.truth.target.replicas, 0);
	assert_non_null(strstr(model.trace, "scale autoscaler 1\n"));
	end = strstr(model.trace, "scale autoscaler 0\n");
	assert_non_null(end);
	assert_null(strstr(end + 1, "scale autoscaler"));
	model_fini(&model);
}

static void test_keda_is_pinned_again(void **state)
{
	struct model model;

	(void)state;
	begin(&model, SCALER_KEDA);
	model.truth.scaler.is_pinned = false; /* somebody's apply took it off */
	model_run(&model, 60000, NULL);
	assert_true(model.truth.scaler.is_pinned);
	assert_int_equal(model.truth.target.replicas, 0);
	model_fini(&model);
}

/* At rest a primary may sleep; a run begins with one pod of it at least. */
static void test_keda_primary_that_sleeps(void **state)
{
	struct model model;

	(void)state;
	begin(&model, SCALER_KEDA);
	model.truth.scaler.least = 0;
	model.truth.scaler.primary_least = 0;
	model.truth.primary_scaler.is_exact = false;
	model_run(&model, 10000, NULL);
	assert_int_equal(model.truth.primary_scaler.least, 0);
	model.primary_load = -1;
	model_run(&model, 10000, NULL);
	assert_int_equal(model.truth.primary.replicas, 0);
	push(&model);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_PROMOTED);
	assert_int_equal(model.truth.primary_scaler.least, 0);
	model_fini(&model);
}

/* Nothing begins without it, and people are told; a retreat needs none. */
static void test_missing(void **state)
{
	struct model model;

	(void)state;
	begin(&model, SCALER_HPA);
	model_apply(&model, "v2");
	run_until(&model, "Progressing");
	model.truth.scaler.slot.state = FACT_ABSENT;
	model.success_rate = 50;
	run_until(&model, "Failed");
	assert_int_equal(model.truth.target.replicas, 0);
	model_run(&model, 60000, NULL);
	assert_string_equal(model.truth.mirror.refusal_reason, "InvalidAutoscaler");
	assert_string_equal(model.truth.mirror.refusal,
	                    "spec.autoscalerRef: HorizontalPodAutoscaler load.shop not found");
	model_apply(&model, "v3");
	model_run(&model, 60000, NULL);
	assert_int_equal(model.truth.newest.number, 2);
	model.truth.scaler.slot.state = FACT_KNOWN;
	model.success_rate = 100;
	run_until(&model, "Succeeded");
	assert_string_equal(model.truth.mirror.refusal, "");
	model_fini(&model);
}

static void test_missing_from_the_start(void **state)
{
	struct model model;

	(void)state;
	model_init(&model);
	model_autoscale(&model, SCALER_HPA);
	model.truth.scaler.slot.state = FACT_ABSENT;
	model_run(&model, 60000, NULL);
	assert_string_equal(model.truth.newest.name, "");
	assert_int_equal(model.truth.target.replicas, 2);
	assert_string_equal(model.truth.mirror.refusal_reason, "InvalidAutoscaler");
	model_fini(&model);
}

/* Somebody else's of that name is not touched, nor removed. */
static void test_foreign(void **state)
{
	struct model model;

	(void)state;
	begin(&model, SCALER_HPA);
	model.truth.primary_scaler =
		(struct scaler_fact){.slot.state = FACT_KNOWN, .least = 2, .is_foreign = true};
	model.trace[0] = '\0';
	push(&model);
	assert_int_equal(model.truth.newest.number, 1);
	assert_null(strstr(model.trace, "\nscaler "));
	assert_non_null(strstr(model.truth.mirror.refusal, "scales something else"));
	model.truth.is_deleted = true;
	model_run(&model, 120000, NULL);
	assert_int_equal(model.truth.primary_scaler.slot.state, FACT_KNOWN);
	assert_int_equal(model.truth.releases.state, FACT_ABSENT);
	model_fini(&model);
}

static void check_teardown(enum scaler_kind kind)
{
	struct model model;

	begin(&model, kind);
	model.truth.is_deleted = true;
	model_run(&model, 120000, NULL);
	assert_int_equal(model.truth.primary_scaler.slot.state, FACT_ABSENT);
	assert_int_equal(model.truth.primary.slot.state, FACT_ABSENT);
	assert_false(model.truth.scaler.is_pinned);
	assert_int_equal(model.truth.target.replicas, 2);
	assert_int_equal(model.truth.releases.state, FACT_ABSENT);
	assert_int_equal(model.n_unserved, 0);
	model_fini(&model);
}

static void test_teardown(void **state)
{
	(void)state;
	check_teardown(SCALER_HPA);
	check_teardown(SCALER_KEDA);
}

/* An agent that starts anew at each decision ends in the same place. */
static void test_forgetful(void **state)
{
	struct model model;

	(void)state;
	for (enum scaler_kind kind = SCALER_HPA; kind <= SCALER_KEDA; kind++) {
		begin(&model, kind);
		model.is_forgetful = true;
		push(&model);
		assert_string_equal(model.truth.mirror.phase, "Succeeded");
		assert_int_equal(model.truth.primary_scaler.least, 1);
		assert_int_equal(model.truth.scaler.is_pinned, kind == SCALER_KEDA);
		model_fini(&model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made_and_followed),
		cmocka_unit_test(test_capacity_is_kept),
		cmocka_unit_test(test_edit_waits_for_the_promotion),
		cmocka_unit_test(test_canary_begins_with_the_least),
		cmocka_unit_test(test_keda_is_pinned),
		cmocka_unit_test(test_keda_is_pinned_again),
		cmocka_unit_test(test_keda_primary_that_sleeps),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_missing_from_the_start),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_teardown),
		cmocka_unit_test(test_forgetful),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

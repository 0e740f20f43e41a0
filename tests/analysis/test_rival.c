/*
 * Another hand that writes the route during a run (D-61): once, it is put right as the weight in
 * force says; again and again, the writes are bounded, checks go on and people are told.
 */
#include "analysis/base/text.h"
#include "analysis/rival.h"
#include "tests/analysis/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void begin(struct model *model)
{
	model_init(model);
	model_initialise(model);
	model_apply(model, "v2");
}

/* As the agent counts it. */
static void count(struct model *model)
{
	struct rival_fact *rival = &model->truth.route.rival;

	rival->edits++;
	rival->last = model->truth.now;
	text_copy(rival->by, "helm");
	model->truth.route.is_ours = false;
}

static void raise_weight(struct model *model)
{
	model->truth.route.weight = 90;
	count(model);
}

static void touch(struct model *model)
{
	model->truth.route.is_exact = false;
	count(model);
}

/* To the weight of the step before. */
static void lower(struct model *model)
{
	model->truth.route.weight = 20;
	model->truth.route.rival.lowered_seq = model->truth.newest.status.seq;
	count(model);
}

static int n_writes(const struct model *model)
{
	int n = 0;

	for (const char *at = strstr(model->trace, "route "); at; at = strstr(at + 1, "\nroute "))
		n++;
	return n;
}

/* From its first write on the canary's weight is raised after each of ours. */
static void fight(struct model *model)
{
	begin(model);
	model_run(model, 8500, NULL);
	assert_int_equal(model->truth.route.weight, 20);
	model->trace[0] = '\0';
	model->n_checks = 0;
	model->meddles = raise_weight;
	raise_weight(model);
}

/* 3 writes at once, then after 1, 2, 4, 8, 16, 30, 30 … s: in 100 s no more than 10. No check is
 * left out, no step taken, and who does it is said once. */
static void test_D_61_two_that_fight(void **state)
{
	struct model model;
	char *told;

	fight(&model);
	model_run(&model, 100000, NULL);
	assert_in_range(n_writes(&model), 6, 10);
	assert_in_range(model.n_checks, 9, 10); /* one each 10 s */
	assert_int_equal(model.truth.newest.status.weight.to, 20);
	assert_int_equal(model.truth.newest.status.failed_checks, 0);
	told = strstr(model.trace,
	              "W Halt cart.shop advancement: helm changes the weight again and again\n");
	assert_non_null(told);
	assert_null(strstr(strchr(told, '\n'), "again and again"));
	model_fini(&model);
}

/* A canary that fails meanwhile is rolled back; its weight is taken away once a second. */
static void test_a_fight_ends_in_a_retreat(void **state)
{
	struct model model;
	int before;

	fight(&model);
	model.success_rate = 50;
	model_run(&model, 60000, NULL);
	assert_int_equal(model.truth.newest.status.phase, PHASE_RETREATING);
	assert_int_equal(model.truth.newest.status.ending, OUTCOME_ROLLED_BACK);
	before = n_writes(&model);
	model_run(&model, 10000, NULL);
	assert_in_range(n_writes(&model) - before, 8, 11);
	model.meddles = NULL;
	model_run(&model, 60000, NULL);
	assert_int_equal(model.truth.route.weight, 0);
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_ROLLED_BACK);
	model_fini(&model);
}

/* When it stops the run goes on where it was. */
static void test_a_fight_that_ends(void **state)
{
	struct model model;

	fight(&model);
	model_run(&model, 50000, NULL);
	model.meddles = NULL;
	model_run(&model, 200000, NULL);
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_PROMOTED);
	model_fini(&model);
}

/* What is no weight does not hold the run up. */
static void test_D_61_a_label_again_and_again(void **state)
{
	struct model model;

	begin(&model);
	model.meddles = touch;
	model_run(&model, 200000, NULL);
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_PROMOTED);
	assert_in_range(n_writes(&model), 6, 20);
	model_fini(&model);
}

/* Lowered to where the step came from: it waits for a check that passes, as any lowering. */
static void test_D_61_lowered_to_the_step_before(void **state)
{
	static const double rates[] = {100, 50};

	for (size_t i = 0; i < 2; i++) {
		struct model model;
		int steps = 0;

		begin(&model);
		while (model.truth.route.weight < 40 && steps++ < 60)
			model_run(&model, 1000, NULL);
		assert_int_equal(model.truth.route.weight, 40);
		model.success_rate = rates[i];
		lower(&model);
		model_run(&model, 3000, NULL);
		assert_int_equal(model.truth.route.weight, 20);
		model_run(&model, 11000, NULL);
		assert_int_equal(model.truth.newest.status.failed_checks, i == 0 ? 0 : 1);
		assert_int_equal(model.truth.route.weight, i == 0 ? 40 : 20);
		model_fini(&model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_D_61_two_that_fight),
		cmocka_unit_test(test_a_fight_ends_in_a_retreat),
		cmocka_unit_test(test_a_fight_that_ends),
		cmocka_unit_test(test_D_61_a_label_again_and_again),
		cmocka_unit_test(test_D_61_lowered_to_the_step_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

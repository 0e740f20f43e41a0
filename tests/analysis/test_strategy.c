#include "analysis/strategy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* All weights of a run, from the first step to its promotion. */
static const struct {
	const char *what;
	struct canary_spec spec;
	int weights[8]; /* ended by -1 */
} rows[] = {
	/* canary-controller.md 3.6.1, worked examples */
	{"20 to 50",
         {.strategy = STRATEGY_CANARY, .step_weight = 20, .max_weight = 50},
         {20, 40, 60, -1}},
	{"50 to 100",
         {.strategy = STRATEGY_CANARY, .step_weight = 50, .max_weight = 100},
         {50, 100, -1}},
	{"listed",
         {.strategy = STRATEGY_CANARY,
          .step_weights = {1, 2, 10, 80},
          .n_step_weights = 4,
          .max_weight = 80},
         {1, 2, 10, 80, -1}},
	{"100 as the limit of 200",
         {.strategy = STRATEGY_CANARY,
          .step_weights = {1, 2, 10, 100},
          .n_step_weights = 4,
          .max_weight = 100},
         {1, 2, 10, 100, -1}},
	{"the step after the last is at most 100",
         {.strategy = STRATEGY_CANARY, .step_weight = 40, .max_weight = 90},
         {40, 80, 100, -1}},
	{"one step",
         {.strategy = STRATEGY_CANARY, .step_weight = 100, .max_weight = 100},
         {100, -1}},
	/* maxWeight does not rule over listed weights */
	{"listed above maxWeight",
         {.strategy = STRATEGY_CANARY,
          .step_weights = {10, 60},
          .n_step_weights = 2,
          .max_weight = 5},
         {10, 60, -1}},
	/* D-14: in Flagger these stop for ever at 10; here the next higher one counts */
	{"not ascending",
         {.strategy = STRATEGY_CANARY,
          .step_weights = {10, 5, 20},
          .n_step_weights = 3,
          .max_weight = 20},
         {10, 20, -1}},
	{"twice the same",
         {.strategy = STRATEGY_CANARY,
          .step_weights = {10, 10, 20},
          .n_step_weights = 3,
          .max_weight = 20},
         {10, 20, -1}},
};

static void test_canary(void **state)
{
	for (size_t i = 0; i < array_length(rows); i++) {
		struct strategy_step step = strategy_first(&rows[i].spec);

		for (size_t j = 0; rows[i].weights[j] >= 0; j++) {
			assert_false(step.promotes);
			assert_int_equal(step.weight, rows[i].weights[j]);
			assert_int_equal(step.iteration, 0);
			step = strategy_next(&rows[i].spec, step.weight, step.iteration);
		}
		assert_true(step.promotes);
	}
}

/* stepWeights were edited: the smallest one above the present weight, never 100 at once. */
static void test_D_14_edited_step_weights(void **state)
{
	const struct canary_spec spec = {.strategy = STRATEGY_CANARY,
	                                 .step_weights = {10, 40, 70},
	                                 .n_step_weights = 3,
	                                 .max_weight = 70};

	assert_int_equal(strategy_next(&spec, 15, 0).weight, 40);
	assert_int_equal(strategy_next(&spec, 39, 0).weight, 40);
	assert_int_equal(strategy_next(&spec, 40, 0).weight, 70);
	assert_true(strategy_next(&spec, 71, 0).promotes); /* none is higher */
	assert_int_equal(strategy_next(&spec, 71, 0).weight, 71);
}

/* At or above the last weight, or past the last iteration, a run promotes; nothing hangs. */
static void test_D_15_at_or_above_the_last(void **state)
{
	const struct canary_spec canary = {
		.strategy = STRATEGY_CANARY, .step_weight = 10, .max_weight = 30};
	const struct canary_spec ab = {
		.strategy = STRATEGY_AB, .iterations = 2, .route = {.weighs = true}};
	const struct canary_spec blue_green = {.strategy = STRATEGY_BLUE_GREEN, .iterations = 2};

	assert_false(strategy_next(&canary, 29, 0).promotes);
	assert_true(strategy_next(&canary, 30, 0).promotes);
	assert_true(strategy_next(&canary, 50, 0).promotes); /* maxWeight lowered during the run */
	assert_true(strategy_next(&ab, 100, 2).promotes);
	assert_true(strategy_next(&ab, 100, 5).promotes); /* iterations lowered */
	assert_true(strategy_next(&blue_green, 0, 3).promotes);
	assert_true(strategy_next(&blue_green, 0, 7).promotes);
}

static void assert_step(struct strategy_step step, int weight, int iteration)
{
	assert_false(step.promotes);
	assert_int_equal(step.weight, weight);
	assert_int_equal(step.iteration, iteration);
}

/* The weight that the canary has is not taken away by iterations that were added meanwhile. */
static void test_edited_iterations(void **state)
{
	const struct canary_spec blue_green = {
		.strategy = STRATEGY_BLUE_GREEN, .iterations = 3, .route = {.weighs = true}};

	assert_step(strategy_next(&blue_green, 100, 2), 100, 3);
	assert_step(strategy_next(&blue_green, 0, 2), 0, 3);
}

static void test_iterations(void **state)
{
	struct canary_spec spec = {
		.strategy = STRATEGY_AB, .iterations = 2, .route = {.weighs = true}};

	/* A/B: 100 means all matching requests */
	assert_step(strategy_first(&spec), 100, 1);
	assert_step(strategy_next(&spec, 100, 1), 100, 2);
	assert_true(strategy_next(&spec, 100, 2).promotes);
	/* blue/green: nothing, then once everything */
	spec.strategy = STRATEGY_BLUE_GREEN;
	assert_step(strategy_first(&spec), 0, 1);
	assert_step(strategy_next(&spec, 0, 1), 0, 2);
	assert_step(strategy_next(&spec, 0, 2), 100, 3);
	assert_true(strategy_next(&spec, 100, 3).promotes);
	/* … with no weights to set: one silent step (appendix B) */
	spec.route.weighs = false;
	assert_step(strategy_next(&spec, 0, 2), 0, 3);
	assert_true(strategy_next(&spec, 0, 3).promotes);
}

/* D-13: copies are one step before the first weight; it cannot hang. Of blue/green: the iterations.
 */
static void test_D_13_mirror(void **state)
{
	struct canary_spec spec = {.strategy = STRATEGY_CANARY,
	                           .step_weight = 20,
	                           .max_weight = 40,
	                           .mirror = true,
	                           .route = {.weighs = true, .mirrors = true}};
	struct strategy_step step = strategy_first(&spec);

	assert_step(step, 0, 0);
	assert_true(step.is_mirrored);
	step = strategy_next(&spec, step.weight, step.iteration);
	assert_step(step, 20, 0);
	assert_false(step.is_mirrored);
	spec.strategy = STRATEGY_BLUE_GREEN;
	spec.iterations = 1;
	step = strategy_first(&spec);
	assert_step(step, 0, 1);
	assert_true(step.is_mirrored);
	step = strategy_next(&spec, step.weight, step.iteration);
	assert_step(step, 100, 2); /* then all, and no copies */
	assert_false(step.is_mirrored);
	spec.strategy = STRATEGY_AB; /* matching requests are answered by it: no copies */
	assert_false(strategy_first(&spec).is_mirrored);
}

/* stepWeightPromotion: how the requests come back. */
static void test_back(void **state)
{
	struct canary_spec spec = {.strategy = STRATEGY_CANARY, .step_weight_promotion = 20};

	assert_int_equal(strategy_back(&spec, 50), 30);
	assert_int_equal(strategy_back(&spec, 21), 1);
	assert_int_equal(strategy_back(&spec, 20), 0);
	assert_int_equal(strategy_back(&spec, 0), 0);
	spec.strategy = STRATEGY_BLUE_GREEN;
	assert_int_equal(strategy_back(&spec, 100), 80);
	spec.strategy = STRATEGY_AB; /* 100 is no share */
	assert_int_equal(strategy_back(&spec, 100), 0);
	spec = (struct canary_spec){.strategy = STRATEGY_CANARY};
	assert_int_equal(strategy_back(&spec, 50), 0);
}

static void test_names(void **state)
{
	assert_string_equal(strategy_name(STRATEGY_NONE), "");
	assert_string_equal(strategy_name(STRATEGY_CANARY), "canary");
	assert_string_equal(strategy_name(STRATEGY_AB), "ab-testing");
	assert_string_equal(strategy_name(STRATEGY_BLUE_GREEN), "blue-green");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canary),
		cmocka_unit_test(test_D_14_edited_step_weights),
		cmocka_unit_test(test_edited_iterations),
		cmocka_unit_test(test_D_15_at_or_above_the_last),
		cmocka_unit_test(test_iterations),
		cmocka_unit_test(test_D_13_mirror),
		cmocka_unit_test(test_back),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

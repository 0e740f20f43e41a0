/* What happens between the decision to promote and its end, and cannot undo it. */
#include "tests/analysis/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void apply_v2(struct model *model)
{
	model_apply(model, "v2");
}

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_D_56_a_canary_that_breaks_in_promoting),
		cmocka_unit_test(test_D_12_weight_0_in_promoting),
		cmocka_unit_test(test_D_12_weight_0_after_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What is told of a gate that a person opened or went past: not that it passed. */
#include "analysis/base/text.h"
#include "tests/analysis/happen.h"
#include "tests/analysis/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void approve(struct model *model)
{
	model_ask(model, VERB_APPROVE, "seen it");
}

static void promote_fully(struct model *model)
{
	model_ask(model, VERB_PROMOTE, "hurry");
	model->truth.action.is_full = true;
}

static void open_second(struct model *model)
{
	model->says[HOOK_CONFIRM_PROMOTION] = HOOK_PASS;
}

static const struct {
	const char *name;
	enum hook_type gate; /* which is closed */
	void (*happens)(struct model *model);
	const char *untold;
} rows[] = {
	{"a first gate is opened by hand", HOOK_CONFIRM_ROLLOUT, approve,
         "Confirm-rollout check gate passed"},
	{"a run goes past all that remains", HOOK_CONFIRM_ROLLOUT, promote_fully,
         "Confirm-rollout check gate passed"},
	{"a weight's gate is opened by hand", HOOK_CONFIRM_TRAFFIC_INCREASE, approve,
         "Confirm-traffic-increase check gate passed"},
	{"a run goes past its weight's gate", HOOK_CONFIRM_TRAFFIC_INCREASE, promote_fully,
         "Confirm-traffic-increase check gate passed"},
	{"a promotion's gate is opened by hand", HOOK_CONFIRM_PROMOTION, approve,
         "Confirm-promotion check gate passed"},
	{"a run goes past its promotion's gate", HOOK_CONFIRM_PROMOTION, promote_fully,
         "Confirm-promotion check gate passed"},
};

static void test_untold(void **state)
{
	static const struct model_event revision[] = {{0, apply_v2}, {0}};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		const struct model_event asked[] = {{0, rows[i].happens}, {0}};
		struct model model;

		print_message("row %s\n", rows[i].name);
		model_init(&model);
		model_initialise(&model);
		model_hook(&model, rows[i].gate, "gate");
		model.says[rows[i].gate] = HOOK_FAIL;
		model_run(&model, 120000, revision);
		assert_non_null(strstr(model.trace, "gate"));
		model.trace[0] = '\0';
		model_run(&model, 20000, asked);
		assert_int_equal(model.n_answers, 1);
		assert_non_null(strstr(model.trace, "alice"));
		assert_null(strstr(model.trace, rows[i].untold));
		model_fini(&model);
	}
}

/* Of two gates one is opened by hand, and one opens by itself: that one passed. */
static void test_told(void **state)
{
	static const struct model_event revision[] = {{0, apply_v2}, {0}};
	static const struct model_event asked[] = {{0, approve}, {20000, open_second}, {0}};
	struct model model;

	(void)state;
	model_init(&model);
	model_initialise(&model);
	model_hook(&model, HOOK_CONFIRM_ROLLOUT, "first");
	model_hook(&model, HOOK_CONFIRM_PROMOTION, "second");
	model.says[HOOK_CONFIRM_ROLLOUT] = HOOK_FAIL;
	model.says[HOOK_CONFIRM_PROMOTION] = HOOK_FAIL;
	model_run(&model, 60000, revision);
	model_run(&model, 300000, asked);
	assert_null(strstr(model.trace, "Confirm-rollout check first passed"));
	assert_non_null(strstr(model.trace, "Confirm-promotion check second passed"));
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	model_fini(&model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_untold),
		cmocka_unit_test(test_told),
	};

	return cmocka_run_group_tests_name("untold", tests, NULL, NULL);
}

/* A newer API server filled defaults into the target's template: it counts as what it was. */
#include "analysis/base/text.h"
#include "analysis/mirror.h"
#include "tests/analysis/happen.h"
#include "tests/analysis/model.h"
#include "tests/analysis/model_tell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The target's template grew from the newest Release's; its configs hold CONFIGS. */
static void grow(struct model *model, const char *configs)
{
	struct facts *facts = &model->truth;

	text_copy(facts->target.digest, "grown");
	text_copy(facts->change.digest, "grown");
	facts->change.kind = CHANGE_DEFAULTS;
	facts->change.slot.state = FACT_KNOWN;
	facts->target.has_configs = true;
	facts->configs.slot.state = FACT_KNOWN;
	facts->configs.slot.read_at = facts->now;
	text_copy(facts->configs.template, "grown");
	text_copy(facts->configs.digest, configs);
}

/* At rest after v1 and a run of DIGEST with CONFIGS that ended in OUTCOME. */
static void rest(struct model *model, const char *digest, const char *configs,
                 enum release_outcome outcome)
{
	static const struct model_event revision[] = {{0, apply_v2}, {0}};
	struct facts *facts = &model->truth;

	model_init(model);
	model_initialise(model);
	text_copy(facts->promoted.configs, "red");
	model_run(model, 8000, revision);
	facts->newest.status.phase = PHASE_DONE;
	facts->newest.status.outcome = outcome;
	facts->newest.status.n_notices = 0;
	facts->route.weight = 0;
	facts->newest.status.weight.to = 0;
	text_copy(facts->newest.digest, digest);
	text_copy(facts->newest.configs, configs);
}

static const struct {
	const char *name;
	const char *digest; /* of the newest Release, … */
	const char *run;    /* … and what its configs held */
	enum release_outcome outcome;
	const char *now; /* what they hold now */
	bool begins;     /* a run */
	const char *phase;
} rows[] = {
	{"superseded, and its revision is there again", "v2", "blue", OUTCOME_SUPERSEDED, "blue",
         true, "Progressing"},
	{"cancelled, and its revision is there again", "v2", "blue", OUTCOME_CANCELLED, "blue",
         true, "Succeeded"},
	{"rolled back: it was judged", "v2", "blue", OUTCOME_ROLLED_BACK, "blue", false, "Failed"},
	{"… but not with these configs", "v2", "blue", OUTCOME_ROLLED_BACK, "green", true,
         "Failed"},
	{"superseded, and what is promoted is there again", "v1", "blue", OUTCOME_SUPERSEDED, "red",
         false, "Succeeded"},
	{"superseded by other configs", "v1", "blue", OUTCOME_SUPERSEDED, "green", true,
         "Progressing"},
};

static void test_rest(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		char text[MODEL_PLAN_MAX];
		struct effect effects[PLAN_EFFECTS_MAX];
		struct plan plan = {.effects = effects};
		struct mirror mirror;
		struct model model;

		print_message("row %s\n", rows[i].name);
		rest(&model, rows[i].digest, rows[i].run, rows[i].outcome);
		grow(&model, rows[i].now);
		mirror = mirror_of(&model.spec, &model.truth);
		assert_string_equal(mirror.phase, rows[i].phase);
		text_copy(model.truth.mirror.phase, mirror.phase);
		decide(&model.spec, &model.truth, &plan);
		model_tell_plan(&plan, text);
		if ((strstr(text, "create release") != NULL) != rows[i].begins)
			fail_msg("%s: %s", text, plan.reason);
		if (!rows[i].begins && rows[i].outcome == OUTCOME_SUPERSEDED)
			assert_non_null(strstr(text, "scale target 0"));
		model_fini(&model);
	}
}

/* In a run of other configs that go back: nothing is left to analyse. */
static void test_run(void **state)
{
	static const struct model_event revision[] = {{0, apply_v2}, {0}};
	struct effect effects[PLAN_EFFECTS_MAX];
	struct plan plan = {.effects = effects};
	struct model model;
	const struct effect *save = NULL;

	(void)state;
	model_init(&model);
	model_initialise(&model);
	text_copy(model.truth.promoted.configs, "red");
	model_run(&model, 8000, revision);
	assert_int_equal(model.truth.newest.status.phase, PHASE_PROGRESSING);
	text_copy(model.truth.newest.digest, "v1");
	text_copy(model.truth.newest.configs, "blue");
	grow(&model, "red");
	decide(&model.spec, &model.truth, &plan);
	for (size_t i = 0; i < plan.n_effects; i++) {
		if (plan.effects[i].kind == EFFECT_SAVE_RELEASE)
			save = &plan.effects[i];
	}
	assert_non_null(save);
	assert_int_equal(save->status.ending, OUTCOME_CANCELLED);
	model_fini(&model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_run),
	};

	return cmocka_run_group_tests_name("grown", tests, NULL, NULL);
}

/* What an edit or a departure left: an autoscaler that is named no more, the configs that Flagger
 * looks for in the status, and who tells when configs change. */
#include "analysis/base/text.h"
#include "analysis/mirror.h"
#include "tests/analysis/model.h"
#include "tests/analysis/model_tell.h"

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

/* In a run at its first weight. */
static void begin(struct model *model)
{
	static const struct model_event revision[] = {{0, apply_v2}, {0}};

	model_init(model);
	model_initialise(model);
	model_run(model, 8000, revision);
	assert_int_equal(model->truth.newest.status.phase, PHASE_PROGRESSING);
}

static void plan_it(struct model *model, char ret[MODEL_PLAN_MAX])
{
	struct effect effects[PLAN_EFFECTS_MAX];
	struct plan plan = {.effects = effects};

	decide(&model->spec, &model->truth, &plan);
	model_tell_plan(&plan, ret);
}

/* A former autoscaler ------------------------------------------------------------------------- */

static void nothing(struct model *model)
{
	(void)model;
}

static void none(struct model *model)
{
	model->truth.former_scaler.kind = SCALER_NONE;
}

static void quarantined(struct model *model)
{
	model->truth.is_quarantined = true;
}

static void never_valid(struct model *model)
{
	model->truth.has_spec = false;
}

static void tried(struct model *model)
{
	model->truth.former_scaler.slot.failures = 7;
}

static void tried_enough(struct model *model)
{
	model->truth.former_scaler.slot.failures = 8;
}

static void retreating(struct model *model)
{
	model->truth.newest.status.phase = PHASE_RETREATING;
	model->truth.newest.status.ending = OUTCOME_ROLLED_BACK;
}

static void deleted(struct model *model)
{
	model->truth.is_deleted = true;
	model->truth.newest.status.phase = PHASE_DONE;
	model->truth.newest.status.outcome = OUTCOME_PROMOTED;
	model->truth.route.weight = 0;
}

static void test_former_scaler(void **state)
{
	static const struct {
		const char *name;
		void (*given)(struct model *model);
		bool leaves;
	} rows[] = {
		{"in a run", nothing, true},
		{"there is none", none, false},
		{"quarantined", quarantined, false},
		{"no spec was ever valid", never_valid, false},
		{"after seven failures", tried, true},
		{"after eight", tried_enough, false},
		{"a retreat comes first", retreating, false},
		{"the Canary is deleted", deleted, true},
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		char text[MODEL_PLAN_MAX];
		struct model model;

		print_message("row %s\n", rows[i].name);
		begin(&model);
		model.truth.former_scaler.kind = SCALER_HPA;
		rows[i].given(&model);
		plan_it(&model, text);
		if ((strstr(text, "remove former autoscaler") != NULL) != rows[i].leaves)
			fail_msg("%s", text);
		model_fini(&model);
	}
}

/* status.trackedConfigs ----------------------------------------------------------------------- */

static void test_tracked(void **state)
{
	static const struct {
		const char *name;
		enum release_outcome outcome;
		const char *target;  /* its template now; v1 is promoted */
		const char *tracked; /* by the newest Release */
		const char *want;
		const char *by;
	} rows[] = {
		{"in a run", OUTCOME_NONE, "v2", "of v2", "of v2", "cart-2"},
		{"rolled back", OUTCOME_ROLLED_BACK, "v2", "of v2", "of v2", "cart-2"},
		{"cancelled", OUTCOME_CANCELLED, "v1", "of v2", "of v1", "cart-1"},
		{"superseded, and back", OUTCOME_SUPERSEDED, "v1", "of v2", "of v1", "cart-1"},
		{"superseded", OUTCOME_SUPERSEDED, "v3", "of v2", "of v2", "cart-2"},
		{"rolled back, then the target too", OUTCOME_ROLLED_BACK, "v1", "of v2", "of v2",
	         "cart-2"},
		{"none is tracked any more", OUTCOME_NONE, "v2", "", "", "cart-2"},
		{"an agent of before did not say", OUTCOME_NONE, "v2", RELEASE_UNTRACKED, "live",
	         ""},
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		struct mirror mirror;
		struct model model;

		print_message("row %s\n", rows[i].name);
		begin(&model);
		text_copy(model.truth.promoted.tracked, "of v1");
		text_copy(model.truth.mirror.tracked, "live");
		text_copy(model.truth.newest.tracked, rows[i].tracked);
		text_copy(model.truth.target.digest, rows[i].target);
		model.truth.newest.status.outcome = rows[i].outcome;
		mirror = mirror_of(&model.spec, &model.truth);
		assert_string_equal(mirror.tracked, rows[i].want);
		assert_string_equal(mirror.tracked_by, rows[i].by);
		model_fini(&model);
	}
}

/* It is a reason to write the status. */
static void test_tracked_is_written(void **state)
{
	char text[MODEL_PLAN_MAX];
	struct model model;

	(void)state;
	begin(&model);
	plan_it(&model, text);
	assert_null(strstr(text, "write canary status"));
	text_copy(model.truth.newest.tracked, "of v2");
	plan_it(&model, text);
	assert_non_null(strstr(text, "write canary status"));
	text_copy(model.truth.mirror.tracked, "of v2");
	plan_it(&model, text);
	assert_null(strstr(text, "write canary status"));
	model_fini(&model);
}

/* Configs ------------------------------------------------------------------------------------- */

/* Whether they are looked at: {is_watched, is_known, ms since they were read}. */
static void test_look(void **state)
{
	static const struct {
		bool is_watched;
		bool is_known;
		int64_t since_ms;
		bool looks;
	} rows[] = {
		{false, true, 9000, false},   {false, true, 10000, true},
		{false, true, 60000, true},   {true, true, 10000, false},
		{true, true, 3600000, false}, {true, false, 0, true},
		{false, false, 0, true},
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		char text[MODEL_PLAN_MAX];
		struct config_fact *configs;
		struct model model;

		begin(&model);
		configs = &model.truth.configs;
		model.truth.target.has_configs = true;
		configs->slot.state = rows[i].is_known ? FACT_KNOWN : FACT_UNKNOWN;
		configs->slot.read_at.ms = model.truth.now.ms - rows[i].since_ms;
		configs->is_watched = rows[i].is_watched;
		text_copy(configs->template, model.truth.target.digest);
		plan_it(&model, text);
		if ((strstr(text, "see configs") != NULL) != rows[i].looks)
			fail_msg("row %zu: %s", i, text);
		model_fini(&model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_former_scaler),
		cmocka_unit_test(test_tracked),
		cmocka_unit_test(test_tracked_is_written),
		cmocka_unit_test(test_look),
	};

	return cmocka_run_group_tests_name("left", tests, NULL, NULL);
}

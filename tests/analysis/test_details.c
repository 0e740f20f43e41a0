/* What a save says beside its phase, and single questions, one bound at a time. */
#include "analysis/alert.h"
#include "analysis/base/text.h"
#include "analysis/hooks.h"
#include "analysis/outbox.h"
#include "analysis/phase/phase.h"
#include "tests/analysis/happen.h"
#include "tests/analysis/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Alerts and notices of one save are numbered upwards, and behind those of the save before. */
static void test_numbers_of_alerts(void **state)
{
	struct model model;
	struct thought thought;
	struct release_status *status;

	model_init(&model);
	model_receiver(&model, SEVERITY_INFO);
	thought = (struct thought){.spec = &model.spec, .facts = &model.truth};
	status = &model.truth.newest.status;
	status->seq = 3;
	alert_raise(&thought, status, SEVERITY_INFO, "a");
	alert_raise(&thought, status, SEVERITY_WARN, "b");
	alert_raise(&thought, status, SEVERITY_ERROR, "c");
	assert_int_equal(status->alerts[0].id, 3 * NOTICES_MAX);
	assert_int_equal(status->alerts[1].id, 3 * NOTICES_MAX + 1);
	assert_int_equal(status->alerts[2].id, 3 * NOTICES_MAX + 2);
	assert_false(status->alerts[0].is_warning);
	assert_true(status->alerts[1].is_warning);
	assert_true(status->alerts[2].is_warning);
	status->seq = 4;
	alert_raise(&thought, status, SEVERITY_INFO, "d");
	assert_int_equal(status->alerts[3].id, 4 * NOTICES_MAX);
	thought_notice(status, false, "e");
	thought_notice(status, false, "f");
	assert_int_equal(status->notices[0].id, 4 * NOTICES_MAX);
	assert_int_equal(status->notices[1].id, 4 * NOTICES_MAX + 1);
	status->seq = 5;
	thought_notice(status, false, "g");
	assert_int_equal(status->notices[2].id, 5 * NOTICES_MAX);
	model_fini(&model);
}

/* When the run began is when it was first told of, also when a gate made it wait. */
static void test_began_when_it_waited(void **state)
{
	struct model model;
	struct instant began;

	model_init(&model);
	model_initialise(&model);
	model_hook(&model, HOOK_CONFIRM_ROLLOUT, NULL);
	model.says[HOOK_CONFIRM_ROLLOUT] = HOOK_FAIL;
	model_run(&model, 5000, (const struct model_event[]){{0, apply_v2}, {0}});
	assert_int_equal(model.truth.newest.status.phase, PHASE_WAITING);
	began = model.truth.newest.status.times.started;
	model.says[HOOK_CONFIRM_ROLLOUT] = HOOK_PASS;
	model_run(&model, 11000, NULL);
	assert_true(model.truth.newest.status.phase >= PHASE_STARTING);
	assert_int_equal(model.truth.newest.status.times.started.ms, began.ms);
	model_fini(&model);
}

/* Why the weight goes while a promotion completes. */
static void test_why_it_is_withdrawn(void **state)
{
	for (int is_gone = 0; is_gone <= 1; is_gone++) {
		struct effect effects[PLAN_EFFECTS_MAX];
		struct plan plan = {.effects = effects};
		struct model model;
		struct facts *facts = &model.truth;

		model_init(&model);
		model_initialise(&model);
		model_run(&model, 25500, (const struct model_event[]){{0, apply_v2}, {0}});
		assert_string_equal(facts->primary.release_uid, "release-2");
		if (is_gone) {
			facts->target = (struct workload_fact){.slot.state = FACT_ABSENT};
		} else {
			text_copy(facts->target.digest, "v3");
			text_copy(facts->change.digest, "v3");
			facts->change.kind = CHANGE_REAL;
		}
		facts->primary.ready = 1;
		decide(&model.spec, facts, &plan);
		assert_non_null(find_effect(&plan, EFFECT_SAVE_RELEASE));
		assert_non_null(strstr(find_effect(&plan, EFFECT_SAVE_RELEASE)->status.reason,
		                       is_gone ? "the target was deleted" : "a newer revision"));
		model_fini(&model);
	}
}

/* What people are alerted of at the end: whether the template was judged. */
static void test_what_is_said_at_the_end(void **state)
{
	static const struct {
		enum release_cause cause;
		bool skips;
		const char *text;
	} rows[] = {
		{CAUSE_REVISION, false, "Canary analysis completed successfully"},
		{CAUSE_REVISION, true, "Canary analysis was skipped"},
		{CAUSE_UNDO, false, "Canary analysis was skipped"},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct effect effects[PLAN_EFFECTS_MAX];
		struct plan plan = {.effects = effects};
		struct model model;
		struct facts *facts = &model.truth;

		model_init(&model);
		model_initialise(&model);
		model_receiver(&model, SEVERITY_INFO);
		model.spec.skip_analysis = rows[i].skips;
		facts->now.ms += 60000;
		facts->newest.cause = rows[i].cause;
		facts->newest.status = (struct release_status){.phase = PHASE_FINALISING};
		decide(&model.spec, facts, &plan);
		assert_non_null(find_effect(&plan, EFFECT_SAVE_RELEASE));
		assert_int_equal(find_effect(&plan, EFFECT_SAVE_RELEASE)->status.n_alerts, 1);
		assert_non_null(
			strstr(find_effect(&plan, EFFECT_SAVE_RELEASE)->status.alerts[0].text,
		               rows[i].text));
		model_fini(&model);
	}
}

/* In which words a step is told, where all traffic goes to the canary. */
static void test_the_last_iteration(void **state)
{
	static const struct {
		bool weighs;
		bool mirror;
		int iteration;
		const char *text;
		size_t n_notices;
	} rows[] = {
		{true, false, 1, "Advance cart.shop canary iteration 2/2", 1},
		{true, false, 2, "Routing all traffic to canary", 1},
		{true, true, 2, "Stop traffic mirroring and route all traffic to canary", 1},
		{false, false, 2, "Advance cart.shop canary iteration 3/2", 0},
		{false, true, 2, "Advance cart.shop canary iteration 3/2", 0},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct model model;
		struct thought thought = {.spec = &model.spec, .facts = &model.truth};
		struct release_status status = {.phase = PHASE_PROGRESSING,
		                                .iteration = rows[i].iteration};

		model_init(&model);
		model.spec.strategy = STRATEGY_BLUE_GREEN;
		model.spec.iterations = 2;
		model.spec.route.weighs = rows[i].weighs;
		model.spec.mirror = rows[i].mirror;
		phase_progressing_step(&thought, &status);
		assert_string_equal(status.reason, rows[i].text);
		assert_int_equal(status.n_notices, rows[i].n_notices);
		model_fini(&model);
	}
}

/* A hook's question is of one run: what it said in another counts for nothing. */
static void test_questions_are_of_a_run(void **state)
{
	struct model model;
	struct thought thought;
	uint64_t first;

	model_init(&model);
	model_hook(&model, HOOK_ROLLOUT, NULL);
	thought = (struct thought){.spec = &model.spec, .facts = &model.truth};
	text_copy(model.truth.newest.uid, "release-1");
	first = hooks_question(&thought, 0);
	assert_int_equal(hooks_question(&thought, 0), first);
	text_copy(model.truth.newest.uid, "release-2");
	assert_true(hooks_question(&thought, 0) != first);
	model_fini(&model);
}

/* A compared undo is compared with what was promoted before it. */
static void test_what_an_undo_is_compared_with(void **state)
{
	for (int is_undo = 0; is_undo <= 1; is_undo++) {
		struct effect effects[PLAN_EFFECTS_MAX];
		struct plan plan = {.effects = effects};
		struct model model;
		const struct effect *compare;

		model_init(&model);
		model_initialise(&model);
		model.truth.newest.cause = is_undo ? CAUSE_UNDO : CAUSE_REVISION;
		text_copy(model.truth.newest.previous, "cart-0");
		text_copy(model.truth.target.digest, "v9");
		decide(&model.spec, &model.truth, &plan);
		compare = find_effect(&plan, EFFECT_COMPARE);
		assert_non_null(compare);
		assert_string_equal(compare->release, is_undo ? "cart-0" : "");
		model_fini(&model);
	}
}

/* The primary is written as it was seen; a retreat's write takes the place of whatever is there. */
static void test_versions_of_the_primary(void **state)
{
	for (int is_retreat = 0; is_retreat <= 1; is_retreat++) {
		struct effect effects[PLAN_EFFECTS_MAX];
		struct plan plan = {.effects = effects};
		struct model model;
		struct facts *facts = &model.truth;
		const struct effect *write;

		model_init(&model);
		model_initialise(&model);
		text_copy(facts->primary.resource_version, "77");
		text_copy(facts->newest.uid, "release-2");
		facts->newest.cause = CAUSE_REVISION;
		facts->newest.status = (struct release_status){.phase = PHASE_PROMOTING};
		if (is_retreat) {
			text_copy(facts->primary.release_uid, "release-2");
			facts->newest.status.phase = PHASE_RETREATING;
			facts->newest.status.ending = OUTCOME_FAILED_PROMOTION;
		}
		decide(&model.spec, facts, &plan);
		write = find_effect(&plan, EFFECT_WRITE_PRIMARY);
		assert_non_null(write);
		assert_string_equal(write->resource_version, is_retreat ? "" : "77");
		model_fini(&model);
	}
}

/* An answer counts for the hook that was called, for this end of the run. */
static void test_answers_of_post_rollout_hooks(void **state)
{
	static const struct {
		uint64_t question; /* beside the one that is asked */
		int64_t check_ms;  /* likewise */
		enum hook_result result;
		bool counts;
	} rows[] = {
		{0, 0, HOOK_PASS, true},  {0, 0, HOOK_FAIL, true},  {0, 0, HOOK_PENDING, false},
		{1, 0, HOOK_PASS, false}, {0, 1, HOOK_PASS, false},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct effect effects[PLAN_EFFECTS_MAX];
		struct plan plan = {.effects = effects};
		struct model model;
		struct thought thought = {.spec = &model.spec, .facts = &model.truth};
		struct release_status *status = &model.truth.newest.status;

		model_init(&model);
		model_initialise(&model);
		model_hook(&model, HOOK_POST_ROLLOUT, NULL);
		status->n_notices = 0;
		outbox_fill(&thought, status);
		assert_int_equal(status->n_hooks, 1);
		model.truth.hooks[0] = (struct hook_fact){
			.question = status->hooks[0].question + rows[i].question,
			.check = {status->times.finished.ms + rows[i].check_ms},
			.result = rows[i].result,
		};
		decide(&model.spec, &model.truth, &plan);
		assert_int_equal(find_effect(&plan, EFFECT_SAVE_RELEASE) != NULL, rows[i].counts);
		assert_int_equal(find_effect(&plan, EFFECT_ASK_HOOK) != NULL, !rows[i].counts);
		model_fini(&model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_of_alerts),
		cmocka_unit_test(test_began_when_it_waited),
		cmocka_unit_test(test_why_it_is_withdrawn),
		cmocka_unit_test(test_what_is_said_at_the_end),
		cmocka_unit_test(test_the_last_iteration),
		cmocka_unit_test(test_questions_are_of_a_run),
		cmocka_unit_test(test_what_an_undo_is_compared_with),
		cmocka_unit_test(test_versions_of_the_primary),
		cmocka_unit_test(test_answers_of_post_rollout_hooks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

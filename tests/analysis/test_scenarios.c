/* Single hazards (canary-controller.md, section 10) and edges of a run, each as given, when,
 * expect. */
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

static void given_nothing(struct model *model)
{
}

static const struct model_event revision[] = {{0, apply_v2}, {0}};

/* A Canary that is initialised, then GIVEN, then WHEN happens. */
static void begin(struct model *model, void (*given)(struct model *))
{
	model_init(model);
	model_initialise(model);
	given(model);
}

/* 10 % steps to the end, and listed ones. */
static void test_steps(void **state)
{
	struct model model;

	begin(&model, given_nothing);
	model.spec.step_weight = 10;
	model.spec.max_weight = 50;
	model_run(&model, 300000, revision);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	assert_int_equal(model.max_weight_seen, 50);
	assert_int_equal(model.n_checks, 5);                    /* one at each weight */
	assert_true(model.truth.newest.status.weight.has_seen); /* of the last step */
	assert_float_equal(model.truth.newest.status.weight.seen_share, 0.5, 1e-9);
	model_fini(&model);
	begin(&model, given_nothing);
	model.spec.step_weight = 0;
	model.spec.step_weights[0] = 1;
	model.spec.step_weights[1] = 80;
	model.spec.n_step_weights = 2;
	model_run(&model, 300000, revision);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	assert_int_equal(model.max_weight_seen, 80);
	assert_int_equal(model.n_checks, 2);
	model_fini(&model);
}

/* Two failing checks of threshold 2 are asked, not a third; they need not be in a row. */
static void test_D_16_rolls_back_at_once(void **state)
{
	struct model model;

	begin(&model, fail_checks);
	model_run(&model, 120000, revision);
	assert_int_equal(model.n_checks, 2);
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_ROLLED_BACK);
	model_fini(&model);
}

/* After a failed promotion the next revision starts from the restored primary and is promoted. */
static void mend(struct model *model)
{
	model->is_primary_broken = false;
	model_apply(model, "v3");
}

static void test_D_1_fix_after_failed_promotion(void **state)
{
	static const struct model_event events[] = {{0, apply_v2}, {150000, mend}, {0}};
	struct model model;

	begin(&model, break_primary);
	model_run(&model, 300000, events);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	assert_string_equal(model.truth.primary.release_uid, "release-3");
	assert_int_equal(model.n_unserved, 0);
	model_fini(&model);
}

/* … also where requests are sent past the apex: the primary's Service covers, and is given back. */
static void test_D_3_a_route_past_the_apex(void **state)
{
	static const struct model_event events[] = {{0, apply_v2}, {150000, mend}, {0}};
	struct model model;

	begin(&model, break_primary);
	model.spec.route.names_primary = true;
	model.truth.target.may_empty = true;
	model.truth.primary.may_empty = true;
	model_run(&model, 300000, events);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	assert_int_equal(model.n_unserved, 0);
	assert_int_equal(model.truth.primary_service.backend, BACKEND_PRIMARY);
	model_fini(&model);
}

/* A primary that is not ready keeps a revision waiting; it is neither failed nor forgotten. */
static void repair_primary(struct model *model)
{
	model->truth.primary.available = 2;
	model->truth.primary.ready = 2;
}

static void test_D_4_D_8_waits_for_the_primary(void **state)
{
	static const struct model_event broken[] = {{0, lose_primary}, {1000, apply_v2}, {0}};
	static const struct model_event repaired[] = {{0, repair_primary}, {0}};
	struct model model;

	begin(&model, given_nothing);
	model_run(&model, 200000, broken);
	assert_int_equal(model.truth.newest.number, 1);
	assert_int_equal(model.truth.target.replicas, 0);
	model_run(&model, 200000, repaired);
	assert_int_equal(model.truth.newest.number, 2);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	model_fini(&model);
}

/* A deleted primary comes back from the promoted Release, with its replicas, not from the target.
 */
static void test_D_36_primary_deleted(void **state)
{
	static const struct model_event events[] = {{0, delete_primary}, {0}};
	struct model model;

	begin(&model, given_nothing);
	model_run(&model, 60000, events);
	assert_string_equal(model.trace, "primary release-1\n");
	assert_int_equal(model.truth.primary.replicas, 2);
	model_fini(&model);
}

/* The target serves before what was made goes; the Releases go last. */
static void test_D_5_target_back_before_removal(void **state)
{
	static const struct model_event events[] = {{0, delete_canary}, {0}};
	struct model model;

	begin(&model, given_nothing);
	model_run(&model, 60000, events);
	assert_string_equal(model.trace,
	                    "scale target 2\n"
	                    "apex canary\n"
	                    "remove route\n"
	                    "remove canary service\n"
	                    "remove primary service\n"
	                    "remove primary\n"
	                    "restore apex\n"
	                    "remove releases\n");
	assert_int_equal(model.n_unserved, 0);
	assert_int_equal(model.truth.target.ready, 2);
	model_fini(&model);
}

/* While promoting, a newer revision gets no requests; the recorded one is promoted, then it has its
 * own run. */
static void test_D_9_newer_while_promoting(void **state)
{
	static const struct model_event events[] = {{0, apply_v2}, {26000, apply_v3}, {0}};
	struct model model;

	begin(&model, given_nothing);
	model_run(&model, 25500, events);
	assert_string_equal(model.truth.mirror.phase, "Promoting");
	model_run(&model, 300, (const struct model_event[]){{0, apply_v3}, {0}});
	assert_int_equal(model.truth.route.weight, 0);
	assert_string_equal(model.truth.primary.release_uid, "release-2");
	model_run(&model, 200000, NULL);
	assert_int_equal(model.truth.newest.number, 3);
	assert_string_equal(model.truth.primary.release_uid, "release-3");
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	model_fini(&model);
}

/* The Canary is deleted in mid-promotion, and its target never gets ready: the primary is not left
 * half-way. */
static void test_deleted_while_promoting(void **state)
{
	static const struct {
		bool may_empty;
		int ready;
		bool is_target_ready;
		bool writes;
	} rows[] = {
		{false, 1, false, true}, /* an old pod serves, and goes on */
		{true, 0, false, true},  /* no pod serves */
		{true, 1, false, false}, /* the one that serves might go */
		{false, 1, true, false}, /* nobody needs it any more */
	};
	static const struct model_event events[] = {{0, apply_v2}, {0}};

	(void)state;

	for (size_t i = 0; i < array_length(rows); i++) {
		struct effect effects[PLAN_EFFECTS_MAX];
		struct plan plan = {.effects = effects};
		const struct effect *effect;
		struct model model;

		begin(&model, given_nothing);
		model_run(&model, 25500, events);
		assert_string_equal(model.truth.primary.release_uid, "release-2");
		model.truth.is_deleted = true;
		model.truth.route.weight = 0;
		model.truth.apex.backend = BACKEND_CANARY;
		model.truth.target.replicas = model.truth.primary.replicas;
		text_copy(model.truth.target.digest, "v3");
		model.truth.target.ready = rows[i].is_target_ready ? 2 : 0;
		model.truth.target.available = model.truth.target.ready;
		model.truth.primary.ready = rows[i].ready;
		model.truth.primary.available = rows[i].ready;
		model.truth.primary.may_empty = rows[i].may_empty;
		decide(&model.spec, &model.truth, &plan);
		effect = find_effect(&plan, EFFECT_WRITE_PRIMARY);
		assert_int_equal(effect != NULL, rows[i].writes);
		if (effect)
			assert_string_equal(effect->release_uid, "release-1");
		/* and clients are where pods are ready */
		effect = find_effect(&plan, EFFECT_WRITE_SERVICE);
		assert_int_equal(effect && effect->backend == BACKEND_PRIMARY,
		                 rows[i].ready > 0 && !rows[i].is_target_ready);
		model_fini(&model);
	}
}

/* What may be a newer revision's pods stays until the templates were compared: the answer may come
 * when a scale-down has left. */
static void test_unsure_target_keeps_its_pods(void **state)
{
	struct effect effects[PLAN_EFFECTS_MAX];
	struct plan plan = {.effects = effects};
	struct model model;

	begin(&model, given_nothing);
	model_run(&model, 200000, revision);
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_PROMOTED);
	model.truth.newest.status.outcome = OUTCOME_NONE;
	model.truth.newest.status.phase = PHASE_FINALISING;
	model.truth.target.replicas = 2;
	decide(&model.spec, &model.truth, &plan);
	assert_non_null(find_effect(&plan, EFFECT_SCALE));

	text_copy(model.truth.target.digest, "v3");
	decide(&model.spec, &model.truth, &plan);
	assert_non_null(find_effect(&plan, EFFECT_COMPARE));
	assert_null(find_effect(&plan, EFFECT_SCALE));
	assert_null(find_effect(&plan, EFFECT_SAVE_RELEASE));

	text_copy(model.truth.change.digest, "v3");
	model.truth.change.kind = CHANGE_DEFAULTS;
	decide(&model.spec, &model.truth, &plan);
	assert_non_null(find_effect(&plan, EFFECT_SCALE));
	model_fini(&model);
}

/* A write that left may take effect until it is answered, though a retreat overtook it. */
static void test_written_objects_are_waited_for(void **state)
{
	struct effect effects[PLAN_EFFECTS_MAX];
	struct plan plan = {.effects = effects};
	struct release_status *status;
	struct model model;

	begin(&model, given_nothing);
	model_run(&model, 200000, revision);
	status = &model.truth.newest.status;
	status->outcome = OUTCOME_NONE;
	status->phase = PHASE_RETREATING;
	status->ending = OUTCOME_SUPERSEDED;
	model.truth.route.slot.is_written = true;
	decide(&model.spec, &model.truth, &plan);
	assert_null(find_effect(&plan, EFFECT_SAVE_RELEASE));
	model.truth.route.slot.is_written = false;
	decide(&model.spec, &model.truth, &plan);
	assert_non_null(find_effect(&plan, EFFECT_SAVE_RELEASE));

	/* The primary may be promoted already: a newer revision comes after it. */
	status->phase = PHASE_PROMOTING;
	status->ending = OUTCOME_NONE;
	text_copy(model.truth.promoted.uid, "release-1");
	text_copy(model.truth.primary.release_uid, "release-1");
	text_copy(model.truth.target.digest, "v3");
	text_copy(model.truth.change.digest, "v3");
	model.truth.change.kind = CHANGE_REAL;
	model.truth.primary.slot.is_written = true;
	decide(&model.spec, &model.truth, &plan);
	assert_null(find_effect(&plan, EFFECT_SAVE_RELEASE));
	assert_non_null(find_effect(&plan, EFFECT_WRITE_PRIMARY));
	model.truth.primary.slot.is_written = false;
	decide(&model.spec, &model.truth, &plan);
	assert_int_equal(find_effect(&plan, EFFECT_SAVE_RELEASE)->status.ending,
	                 OUTCOME_SUPERSEDED);
	model_fini(&model);
}

static void reach(struct model *model, enum release_phase phase)
{
	for (int i = 0; i < 1000 && model->truth.newest.status.phase != phase; i++)
		model_run(model, 100, NULL);
	assert_int_equal(model->truth.newest.status.phase, phase);
}

/* What ended the run is taken back itself, to the promoted template or to the one that was judged:
 * no run follows, and no pods are left to one. */
static void test_pods_left_to_no_run(void **state)
{
	static const struct model_event newer[] = {{0, apply_v3}, {100, apply_v1}, {0}};
	static const struct model_event judged[] = {{0, apply_v3}, {100, apply_v2}, {0}};
	struct model model;

	begin(&model, given_nothing);
	model_run(&model, 8000, revision);
	assert_int_equal(model.truth.newest.status.phase, PHASE_PROGRESSING);
	model_run(&model, 60000, newer);
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_SUPERSEDED);
	assert_int_equal(model.truth.newest.number, 2);
	assert_int_equal(model.truth.target.replicas, 0);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	model_fini(&model);
	begin(&model, fail_checks);
	model_run(&model, 100, revision);
	reach(&model, PHASE_RETREATING);
	model_run(&model, 60000, judged);
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_ROLLED_BACK);
	assert_int_equal(model.truth.newest.number, 2);
	assert_int_equal(model.truth.target.replicas, 0);
	assert_string_equal(model.truth.mirror.phase, "Failed");
	model_fini(&model);
}

/* A canary whose pods do not become ready: the agent's own deadline, not a counter. */
static void test_deadline(void **state)
{
	struct model model;

	begin(&model, given_nothing);
	model.is_canary_broken = true;
	model_run(&model, 59000, revision);
	assert_int_equal(model.truth.newest.status.phase, PHASE_STARTING);
	model_run(&model, 10000, NULL);
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_ROLLED_BACK);
	assert_non_null(
		strstr(model.trace,
	               "W canary deployment cart.shop not ready: waiting for rollout to finish"));
	assert_int_equal(model.truth.target.replicas, 0);
	assert_int_equal(model.n_checks, 0);
	model_fini(&model);
}

/* No data and no answer hold the weight and count no check; after the deadline the run ends. */
static void test_unmeasured(void **state)
{
	static const double answers[] = {-1, 101};
	struct model model;

	for (size_t i = 0; i < array_length(answers); i++) {
		begin(&model, given_nothing);
		model.success_rate = answers[i];
		model_run(&model, 60000, revision);
		assert_int_equal(model.truth.newest.status.phase, PHASE_PROGRESSING);
		assert_int_equal(model.truth.route.weight, 20);
		assert_int_equal(model.truth.newest.status.failed_checks, 0);
		model_run(&model, 60000, NULL);
		assert_int_equal(model.truth.newest.status.outcome, OUTCOME_ROLLED_BACK);
		assert_non_null(
			strstr(model.truth.newest.status.reason, i == 0 ? "no values" : "refused"));
		model_fini(&model);
	}
}

/* An agent that was away for longer than the deadline asks once more before it gives up. */
static void test_unmeasured_while_away(void **state)
{
	struct model model;

	for (int mends = 0; mends <= 1; mends++) {
		begin(&model, given_nothing);
		model.success_rate = -1;
		model_run(&model, 20000, revision);
		assert_true(instant_is_set(model.truth.newest.status.times.unmeasured_since));
		model.truth.now.ms += 100000;
		model.success_rate = mends ? 100 : -1;
		model_run(&model, 1000, NULL);
		if (mends) {
			assert_int_equal(model.truth.newest.status.phase, PHASE_PROGRESSING);
			model_run(&model, 120000, NULL);
			assert_string_equal(model.truth.mirror.phase, "Succeeded");
		} else {
			assert_int_equal(model.truth.newest.status.ending, OUTCOME_ROLLED_BACK);
			assert_non_null(strstr(model.truth.newest.status.reason, "no values"));
		}
		model_fini(&model);
	}
}

static void suspend(struct model *model)
{
	model->spec.suspend = true;
}

static void resume(struct model *model)
{
	model->spec.suspend = false;
}

/* A suspended run stays where it is, and goes on from there. */
static void test_suspended(void **state)
{
	static const struct model_event events[] = {{0, apply_v2}, {8000, suspend}, {0}};
	static const struct model_event resumed[] = {{0, resume}, {0}};
	struct model model;

	begin(&model, given_nothing);
	model_run(&model, 100000, events);
	assert_int_equal(model.truth.route.weight, 20);
	assert_int_equal(model.n_checks, 0);
	model_run(&model, 100000, resumed);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	model_fini(&model);
}

/* The clock goes back by a day, or the interval is cut: the next check is one interval away at
 * most. */
static void jump_back(struct model *model)
{
	model->truth.newest.status.times.next_check_at.ms += 86400000;
}

static void cut_interval(struct model *model)
{
	model->spec.interval = span_ms(1000);
}

static void test_clock_and_interval(void **state)
{
	static const struct model_event jumped[] = {{0, apply_v2}, {8000, jump_back}, {0}};
	static const struct model_event edited[] = {{0, apply_v2}, {8000, cut_interval}, {0}};
	struct model model;

	begin(&model, given_nothing);
	model_run(&model, 60000, jumped);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	model_fini(&model);
	begin(&model, given_nothing);
	model_run(&model, 18000, edited);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	model_fini(&model);
}

/* Nothing moves where nothing happens: not one effect in an hour at rest. */
static void test_rest(void **state)
{
	struct model model;
	int n_decisions;

	begin(&model, given_nothing);
	model_run(&model, 120000, revision);
	model.trace[0] = '\0';
	n_decisions = model.n_decisions;
	model_run(&model, 3600000, NULL);
	assert_string_equal(model.trace, "");
	assert_in_range(model.n_decisions, n_decisions, n_decisions + 2);
	model_fini(&model);
}

/* skipAnalysis waits for the primary all the same. */
static void given_skip(struct model *model)
{
	model->spec.skip_analysis = true;
}

static void test_D_7_skip_waits_for_the_primary(void **state)
{
	struct model model;

	begin(&model, given_skip);
	model_run(&model, 120000, revision);
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_SKIPPED);
	assert_int_equal(model.n_checks, 0);
	assert_int_equal(model.n_unserved, 0);
	model_fini(&model);
	begin(&model, given_skip);
	model.is_primary_broken = true;
	model_run(&model, 120000, revision);
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_FAILED_PROMOTION);
	assert_string_equal(model.truth.primary.release_uid, "release-1");
	model_fini(&model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_D_16_rolls_back_at_once),
		cmocka_unit_test(test_D_3_a_route_past_the_apex),
		cmocka_unit_test(test_D_1_fix_after_failed_promotion),
		cmocka_unit_test(test_D_4_D_8_waits_for_the_primary),
		cmocka_unit_test(test_D_36_primary_deleted),
		cmocka_unit_test(test_D_5_target_back_before_removal),
		cmocka_unit_test(test_D_9_newer_while_promoting),
		cmocka_unit_test(test_deleted_while_promoting),
		cmocka_unit_test(test_unsure_target_keeps_its_pods),
		cmocka_unit_test(test_written_objects_are_waited_for),
		cmocka_unit_test(test_pods_left_to_no_run),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_unmeasured),
		cmocka_unit_test(test_unmeasured_while_away),
		cmocka_unit_test(test_suspended),
		cmocka_unit_test(test_clock_and_interval),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_D_7_skip_waits_for_the_primary),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

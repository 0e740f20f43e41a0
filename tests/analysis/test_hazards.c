/* Hazards (canary-controller.md, section 10) as they can be seen in single plans: no plan on the
 * way may hold what is dangerous, whatever it is followed by. */
#include "analysis/base/text.h"
#include "tests/analysis/happen.h"
#include "tests/analysis/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct effect *find_effect_on(const struct plan *plan, enum effect_kind kind,
                                           enum subject subject)
{
	for (size_t i = 0; i < plan->n_effects; i++) {
		if (plan->effects[i].kind == kind && plan->effects[i].subject == subject)
			return &plan->effects[i];
	}
	return NULL;
}

/* A run that begins while clients are still sent to the canary's pods, as a failed promotion left
 * them: nothing is scaled up before all of them are with the primary, and that holds. */
static void test_D_2_no_run_under_live_weight(void **state)
{
	static const struct {
		int weight;
		enum backend apex;
		int64_t since_ms; /* how long both are so */
		bool scales;
	} rows[] = {
		{0, BACKEND_PRIMARY, 60000, true},
		{0, BACKEND_PRIMARY, 500, false}, /* does not hold everywhere */
		{100, BACKEND_PRIMARY, 60000, false},
		{0, BACKEND_CANARY, 60000, false},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct effect effects[PLAN_EFFECTS_MAX];
		struct plan plan = {.effects = effects};
		struct facts *facts;
		struct model model;

		model_init(&model);
		model_initialise(&model);
		model_run(&model, 1, (const struct model_event[]){{0, apply_v2}, {0}});
		facts = &model.truth;
		assert_int_equal(facts->newest.status.phase, PHASE_STARTING);
		facts->target.replicas = 0;
		facts->route.weight = rows[i].weight;
		facts->apex.backend = rows[i].apex;
		facts->route.since.ms = facts->now.ms - rows[i].since_ms;
		facts->apex.since.ms = facts->now.ms - rows[i].since_ms;
		decide(&model.spec, facts, &plan);
		assert_int_equal(find_effect_on(&plan, EFFECT_SCALE, SUBJECT_TARGET) != NULL,
		                 rows[i].scales);
		model_fini(&model);
	}
}

/* A first primary that never becomes ready, long after the deadline: the target serves as before,
 * with all its pods. */
static void test_D_6_a_first_primary_that_fails(void **state)
{
	struct model model;

	model_init(&model);
	model.is_primary_broken = true;
	model_run(&model, 600000, NULL);
	assert_int_equal(model.truth.target.replicas, 2);
	assert_int_equal(model.truth.apex.backend, BACKEND_CANARY);
	assert_int_equal(model.n_unserved, 0);
	/* … and is taken over when it does. */
	model.is_primary_broken = false;
	model.primary_ready_ms = model.truth.now.ms;
	model_run(&model, 60000, NULL);
	assert_string_equal(model.truth.mirror.phase, "Initialized");
	model_fini(&model);
}

/* A revision that waits for the primary has left no trace that makes it look handled: an agent that
 * starts anew finds it as new as it was. */
static void test_D_8_noted_when_its_run_begins(void **state)
{
	static const struct model_event broken[] = {{0, lose_primary}, {1000, apply_v2}, {0}};
	struct model model;

	model_init(&model);
	model_initialise(&model);
	model_run(&model, 200000, broken);
	assert_int_equal(model.truth.newest.number, 1);
	assert_string_equal(model.truth.newest.digest, "v1");
	assert_string_equal(model.truth.mirror.last_applied, model.truth.mirror.last_promoted);
	model.restart_at = model.n_decisions + 1;
	model.truth.primary.available = 2;
	model.truth.primary.ready = 2;
	model_run(&model, 200000, NULL);
	assert_string_equal(model.truth.promoted.digest, "v2");
	model_fini(&model);
}

/* The Release says Promoting before anything writes the primary: the plan that decides it, after
 * the last check, holds nothing else for it. */
static void test_D_62_the_phase_before_the_primary(void **state)
{
	struct effect effects[PLAN_EFFECTS_MAX];
	struct plan plan = {.effects = effects};
	const struct effect *save;
	struct facts *facts;
	struct model model;

	model_init(&model);
	model_initialise(&model);
	model_run(&model, 100, (const struct model_event[]){{0, apply_v2}, {0}});
	facts = &model.truth;
	for (int i = 0; i < 1000 && facts->newest.status.weight.to < model.spec.max_weight; i++)
		model_run(&model, 100, NULL);
	facts->now = facts->newest.status.times.next_check_at;
	facts->samples[0] =
		(struct sample_fact){.check = facts->now, .kind = SAMPLE_VALUE, .value = 100};
	facts->share = facts->samples[0];
	decide(&model.spec, facts, &plan);
	save = find_effect_on(&plan, EFFECT_SAVE_RELEASE, SUBJECT_RELEASES);
	assert_non_null(save);
	assert_int_equal(save->status.phase, PHASE_PROMOTING);
	assert_null(find_effect_on(&plan, EFFECT_WRITE_PRIMARY, SUBJECT_PRIMARY));
	facts->newest.status = save->status;
	decide(&model.spec, facts, &plan);
	assert_non_null(find_effect_on(&plan, EFFECT_WRITE_PRIMARY, SUBJECT_PRIMARY));
	model_fini(&model);
}

/* Deleted in mid-run: from then on no check is asked, no weight rises, and no Service or route is
 * pointed at the primary again. */
static void test_D_27_no_tick_after_deletion(void **state)
{
	struct model model;
	int n_checks;

	model_init(&model);
	model_initialise(&model);
	model_run(&model, 8000, (const struct model_event[]){{0, apply_v2}, {0}});
	assert_int_equal(model.truth.newest.status.phase, PHASE_PROGRESSING);
	n_checks = model.n_checks;
	model.trace[0] = '\0';
	model_run(&model, 300000, (const struct model_event[]){{0, delete_canary}, {0}});
	assert_int_equal(model.n_checks, n_checks);
	assert_int_equal(model.truth.releases.state, FACT_ABSENT);
	assert_null(strstr(model.trace, "apex primary"));
	assert_null(strstr(model.trace, "route 2"));
	assert_null(strstr(model.trace, "scale target 0"));
	assert_int_equal(model.truth.apex.backend, BACKEND_CANARY);
	assert_int_equal(model.n_unserved, 0);
	model_fini(&model);
}

/* The target goes back to what is promoted: nothing is left to analyse, and nothing is promoted.
 * The same revision again is a run of its own. */
static void test_D_11_back_in_mid_run(void **state)
{
	struct model model;

	(void)state;
	model_init(&model);
	model_initialise(&model);
	model_run(&model, 8000, (const struct model_event[]){{0, apply_v2}, {0}});
	assert_int_equal(model.truth.newest.status.phase, PHASE_PROGRESSING);
	model.trace[0] = '\0';
	model_run(&model, 60000, (const struct model_event[]){{0, apply_v1}, {0}});
	assert_int_equal(model.truth.newest.number, 2);
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_CANCELLED);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	assert_null(strstr(model.trace, "primary "));
	assert_int_equal(model.truth.target.replicas, 0);
	model_run(&model, 100000, (const struct model_event[]){{0, apply_v2}, {0}});
	assert_int_equal(model.truth.newest.number, 3);
	assert_string_equal(model.truth.promoted.digest, "v2");
	model_fini(&model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_D_2_no_run_under_live_weight),
		cmocka_unit_test(test_D_6_a_first_primary_that_fails),
		cmocka_unit_test(test_D_8_noted_when_its_run_begins),
		cmocka_unit_test(test_D_62_the_phase_before_the_primary),
		cmocka_unit_test(test_D_27_no_tick_after_deletion),
		cmocka_unit_test(test_D_11_back_in_mid_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

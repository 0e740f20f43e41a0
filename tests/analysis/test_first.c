/* The first run, and what comes in between. */
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

/* An initialisation that starts anew finds a primary, which is not made smaller. */
static void test_initialised_anew_keeps_capacity(void **state)
{
	static const struct {
		int target;
		int primary;
		int expected;
	} rows[] = {
		{1, 4, 4}, /* the target was scaled down meanwhile */
		{4, 1, 4}, /* … or up */
		{0, 3, 3}, /* … or away */
	};
	struct effect effects[PLAN_EFFECTS_MAX];
	struct plan plan = {.effects = effects};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct model model;
		const struct effect *written;

		model_init(&model);
		model_initialise(&model);
		model.truth.newest.cause = CAUSE_INIT;
		model.truth.newest.status.outcome = OUTCOME_NONE;
		model.truth.newest.status.phase = PHASE_STARTING;
		model.truth.newest.target_replicas = rows[i].target;
		model.truth.newest.primary_replicas = rows[i].primary;
		memset(&model.truth.promoted, 0, sizeof(model.truth.promoted));
		text_copy(model.truth.newest.uid, "release-of-now");
		model.truth.target.ready = 1; /* else clients would have nobody but the primary */
		decide(&model.spec, &model.truth, &plan);
		written = find_effect(&plan, EFFECT_WRITE_PRIMARY);
		assert_non_null(written);
		assert_int_equal(written->replicas, rows[i].expected);
		model_fini(&model);
	}
}

/* While the first primary, ready, gets its clients: what it runs is promoted, and the newer
 * revision is analysed; it is not given to them as it is. */
static void test_newer_while_first_finalises(void **state)
{
	struct model model;
	int64_t waited = 0;

	model_init(&model);
	while (model.truth.newest.status.phase != PHASE_FINALISING && waited < 60000) {
		model_run(&model, 100, NULL);
		waited += 100;
	}
	model_run(&model, 200000, (const struct model_event[]){{0, apply_v2}, {0}});
	assert_int_equal(model.truth.newest.number, 2);
	assert_int_equal(model.truth.newest.cause, CAUSE_REVISION);
	assert_true(model.n_checks > 0);
	assert_string_equal(model.truth.primary.release_uid, "release-2");
	model_fini(&model);
}

/* … nor does anything else begin it anew: the target may be a newer revision by then. */
static void test_settled_first_is_not_withdrawn(void **state)
{
	struct effect effects[PLAN_EFFECTS_MAX];
	struct plan plan = {.effects = effects};
	struct model model;
	int64_t waited = 0;

	model_init(&model);
	while (model.truth.newest.status.phase != PHASE_FINALISING && waited < 60000) {
		model_run(&model, 100, NULL);
		waited += 100;
	}
	for (int i = 0; i < 3; i++) {
		struct facts facts = model.truth;
		const struct effect *save;

		facts.is_moved = i == 0;
		facts.is_deleted = i == 1;
		if (i == 2)
			facts.target = (struct workload_fact){.slot.state = FACT_ABSENT};
		decide(&model.spec, &facts, &plan);
		save = find_effect(&plan, EFFECT_SAVE_RELEASE);
		assert_true(!save || save->status.phase != PHASE_RETREATING);
	}
	model_fini(&model);
}

/* The first run until it gives its clients to the primary. */
static void lead(struct model *model)
{
	int64_t waited = 0;

	while (model->truth.apex.backend != BACKEND_PRIMARY && waited < 60000) {
		model_run(model, 100, NULL);
		waited += 100;
	}
	assert_int_equal(model->truth.newest.status.phase, PHASE_FINALISING);
	model->trace[0] = '\0';
	model->n_unserved = 0;
}

/* A newer version comes, whose pods are never ready in the primary; it empties meanwhile. */
static void overtake(struct model *model)
{
	model->is_primary_broken = true;
	lose_primary(model);
	apply_v2(model);
}

/* … or somebody removes it. */
static void remove_primary(struct model *model)
{
	model->is_primary_broken = true;
	delete_primary(model);
}

static void mend_primary(struct model *model)
{
	model->is_primary_broken = false;
	model->primary_ready_ms = model->truth.now.ms + MODEL_READY_MS;
}

static const char *next(const char *trace, const char *what)
{
	const char *at = strstr(trace, what);

	if (!at)
		fail_msg("no %s in\n%s", what, trace);
	return at + strlen(what);
}

/* Clients whom a first run led to a primary that has no pod any more are with the target until one
 * is ready, past the apex too; they go and come once. */
static void test_clients_of_lost_first_come_back(void **state)
{
	static void (*const losses[])(struct model * model) = {overtake, remove_primary};

	for (int i = 0; i < 8; i++) {
		struct model model;
		const char *trace;

		model_init(&model);
		model.spec.route.names_primary = i % 4 / 2 == 1;
		lead(&model);
		model.is_forgetful = i / 4 == 1;
		model_run(&model, 100000, (const struct model_event[]){{0, losses[i % 2]}, {0}});
		assert_int_equal(model.truth.newest.cause, CAUSE_INIT);
		assert_int_equal(model.truth.newest.number, i % 2 == 0 ? 2 : 1);
		assert_int_equal(model.truth.apex.backend, BACKEND_CANARY);
		assert_int_equal(model.truth.primary_service.backend,
		                 i % 4 / 2 == 1 ? BACKEND_CANARY : BACKEND_PRIMARY);
		assert_true(model.n_unserved <= 4);
		model_run(&model, 200000, (const struct model_event[]){{0, mend_primary}, {0}});
		assert_int_equal(model.truth.newest.status.outcome, OUTCOME_PROMOTED);
		assert_int_equal(model.truth.apex.backend, BACKEND_PRIMARY);
		assert_int_equal(model.truth.primary_service.backend, BACKEND_PRIMARY);
		assert_int_equal(model.truth.target.replicas, 0);
		trace = next(next(model.trace, "apex canary"), "apex primary");
		assert_null(strstr(trace, "apex"));
		model_fini(&model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_initialised_anew_keeps_capacity),
		cmocka_unit_test(test_newer_while_first_finalises),
		cmocka_unit_test(test_settled_first_is_not_withdrawn),
		cmocka_unit_test(test_clients_of_lost_first_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

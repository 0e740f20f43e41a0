/* The canary's weight and other hands that write it, each as given, when, expect. */
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

static const struct model_event revision[] = {{0, apply_v2}, {0}};

/* A Canary that is initialised. */
static void begin(struct model *model)
{
	model_init(model);
	model_initialise(model);
}

/* A foreign raise is put right at once, a foreign lowering only after the next passing check. */
static void raise_weight(struct model *model)
{
	model->truth.route.weight = 90;
	model->truth.route.is_ours = false;
}

static void lower(struct model *model)
{
	model->truth.route.weight = 5;
	model->truth.route.is_ours = false;
}

static void test_D_61_foreign_weight(void **state)
{
	static const struct model_event raised[] = {{0, apply_v2}, {8000, raise_weight}, {0}};
	static const struct model_event lowered[] = {{0, apply_v2}, {8000, lower}, {0}};
	struct model model;

	begin(&model);
	model_run(&model, 8500, raised);
	assert_int_equal(model.truth.route.weight, 20);
	model_fini(&model);
	begin(&model);
	model_run(&model, 12000, lowered);
	assert_int_equal(model.truth.route.weight, 5);
	model_run(&model, 3000, NULL); /* the check of this step passes: back, not further */
	assert_int_equal(model.truth.route.weight, 20);
	assert_non_null(strstr(model.trace, "changed to weight 5 by another writer: back to 20"));
	model_run(&model, 120000, NULL);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	model_fini(&model);
}

/* A weight that what routes does not take in is checked by nobody, and ends the run in time; one
 * that is not even taken back does not keep the canary for ever. */
static void test_route_not_taken_in(void **state)
{
	struct model model;

	begin(&model);
	model.route_pending_from = 40;
	model_run(&model, 70000, revision);
	assert_int_equal(model.n_checks, 1); /* of weight 20 */
	assert_int_equal(model.truth.route.weight, 40);
	model_run(&model, 30000, NULL);
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_ROLLED_BACK);
	assert_non_null(
		strstr(model.trace, "W the route is not taken in yet: Gateway public says no\n"));
	assert_int_equal(model.truth.target.replicas, 0);
	model_fini(&model);
	begin(&model);
	text_copy(model.truth.route.pending, "Gateway public says no");
	model_run(&model, 100000, revision);
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_ROLLED_BACK);
	assert_null(strstr(model.trace, "scale target 2")); /* it was not even begun */
	assert_int_equal(model.n_checks, 0);
	model_fini(&model);
}

/* A route that was taken in, and may have no effect: told once, as the analysis begins. */
static void test_route_passed_by(void **state)
{
	static const char words[] =
		"N Starting canary analysis for cart.shop\n"
		"W cart.shop: requests may pass the route by: Service cart: no waypoint\n";
	const char *told;
	struct model model;

	begin(&model);
	text_copy(model.truth.route.doubt, "Service cart: no waypoint");
	model_run(&model, 70000, revision);
	told = strstr(model.trace, words);
	assert_non_null(told);
	assert_null(strstr(told + strlen(words), "pass the route by"));
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	model_fini(&model);
}

/* Copies that somebody took away come back: no client gets less by that. A weight that somebody
 * gave beside them goes at once. */
static void take_copies(struct model *model)
{
	model->truth.route.is_mirrored = false;
	model->truth.route.is_ours = false;
}

static void test_D_61_foreign_copies(void **state)
{
	static const struct model_event taken[] = {{0, apply_v2}, {8000, take_copies}, {0}};
	static const struct model_event raised[] = {{0, apply_v2}, {8000, raise_weight}, {0}};
	struct model model;

	begin(&model);
	model.spec.mirror = true;
	model_run(&model, 8500, taken);
	assert_true(model.truth.route.is_mirrored);
	model_fini(&model);
	begin(&model);
	model.spec.mirror = true;
	model_run(&model, 8500, raised);
	assert_int_equal(model.truth.route.weight, 0);
	assert_true(model.truth.route.is_mirrored);
	assert_non_null(strstr(model.trace, "route 0\nroute 0 mirrored\n"));
	model_fini(&model);
}

/* … in each phase of a run, whatever else waits; one that was lowered is left alone. */
static void test_D_61_foreign_raise_in_any_phase(void **state)
{
	static const struct {
		enum release_phase phase;
		int from, to, live;
		int wanted;   /* -1: nothing */
		bool is_gone; /* the target */
	} rows[] = {
		{PHASE_PROGRESSING, 20, 40, 90, 40},
		{PHASE_PROMOTING, 20, 40, 90, 40}, /* the primary's rollout may take long */
		{PHASE_PROMOTING, 20, 40, 40, -1},
		{PHASE_PROMOTING, 20, 40, 5, -1},
		{PHASE_PROMOTING, 40, 0, 40, 0},   /* withdrawn: the write is still to be done */
		{PHASE_FINALISING, 40, 0, 90, 40}, /* it waits for a primary that broke */
		{PHASE_FINALISING, 40, 0, 40, -1},
		{PHASE_RETREATING, 40, 0, 90, 0},
		{PHASE_PROMOTING, 20, 40, 40, 0, true}, /* nobody would answer there */
	};
	struct effect effects[PLAN_EFFECTS_MAX];
	struct model model;

	begin(&model);
	model_run(&model, 8500, revision);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct plan plan = {.effects = effects};
		struct facts facts = model.truth;
		int wanted = -1;

		facts.newest.status.phase = rows[i].phase;
		facts.newest.status.weight.from = rows[i].from;
		facts.newest.status.weight.to = rows[i].to;
		facts.route.weight = rows[i].live;
		if (rows[i].is_gone)
			facts.target = (struct workload_fact){.slot.state = FACT_ABSENT};
		if (rows[i].phase > PHASE_PROGRESSING) {
			text_copy(facts.primary.release_uid, facts.newest.uid);
			facts.primary.available = 1;
		}
		decide(&model.spec, &facts, &plan);
		for (size_t j = 0; j < plan.n_effects; j++) {
			if (plan.effects[j].kind != EFFECT_WRITE_ROUTE)
				continue;
			wanted = plan.effects[j].weight;
			assert_true(plan.effects[j].is_retreat);
		}
		assert_int_equal(wanted, rows[i].wanted);
	}
	model_fini(&model);
}

/* No weight is raised to pods that no Service leads to; one that is too high is lowered. */
static void test_raises_only_with_services(void **state)
{
	static const struct {
		int from, live, to;
		bool has_service;
		bool writes;
	} rows[] = {
		{20, 20, 40, true, true},   /* the next step */
		{20, 20, 40, false, false}, /* not yet */
		{20, 60, 40, false, true},  /* a foreign hand's is taken back whatever else is */
	};
	struct effect effects[PLAN_EFFECTS_MAX];
	struct model model;

	begin(&model);
	model_run(&model, 8500, revision);
	assert_int_equal(model.truth.newest.status.phase, PHASE_PROGRESSING);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct plan plan = {.effects = effects};
		struct facts facts = model.truth;
		bool writes = false;

		facts.newest.status.weight.from = rows[i].from;
		facts.newest.status.weight.to = rows[i].to;
		facts.route.weight = rows[i].live;
		if (!rows[i].has_service)
			facts.canary_service.slot = (struct fact_slot){
				.state = FACT_ABSENT,
				.failures = 1,
				.retry_at = instant_after(facts.now, span_seconds(1)),
			};
		decide(&model.spec, &facts, &plan);
		for (size_t j = 0; j < plan.n_effects; j++)
			writes |= plan.effects[j].kind == EFFECT_WRITE_ROUTE;
		assert_int_equal(writes, rows[i].writes);
	}
	model_fini(&model);
}

/* At rest clients are kept on the primary also while the target is away. */
static void test_apex_without_a_target(void **state)
{
	struct effect effects[PLAN_EFFECTS_MAX];
	struct plan plan = {.effects = effects};
	struct model model;
	bool is_brought_back = false;

	begin(&model);
	model.truth.target = (struct workload_fact){.slot.state = FACT_ABSENT};
	model.truth.apex.backend = BACKEND_CANARY;
	decide(&model.spec, &model.truth, &plan);
	for (size_t i = 0; i < plan.n_effects; i++)
		is_brought_back |= plan.effects[i].kind == EFFECT_WRITE_SERVICE &&
		                   plan.effects[i].subject == SUBJECT_APEX &&
		                   plan.effects[i].backend == BACKEND_PRIMARY;
	assert_true(is_brought_back);
	model_fini(&model);
}

/* How long after PODS were ready the canary, or for 0 the route, got what WEIGHT says. */
static int64_t reach(struct model *model, const struct workload_fact *pods, int weight)
{
	const struct route_fact *route = &model->truth.route;

	for (int i = 0; i < 600; i++) {
		model_run(model, 100, NULL);
		if (pods->ready > 0 && route->slot.state == FACT_KNOWN && route->weight >= weight &&
		    (weight > 0 || route->is_exact))
			return instant_between(pods->ready_since, model->truth.now).ms;
	}
	return -1;
}

/* No request for pods that those who send them may not know of. */
static void test_reach(void **state)
{
	for (int64_t ms = 0; ms <= 4000; ms += 4000) {
		struct model model;
		int64_t took;

		model_init(&model);
		model.spec.route.reach = span_ms(ms);
		model.truth.route.slot.state = FACT_ABSENT;
		model.truth.route.is_exact = false;
		took = reach(&model, &model.truth.primary, 0);
		assert_in_range(took, ms, ms + 2000);
		model_run(&model, 60000, NULL);
		model_apply(&model, "v2");
		took = reach(&model, &model.truth.target, 20);
		assert_in_range(took, ms, ms + 4000);
		model_fini(&model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reach),
		cmocka_unit_test(test_D_61_foreign_weight),
		cmocka_unit_test(test_route_not_taken_in),
		cmocka_unit_test(test_route_passed_by),
		cmocka_unit_test(test_D_61_foreign_copies),
		cmocka_unit_test(test_D_61_foreign_raise_in_any_phase),
		cmocka_unit_test(test_raises_only_with_services),
		cmocka_unit_test(test_apex_without_a_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

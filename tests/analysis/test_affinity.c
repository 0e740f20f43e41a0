/* Session affinity: which cookies stand in the Release, and which the route has, over a run. */
#include "analysis/base/text.h"
#include "tests/analysis/happen.h"
#include "tests/analysis/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct model_event revision[] = {{0, apply_v2}, {0}};
static const struct model_event newer[] = {{0, apply_v3}, {0}};

static void begin(struct model *model)
{
	model_init(model);
	model->spec.route.sticks = true;
	model->spec.affinity = (struct affinity_spec){.cookie = "cnry", .primary_cookie = "prim"};
	model_initialise(model);
}

static void run_to_weight(struct model *model, int weight)
{
	for (int i = 0; i < 400 && model->truth.route.weight != weight; i++)
		model_run(model, 500, NULL);
	assert_int_equal(model->truth.route.weight, weight);
}

static const struct cookies *route_cookies(const struct model *model)
{
	return &model->truth.route.cookies;
}

static const struct cookies *saved_cookies(const struct model *model)
{
	return &model->truth.newest.status.cookies;
}

/* D-43: the canary's value is of the run, the primary's of the step. */
static void test_D_43_the_primary_rotates(void **state)
{
	struct cookies first;
	struct cookies second;
	struct model model;

	begin(&model);
	model_run(&model, 500, revision);
	run_to_weight(&model, 20);
	first = *route_cookies(&model);
	assert_string_equal(first.canary.name, "cnry");
	assert_string_equal(first.primary.name, "prim");
	assert_true(cookie_is_ours(first.canary.value) && cookie_is_ours(first.primary.value));
	assert_true(cookie_are_same(&first, saved_cookies(&model)));
	run_to_weight(&model, 40);
	second = *route_cookies(&model);
	assert_true(cookie_is_same(&first.canary, &second.canary));
	assert_false(cookie_is_same(&first.primary, &second.primary));
	assert_true(cookie_are_same(&second, saved_cookies(&model)));
	model_fini(&model);
}

/* … and is not made where nobody asked for it. */
static void test_D_43_no_primary_cookie_unused(void **state)
{
	struct model model;

	begin(&model);
	model.spec.affinity.primary_cookie = NULL;
	model_run(&model, 500, revision);
	run_to_weight(&model, 40);
	assert_true(cookie_is_set(&route_cookies(&model)->canary));
	assert_false(cookie_is_set(&route_cookies(&model)->primary));
	assert_string_equal(model.truth.mirror.cookies.primary, "");
	model_fini(&model);
}

/* D-43: whatever is lost between two decisions, the clients keep their side. */
static void test_D_43_no_cookie_is_lost(void **state)
{
	struct cookie canary;
	struct model model;

	begin(&model);
	model_run(&model, 500, revision);
	run_to_weight(&model, 20);
	canary = route_cookies(&model)->canary;
	model.is_forgetful = true;
	run_to_weight(&model, 40);
	assert_true(cookie_is_same(&canary, &route_cookies(&model)->canary));
	model_run(&model, 200000, NULL);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	assert_true(cookie_is_same(&canary, &route_cookies(&model)->canary)); /* taken away */
	assert_int_equal(model.truth.route.weight, 0);
	model_fini(&model);
}

/* Canary.status says what Flagger's says. */
static void test_mirrored(void **state)
{
	struct model model;
	char present[COOKIE_NAME_SIZE + COOKIE_VALUE_SIZE];

	begin(&model);
	assert_string_equal(model.truth.mirror.cookies.present, "");
	model_run(&model, 500, revision);
	run_to_weight(&model, 20);
	model_run(&model, 500, NULL);
	text_format(present, sizeof(present), "cnry=%s", route_cookies(&model)->canary.value);
	assert_string_equal(model.truth.mirror.cookies.present, present);
	assert_string_equal(model.truth.mirror.cookies.previous, "");
	assert_memory_equal(model.truth.mirror.cookies.primary, "prim=serin-", 11);
	model_run(&model, 200000, NULL);
	assert_string_equal(model.truth.mirror.phase, "Succeeded");
	assert_string_equal(model.truth.mirror.cookies.present, "");
	assert_string_equal(model.truth.mirror.cookies.previous, present);
	/* the next run says which it takes away until it has clients of its own, and after */
	model_run(&model, 500, newer);
	assert_string_equal(model.truth.mirror.cookies.previous, present);
	run_to_weight(&model, 20);
	model_run(&model, 500, NULL);
	assert_string_equal(model.truth.mirror.cookies.previous, present);
	assert_string_not_equal(model.truth.mirror.cookies.present, present);
	assert_string_not_equal(model.truth.mirror.cookies.present, "");
	model_fini(&model);
}

/* Every way back to weight 0 takes the canary's cookie away, and keeps nobody on the primary. */
static void test_taken_away(void **state)
{
	struct cookie canary;
	struct model model;

	begin(&model);
	model_run(&model, 500, revision);
	run_to_weight(&model, 20);
	canary = route_cookies(&model)->canary;
	model.success_rate = 0;
	run_to_weight(&model, 0);
	assert_true(cookie_is_same(&canary, &route_cookies(&model)->canary));
	assert_false(cookie_is_set(&route_cookies(&model)->primary));
	model_run(&model, 100000, NULL);
	assert_string_equal(model.truth.mirror.phase, "Failed");
	assert_true(cookie_is_same(&canary, &route_cookies(&model)->canary));
	/* … and while the next run gets ready */
	model.success_rate = 100;
	model_run(&model, 2500, newer);
	assert_int_equal(model.truth.newest.status.phase, PHASE_STARTING);
	assert_true(cookie_is_same(&canary, &route_cookies(&model)->canary));
	run_to_weight(&model, 20);
	assert_false(cookie_is_same(&canary, &route_cookies(&model)->canary));
	model_fini(&model);
}

/* D-43: another cookieName in mid-run. Who has the old cookie stays; the new one is handed out from
 * the next step on. */
static void test_D_43_another_name_in_mid_run(void **state)
{
	struct cookie old;
	struct model model;

	begin(&model);
	model_run(&model, 500, revision);
	run_to_weight(&model, 20);
	old = route_cookies(&model)->canary;
	model.spec.affinity.cookie = "fresh";
	model_run(&model, 500, NULL);
	assert_string_equal(route_cookies(&model)->canary.name, "cnry");
	run_to_weight(&model, 40);
	assert_string_equal(route_cookies(&model)->canary.name, "fresh");
	assert_true(cookie_is_same(&route_cookies(&model)->earlier, &old));
	model_run(&model, 200000, NULL);
	assert_int_equal(model.truth.route.weight, 0);
	assert_string_equal(route_cookies(&model)->canary.name, "fresh");
	assert_true(cookie_is_same(&route_cookies(&model)->earlier, &old));
	model_fini(&model);
}

/* Without the field, from the next look on, nobody is kept; with it, from the next step on. */
static void test_turned_off_and_on(void **state)
{
	static const struct cookies none;
	struct model model;

	begin(&model);
	model_run(&model, 500, revision);
	run_to_weight(&model, 20);
	model.spec.affinity = (struct affinity_spec){0};
	model_run(&model, 500, NULL);
	assert_true(cookie_are_same(route_cookies(&model), &none));
	assert_int_equal(model.truth.route.weight, 20);
	model_fini(&model);

	begin(&model);
	model.spec.affinity = (struct affinity_spec){0};
	model_run(&model, 500, revision);
	run_to_weight(&model, 20);
	model.spec.affinity.cookie = "late";
	model_run(&model, 500, NULL);
	assert_true(cookie_are_same(route_cookies(&model), &none));
	run_to_weight(&model, 40);
	assert_string_equal(route_cookies(&model)->canary.name, "late");
	model_fini(&model);
}

/* What a foreign hand did to the cookies is put right with the weight in force. */
static void test_D_61_foreign_cookies(void **state)
{
	struct cookies wanted;
	struct model model;

	begin(&model);
	model_run(&model, 500, revision);
	run_to_weight(&model, 20);
	wanted = *route_cookies(&model);
	model.truth.route.cookies = (struct cookies){0};
	model_run(&model, 500, NULL);
	assert_true(cookie_are_same(&wanted, route_cookies(&model)));
	assert_int_equal(model.truth.route.weight, 20);
	model_fini(&model);
}

/* The primary's rotates while the requests come back in steps, too; the canary's is kept. */
static void test_steps_back(void **state)
{
	struct cookies before;
	struct model model;

	begin(&model);
	model.spec.step_weight_promotion = 15;
	model_run(&model, 500, revision);
	run_to_weight(&model, 40);
	before = *route_cookies(&model);
	run_to_weight(&model, 25);
	assert_true(cookie_is_same(&before.canary, &route_cookies(&model)->canary));
	assert_false(cookie_is_same(&before.primary, &route_cookies(&model)->primary));
	model_fini(&model);
}

static void test_names(void **state)
{
	static const char hex[] = "0123456789abcdef0123456789abcdef";
	struct cookie cookie = cookie_of("a", hex);
	struct cookies cookies = {.primary = cookie};

	assert_string_equal(cookie.value, "serin-0123456789abcdef0123456789abcdef");
	assert_true(cookie_is_ours(cookie.value));
	assert_false(cookie_is_ours("serin-0123456789abcdef0123456789abcde"));
	assert_false(cookie_is_ours("serin-0123456789abcdef0123456789abcdefa"));
	assert_false(cookie_is_ours("serin-0123456789ABCDEF0123456789abcdef"));
	assert_false(cookie_is_ours("kQzrTnbWsd"));
	assert_true(cookie_is_drawn(&cookies, hex));
	assert_false(cookie_is_drawn(&cookies, "1"));
	assert_true(cookie_is_set(&cookie));
	assert_false(cookie_is_set(&cookies.canary));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_D_43_the_primary_rotates),
		cmocka_unit_test(test_D_43_no_primary_cookie_unused),
		cmocka_unit_test(test_D_43_no_cookie_is_lost),
		cmocka_unit_test(test_mirrored),
		cmocka_unit_test(test_taken_away),
		cmocka_unit_test(test_D_43_another_name_in_mid_run),
		cmocka_unit_test(test_turned_off_and_on),
		cmocka_unit_test(test_D_61_foreign_cookies),
		cmocka_unit_test(test_steps_back),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Cookies of session affinity: which are the same, which are ours, which stand where, and what
 * Canary.status says of them. */
#include "analysis/affinity.h"
#include "analysis/base/text.h"
#include "analysis/mirror.h"
#include "tests/analysis/decisions.h"
#include "tests/analysis/given_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define DRAW "0123456789abcdef0123456789abcdef"

static void test_same(void **state)
{
	static const struct cookie a = {"a", "1"};
	static const struct {
		struct cookie other;
		bool is_same;
	} rows[] = {
		{{"a", "1"}, true}, {{"a", "2"}, false}, {{"b", "1"}, false}, {{"", ""}, false}};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct cookies all = {a, a, a};
		struct cookies canary = {rows[i].other, a, a};
		struct cookies earlier = {a, rows[i].other, a};
		struct cookies primary = {a, a, rows[i].other};

		assert_true(cookie_is_same(&a, &rows[i].other) == rows[i].is_same);
		assert_true(cookie_are_same(&all, &canary) == rows[i].is_same);
		assert_true(cookie_are_same(&all, &earlier) == rows[i].is_same);
		assert_true(cookie_are_same(&all, &primary) == rows[i].is_same);
	}
}

static void test_ours(void **state)
{
	static const struct {
		const char *value;
		bool is_ours;
	} rows[] = {
		{COOKIE_PREFIX DRAW, true},
		{COOKIE_PREFIX DRAW "0", false},
		{COOKIE_PREFIX DRAW "x", false},
		{COOKIE_PREFIX "0123456789abcdef0123456789abcde", false},
		{COOKIE_PREFIX "0123456789abcdef0123456789abcdeX", false},
		{"xxxxx-" DRAW, false}, /* as long */
		{"", false},
	};

	assert_int_equal(strlen(COOKIE_PREFIX), strlen("xxxxx-"));
	for (size_t i = 0; i < array_length(rows); i++)
		assert_true(cookie_is_ours(rows[i].value) == rows[i].is_ours);
}

/* A draw that either of the two was made of is no new one. */
static void test_drawn(void **state)
{
	struct cookies none = {0};
	struct cookies canary = {.canary = cookie_of("c", DRAW)};
	struct cookies primary = {.primary = cookie_of("p", DRAW)};

	assert_false(cookie_is_drawn(&none, DRAW));
	assert_true(cookie_is_drawn(&canary, DRAW));
	assert_true(cookie_is_drawn(&primary, DRAW));
	assert_false(cookie_is_drawn(&primary, "1" DRAW));
}

/* At a weight the primary's is handed out beside the canary's; at none the canary's goes on being
 * taken away, of the run before, too. */
static void test_of_a_route(void **state)
{
	static const struct cookie canary = {"cnry", "1"};
	static const struct cookie primary = {"prim", "2"};
	static const struct cookie former = {"cnry", "0"};
	static const struct {
		bool has_some; /* the run */
		int weight;
		const char *canary;
		const char *primary;
	} rows[] = {
		{true, 20, "1", "2"},
		{true, 0, "1", ""},
		{false, 20, "", ""},
		{false, 0, "0", ""},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct cookies cookies;
		struct model model;
		struct thought thought = {.spec = &model.spec, .facts = &model.truth};

		decisions_run(&model);
		model.spec.affinity.cookie = "cnry";
		model.truth.former.cookies.canary = former;
		if (rows[i].has_some)
			model.truth.newest.status.cookies =
				(struct cookies){.canary = canary, .primary = primary};
		cookies = affinity_cookies(&thought, rows[i].weight);
		assert_string_equal(cookies.canary.value, rows[i].canary);
		assert_string_equal(cookies.primary.value, rows[i].primary);
		model.spec.affinity.cookie = NULL;
		cookies = affinity_cookies(&thought, rows[i].weight);
		assert_string_equal(cookies.canary.value, "");
		model_fini(&model);
	}
}

/* New values come with a weight, and with nothing else. */
static void test_turn(void **state)
{
	static const struct {
		const char *cookie;
		int weight;
		const char *draw;
		const char *canary;
	} rows[] = {
		{"cnry", 20, DRAW, COOKIE_PREFIX DRAW},
		{"cnry", 1, DRAW, COOKIE_PREFIX DRAW},
		{"cnry", 0, DRAW, ""},
		{"cnry", 20, "", ""},
		{NULL, 20, DRAW, ""},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct release_status status = {.weight.to = rows[i].weight};
		struct model model;
		struct thought thought = {.spec = &model.spec, .facts = &model.truth};

		decisions_run(&model);
		model.spec.affinity.cookie = rows[i].cookie;
		text_copy(model.truth.draw, rows[i].draw);
		affinity_turn(&thought, &status);
		assert_string_equal(status.cookies.canary.value, rows[i].canary);
		model_fini(&model);
	}
}

/* What Canary.status says: the cookie that is handed out, and the one that is taken away. */
static void test_told(void **state)
{
	static const struct {
		bool has_affinity;
		bool has_some;
		int weight;
		enum release_outcome outcome;
		const char *present;
		const char *previous;
	} rows[] = {
		{true, true, 20, OUTCOME_NONE, "cnry=1", "cnry=0"},
		{true, true, 0, OUTCOME_NONE, "", "cnry=1"},
		{true, true, 20, OUTCOME_PROMOTED, "", "cnry=1"},
		{true, true, 0, OUTCOME_PROMOTED, "", "cnry=1"},
		{true, false, 20, OUTCOME_NONE, "", "cnry=0"},
		{true, false, 0, OUTCOME_PROMOTED, "", "cnry=0"},
		{false, true, 20, OUTCOME_NONE, "", ""},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct mirror mirror;
		struct model model;

		decisions_run(&model);
		progressing(&model);
		model.spec.affinity.cookie = rows[i].has_affinity ? "cnry" : NULL;
		model.truth.former.cookies.canary = (struct cookie){"cnry", "0"};
		if (rows[i].has_some)
			model.truth.newest.status.cookies.canary = (struct cookie){"cnry", "1"};
		model.truth.newest.status.weight.to = rows[i].weight;
		model.truth.newest.status.outcome = rows[i].outcome;
		mirror = mirror_of(&model.spec, &model.truth);
		assert_string_equal(mirror.cookies.present, rows[i].present);
		assert_string_equal(mirror.cookies.previous, rows[i].previous);
		model_fini(&model);
	}
}

static void live_is_wanted(struct model *model)
{
	struct mirror mirror;

	starting(model);
	put_pods(&model->truth.target, 2, 0);
	model->truth.newest.status.times.not_ready_since = model->truth.now;
	model->spec.affinity.cookie = "cnry";
	model->truth.former.cookies.canary = (struct cookie){"cnry", "0"};
	model->truth.route.cookies = model->truth.former.cookies;
	model->truth.newest.status.cookies.primary = (struct cookie){"prim", "2"};
	mirror = mirror_of(&model->spec, &model->truth);
	text_copy(model->truth.mirror.phase, mirror.phase);
	text_copy(model->truth.mirror.last_applied, mirror.last_applied);
	text_copy(model->truth.mirror.last_promoted, mirror.last_promoted);
	model->truth.mirror.cookies = mirror.cookies;
}

static void present_differs(struct model *model)
{
	text_copy(model->truth.mirror.cookies.present, "cnry=7");
}

static void previous_differs(struct model *model)
{
	text_copy(model->truth.mirror.cookies.previous, "cnry=7");
}

static void primary_differs(struct model *model)
{
	text_copy(model->truth.mirror.cookies.primary, "prim=7");
}

/* Each of the three is put right in Canary.status. */
static void test_written(void **state)
{
	static const struct decision_row rows[] = {
		{"all as it is to be", {live_is_wanted}, "", NULL, 60000},
		{"present",
	         {live_is_wanted, present_differs},
	         "write canary status Progressing",
	         NULL,
	         60000},
		{"previous",
	         {live_is_wanted, previous_differs},
	         "write canary status Progressing",
	         NULL,
	         60000},
		{"primary",
	         {live_is_wanted, primary_differs},
	         "write canary status Progressing",
	         NULL,
	         60000},
	};

	decisions_check(decisions_run, rows, array_length(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),    cmocka_unit_test(test_ours),
		cmocka_unit_test(test_drawn),   cmocka_unit_test(test_of_a_route),
		cmocka_unit_test(test_turn),    cmocka_unit_test(test_told),
		cmocka_unit_test(test_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

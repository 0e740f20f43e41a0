/* Counting, and Prometheus' text of it. */
#include "agent/metrics.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int open_metrics(void **state)
{
	*state = metrics_new();
	return 0;
}

static int shut_metrics(void **state)
{
	metrics_free(*state);
	return 0;
}

static void expect(const struct metrics *metrics, const char *text)
{
	struct buf page = {.max = METRICS_TEXT_MAX};

	assert_true(metrics_write(metrics, &page));
	assert_string_equal(buf_text(&page), text);
	buf_fini(&page);
}

static void test_text(void **state)
{
	struct metrics *metrics = *state;

	expect(metrics, "");
	metrics_set(metrics, METRIC_FLAGGER_CANARY_WEIGHT, METRIC_LABELS("cart-primary", "shop"),
	            90);
	metrics_set(metrics, METRIC_FLAGGER_CANARY_WEIGHT, METRIC_LABELS("cart", "shop"), 5);
	metrics_set(metrics, METRIC_FLAGGER_CANARY_WEIGHT, METRIC_LABELS("cart", "shop"), 10);
	metrics_add(metrics, METRIC_SERIN_DECISIONS_TOTAL, METRIC_NO_LABELS, 1);
	metrics_add(metrics, METRIC_SERIN_DECISIONS_TOTAL, METRIC_NO_LABELS, 2);
	expect(metrics,
	       "# HELP flagger_canary_weight Share of the traffic in percent, of primary "
	       "and canary\n"
	       "# TYPE flagger_canary_weight gauge\n"
	       "flagger_canary_weight{workload=\"cart-primary\",namespace=\"shop\"} 90\n"
	       "flagger_canary_weight{workload=\"cart\",namespace=\"shop\"} 10\n"
	       "# HELP serin_decisions_total Decisions made\n"
	       "# TYPE serin_decisions_total counter\n"
	       "serin_decisions_total 3\n");
}

static void test_numbers(void **state)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {
		{0.1, " 0.1\n"},
		{1e300, " 1e+300\n"},
		{99.5, " 99.5\n"},
		{HUGE_VAL, " +Inf\n"},
		{-HUGE_VAL, " -Inf\n"},
		{(double)NAN, " NaN\n"},
		{1234567890123, " 1234567890123\n"},
		{0.30000000000000004, " 0.30000000000000004\n"},
	};
	struct metrics *metrics = *state;

	for (size_t i = 0; i < array_length(rows); i++) {
		struct buf page = {.max = METRICS_TEXT_MAX};

		metrics_set(metrics, METRIC_SERIN_HISTORY_QUEUE, METRIC_NO_LABELS, rows[i].value);
		assert_true(metrics_write(metrics, &page));
		if (!strstr(buf_text(&page), rows[i].text))
			fail_msg("expected%s in %s", rows[i].text, buf_text(&page));
		buf_fini(&page);
	}
}

/* Anything can be in a name that somebody chose. */
static void test_escaping(void **state)
{
	struct metrics *metrics = *state;
	struct buf page = {.max = METRICS_TEXT_MAX};

	metrics_set(metrics, METRIC_FLAGGER_INFO, METRIC_LABELS("a\"b\\c\nd", ""), 1);
	assert_true(metrics_write(metrics, &page));
	assert_non_null(strstr(buf_text(&page),
	                       "flagger_info{version=\"a\\\"b\\\\c\\nd\",mesh_provider=\"\"} 1\n"));
	buf_fini(&page);
}

static void test_histogram(void **state)
{
	struct metrics *metrics = *state;
	const char *const *labels = METRIC_LABELS("cart", "shop");
	struct buf page = {.max = METRICS_TEXT_MAX};

	metrics_observe(metrics, METRIC_FLAGGER_CANARY_DURATION_SECONDS, labels, 0.25);
	metrics_observe(metrics, METRIC_FLAGGER_CANARY_DURATION_SECONDS, labels, 3);
	metrics_observe(metrics, METRIC_FLAGGER_CANARY_DURATION_SECONDS, labels, 30);
	assert_true(metrics_write(metrics, &page));
	assert_non_null(strstr(buf_text(&page),
	                       "_bucket{name=\"cart\",namespace=\"shop\",le=\"0.1\"} 0\n"));
	assert_non_null(strstr(buf_text(&page), "le=\"0.25\"} 1\n"));
	assert_non_null(strstr(buf_text(&page), "le=\"5\"} 2\n"));
	assert_non_null(strstr(buf_text(&page), "le=\"+Inf\"} 3\n"));
	assert_non_null(
		strstr(buf_text(&page), "_seconds_sum{name=\"cart\",namespace=\"shop\"} 33.25\n"));
	assert_non_null(
		strstr(buf_text(&page), "_seconds_count{name=\"cart\",namespace=\"shop\"} 3\n"));
	buf_fini(&page);
}

/* A canary goes with all its series, in whatever order they were made; its neighbours stay. */
static void test_remove(void **state)
{
	static const enum metric metric = METRIC_SERIN_CANARY_PHASE;
	struct metrics *metrics = *state;

	metrics_set(metrics, metric, METRIC_LABELS("cart", "shop", "Waiting"), 1);
	metrics_set(metrics, metric, METRIC_LABELS("cart", "other", "Waiting"), 2);
	metrics_set(metrics, metric, METRIC_LABELS("cart", "shop", "Done"), 3);
	metrics_remove_series(metrics, metric, METRIC_LABELS("cart", "shop", METRIC_ANY));
	expect(metrics,
	       "# HELP serin_canary_phase 1 for the phase that a canary is in\n"
	       "# TYPE serin_canary_phase gauge\n"
	       "serin_canary_phase{name=\"cart\",namespace=\"other\",phase=\"Waiting\"} 2\n");
	metrics_set(metrics, metric, METRIC_LABELS("new", "shop", "Done"), 4);
	metrics_remove_series(metrics, metric, METRIC_LABELS(METRIC_ANY, "other", METRIC_ANY));
	metrics_remove_series(metrics, metric, METRIC_LABELS("never", "was", "there"));
	assert_true(metrics_value(metrics, metric, METRIC_LABELS("new", "shop", "Done")) > 3.9);
	metrics_remove_series(metrics, metric, METRIC_LABELS(METRIC_ANY, METRIC_ANY, METRIC_ANY));
	expect(metrics, "");
}

static void expect_number(const struct metrics *metrics, enum metric metric,
                          const char *const *labels, int want)
{
	double value = metrics_value(metrics, metric, labels);

	assert_int_equal((int)value, want);
}

/* Over the limit nothing is kept but the count of what was not; those that are there go on. */
static void test_limit(void **state)
{
	struct metrics *metrics = *state;
	struct buf page = {.max = METRICS_TEXT_MAX};
	char name[32];

	for (int i = 0; i < METRICS_SERIES_MAX + 5; i++) {
		(void)snprintf(name, sizeof(name), "canary-%d", i);
		metrics_set(metrics, METRIC_FLAGGER_CANARY_STATUS, METRIC_LABELS(name, "shop"), 1);
	}
	metrics_set(metrics, METRIC_FLAGGER_CANARY_STATUS, METRIC_LABELS("canary-0", "shop"), 2);
	expect_number(metrics, METRIC_FLAGGER_CANARY_STATUS, METRIC_LABELS("canary-0", "shop"), 2);
	expect_number(metrics, METRIC_SERIN_SERIES_DROPPED_TOTAL, METRIC_NO_LABELS, 5);
	assert_true(metrics_write(metrics, &page));
	assert_null(strstr(buf_text(&page), "canary-100000\""));
	buf_fini(&page);
	page.max = 1000;
	assert_false(metrics_write(metrics, &page));
	buf_fini(&page);
}

/* Values are cut, and two that differ only behind the cut are one. */
static void test_long_label(void **state)
{
	struct metrics *metrics = *state;
	char value[METRICS_LABEL_MAX + 10];

	memset(value, 'x', sizeof(value));
	value[sizeof(value) - 1] = '\0';
	metrics_set(metrics, METRIC_FLAGGER_CANARY_TOTAL, METRIC_LABELS(value), 1);
	value[METRICS_LABEL_MAX] = '\0';
	assert_true(metrics_value(metrics, METRIC_FLAGGER_CANARY_TOTAL, METRIC_LABELS(value)) > 0);
}

static void test_nobody(void **state)
{
	metrics_set(NULL, METRIC_SERIN_LEASE_HELD, METRIC_NO_LABELS, 1);
	metrics_add(NULL, METRIC_SERIN_DECISIONS_TOTAL, METRIC_NO_LABELS, 1);
	metrics_remove_series(NULL, METRIC_SERIN_LEASE_HELD, METRIC_NO_LABELS);
}

#define METRICS_TEST(test) cmocka_unit_test_setup_teardown(test, open_metrics, shut_metrics)

int main(void)
{
	const struct CMUnitTest tests[] = {
		METRICS_TEST(test_text),       METRICS_TEST(test_numbers),
		METRICS_TEST(test_escaping),   METRICS_TEST(test_histogram),
		METRICS_TEST(test_remove),     METRICS_TEST(test_limit),
		METRICS_TEST(test_long_label), METRICS_TEST(test_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "analysis/base/compiler.h"
#include "analysis/target.h"
#include "analysis/workload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WAITING "waiting for rollout to finish: "

/* canary-controller.md 2.9.1: one row per sentence, and where each gives way to the next. */
static const struct {
	struct workload_fact workload;
	int percent;
	const char *why; /* "" when ready */
} rows[] = {
	{{.slot.state = FACT_UNKNOWN}, 100, WAITING "it was not seen yet"},
	{{.slot.state = FACT_FAILED}, 100, WAITING "it was not seen yet"},
	{{.slot.state = FACT_ABSENT}, 100, WAITING "there is no such deployment"},
	{{.slot.state = FACT_KNOWN, .replicas = 2, .updated = 2, .total = 2, .available = 2},
         100,
         WAITING "observed deployment generation less than desired generation"},
	{{.slot.state = FACT_KNOWN,
          .is_observed = true,
          .replicas = 2,
          .updated = 1,
          .total = 2,
          .available = 2},
         100,
         WAITING "1 out of 2 new replicas have been updated"},
	{{.slot.state = FACT_KNOWN,
          .is_observed = true,
          .replicas = 2,
          .updated = 2,
          .total = 3,
          .available = 2},
         100,
         WAITING "1 old replicas are pending termination"},
	{{.slot.state = FACT_KNOWN,
          .is_observed = true,
          .replicas = 2,
          .updated = 2,
          .total = 2,
          .available = 1},
         100,
         WAITING "1 of 2 (readyThreshold 100%) updated replicas are available"},
	{{.slot.state = FACT_KNOWN,
          .is_observed = true,
          .replicas = 2,
          .updated = 2,
          .total = 2,
          .available = 2},
         100,
         ""},
	{{.slot.state = FACT_KNOWN,
          .is_observed = true,
          .replicas = 4,
          .updated = 4,
          .total = 4,
          .available = 2},
         50,
         ""},
	{{.slot.state = FACT_KNOWN,
          .is_observed = true,
          .replicas = 5,
          .updated = 5,
          .total = 5,
          .available = 2},
         50, /* 2.5 is three */
         WAITING "2 of 5 (readyThreshold 50%) updated replicas are available"},
	{{.slot.state = FACT_KNOWN,
          .is_observed = true,
          .replicas = 5,
          .updated = 5,
          .total = 5,
          .available = 3},
         50,
         ""},
};

static void assert_ready(const struct workload_fact *workload, int percent, const char *why)
{
	char said[SENTENCE_MAX] = "";

	assert_int_equal(workload_is_ready(workload, percent, said), why[0] == '\0');
	assert_string_equal(said, why);
}

static void test_ready(void **state)
{
	for (size_t i = 0; i < array_length(rows); i++)
		assert_ready(&rows[i].workload, rows[i].percent, rows[i].why);
}

/* One pod at 99 %, or at 1 %: none available is not ready. */
static void test_D_47_rounds_up(void **state)
{
	struct workload_fact one = {.slot.state = FACT_KNOWN,
	                            .is_observed = true,
	                            .replicas = 1,
	                            .updated = 1,
	                            .total = 1};

	assert_ready(&one, 99,
	             WAITING "0 of 1 (readyThreshold 99%) updated replicas are available");
	assert_ready(&one, 1, WAITING "0 of 1 (readyThreshold 1%) updated replicas are available");
	one.available = 1;
	assert_ready(&one, 99, "");
	assert_ready(&one, 100, "");
}

/* Scaled to zero is not ready, whatever else is true. */
static void test_D_54_zero_replicas(void **state)
{
	const struct workload_fact none = {.slot.state = FACT_KNOWN, .is_observed = true};

	assert_ready(&none, 100, WAITING "it is scaled to zero");
}

static void test_serves(void **state)
{
	struct workload_fact workload = {.slot.state = FACT_KNOWN, .ready = 1};

	assert_true(workload_serves(&workload));
	workload.ready = 0;
	workload.available = 1;
	assert_false(workload_serves(&workload));
	workload = (struct workload_fact){.slot.state = FACT_FAILED, .ready = 1};
	assert_false(workload_serves(&workload));
}

/* The kinds by their names, and what is none. */
static void test_kinds(void **state)
{
	static const char *const others[] = {"", "deployment", "StatefulSet", "Services"};
	enum target_kind kind = TARGET_DEPLOYMENT;

	for (enum target_kind i = TARGET_DEPLOYMENT; i <= TARGET_SERVICE; i++) {
		assert_true(target_kind_parse(target_kind_name(i), &kind));
		assert_int_equal(kind, i);
	}
	for (size_t i = 0; i < array_length(others); i++)
		assert_false(target_kind_parse(others[i], &kind));
	assert_int_equal(kind, TARGET_SERVICE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ready),
		cmocka_unit_test(test_D_47_rounds_up),
		cmocka_unit_test(test_D_54_zero_replicas),
		cmocka_unit_test(test_serves),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

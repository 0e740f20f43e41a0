#include "analysis/base/compiler.h"
#include "analysis/release.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The names as they stand in the resource (release-state.md, section 1). */
static void test_phases(void **state)
{
	static const char *const names[] = {
		"",          "Waiting",    "Starting",   "Progressing", "WaitingPromotion",
		"Promoting", "Finalising", "Retreating", "Done"};

	for (size_t i = 0; i < array_length(names); i++) {
		assert_string_equal(release_phase_name((enum release_phase)i), names[i]);
		assert_int_equal(release_phase_find(names[i]), i);
	}
	assert_int_equal(release_phase_find("starting"), PHASE_NONE);
}

static void test_outcomes(void **state)
{
	static const char *const names[] = {"",           "promoted",         "rolled_back",
	                                    "superseded", "failed_promotion", "skipped",
	                                    "cancelled"};

	for (size_t i = 0; i < array_length(names); i++) {
		assert_string_equal(release_outcome_name((enum release_outcome)i), names[i]);
		assert_int_equal(release_outcome_find(names[i]), i);
	}
	assert_int_equal(release_outcome_find("undone"), OUTCOME_NONE);
}

static void test_causes_and_verdicts(void **state)
{
	static const char *const causes[] = {"", "init", "revision", "config", "retry", "undo"};
	static const char *const verdicts[] = {"", "pass", "fail", "no_data", "error"};

	for (size_t i = 0; i < array_length(causes); i++) {
		assert_string_equal(release_cause_name((enum release_cause)i), causes[i]);
		assert_int_equal(release_cause_find(causes[i]), i);
	}
	for (size_t i = 0; i < array_length(verdicts); i++) {
		assert_string_equal(verdict_name((enum verdict)i), verdicts[i]);
		assert_int_equal(verdict_find(verdicts[i]), i);
	}
	assert_int_equal(release_cause_find("dance"), CAUSE_NONE);
	assert_int_equal(verdict_find("passed"), VERDICT_UNKNOWN);
}

static void test_hooks(void **state)
{
	static const char *const types[] = {"",
	                                    "confirm-rollout",
	                                    "pre-rollout",
	                                    "rollout",
	                                    "confirm-traffic-increase",
	                                    "confirm-promotion",
	                                    "post-rollout",
	                                    "rollback",
	                                    "event"};
	static const char *const results[] = {"pending", "pass", "fail", "skipped"};

	for (size_t i = 0; i < array_length(types); i++) {
		assert_string_equal(hook_type_name((enum hook_type)i), types[i]);
		assert_int_equal(hook_type_find(types[i]), i);
	}
	for (size_t i = 0; i < array_length(results); i++) {
		assert_string_equal(hook_result_name((enum hook_result)i), results[i]);
		assert_int_equal(hook_result_find(results[i]), i);
	}
	assert_int_equal(hook_type_find("Rollout"), HOOK_NONE);
	assert_int_equal(hook_result_find("passed"), HOOK_PENDING);
}

static void test_is_open(void **state)
{
	struct release release = {0};

	assert_false(release_is_open(&release)); /* there is none */
	release.name[0] = 'a';
	assert_true(release_is_open(&release));
	release.status.outcome = OUTCOME_CANCELLED;
	assert_false(release_is_open(&release));
}

static void test_is_promoted(void **state)
{
	for (enum release_outcome outcome = OUTCOME_NONE; outcome <= OUTCOME_CANCELLED; outcome++) {
		const struct release release = {.status.outcome = outcome};

		assert_int_equal(release_is_promoted(&release),
		                 outcome == OUTCOME_PROMOTED || outcome == OUTCOME_SKIPPED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_phases),
		cmocka_unit_test(test_outcomes),
		cmocka_unit_test(test_causes_and_verdicts),
		cmocka_unit_test(test_hooks),
		cmocka_unit_test(test_is_open),
		cmocka_unit_test(test_is_promoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

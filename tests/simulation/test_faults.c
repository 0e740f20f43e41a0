/* Which kinds of faults can strike in which phases: the table of docs/testing.md. */
#include "analysis/base/buf.h"
#include "tests/simulation/faults.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Those phases in which the kind cannot strike, one kind a line. */
static void test_what_cannot_be(void **state)
{
	struct buf text = {.max = 4096};

	(void)state;
	for (enum fault kind = FAULT_NONE + 1; kind < FAULT_MAX; kind++) {
		bool has_any = false;

		for (enum fault_phase phase = 0; phase < FAULT_PHASE_MAX; phase++) {
			if (fault_is_possible(kind, phase))
				continue;
			assert_true(buf_format(&text, "%s%s%s", has_any ? "" : fault_name(kind),
			                       has_any ? ", " : ": ", fault_phase_name(phase)));
			has_any = true;
		}
		assert_true(!has_any || buf_format(&text, "\n"));
	}
	assert_string_equal(
		buf_text(&text),
		"edit of selector: teardown\n"
		"gate closed: init, Promoting, Finalising, Retreating, rest, teardown\n"
		"hook says no: teardown\n"
		"hook silent: teardown\n"
		"hook down: teardown\n"
		"hook calls back: absent, init, Promoting, Finalising, Retreating, rest, teardown\n");
	buf_fini(&text);
}

/* A kind that stays away never strikes; one that is sure does, in the phase of its canary, up to
 * the limit and not in the calm. */
static void test_strikes(void **state)
{
	struct instant now = {.ms = 1000};
	struct faults faults;

	(void)state;
	faults_init(&faults, 1, 2, 2);
	faults_still(&faults, 2);
	assert_false(faults_strike(&faults, FAULT_CRASH, 0, now));
	faults.rates[FAULT_CRASH] = 1;
	faults.phases[1] = FAULT_PHASE_RETREATING;
	assert_true(faults_strike(&faults, FAULT_CRASH, 1, now));
	assert_int_equal(faults.counts[FAULT_PHASE_RETREATING][FAULT_CRASH], 1);
	assert_int_equal(faults.counts[FAULT_PHASE_ABSENT][FAULT_CRASH], 0);
	faults.is_calm = true;
	assert_false(faults_strike(&faults, FAULT_CRASH, 1, now));
	faults.is_calm = false;
	assert_true(faults_strike(&faults, FAULT_CRASH, -1, now));
	assert_int_equal(faults.counts[FAULT_PHASE_RETREATING][FAULT_CRASH], 2);
	assert_int_equal(faults.counts[FAULT_PHASE_ABSENT][FAULT_CRASH], 1);
	assert_false(faults_strike(&faults, FAULT_CRASH, 1, now));
	assert_int_equal(faults.n_disturbances, 2);
}

/* A storm is of people and other tools: networks and disks are as before. */
static void test_storm(void **state)
{
	struct faults faults;

	(void)state;
	faults_init(&faults, 1, 2, 0);
	faults.rates[FAULT_LATENCY] = 0.1;
	faults.rates[FAULT_EDIT_WEIGHT] = 0.1;
	faults.rates[FAULT_PODS_BREAK] = 0.01;
	faults.rates[FAULT_HOOK_NO] = 0.1;
	faults_storm(&faults, 4);
	assert_float_equal(faults.rates[FAULT_LATENCY], 0.1, 1e-6);
	assert_float_equal(faults.rates[FAULT_EDIT_WEIGHT], 0.4, 1e-6);
	assert_float_equal(faults.rates[FAULT_PODS_BREAK], 0.04, 1e-6);
	assert_float_equal(faults.rates[FAULT_HOOK_NO], 0.1, 1e-6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_cannot_be),
		cmocka_unit_test(test_strikes),
		cmocka_unit_test(test_storm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

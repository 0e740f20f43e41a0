/*
 * The simulator as a test: seeds that once failed, some fixed ones, the same seed twice, and for
 * the rest of its time fresh ones. SIM_SECONDS changes how long that is, SIM_EPOCH names other
 * ones: `make test` sets it to the time of the commit, whose seeds are then the same wherever it is
 * tested. A fresh seed that fails is printed, with the command that tells its story.
 */
#include "analysis/base/compiler.h"
#include "tests/simulation/regressions.h"
#include "tests/simulation/simulation.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define SECONDS     40
#define SEEDS_FIXED 20

static double elapsed(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* One seed, which must not fail; returns its digest. */
static uint64_t run(uint64_t seed, uint64_t limit, double storm)
{
	struct simulation_options options = {.seed = seed, .limit = limit, .storm = storm};
	struct simulation_result result;

	simulation_run(&options, &result);
	if (result.violation[0] != '\0') {
		print_error("seed %" PRIu64 ": %s\nagain: serin-sim --seed %" PRIu64
		            " --limit %" PRIu64 " --storm %g --tell\n",
		            seed, result.violation, seed, limit, storm > 0 ? storm : 1);
		fail();
	}
	return result.digest;
}

static void test_regressions(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_length(regressions); i++)
		(void)run(regressions[i].seed, regressions[i].limit, 0);
	for (size_t i = 0; i < array_length(storms); i++)
		(void)run(storms[i].seed, 0, storms[i].storm);
}

static void test_fixed(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS_FIXED; seed++)
		(void)run(seed, 0, 0);
}

/* The same seed gives the same story; another one another. */
static void test_digest(void **state)
{
	uint64_t digest = run(1, 0, 0);

	(void)state;
	assert_true(run(1, 0, 0) == digest);
	assert_true(run(2, 0, 0) != digest);
}

static void test_fresh(void **state)
{
	const char *text = getenv("SIM_SECONDS");
	double end = elapsed() + (text ? strtod(text, NULL) : SECONDS);
	const char *epoch = getenv("SIM_EPOCH");
	uint64_t first =
		(epoch && *epoch ? strtoull(epoch, NULL, 10) : (uint64_t)time(NULL)) * 100000;
	uint64_t n_seeds = 0;

	(void)state;
	print_message("# fresh seeds from %" PRIu64 "\n", first);
	while (elapsed() < end)
		(void)run(first + n_seeds++, 0, 0);
	print_message("# %" PRIu64 " of them\n", n_seeds);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_regressions),
		cmocka_unit_test(test_fixed),
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "analysis/backoff.h"
#include "analysis/base/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_delay(void **state)
{
	static const int64_t most[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};

	for (int i = 0; i < (int)array_length(most); i++) {
		assert_int_equal(backoff_delay(i + 1, 0).ms, most[i]);
		for (uint64_t seed = 1; seed < 100000; seed += 37) {
			assert_true(backoff_delay(i + 1, seed).ms <= most[i]);
			assert_true(backoff_delay(i + 1, seed).ms > most[i] - most[i] / 5);
		}
	}
	assert_int_equal(backoff_delay(1, 199).ms, 801); /* the whole spread is used */
	assert_int_equal(backoff_delay(1000000, 0).ms, 60000);
	assert_int_equal(backoff_delay(0, 0).ms, 1000);
}

static void test_conflict(void **state)
{
	static const int64_t rows[] = {0, 0, 0, 0, 100, 200, 400, 800, 1000, 1000};

	for (int i = 0; i < (int)array_length(rows); i++)
		assert_int_equal(backoff_conflict(i).ms, rows[i]);
}

static void test_retreat(void **state)
{
	static const int64_t rows[] = {100, 100, 200, 400, 800, 1000, 1000};

	for (int i = 0; i < (int)array_length(rows); i++)
		assert_int_equal(backoff_retreat(i).ms, rows[i]);
	assert_int_equal(backoff_retreat(1000000).ms, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_delay),
		cmocka_unit_test(test_conflict),
		cmocka_unit_test(test_retreat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

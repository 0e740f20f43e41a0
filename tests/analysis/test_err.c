#include "analysis/base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_set(void **state)
{
	struct err err = {0};

	assert_false(err_set(&err, ERR_INVALID, "%s: expected %d", "spec.a", 3));
	assert_int_equal(err.kind, ERR_INVALID);
	assert_string_equal(err.text, "spec.a: expected 3");
}

static void test_wrap(void **state)
{
	struct err err = {0};

	err_set(&err, ERR_STATUS, "409 Conflict");
	assert_false(err_wrap(&err, "Service %s", "cart"));
	assert_int_equal(err.kind, ERR_STATUS);
	assert_string_equal(err.text, "Service cart: 409 Conflict");
}

/* Nobody wants to know: both answer all the same. */
static void test_none(void **state)
{
	assert_false(err_set(NULL, ERR_SYSTEM, "lost"));
	assert_false(err_wrap(NULL, "lost"));
}

/* What does not fit is cut, never written past the end. */
static void test_cut(void **state)
{
	char text[2 * ERR_TEXT_MAX];
	struct err err = {0};

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	err_set(&err, ERR_LIMIT, "%s", text);
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
	err_wrap(&err, "outer");
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
	assert_memory_equal(err.text, "outer: xx", 9);
	err_wrap(&err, "%s", text);
	assert_int_equal(strlen(err.text), ERR_TEXT_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "analysis/base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_add(void **state)
{
	struct buf buf = {.max = 6};

	assert_string_equal(buf_text(&buf), "");
	assert_true(buf_add(&buf, "", 0));
	assert_null(buf.bytes);
	assert_true(buf_add(&buf, "abc", 3));
	assert_true(buf_add(&buf, "def", 3));
	assert_string_equal(buf_text(&buf), "abcdef");
	assert_false(buf_add(&buf, "g", 1)); /* full */
	assert_false(buf_add(&buf, "ghijkl", 6));
	assert_false(buf_add(&buf, "ghijklm", 7));
	assert_true(buf_add(&buf, "", 0));
	assert_string_equal(buf_text(&buf), "abcdef");
	buf_fini(&buf);
	assert_int_equal(buf.length, 0);
	assert_int_equal(buf.max, 6);
	assert_true(buf_add(&buf, "x", 1));
	buf_fini(&buf);
}

/* A maximum that was not set allows nothing. */
static void test_no_max(void **state)
{
	struct buf buf = {0};

	assert_false(buf_add(&buf, "x", 1));
	assert_false(buf_format(&buf, "x"));
	assert_true(buf_format(&buf, "%s", ""));
	assert_null(buf.bytes); /* nothing needs no memory */
}

static void test_format(void **state)
{
	struct buf buf = {.max = 7};

	assert_true(buf_format(&buf, "%d", 1234));
	assert_false(buf_format(&buf, "%d", 5678)); /* nothing of it is kept */
	assert_string_equal(buf_text(&buf), "1234");
	assert_true(buf_format(&buf, "%s", "567"));
	assert_string_equal(buf_text(&buf), "1234567");
	assert_true(buf_format(&buf, "%s", ""));
	assert_false(buf_format(&buf, "%s", "12345678"));
	buf_fini(&buf);
}

static void test_drop(void **state)
{
	struct buf buf = {.max = 100};

	buf_drop(&buf, 0);
	assert_true(buf_add(&buf, "abcdef", 6));
	buf_drop(&buf, 2);
	assert_string_equal(buf_text(&buf), "cdef");
	buf_drop(&buf, 0);
	assert_string_equal(buf_text(&buf), "cdef");
	buf_drop(&buf, 4);
	assert_string_equal(buf_text(&buf), "");
	assert_true(buf_add(&buf, "g", 1));
	assert_string_equal(buf_text(&buf), "g");
	buf_fini(&buf);
}

/* At once as much as is allowed. */
static void test_all_at_once(void **state)
{
	char bytes[300];
	struct buf buf = {.max = sizeof(bytes)};

	memset(bytes, 'a', sizeof(bytes));
	assert_true(buf_add(&buf, bytes, sizeof(bytes)));
	assert_int_equal(strlen(buf_text(&buf)), sizeof(bytes));
	buf_fini(&buf);
	for (size_t length = 60; length < 70; length++) {
		assert_true(buf_add(&buf, bytes, length));
		assert_int_equal(strlen(buf_text(&buf)), length);
		buf_fini(&buf);
	}
}

/* It grows by doubling and keeps what it had. */
static void test_grow(void **state)
{
	struct buf buf = {.max = 10000};

	for (size_t i = 0; i < 10000; i++)
		assert_true(buf_add(&buf, i % 2 ? "b" : "a", 1));
	assert_false(buf_add(&buf, "c", 1));
	assert_int_equal(buf.length, 10000);
	assert_int_equal(buf.bytes[9998], 'a');
	assert_int_equal(buf.bytes[9999], 'b');
	assert_int_equal(buf.bytes[10000], '\0');
	buf_fini(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),    cmocka_unit_test(test_no_max),
		cmocka_unit_test(test_format), cmocka_unit_test(test_drop),
		cmocka_unit_test(test_grow),   cmocka_unit_test(test_all_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

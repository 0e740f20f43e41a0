#include "analysis/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What is left of TEXT in SIZE bytes. */
static const struct {
	size_t size;
	const char *text;
	const char *left;
} rows[] = {
	{8, "abc", "abc"},
	{4, "abc", "abc"}, /* just fits */
	{3, "abc", "ab"},
	{1, "abc", ""},
	{2, "\xC3\xA4", ""},                   /* ä, half */
	{3, "\xC3\xA4", "\xC3\xA4"},           /* … whole */
	{4, "a\xC3\xA4xyz", "a\xC3\xA4"},      /* cut after a whole one */
	{3, "a\xC3\xA4xyz", "a"},              /* … in the middle */
	{3, "\xE2\x80\xA6", ""},               /* three bytes: one missing */
	{2, "\xE2\x80\xA6", ""},               /* … two missing */
	{4, "\xE2\x80\xA6xy", "\xE2\x80\xA6"}, /* … none */
	{4, "\xF0\x9F\x90\xA4", ""},           /* four bytes: one missing */
	{5, "\xF0\x9F\x90\xA4x", "\xF0\x9F\x90\xA4"},
	{3, "\x80\x80\x80\x80", "\x80\x80"}, /* no character at all: kept */
	{2, "\xC0\x80", ""},                 /* the first of two bytes, of three, of four */
	{3, "\xE0\x80\x80", ""},
	{4, "\xF0\x80\x80\x80", ""},
	{6, "\xE2\x80\xA6\xC3\xA4", "\xE2\x80\xA6\xC3\xA4"},
	{5, "\xE2\x80\xA6\xC3\xA4", "\xE2\x80\xA6"},
};

static void test_cut(void **state)
{
	char text[16];

	for (size_t i = 0; i < array_length(rows); i++) {
		memset(text, '#', sizeof(text));
		text_format(text, rows[i].size, "%s", rows[i].text);
		assert_string_equal(text, rows[i].left);
		assert_int_equal(text[rows[i].size], '#');
		/* copied, it is cut in the same way */
		memset(text, '#', sizeof(text));
		text_cut(text, rows[i].size, rows[i].text);
		assert_string_equal(text, rows[i].left);
		assert_int_equal(text[rows[i].size], '#');
	}
}

static void test_copy(void **state)
{
	char text[5];

	text_copy(text, "50%d of it");
	assert_string_equal(text, "50%d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

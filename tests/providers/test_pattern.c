#include "providers/wire/pattern.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_check(void **state)
{
	struct err err = {0};

	assert_true(pattern_check("^(staff|admin)-[0-9]{1,3}$", NULL));
	assert_true(pattern_check("", NULL));
	assert_false(pattern_check("a[b", &err));
	assert_string_equal(err.text,
	                    "expected a regular expression, got one with this at character 4: "
	                    "missing terminating ] for character class");
	assert_int_equal(err.kind, ERR_INVALID);
}

static void test_limits(void **state)
{
	char text[PATTERN_BYTES_MAX + 2];
	struct err err = {0};

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(pattern_check(text, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	text[PATTERN_BYTES_MAX] = '\0';
	assert_true(pattern_check(text, NULL));
	/* too many parentheses inside each other */
	memset(text, '(', 100);
	memset(text + 100, ')', 100);
	text[200] = '\0';
	assert_false(pattern_check(text, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

static void test_matches(void **state)
{
	static const char cookie[] = "^(.*?;)?(canary=always)(;.*)?$";

	assert_true(pattern_matches(cookie, "canary=always", true));
	assert_true(pattern_matches(cookie, "a=b;canary=always;c=d", true));
	assert_false(pattern_matches(cookie, "a=b; canary=always", true));
	assert_true(pattern_matches("b", "abc", false));
	assert_false(pattern_matches("b", "abc", true));
	/* a match that would take years is none */
	assert_false(pattern_matches("^(a+)+$", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
	                             true));
}

static void test_costly(void **state)
{
	static const char *const costly[] = {"^(a+)+$", "(x|x)*y", "^(\\w+\\s?)*$", "^(.*,)*b$"};
	static const char *const cheap[] = {"^staff", ".*canary=always.*", "^(.*;\\s*)?a=b(;.*)?$",
	                                    "[0-9]+-[a-z]+"};

	for (size_t i = 0; i < array_length(costly); i++) {
		if (!pattern_is_costly(costly[i]))
			fail_msg("%s is called cheap", costly[i]);
	}
	for (size_t i = 0; i < array_length(cheap); i++) {
		if (pattern_is_costly(cheap[i]))
			fail_msg("%s is called costly", cheap[i]);
	}
}

static void test_foreign(void **state)
{
	static const char *const rows[][2] = {
		{"(a)\\1", "a backreference \\1"},
		{"(?P<n>a)(?P=n)", "a backreference (?P="},
		{"(?<n>a)\\k<n>", "a backreference \\k"},
		{"^(?!staff)", "a lookahead (?!"},
		{"a(?=b)", "a lookahead (?="},
		{"(?<=a)b", "a lookbehind (?<="},
		{"(?<!a)b", "a lookbehind (?<!"},
		{"(?>a+)b", "an atomic group (?>"},
		{"a++b", "a possessive repetition"},
		{"a*+b", "a possessive repetition"},
		{"a?+b", "a possessive repetition"},
		{"a{2,3}+b", "a possessive repetition"},
		{"a\\Z", "the end \\Z"},
		{"\\Ga", "the anchor \\G"},
		{"\\h+", "a blank \\h"},
		{"\\((?R)?\\)", "a recursion (?R)"},
		{"(a(?1)?b)", "a recursion (?1)"},
		{"(?(1)a|b)", "a condition (?("},
		{"(?#staff)a", "a comment (?#"},
		{"(*UTF8)a", "a verb (*"},
		{"a{1001}", "more than 1000 repetitions"},
		{"a{0,2000}", "more than 1000 repetitions"},
	};
	/* none of these is foreign: a class, an escape, or what both know */
	static const char *const known[] = {
		"[(?=a)]",   "\\(?=a", "a+?b",          "(?P<n>a)",    "(?:a|b)",     "(?i)staff",
		"[\\1a]",    "a\\+",   "a{2}",          "a{2,}?",      "\\Aa\\z",     "[]a+]+b",
		"\\Q(?=\\E", "a{x}+",  "[[:alpha:]]+x", "\\bstaff\\b", "\\d+\\s*\\w",
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		const char *found = pattern_find_foreign(rows[i][0]);

		if (!found || strcmp(found, rows[i][1]) != 0)
			fail_msg("%s: expected %s, got %s", rows[i][0], rows[i][1],
			         found ? found : "nothing");
	}
	for (size_t i = 0; i < array_length(known); i++) {
		if (pattern_find_foreign(known[i]))
			fail_msg("%s: got %s", known[i], pattern_find_foreign(known[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),   cmocka_unit_test(test_limits),
		cmocka_unit_test(test_matches), cmocka_unit_test(test_costly),
		cmocka_unit_test(test_foreign),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

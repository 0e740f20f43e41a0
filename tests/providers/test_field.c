#include "analysis/base/compiler.h"
#include "providers/wire/field.h"
#include "providers/wire/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char object[] =
	"{\"text\": \"hello\", \"whole\": 12, \"real\": 12.5, \"round\": 10.0, \"huge\": 1e308,"
	" \"yes\": true, \"no\": false, \"null\": null, \"list\": [1, \"two\", {\"x\": 3}],"
	" \"nul\": \"a\\u0000b\", \"spec\": {\"analysis\": {\"threshold\": 12.5}},"
	" \"odd\": \"tab\\tand \\u00e4 and a text that goes on and on and on and on\"}";

struct fixture {
	json_t *json;
	struct arena arena;
	struct field root;
};

static int set_up(void **state)
{
	static const struct fixture nothing;
	struct fixture *fixture = test_malloc(sizeof(*fixture));

	*fixture = nothing;
	fixture->json = json_loads(object, JSON_ALLOW_NUL, NULL);
	fixture->root = field_root(fixture->json, "");
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	json_decref(fixture->json);
	arena_fini(&fixture->arena);
	test_free(fixture);
	return 0;
}

static void test_values(void **state)
{
	struct fixture *fixture = *state;
	struct field text = field_member(&fixture->root, "text");
	struct field real = field_member(&fixture->root, "real");
	struct field round = field_member(&fixture->root, "round");
	struct field yes = field_member(&fixture->root, "yes");
	struct field list = field_member(&fixture->root, "list");
	struct field two = field_element(&list, 1);
	const char *word = NULL;
	double number = 0;
	int64_t whole = 0;
	size_t length = 0;
	bool flag = false;
	struct err err = {0};

	assert_true(field_text(&text, 5, &fixture->arena, &word, &err));
	assert_string_equal(word, "hello");
	assert_true(field_text(&two, 5, &fixture->arena, &word, &err));
	assert_string_equal(word, "two");
	assert_true(field_number(&real, &number, &err));
	assert_float_equal(number, 12.5, 0);
	assert_true(field_whole(&round, 0, 10, &whole, &err));
	assert_int_equal(whole, 10);
	assert_true(field_flag(&yes, &flag, &err));
	assert_true(flag);
	assert_true(field_list(&list, 3, &length, &err));
	assert_int_equal(length, 3);
	assert_true(field_object(&fixture->root, &err));
	assert_int_equal(err.kind, ERR_NONE);
}

static void test_absent_keeps_the_default(void **state)
{
	struct fixture *fixture = *state;
	struct field none = field_member(&fixture->root, "none");
	struct field null = field_member(&fixture->root, "null");
	const char *text = "default";
	double number = 1.5;
	int64_t whole = 7;
	bool flag = true;

	assert_true(field_is_absent(&none) && field_is_absent(&null));
	assert_true(field_optional_text(&none, 5, &fixture->arena, &text, NULL));
	assert_true(field_optional_number(&null, &number, NULL));
	assert_true(field_optional_whole(&none, 0, 1, &whole, NULL));
	assert_true(field_optional_flag(&null, &flag, NULL));
	assert_string_equal(text, "default");
	assert_float_equal(number, 1.5, 0);
	assert_int_equal(whole, 7);
	assert_true(flag);
}

enum reader {
	READ_OBJECT,
	READ_LIST,
	READ_TEXT,
	READ_NUMBER,
	READ_WHOLE,
	READ_FLAG,
};

struct refusal_row {
	const char *key;
	enum reader reader;
	enum err_kind kind;
	const char *text;
};

/* Texts of at most 4 bytes, lists of at most 2, whole numbers from 0 to 100. */
static const struct refusal_row refusals[] = {
	{"text", READ_OBJECT, ERR_INVALID, "text: expected an object, got \"hello\""},
	{"none", READ_OBJECT, ERR_INVALID, "none: expected an object, got nothing"},
	{"null", READ_TEXT, ERR_INVALID, "null: expected a text, got nothing"},
	{"spec", READ_LIST, ERR_INVALID, "spec: expected a list, got an object"},
	{"list", READ_LIST, ERR_LIMIT, "list: expected at most 2 elements, got 3"},
	{"list", READ_TEXT, ERR_INVALID, "list: expected a text, got a list"},
	{"text", READ_TEXT, ERR_LIMIT, "text: expected at most 4 bytes, got 5"},
	{"nul", READ_TEXT, ERR_INVALID, "nul: expected a text without NUL characters"},
	{"yes", READ_NUMBER, ERR_INVALID, "yes: expected a number, got true"},
	{"real", READ_WHOLE, ERR_INVALID, "real: expected a whole number, got 12.5"},
	{"huge", READ_WHOLE, ERR_INVALID,
         "huge: expected a whole number from 0 to 100, got 1e+308"},
	{"no", READ_WHOLE, ERR_INVALID, "no: expected a whole number, got false"},
	{"whole", READ_FLAG, ERR_INVALID, "whole: expected true or false, got 12"},
	{"real", READ_FLAG, ERR_INVALID, "real: expected true or false, got 12.5"},
	/* foreign texts: cut, and as plain ASCII */
	{"odd", READ_FLAG, ERR_INVALID,
         "odd: expected true or false, got \"tab?and ?? and a text that goes on and o...\""},
};

static bool read_with(enum reader reader, struct fixture *fixture, const struct field *field,
                      struct err *err)
{
	const char *text;
	double number;
	int64_t whole;
	size_t length;
	bool flag;

	switch (reader) {
	case READ_OBJECT:
		return field_object(field, err);
	case READ_LIST:
		return field_list(field, 2, &length, err);
	case READ_TEXT:
		return field_text(field, 4, &fixture->arena, &text, err);
	case READ_NUMBER:
		return field_number(field, &number, err);
	case READ_WHOLE:
		return field_whole(field, 0, 100, &whole, err);
	case READ_FLAG:
		return field_flag(field, &flag, err);
	}
	return true;
}

static void test_refusals(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < array_length(refusals); i++) {
		struct field field = field_member(&fixture->root, refusals[i].key);
		struct err err = {0};

		assert_false(read_with(refusals[i].reader, fixture, &field, &err));
		assert_string_equal(err.text, refusals[i].text);
		assert_int_equal(err.kind, refusals[i].kind);
	}
}

static void test_range(void **state)
{
	struct fixture *fixture = *state;
	struct field whole = field_member(&fixture->root, "whole");
	int64_t value = 0;
	struct err err = {0};

	assert_true(field_whole(&whole, 12, 12, &value, &err));
	assert_false(field_whole(&whole, 13, 20, &value, &err));
	assert_string_equal(err.text, "whole: expected a whole number from 13 to 20, got 12");
	assert_false(field_whole(&whole, 0, 11, &value, &err));
}

/* The path of what lies deep, with and without a name for the root. */
static void test_paths(void **state)
{
	struct fixture *fixture = *state;
	struct field named = field_root(fixture->json, "canary");
	struct field spec = field_member(&fixture->root, "spec");
	struct field analysis = field_member(&spec, "analysis");
	struct field threshold = field_member(&analysis, "threshold");
	struct field list = field_member(&named, "list");
	struct field third = field_element(&list, 2);
	struct field x = field_member(&third, "x");
	int64_t whole;
	bool flag;
	struct err err = {0};

	assert_false(field_whole(&threshold, 0, 100, &whole, &err));
	assert_string_equal(err.text, "spec.analysis.threshold: expected a whole number, got 12.5");
	assert_false(field_flag(&x, &flag, &err));
	assert_string_equal(err.text, "canary.list[2].x: expected true or false, got 3");
	assert_false(field_refuse(&fixture->root, &err, ERR_INVALID, "expected %s", "more"));
	assert_string_equal(err.text, "expected more");
}

/* Members of what is no object and elements of what is no list are absent. */
static void test_absent_below_others(void **state)
{
	struct fixture *fixture = *state;
	struct field text = field_member(&fixture->root, "text");
	struct field below = field_member(&text, "x");
	struct field element = field_element(&text, 0);
	struct field list = field_member(&fixture->root, "list");
	struct field fourth = field_element(&list, 3);
	struct field nothing = field_root(NULL, "");

	assert_true(field_is_absent(&below));
	assert_true(field_is_absent(&element));
	assert_true(field_is_absent(&fourth));
	assert_true(field_is_absent(&nothing));
}

/* However deep and long: the path is cut, the error is whole. */
static void test_deep_path(void **state)
{
	static const char key[] = "a_rather_long_key_of_more_than_forty_bytes_in_all";
	struct field fields[40];
	struct err err = {0};

	fields[0] = field_root(NULL, "");
	for (size_t i = 1; i < array_length(fields); i++)
		fields[i] = field_member(&fields[i - 1], key);
	assert_false(field_object(&fields[39], &err));
	assert_non_null(strstr(err.text, "expected an object, got nothing"));
	assert_non_null(strstr(err.text, "a_rather_long_key_of_more_than_forty_byt...."));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_values),    TEST(test_absent_keeps_the_default),
		TEST(test_refusals),  TEST(test_range),
		TEST(test_paths),     TEST(test_absent_below_others),
		TEST(test_deep_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

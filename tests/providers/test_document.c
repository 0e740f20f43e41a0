#include "analysis/base/compiler.h"
#include "providers/wire/document.h"
#include "providers/wire/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct read_row {
	const char *text;
	const char *json;
};

/* As kubectl reads them. */
static const struct read_row read_rows[] = {
	{"a: 1", "{\"a\":1}"},
	{"{\"a\": [1, 2.5, \"x\", null, true]}", "{\"a\":[1,2.5,\"x\",null,true]}"},
	{"- a\n- b: c\n  d:\n  - e\n", "[\"a\",{\"b\":\"c\",\"d\":[\"e\"]}]"},
	{"a: |\n  x\n  y\n", "{\"a\":\"x\\ny\\n\"}"},
	{"a: >-\n  x\n  y\n", "{\"a\":\"x y\"}"},
	{"# only\na: b # comment\n", "{\"a\":\"b\"}"},
	{"---\na: b\n...\n", "{\"a\":\"b\"}"},
	{"a:\nb: ~\nc: Null\n", "{\"a\":null,\"b\":null,\"c\":null}"},
	{"[y, Yes, on, TRUE]", "[true,true,true,true]"}, /* truth values of YAML 1.1 */
	{"[n, No, off, FALSE]", "[false,false,false,false]"},
	{"['yes', \"no\", tRUE]", "[\"yes\",\"no\",\"tRUE\"]"},
	{"[010, 0x1F, 0b101, 0o17, -0x1f, 1_000]", "[8,31,5,15,-31,1000]"},
	{"[09, 0x, 0b2, _1, 1.2.3]", "[9.0,\"0x\",\"0b2\",\"_1\",\"1.2.3\"]"},
	{"[.5, 5., 1e3, -1.5, +2]", "[0.5,5.0,1000.0,-1.5,2]"},
	{"[9223372036854775807, -9223372036854775808]",
         "[9223372036854775807,-9223372036854775808]"},
	{"[1e400, 10m, 12:30:45]", "[\"1e400\",\"10m\",\"12:30:45\"]"},
	{"[2026-11-21, 2026-11-21T04:45:00Z]",
         "[\"2026-11-21\",\"2026-11-21T04:45:00Z\"]"}, /* times stay texts */
	{"[!!str 5, !!int 5, !!float 5, !!bool yes, !!null ~]", "[\"5\",5,5,true,null]"},
	{"{on: 1, 010: 2, 1.5: 3}", "{\"1.5\":3,\"8\":2,\"true\":1}"}, /* keys are texts */
	{"a: \"\\u00e9\\x41\"", "{\"a\":\"\\u00e9A\"}"},
	{"x", "\"x\""},
};

static void test_read(void **state)
{
	for (size_t i = 0; i < array_length(read_rows); i++) {
		const char *text = read_rows[i].text;
		json_t *tree = NULL;
		struct err err = {0};
		char *json;

		if (!document_read(text, strlen(text), &tree, &err))
			fail_msg("%s: %s", text, err.text);
		json = json_dumps(tree, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY |
		                                JSON_ENSURE_ASCII);
		for (char *at = json; *at; at++) /* \u00E9 */
			*at = *at == 'E' && at[1] == '9' ? 'e' : *at;
		assert_string_equal(json, read_rows[i].json);
		free(json);
		json_decref(tree);
	}
}

struct refusal_row {
	const char *text;
	enum err_kind kind;
	const char *why;
};

static const struct refusal_row refusals[] = {
	{"", ERR_MALFORMED, "expected a YAML or JSON document, got nothing"},
	{"# nothing\n", ERR_MALFORMED, "got nothing"},
	{"---\n---\n", ERR_MALFORMED, "got nothing"},
	{"a: 1\n---\nb: 2\n", ERR_MALFORMED, "expected one document, got several"},
	{"a: 1\nb: [", ERR_MALFORMED, "line 3, column 1"},
	{"a: b: c", ERR_MALFORMED, "line 1, column 5"},
	{"\ta: b", ERR_MALFORMED, "line 1"},
	{"a: \xff", ERR_MALFORMED, "byte 3"},
	{"a: &x 1\nb: *x\n", ERR_INVALID, "line 1, column 4: anchors are not supported"},
	{"a: &x {}", ERR_INVALID, "anchors are not supported"},
	{"a: &x []", ERR_INVALID, "anchors are not supported"},
	{"&x a: b", ERR_INVALID, "anchors are not supported"},
	{"a: *x", ERR_INVALID, "line 1, column 4: aliases are not supported"},
	{"*x : b", ERR_INVALID, "aliases are not supported"},
	{"<<: {a: b}", ERR_INVALID, "merge keys are not supported"},
	{"a: 1\nb: 2\na: 3\n", ERR_INVALID, "line 3, column 1: the key \"a\" stands twice"},
	{"{1: a, 0x1: b}", ERR_INVALID, "the key \"1\" stands twice"},
	{"{[a]: b}", ERR_INVALID, "expected a text as key"},
	{"~: b", ERR_INVALID, "expected a text as key, got null"},
	{"a: .inf", ERR_INVALID, "line 1, column 4: expected a number that JSON can hold"},
	{"a: .NaN", ERR_INVALID, "infinity or NaN"},
	{"a: !!binary aGk=", ERR_INVALID, "the tag is not supported"},
	{"a: !x y", ERR_INVALID, "the tag is not supported"},
	{"a: !!int x", ERR_INVALID, "does not fit"},
	{"!!set {a}", ERR_INVALID, "the tag is not supported"},
	{"a: \"x\\0y\"", ERR_INVALID, "a NUL character"},
};

static void test_refusals(void **state)
{
	for (size_t i = 0; i < array_length(refusals); i++) {
		const char *text = refusals[i].text;
		json_t *tree = NULL;
		struct err err = {0};

		if (document_read(text, strlen(text), &tree, &err))
			fail_msg("%s: accepted", text);
		assert_null(tree);
		if (!strstr(err.text, refusals[i].why) || err.kind != refusals[i].kind)
			fail_msg("%s: %s", text, err.text);
	}
}

/* DEPTH lists inside each other. */
static char *nested(size_t depth)
{
	char *text = calloc(1, 2 * depth + 1);

	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	return text;
}

static void test_depth(void **state)
{
	for (int is_json = 0; is_json < 2; is_json++) {
		for (size_t depth = DOCUMENT_DEPTH_MAX; depth <= DOCUMENT_DEPTH_MAX + 1; depth++) {
			char *text = nested(depth);
			size_t length = strlen(text);
			json_t *tree = NULL;
			struct err err = {0};
			bool is_ok = is_json ? document_read_json(text, length, length, &tree, &err)
			                     : document_read(text, length, &tree, &err);

			assert_int_equal(is_ok, depth == DOCUMENT_DEPTH_MAX);
			assert_int_equal(err.kind, is_ok ? ERR_NONE : ERR_LIMIT);
			json_decref(tree);
			free(text);
		}
	}
}

static void test_size(void **state)
{
	char *text = malloc(DOCUMENT_BYTES_MAX + 1);
	json_t *tree = NULL;
	struct err err = {0};

	memset(text, ' ', DOCUMENT_BYTES_MAX + 1);
	text[0] = 'x';
	assert_true(document_read(text, DOCUMENT_BYTES_MAX, &tree, &err));
	json_decref(tree);
	assert_false(document_read(text, DOCUMENT_BYTES_MAX + 1, &tree, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	free(text);
}

static void test_json(void **state)
{
	json_t *tree = NULL;
	struct err err = {0};

	assert_true(document_read_json("{\"a\": 1}", 8, 8, &tree, &err));
	assert_int_equal(json_integer_value(json_object_get(tree, "a")), 1);
	json_decref(tree);
	assert_false(document_read_json("{\"a\": 1}", 8, 7, &tree, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_false(document_read_json("{\"a\": 1, \"a\": 2}", 16, 99, &tree, &err));
	assert_int_equal(err.kind, ERR_MALFORMED);
	assert_false(document_read_json("{\n\"a\": }", 8, 99, &tree, &err));
	assert_non_null(strstr(err.text, "line 2, column 6"));
}

static void test_stream(void **state)
{
	static const char text[] = "---\n# empty\n---\na: 1\n---\n---\nb: 2\n...\n---\n- c\n";
	static const char *const documents[] = {"{\"a\":1}", "{\"b\":2}", "[\"c\"]"};
	CLEANUP(document_stream_freep) struct document_stream *stream = NULL;
	json_t *tree = NULL;

	stream = document_stream_new(text, strlen(text));
	for (size_t i = 0; i < array_length(documents); i++) {
		CLEANUP(tree_text_freep) char *json = NULL;

		assert_true(document_stream_next(stream, &tree, NULL));
		json = tree_text(tree);
		assert_string_equal(json, documents[i]);
		json_decref(tree);
	}
	for (int i = 0; i < 2; i++) { /* the end stays the end */
		assert_true(document_stream_next(stream, &tree, NULL));
		assert_null(tree);
	}
}

static void test_stream_ends_at_an_error(void **state)
{
	static const char text[] = "a: 1\n---\nb: [\n---\nc: 3\n";
	CLEANUP(document_stream_freep) struct document_stream *stream = NULL;
	json_t *tree = NULL;
	struct err err = {0};

	stream = document_stream_new(text, strlen(text));
	assert_true(document_stream_next(stream, &tree, &err));
	json_decref(tree);
	assert_false(document_stream_next(stream, &tree, &err));
	assert_non_null(strstr(err.text, "line 4"));
	assert_true(document_stream_next(stream, &tree, &err));
	assert_null(tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_size),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_stream),
		cmocka_unit_test(test_stream_ends_at_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "agent/demo/apiserver_patch.h"
#include "analysis/base/compiler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *json(const char *text)
{
	json_error_t where;
	json_t *value = json_loads(text, JSON_DECODE_ANY, &where);

	if (!value)
		fail_msg("%s: %s", text, where.text);
	return value;
}

/* RFC 6902 appendix A, and what the server makes of edges. result NULL: refused. */
static const struct {
	const char *document;
	const char *patch;
	const char *result;
} json_patches[] = {
	/* A.1 to A.10 */
	{"{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\"}]",
         "{\"baz\":\"qux\",\"foo\":\"bar\"}"},
	{"{\"foo\":[\"bar\",\"baz\"]}", "[{\"op\":\"add\",\"path\":\"/foo/1\",\"value\":\"qux\"}]",
         "{\"foo\":[\"bar\",\"qux\",\"baz\"]}"},
	{"{\"baz\":\"qux\",\"foo\":\"bar\"}", "[{\"op\":\"remove\",\"path\":\"/baz\"}]",
         "{\"foo\":\"bar\"}"},
	{"{\"foo\":[\"bar\",\"qux\",\"baz\"]}", "[{\"op\":\"remove\",\"path\":\"/foo/1\"}]",
         "{\"foo\":[\"bar\",\"baz\"]}"},
	{"{\"baz\":\"qux\",\"foo\":\"bar\"}",
         "[{\"op\":\"replace\",\"path\":\"/baz\",\"value\":\"boo\"}]",
         "{\"baz\":\"boo\",\"foo\":\"bar\"}"},
	{"{\"foo\":{\"bar\":\"baz\",\"waldo\":\"fred\"},\"qux\":{\"corge\":\"grault\"}}",
         "[{\"op\":\"move\",\"from\":\"/foo/waldo\",\"path\":\"/qux/thud\"}]",
         "{\"foo\":{\"bar\":\"baz\"},\"qux\":{\"corge\":\"grault\",\"thud\":\"fred\"}}"},
	{"{\"foo\":[\"all\",\"grass\",\"cows\",\"eat\"]}",
         "[{\"op\":\"move\",\"from\":\"/foo/1\",\"path\":\"/foo/3\"}]",
         "{\"foo\":[\"all\",\"cows\",\"eat\",\"grass\"]}"},
	{"{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}",
         "[{\"op\":\"test\",\"path\":\"/baz\",\"value\":\"qux\"},"
         "{\"op\":\"test\",\"path\":\"/foo/1\",\"value\":2}]",
         "{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}"},
	{"{\"baz\":\"qux\"}", "[{\"op\":\"test\",\"path\":\"/baz\",\"value\":\"bar\"}]", NULL},
	{"{\"foo\":\"bar\"}",
         "[{\"op\":\"add\",\"path\":\"/child\",\"value\":{\"grandchild\":{}}}]",
         "{\"foo\":\"bar\",\"child\":{\"grandchild\":{}}}"},
	/* A.11: unknown members are ignored */
	{"{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\",\"xyz\":123}]",
         "{\"foo\":\"bar\",\"baz\":\"qux\"}"},
	/* A.12: no parent */
	{"{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz/bat\",\"value\":\"qux\"}]", NULL},
	/* A.14, A.15: escapes; numbers and texts differ */
	{"{\"/\":9,\"~1\":10}", "[{\"op\":\"test\",\"path\":\"/~01\",\"value\":10}]",
         "{\"/\":9,\"~1\":10}"},
	{"{\"/\":9,\"~1\":10}", "[{\"op\":\"test\",\"path\":\"/~01\",\"value\":\"10\"}]", NULL},
	/* A.16: the end of an array */
	{"{\"foo\":[\"bar\"]}",
         "[{\"op\":\"add\",\"path\":\"/foo/-\",\"value\":[\"abc\",\"def\"]}]",
         "{\"foo\":[\"bar\",[\"abc\",\"def\"]]}"},
	/* copy */
	{"{\"a\":{\"b\":1}}",
         "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/c\"},"
         "{\"op\":\"replace\",\"path\":\"/c/b\",\"value\":2}]",
         "{\"a\":{\"b\":1},\"c\":{\"b\":2}}"},
	/* the whole document */
	{"{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"\",\"value\":{\"b\":2}}]", "{\"b\":2}"},
	{"{\"a\":1}", "[{\"op\":\"test\",\"path\":\"\",\"value\":{\"a\":1}}]", "{\"a\":1}"},
	/* nothing is done by half */
	{"{\"a\":1}",
         "[{\"op\":\"add\",\"path\":\"/b\",\"value\":2},{\"op\":\"remove\",\"path\":\"/c\"}]",
         NULL},
	/* the server's liberties with members, not with elements */
	{"{}", "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":1}]", "{\"a\":1}"},
	{"{}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":null}]", "{}"},
	{"{}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":1}]", NULL},
	{"{\"a\":[]}", "[{\"op\":\"replace\",\"path\":\"/a/0\",\"value\":1}]", NULL},
	{"{\"a\":[]}", "[{\"op\":\"test\",\"path\":\"/a/0\",\"value\":null}]", NULL},
	/* indices */
	{"{\"a\":[1]}", "[{\"op\":\"add\",\"path\":\"/a/2\",\"value\":1}]", NULL},
	{"{\"a\":[1]}", "[{\"op\":\"remove\",\"path\":\"/a/-\"}]", NULL},
	{"{\"a\":[1,2]}", "[{\"op\":\"remove\",\"path\":\"/a/01\"}]", NULL},
	{"{\"a\":[1]}", "[{\"op\":\"remove\",\"path\":\"/a/x\"}]", NULL},
	/* operations that are none */
	{"{}", "[{\"op\":\"add\",\"value\":1}]", NULL},
	{"{}", "[{\"op\":\"bless\",\"path\":\"/a\"}]", NULL},
	{"{}", "[{\"path\":\"/a\"}]", NULL},
	{"{}", "[{\"op\":\"move\",\"path\":\"/a\"}]", NULL},
	{"{}", "[{\"op\":\"copy\",\"path\":\"/a\",\"from\":\"/b\"}]", NULL},
	{"{}", "[{\"op\":\"add\",\"path\":\"a\",\"value\":1}]", NULL},
	{"{}", "[{\"op\":\"remove\",\"path\":\"\"}]", NULL},
};

static void test_json_patch(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_length(json_patches); i++) {
		struct err err = {0};
		json_t *document = json(json_patches[i].document);
		json_t *patch = json(json_patches[i].patch);
		json_t *wanted = json_patches[i].result ? json(json_patches[i].result) : NULL;
		json_t *before = json_deep_copy(document);
		json_t *result = apiserver_patch_json(document, patch, &err);

		if (!result != !wanted || (result && !json_equal(result, wanted)))
			fail_msg("row %zu: %s", i, err.text);
		assert_true(result || err.kind == ERR_INVALID);
		assert_true(json_equal(before, document));
		json_decref(before);
		json_decref(result);
		json_decref(wanted);
		json_decref(patch);
		json_decref(document);
	}
}

static void test_json_patch_shape(void **state)
{
	json_t *document = json_object();
	json_t *many = json_array();
	json_t *text = json("\"no patch\"");
	json_t *numbers = json("[1]");
	struct err err = {0};

	(void)state;
	assert_null(apiserver_patch_json(document, text, &err));
	assert_int_equal(err.kind, ERR_MALFORMED);
	assert_null(apiserver_patch_json(document, numbers, &err));
	assert_int_equal(err.kind, ERR_MALFORMED);
	for (int i = 0; i <= APISERVER_PATCH_OPERATIONS_MAX; i++)
		json_array_append_new(many, json_object());
	assert_null(apiserver_patch_json(document, many, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	json_decref(numbers);
	json_decref(text);
	json_decref(many);
	json_decref(document);
}

/* RFC 7396 appendix A. */
static void test_merge_patch(void **state)
{
	static const struct {
		const char *document;
		const char *patch;
		const char *result;
	} rows[] = {
		{"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
		{"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
		{"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
		{"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
		{"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
		{"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
		{"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}",
	         "{\"a\":{\"b\":\"d\"}}"},
		{"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
		{"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
		{"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
		{"{\"a\":\"foo\"}", "null", "null"},
		{"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
		{"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
		{"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
		{"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *document = json(rows[i].document);
		json_t *patch = json(rows[i].patch);
		json_t *wanted = json(rows[i].result);
		json_t *result = apiserver_patch_merge(document, patch);

		if (!json_equal(result, wanted))
			fail_msg("row %zu", i);
		json_decref(result);
		json_decref(wanted);
		json_decref(patch);
		json_decref(document);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_patch),
		cmocka_unit_test(test_json_patch_shape),
		cmocka_unit_test(test_merge_patch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* YAML that reads back as what was written. */
#include "providers/wire/document.h"
#include "providers/wire/document_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_round_trip(void **state)
{
	static const struct {
		const char *json;
		const char *yaml; /* NULL: only that it reads back */
	} rows[] = {
		{"{\"a\":1,\"b\":[],\"c\":{}}", "a: 1\nb: []\nc: {}\n"},
		{"{\"list\":[{\"x\":1,\"y\":2},3]}", "list:\n- x: 1\n  \"y\": 2\n- 3\n"},
		/* texts that would be something else without quotes */
		{"{\"a\":\"yes\",\"b\":\"010\",\"c\":\"null\",\"d\":\"\",\"e\":\"1e3\",\"f\":\"~\"}",
	         "a: \"yes\"\nb: \"010\"\nc: \"null\"\nd: \"\"\ne: \"1e3\"\nf: \"~\"\n"},
		{"{\"a\":\"- x\",\"b\":\"x: y\",\"c\":\"#\",\"d\":\" x \",\"e\":\"%a\",\"f\":\"@a\"}",
	         NULL},
		{"{\"a\":\"{{ query }}\",\"b\":\"[x]\",\"c\":\"&x\",\"d\":\"!x\",\"e\":\"'\\\"\"}",
	         NULL},
		{"{\"a\":\"one\\ntwo\\n\",\"b\":\"\\n\\n x\\n  y\",\"c\":\"trailing \\nx\"}", NULL},
		{"{\"a\":\"\\u0001\\u001b[2J\\u0085\\u2028\",\"b\":\"\xc3\xa4\xe2\x86\x92\"}",
	         NULL},
		{"{\"a\":99.91,\"b\":-0.5,\"c\":1e300,\"d\":9007199254740993,\"e\":500.0}", NULL},
		{"{\"a\":true,\"b\":false,\"c\":null}", "a: true\nb: false\nc: null\n"},
		{"{\"\":1,\"yes\":2,\"a b\":3,\"x: y\":4}", NULL},
		{"[[[1],[2]],[]]", NULL},
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *tree = json_loads(rows[i].json, 0, NULL);
		struct buf text = {.max = 4096};
		json_t *back = NULL;
		struct err err = {0};

		assert_non_null(tree);
		assert_true(document_write_yaml(tree, &text, &err));
		if (rows[i].yaml)
			assert_string_equal(buf_text(&text), rows[i].yaml);
		if (!document_read(text.bytes, text.length, &back, &err) || !json_equal(tree, back))
			fail_msg("row %zu: %s: %s", i, err.text, buf_text(&text));
		json_decref(tree);
		json_decref(back);
		buf_fini(&text);
	}
}

static void test_limits(void **state)
{
	json_t *deep = json_integer(1);
	struct buf text = {.max = 64};
	struct err err = {0};

	(void)state;
	for (int i = 0; i <= DOCUMENT_DEPTH_MAX; i++)
		deep = json_pack("[o]", deep);
	assert_false(document_write_yaml(deep, &text, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	json_decref(deep);
	deep = json_pack("{s:s}", "a",
	                 "a text that is longer than there is room for in all of the buffer");
	assert_false(document_write_yaml(deep, &text, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	json_decref(deep);
	buf_fini(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

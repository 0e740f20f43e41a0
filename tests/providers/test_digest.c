#include "analysis/base/compiler.h"
#include "providers/wire/digest.h"
#include "providers/wire/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Vectors of FIPS 180-2. */
static void test_sha256(void **state)
{
	char text[DIGEST_TEXT_SIZE];

	assert_string_equal(digest_text("", text),
	                    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_string_equal(digest_text("abc", text),
	                    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_string_equal(digest_sha256("abc\0d", 3, text),
	                    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_string_not_equal(digest_sha256("abc\0d", 5, text),
	                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

/* The order of the fields does not matter, that of a list does. */
static void test_canonical_text(void **state)
{
	CLEANUP(tree_freep)
	json_t *tree = json_loads("{\"b\": [2, 1], \"a\": {\"d\": null, \"c\": \"x\"}}", 0, NULL);
	CLEANUP(tree_text_freep) char *text = tree_text(tree);
	CLEANUP(tree_freep) json_t *plain = json_string("x");
	CLEANUP(tree_text_freep) char *quoted = tree_text(plain);

	assert_string_equal(text, "{\"a\":{\"c\":\"x\",\"d\":null},\"b\":[2,1]}");
	assert_string_equal(quoted, "\"x\"");
}

static void test_depth(void **state)
{
	CLEANUP(tree_freep) json_t *flat = json_loads("3", JSON_DECODE_ANY, NULL);
	CLEANUP(tree_freep) json_t *two = json_loads("{\"a\": [1, {\"b\": 2}]}", 0, NULL);
	CLEANUP(tree_freep) json_t *empty = json_loads("[[]]", 0, NULL);

	assert_true(tree_is_shallow(flat, 0));
	assert_true(tree_is_shallow(two, 3));
	assert_false(tree_is_shallow(two, 2));
	assert_true(tree_is_shallow(empty, 2));
	assert_false(tree_is_shallow(empty, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256),
		cmocka_unit_test(test_canonical_text),
		cmocka_unit_test(test_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "analysis/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_alloc(void **state)
{
	struct arena arena = {0};
	char *first = arena_alloc(&arena, 3);
	char *second = arena_alloc(&arena, 3);

	assert_int_equal((uintptr_t)first % _Alignof(max_align_t), 0);
	assert_int_equal((uintptr_t)second % _Alignof(max_align_t), 0);
	assert_ptr_not_equal(first, second);
	memset(first, 'x', 3);
	assert_memory_equal(second, "\0\0\0", 3);
	assert_int_equal(arena.used, 2 * sizeof(max_align_t));
	/* also nothing has an address, of its own */
	assert_ptr_not_equal(arena_alloc(&arena, 0), arena_alloc(&arena, 0));
	arena_fini(&arena);
	assert_int_equal(arena.used, 0);
	assert_null(arena.blocks);
	arena_fini(&arena); /* empty: nothing to free */
}

/* Pieces larger than a block, and more pieces than one block holds, are all zero and all apart. */
static void test_many(void **state)
{
	struct arena arena = {0};
	char *pieces[200];
	char *large = arena_alloc(&arena, 100000);

	memset(large, 'L', 100000);
	for (size_t i = 0; i < array_length(pieces); i++) {
		pieces[i] = arena_alloc(&arena, 100);
		assert_int_equal(pieces[i][0], 0);
		assert_int_equal(pieces[i][99], 0);
		memset(pieces[i], (int)i, 100);
	}
	for (size_t i = 0; i < array_length(pieces); i++)
		assert_int_equal((unsigned char)pieces[i][99], i);
	assert_int_equal(large[99999], 'L');
	arena_fini(&arena);
}

static void test_texts(void **state)
{
	struct arena arena = {0};
	char *copy = arena_copy(&arena, "a\0b--", 3);

	assert_memory_equal(copy, "a\0b\0", 4);
	assert_string_equal(arena_text(&arena, "cart"), "cart");
	assert_string_equal(arena_text(&arena, ""), "");
	assert_null(arena_text(&arena, NULL));
	assert_string_equal(arena_format(&arena, "%s-%d", "cart", 17), "cart-17");
	assert_string_equal(arena_format(&arena, "%s", ""), "");
	arena_fini(&arena);
	assert_string_equal(arena_format(&arena, "%s", "the first of all"), "the first of all");
	arena_fini(&arena);
}

/* A text that does not fit into what is left of a block, of each length around that. */
static void test_format_across_blocks(void **state)
{
	for (int length = 800; length < 1100; length++) {
		struct arena arena = {0};
		char *before = arena_alloc(&arena, 16);
		char *text;

		memset(before, 'b', 16);
		text = arena_format(&arena, "%0*d", length, 7);
		assert_int_equal(strlen(text), length);
		assert_int_equal(text[length - 1], '7');
		assert_memory_equal(before, "bbbbbbbbbbbbbbbb", 16);
		assert_int_equal(*(char *)arena_alloc(&arena, 1), 0);
		arena_fini(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alloc),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_format_across_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

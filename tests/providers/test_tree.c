#include "analysis/base/compiler.h"
#include "providers/wire/tree_read.h"
#include "providers/wire/tree_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DEEP 3000

static const char *const texts[] = {
	"{}",
	"[]",
	" \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\" : { } } \n",
	"[true,false,null,\"\",0,-0,-1,1]",
	"[999999999999999999,-999999999999999999,1000000000000000000]", /* 18 digits and 19 */
	"[9223372036854775807,-9223372036854775808]",
	"[9223372036854775808]", /* too large */
	"[0.5,-1.25e3,1E2,1e400,0.1]",
	"[0.5,-1.25e3,1E2,0.1,100.0]",
	"[0.0,-0.0,1.0,-1.0,999999999999999.0,1e15,-1e15,1e16,1e17,1e300,99.5,-99.5]",
	"{\"a\":1,\"b\":2,\"a\":3}", /* the last one counts, in the first one's place */
	"{\"b\":1,\"a\":{\"d\":1,\"c\":2},\"ab\":3,\"A\":4,\"\":5}",
	"[\"a\\\"b\\\\c\\/d\\b\\f\\n\\r\\te\\u0001\\u001f\\u00e9\\ud83d\\ude00\"]",
	"[\"caf\xc3\xa9 \xf0\x9f\x98\x80 \x7f\"]",
	"{\"caf\xc3\xa9\":\"x\",\"a\\nb\":1,\"a\\\"b\":2}",
	"[\"\xc3\"]",      /* no UTF-8 */
	"[\"a\\u0000b\"]", /* no NUL */
	"[\"a\nb\"]",      /* a control character */
	"[\"a",            /* ends too soon */
	"[\"a\\",          /* ditto */
	"[\"a\\\"",        /* ditto */
	"[1",              /* ditto */
	"{\"a\":",         /* ditto */
	"{\"a\"",          /* ditto */
	"{\"a",            /* ditto */
	"{",               /* ditto */
	"[tru",            /* ditto */
	"",                /* nothing */
	" ",               /* nothing */
	"1",               /* neither object nor array */
	"\"a\"",           /* ditto */
	"null",            /* ditto */
	"[01]",            /* a leading zero */
	"[-]",             /* no digit */
	"[1-2]",           /* no number */
	"[1.]",            /* no digit behind the point */
	"[+1]",            /* a sign that is none */
	"[1,]",            /* nothing behind the comma */
	"[,1]",            /* nothing before it */
	"{\"a\":1,}",      /* ditto */
	"{a:1}",           /* a key without quotes */
	"{\"a\" 1}",       /* no colon */
	"[1 2]",           /* no comma */
	"[1]]",            /* too many */
	"[1}",             /* another bracket */
	"[truex]",         /* no word */
	"[1] x",           /* something behind */
	"[nul",            /* ends in a word */
};

/* As jansson reads it: the same tree, or the same complaint. */
static void check_read(const char *text, size_t length)
{
	json_error_t where = {0};
	json_error_t known_where = {0};
	json_t *known = json_loadb(text, length, 0, &known_where);
	json_t *tree = tree_read(text, length, &where);
	char *known_text = known ? json_dumps(known, JSON_COMPACT) : NULL;
	char *plain = tree ? json_dumps(tree, JSON_COMPACT) : NULL;

	if (!known != !tree)
		fail_msg("%.*s: %s, expected %s", (int)length, text, tree ? "read" : where.text,
		         known ? "a tree" : known_where.text);
	if (known)
		assert_string_equal(plain, known_text);
	else
		assert_string_equal(where.text, known_where.text);
	free(plain);
	free(known_text);
	json_decref(tree);
	json_decref(known);
}

static void test_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_length(texts); i++)
		check_read(texts[i], strlen(texts[i]));
}

/* Every beginning of every text: none is read beyond its end. */
static void test_read_beginnings(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_length(texts); i++) {
		for (size_t n = 0; n < strlen(texts[i]); n++) {
			char *part = malloc(n ? n : 1); /* so that a sanitizer sees */

			assert_non_null(part);
			memcpy(part, texts[i], n);
			check_read(part, n);
			free(part);
		}
	}
}

/* Nested DEPTH times; freed by the caller. */
static char *nested(size_t depth)
{
	char *text = malloc(2 * depth + 1);

	assert_non_null(text);
	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	text[2 * depth] = '\0';
	return text;
}

static void test_read_depth(void **state)
{
	static const size_t depths[] = {63, 64, 65, 2048, 2049, DEEP};

	(void)state;
	for (size_t i = 0; i < array_length(depths); i++) {
		char *text = nested(depths[i]);

		check_read(text, 2 * depths[i]);
		free(text);
	}
}

static void check_write(json_t *tree)
{
	char *known = json_dumps(tree, JSON_COMPACT);
	char *known_sorted = json_dumps(tree, JSON_COMPACT | JSON_SORT_KEYS);
	size_t length;
	char *text = tree_write(tree, &length);
	size_t sorted_length;
	char *sorted = tree_write_sorted(tree, &sorted_length);

	assert_int_equal(!text, !known);
	assert_int_equal(!sorted, !known_sorted);
	if (known) {
		assert_string_equal(text, known);
		assert_int_equal(length, strlen(known));
		assert_string_equal(sorted, known_sorted);
		assert_int_equal(sorted_length, strlen(known_sorted));
	}
	free(known);
	free(known_sorted);
	free(text);
	free(sorted);
}

/* As jansson writes it. */
static void test_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_length(texts); i++) {
		json_t *tree = json_loads(texts[i], 0, NULL);

		if (tree)
			check_write(tree);
		json_decref(tree);
	}
}

static void test_write_bytes(void **state)
{
	json_t *tree = json_array();
	char text[4] = "a?b";

	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		text[1] = (char)byte;
		if (byte < 0x80)
			json_array_append_new(tree, json_string(text));
	}
	check_write(tree);
	json_array_append_new(tree, json_string_nocheck("a\xff")); /* no UTF-8: nothing */
	check_write(tree);
	json_decref(tree);
	tree = json_integer(1);
	check_write(tree); /* neither object nor array: nothing */
	json_decref(tree);
}

/* More members than are sorted here, and more depth than is written here. */
static void test_write_large(void **state)
{
	static const size_t depths[] = {64, 65, 2048};
	json_t *tree = json_object();
	char key[8];

	(void)state;
	for (int i = 0; i < 200; i++) {
		key[0] = (char)('a' + i * 7 % 26);
		key[1] = (char)('a' + i % 25);
		key[2] = '\0';
		json_object_set_new(tree, key, json_integer(i));
		check_write(tree);
	}
	json_decref(tree);
	for (size_t i = 0; i < array_length(depths); i++) {
		char *text = nested(depths[i]);

		tree = json_loads(text, 0, NULL);
		assert_non_null(tree);
		check_write(tree);
		json_decref(tree);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),        cmocka_unit_test(test_read_beginnings),
		cmocka_unit_test(test_read_depth),  cmocka_unit_test(test_write),
		cmocka_unit_test(test_write_bytes), cmocka_unit_test(test_write_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Places of values, and the nearest word. */
#include "providers/wire/document.h"
#include "providers/wire/nearest.h"
#include "providers/wire/place.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct row {
	const char *sentence;
	struct place_pair pair;
	size_t length;
};

static void check_rows(const char *text, const struct row *rows, size_t n_rows, const char *prefix)
{
	struct document_stream *stream = document_stream_new(text, strlen(text));
	json_t *document = NULL;

	document_stream_note_places(stream);
	assert_true(document_stream_next(stream, &document, NULL));
	for (size_t i = 0; i < n_rows; i++) {
		size_t length = 0;
		struct place_pair found = place_table_find(document_stream_places(stream), prefix,
		                                           rows[i].sentence, &length);

		if (memcmp(&found, &rows[i].pair, sizeof(found)) != 0 || length != rows[i].length)
			fail_msg("%s: got key %zu:%zu value %zu:%zu of %zu", rows[i].sentence,
			         found.key.line, found.key.column, found.value.line,
			         found.value.column, length);
	}
	json_decref(document);
	document_stream_free(stream);
}

static void test_yaml(void **state)
{
	static const char text[] =
		"# a comment\n"
		"spec:\n"
		"  port: 80\n"
		"  list:\n"
		"  - name: a\n"
		"    'q: x': [1, {b: 2}]\n";
	static const struct row rows[] = {
		{"spec: x", {{2, 1}, {3, 3}}, 4},
		{"spec.port: x", {{3, 3}, {3, 9}}, 9},
		{"spec.list[0].name: x", {{5, 5}, {5, 11}}, 17},
		{"spec.list[0]: x", {{5, 5}, {5, 5}}, 12},
		{"spec.list[0].q: x[1].b: x", {{6, 18}, {6, 21}}, 22},
		/* not there: where it should be */
		{"spec.other.deep: x", {{2, 1}, {3, 3}}, 4},
		{"spec.list[7]: x", {{4, 3}, {5, 3}}, 9},
		/* the beginning of a name is no name */
		{"spec.portal: x", {{2, 1}, {3, 3}}, 4},
		{"other: x", {{2, 1}, {2, 1}}, 0},
	};

	check_rows(text, rows, array_length(rows), "");
}

static void test_json(void **state)
{
	static const char text[] = "{\n\t\"items\": [\n\t\t{\"a\": true, \"b\": {}}\n\t]\n}\n";
	static const struct row rows[] = {
		{"a: x", {{3, 4}, {3, 9}}, 1},
		{"b.c: x", {{3, 15}, {3, 20}}, 1},
		{"c: x", {{3, 3}, {3, 3}}, 0},
	};

	check_rows(text, rows, array_length(rows), "items[0]");
}

/* Deeper and longer than is noted: the nearest that is. */
static void test_limits(void **state)
{
	char text[4096] = "";
	static const struct row rows[] = {
		{"deep.deep.x: y", {{2, 2}, {3, 3}}, 9},
	};
	size_t used = 0;

	for (int i = 0; i < 60; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%*sdeep:\n", i, "");
	snprintf(text + used, sizeof(text) - used, "%*sx: 1\n", 60, "");
	check_rows(text, rows, array_length(rows), "");
}

static void test_nearest(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		size_t distance;
	} rows[] = {
		{"weight", "weight", 0},  {"wieght", "weight", 1},  {"weigt", "weight", 1},
		{"weightt", "weight", 1}, {"Weight", "weight", 1},  {"weigth", "weight", 1},
		{"", "abc", 3},           {"kitten", "sitting", 3}, {"abcdefgh", "x", 6},
	};
	const char *best = NULL;
	size_t distance = 0;

	for (size_t i = 0; i < array_length(rows); i++)
		assert_int_equal(nearest_distance(rows[i].a, rows[i].b, 5), rows[i].distance);
	nearest_consider("stepwieght", "stepWeights", &best, &distance);
	nearest_consider("stepwieght", "stepWeight", &best, &distance);
	nearest_consider("stepwieght", "maxWeight", &best, &distance);
	assert_string_equal(best, "stepWeight");
	best = NULL;
	nearest_consider("port", "name", &best, &distance);
	nearest_consider("x", "v", &best, &distance);
	assert_null(best);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_yaml),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "analysis/base/compiler.h"
#include "analysis/decide.h"
#include "providers/record.h"
#include "providers/record_shapes.h"
#include "providers/wire/tree.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint64_t draw(uint64_t *state)
{
	*state ^= *state << 13U;
	*state ^= *state >> 7U;
	*state ^= *state << 17U;
	return *state;
}

static void fill(const struct record_shape *shape, char *value, uint64_t *dice);

static void fill_text(char *at, size_t size, uint64_t *dice)
{
	size_t length = draw(dice) % size;

	for (size_t i = 0; i < length; i++)
		at[i] = (char)(' ' + draw(dice) % 95);
}

static size_t fill_list(const struct record_field *field, char *value, uint64_t *dice)
{
	size_t size = field->shape ? field->shape->size : sizeof(int);
	size_t n = draw(dice) % (field->size / size + 1);

	for (size_t i = 0; i < n; i++) {
		char *at = value + field->offset + i * size;
		int number = (int)draw(dice);

		if (field->shape)
			fill(field->shape, at, dice);
		else
			memcpy(at, &number, sizeof(number));
	}
	return n;
}

static void fill_number(const struct record_field *field, char *at, uint64_t *dice)
{
	static const double reals[] = {0.1, -1e300, 5e-324, 3, (double)INFINITY, -(double)INFINITY};
	static const char *const names[] = {"", "a", "request-duration"};
	uint64_t bits = draw(dice);
	int64_t whole = (int64_t)(bits >> (bits % 40)) * (bits % 3 == 0 ? -1 : 1);
	int number = (int)bits;

	if (field->kind == RECORD_FLAG)
		*at = (char)(bits & 1U);
	else if (field->kind == RECORD_INT)
		memcpy(at, &number, sizeof(number));
	else if (field->kind == RECORD_REAL)
		memcpy(at, &reals[bits % array_length(reals)], sizeof(double));
	else if (field->kind == RECORD_NAME)
		memcpy(at, &names[bits % array_length(names)], sizeof(names[0]));
	else if (field->kind == RECORD_WORD)
		memcpy(at, &(int){(int)(bits % (unsigned)field->words->n)}, sizeof(int));
	else if (field->kind == RECORD_DATE)
		memcpy(at, &(int64_t){(int64_t)(bits % 200000000000000)}, sizeof(int64_t));
	else if (field->kind == RECORD_SIZE)
		memcpy(at, &(size_t){bits % 100000}, sizeof(size_t));
	else
		memcpy(at, &whole, sizeof(whole));
}

/* Any value of SHAPE; VALUE is all zero. */
static void fill(const struct record_shape *shape, char *value, uint64_t *dice)
{
	for (size_t i = 0; i < shape->n_fields; i++) {
		const struct record_field *field = &shape->fields[i];
		char *at = value + field->offset;
		size_t n;

		if (draw(dice) % 4 == 0)
			continue;
		if (field->kind == RECORD_TEXT) {
			fill_text(at, field->size, dice);
		} else if (field->kind == RECORD_PART || field->kind == RECORD_INLINE) {
			fill(field->shape, at, dice);
		} else if (field->kind == RECORD_LIST) {
			(void)fill_list(field, value, dice);
		} else if (field->kind == RECORD_COUNTED || field->kind == RECORD_INTS) {
			n = fill_list(field, value, dice);
			memcpy(value + field->count, &n, sizeof(n));
		} else {
			fill_number(field, at, dice);
		}
	}
}

static const struct record_shape *const shapes[] = {&record_facts_shape, &record_spec_shape,
                                                    &record_plan_effect};

static void test_round_trip(void **state)
{
	uint64_t dice = 88172645463325252;

	(void)state;
	for (int i = 0; i < 60; i++) {
		const struct record_shape *shape = shapes[i % 3];
		char *value = calloc(1, shape->size);
		char *back = calloc(1, shape->size);
		struct arena arena = {0};
		struct err err = {0};
		CLEANUP(tree_freep) json_t *json = NULL;
		CLEANUP(tree_freep) json_t *parsed = NULL;
		CLEANUP(tree_freep) json_t *again = NULL;
		CLEANUP(tree_text_freep) char *text = NULL;

		fill(shape, value, &dice);
		json = record_write(shape, value);
		text = tree_text(json);
		parsed = json_loads(text, 0, NULL);
		assert_non_null(parsed);
		memset(back, 0x5a, shape->size); /* what was there does not stay */
		if (!record_read(shape, parsed, &arena, back, &err))
			fail_msg("%s: %s", shape->name, err.text);
		again = record_write(shape, back);
		assert_true(json_equal(json, again));
		if (shape != &record_spec_shape) /* that one holds pointers */
			assert_memory_equal(value, back, shape->size);
		arena_fini(&arena);
		free(value);
		free(back);
	}
}

/* Which bytes of a structure some row of its table speaks of. */
static void mark(const struct record_shape *shape, char *seen)
{
	for (size_t i = 0; i < shape->n_fields; i++) {
		const struct record_field *field = &shape->fields[i];

		memset(seen + field->offset, 1, field->size);
		if (field->kind == RECORD_COUNTED || field->kind == RECORD_INTS)
			memset(seen + field->count, 1, sizeof(size_t));
	}
}

/* What is no padding for its size alone; tests/lint/records.sh finds the smaller ones, by name. */
static void check_covered(const struct record_shape *shape)
{
	char *seen = calloc(1, shape->size);
	size_t run = 0;

	mark(shape, seen);
	for (size_t i = 0; i < shape->size; i++) {
		run = seen[i] ? 0 : run + 1;
		if (run == 8)
			fail_msg(
				"struct %s has a member at byte %zu that no row of its table in "
				"providers/record_*.c speaks of. Add the row {\"name\", "
				"RECORD_..., OF(member)}: from what is not recorded no decision "
				"can be derived again. If decisions depend on it, raise "
				"DECIDE_VERSION.",
				shape->name, i - 7);
	}
	for (size_t i = 0; i < shape->n_fields; i++) {
		if (shape->fields[i].shape)
			check_covered(shape->fields[i].shape);
	}
	free(seen);
}

static void test_no_member_forgotten(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_length(shapes); i++)
		check_covered(shapes[i]);
}

static void check_keys(const struct record_shape *shape, json_t *keys)
{
	for (size_t i = 0; i < shape->n_fields; i++) {
		const struct record_field *field = &shape->fields[i];
		json_t *inner = field->kind == RECORD_INLINE ? json_incref(keys) : json_object();

		if (field->shape)
			check_keys(field->shape, inner);
		json_decref(inner);
		if (field->kind == RECORD_INLINE)
			continue;
		if (json_object_get(keys, field->name))
			fail_msg("struct %s: \"%s\" stands twice", shape->name, field->name);
		json_object_set_new(keys, field->name, json_true());
	}
}

static void test_no_name_twice(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_length(shapes); i++) {
		CLEANUP(tree_freep) json_t *keys = json_object();

		check_keys(shapes[i], keys);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		const char *json;
		const char *error;
	} rows[] = {
		{"[]", "expected an object"},
		{"{\"wish\":1}", "wish: facts has no such member"},
		{"{\"newest\":{\"wish\":1}}", "newest: wish: release has no such member"},
		{"{\"now\":\"1\"}", "now: expected a whole number that fits"},
		{"{\"now\":1.5}", "now: expected a whole number that fits"},
		{"{\"nReleases\":2147483648}", "nReleases: expected a whole number that fits"},
		{"{\"hooksNext\":-1}", "hooksNext: expected a whole number that fits"},
		{"{\"deleted\":1}", "deleted: expected true or false"},
		{"{\"newest\":{\"phase\":\"Odd\"}}", "newest: phase: unknown word \"Odd\""},
		{"{\"newest\":{\"seenShare\":\"1\"}}", "newest: seenShare: expected a number"},
		{"{\"target\":{\"uid\":\"a\\u0000b\"}}", "target: uid: expected a text"},
		{"{\"target\":{\"uid\":\"0123456789012345678901234567890123456789\"}}",
	         "target: uid: expected at most 39 bytes, got 40"},
		{"{\"hooks\":[{\"question\":\"12\"}]}",
	         "hooks: 0: question: expected 16 hexadecimal digits"},
		{"{\"hooks\":{}}", "hooks: expected a list"},
		{"{\"alerts\":[{},{},{},{},{},{},{},{},{}]}", "alerts: expected at most 8, got 9"},
		{"{\"newest\":{\"action\":{\"at\":\"noon\"}}}", "newest: action: at: "},
	};
	struct facts *facts = malloc(sizeof(*facts));

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		CLEANUP(tree_freep) json_t *json = json_loads(rows[i].json, JSON_ALLOW_NUL, NULL);
		struct arena arena = {0};
		struct err err = {0};

		assert_non_null(json);
		assert_false(record_read(&record_facts_shape, json, &arena, facts, &err));
		if (strncmp(err.text, rows[i].error, strlen(rows[i].error)) != 0)
			fail_msg("%s: got \"%s\"", rows[i].json, err.text);
		arena_fini(&arena);
	}
	free(facts);
}

static void test_patch(void **state)
{
	static const struct {
		const char *base;
		const char *whole;
		const char *patch;
	} rows[] = {
		{"{}", "{}", "{}"},
		{"{\"a\":1}", "{\"a\":1}", "{}"},
		{"{\"a\":1}", "{\"a\":2,\"b\":3}", "{\"a\":2,\"b\":3}"},
		{"{\"a\":1,\"b\":2}", "{\"b\":2}", "{\"a\":null}"},
		{"{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"b\":1,\"c\":3}}", "{\"a\":{\"c\":3}}"},
		{"{\"a\":{\"b\":1}}", "{\"a\":7}", "{\"a\":7}"},
		{"{\"a\":7}", "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1}}"},
		{"{\"a\":{\"b\":1}}", "{\"a\":{}}", "{\"a\":{\"b\":null}}"},
		{"{\"a\":[1,2]}", "{\"a\":[1]}", "{\"a\":[1]}"},
		{"{\"a\":2}", "{\"a\":2.0}", "{\"a\":2.0}"},
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		CLEANUP(tree_freep) json_t *base = json_loads(rows[i].base, 0, NULL);
		CLEANUP(tree_freep) json_t *whole = json_loads(rows[i].whole, 0, NULL);
		CLEANUP(tree_freep) json_t *patch = record_patch(base, whole);
		CLEANUP(tree_freep) json_t *back = record_patch_apply(base, patch);
		CLEANUP(tree_text_freep) char *text = tree_text(patch);

		assert_string_equal(text, rows[i].patch);
		assert_true(json_equal(back, whole));
	}
}

/* A zero that was measured, or is a bound, is said; one that was not is not. */
static void test_zeros(void **state)
{
	struct sample_fact sample = {.kind = SAMPLE_VALUE};
	struct check_result check = {.has_max = true};
	CLEANUP(tree_freep) json_t *measured = record_write(&record_facts_sample, &sample);
	CLEANUP(tree_freep) json_t *absent = NULL;
	CLEANUP(tree_freep) json_t *release = NULL;
	CLEANUP(tree_text_freep) char *text = NULL;
	struct release_status *status = calloc(1, sizeof(*status));

	(void)state;
	sample.kind = SAMPLE_ABSENT;
	absent = record_write(&record_facts_sample, &sample);
	assert_true(json_is_real(json_object_get(measured, "value")));
	assert_null(json_object_get(absent, "value"));
	status->checks[0] = check;
	status->n_checks = 1;
	release = record_write(&record_release_status, status);
	text = tree_text(release);
	assert_string_equal(text, "{\"checks\":[{\"hasMax\":true,\"max\":0.0}]}");
	free(status);
}

/* Any facts from any others. */
static void test_patch_of_facts(void **state)
{
	uint64_t dice = 1;

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct facts *before = calloc(1, sizeof(*before));
		struct facts *after = calloc(1, sizeof(*after));
		CLEANUP(tree_freep) json_t *base = NULL;
		CLEANUP(tree_freep) json_t *whole = NULL;
		CLEANUP(tree_freep) json_t *patch = NULL;
		CLEANUP(tree_freep) json_t *back = NULL;

		fill(&record_facts_shape, (char *)before, &dice);
		fill(&record_facts_shape, (char *)after, &dice);
		base = record_write(&record_facts_shape, before);
		whole = record_write(&record_facts_shape, after);
		patch = record_patch(base, whole);
		back = record_patch_apply(base, patch);
		assert_true(json_equal(back, whole));
		free(before);
		free(after);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_no_member_forgotten),
		cmocka_unit_test(test_no_name_twice), cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_patch),         cmocka_unit_test(test_patch_of_facts),
		cmocka_unit_test(test_zeros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

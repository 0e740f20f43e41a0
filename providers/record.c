#include "providers/record.h"

#include "analysis/base/instant.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"

#include <assert.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_zero(const char *bytes, size_t size)
{
	/* All are as the first, if each is as the one before it. */
	return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

static size_t count_of(const struct record_field *field, const char *value)
{
	size_t n;

	memcpy(&n, value + field->count, sizeof(n));
	return n;
}

/* Writing
 * --------------------------------------------------------------------------------------- */

static json_t *text_json(const char *text, size_t max)
{
	json_t *json = json_stringn(text, strnlen(text, max));
	char *copy;

	if (json)
		return json;
	/* not UTF-8 */
	copy = strndup(text, max);
	if (!copy)
		abort();
	for (char *c = copy; *c; c++)
		*c = (unsigned char)*c < 0x80 ? *c : '?';
	json = json_string(copy);
	free(copy);
	return json;
}

static json_t *real_json(double real)
{
	if (isnan(real))
		return json_string("NaN");
	if (isinf(real))
		return json_string(real < 0 ? "-Infinity" : "Infinity");
	return json_real(real);
}

static json_t *hex_json(uint64_t hex)
{
	char text[24];

	text_format(text, sizeof(text), "%016" PRIx64, hex);
	return json_string(text);
}

static json_t *date_json(int64_t ms)
{
	char text[INSTANT_TEXT_MAX];

	return json_string(instant_format((struct instant){ms}, text));
}

static json_t *list_json(const struct record_field *field, const char *value)
{
	json_t *list = kube_tree_list();
	size_t size = field->shape->size;
	size_t n = field->size / size;

	if (field->kind == RECORD_COUNTED)
		n = count_of(field, value);
	while (field->kind == RECORD_LIST && n > 0 &&
	       is_zero(value + field->offset + (n - 1) * size, size))
		n--;
	for (size_t i = 0; i < n; i++)
		kube_tree_append(list,
		                 record_write(field->shape, value + field->offset + i * size));
	return list;
}

static json_t *ints_json(const struct record_field *field, const char *value)
{
	json_t *list = kube_tree_list();
	size_t n = count_of(field, value);

	for (size_t i = 0; i < n; i++) {
		int number;

		memcpy(&number, value + field->offset + i * sizeof(number), sizeof(number));
		kube_tree_append(list, json_integer(number));
	}
	return list;
}

static json_t *number_json(const struct record_field *field, const char *at)
{
	union {
		int64_t whole;
		uint64_t hex;
		size_t size;
		double real;
		int number;
		bool flag;
	} raw = {0};

	assert(field->size <= sizeof(raw));
	memcpy(&raw, at, field->size);
	switch (field->kind) {
	case RECORD_FLAG:
		return json_boolean(raw.flag);
	case RECORD_INT:
		return json_integer(raw.number);
	case RECORD_LONG:
		return json_integer(raw.whole);
	case RECORD_DATE:
		return date_json(raw.whole);
	case RECORD_SIZE:
		return json_integer((json_int_t)raw.size);
	case RECORD_HEX:
		return hex_json(raw.hex);
	case RECORD_REAL:
		return real_json(raw.real);
	case RECORD_WORD:
		assert(raw.number < field->words->n);
		return json_string(field->words->text(raw.number));
	case RECORD_NONE:
	case RECORD_TEXT:
	case RECORD_NAME:
	case RECORD_PART:
	case RECORD_INLINE:
	case RECORD_LIST:
	case RECORD_COUNTED:
	case RECORD_INTS:
		break;
	}
	assert(false); /* a table without a mistake */
	return NULL;
}

static json_t *field_json(const struct record_field *field, const char *value)
{
	const char *at = value + field->offset;
	const char *name;

	switch (field->kind) {
	case RECORD_TEXT:
		return text_json(at, field->size);
	case RECORD_NAME:
		memcpy(&name, at, sizeof(name));
		return text_json(name, strlen(name));
	case RECORD_PART:
		return record_write(field->shape, at);
	case RECORD_LIST:
	case RECORD_COUNTED:
		return list_json(field, value);
	case RECORD_INTS:
		return ints_json(field, value);
	case RECORD_NONE:
	case RECORD_FLAG:
	case RECORD_INT:
	case RECORD_LONG:
	case RECORD_DATE:
	case RECORD_SIZE:
	case RECORD_HEX:
	case RECORD_REAL:
	case RECORD_WORD:
	case RECORD_INLINE:
		break;
	}
	return number_json(field, at);
}

/* Nothing is to be said of it. */
static bool is_left_out(const struct record_field *field, const char *value)
{
	switch (field->kind) {
	case RECORD_TEXT:
		return value[field->offset] == '\0';
	case RECORD_COUNTED:
	case RECORD_INTS:
		return count_of(field, value) == 0;
	case RECORD_REAL:
		if (field->there > 0 && value[field->there - 1] == 1)
			return false;
		break;
	case RECORD_NONE:
	case RECORD_NAME:
	case RECORD_FLAG:
	case RECORD_INT:
	case RECORD_LONG:
	case RECORD_DATE:
	case RECORD_SIZE:
	case RECORD_HEX:
	case RECORD_WORD:
	case RECORD_PART:
	case RECORD_INLINE:
	case RECORD_LIST:
		break;
	}
	return is_zero(value + field->offset, field->size);
}

static void write_fields(const struct record_shape *shape, const char *value, json_t *object)
{
	for (size_t i = 0; i < shape->n_fields; i++) {
		const struct record_field *field = &shape->fields[i];

		if (field->kind == RECORD_INLINE)
			write_fields(field->shape, value + field->offset, object);
		else if (!is_left_out(field, value))
			kube_tree_set(object, field->name, field_json(field, value));
	}
}

json_t *record_write(const struct record_shape *shape, const void *value)
{
	json_t *object = kube_tree_object();

	write_fields(shape, value, object);
	return object;
}

/* Reading
 * --------------------------------------------------------------------------------------- */

static bool expected(struct err *err, const char *what)
{
	return err_set(err, ERR_INVALID, "expected %s", what);
}

static bool read_text(const struct record_field *field, const json_t *json, char *at,
                      struct err *err)
{
	const char *text = json_string_value(json);
	size_t length = json_string_length(json);

	if (!text || strlen(text) != length)
		return expected(err, "a text");
	if (length >= field->size)
		return err_set(err, ERR_INVALID, "expected at most %zu bytes, got %zu",
		               field->size - 1, length);
	memcpy(at, text, length);
	return true;
}

static bool read_name(const json_t *json, struct arena *arena, char *at, struct err *err)
{
	const char *text = json_string_value(json);

	if (!text)
		return expected(err, "a text");
	text = arena_text(arena, text);
	memcpy(at, &text, sizeof(text));
	return true;
}

static bool read_word(const struct record_field *field, const json_t *json, char *at,
                      struct err *err)
{
	const char *text = json_string_value(json);

	for (int i = 1; text && i < field->words->n; i++) {
		if (strcmp(field->words->text(i), text) == 0) {
			memcpy(at, &i, sizeof(i));
			return true;
		}
	}
	return err_set(err, ERR_INVALID, "unknown word \"%.60s\"", text ? text : "");
}

static bool read_real(const json_t *json, char *at, struct err *err)
{
	const char *text = json_string_value(json);
	double real = json_number_value(json);

	if (text && strcmp(text, "NaN") == 0)
		real = (double)NAN;
	else if (text && strcmp(text, "Infinity") == 0)
		real = (double)INFINITY;
	else if (text && strcmp(text, "-Infinity") == 0)
		real = (double)-INFINITY;
	else if (!json_is_number(json))
		return expected(err, "a number");
	memcpy(at, &real, sizeof(real));
	return true;
}

static bool read_hex(const json_t *json, char *at, struct err *err)
{
	const char *text = json_string_value(json);
	uint64_t hex;

	if (!text || strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
		return expected(err, "16 hexadecimal digits");
	hex = strtoull(text, NULL, 16);
	memcpy(at, &hex, sizeof(hex));
	return true;
}

static bool read_date(const json_t *json, char *at, struct err *err)
{
	struct instant instant;

	if (!json_is_string(json))
		return expected(err, "a time");
	if (!instant_parse(json_string_value(json), &instant, err))
		return false;
	memcpy(at, &instant, sizeof(instant));
	return true;
}

static bool read_whole(const struct record_field *field, const json_t *json, char *at,
                       struct err *err)
{
	int64_t whole = json_integer_value(json);
	int number = (int)whole;

	if (!json_is_integer(json) || (field->kind == RECORD_SIZE && whole < 0) ||
	    (field->kind == RECORD_INT && (whole < INT_MIN || whole > INT_MAX)))
		return expected(err, "a whole number that fits");
	if (field->kind == RECORD_INT)
		memcpy(at, &number, sizeof(number));
	else
		memcpy(at, &whole, sizeof(whole));
	return true;
}

static bool read_flag(const json_t *json, char *at, struct err *err)
{
	if (!json_is_boolean(json))
		return expected(err, "true or false");
	*at = (char)json_is_true(json);
	return true;
}

/* How many there are, as far as they fit. */
static bool read_count(const struct record_field *field, const json_t *json, size_t size,
                       char *value, struct err *err)
{
	size_t n = json_array_size(json);

	if (!json_is_array(json))
		return expected(err, "a list");
	if (n > field->size / size)
		return err_set(err, ERR_INVALID, "expected at most %zu, got %zu",
		               field->size / size, n);
	if (field->kind != RECORD_LIST)
		memcpy(value + field->count, &n, sizeof(n));
	return true;
}

static bool read_list(const struct record_field *field, const json_t *json, struct arena *arena,
                      char *value, struct err *err)
{
	size_t size = field->shape->size;

	if (!read_count(field, json, size, value, err))
		return false;
	for (size_t i = 0; i < json_array_size(json); i++) {
		if (!record_read(field->shape, json_array_get(json, i), arena,
		                 value + field->offset + i * size, err))
			return err_wrap(err, "%zu", i);
	}
	return true;
}

static bool read_ints(const struct record_field *field, const json_t *json, char *value,
                      struct err *err)
{
	const struct record_field one = {.kind = RECORD_INT};

	if (!read_count(field, json, sizeof(int), value, err))
		return false;
	for (size_t i = 0; i < json_array_size(json); i++) {
		if (!read_whole(&one, json_array_get(json, i),
		                value + field->offset + i * sizeof(int), err))
			return err_wrap(err, "%zu", i);
	}
	return true;
}

static bool read_field(const struct record_field *field, const json_t *json, struct arena *arena,
                       char *value, struct err *err)
{
	char *at = value + field->offset;

	switch (field->kind) {
	case RECORD_TEXT:
		return read_text(field, json, at, err);
	case RECORD_NAME:
		return read_name(json, arena, at, err);
	case RECORD_FLAG:
		return read_flag(json, at, err);
	case RECORD_INT:
	case RECORD_LONG:
	case RECORD_SIZE:
		return read_whole(field, json, at, err);
	case RECORD_DATE:
		return read_date(json, at, err);
	case RECORD_HEX:
		return read_hex(json, at, err);
	case RECORD_REAL:
		return read_real(json, at, err);
	case RECORD_WORD:
		return read_word(field, json, at, err);
	case RECORD_PART:
		return record_read(field->shape, json, arena, at, err);
	case RECORD_LIST:
	case RECORD_COUNTED:
		return read_list(field, json, arena, value, err);
	case RECORD_INTS:
		return read_ints(field, json, value, err);
	case RECORD_NONE:
	case RECORD_INLINE:
		break;
	}
	assert(false); /* inline members are read by their holder */
	return false;
}

/* The row of KEY, also among inline members, whose structure is then *VALUE; NULL: none. */
static const struct record_field *find(const struct record_shape *shape, const char *key,
                                       char **value)
{
	for (size_t i = 0; i < shape->n_fields; i++) {
		const struct record_field *field = &shape->fields[i];
		char *inner = *value + field->offset;
		const struct record_field *found;

		if (field->kind != RECORD_INLINE) {
			if (strcmp(field->name, key) == 0)
				return field;
			continue;
		}
		found = find(field->shape, key, &inner);
		if (found) {
			*value = inner;
			return found;
		}
	}
	return NULL;
}

bool record_read(const struct record_shape *shape, const json_t *json, struct arena *arena,
                 void *ret, struct err *err)
{
	/* jansson's iterators want what is not const, and change nothing. */
	json_t *object = (json_t *)(uintptr_t)json;
	const char *key;
	json_t *member;

	memset(ret, 0, shape->size);
	if (!json_is_object(json))
		return expected(err, "an object");
	json_object_foreach(object, key, member)
	{
		char *value = ret;
		const struct record_field *field = find(shape, key, &value);

		if (!field)
			return err_set(err, ERR_INVALID, "%.60s: %s has no such member", key,
			               shape->name);
		if (!read_field(field, member, arena, value, err))
			return err_wrap(err, "%.60s", key);
	}
	return true;
}

/* Patches
 * --------------------------------------------------------------------------------------- */

static void patch_one(json_t *patch, const char *key, const json_t *before, json_t *after)
{
	json_t *inner;

	if (!before || !json_is_object(before) || !json_is_object(after)) {
		if (!before || !json_equal(before, after))
			kube_tree_set(patch, key, json_incref(after));
		return;
	}
	inner = record_patch(before, after);
	if (json_object_size(inner) > 0)
		kube_tree_set(patch, key, json_incref(inner));
	json_decref(inner);
}

json_t *record_patch(const json_t *base, const json_t *whole)
{
	json_t *patch = kube_tree_object();
	const char *key;
	json_t *member;

	json_object_foreach((json_t *)(uintptr_t)whole, key, member)
		patch_one(patch, key, json_object_get(base, key), member);
	json_object_foreach((json_t *)(uintptr_t)base, key, member)
	{
		if (!json_object_get(whole, key))
			kube_tree_set(patch, key, json_null());
	}
	return patch;
}

json_t *record_patch_apply(const json_t *base, const json_t *patch)
{
	json_t *whole = kube_tree_object();
	const char *key;
	json_t *member;

	json_object_foreach((json_t *)(uintptr_t)base, key, member)
	{
		if (!json_object_get(patch, key))
			kube_tree_set(whole, key, json_incref(member));
	}
	json_object_foreach((json_t *)(uintptr_t)patch, key, member)
	{
		if (json_is_object(member))
			kube_tree_set(whole, key,
			              record_patch_apply(json_object_get(base, key), member));
		else if (!json_is_null(member))
			kube_tree_set(whole, key, json_incref(member));
	}
	return whole;
}

#include "providers/wire/field.h"

#include "analysis/base/number.h"
#include "analysis/base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define PATH_DEPTH_MAX 32 /* of a path in an error; what is above is left out */
#define PATH_TEXT_MAX  200
#define SHOWN_MAX      40 /* bytes of a foreign text in an error */
#define SHOWN_SIZE     FIELD_SHOWN_SIZE

_Static_assert(FIELD_SHOWN_SIZE == SHOWN_MAX + 4, "room for dots and the NUL");

struct field field_root(const json_t *json, const char *name)
{
	return (struct field){.json = json_is_null(json) ? NULL : json, .key = name};
}

struct field field_member(const struct field *parent, const char *key)
{
	const json_t *json = json_object_get(parent->json, key);

	return (struct field){
		.json = json_is_null(json) ? NULL : json,
		.parent = parent,
		.key = key,
	};
}

struct field field_element(const struct field *list, size_t index)
{
	const json_t *json = json_array_get(list->json, index);

	return (struct field){
		.json = json_is_null(json) ? NULL : json,
		.parent = list,
		.index = index,
	};
}

const char *field_show(const char *text, char ret[SHOWN_SIZE])
{
	size_t length = 0;

	for (; text[length] && length < SHOWN_MAX; length++) {
		unsigned char byte = (unsigned char)text[length];

		ret[length] = byte < 0x20 || byte >= 0x7f ? '?' : text[length];
	}
	text_format(ret + length, SHOWN_SIZE - length, "%s", text[length] ? "..." : "");
	return ret;
}

static void path_format(const struct field *field, char ret[PATH_TEXT_MAX])
{
	const struct field *chain[PATH_DEPTH_MAX];
	size_t n_chain = 0;
	size_t used = 0;

	ret[0] = '\0';
	for (; field && n_chain < PATH_DEPTH_MAX; field = field->parent)
		chain[n_chain++] = field;
	while (n_chain > 0) {
		char key[SHOWN_SIZE];

		field = chain[--n_chain];
		if (field->key)
			text_format(ret + used, PATH_TEXT_MAX - used, "%s%s",
			            used && *field->key ? "." : "", field_show(field->key, key));
		else
			text_format(ret + used, PATH_TEXT_MAX - used, "[%zu]", field->index);
		used += strlen(ret + used);
	}
}

bool field_refuse(const struct field *field, struct err *err, enum err_kind kind,
                  const char *format, ...)
{
	char path[PATH_TEXT_MAX];
	char text[ERR_TEXT_MAX];
	va_list args;

	path_format(field, path);
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return err_set(err, kind, "%s%s%s", path, *path ? ": " : "", text);
}

/* What is there, for people. */
static const char *describe(const json_t *json, char ret[SHOWN_SIZE + 2])
{
	char shown[SHOWN_SIZE];

	if (!json)
		return "nothing";
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "a list";
	case JSON_TRUE:
		return "true";
	case JSON_FALSE:
		return "false";
	case JSON_NULL:
		return "null";
	case JSON_STRING:
		text_format(ret, SHOWN_SIZE + 2, "\"%s\"",
		            field_show(json_string_value(json), shown));
		break;
	case JSON_INTEGER:
		text_format(ret, SHOWN_SIZE, "%lld", (long long)json_integer_value(json));
		break;
	case JSON_REAL:
		return number_format(json_real_value(json), ret);
	}
	return ret;
}

bool field_expect(const struct field *field, const char *expected, struct err *err)
{
	char got[SHOWN_SIZE + 2];

	return field_refuse(field, err, ERR_INVALID, "expected %s, got %s", expected,
	                    describe(field->json, got));
}

bool field_object(const struct field *field, struct err *err)
{
	return json_is_object(field->json) || field_expect(field, "an object", err);
}

bool field_list(const struct field *field, size_t max, size_t *ret, struct err *err)
{
	size_t length = json_array_size(field->json);

	if (!json_is_array(field->json))
		return field_expect(field, "a list", err);
	if (length > max)
		return field_refuse(field, err, ERR_LIMIT, "expected at most %zu elements, got %zu",
		                    max, length);
	*ret = length;
	return true;
}

bool field_text(const struct field *field, size_t max, struct arena *arena, const char **ret,
                struct err *err)
{
	size_t length = json_string_length(field->json);

	if (!json_is_string(field->json))
		return field_expect(field, "a text", err);
	if (length > max)
		return field_refuse(field, err, ERR_LIMIT, "expected at most %zu bytes, got %zu",
		                    max, length);
	if (strlen(json_string_value(field->json)) != length)
		return field_refuse(field, err, ERR_INVALID,
		                    "expected a text without NUL characters");
	*ret = arena_copy(arena, json_string_value(field->json), length);
	return true;
}

bool field_optional_text(const struct field *field, size_t max, struct arena *arena,
                         const char **ret, struct err *err)
{
	return field_is_absent(field) || field_text(field, max, arena, ret, err);
}

bool field_number(const struct field *field, double *ret, struct err *err)
{
	if (!json_is_number(field->json))
		return field_expect(field, "a number", err);
	*ret = json_number_value(field->json);
	return true;
}

bool field_optional_number(const struct field *field, double *ret, struct err *err)
{
	return field_is_absent(field) || field_number(field, ret, err);
}

/* The whole number in JSON, if it is one that 64 bits hold. */
static bool find_whole(const json_t *json, int64_t *ret)
{
	double real = json_real_value(json);

	if (json_is_integer(json)) {
		*ret = json_integer_value(json);
		return true;
	}
	if (!json_is_real(json) || trunc(real) < real || trunc(real) > real ||
	    fabs(real) >= 9223372036854775808.0)
		return false;
	*ret = (int64_t)real;
	return true;
}

bool field_whole(const struct field *field, int64_t min, int64_t max, int64_t *ret, struct err *err)
{
	int64_t value;
	char expected[96];

	if (!json_is_number(field->json) ||
	    (json_is_real(field->json) && fabs(json_real_value(field->json)) < 1e15 &&
	     !find_whole(field->json, &value)))
		return field_expect(field, "a whole number", err);
	if (!find_whole(field->json, &value) || value < min || value > max) {
		text_format(expected, sizeof(expected), "a whole number from %lld to %lld",
		            (long long)min, (long long)max);
		return field_expect(field, expected, err);
	}
	*ret = value;
	return true;
}

bool field_optional_whole(const struct field *field, int64_t min, int64_t max, int64_t *ret,
                          struct err *err)
{
	return field_is_absent(field) || field_whole(field, min, max, ret, err);
}

bool field_flag(const struct field *field, bool *ret, struct err *err)
{
	if (!json_is_boolean(field->json))
		return field_expect(field, "true or false", err);
	*ret = json_is_true(field->json);
	return true;
}

bool field_optional_flag(const struct field *field, bool *ret, struct err *err)
{
	return field_is_absent(field) || field_flag(field, ret, err);
}

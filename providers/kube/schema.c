#include "providers/kube/schema.h"

#include "analysis/base/buf.h"
#include "analysis/base/text.h"
#include "providers/kube/crd_text.h"
#include "providers/wire/document.h"
#include "providers/wire/field.h"
#include "providers/wire/nearest.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#define WORDS_MAX 320 /* bytes of a list of names in a sentence */

struct walk {
	kube_schema_tell *tell;
	void *user;
	size_t depth;
};

json_t *kube_schema_new(const char *kind)
{
	const struct {
		const char *kind;
		const char *text;
		size_t length;
	} rows[] = {
		{"Canary", kube_crd_text_canary, kube_crd_text_canary_length},
		{"MetricTemplate", kube_crd_text_metrictemplate,
	         kube_crd_text_metrictemplate_length},
		{"AlertProvider", kube_crd_text_alertprovider, kube_crd_text_alertprovider_length},
	};
	struct err err = {0};
	json_t *root = NULL;
	json_t *schema;
	bool is_read;
	size_t row = 0;

	while (row < array_length(rows) && strcmp(rows[row].kind, kind) != 0)
		row++;
	if (row == array_length(rows))
		return NULL;
	is_read = document_read(rows[row].text, rows[row].length, &root, &err);
	assert(is_read); /* it is a file of ours */
	schema = json_object_get(json_object_get(root, "spec"), "versions");
	schema = json_object_get(json_array_get(schema, 0), "schema");
	schema = json_incref(json_object_get(schema, "openAPIV3Schema"));
	json_decref(root);
	return schema;
}

static void tell(const struct walk *walk, const struct err *found, bool is_unknown)
{
	walk->tell(walk->user, found, is_unknown);
}

static void expect(const struct walk *walk, const struct field *field, const char *expected)
{
	struct err found = {0};

	(void)field_expect(field, expected, &found);
	tell(walk, &found, false);
}

/* jansson's iteration wants a mutable object; nothing is changed. */
static json_t *mutable(const json_t *json)
{
	return (json_t *)(uintptr_t)json;
}

/* Types ---------------------------------------------------------------------------------------- */

static const char *type_words(const char *type)
{
	static const char *const rows[][2] = {
		{"object", "an object"},       {"array", "a list"},    {"string", "a text"},
		{"integer", "a whole number"}, {"number", "a number"}, {"boolean", "true or false"},
	};

	for (size_t i = 0; type && i < array_length(rows); i++) {
		if (strcmp(rows[i][0], type) == 0)
			return rows[i][1];
	}
	return "a value";
}

static bool has_type(const json_t *json, const char *type)
{
	int64_t whole;
	struct field field = field_root(json, "");

	if (strcmp(type, "object") == 0)
		return json_is_object(json);
	if (strcmp(type, "array") == 0)
		return json_is_array(json);
	if (strcmp(type, "string") == 0)
		return json_is_string(json);
	if (strcmp(type, "boolean") == 0)
		return json_is_boolean(json);
	if (strcmp(type, "integer") == 0)
		return field_whole(&field, INT64_MIN, INT64_MAX, &whole, NULL);
	return strcmp(type, "number") != 0 || json_is_number(json);
}

static bool is_flagged(const json_t *schema, const char *key)
{
	return json_is_true(json_object_get(schema, key));
}

static bool check_type(const struct walk *walk, const json_t *schema, const struct field *field)
{
	const char *type = json_string_value(json_object_get(schema, "type"));

	if (is_flagged(schema, "x-kubernetes-int-or-string")) {
		if (json_is_string(field->json) || has_type(field->json, "integer"))
			return true;
		expect(walk, field, "a whole number or a text");
		return false;
	}
	if (!type || has_type(field->json, type))
		return true;
	expect(walk, field, type_words(type));
	return false;
}

/* Values --------------------------------------------------------------------------------------- */

static void check_enum(const struct walk *walk, const json_t *schema, const struct field *field)
{
	const json_t *values = json_object_get(schema, "enum");
	struct buf words = {.max = WORDS_MAX};
	const char *best = NULL;
	struct err found = {0};
	size_t distance = 0;
	bool is_cut = false;

	for (size_t i = 0; i < json_array_size(values); i++) {
		const char *value = json_string_value(json_array_get(values, i));

		if (json_equal(json_array_get(values, i), field->json))
			goto done;
		if (!value || !json_is_string(field->json))
			continue;
		nearest_consider(json_string_value(field->json), value, &best, &distance);
		is_cut = !buf_format(&words, "%s%s", i ? ", " : "", value) || is_cut;
	}
	if (json_array_size(values) == 0 || words.length == 0)
		goto done;
	(void)field_expect(field, is_cut ? "another value" : buf_text(&words), &found);
	if (best) {
		struct err first = found;

		(void)err_set(&found, ERR_INVALID, "%s; did you mean \"%s\"?", first.text, best);
	}
	tell(walk, &found, false);
done:
	buf_fini(&words);
}

static void check_bounds(const struct walk *walk, const json_t *schema, const struct field *field)
{
	const json_t *least = json_object_get(schema, "minimum");
	const json_t *most = json_object_get(schema, "maximum");
	double value = json_number_value(field->json);
	char words[96];

	if (!json_is_number(field->json))
		return;
	if (least && value < json_number_value(least)) {
		text_format(words, sizeof(words), "at least %g", json_number_value(least));
		expect(walk, field, words);
	} else if (most && value > json_number_value(most)) {
		text_format(words, sizeof(words), "at most %g", json_number_value(most));
		expect(walk, field, words);
	}
}

static void check_length(const struct walk *walk, const json_t *schema, const struct field *field)
{
	json_int_t least = json_integer_value(json_object_get(schema, "minLength"));
	const json_t *most = json_object_get(schema, "maxLength");
	json_int_t length = (json_int_t)json_string_length(field->json);
	struct err found = {0};

	if (!json_is_string(field->json))
		return;
	if (length < least) {
		expect(walk, field, "a text that is not empty");
	} else if (most && length > json_integer_value(most)) {
		(void)field_refuse(field, &found, ERR_LIMIT,
		                   "expected at most %lld characters, got %lld",
		                   (long long)json_integer_value(most), (long long)length);
		tell(walk, &found, false);
	}
}

/* Objects and lists ---------------------------------------------------------------------------- */

static void check(struct walk *walk, const json_t *schema, const struct field *field);

/* KEY is in OBJECT, where the schema knows others. */
static void tell_unknown(const struct walk *walk, const json_t *known, const struct field *field)
{
	struct buf words = {.max = WORDS_MAX};
	const char *best = NULL;
	struct err found = {0};
	size_t distance = 0;
	const char *name;
	json_t *value;

	json_object_foreach(mutable(known), name, value)
	{
		nearest_consider(field->key, name, &best, &distance);
		if (!buf_format(&words, "%s%s", words.length ? ", " : "", name))
			break;
	}
	if (best)
		(void)field_refuse(field, &found, ERR_INVALID,
		                   "no such field; did you mean \"%s\"?", best);
	else
		(void)field_refuse(field, &found, ERR_INVALID, "no such field; there are %s here",
		                   buf_text(&words));
	buf_fini(&words);
	tell(walk, &found, true);
}

static void check_member(struct walk *walk, const json_t *schema, const struct field *field)
{
	const json_t *known = json_object_get(schema, "properties");
	const json_t *others = json_object_get(schema, "additionalProperties");
	const json_t *own = json_object_get(known, field->key);

	if (own)
		check(walk, own, field);
	else if (json_is_object(others))
		check(walk, others, field);
	else if (known && !json_is_true(others) &&
	         !is_flagged(schema, "x-kubernetes-preserve-unknown-fields"))
		tell_unknown(walk, known, field);
}

static void check_required(struct walk *walk, const json_t *schema, const struct field *field)
{
	const json_t *required = json_object_get(schema, "required");
	const json_t *known = json_object_get(schema, "properties");

	for (size_t i = 0; i < json_array_size(required); i++) {
		const char *name = json_string_value(json_array_get(required, i));
		const json_t *type = json_object_get(json_object_get(known, name), "type");
		struct field member = field_member(field, name);

		if (!member.json)
			expect(walk, &member, type_words(json_string_value(type)));
	}
}

static void check_object(struct walk *walk, const json_t *schema, const struct field *field)
{
	const char *key;
	json_t *value;

	check_required(walk, schema, field);
	json_object_foreach(mutable(field->json), key, value)
	{
		struct field member = field_member(field, key);

		check_member(walk, schema, &member);
	}
}

static void check_list(struct walk *walk, const json_t *schema, const struct field *field)
{
	const json_t *items = json_object_get(schema, "items");
	const json_t *most = json_object_get(schema, "maxItems");
	size_t length = json_array_size(field->json);
	struct err found = {0};

	if (most && length > (size_t)json_integer_value(most)) {
		(void)field_refuse(field, &found, ERR_LIMIT,
		                   "expected at most %lld elements, got %zu",
		                   (long long)json_integer_value(most), length);
		tell(walk, &found, false);
	}
	for (size_t i = 0; i < length; i++) {
		struct field element = field_element(field, i);

		check(walk, items, &element);
	}
}

static void check(struct walk *walk, const json_t *schema, const struct field *field)
{
	if (!schema || !field->json || walk->depth == KUBE_SCHEMA_DEPTH_MAX ||
	    !check_type(walk, schema, field))
		return;
	walk->depth++;
	check_enum(walk, schema, field);
	check_bounds(walk, schema, field);
	check_length(walk, schema, field);
	if (json_is_object(field->json))
		check_object(walk, schema, field);
	else if (json_is_array(field->json))
		check_list(walk, schema, field);
	walk->depth--;
}

void kube_schema_check(const json_t *schema, const json_t *object, kube_schema_tell *told,
                       void *user)
{
	struct walk walk = {.tell = told, .user = user};
	struct field root = field_root(object, "");

	check(&walk, schema, &root);
}

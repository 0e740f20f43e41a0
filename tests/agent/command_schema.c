#include "tests/agent/command_schema.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* One look at a value. */
struct look {
	const json_t *root; /* the schema, for $ref */
	char *ret;          /* 256 bytes: the first refusal */
};

static bool check(struct look *look, json_t *schema, json_t *value, const char *path);

/* "#/$defs/release" of a schema, "#/components/schemas/error" of an OpenAPI document. */
static json_t *find_definition(const json_t *root, const char *ref)
{
	json_t *found;

	if (strncmp(ref, "#/$defs/", strlen("#/$defs/")) == 0)
		found = json_object_get(json_object_get(root, "$defs"), ref + strlen("#/$defs/"));
	else
		found = json_object_get(json_object_get(json_object_get(root, "components"),
		                                        "schemas"),
		                        ref + strlen("#/components/schemas/"));
	if (!found)
		fail_msg("%s leads nowhere", ref);
	return found;
}

static bool refuse(struct look *look, const char *path, const char *why)
{
	(void)snprintf(look->ret, 256, "%s: %s", path, why);
	return false;
}

static bool has_type(const json_t *value, const char *type)
{
	if (strcmp(type, "integer") == 0)
		return json_is_integer(value);
	if (strcmp(type, "number") == 0)
		return json_is_number(value);
	if (strcmp(type, "string") == 0)
		return json_is_string(value);
	if (strcmp(type, "boolean") == 0)
		return json_is_boolean(value);
	if (strcmp(type, "object") == 0)
		return json_is_object(value);
	if (strcmp(type, "array") == 0)
		return json_is_array(value);
	assert_string_equal(type, "null");
	return json_is_null(value);
}

static bool check_type(struct look *look, const json_t *type, json_t *value, const char *path)
{
	if (json_is_string(type) && has_type(value, json_string_value(type)))
		return true;
	for (size_t i = 0; i < json_array_size(type); i++)
		if (has_type(value, json_string_value(json_array_get(type, i))))
			return true;
	return refuse(look, path, "another type");
}

static bool check_enum(struct look *look, const json_t *list, json_t *value, const char *path)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (json_equal(json_array_get(list, i), value))
			return true;
	return refuse(look, path, "none of the values");
}

static bool check_any(struct look *look, const json_t *list, json_t *value, const char *path)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (check(look, json_array_get(list, i), value, path))
			return true;
	return false;
}

static bool check_required(struct look *look, const json_t *list, json_t *value, const char *path)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *key = json_string_value(json_array_get(list, i));

		if (!json_object_get(value, key))
			return refuse(look, path, key);
	}
	return true;
}

static bool check_members(struct look *look, json_t *schema, json_t *value, const char *path)
{
	const json_t *properties = json_object_get(schema, "properties");
	bool is_closed = json_is_false(json_object_get(schema, "additionalProperties"));
	const char *key;
	json_t *member;

	json_object_foreach(value, key, member)
	{
		json_t *inner = json_object_get(properties, key);
		char below[200];

		(void)snprintf(below, sizeof(below), "%.120s.%.60s", path, key);
		if (!inner && is_closed)
			return refuse(look, below, "a field that is not in the schema");
		if (inner && !check(look, inner, member, below))
			return false;
	}
	return true;
}

static bool check_items(struct look *look, json_t *schema, json_t *value, const char *path)
{
	json_t *items = json_object_get(schema, "items");

	for (size_t i = 0; items && i < json_array_size(value); i++) {
		char below[200];

		(void)snprintf(below, sizeof(below), "%.150s[%zu]", path, i);
		if (!check(look, items, json_array_get(value, i), below))
			return false;
	}
	return true;
}

static bool check_range(struct look *look, json_t *schema, json_t *value, const char *path)
{
	const json_t *minimum = json_object_get(schema, "minimum");
	const json_t *maximum = json_object_get(schema, "maximum");

	if (!json_is_number(value))
		return true;
	if ((minimum && json_number_value(value) < json_number_value(minimum)) ||
	    (maximum && json_number_value(value) > json_number_value(maximum)))
		return refuse(look, path, "out of range");
	return true;
}

static void check_keywords(json_t *schema)
{
	static const char known[] =
		" $schema title description $defs type enum properties required "
		"additionalProperties items minimum maximum anyOf $ref ";
	const char *key;
	json_t *value;

	json_object_foreach(schema, key, value)
	{
		char word[64];

		(void)snprintf(word, sizeof(word), " %.60s ", key);
		if (!strstr(known, word))
			fail_msg("the schema has %s, which nobody checks", key);
	}
}

static bool check(struct look *look, json_t *schema, json_t *value, const char *path)
{
	const char *ref = json_string_value(json_object_get(schema, "$ref"));
	const json_t *type = json_object_get(schema, "type");
	const json_t *list = json_object_get(schema, "enum");
	const json_t *any = json_object_get(schema, "anyOf");

	check_keywords(schema);
	if (ref) {
		return check(look, find_definition(look->root, ref), value, path);
	}
	if ((type && !check_type(look, type, value, path)) ||
	    (list && !check_enum(look, list, value, path)) ||
	    (any && !check_any(look, any, value, path)))
		return false;
	return check_required(look, json_object_get(schema, "required"), value, path) &&
	       check_members(look, schema, value, path) && check_items(look, schema, value, path) &&
	       check_range(look, schema, value, path);
}

const char *command_schema_refusal(const char *name, const char *output, char ret[256])
{
	struct look look = {.ret = ret};
	json_error_t where;
	json_t *schema;
	json_t *value = json_loads(output, 0, &where);
	char path[128];

	ret[0] = '\0';
	(void)snprintf(path, sizeof(path), "docs/schema/%s.json", name);
	schema = json_load_file(path, JSON_REJECT_DUPLICATES, &where);
	if (!schema)
		fail_msg("%s: line %d: %s", path, where.line, where.text);
	look.root = schema;
	if (!value)
		(void)refuse(&look, "$", where.text);
	else if (check(&look, schema, value, "$"))
		ret[0] = '\0';
	json_decref(value);
	json_decref(schema);
	return ret;
}

void command_schema_check(const char *name, const char *output)
{
	char why[256];

	if (*command_schema_refusal(name, output, why))
		fail_msg("%s: %s in %s", name, why, output);
}

void command_schema_check_api(json_t *document, json_t *schema, json_t *value)
{
	char why[256] = "";
	struct look look = {.ret = why, .root = document};

	if (!check(&look, schema, value, "$"))
		fail_msg("%s", why);
}

/*
 * Each field of the schemas of MetricTemplate and AlertProvider against the readers, by walking the
 * schemas: a value of another type, or that an enum does not have, is refused with the field's
 * path; what is never read is listed with the reason. Run in the tree's root.
 */
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "providers/kube/alert_provider.h"
#include "providers/kube/metric_template.h"
#include "providers/wire/tree.h"
#include "tests/providers/manifest.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PATH_SIZE 128

typedef bool reader(const json_t *object, struct arena *arena, struct err *err);

static bool read_template(const json_t *object, struct arena *arena, struct err *err)
{
	struct kube_metric_template ret = {0};

	return kube_metric_template_read(object, arena, &ret, err);
}

static bool read_provider(const json_t *object, struct arena *arena, struct err *err)
{
	struct kube_alert_provider ret = {0};

	return kube_alert_provider_read(object, arena, &ret, err);
}

struct kind {
	const char *schema;
	reader *read;
	const char *base;      /* has each field that is read */
	const char *unread[2]; /* paths, and why not; NULL: none */
	int n_fields;
};

static const struct kind kinds[] = {
	{"manifests/crd-metrictemplate.yaml",
         read_template,
         "{'metadata': {'name': 'm', 'namespace': 'shop'}, 'spec': {'query': 'up', 'provider': "
         "{'type': 'prometheus', 'address': 'http://p:9090', 'headers': {'a': ['b']}, "
         "'secretRef': {'name': 's'}, 'insecureSkipVerify': true, 'region': 'r'}}}",
         {"spec.provider.region", "CloudWatch's"},
         10},
	{"manifests/crd-alertprovider.yaml",
         read_provider,
         "{'metadata': {'name': 'a', 'namespace': 'shop'}, 'spec': {'type': 'slack', 'address': "
         "'http://a/', 'channel': 'c', 'username': 'u', 'proxy': 'http://p/', 'secretRef': "
         "{'name': 's'}}}",
         {NULL, NULL},
         8},
};

/* Put VALUE, which is taken, at PATH ("spec.a.b") of OBJECT. */
static void set_at(json_t *object, const char *path, json_t *value)
{
	size_t length = strcspn(path, ".");
	char key[64];

	text_format(key, sizeof(key), "%.*s", (int)length, path);
	if (path[length] == '.')
		set_at(json_object_get(object, key), path + length + 1, value);
	else
		assert_int_equal(json_object_set_new(object, key, value), 0);
}

static void check_refused(const struct kind *kind, const char *path, json_t *value)
{
	CLEANUP(tree_freep) json_t *object = merge_parse(kind->base);
	struct arena arena = {0};
	struct err err = {0};
	bool is_unread = kind->unread[0] && strcmp(kind->unread[0], path) == 0;
	bool is_read;

	set_at(object, path, value);
	is_read = kind->read(object, &arena, &err);
	arena_fini(&arena);
	if (is_read != is_unread)
		fail_msg("%s: %s", path, is_read ? "whatever comes is taken" : err.text);
	if (!is_read && strncmp(err.text, path, strlen(path)) != 0)
		fail_msg("%s: refused as \"%s\"", path, err.text);
}

/* Values of other types, and one that no enum has. */
static void try_field(const struct kind *kind, const char *path, const json_t *schema)
{
	const char *type = json_string_value(json_object_get(schema, "type"));

	assert_non_null(type);
	check_refused(kind, path,
	              strcmp(type, "boolean") == 0 ? json_string("x") : json_integer(7));
	check_refused(kind, path, json_pack("[i]", 7));
	if (json_object_get(schema, "enum"))
		check_refused(kind, path, json_string("nobody's"));
	if (json_object_get(schema, "additionalProperties")) {
		check_refused(kind, path, json_pack("{s:i}", "a", 7));
		check_refused(kind, path, json_pack("{s:[i]}", "a", 7));
	}
}

static int visit(const struct kind *kind, const char *path, const json_t *schema)
{
	const char *key;
	json_t *value;
	char below[PATH_SIZE];
	int n_fields = 1;

	try_field(kind, path, schema);
	json_object_foreach(json_object_get(schema, "properties"), key, value)
	{
		text_format(below, sizeof(below), "%s.%s", path, key);
		n_fields += visit(kind, below, value);
	}
	return n_fields;
}

static void test_each_field(void **state)
{
	for (size_t i = 0; i < array_length(kinds); i++) {
		CLEANUP(tree_freep) json_t *list = manifest_load(kinds[i].schema);
		CLEANUP(tree_freep) json_t *base = merge_parse(kinds[i].base);
		const json_t *version = json_array_get(
			json_object_get(json_object_get(json_array_get(list, 0), "spec"),
		                        "versions"),
			0);
		const json_t *schema =
			json_object_get(json_object_get(version, "schema"), "openAPIV3Schema");
		struct arena arena = {0};
		struct err err = {0};

		if (!kinds[i].read(base, &arena, &err))
			fail_msg("%s: %s", kinds[i].schema, err.text);
		arena_fini(&arena);
		assert_int_equal(
			visit(&kinds[i], "spec",
		              json_object_get(json_object_get(schema, "properties"), "spec")),
			kinds[i].n_fields);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

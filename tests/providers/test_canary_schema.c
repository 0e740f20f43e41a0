/*
 * manifests/ against the reader of Canaries: what is read is in the schema, what the schema accepts
 * is served or refused in words, and the examples are good. Run in the tree's root.
 */
#include "providers/kube/metric_template.h"
#include "providers/traffic.h"
#include "tests/providers/canary_rows.h"
#include "tests/providers/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SOURCE_MAX (256 * 1024)

/* openAPIV3Schema of the CRD in the file; *ret_root owns it. */
static json_t *schema_of(const char *path, json_t **ret_root)
{
	json_t *list = manifest_load(path);
	json_t *versions =
		json_object_get(json_object_get(json_array_get(list, 0), "spec"), "versions");
	json_t *schema = json_object_get(json_array_get(versions, 0), "schema");

	*ret_root = list;
	assert_non_null(json_object_get(schema, "openAPIV3Schema"));
	return json_object_get(schema, "openAPIV3Schema");
}

/* The schema at PATH ("spec.analysis.metrics.name": lists are stepped into), NULL when there is
 * none. */
static json_t *schema_find(json_t *schema, const char *path)
{
	char key[64];

	while (schema && *path) {
		size_t length = strcspn(path, ".");
		json_t *items = json_object_get(schema, "items");

		assert_true(length < sizeof(key));
		memcpy(key, path, length);
		key[length] = '\0';
		path += length + (path[length] == '.');
		schema =
			json_object_get(json_object_get(items ? items : schema, "properties"), key);
	}
	return schema;
}

/* KEY is the name of some property in SCHEMA, however deep. */
static bool has_property(const json_t *schema, const char *key)
{
	void *at;

	if (json_object_get(json_object_get(schema, "properties"), key))
		return true;
	for (size_t i = 0; i < json_array_size(schema); i++) {
		if (has_property(json_array_get(schema, i), key))
			return true;
	}
	for (at = json_object_iter((json_t *)(uintptr_t)schema); at;
	     at = json_object_iter_next((json_t *)(uintptr_t)schema, at)) {
		if (has_property(json_object_iter_value(at), key))
			return true;
	}
	return false;
}

/* Each literal key that the source PATH reads is in SCHEMA or is metadata's. Returns how many it
 * saw. */
static int keys_check(const char *path, const json_t *schema)
{
	static const char call[] = "field_member(";
	static const char metadata[] = " metadata spec status name namespace ";
	char *source = test_malloc(SOURCE_MAX);
	FILE *file = fopen(path, "r");
	int n_keys = 0;

	assert_non_null(file);
	source[fread(source, 1, SOURCE_MAX - 1, file)] = '\0';
	fclose(file);
	for (char *at = source; (at = strstr(at, call)); at++) {
		char *quote = at + strcspn(at, "\")");
		char key[66];

		if (*quote != '"')
			continue;
		snprintf(key, sizeof(key), " %.*s ", (int)strcspn(quote + 1, "\""), quote + 1);
		n_keys++;
		if (strstr(metadata, key))
			continue;
		key[strlen(key) - 1] = '\0';
		/* the old name of analysis: pruned by the API server, read offline */
		if (!has_property(schema, key + 1) && strcmp(key, " canaryAnalysis") != 0)
			fail_msg("%s reads \"%s\", which no property of the schema is", path,
			         key + 1);
	}
	test_free(source);
	return n_keys;
}

static void test_what_is_read_is_in_the_schema(void **state)
{
	static const char *const sources[] = {
		"providers/kube/canary.c",          "providers/kube/canary_alert.c",
		"providers/kube/canary_analysis.c", "providers/kube/canary_match.c",
		"providers/kube/canary_metric.c",   "providers/kube/canary_webhook.c",
	};
	json_t *root;
	const json_t *schema = schema_of("manifests/crd-canary.yaml", &root);
	int n_keys = 0;

	for (size_t i = 0; i < array_length(sources); i++)
		n_keys += keys_check(sources[i], schema);
	assert_true(n_keys > 50);
	json_decref(root);
	schema = schema_of("manifests/crd-metrictemplate.yaml", &root);
	/* a secretRef is read in secret.c, for both */
	assert_true(keys_check("providers/kube/metric_template.c", schema) +
	                    keys_check("providers/kube/secret.c", schema) >
	            7);
	json_decref(root);
	schema = schema_of("manifests/crd-alertprovider.yaml", &root);
	assert_true(keys_check("providers/kube/alert_provider.c", schema) +
	                    keys_check("providers/kube/secret.c", schema) >
	            5);
	json_decref(root);
}

/* What the reader reads: path, type in the schema, and the value a Canary without the field has for
 * it. */
static const struct {
	const char *path;
	const char *type;
	const char *fallback; /* NULL: required, or none */
} fields[] = {
	{"spec.provider", "string", NULL},
	{"spec.metricsServer", "string", NULL},
	{"spec.targetRef.kind", "string", NULL},
	{"spec.targetRef.name", "string", NULL},
	{"spec.autoscalerRef", "object", NULL},
	{"spec.autoscalerRef.kind", "string", NULL},
	{"spec.autoscalerRef.name", "string", NULL},
	{"spec.autoscalerRef.primaryScalerQueries", "object", NULL},
	{"spec.autoscalerRef.primaryScalerReplicas", "object", NULL},
	{"spec.autoscalerRef.primaryScalerReplicas.minReplicas", "integer", NULL},
	{"spec.autoscalerRef.primaryScalerReplicas.maxReplicas", "integer", NULL},
	{"spec.ingressRef.name", "string", NULL},
	{"spec.ingressRef.canaryName", "string", NULL},
	{"spec.service.name", "string", NULL},
	{"spec.service.port", "number", NULL},
	{"spec.service.portName", "string", NULL},
	{"spec.service.appProtocol", "string", NULL},
	{"spec.service.trafficDistribution", "string", NULL},
	{"spec.service.headless", "boolean", "false"},
	{"spec.service.portDiscovery", "boolean", "false"},
	{"spec.service.apex.labels", "object", NULL},
	{"spec.service.primary.annotations", "object", NULL},
	{"spec.service.canary.annotations", "object", NULL},
	{"spec.service.unmanagedMetadata.annotations", "array", NULL},
	{"spec.progressDeadlineSeconds", "number", "600"},
	{"spec.skipAnalysis", "boolean", "false"},
	{"spec.revertOnDeletion", "boolean", "false"},
	{"spec.suspend", "boolean", "false"},
	{"spec.analysis.interval", "string", NULL},
	{"spec.analysis.threshold", "number", "1"},
	{"spec.analysis.iterations", "number", "0"},
	{"spec.analysis.stepWeight", "number", "0"},
	{"spec.analysis.stepWeights", "array", NULL},
	{"spec.analysis.maxWeight", "number", "100"},
	{"spec.analysis.stepWeightPromotion", "number", "0"},
	{"spec.analysis.mirror", "boolean", "false"},
	{"spec.analysis.primaryReadyThreshold", "number", "100"},
	{"spec.analysis.canaryReadyThreshold", "number", "100"},
	{"spec.analysis.noData", "string", "\"hold\""},
	{"spec.analysis.match.headers", "object", NULL},
	{"spec.analysis.match.sourceLabels", "object", NULL},
	{"spec.analysis.match.queryParams", "object", NULL},
	{"spec.analysis.webhooks", "array", NULL},
	{"spec.analysis.alerts", "array", NULL},
	{"spec.analysis.sessionAffinity", "object", NULL},
	{"spec.analysis.metrics.name", "string", NULL},
	{"spec.analysis.metrics.interval", "string", "\"1m\""},
	{"spec.analysis.metrics.threshold", "number", NULL},
	{"spec.analysis.metrics.thresholdRange.min", "number", NULL},
	{"spec.analysis.metrics.thresholdRange.max", "number", NULL},
	{"spec.analysis.metrics.query", "string", NULL},
	{"spec.analysis.metrics.templateRef.name", "string", NULL},
	{"spec.analysis.metrics.templateRef.namespace", "string", NULL},
	{"spec.analysis.metrics.templateVariables", "object", NULL},
};

/* The description names the default ("default 600"), and the API server fills none in: the stored
 * object stays as written, for Flagger too. */
static void test_types_and_defaults(void **state)
{
	json_t *root;
	json_t *schema = schema_of("manifests/crd-canary.yaml", &root);

	for (size_t i = 0; i < array_length(fields); i++) {
		json_t *field = schema_find(schema, fields[i].path);
		const char *type = json_string_value(json_object_get(field, "type"));
		const char *text = json_string_value(json_object_get(field, "description"));
		const char *named = text ? strstr(text, "default ") : NULL;
		long number = named ? strtol(named + 8, NULL, 10) : 0;

		if (!type || strcmp(type, fields[i].type) != 0)
			fail_msg("%s: expected type %s, got %s", fields[i].path, fields[i].type,
			         type ? type : "no such field");
		if (json_object_get(field, "default"))
			fail_msg("%s: has a default in the schema", fields[i].path);
		if (number &&
		    (!fields[i].fallback || number != strtol(fields[i].fallback, NULL, 10)) &&
		    strcmp(fields[i].path, "spec.analysis.metrics.interval") != 0)
			fail_msg("%s: the schema says default %ld", fields[i].path, number);
	}
	json_decref(root);
}

/* OBJECT's field at PATH := VALUE, which is taken. */
static void set_at(json_t *object, const char *path, json_t *value)
{
	char key[64];

	for (;;) {
		size_t length = strcspn(path, ".");
		json_t *next;

		assert_true(length < sizeof(key));
		memcpy(key, path, length);
		key[length] = '\0';
		if (!path[length])
			break;
		path += length + 1;
		next = json_object_get(object, key);
		if (!next) {
			next = json_object();
			json_object_set_new(object, key, next);
		}
		object = next;
	}
	json_object_set_new(object, key, value);
}

/* A field set to what the schema calls its default means the same as the field left out. */
static void test_an_explicit_default_changes_nothing(void **state)
{
	for (size_t i = 0; i < array_length(fields); i++) {
		struct arena arena = {0};
		struct kube_canary without = {0};
		struct kube_canary with = {0};
		json_t *object;
		json_t *analysis;

		if (!fields[i].fallback || strstr(fields[i].path, "metrics."))
			continue;
		object = merge_text(canary_rows_base, "{}");
		analysis = json_object_get(json_object_get(object, "spec"), "analysis");
		json_object_del(analysis, "threshold");
		if (strcmp(fields[i].path, "spec.analysis.stepWeight") == 0) {
			json_object_del(analysis, "stepWeight");
			json_object_set_new(analysis, "iterations", json_integer(3));
		}
		assert_true(kube_canary_read(object, &canary_rows_options, &arena, &without, NULL));
		set_at(object, fields[i].path,
		       json_loads(fields[i].fallback, JSON_DECODE_ANY, NULL));
		assert_true(kube_canary_read(object, &canary_rows_options, &arena, &with, NULL));
		if (strcmp(canary_rows_describe(&with, &arena),
		           canary_rows_describe(&without, &arena)) != 0)
			fail_msg("%s: %s is not the default", fields[i].path, fields[i].fallback);
		json_decref(object);
		arena_fini(&arena);
	}
}

/* Each value that the schema allows is accepted or refused with "not served yet". */
static void test_enums_are_served_or_refused_in_words(void **state)
{
	static const struct {
		const char *path;
		int n_served;
	} enums[] = {
		{"spec.provider", 11},
		{"spec.targetRef.kind", 3},
		{"spec.ingressRef.kind", 1},
		{"spec.analysis.noData", 2},
		{"spec.service.trafficDistribution", 3},
	};
	json_t *root;
	json_t *schema = schema_of("manifests/crd-canary.yaml", &root);

	for (size_t i = 0; i < array_length(enums); i++) {
		json_t *values = json_object_get(schema_find(schema, enums[i].path), "enum");
		int n_served = 0;

		for (size_t j = 0; j < json_array_size(values); j++) {
			struct arena arena = {0};
			struct kube_canary canary = {0};
			struct err err = {0};
			json_t *object = merge_text(canary_rows_base, "{}");

			set_at(object, enums[i].path, json_incref(json_array_get(values, j)));
			if (kube_canary_read(object, &canary_rows_options, &arena, &canary, &err))
				n_served++;
			else if ((i == 0 &&
			          traffic_find(json_string_value(json_array_get(values, j)),
			                       &(struct err){0})) ||
			         strstr(err.text, "since the target is a Service"))
				n_served++; /* it wants more than the base has */
			else if (!strstr(err.text, "not served yet"))
				fail_msg("%s: %s", enums[i].path, err.text);
			json_decref(object);
			arena_fini(&arena);
		}
		if (n_served != enums[i].n_served)
			fail_msg("%s: %d values are served", enums[i].path, n_served);
	}
	json_decref(root);
}

static void example_check(const char *path, const json_t *object)
{
	const char *kind = json_string_value(json_object_get(object, "kind"));
	struct kube_metric_template template = {0};
	struct kube_canary canary = {0};
	struct arena arena = {0};
	struct err err = {0};

	if (strcmp(kind, "MetricTemplate") == 0) {
		if (!kube_metric_template_read(object, &arena, &template, &err))
			fail_msg("%s: %s", path, err.text);
	} else {
		if (!kube_canary_read(object, &canary_rows_options, &arena, &canary, &err))
			fail_msg("%s: %s", path, err.text);
		if (canary.n_warnings > 0)
			fail_msg("%s: %s", path, canary.warnings[0]);
	}
	arena_fini(&arena);
}

static void test_examples(void **state)
{
	static const char *const paths[] = {
		"manifests/examples/istio-canary.yaml", "manifests/examples/istio-sticky.yaml",
		"manifests/examples/nginx-canary.yaml", "manifests/examples/nginx-ab.yaml",
		"manifests/examples/blue-green.yaml",
	};

	for (size_t i = 0; i < array_length(paths); i++) {
		json_t *list = manifest_load(paths[i]);

		assert_true(json_array_size(list) > 0);
		for (size_t j = 0; j < json_array_size(list); j++)
			example_check(paths[i], json_array_get(list, j));
		json_decref(list);
	}
}

/* What release-state.md and analysis/release.h name is what the schema lets through. */
static void test_release_enums(void **state)
{
	json_t *root;
	json_t *schema = schema_of("manifests/crd-release.yaml", &root);
	json_t *phases = json_object_get(schema_find(schema, "status.phase"), "enum");
	json_t *outcomes = json_object_get(schema_find(schema, "status.outcome"), "enum");
	json_t *endings = json_object_get(schema_find(schema, "status.ending"), "enum");
	json_t *causes = json_object_get(schema_find(schema, "spec.cause"), "enum");

	assert_true(json_equal(outcomes, endings));
	for (int phase = PHASE_NONE + 1; phase <= (int)PHASE_DONE; phase++)
		assert_true(manifest_has(phases, release_phase_name((enum release_phase)phase)));
	for (int outcome = OUTCOME_NONE + 1; outcome <= (int)OUTCOME_CANCELLED; outcome++)
		assert_true(manifest_has(outcomes,
		                         release_outcome_name((enum release_outcome)outcome)));
	for (int cause = CAUSE_NONE + 1; cause <= (int)CAUSE_UNDO; cause++)
		assert_true(manifest_has(causes, release_cause_name((enum release_cause)cause)));
	json_decref(root);
	schema = schema_of("manifests/crd-action.yaml", &root);
	for (int verb = VERB_NONE + 1; verb <= (int)VERB_REJECT; verb++)
		assert_true(manifest_has(json_object_get(schema_find(schema, "spec.verb"), "enum"),
		                         verb_name((enum verb)verb)));
	json_decref(root);
}

/* Each value that an enum lets through is of the type that stands beside it. */
static void check_enum(const char *path, const char *name, const json_t *schema)
{
	const json_t *values = json_object_get(schema, "enum");
	const char *type = json_string_value(json_object_get(schema, "type"));

	for (size_t i = 0; type && i < json_array_size(values); i++) {
		const json_t *value = json_array_get(values, i);
		bool is_fine =
			strcmp(type, "string") == 0 ? json_is_string(value) : json_is_number(value);

		if (!is_fine && !json_is_null(value))
			fail_msg("%s: %s: the %s has an enum of another type", path, name, type);
	}
}

static void check_enums(const char *path, const char *name, json_t *schema)
{
	const char *key;
	json_t *inner;
	size_t i;

	if (json_is_object(schema))
		check_enum(path, name, schema);
	json_object_foreach(schema, key, inner)
	{
		check_enums(path, key, inner);
	}
	json_array_foreach(schema, i, inner)
	{
		check_enums(path, name, inner);
	}
}

/* A gate that a person opens is saved as such: the API server takes "approved" for what it is. */
static void test_row_60_enums_fit_their_types(void **state)
{
	static const char *const paths[] = {"manifests/crd-action.yaml",
	                                    "manifests/crd-alertprovider.yaml",
	                                    "manifests/crd-canary.yaml",
	                                    "manifests/crd-metrictemplate.yaml",
	                                    "manifests/crd-release.yaml"};
	json_t *root;
	json_t *results;

	for (size_t i = 0; i < array_length(paths); i++) {
		check_enums(paths[i], "", schema_of(paths[i], &root));
		json_decref(root);
	}
	results = json_object_get(schema_find(schema_of("manifests/crd-release.yaml", &root),
	                                      "status.hooks.result"),
	                          "enum");
	for (int result = HOOK_PENDING; result <= (int)HOOK_SKIPPED; result++)
		assert_true(manifest_has(results, hook_result_name((enum hook_result)result)));
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_read_is_in_the_schema),
		cmocka_unit_test(test_types_and_defaults),
		cmocka_unit_test(test_an_explicit_default_changes_nothing),
		cmocka_unit_test(test_enums_are_served_or_refused_in_words),
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_release_enums),
		cmocka_unit_test(test_row_60_enums_fit_their_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Each field of the Canary's schema against the reader, by walking the schema: a value of the wrong
 * type, or that the schema does not allow, is refused with the field's path wherever the reader
 * reads it; what it never reads is listed with the reason. Each field that is read stands in a
 * Canary that is accepted. Run in the tree's root.
 */
#include "analysis/base/text.h"
#include "tests/providers/canary_rows.h"
#include "tests/providers/manifest.h"

#include <stdio.h>
#include <string.h>

#define PATH_MAX_SCHEMA 200
#define WORLDS          8

/* Canaries that are accepted, and have of each field something. */
static const char *const worlds[WORLDS] = {
	/* nginx, by weights, with all that is asked and told */
	"{'spec': {'metricsServer': 'http://prometheus:9090', 'progressDeadlineSeconds': 60,"
	" 'suspend': false, 'skipAnalysis': false, 'revertOnDeletion': false,"
	" 'autoscalerRef': {'apiVersion': 'autoscaling/v2', 'kind': 'HorizontalPodAutoscaler', 'name': 'cart',"
	"  'primaryScalerReplicas': {'minReplicas': 2, 'maxReplicas': 4}},"
	" 'service': {'name': 'cart', 'port': 80, 'portName': 'http', 'targetPort': 8080,"
	"  'appProtocol': 'http', 'trafficDistribution': 'PreferClose', 'portDiscovery': true,"
	"  'headless': false, 'apex': {'labels': {'a': 'b'}, 'annotations': {'a': 'b'}},"
	"  'primary': {'labels': {'a': 'b'}, 'annotations': {'a': 'b'}},"
	"  'canary': {'labels': {'a': 'b'}, 'annotations': {'a': 'b'}},"
	"  'unmanagedMetadata': {'annotations': ['a'], 'labels': ['b']}},"
	" 'analysis': {'interval': '1m', 'threshold': 5, 'stepWeight': null, 'stepWeights': [10, 20],"
	"  'maxWeight': 50, 'stepWeightPromotion': 0, 'iterations': 0, 'mirror': false,"
	"  'primaryReadyThreshold': 50, 'canaryReadyThreshold': 50, 'noData': 'hold',"
	"  'metrics': [{'name': 'rate', 'interval': '1m', 'thresholdRange': {'min': 1, 'max': 2},"
	"    'templateRef': {'name': 'rate', 'namespace': 'shop'}, 'templateVariables': {'a': 'b'}},"
	"   {'name': 'q', 'query': 'up', 'threshold': 1}],"
	"  'webhooks': [{'name': 'load', 'type': 'rollout', 'url': 'http://tester/', 'timeout': '5s',"
	"    'retries': 1, 'disableTLS': false, 'muteAlert': false, 'metadata': {'cmd': 'x'}}],"
	"  'alerts': [{'name': 'chat', 'severity': 'info', 'providerRef': {'name': 'chat', 'namespace': 'shop'}}]}}}",
	/* nginx, by headers */
	"{'spec': {'ingressRef': {'canaryName': 'storefront-cart'}, 'autoscalerRef': {'kind': 'ScaledObject', 'name': 'cart', 'primaryScalerQueries': {'a': 'b'}},"
	" 'analysis': {'stepWeight': null, 'iterations': 3,"
	"  'metrics': [{'name': 'q', 'query': 'up', 'threshold': 1}],"
	"  'match': [{'headers': {'x': {'exact': 'y'}}}]}}}",
	/* istio */
	"{'spec': {'provider': 'istio', 'ingressRef': null,"
	" 'service': {'port': 80, 'hosts': ['a.example'], 'gateways': ['ns/gw'], 'timeout': '5s',"
	"  'delegation': false, 'trafficPolicy': {'tls': {'mode': 'DISABLE'}},"
	"  'corsPolicy': {'allowOrigin': ['*']},"
	"  'match': [{'name': 'm', 'uri': {'prefix': '/a'}, 'headers': {'a': {'exact': 'b'}},"
	"   'withoutHeaders': {'c': {'exact': 'd'}}, 'queryParams': {'e': {'exact': 'f'}},"
	"   'sourceLabels': {'g': 'h'}, 'gateways': ['mesh']}],"
	"  'rewrite': {'uri': '/'}, 'retries': {'attempts': 1, 'perTryTimeout': '1s', 'retryOn': '5xx'},"
	"  'headers': {'request': {'add': {'a': 'b'}, 'set': {'c': 'd'}, 'remove': ['e']},"
	"   'response': {'add': {'a': 'b'}, 'set': {'c': 'd'}, 'remove': ['e']}}},"
	" 'analysis': {'mirror': true, 'mirrorWeight': 100}}}",
	/* istio, its matches by exact */
	"{'spec': {'provider': 'istio', 'ingressRef': null, 'service': {'port': 80, 'match': [{"
	" 'uri': {'exact': '/a'}, 'scheme': {'exact': 'https'}, 'method': {'exact': 'GET'},"
	" 'authority': {'exact': 'a.example'}}]}}}",
	/* … by prefix */
	"{'spec': {'provider': 'istio', 'ingressRef': null, 'service': {'port': 80, 'match': [{"
	" 'uri': {'prefix': '/a'}, 'scheme': {'prefix': 'https'}, 'method': {'prefix': 'GET'},"
	" 'authority': {'prefix': 'a.example'}}]}}}",
	/* … by regex */
	"{'spec': {'provider': 'istio', 'ingressRef': null, 'service': {'port': 80, 'match': [{"
	" 'uri': {'regex': '/a'}, 'scheme': {'regex': 'https'}, 'method': {'regex': 'GET'},"
	" 'authority': {'regex': 'a.example'}}]}}}",
	/* istio, by what requests bring */
	"{'spec': {'provider': 'istio', 'ingressRef': null, 'service': {'port': 80},"
	" 'analysis': {'stepWeight': null, 'iterations': 3, 'match': [{'headers': {'x': {'exact': 'y'}},"
	"  'queryParams': {'a': {'exact': 'b'}}, 'sourceLabels': {'c': 'd'}}]}}}",
	/* gatewayapi */
	"{'spec': {'provider': 'gatewayapi:v1', 'ingressRef': null,"
	" 'routeRef': {'kind': 'HTTPRoute', 'name': 'front'},"
	" 'service': {'port': 80, 'hosts': ['a.example'], 'backendTimeout': '5s',"
	"  'mirror': [{'backendRef': {'group': '', 'kind': 'Service', 'name': 'copy', 'namespace': 'shop', 'port': 80}}],"
	"  'gatewayRefs': [{'group': 'gateway.networking.k8s.io', 'kind': 'Gateway', 'name': 'gw',"
	"   'namespace': 'infra', 'sectionName': 'http', 'port': 80}]}}}",
};

/* What the reader does not look at, or not where the schema has it: the path begins so. */
static const struct unread {
	const char *path;
	const char *why;
	bool is_seen;
} unread[] = {
	{"spec.targetRef.apiVersion", "the kind alone says what it is"},
	{"spec.autoscalerRef.apiVersion", "the kind alone says what it is"},
	{"spec.ingressRef.apiVersion", "the kind alone says what it is"},
	{"spec.routeRef.apiVersion", "the kind alone says what it is"},
	{"spec.upstreamRef", "of a router that is refused by spec.provider"},
	{"spec.service.trafficDistribution",
         "written into the Services: the API server knows the words"},
	{"spec.service.trafficPolicy.", "written into the DestinationRule as it is"},
	{"spec.service.match[].name", "written into the VirtualService as it is"},
	{"spec.service.match[].port", "written into the VirtualService as it is"},
	{"spec.service.match[].sourceNamespace", "written into the VirtualService as it is"},
	{"spec.service.match[].ignoreUriCase", "written into the VirtualService as it is"},
	{"spec.service.rewrite.", "written into the route as it is"},
	{"spec.service.retries.", "written into the VirtualService as it is"},
	{"spec.service.headers.", "written into the route as it is"},
	{"spec.service.corsPolicy.", "written into the VirtualService as it is"},
	{"spec.service.meshName", "of a mesh that is refused by spec.provider"},
	{"spec.service.backends", "of a mesh that is refused by spec.provider"},
	{"spec.analysis.sessionAffinity", "refused as a whole: not served yet"},
	{"spec.service.mirror[].backendRef.",
         "written into the HTTPRoute as it is, but for its name"},
	{"spec.analysis.interval", "what is no duration is 60s, with a warning, as in Flagger"},
};

struct walk {
	int n_fields;
	int n_values; /* that were tried */
	bool is_used[array_length(unread)];
	int n_wrong;
};

/* The object at PATH ("spec.list[].key"), made where it is missing; the last key stands in ret_key.
 */
static json_t *reach(json_t *object, const char *path, char ret_key[64])
{
	for (;;) {
		size_t length = strcspn(path, ".");
		bool is_list = length > 2 && path[length - 1] == ']';
		bool is_last = path[length] == '\0';
		json_t *next;

		snprintf(ret_key, 64, "%.*s", (int)(is_list ? length - 2 : length), path);
		if (is_last && !is_list)
			return object;
		next = json_object_get(object, ret_key);
		if (!next) {
			next = is_list ? json_array() : json_object();
			json_object_set_new(object, ret_key, next);
		}
		if (is_list) {
			if (json_array_size(next) == 0)
				json_array_append_new(next, json_object());
			if (is_last)
				return next;
			next = json_array_get(next, 0);
		}
		if (!json_is_object(next))
			return NULL;
		path += length + 1;
		object = next;
	}
}

/* Put VALUE, which is taken, at PATH; false where there is no such place. */
static bool put(json_t *object, const char *path, json_t *value)
{
	char key[64];
	json_t *parent = reach(object, path, key);

	if (!parent) {
		json_decref(value);
		return false;
	}
	if (json_is_array(parent))
		json_array_set_new(parent, 0, value);
	else
		json_object_set_new(parent, key, value);
	return true;
}

/* PATH as refusals say it: lists by the number of their element. */
static void say(const char *path, char ret[PATH_MAX_SCHEMA])
{
	size_t used = 0;

	for (; *path && used + 2 < PATH_MAX_SCHEMA; path++) {
		ret[used++] = *path;
		if (path[0] == '[')
			ret[used++] = '0';
	}
	ret[used] = '\0';
}

/* The reader refuses VALUE at PATH, in some world where it reads the field, with its path. */
static bool is_refused(const char *path, json_t *value, char ret_said[400])
{
	char expected[PATH_MAX_SCHEMA];
	bool is_found = false;

	say(path, expected);
	ret_said[0] = '\0';
	for (int i = 0; i < WORLDS && !is_found; i++) {
		json_t *object = merge_text(canary_rows_base, worlds[i]);
		struct arena arena = {0};
		struct kube_canary canary = {0};
		struct err err = {0};

		if (put(object, path, json_incref(value)) &&
		    !kube_canary_read(object, &canary_rows_options, &arena, &canary, &err)) {
			is_found = strncmp(err.text, expected, strlen(expected)) == 0;
			text_format(ret_said, 400, "%s", err.text);
		}
		json_decref(object);
		arena_fini(&arena);
	}
	json_decref(value);
	return is_found;
}

/* Some world has the field. */
static bool has_sample(const char *path)
{
	bool is_found = false;

	for (int i = 0; i < WORLDS && !is_found; i++) {
		json_t *object = merge_text(canary_rows_base, worlds[i]);
		json_t *before = json_deep_copy(object);
		char key[64];
		const json_t *parent = reach(object, path, key);

		/* nothing had to be made on the way */
		is_found = parent && json_equal(object, before) &&
		           (json_is_array(parent) || json_object_get(parent, key));
		json_decref(before);
		json_decref(object);
	}
	return is_found;
}

/* The index of the row that PATH begins with; array_length when there is none. */
static size_t find_unread(const char *path)
{
	size_t i = 0;

	while (i < array_length(unread) &&
	       strncmp(path, unread[i].path, strlen(unread[i].path)) != 0)
		i++;
	return i;
}

static void try_value(struct walk *walk, const char *path, const char *text)
{
	char said[400];
	size_t row = find_unread(path);

	walk->n_values++;
	if (is_refused(path, merge_parse(text), said) == (row == array_length(unread)))
		return;
	if (row < array_length(unread)) {
		walk->is_used[row] = true; /* another value of it may be looked at */
		return;
	}
	walk->n_wrong++;
	print_error("%s = %s: %s\n", path, text, said[0] ? said : "accepted");
}

/* A value of each other type, and those that the schema does not allow. */
static void try_field(struct walk *walk, const char *path, const json_t *schema)
{
	const char *type = json_string_value(json_object_get(schema, "type"));
	size_t row = find_unread(path);
	char text[64];

	walk->n_fields++;
	if (row < array_length(unread))
		walk->is_used[row] = true;
	if (row == array_length(unread) && !has_sample(path)) {
		walk->n_wrong++;
		print_error("%s: no Canary here that is accepted has it\n", path);
	}
	if (!type)
		return;
	if (strcmp(type, "string") == 0)
		try_value(walk, path, "[7]");
	else
		try_value(walk, path, strcmp(type, "boolean") == 0 ? "'yes'" : "'text'");
	if (json_object_get(schema, "enum"))
		try_value(walk, path, "'no-such-word'");
	if (json_object_get(schema, "pattern"))
		try_value(walk, path, "'soon'");
	if (json_object_get(schema, "minimum")) {
		snprintf(text, sizeof(text), "%d",
		         (int)json_integer_value(json_object_get(schema, "minimum")) - 1);
		try_value(walk, path, text);
	}
	if (json_object_get(schema, "maximum")) {
		snprintf(text, sizeof(text), "%d",
		         (int)json_integer_value(json_object_get(schema, "maximum")) + 1);
		try_value(walk, path, text);
	}
}

static void visit(struct walk *walk, const char *path, const json_t *schema)
{
	const json_t *properties = json_object_get(schema, "properties");
	const json_t *items = json_object_get(schema, "items");
	const char *key;
	json_t *value;
	char below[PATH_MAX_SCHEMA];

	try_field(walk, path, schema);
	if (items) {
		snprintf(below, sizeof(below), "%s[]", path);
		visit(walk, below, items);
	}
	/* jansson's iteration macro wants a mutable object; nothing is changed */
	json_object_foreach((json_t *)(uintptr_t)properties, key, value)
	{
		snprintf(below, sizeof(below), "%s.%s", path, key);
		visit(walk, below, value);
	}
}

static void test_each_field(void **state)
{
	json_t *list = manifest_load("manifests/crd-canary.yaml");
	json_t *versions =
		json_object_get(json_object_get(json_array_get(list, 0), "spec"), "versions");
	json_t *schema = json_object_get(json_object_get(json_array_get(versions, 0), "schema"),
	                                 "openAPIV3Schema");
	struct walk walk = {0};

	visit(&walk, "spec", json_object_get(json_object_get(schema, "properties"), "spec"));
	for (size_t i = 0; i < array_length(unread); i++) {
		if (!walk.is_used[i]) {
			print_error("%s: no such field, or it is read\n", unread[i].path);
			walk.n_wrong++;
		}
	}
	print_message("# %d fields, %d values, %zu rows of what is not read\n", walk.n_fields,
	              walk.n_values, array_length(unread));
	assert_true(walk.n_fields > 200);
	assert_int_equal(walk.n_wrong, 0);
	json_decref(list);
}

static void test_each_world(void **state)
{
	for (int i = 0; i < WORLDS; i++) {
		json_t *object = merge_text(canary_rows_base, worlds[i]);
		struct arena arena = {0};
		struct kube_canary canary = {0};
		struct err err = {0};

		if (!kube_canary_read(object, &canary_rows_options, &arena, &canary, &err))
			fail_msg("world %d: %s", i, err.text);
		json_decref(object);
		arena_fini(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_world),
		cmocka_unit_test(test_each_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

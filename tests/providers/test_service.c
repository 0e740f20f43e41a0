/* The three Services: what we know of one, what is written. */
#include "providers/kube/service.h"
#include "providers/kube/service_port.h"
#include "tests/providers/cart.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A user's own, before anything was done to it. */
#define USERS                                                                        \
 "{'metadata': {'labels': {'app': null, 'serin.dev/canary-uid': null, 'team': 'a'}," \
 " 'annotations': {'kustomize.toolkit.fluxcd.io/reconcile': null,"                   \
 " 'helm.toolkit.fluxcd.io/driftDetection': null, 'note': 'b'}},"                    \
 " 'spec': {'selector': {'app': 'cart'}}}"

#define FLAGGERS                                                                            \
 "{'metadata': {'labels': {'serin.dev/canary-uid': null}, 'ownerReferences':"               \
 " [{'apiVersion': 'flagger.app/v1beta1', 'kind': 'Canary', 'name': 'cart', 'uid': 'old'}," \
 " {'apiVersion': 'x/v1', 'kind': 'Other', 'name': 'cart'}]}}"

#define FLUX                                            \
 "'kustomize.toolkit.fluxcd.io/reconcile': 'disabled'," \
 " 'helm.toolkit.fluxcd.io/driftDetection': 'disabled'"

static void test_read(void **state)
{
	static const struct {
		const char *patch;
		enum backend backend;
		bool is_exact;
		bool is_ours;
	} rows[] = {
		{"{}", BACKEND_PRIMARY, true, true},
		{"{'spec': {'selector': {'app': 'cart'}}}", BACKEND_CANARY, true, true},
		{"{'spec': {'selector': {'app': 'else'}}}", BACKEND_NONE, true, true},
		/* one more label takes fewer pods: neither */
		{"{'spec': {'selector': {'tier': 'web'}}}", BACKEND_NONE, true, true},
		{"{'spec': {'selector': null}}", BACKEND_NONE, true, true},
		/* what the API server adds is not ours to say */
		{"{'spec': {'clusterIP': '10.0.0.8', 'internalTrafficPolicy': 'Cluster'}}",
	         BACKEND_PRIMARY, true, true},
		{"{'spec': {'ports': [{'name': 'http', 'protocol': 'TCP', 'port': 80, 'targetPort':"
	         " 8080, 'nodePort': 30000}]}}",
	         BACKEND_PRIMARY, true, true},
		{"{'spec': {'ports': [{'name': 'http', 'protocol': 'TCP', 'port': 81, 'targetPort':"
	         " 8080}]}}",
	         BACKEND_PRIMARY, false, true},
		/* a Canary that was deleted and made again has another UID */
		{"{'metadata': {'labels': {'serin.dev/canary-uid': 'another'}}}", BACKEND_PRIMARY,
	         false, true},
		{"{'metadata': {'annotations': {'more': 'x'}}}", BACKEND_PRIMARY, false, true},
		{FLAGGERS, BACKEND_PRIMARY, false, false},
		{USERS, BACKEND_CANARY, false, false},
	};
	struct cart cart;

	cart_init(&cart, "{}");
	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *object = merge_text(cart_service, rows[i].patch);
		struct service_fact fact = {.since = {5}};

		kube_service_read(object, &cart.world, SUBJECT_APEX, &fact);
		if (fact.backend != rows[i].backend || fact.is_exact != rows[i].is_exact)
			print_error("row %zu\n", i);
		assert_int_equal(fact.backend, rows[i].backend);
		assert_int_equal(fact.is_exact, rows[i].is_exact);
		assert_int_equal(fact.is_ours, rows[i].is_ours);
		assert_string_equal(fact.uid, "s1");
		assert_string_equal(fact.resource_version, "60");
		assert_int_equal(fact.since.ms, 5);
		json_decref(object);
	}
	cart_fini(&cart);
}

/* Before the target was seen, nothing matches and nothing is exact. */
static void test_read_unlabelled(void **state)
{
	struct cart cart;
	struct service_fact fact = {0};
	json_t *object = merge_parse(cart_service);

	cart_init(&cart, "{}");
	cart.world.label[0] = '\0';
	kube_service_read(object, &cart.world, SUBJECT_APEX, &fact);
	assert_int_equal(fact.backend, BACKEND_NONE);
	assert_false(fact.is_exact);
	json_decref(object);
	cart_fini(&cart);
}

static void test_new(void **state)
{
	struct cart cart;

	cart_init(&cart,
	          "{'spec': {'service': {'targetPort': 'web', 'portName': 'grpc', 'headless':"
	          " true, 'appProtocol': 'kubernetes.io/h2c', 'trafficDistribution':"
	          " 'PreferClose', 'canary': {'labels': {'x': 'y'}, 'annotations':"
	          " {'p': 'q'}}}}}");
	/* D-5: no owner reference */
	cart_same(kube_service_new(&cart.world, SUBJECT_CANARY_SERVICE, BACKEND_CANARY, NULL),
	          "{'apiVersion': 'v1', 'kind': 'Service', 'metadata': {'name': 'cart-canary',"
	          " 'namespace': 'shop', 'labels': {'x': 'y', 'app': 'cart-canary',"
	          " 'serin.dev/canary-uid': '" CART_UID "'}, 'annotations': {'p': 'q', " FLUX
	          "}},"
	          " 'spec': {'type': 'ClusterIP', 'clusterIP': 'None', 'trafficDistribution':"
	          " 'PreferClose', 'selector': {'app': 'cart'}, 'ports': [{'name': 'grpc',"
	          " 'protocol': 'TCP', 'port': 80, 'targetPort': 'web', 'appProtocol':"
	          " 'kubernetes.io/h2c'}]}}");
	cart_fini(&cart);
}

static void test_ports(void **state)
{
	static const struct {
		const char *service; /* laid over spec.service */
		const char *want;
	} rows[] = {
		/* unset and 0 mean the port itself; 80.0 is 80 */
		{"{'port': 80.0, 'targetPort': 0}",
	         "[{'name': 'http', 'protocol': 'TCP', 'port': 80, 'targetPort': 80}]"},
		{"{'targetPort': '0'}",
	         "[{'name': 'http', 'protocol': 'TCP', 'port': 80, 'targetPort': 80}]"},
		{"{'targetPort': null}",
	         "[{'name': 'http', 'protocol': 'TCP', 'port': 80, 'targetPort': 80}]"},
		/* discovery: all but the main port, by number or by name */
		{"{'portDiscovery': true}",
	         "[{'name': 'http', 'protocol': 'TCP', 'port': 80, 'targetPort': 8080},"
	         " {'name': 'grpc', 'protocol': 'UDP', 'port': 9000, 'targetPort': 9000},"
	         " {'name': 'tcp-side-0', 'protocol': 'TCP', 'port': 7000, 'targetPort': 7000}]"},
		{"{'portDiscovery': true, 'targetPort': 'grpc'}",
	         "[{'name': 'http', 'protocol': 'TCP', 'port': 80, 'targetPort': 'grpc'},"
	         " {'name': 'web', 'protocol': 'TCP', 'port': 8080, 'targetPort': 8080},"
	         " {'name': 'tcp-side-0', 'protocol': 'TCP', 'port': 7000, 'targetPort': 7000}]"},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct cart cart;
		char patch[256];
		json_t *template = merge_parse(
			"{'spec': {'containers': [{'name': 'web', 'ports': [{'name': 'web',"
			" 'containerPort': 8080}, {'name': 'grpc', 'containerPort': 9000,"
			" 'protocol': 'UDP'}]}, {'name': 'envoy', 'ports': [{'containerPort': 1}]},"
			" {'name': 'side', 'ports': [{'containerPort': 7000}]}]}}");
		json_t *made;

		(void)snprintf(patch, sizeof(patch), "{'spec': {'service': %s}}", rows[i].service);
		cart_init(&cart, patch);
		made = kube_service_new(&cart.world, SUBJECT_APEX, BACKEND_PRIMARY, template);
		cart_same(json_incref(json_object_get(json_object_get(made, "spec"), "ports")),
		          rows[i].want);
		json_decref(made);
		json_decref(template);
		cart_fini(&cart);
	}
}

/* A container with a flood of ports gets the first of them. */
static void test_ports_limit(void **state)
{
	struct cart cart;
	json_t *template = merge_parse("{'spec': {'containers': [{'name': 'a', 'ports': []}]}}");
	json_t *containers = json_object_get(json_object_get(template, "spec"), "containers");
	json_t *declared = json_object_get(json_array_get(containers, 0), "ports");
	json_t *ports;

	cart_init(&cart, "{'spec': {'service': {'portDiscovery': true}}}");
	for (int i = 0; i < 1000; i++)
		json_array_append_new(declared, json_pack("{s:i}", "containerPort", 20000 + i));
	ports = kube_service_port_list(&cart.world, template);
	assert_int_equal(json_array_size(ports), KUBE_SERVICE_PORTS_MAX + 1);
	json_decref(ports);
	json_decref(template);
	cart_fini(&cart);
}

/* With discovery, ports that the template explains are exact, and unknown ones are not compared. */
static void test_D_45_discovered(void **state)
{
	struct cart cart;
	json_t *target = merge_parse(cart_deployment);
	json_t *object = merge_text(
		cart_service,
		"{'spec': {'ports': [{'name': 'grpc', 'protocol': 'TCP', 'port': 9000, 'targetPort':"
		" 9000}, {'name': 'http', 'protocol': 'TCP', 'port': 80, 'targetPort': 8080}]}}");
	struct service_fact fact = {0};

	cart_init(&cart, "{'spec': {'service': {'portDiscovery': true}}}");
	kube_service_read(object, &cart.world, SUBJECT_APEX, &fact);
	assert_true(fact.is_exact);
	cart.world.target_template = json_object_get(json_object_get(target, "spec"), "template");
	kube_service_read(object, &cart.world, SUBJECT_APEX, &fact);
	assert_true(fact.is_exact);
	json_array_remove(json_object_get(json_object_get(object, "spec"), "ports"), 0);
	kube_service_read(object, &cart.world, SUBJECT_APEX, &fact);
	assert_false(fact.is_exact);
	json_decref(object);
	json_decref(target);
	cart_fini(&cart);
}

static void test_patch(void **state)
{
	static const struct {
		const char *patch;
		enum backend backend;
		const char *want;
	} rows[] = {
		{"{}", BACKEND_PRIMARY, "[]"},
		{"{}", BACKEND_CANARY,
	         "[{'op': 'add', 'path': '/spec/selector', 'value': {'app': 'cart'}}]"},
		/* the node port stays with its port */
		{"{'spec': {'ports': [{'name': 'http', 'protocol': 'TCP', 'port': 81, 'targetPort':"
	         " 8080, 'nodePort': 30000}]}}",
	         BACKEND_PRIMARY,
	         "[{'op': 'add', 'path': '/spec/ports', 'value': [{'name': 'http', 'protocol': 'TCP',"
	         " 'port': 80, 'targetPort': 8080, 'nodePort': 30000}]}]"},
		/* the label comes in the write that takes Flagger's owner off; others stay */
		{FLAGGERS, BACKEND_PRIMARY,
	         "[{'op': 'add', 'path': '/metadata/labels', 'value': {'app': 'cart',"
	         " 'serin.dev/canary-uid': '" CART_UID "'}}, {'op': 'replace', 'path':"
	         " '/metadata/ownerReferences', 'value': [{'apiVersion': 'x/v1', 'kind': 'Other',"
	         " 'name': 'cart'}]}]"},
		/* a user's: metadata stays, the selector is remembered */
		{USERS, BACKEND_PRIMARY,
	         "[{'op': 'add', 'path': '/spec/selector', 'value': {'app': 'cart-primary'}},"
	         " {'op': 'add', 'path': '/metadata/labels', 'value': {'team': 'a',"
	         " 'serin.dev/canary-uid': '" CART_UID "'}}, {'op': 'add', 'path':"
	         " '/metadata/annotations', 'value': {'note': 'b', 'serin.dev/original-selector':"
	         " '{\\'app\\':\\'cart\\'}', " FLUX "}}]"},
		/* what the Canary lets others manage is kept, the rest is not */
		{"{'metadata': {'annotations': {'kept': 'x', 'stray': 'y'}}}", BACKEND_PRIMARY,
	         "[{'op': 'add', 'path': '/metadata/annotations', 'value': {'kept': 'x', " FLUX
	         "}}]"},
	};
	struct cart cart;

	cart_init(&cart, "{'spec': {'service': {'unmanagedMetadata': {'annotations': ['kept']}}}}");
	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *live = merge_text(cart_service, rows[i].patch);

		cart_same(kube_service_patch(&cart.world, SUBJECT_APEX, rows[i].backend, live,
		                             NULL),
		          rows[i].want);
		json_decref(live);
	}
	cart_fini(&cart);
}

/* Taken over, it is exact as it stands, and is given back as it was. */
static void test_taken(void **state)
{
	struct cart cart;
	struct service_fact fact = {0};
	json_t *live =
		merge_text(cart_service,
	                   "{'metadata': {'labels': {'app': null, 'team': 'a'}, 'annotations':"
	                   " {'note': 'b', 'serin.dev/original-selector':"
	                   " '{\\'app\\':\\'cart\\',\\'tier\\':\\'web\\'}'}}}");

	cart_init(&cart, "{}");
	kube_service_read(live, &cart.world, SUBJECT_APEX, &fact);
	assert_true(fact.is_exact);
	cart_same(
		kube_service_patch_restore(&cart.world, live),
		"[{'op': 'add', 'path': '/spec/selector', 'value': {'app': 'cart', 'tier': 'web'}},"
		" {'op': 'add', 'path': '/metadata/labels', 'value': {'team': 'a'}},"
		" {'op': 'add', 'path': '/metadata/annotations', 'value': {'note': 'b'}}]");
	json_decref(live);
	cart_fini(&cart);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_unlabelled),
		cmocka_unit_test(test_new),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_D_45_discovered),
		cmocka_unit_test(test_ports_limit),
		cmocka_unit_test(test_patch),
		cmocka_unit_test(test_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A target that is a Service: how it is read, and what its copies have. */
#include "analysis/base/compiler.h"
#include "providers/kube/service.h"
#include "providers/kube/service_target.h"
#include "providers/kube/tree.h"
#include "providers/kube/workload.h"
#include "providers/wire/tree.h"
#include "tests/providers/cart.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* As an API server gives one. */
static const char target[] =
	"{'metadata': {'name': 'cart', 'namespace': 'shop', 'uid': 'u', 'resourceVersion': '5', "
	"'labels': {'team': 'a'}, 'annotations': {'note': 'b', "
	"'kubectl.kubernetes.io/last-applied-configuration': '{}'}}, "
	"'spec': {'type': 'LoadBalancer', 'clusterIP': '10.96.0.17', 'clusterIPs': "
	"['10.96.0.17'], 'ipFamilies': ['IPv4'], 'ipFamilyPolicy': 'SingleStack', 'externalIPs': "
	"['192.0.2.1'], 'externalTrafficPolicy': 'Local', 'healthCheckNodePort': 31000, "
	"'allocateLoadBalancerNodePorts': true, 'loadBalancerIP': '192.0.2.9', "
	"'internalTrafficPolicy': 'Cluster', 'sessionAffinity': 'None', 'selector': {'app': "
	"'cart'}, 'ports': [{'name': 'http', 'protocol': 'TCP', 'port': 80, 'targetPort': 8080, "
	"'nodePort': 30080}]}}";

#define COPY                                                                              \
 "{'type': 'ClusterIP', 'ipFamilyPolicy': 'SingleStack', 'internalTrafficPolicy': "       \
 "'Cluster', 'sessionAffinity': 'None', 'selector': {'app': 'cart'}, 'ports': [{'name': " \
 "'http', 'protocol': 'TCP', 'port': 80, 'targetPort': 8080}]}"

static void init(struct cart *cart)
{
	cart_init(cart, "{}");
	cart->spec.target_kind = TARGET_SERVICE;
}

/* The target's view with PATCH laid over the Service. */
static json_t *view(const struct cart *cart, const char *patch)
{
	CLEANUP(tree_freep) json_t *object = merge_text(target, patch);

	return kube_service_target_view(&cart->world, object);
}

static void read_view(const struct cart *cart, const char *patch, struct workload_fact *ret)
{
	CLEANUP(tree_freep) json_t *object = view(cart, patch);

	*ret = (struct workload_fact){0};
	kube_workload_read(object, &cart->options, true, ret);
}

/* One that is ready, whatever becomes of pods; only what a copy has is its revision. */
static void test_read(void **state)
{
	static const struct {
		const char *patch;
		bool is_same;
	} rows[] = {
		{"{}", true},
		{"{'spec': {'clusterIP': '10.96.0.18', 'externalIPs': null}}", true},
		{"{'spec': {'type': 'NodePort'}, 'metadata': {'labels': {'team': 'b'}}}", true},
		{"{'spec': {'selector': {'app': 'shop'}}}", false},
		{"{'spec': {'ports': [{'port': 81}]}}", false},
		{"{'spec': {'type': 'ExternalName', 'externalName': 'a.example'}}", false},
		{"{'spec': {'clusterIP': 'None'}}", false},
	};
	struct workload_fact first;
	struct cart cart;

	init(&cart);
	read_view(&cart, "{}", &first);
	assert_int_equal(first.replicas, 1);
	assert_int_equal(first.ready, 1);
	assert_true(first.is_observed);
	assert_false(first.may_empty);
	assert_false(first.has_configs);
	assert_string_equal(first.refusal, "");
	assert_string_equal(first.release_uid, "");
	assert_string_equal(first.resource_version, "5");
	for (size_t i = 0; i < array_length(rows); i++) {
		struct workload_fact fact;

		read_view(&cart, rows[i].patch, &fact);
		if ((strcmp(fact.digest, first.digest) == 0) != rows[i].is_same)
			fail_msg("%s", rows[i].patch);
	}
	cart_fini(&cart);
}

/* Addresses, node ports and load balancers are one Service's alone. */
static void D_37_copies_have_no_addresses(void **state)
{
	CLEANUP(tree_freep) json_t *object = NULL;
	CLEANUP(tree_freep) json_t *copy = NULL;
	struct cart cart;

	init(&cart);
	object = view(&cart, "{}");
	copy = kube_service_new(&cart.world, SUBJECT_CANARY_SERVICE, BACKEND_CANARY,
	                        kube_tree_find(object, "spec/template"));
	assert_string_equal(kube_tree_text(copy, "metadata/name"), "cart-canary");
	cart_same(json_incref(json_object_get(copy, "spec")), COPY);
	cart_fini(&cart);
}

/* What the primary is called, by who wrote it. */
static void test_id(void **state)
{
	static const char flagger[] =
		"{'metadata': {'name': 'cart-primary', 'managedFields': [{'manager': 'flagger', "
		"'time': '2026-01-01T00:00:00Z', 'fieldsV1': {'f:spec': {}}}]}}";
	static const struct {
		const char *patch;
		const char *id; /* how it begins */
	} rows[] = {
		{"{'metadata': {'name': 'cart-primary'}}", ""},
		{"{'metadata': {'name': 'cart-primary', 'annotations': {'flagger-id': 'r1'}}}",
	         "r1"},
		{flagger, "spec-"},
		{"{'metadata': {'name': 'cart-primary', 'ownerReferences': [{'apiVersion': "
	         "'flagger.app/v1beta1', 'kind': 'Canary', 'name': 'cart'}]}}",
	         "spec-"},
		{"{'metadata': {'name': 'cart-primary', 'annotations': {'flagger-id': 'r1', "
	         "'serin.dev/copied': 'of another'}}}",
	         "edited"},
	};
	struct cart cart;

	init(&cart);
	for (size_t i = 0; i < array_length(rows); i++) {
		struct workload_fact fact;
		size_t length = strlen(rows[i].id);

		read_view(&cart, rows[i].patch, &fact);
		if (length == 0 ? fact.release_uid[0] != '\0'
		                : strncmp(fact.release_uid, rows[i].id, length) != 0)
			fail_msg("%s: %s", rows[i].patch, fact.release_uid);
	}
	cart_fini(&cart);
}

/* A primary as it was made is nothing to patch; another is, and keeps what is its own. */
static void test_patch(void **state)
{
	CLEANUP(tree_freep) json_t *object = NULL;
	CLEANUP(tree_freep) json_t *primary = NULL;
	CLEANUP(tree_freep) json_t *other = NULL;
	CLEANUP(tree_freep) json_t *gone = NULL;
	const json_t *template;
	struct cart cart;

	init(&cart);
	object = view(&cart, "{}");
	template = kube_tree_find(object, "spec/template");
	primary = kube_service_target_new(&cart.world, "cart-primary", template, object, "r1");
	assert_null(kube_tree_find(primary, "metadata/annotations/note/x"));
	assert_string_equal(kube_tree_text(primary, "metadata/annotations/note"), "b");
	kube_tree_set_text(json_object_get(primary, "spec"), "clusterIP", "10.96.0.44");
	cart_same(kube_service_target_patch(&cart.world, primary, template, "r1"), "[]");
	other = view(&cart, "{'spec': {'selector': {'app': 'shop'}, 'sessionAffinity': null}}");
	gone = kube_service_target_patch(&cart.world, primary,
	                                 kube_tree_find(other, "spec/template"), "r1");
	assert_int_equal(json_array_size(gone), 3); /* and where it leads, noted */
	cart_same(json_incref(json_array_get(gone, 0)),
	          "{'op': 'remove', 'path': '/spec/sessionAffinity'}");
	cart_same(json_incref(json_array_get(gone, 1)),
	          "{'op': 'add', 'path': '/spec/selector', 'value': {'app': 'shop'}}");
	cart_fini(&cart);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(D_37_copies_have_no_addresses),
		cmocka_unit_test(test_id),
		cmocka_unit_test(test_patch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

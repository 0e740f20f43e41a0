/* Deployments: what we know of one, and the primary as we make it. */
#include "providers/kube/pod_template.h"
#include "providers/kube/tree.h"
#include "providers/kube/workload.h"
#include "tests/providers/cart.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct workload_fact read_with(const struct cart *cart, const char *patch, bool is_target)
{
	struct workload_fact fact = {.slot = {.failures = 7}};
	json_t *object = merge_text(cart_deployment, patch);

	kube_workload_read(object, &cart->options, is_target, &fact);
	json_decref(object);
	return fact;
}

static void test_read(void **state)
{
	struct cart cart;
	struct workload_fact fact;

	cart_init(&cart, "{}");
	fact = read_with(
		&cart,
		"{'spec': {'template': {'metadata': {'annotations': {'flagger-id': 'r1'}}}}}",
		true);
	assert_string_equal(fact.uid, "d1");
	assert_string_equal(fact.resource_version, "50");
	assert_true(fact.is_observed);
	assert_int_equal(fact.replicas, 3);
	assert_int_equal(fact.updated, 2);
	assert_int_equal(fact.total, 3);
	assert_int_equal(fact.ready, 2);
	assert_int_equal(fact.available, 1);
	assert_string_equal(fact.release_uid, "r1");
	assert_string_equal(fact.image, "cart:2");
	assert_string_equal(fact.refusal, "");
	assert_int_equal(strlen(fact.digest), 64);
	assert_int_equal(fact.slot.failures, 7); /* the slot is not the reader's */
	assert_false(read_with(&cart, "{'metadata': {'generation': 8}}", true).is_observed);
	/* D-54: zero is zero, not "nothing said" */
	assert_int_equal(read_with(&cart, "{'spec': {'replicas': 0}}", false).replicas, 0);
	assert_int_equal(read_with(&cart, "{'spec': {'replicas': null}}", false).replicas, 1);
	/* nothing of what is expected is there */
	assert_int_equal(read_with(&cart, "{'status': null}", true).available, 0);
	cart_fini(&cart);
}

static void test_may_empty(void **state)
{
	static const struct {
		const char *strategy;
		int replicas;
		bool want;
	} rows[] = {
		{"{'type': 'Recreate', 'rollingUpdate': null}", 3, true},
		/* the defaults round down and up: one pod stays */
		{"null", 1, false},
		{"null", 4, false},
		{"{'rollingUpdate': {'maxUnavailable': '100%', 'maxSurge': 1}}", 3, true},
		{"{'rollingUpdate': {'maxUnavailable': '99%', 'maxSurge': 1}}", 3, false},
		{"{'rollingUpdate': {'maxUnavailable': 1, 'maxSurge': 1}}", 1, true},
		{"{'rollingUpdate': {'maxUnavailable': 3, 'maxSurge': 1}}", 3, true},
		{"{'rollingUpdate': {'maxUnavailable': 2, 'maxSurge': 1}}", 3, false},
		/* both resolve to nothing: Kubernetes takes one away */
		{"{'rollingUpdate': {'maxUnavailable': '10%', 'maxSurge': 0}}", 1, true},
		{"{'rollingUpdate': {'maxUnavailable': '10%', 'maxSurge': 0}}", 2, false},
		{"{'rollingUpdate': {'maxUnavailable': 0, 'maxSurge': 1}}", 1, false},
		/* at rest, scaled down */
		{"null", 0, false},
	};
	struct cart cart;
	char patch[256];

	cart_init(&cart, "{}");
	for (size_t i = 0; i < array_length(rows); i++) {
		(void)snprintf(patch, sizeof(patch), "{'spec': {'replicas': %d, 'strategy': %s}}",
		               rows[i].replicas, rows[i].strategy);
		if (read_with(&cart, patch, true).may_empty != rows[i].want)
			print_error("row %zu\n", i);
		assert_int_equal(read_with(&cart, patch, true).may_empty, rows[i].want);
	}
	cart_fini(&cart);
}

#define CONTAINER(more) \
 "{'spec': {'template': {'spec': {'containers': [{'name': 'web', 'image': 'a'" more "}]}}}}"

static void test_refusal(void **state)
{
	static const struct {
		const char *patch;
		bool tracks;
		const char *want; /* a part; "" for none */
	} rows[] = {
		{"{'spec': {'selector': {'matchLabels': {'app': null, 'role': 'x'}}}}", false,
	         "getSelectorLabel failed: deployment cart.shop spec.selector.matchLabels must contain "
	         "one of [app name app.kubernetes.io/name]"},
		/* the primary's label would be none */
		{"{'spec': {'selector': {'matchLabels': {'app': "
	         "'abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdef'}}}}",
	         false, "more than 63 characters"},
		/* one that refers to configs is served */
		{CONTAINER(", 'envFrom': [{'configMapRef': {'name': 'c'}}]"), true, ""},
	};
	struct cart cart;

	cart_init(&cart, "{}");
	for (size_t i = 0; i < array_length(rows); i++) {
		struct workload_fact fact;

		cart.options.track_configs = rows[i].tracks;
		fact = read_with(&cart, rows[i].patch, true);
		if (!strstr(fact.refusal, rows[i].want))
			print_error("row %zu: %s\n", i, fact.refusal);
		assert_non_null(strstr(fact.refusal, rows[i].want));
		assert_int_equal(fact.refusal[0] == '\0', rows[i].want[0] == '\0');
		/* the primary is ours: it is never refused */
		assert_string_equal(read_with(&cart, rows[i].patch, false).refusal, "");
	}
	cart_fini(&cart);
}

static void test_large_template(void **state)
{
	struct cart cart;
	struct workload_fact fact = {0};
	json_t *object = merge_parse(cart_deployment);
	json_t *spec = json_object_get(json_object_get(object, "spec"), "template");
	char *text = malloc(KUBE_TEMPLATE_MAX + 1);

	cart_init(&cart, "{}");
	assert_non_null(text);
	memset(text, 'x', KUBE_TEMPLATE_MAX);
	text[KUBE_TEMPLATE_MAX] = '\0';
	json_object_set_new(spec, "padding", json_string(text));
	kube_workload_read(object, &cart.options, true, &fact);
	assert_non_null(strstr(fact.refusal, "at most 262144 are served"));
	free(text);
	json_decref(object);
	cart_fini(&cart);
}

static void test_primary(void **state)
{
	struct cart cart;
	json_t *target = merge_text(cart_deployment,
	                            "{'metadata': {'annotations': {'team': 'a',"
	                            " 'kustomize.toolkit.fluxcd.io/x': 'y',"
	                            " 'kubectl.kubernetes.io/last-applied-configuration': '{}'}}}");
	json_t *template = json_object_get(json_object_get(target, "spec"), "template");
	struct kube_primary primary = {template, target, "r1", 5};

	cart_init(&cart, "{}");
	/* D-5: no owner reference */
	cart_same(
		kube_workload_primary(&cart.world, &primary),
		"{'apiVersion': 'apps/v1', 'kind': 'Deployment', 'metadata': {'name': 'cart-primary',"
		" 'namespace': 'shop', 'labels': {'app': 'cart-primary', 'serin.dev/canary-uid':"
		" '" CART_UID
		"'}, 'annotations': {'team': 'a'}}, 'spec': {'replicas': 5,"
		" 'selector': {'matchLabels': {'app': 'cart-primary'}}, 'progressDeadlineSeconds':"
		" 600, 'strategy': {'type': 'RollingUpdate', 'rollingUpdate': {'maxUnavailable':"
		" '25%', 'maxSurge': '25%'}}, 'template': {'metadata': {'labels': {'app':"
		" 'cart-primary', 'tier': 'web'}, 'annotations': {'flagger-id': 'r1'}}, 'spec':"
		" {'containers': [{'name': 'web', 'image': 'cart:2', 'ports': [{'name': 'web',"
		" 'containerPort': 8080, 'protocol': 'TCP'}, {'name': 'grpc', 'containerPort': 9000,"
		" 'protocol': 'TCP'}]}]}}}}");
	primary.replicas = 0;
	primary.target = NULL;
	{
		/* without a target: one pod, the API server's strategy */
		json_t *made = kube_workload_primary(&cart.world, &primary);
		json_t *spec = json_object_get(made, "spec");

		assert_int_equal(json_integer_value(json_object_get(spec, "replicas")), 1);
		assert_null(json_object_get(spec, "strategy"));
		json_decref(made);
	}
	json_decref(target);
	cart_fini(&cart);
}

/* Labels of the target that its primary has, too, by --include-label-prefix: when it is made, and
 * as they are when it is promoted. */
static void test_included_labels(void **state)
{
	static const struct {
		const char *prefixes[3];
		const char *labels; /* of the primary, beside its own two */
		size_t n_steps;
	} rows[] = {
		{{NULL}, "{}", 0},
		{{"team", NULL}, "{'team': 'a', 'team/x~y': 'b'}", 2},
		{{"team/", "ex", NULL}, "{'team/x~y': 'b', 'example.com/z': 'c'}", 2},
		{{"*", NULL}, "{'team': 'a', 'team/x~y': 'b', 'example.com/z': 'c'}", 3},
		/* never what Flux looks at, what tells whose pods they are, or whose it is */
		{{"kustomize", "app", "serin.dev/canary-uid"}, "{}", 0},
	};
	json_t *target =
		merge_text(cart_deployment,
	                   "{'metadata': {'labels': {'app': 'cart', 'team': 'a', 'team/x~y': 'b',"
	                   " 'example.com/z': 'c', 'kustomize.toolkit.fluxcd.io/name': 'd',"
	                   " 'serin.dev/canary-uid': 'e'}}}");
	struct kube_primary primary = {.template = kube_tree_find(target, "spec/template"),
	                               .target = target,
	                               .release_uid = "r1"};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		json_t *want = merge_parse(rows[i].labels);
		struct cart cart;
		json_t *made;
		json_t *patch;
		size_t n_steps = 0;

		cart_init(&cart, "{}");
		cart.options.label_prefixes = (const char *const[]){
			rows[i].prefixes[0], rows[i].prefixes[1], rows[i].prefixes[2], NULL};
		made = kube_workload_primary(&cart.world, &primary);
		patch = kube_workload_primary_patch(&cart.world, &primary);
		for (size_t k = 0; k < json_array_size(patch); k++) {
			const json_t *step = json_array_get(patch, k);
			const char *path = json_string_value(json_object_get(step, "path"));

			if (kube_tree_is_prefix("/metadata/labels/", path))
				n_steps++;
			assert_false(strcmp(path, "/metadata/labels/team/x~y") == 0);
		}
		assert_int_equal(n_steps, rows[i].n_steps);
		json_object_set_new(want, "app", json_string("cart-primary"));
		json_object_set_new(want, "serin.dev/canary-uid", json_string(CART_UID));
		assert_true(json_equal(kube_tree_find(made, "metadata/labels"), want));
		json_decref(made);
		json_decref(patch);
		json_decref(want);
		cart_fini(&cart);
	}
	json_decref(target);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),    cmocka_unit_test(test_may_empty),
		cmocka_unit_test(test_refusal), cmocka_unit_test(test_large_template),
		cmocka_unit_test(test_primary), cmocka_unit_test(test_included_labels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

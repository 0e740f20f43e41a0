/* The target's template, its digest, and the primary's form of it. */
#include "providers/kube/pod_template.h"
#include "tests/providers/cart.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void digest_of(const char *text, char ret[DIGEST_MAX])
{
	json_t *template = merge_parse(text);
	struct err err;

	assert_true(kube_pod_template_digest(template, ret, &err));
	json_decref(template);
}

static void test_digest(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		bool is_same;
	} rows[] = {
		/* the order of keys says nothing */
		{"{'spec': {'a': 1, 'b': 2}}", "{'spec': {'b': 2, 'a': 1}}", true},
		{"{'spec': {'a': 1}}", "{'spec': {'a': 2}}", false},
		/* our own annotations, and an old API server's null */
		{"{'metadata': {'annotations': {'flagger-id': 'x', 'serin.dev/restart': '1'}}}",
	         "{'metadata': {}}", true},
		{"{'metadata': {'annotations': {'a': 'x', 'flagger-id': 'x'}}}",
	         "{'metadata': {'annotations': {'a': 'x'}}}", true},
		{"{'metadata': {'annotations': {'a': 'x'}}}", "{'metadata': {}}", false},
		{"{'metadata': {'creationTimestamp': null}}", "{'metadata': {}}", true},
		/* a restart by kubectl is a new revision, as Flagger has it */
		{"{'metadata': {'annotations': {'kubectl.kubernetes.io/restartedAt': 'x'}}}",
	         "{'metadata': {}}", false},
	};
	char a[DIGEST_MAX];
	char b[DIGEST_MAX];

	for (size_t i = 0; i < array_length(rows); i++) {
		digest_of(rows[i].a, a);
		digest_of(rows[i].b, b);
		assert_int_equal(strcmp(a, b) == 0, rows[i].is_same);
	}
	/* SHA-256 of {"spec":{"a":1,"b":"x"}} */
	digest_of("{'spec': {'b': 'x', 'a': 1}}", a);
	assert_string_equal(a, "b63105b6a3f90538ccabe0daa3e2af590d84ab98d51db7593e852679ccf460f1");
}

static void test_limit(void **state)
{
	char *text = malloc(KUBE_TEMPLATE_MAX);
	json_t *template;
	char digest[DIGEST_MAX];
	struct err err;

	assert_non_null(text);
	memset(text, 'x', KUBE_TEMPLATE_MAX);
	text[KUBE_TEMPLATE_MAX - strlen("{\"a\":\"\"}")] = '\0'; /* exactly the limit */
	template = json_pack("{s:s}", "a", text);
	assert_true(kube_pod_template_digest(template, digest, &err));
	json_object_set_new(template, "b", json_integer(1));
	assert_false(kube_pod_template_digest(template, digest, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	json_decref(template);
	free(text);
}

static void test_primary(void **state)
{
	struct cart cart;
	json_t *template = merge_parse(
		"{'metadata': {'labels': {'app': 'cart', 'tier': 'web', 'x.toolkit.fluxcd.io/y': 'z'},"
		" 'annotations': {'a': 'b', 'flagger-id': 'old', 'kustomize.toolkit.fluxcd.io/y': 'z',"
		" 'serin.dev/q': 'r'}}, 'spec': {'topologySpreadConstraints': [{'topologyKey': 'zone',"
		" 'labelSelector': {'matchLabels': {'app': 'cart', 'other': 'cart'}}}], 'affinity':"
		" {'podAffinity': {'requiredDuringSchedulingIgnoredDuringExecution': [{'labelSelector':"
		" {'matchLabels': {'app': 'cart'}}}]}, 'podAntiAffinity':"
		" {'requiredDuringSchedulingIgnoredDuringExecution': [{'labelSelector':"
		" {'matchExpressions': [{'key': 'app', 'operator': 'In', 'values': ['x', 'cart',"
		" 'cart']}, {'key': 'other', 'operator': 'In', 'values': ['cart']}]}}],"
		" 'preferredDuringSchedulingIgnoredDuringExecution': [{'weight': 1, 'podAffinityTerm':"
		" {'labelSelector': {'matchLabels': {'name': 'cart', 'app': 'else'}}}}]}}}}");
	json_t *before = json_deep_copy(template);

	cart_init(&cart, "{}");
	cart_same(
		kube_pod_template_primary(&cart.world, template, NULL, "r1"),
		"{'metadata': {'labels': {'app': 'cart-primary', 'tier': 'web'},"
		" 'annotations': {'a': 'b', 'flagger-id': 'r1'}},"
		" 'spec': {'topologySpreadConstraints': [{'topologyKey': 'zone',"
		" 'labelSelector': {'matchLabels': {'app': 'cart-primary', 'other': 'cart'}}}],"
		" 'affinity': {'podAffinity': {'requiredDuringSchedulingIgnoredDuringExecution':"
		" [{'labelSelector': {'matchLabels': {'app': 'cart'}}}]}, 'podAntiAffinity':"
		" {'requiredDuringSchedulingIgnoredDuringExecution': [{'labelSelector':"
		" {'matchExpressions': [{'key': 'app', 'operator': 'In', 'values': ['x',"
		" 'cart-primary', 'cart']}, {'key': 'other', 'operator': 'In', 'values': ['cart']}]}}],"
		" 'preferredDuringSchedulingIgnoredDuringExecution': [{'weight': 1, 'podAffinityTerm':"
		" {'labelSelector': {'matchLabels': {'name': 'cart-primary', 'app': 'else'}}}}]}}}}");
	assert_true(json_equal(template, before));
	json_decref(template);
	json_decref(before);
	cart_fini(&cart);
}

static void test_D_58_grown(void **state)
{
	static const struct {
		const char *recorded;
		const char *live;
		bool want;
	} rows[] = {
		{"{'a': 1}", "{'a': 1}", true},
		{"{'a': {'b': 1}}", "{'a': {'b': 1, 'c': 2}, 'd': []}", true},
		{"{'l': [{'a': 1}]}", "{'l': [{'a': 1, 'b': 2}]}", true},
		{"{'a': 1}", "{'a': 2}", false},
		{"{'a': 1}", "{}", false},
		/* a new element of a list is somebody's doing */
		{"{'l': [{'a': 1}]}", "{'l': [{'a': 1}, {'a': 2}]}", false},
		{"{'l': [1, 2]}", "{'l': [2, 1]}", false},
		{"{'a': {}}", "{'a': []}", false},
		{"{'metadata': {'annotations': {'flagger-id': 'x'}}}", "{'metadata': {}}", true},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *recorded = merge_parse(rows[i].recorded);
		json_t *live = merge_parse(rows[i].live);

		assert_int_equal(kube_pod_template_is_grown(recorded, live), rows[i].want);
		json_decref(recorded);
		json_decref(live);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_digest),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_primary),
		cmocka_unit_test(test_D_58_grown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The canary Ingress of ingress-nginx: what its annotations say, and what is written. */
#include "providers/traffic.h"
#include "providers/traffic/nginx_ingress.h"
#include "tests/providers/cart.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define N "nginx.ingress.kubernetes.io/"
#define FLUX                                            \
 "'kustomize.toolkit.fluxcd.io/reconcile': 'disabled'," \
 " 'helm.toolkit.fluxcd.io/driftDetection': 'disabled'"

#define MATCH                                                                            \
 "{'spec': {'analysis': {'match': [{'headers': {'x-beta': {'exact': '1'}}}, {'headers':" \
 " {'cookie': {'exact': 'beta_tester'}}}]}}}"

#define ANNOTATED(text) "{'metadata': {'annotations': {" text "}}}"

struct read_row {
	enum strategy strategy;
	const char *patch; /* over the clone of weight 20 */
	int weight;
	bool is_exact;
};

static const struct read_row read_rows[] = {
	{STRATEGY_CANARY, "{}", 20, true},
	{STRATEGY_CANARY, ANNOTATED("'" N "canary-weight': '0'"), 0, true},
	/* as the controller takes it */
	{STRATEGY_CANARY, ANNOTATED("'" N "canary-weight': '150'"), 100, false},
	{STRATEGY_CANARY, ANNOTATED("'" N "canary-weight': 'abc'"), 0, false},
	{STRATEGY_CANARY, ANNOTATED("'" N "canary-weight': '-5'"), 0, false},
	{STRATEGY_CANARY, ANNOTATED("'" N "canary-weight': null"), 0, false},
	/* an ordinary Ingress of the same host */
	{STRATEGY_CANARY, ANNOTATED("'" N "canary': 'false'"), 20, false},
	/* requests go to the canary beside the weight */
	{STRATEGY_CANARY, ANNOTATED("'" N "canary-by-cookie': 'x'"), 20, false},
	{STRATEGY_CANARY, ANNOTATED("'" N "canary-weight-total': '1000'"), 20, false},
	/* somebody's, Flagger's, another source */
	{STRATEGY_CANARY, "{'metadata': {'labels': {'serin.dev/canary-uid': null}}}", 20, false},
	{STRATEGY_CANARY,
         "{'metadata': {'ownerReferences': [{'apiVersion': 'flagger.app/v1beta1', 'kind':"
         " 'Canary', 'name': 'cart'}]}}",
         20, false},
	{STRATEGY_CANARY, "{'spec': {'ingressClassName': 'other'}}", 20, false},
	/* with paths that lead elsewhere, as Flagger copies them: those were answered 404 once the
           user's Ingress was made anew */
	{STRATEGY_CANARY,
         "{'spec': {'rules': [{'host': 'shop.example', 'http': {'paths': [{'path': '/cart',"
         " 'pathType': 'Prefix', 'backend': {'service': {'name': 'cart-canary', 'port': {'number':"
         " 80}}}}, {'path': '/help', 'pathType': 'Prefix', 'backend': {'service': {'name': 'help',"
         " 'port': {'number': 80}}}}]}}, {'host': 'bare.example'}]}}",
         20, false},
	/* kept in step with the source (traffic-providers.md 9, defect 20); what somebody put on
           the clone alone is theirs to say */
	{STRATEGY_CANARY, ANNOTATED("'" N "proxy-body-size': '8m'"), 20, false},
	{STRATEGY_CANARY, ANNOTATED("'" N "proxy-body-size': null"), 20, false},
	{STRATEGY_CANARY, ANNOTATED("'" N "proxy-read-timeout': '8', 'cattle.io/x': 'y'"), 20,
         true},
	/* A/B: 100 means that the matching requests go there */
	{STRATEGY_AB, ANNOTATED("'" N "canary-weight': '0'"), 0, true},
	{STRATEGY_AB,
         ANNOTATED("'" N "canary-weight': '0', '" N "canary-by-header': 'x-beta', '" N
                   "canary-by-header-value': '1', '" N "canary-by-cookie': 'beta_tester'"),
         100, true},
	{STRATEGY_AB,
         ANNOTATED("'" N "canary-weight': '0', '" N "canary-by-header': 'x-beta', '" N
                   "canary-by-cookie': 'beta_tester'"),
         100, false},
	{STRATEGY_AB, "{}", 20, false},
};

static void test_read(void **state)
{
	for (size_t i = 0; i < array_length(read_rows); i++) {
		const struct read_row *row = &read_rows[i];
		json_t *clone = merge_text(cart_clone, row->patch);
		json_t *source = merge_parse(cart_source);
		struct route_fact fact = {.since = {5}};
		struct cart cart;

		cart_init(&cart, row->strategy == STRATEGY_AB ? MATCH : "{}");
		cart.spec.strategy = row->strategy;
		cart.world.beside[0] = source;
		cart.world.traffic->read(clone, &cart.world, &fact);
		if (fact.weight != row->weight || fact.is_exact != row->is_exact)
			print_error("row %zu: weight %d\n", i, fact.weight);
		assert_int_equal(fact.weight, row->weight);
		assert_int_equal(fact.is_exact, row->is_exact);
		assert_string_equal(fact.uid, "i1");
		assert_string_equal(fact.resource_version, "71");
		assert_int_equal(fact.since.ms, 5);
		json_decref(clone);
		json_decref(source);
		cart_fini(&cart);
	}
}

#define MANAGED(list) "{'metadata': {'managedFields': [" list "]}}"
#define ENTRY(manager, time, field)                        \
 "{'manager': '" manager "', 'time': '2026-11-21T04:" time \
 "Z', 'fieldsV1': {'f:metadata':"                          \
 " {'f:annotations': {'f:" N field "': {}}}}}"

static void test_manager(void **state)
{
	static const struct {
		const char *patch;
		bool want;
	} rows[] = {
		{"{}", true},
		{MANAGED(""), false},
		{MANAGED(ENTRY("kubectl-edit", "45:00", "canary-weight")), false},
		/* the last one counts, in whatever order */
		{MANAGED(ENTRY("kubectl-edit", "45:01",
	                       "canary-weight") ", " ENTRY("serin", "45:00", "canary-weight")),
	         false},
		{MANAGED(ENTRY("serin", "45:02", "canary-weight") ", " ENTRY(
			 "kubectl-edit", "45:01", "canary-weight")),
	         true},
		/* another field of somebody's */
		{MANAGED(ENTRY("serin", "45:00", "canary-weight") ", " ENTRY(
			 "kubectl-edit", "45:01", "proxy-body-size")),
	         true},
	};
	struct cart cart;

	cart_init(&cart, "{}");
	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *clone = merge_text(cart_clone, rows[i].patch);

		assert_int_equal(nginx_ingress_is_weighed_by_us(&cart.world, clone), rows[i].want);
		json_decref(clone);
	}
	cart_fini(&cart);
}

static void test_new(void **state)
{
	struct cart cart;
	json_t *source = merge_text(cart_source, ANNOTATED("'" N "canary-by-header': 'stale'"));
	json_t *clone = merge_parse(cart_clone);
	json_t *made;
	struct err err;

	cart_init(&cart, "{}");
	made = nginx_ingress_new(&cart.world, source, 20, &err);
	/* D-5: no owner reference; the source's canary rules and what kubectl applied stay there */
	cart_same(
		json_incref(json_object_get(made, "metadata")),
		"{'name': 'storefront-canary', 'namespace': 'shop', 'labels': {'app': 'storefront',"
		" 'serin.dev/canary-uid': '" CART_UID "'}, 'annotations': {'" N
		"proxy-body-size': '4m', " FLUX ", '" N "canary': 'true', '" N
		"canary-weight': '20'}}");
	assert_true(json_equal(json_object_get(made, "spec"), json_object_get(clone, "spec")));
	json_decref(made);
	json_decref(source);
	source = merge_text(cart_source, "{'spec': {'rules': null}}");
	assert_null(nginx_ingress_new(&cart.world, source, 0, &err));
	assert_string_equal(err.text, "backend cart not found in ingress storefront");
	json_decref(source);
	json_decref(clone);
	cart_fini(&cart);
}

/* D-44: labels that the apex Service is to have are its own. */
static void test_D_44_labels_of_the_apex(void **state)
{
	struct cart cart;
	json_t *source = merge_parse(cart_source);
	json_t *made;
	struct err err;

	cart_init(&cart, "{'spec': {'service': {'apex': {'labels': {'edge': 'yes'}}}}}");
	made = nginx_ingress_new(&cart.world, source, 20, &err);
	cart_same(json_incref(json_object_get(json_object_get(made, "metadata"), "labels")),
	          "{'app': 'storefront', 'serin.dev/canary-uid': '" CART_UID "'}");
	json_decref(made);
	json_decref(source);
	cart_fini(&cart);
}

/* Off: weight 0 without rules, and never canary "false". */
static void test_merge(void **state)
{
	static const struct {
		enum strategy strategy;
		const char *patch; /* over the clone; NULL: not read */
		int weight;
		const char *want;
	} rows[] = {
		{STRATEGY_CANARY, "{}", 40, "'" N "canary': 'true', '" N "canary-weight': '40'"},
		/* a retreat reads nothing and strips all */
		{STRATEGY_CANARY, NULL, 0,
	         "'" N "canary': 'true', '" N "canary-weight': '0', '" N
	         "canary-by-header': null, '" N "canary-by-header-value': null, '" N
	         "canary-by-header-pattern': null, '" N "canary-by-cookie': null"},
		{STRATEGY_AB, NULL, 0,
	         "'" N "canary': 'true', '" N "canary-weight': '0', '" N
	         "canary-by-header': null, '" N "canary-by-header-value': null, '" N
	         "canary-by-header-pattern': null, '" N "canary-by-cookie': null"},
		/* stale rules go when they are not wanted */
		{STRATEGY_AB, ANNOTATED("'" N "canary-by-header-pattern': 'x'"), 100,
	         "'" N "canary': 'true', '" N "canary-weight': '0', '" N
	         "canary-by-header': 'x-beta', '" N "canary-by-header-value': '1', '" N
	         "canary-by-header-pattern': null, '" N "canary-by-cookie': 'beta_tester'"},
		{STRATEGY_CANARY, ANNOTATED("'" N "canary-weight-total': '1000'"), 10,
	         "'" N "canary': 'true', '" N "canary-weight': '10', '" N
	         "canary-weight-total': null"},
	};
	char want[1024];

	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *clone = rows[i].patch ? merge_text(cart_clone, rows[i].patch) : NULL;
		struct cart cart;

		cart_init(&cart, rows[i].strategy == STRATEGY_AB ? MATCH : "{}");
		cart.spec.strategy = rows[i].strategy;
		(void)snprintf(want, sizeof(want), ANNOTATED("%s"), rows[i].want);
		cart_same(nginx_ingress_merge(&cart.world, NULL, clone, rows[i].weight), want);
		json_decref(clone);
		cart_fini(&cart);
	}
}

static void test_owner(void **state)
{
	static const struct {
		const char *patch;
		bool want;
	} rows[] = {
		{"{}", true},
		/* the Canary was deleted and made again */
		{"{'metadata': {'labels': {'serin.dev/canary-uid': 'old'}}}", true},
		/* another Canary on the same Ingress */
		{"{'metadata': {'labels': {'serin.dev/canary-uid': 'old'}}, 'spec': {'rules': []}}",
	         false},
		/* Flagger's clone for this Canary, and for another one */
		{"{'metadata': {'labels': null, 'ownerReferences': [{'apiVersion':"
	         " 'flagger.app/v1beta1', 'kind': 'Canary', 'name': 'cart'}]}}",
	         true},
		{"{'metadata': {'labels': null, 'ownerReferences': [{'apiVersion':"
	         " 'flagger.app/v1beta1', 'kind': 'Canary', 'name': 'else'}]}}",
	         false},
		/* a user's */
		{"{'metadata': {'labels': null}}", false},
	};
	struct cart cart;

	cart_init(&cart, "{}");
	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *clone = merge_text(cart_clone, rows[i].patch);

		assert_int_equal(nginx_ingress_is_ours(&cart.world, clone), rows[i].want);
		json_decref(clone);
	}
	cart_fini(&cart);
}

static void test_table(void **state)
{
	struct err err = {0};
	struct canary_spec spec = {0};
	struct canary_world world = {.spec = &spec};
	struct route_fact fact = {.weight = 7};
	struct route_ability ability = traffic_find("nginx", &err)->ability(&spec);

	assert_true(ability.weighs && ability.matches);
	assert_int_equal(ability.hold.ms, 5000);
	ability = traffic_find("kubernetes", &err)->ability(&spec);
	assert_false(ability.weighs || ability.matches);
	assert_int_equal(ability.hold.ms, 2000);
	traffic_find("kubernetes", &err)->read(NULL, &world, &fact);
	assert_int_equal(fact.weight, 0);
	assert_true(fact.is_exact);
	assert_null(traffic_find("contour", &err));
	assert_string_equal(
		err.text,
		"spec.provider: expected one of gatewayapi, gatewayapi:v1, gatewayapi:v1beta1, istio, kubernetes, linkerd, nginx, osm, smi:v1alpha1, smi:v1alpha2, smi:v1alpha3, got \"contour\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),  cmocka_unit_test(test_manager),
		cmocka_unit_test(test_new),   cmocka_unit_test(test_D_44_labels_of_the_apex),
		cmocka_unit_test(test_merge), cmocka_unit_test(test_owner),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

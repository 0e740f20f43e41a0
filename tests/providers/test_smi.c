/* Providers smi, osm and linkerd: the TrafficSplit that is made, read, taken over and given back.
 */
#include "analysis/base/text.h"
#include "providers/traffic.h"
#include "providers/traffic/smi_split.h"
#include "tests/providers/canary_rows.h"
#include "tests/providers/cart.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UID      "'serin.dev/canary-uid': '" CART_UID "'"
#define LABELLED ", 'labels': {" UID "}"
#define BACKENDS(canary, primary)                \
 "[{'service': 'cart-canary', 'weight': " canary \
 "}, {'service': 'cart-primary', 'weight': " primary "}]"

static void init(struct cart *cart, const char *provider, const char *patch)
{
	cart_init(cart, patch);
	cart->world.traffic = traffic_find(provider, NULL);
	cart->world.ingress = NULL;
	cart->spec.provider = provider;
	cart->spec.route = cart->world.traffic->ability(&cart->spec);
}

struct new_row {
	const char *provider;
	const char *canary;
	const char *version;
	const char *want; /* spec, with weight 30 */
};

static const struct new_row new_rows[] = {
	/* the canary first; the first version writes quantities */
	{"smi:v1alpha1", "{}", "split.smi-spec.io/v1alpha1",
         "{'service': 'cart', 'backends': " BACKENDS("'30'", "'70'") "}"},
	{"smi:v1alpha2", "{}", "split.smi-spec.io/v1alpha2",
         "{'service': 'cart', 'backends': " BACKENDS("30", "70") "}"},
	{"smi:v1alpha3", "{'spec': {'service': {'hosts': ['cart.shop.svc']}}}",
         "split.smi-spec.io/v1alpha3",
         "{'service': 'cart.shop.svc', 'backends': " BACKENDS("30", "70") "}"},
	/* Open Service Mesh names the root with its namespace */
	{"osm", "{}", "split.smi-spec.io/v1alpha2",
         "{'service': 'cart.shop', 'backends': " BACKENDS("30", "70") "}"},
	{"linkerd", "{}", "split.smi-spec.io/v1alpha1",
         "{'service': 'cart', 'backends': " BACKENDS("'30'", "'70'") "}"},
};

static void test_new(void **state)
{
	for (size_t i = 0; i < array_length(new_rows); i++) {
		const struct new_row *row = &new_rows[i];
		struct route_fact fact = {.since = {5}};
		struct cart cart;
		json_t *object;

		init(&cart, row->provider, row->canary);
		cart.options.has_splits = true;
		object = smi_split_new(&cart.world, 30);
		assert_string_equal(json_string_value(json_object_get(object, "apiVersion")),
		                    row->version);
		cart_same(json_incref(json_object_get(object, "metadata")),
		          "{'name': 'cart', 'namespace': 'shop', 'labels': {" UID "}}");
		cart_same(json_incref(json_object_get(object, "spec")), row->want);
		cart.world.traffic->read(object, &cart.world, &fact);
		assert_int_equal(fact.weight, 30);
		assert_true(fact.is_exact && fact.is_made);
		assert_int_equal(fact.since.ms, 5);
		assert_string_equal(fact.pending, "");
		json_decref(object);
		cart_fini(&cart);
	}
}

struct repair_row {
	const char *provider;
	const char *metadata;
	const char *spec;
	int weight;
	const char *want; /* the patch that gives the canary 20; "!text": refused so */
};

#define STEP(index, name, weight)                                              \
 "{'op': 'test', 'path': '/spec/backends/" #index "/service', 'value': '" name \
 "'}, {'op': 'add',"                                                           \
 " 'path': '/spec/backends/" #index "/weight', 'value': " weight "}"

static const struct repair_row repair_rows[] = {
	{"smi:v1alpha1", LABELLED, "{'service': 'cart', 'backends': " BACKENDS("'0'", "'100'") "}",
         0, "[" STEP(0, "cart-canary", "'20'") ", " STEP(1, "cart-primary", "'80'") "]"},
	/* quantities are relative, and may be thousandths */
	{"smi:v1alpha1", LABELLED, "{'service': 'cart', 'backends': " BACKENDS("'250m'", "'1'") "}",
         20, "[]"},
	{"smi:v1alpha1", LABELLED, "{'service': 'cart', 'backends': " BACKENDS("'x'", "'1'") "}", 0,
         "[" STEP(0, "cart-canary", "'20'") ", " STEP(1, "cart-primary", "'80'") "]"},
	{"smi:v1alpha2", LABELLED, "{'service': 'cart', 'backends': " BACKENDS("1", "4") "}", 20,
         "[]"},
	{"smi:v1alpha2", LABELLED, "{'service': 'cart', 'backends': " BACKENDS("0", "0") "}", 0,
         "[" STEP(0, "cart-canary", "20") ", " STEP(1, "cart-primary", "80") "]"},
	/* the seed's form of the root, either way, with other fields */
	{"osm", LABELLED,
         "{'service': 'cart', 'matches': [1], 'backends': " BACKENDS("20", "80") "}", 20, "[]"},
	{"smi:v1alpha2", LABELLED, "{'service': 'cart.shop', 'backends': " BACKENDS("20", "80") "}",
         20, "[]"},
	{"smi:v1alpha2", LABELLED, "{'service': 'else', 'backends': " BACKENDS("20", "80") "}", 20,
         "[{'op': 'add', 'path': '/spec/service', 'value': 'cart'}]"},
	/* a third backend in what is ours */
	{"smi:v1alpha2", LABELLED,
         "{'service': 'cart', 'backends': [{'service': 'x', 'weight': 1}]}", 0,
         "[{'op': 'add', 'path': '/spec/backends', 'value': " BACKENDS("20", "80") "}]"},
	/* Flagger's: the label comes, the owner goes */
	{"smi:v1alpha2",
         ", 'ownerReferences': [{'apiVersion': 'flagger.app/v1beta1', 'kind': 'Canary', 'name': 'cart'}]",
         "{'service': 'cart', 'backends': " BACKENDS("20", "80") "}", 20,
         "[{'op': 'add', 'path': '/metadata/labels', 'value': {" UID
         "}}, {'op': 'replace', 'path': '/metadata/ownerReferences', 'value': []}]"},
	/* a user's own with others beside */
	{"smi:v1alpha2", "",
         "{'service': 'cart', 'backends': [{'service': 'cart-v1', 'weight': 1}, {'service': 'cart-canary', 'weight': 1}]}",
         50, "!spec.backends: expected cart alone, or its primary and canary, got others"},
};

static void test_repair(void **state)
{
	for (size_t i = 0; i < array_length(repair_rows); i++) {
		const struct repair_row *row = &repair_rows[i];
		json_t *patch = json_array();
		struct route_fact fact = {0};
		struct err err = {0};
		char text[2048];
		struct cart cart;
		json_t *live;
		bool is_done;

		(void)snprintf(text, sizeof(text), "{'metadata': {'name': 'cart'%s}, 'spec': %s}",
		               row->metadata, row->spec);
		live = merge_parse(text);
		init(&cart, row->provider, "{}");
		cart.world.traffic->read(live, &cart.world, &fact);
		is_done = smi_split_repair(patch, &cart.world, live, 20, &err);
		if (fact.weight != row->weight)
			print_error("row %zu\n", i);
		assert_int_equal(fact.weight, row->weight);
		assert_int_equal(is_done, row->want[0] != '!');
		if (is_done)
			cart_same(json_incref(patch), row->want);
		else
			assert_string_equal(err.text, row->want + 1);
		json_decref(patch);
		json_decref(live);
		cart_fini(&cart);
	}
}

/* It knows weights alone (defects 5 and 6 of traffic-providers.md 9). */
static void test_refused(void **state)
{
	static const struct canary_row rows[] = {
		{"A/B",
	         "{'spec': {'provider': 'smi:v1alpha2', 'analysis': {'stepWeight': null, 'iterations': 2, 'match': [{'headers': {'x': {'exact': '1'}}}]}}}",
	         "spec.analysis.match: expected none: provider smi:v1alpha2 cannot match requests"},
		{"A/B",
	         "{'spec': {'provider': 'linkerd', 'analysis': {'stepWeight': null, 'iterations': 2, 'match': [{'headers': {'x': {'exact': '1'}}}]}}}",
	         "spec.analysis.match: expected none: provider linkerd cannot match requests"},
		{"copies", "{'spec': {'provider': 'osm', 'analysis': {'mirror': true}}}",
	         "spec.analysis.mirror: expected false: provider osm cannot send copies of requests"},
		{"blue/green",
	         "{'spec': {'provider': 'linkerd', 'analysis': {'stepWeight': null, 'iterations': 2}}}",
	         "=blue-green provider=linkerd"},
	};

	for (size_t i = 0; i < array_length(rows); i++)
		canary_rows_check(&rows[i]);
}

/* Without TrafficSplits Linkerd's clients follow an HTTPRoute on the Service that they call. */
static void test_linkerd(void **state)
{
	struct route_fact fact = {0};
	struct cart cart;
	struct kube_ref ref;
	json_t *object;

	init(&cart, "linkerd", "{}");
	ref = cart.world.traffic->ref(&cart.world, &cart.arena);
	assert_int_equal(ref.kind, KUBE_HTTP_ROUTE);
	cart.options.has_splits = true;
	ref = cart.world.traffic->ref(&cart.world, &cart.arena);
	assert_int_equal(ref.kind, KUBE_SPLIT_ALPHA1);
	cart.options.has_splits = false;
	object = merge_parse(
		"{'metadata': {'namespace': 'shop', 'labels': {" UID
		"}, 'annotations': {'kustomize.toolkit.fluxcd.io/reconcile': 'disabled',"
		" 'helm.toolkit.fluxcd.io/driftDetection': 'disabled'}}, 'spec': {'parentRefs': [{'group': 'core', 'kind':"
		" 'Service', 'namespace': 'shop', 'name': 'cart', 'port': 80}], 'rules': [{'matches': [{'path': {'type':"
		" 'PathPrefix', 'value': '/'}}], 'backendRefs': [{'group': '', 'kind': 'Service', 'name': 'cart-primary',"
		" 'port': 80, 'weight': 75}, {'group': '', 'kind': 'Service', 'name': 'cart-canary', 'port': 80, 'weight':"
		" 25}]}]}, 'status': {'parents': [{'parentRef': {'group': 'core', 'kind': 'Service', 'namespace': 'shop',"
		" 'name': 'cart', 'port': 80}, 'conditions': [{'type': 'Accepted', 'status': 'True'}, {'type':"
		" 'ResolvedRefs', 'status': 'True'}]}]}}");
	cart.world.traffic->read(object, &cart.world, &fact);
	assert_int_equal(fact.weight, 25);
	assert_true(fact.is_exact);
	assert_string_equal(fact.pending, "");
	json_decref(object);
	cart_fini(&cart);
}

#define URL "/apis/split.smi-spec.io/v1alpha2/namespaces/shop/trafficsplits"
#define LIVE(version, backends)                                            \
 "{'metadata': {'name': 'cart', 'resourceVersion': '" version "'" LABELLED \
 "}, 'spec': {"                                                            \
 "'service': 'cart', 'backends': " backends "}}"

static void test_write(void **state)
{
	static const struct cart_exchange create[] = {{"GET " URL "/cart", "", 404, "{}"},
	                                              {"POST " URL "?fieldManager=serin", NULL, 201,
	                                               "{}"},
	                                              {0}};
	static const struct cart_exchange patch[] = {
		{"GET " URL "/cart", "", 200, LIVE("7", BACKENDS("0", "100"))},
		{"PATCH " URL "/cart?fieldManager=serin",
	         "[{'op': 'test', 'path': '/metadata/resourceVersion', 'value': '7'}, " STEP(
			 0, "cart-canary", "20") ", " STEP(1, "cart-primary", "80") "]",
	         200, "{}"},
		{0}};
	static const struct cart_exchange removed[] = {{"GET " URL "/cart", "", 200,
	                                                LIVE("7", BACKENDS("0", "100"))},
	                                               {"DELETE " URL "/cart", NULL, 200, "{}"},
	                                               {0}};
	static const struct cart_exchange retreat[] = {
		{"PATCH " URL "/cart?fieldManager=serin",
	         "[" STEP(0, "cart-canary", "0") ", " STEP(1, "cart-primary", "100") "]", 200,
	         "{}"},
		{0}};
	struct effect effect = {.kind = EFFECT_WRITE_ROUTE, .subject = SUBJECT_ROUTE, .weight = 20};
	struct effect away = {
		.kind = EFFECT_WRITE_ROUTE, .subject = SUBJECT_ROUTE, .is_retreat = true};
	struct effect remove = {.kind = EFFECT_REMOVE, .subject = SUBJECT_ROUTE};
	json_t *seen = merge_parse(LIVE("5", BACKENDS("40", "60")));
	struct cart cart;
	struct act act;

	init(&cart, "smi:v1alpha2", "{}");
	assert_int_equal(cart_drive(&cart, &act, &effect, create), TALK_DONE);
	act_fini(&act);
	assert_int_equal(cart_drive(&cart, &act, &effect, patch), TALK_DONE);
	act_fini(&act);
	cart.world.route_object = seen;
	assert_int_equal(cart_drive(&cart, &act, &away, retreat), TALK_DONE);
	act_fini(&act);
	assert_int_equal(cart_drive(&cart, &act, &remove, removed), TALK_DONE);
	act_fini(&act);
	json_decref(seen);
	cart_fini(&cart);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new),     cmocka_unit_test(test_repair),
		cmocka_unit_test(test_refused), cmocka_unit_test(test_linkerd),
		cmocka_unit_test(test_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Provider gatewayapi: what is generated, read, fitted into a user's own route, and given back. */
#include "analysis/base/text.h"
#include "providers/traffic.h"
#include "providers/traffic/gateway_route.h"
#include "providers/traffic/gateway_taken.h"
#include "tests/providers/cart.h"
#include "tests/providers/gateway_cart.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct new_row {
	const char *canary;
	enum strategy strategy;
	struct gateway_rules_split split;
	const char *want; /* spec */
};

static const struct new_row new_rows[] = {
	/* the least */
	{CANARY, STRATEGY_CANARY, {0}, RULES("{" ROOT ", " SPLIT(100, 0) "}")},
	/* the Canary of traffic-providers.md 6.6 */
	{"{'spec': {'service': {'hosts': ['cart.shop.example'], " REFS
         ", 'match': [{'uri': {'prefix': '/cart'}}], 'rewrite': {'uri': '/', 'type': 'ReplacePrefixMatch'},"
         " 'headers': {'request': {'set': {'x-lane': 'stable'}}}, 'timeout': '10s'}}}",
         STRATEGY_CANARY,
         {.weight = 20},
         "{'parentRefs': [" PARENT
         "], 'hostnames': ['cart.shop.example'], 'rules': [{'matches': [{'path': {'type':"
         " 'PathPrefix', 'value': '/cart'}}], 'filters': [{'type': 'RequestHeaderModifier', 'requestHeaderModifier':"
         " {'set': [{'name': 'x-lane', 'value': 'stable'}]}}, {'type': 'URLRewrite', 'urlRewrite': {'path': {'type':"
         " 'ReplacePrefixMatch', 'replacePrefixMatch': '/'}}}], 'timeouts': {'request': '10s'}, " SPLIT(
		 80, 20) "}]}"},
	/* each field of a match, keys by name, whatever their order (defect 8); what a route does
           not know is left out */
	{"{'spec': {'service': {" REFS
         ", 'match': [{'uri': {'regex': '/a.*'}, 'method': {'exact': 'GET'}, 'headers': {'z': {'exact': '1'},"
         " 'a': {'regex': 'b+'}}, 'queryParams': {'q': {'exact': '2'}}}, {'scheme': {'exact': 'https'}}]}}}",
         STRATEGY_CANARY,
         {.weight = 1},
         RULES("{'matches': [{'path': {'type': 'RegularExpression', 'value': '/a.*'}, 'method': 'GET', 'headers':"
               " [{'type': 'RegularExpression', 'name': 'a', 'value': 'b+'}, {'type': 'Exact', 'name': 'z', 'value':"
               " '1'}], 'queryParams': [{'type': 'Exact', 'name': 'q', 'value': '2'}]}], " SPLIT(
		       99, 1) "}")},
	/* filters in Flagger's order */
	{"{'spec': {'service': {" REFS
         ", 'headers': {'request': {'add': {'b': '2', 'a': '1'}, 'remove': ['c']}, 'response': {'set':"
         " {'d': '4'}}}, 'rewrite': {'uri': '/x', 'authority': 'h'}, 'mirror': [{'backendRef': {'name': 'log', 'port': 81}}],"
         " 'corsPolicy': {'allowOrigin': ['https://a'], 'allowMethods': ['GET'], 'allowCredentials': true, 'maxAge': '24h'},"
         " 'backendTimeout': '2s'}}}",
         STRATEGY_CANARY,
         {0},
         RULES("{" ROOT
               ", 'filters': [{'type': 'RequestHeaderModifier', 'requestHeaderModifier': {'add': [{'name': 'a', 'value':"
               " '1'}, {'name': 'b', 'value': '2'}], 'remove': ['c']}}, {'type': 'ResponseHeaderModifier',"
               " 'responseHeaderModifier': {'set': [{'name': 'd', 'value': '4'}]}}, {'type': 'URLRewrite', 'urlRewrite':"
               " {'hostname': 'h', 'path': {'type': 'ReplaceFullPath', 'replaceFullPath': '/x'}}}, {'type': 'RequestMirror',"
               " 'requestMirror': {'backendRef': {'group': '', 'kind': 'Service', 'name': 'log', 'port': 81}}}, {'type': 'CORS',"
               " 'cors': {'allowOrigins': ['https://a'], 'allowMethods': ['GET'], 'allowCredentials': true, 'maxAge': 86400}}],"
               " 'timeouts': {'backendRequest': '2s'}, " SPLIT(100, 0) "}")},
	/* A/B: both conditions together, the rest to the primary alone */
	{"{'spec': {'service': {" REFS
         ", 'match': [{'uri': {'prefix': '/cart'}, 'headers': {'x-tenant': {'exact': 't'}}}]}, " BETA
         "}}",
         STRATEGY_AB,
         {.weight = 100},
         RULES("{'matches': [{'path': {'type': 'PathPrefix', 'value': '/cart'}, 'headers': [{'type': 'Exact', 'name':"
               " 'x-tenant', 'value': 't'}, {'type': 'Exact', 'name': 'x-beta', 'value': '1'}]}], " SPLIT(
		       0,
		       100) "}, {'matches': [{'path': {'type': 'PathPrefix', 'value': '/cart'}, 'headers': [{'type': 'Exact', 'name':"
                            " 'x-tenant', 'value': 't'}]}], 'backendRefs': [" REF("cart-primary",
                                                                                  100) "]}")},
	/* copies, all or some */
	{CANARY,
         STRATEGY_CANARY,
         {.is_mirrored = true},
         RULES("{" ROOT ", 'filters': [" COPIES "], " SPLIT(100, 0) "}")},
	{"{'spec': {'service': {" REFS "}, 'analysis': {'mirrorWeight': 30}}}",
         STRATEGY_BLUE_GREEN,
         {.is_mirrored = true},
         RULES("{" ROOT
               ", 'filters': [{'type': 'RequestMirror', 'requestMirror': {'backendRef': {'group': '', 'kind': 'Service',"
               " 'name': 'cart-canary', 'port': 80}, 'percent': 30}}], " SPLIT(100, 0) "}")},
	/* GAMMA: a Service as parent, the group as it was written */
	{"{'spec': {'service': {'gatewayRefs': [{'group': 'core', 'kind': 'Service', 'name': 'cart', 'namespace': 'shop', 'port': 80}]}}}",
         STRATEGY_CANARY,
         {.weight = 25},
         "{'parentRefs': [{'group': 'core', 'kind': 'Service', 'namespace': 'shop', 'name': 'cart', 'port': 80}], 'rules': [{" ROOT
         ", " SPLIT(75, 25) "}]}"},
	/* a GRPCRoute: services and methods instead of paths */
	{"{'spec': {'routeRef': {'kind': 'GRPCRoute', 'name': 'calls'}, 'service': {" REFS
         ", 'timeout': '1s', 'match': [{'uri': {'prefix':"
         " '/shop.v1.Cart/'}}, {'uri': {'exact': '/shop.v1.Cart/Add'}, 'headers': {'a': {'exact': 'b'}}}]}}}",
         STRATEGY_CANARY,
         {.weight = 20},
         RULES("{'matches': [{'method': {'type': 'Exact', 'service': 'shop.v1.Cart'}}, {'method': {'type': 'Exact', 'service':"
               " 'shop.v1.Cart', 'method': 'Add'}, 'headers': [{'type': 'Exact', 'name': 'a', 'value': 'b'}]}], " SPLIT(
		       80, 20) "}")},
	{"{'spec': {'routeRef': {'kind': 'GRPCRoute', 'name': 'calls'}, 'service': {" REFS
         "}, " BETA "}}",
         STRATEGY_AB,
         {.weight = 100},
         RULES("{'matches': [{'headers': [{'type': 'Exact', 'name': 'x-beta', 'value': '1'}]}], " SPLIT(
		 0, 100) "}, {'backendRefs': [" REF("cart-primary", 100) "]}")},
};

/* As new it is exact and says its weight. */
static void check_read(struct cart *cart, json_t *object, struct gateway_rules_split split)
{
	struct route_fact fact = {.since = {5}};

	cart->world.traffic->read(object, &cart->world, &fact);
	assert_int_equal(fact.weight, split.weight);
	assert_int_equal(fact.is_mirrored, split.is_mirrored);
	assert_true(fact.is_exact && fact.is_made);
	assert_int_equal(fact.since.ms, 5);
	assert_non_null(strstr(fact.pending, "has not answered"));
}

static void test_new(void **state)
{
	for (size_t i = 0; i < array_length(new_rows); i++) {
		const struct new_row *row = &new_rows[i];
		struct err err = {0};
		struct cart cart;
		json_t *object;

		gateway_cart_init(&cart, row->canary, row->strategy);
		object = gateway_route_new(&cart.world, row->split, &err);
		cart_same(json_incref(json_object_get(object, "spec")), row->want);
		check_read(&cart, object, row->split);
		json_decref(object);
		cart_fini(&cart);
	}
}

static void test_object(void **state)
{
	struct cart cart;
	struct err err = {0};
	struct kube_ref ref;
	json_t *object;

	gateway_cart_init(&cart,
	                  "{'spec': {'service': {" REFS
	                  ", 'apex': {'labels': {'tier': 'web'}, 'annotations': {'a': 'b'}}}}}",
	                  STRATEGY_CANARY);
	object = gateway_route_new(&cart.world, (struct gateway_rules_split){0}, &err);
	assert_string_equal(json_string_value(json_object_get(object, "apiVersion")),
	                    "gateway.networking.k8s.io/v1");
	cart_same(json_incref(json_object_get(object, "metadata")),
	          "{'name': 'cart', 'namespace': 'shop', 'labels': {'tier': 'web', " UID
	          "}, 'annotations': {'a': 'b', " FLUX "}}");
	json_decref(object);
	cart.options.has_old_routes = true; /* whatever the provider's name says */
	ref = cart.world.traffic->ref(&cart.world, &cart.arena);
	assert_int_equal(ref.kind, KUBE_HTTP_ROUTE_BETA);
	cart_fini(&cart);
	gateway_cart_init(&cart, "{'spec': {'routeRef': {'kind': 'HTTPRoute', 'name': 'mine'}}}",
	                  STRATEGY_CANARY);
	ref = cart.world.traffic->ref(&cart.world, &cart.arena);
	assert_int_equal(ref.kind, KUBE_HTTP_ROUTE);
	assert_string_equal(ref.name, "mine");
	assert_null(gateway_route_new(&cart.world, (struct gateway_rules_split){0}, &err));
	assert_string_equal(
		err.text, "not found, and spec.service.gatewayRefs has no parents to make it for");
	cart_fini(&cart);
}

/* One row: LIVE, what is read from it, and the patch that gives the canary 20. */
struct repair_row {
	const char *metadata;
	const char *spec;
	int weight;
	const char *want; /* "!text": refused so */
};

#define WEIGHTS(primary, canary) \
 "[" STEP(0, 0, "cart-primary", primary) ", " STEP(0, 1, "cart-canary", canary) "]"

static const struct repair_row repair_rows[] = {
	/* only weights move, each behind a test */
	{OURS, RULES("{" ROOT ", " SPLIT(100, 0) "}"), 0, WEIGHTS(80, 20)},
	{OURS, RULES("{" ROOT ", " SPLIT(80, 20) "}"), 20, "[]"},
	/* weights are relative, and 1 where none is said; next to nothing is not nothing */
	{OURS, RULES("{" ROOT ", " SPLIT(3, 1) "}"), 25, WEIGHTS(80, 20)},
	{OURS, RULES("{" ROOT ", " SPLIT(0, 0) "}"), 0, WEIGHTS(80, 20)},
	{OURS, RULES("{" ROOT ", " SPLIT(1, 1000) "}"), 99, WEIGHTS(80, 20)},
	{OURS, RULES("{" ROOT ", 'backendRefs': [{'name': 'cart-canary', 'port': 80}]}"), 100,
         "[{'op': 'add', 'path': '/spec/rules', 'value': [{" ROOT ", " SPLIT(80, 20) "}]}]"},
	/* what a newer API fills in, or a user adds to a rule, stays */
	{OURS,
         RULES("{'name': 'n', 'retry': {'attempts': 2}, 'novel': 1, " ROOT ", " SPLIT(80, 20) "}"),
         20, "[]"},
	{OURS,
         RULES("{'matches': [{'path': {'type': 'PathPrefix', 'value': '/', 'novel': 1}}], " SPLIT(
		 100, 0) "}"),
         0, WEIGHTS(80, 20)},
	/* what the Canary no longer says goes */
	{OURS, RULES("{" ROOT ", 'timeouts': {'request': '9s'}, " SPLIT(80, 20) "}"), 20,
         "[{'op': 'add', 'path': '/spec/rules', 'value': [{" ROOT ", " SPLIT(80, 20) "}]}]"},
	/* a leftover copy goes with the weight */
	{OURS, RULES("{" ROOT ", 'filters': [" COPIES "], " SPLIT(100, 0) "}"), 0,
         "[{'op': 'add', 'path': '/spec/rules', 'value': [{" ROOT ", " SPLIT(80, 20) "}]}]"},
	/* Flagger's: the label comes, the owner goes, nothing else; annotations of others stay
           (issue 1732) */
	{", 'annotations': {" FLUX
         ", 'aws': 'x'}, 'ownerReferences': [{'apiVersion': 'flagger.app/v1beta1', 'kind': 'Canary', 'name':"
         " 'cart', 'uid': 'u'}]",
         RULES("{" ROOT ", " SPLIT(80, 20) "}"), 20,
         "[{'op': 'add', 'path': '/metadata/labels', 'value': {" UID "}}, {'op': 'replace', 'path':"
         " '/metadata/ownerReferences', 'value': []}]"},
	/* parents and hosts are said by the Canary */
	{OURS,
         "{'parentRefs': [{'name': 'else'}], 'hostnames': ['h'], 'rules': [{" ROOT
         ", " SPLIT(80, 20) "}]}",
         20,
         "[{'op': 'add', 'path': '/spec/parentRefs', 'value': [" PARENT
         "]}, {'op': 'remove', 'path': '/spec/hostnames'}]"},
	/* a user's own: nowhere to go, or not alone */
	{"", RULES("{'backendRefs': [" REF("help", 1) "]}"), 0,
         "!spec.rules: expected a backend cart, got none"},
	{"", RULES("{'backendRefs': [{'name': 'cart', 'namespace': 'else'}]}"), 0,
         "!spec.rules: expected a backend cart, got none"},
	{"", RULES("{'backendRefs': [{'kind': 'ServiceImport', 'name': 'cart'}]}"), 0,
         "!spec.rules: expected a backend cart, got none"},
	{"", RULES("{'backendRefs': [" REF("cart", 9) ", " REF("help", 1) "]}"), 0,
         "!spec.rules[0].backendRefs: expected cart alone, got another backend beside it, whose share nobody could keep"},
};

static void test_repair(void **state)
{
	struct gateway_rules_split split = {.weight = 20};

	for (size_t i = 0; i < array_length(repair_rows); i++) {
		const struct repair_row *row = &repair_rows[i];
		json_t *live = gateway_cart_live(row->metadata, row->spec);
		json_t *patch = json_array();
		struct route_fact fact = {0};
		struct err err = {0};
		struct cart cart;
		bool is_done;

		gateway_cart_init(&cart, CANARY, STRATEGY_CANARY);
		cart.world.traffic->read(live, &cart.world, &fact);
		is_done = gateway_route_repair(patch, &cart.world, live, split, &err);
		if (fact.weight != row->weight || is_done != (row->want[0] != '!'))
			print_error("row %zu: weight %d %s\n", i, fact.weight, err.text);
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

/* A user's rules, and what they are with the canary in them. */
struct fit_row {
	enum strategy strategy;
	struct gateway_rules_split split;
	const char *live;
	const char *added; /* noted before */
	const char *want;
	const char *notes;
};

#define MATCHES "'matches': [{'path': {'type': 'Exact', 'value': '/x'}}]"
#define MATCHED \
 "[{'path': {'type': 'Exact', 'value': '/x'}, 'headers': [{'type': 'Exact', 'name': 'x-beta', 'value': '1'}]}]"

static const struct fit_row fit_rows[] = {
	/* what the user says of a backend stays with it; rules that lead elsewhere are not looked
           at */
	{STRATEGY_CANARY,
         {.weight = 20},
         "[{'name': 'a', " MATCHES
         ", 'sessionPersistence': {'x': 1}, 'backendRefs': [{'name': 'cart', 'port': 8080, 'filters': [{'type': 'x'}]}]},"
         " {'backendRefs': [" REF("help", 1) "]}, {'filters': [{'type': 'RequestRedirect'}]}]",
         "[]",
         "[{'name': 'a', " MATCHES
         ", 'sessionPersistence': {'x': 1}, 'backendRefs': [{'name': 'cart-primary', 'port': 8080, 'filters':"
         " [{'type': 'x'}], 'weight': 80}, {'name': 'cart-canary', 'port': 8080, 'filters': [{'type': 'x'}], 'weight': 20}]},"
         " {'backendRefs': [" REF("help", 1) "]}, {'filters': [{'type': 'RequestRedirect'}]}]",
         "[]"},
	/* both are there: their order is the user's */
	{STRATEGY_CANARY,
         {.weight = 10},
         "[{'backendRefs': [" REF("cart-canary", 0) ", " REF("cart-primary", 1) "]}]",
         "[]",
         "[{'backendRefs': [" REF("cart-canary", 10) ", " REF("cart-primary", 90) "]}]",
         "[]"},
	/* each rule that is ours */
	{STRATEGY_CANARY,
         {.weight = 50},
         "[{" MATCHES ", " SPLIT(100, 0) "}, {'backendRefs': [" REF("cart-canary", 3) "]}]",
         "[]",
         "[{" MATCHES ", " SPLIT(50, 50) "}, {'backendRefs': [" REF("cart-primary", 50) ", " REF(
		 "cart-canary", 50) "]}]",
         "[]"},
	/* A/B: a rule of our own before each, noted; made anew, not twice; gone again at 0 */
	{STRATEGY_AB,
         {.weight = 100},
         "[{'name': 'a', " MATCHES ", 'backendRefs': [" REF("cart", 7) "]}]",
         "[]",
         "[{'matches': " MATCHED ", " SPLIT(0, 100) "}, {'name': 'a', " MATCHES
                                                    ", " SPLIT(100, 0) "}]",
         "[" MATCHED "]"},
	{STRATEGY_AB,
         {.weight = 100},
         "[{'matches': " MATCHED ", " SPLIT(100, 0) "}, {" MATCHES ", " SPLIT(100, 0) "}]",
         "[" MATCHED "]",
         "[{'matches': " MATCHED ", " SPLIT(0, 100) "}, {" MATCHES ", " SPLIT(100, 0) "}]",
         "[" MATCHED "]"},
	{STRATEGY_AB,
         {0},
         "[{'matches': " MATCHED ", " SPLIT(0, 100) "}, {" MATCHES ", " SPLIT(100, 0) "}]",
         "[" MATCHED "]",
         "[{" MATCHES ", " SPLIT(100, 0) "}]",
         "[]"},
	/* A/B without a path: the API's default, so that it is the more special one */
	{STRATEGY_AB,
         {.weight = 100},
         "[{'backendRefs': [" REF("cart", 1) "]}]",
         "[]",
         "[{'matches': [{'path': {'type': 'PathPrefix', 'value': '/'}, 'headers': [{'type': 'Exact', 'name': 'x-beta', 'value': '1'}]}], " SPLIT(
		 0, 100) "}, {" SPLIT(100, 0) "}]",
         "[[{'path': {'type': 'PathPrefix', 'value': '/'}, 'headers': [{'type': 'Exact', 'name': 'x-beta', 'value': '1'}]}]]"},
	/* copies beside the user's own filters */
	{STRATEGY_CANARY,
         {.is_mirrored = true},
         "[{'filters': [{'type': 'x'}], 'backendRefs': [" REF("cart", 1) "]}]",
         "[]",
         "[{'filters': [{'type': 'x'}, " COPIES "], " SPLIT(100, 0) "}]",
         "[]"},
	{STRATEGY_CANARY,
         {.weight = 10},
         "[{'filters': [{'type': 'x'}, " COPIES "], " SPLIT(100, 0) "}]",
         "[]",
         "[{'filters': [{'type': 'x'}], " SPLIT(90, 10) "}]",
         "[]"},
	{STRATEGY_CANARY,
         {.weight = 10},
         "[{'filters': [" COPIES "], " SPLIT(100, 0) "}]",
         "[]",
         "[{" SPLIT(90, 10) "}]",
         "[]"},
};

static void test_fit(void **state)
{
	for (size_t i = 0; i < array_length(fit_rows); i++) {
		const struct fit_row *row = &fit_rows[i];
		json_t *live = merge_parse(row->live);
		json_t *added = merge_parse(row->added);
		json_t *notes = NULL;
		struct gateway_rules_split split;
		struct err err = {0};
		struct cart cart;
		json_t *got;

		gateway_cart_init(&cart, "{'spec': {" BETA "}}", row->strategy);
		got = gateway_rules_fit(&cart.world, live, added, row->split, &notes, &err);
		assert_non_null(got);
		split = gateway_rules_read(&cart.world, got);
		assert_int_equal(split.weight, row->split.weight);
		assert_int_equal(split.is_mirrored, row->split.is_mirrored);
		cart_same(got, row->want);
		cart_same(notes, row->notes);
		json_decref(live);
		json_decref(added);
		cart_fini(&cart);
	}
}

/* Traffic-providers.md 9, defects 13 to 15: the original is noted once, and given back. */
static void test_taken(void **state)
{
	json_t *live = gateway_cart_live("", RULES("{'backendRefs': [" REF("cart", 1) "]}"));
	json_t *patch = json_array();
	struct err err = {0};
	struct cart cart;
	json_t *noted;

	gateway_cart_init(&cart, CANARY, STRATEGY_CANARY);
	assert_false(gateway_route_is_taken(&cart.world, live));
	assert_true(gateway_route_repair(patch, &cart.world, live, (struct gateway_rules_split){0},
	                                 &err));
	assert_int_equal(json_array_size(patch), 2);
	cart_same(json_incref(json_array_get(patch, 0)),
	          "{'op': 'add', 'path': '/spec/rules', 'value': [{" SPLIT(100, 0) "}]}");
	json_object_set(json_object_get(live, "metadata"), "annotations",
	                json_object_get(json_array_get(patch, 1), "value"));
	json_object_set(json_object_get(live, "spec"), "rules",
	                json_object_get(json_array_get(patch, 0), "value"));
	assert_true(gateway_route_is_taken(&cart.world, live));
	noted = gateway_taken_original(live);
	cart_same(noted, RULES("{'backendRefs': [" REF("cart", 1) "]}"));
	json_decref(patch);
	patch = json_array();
	assert_true(gateway_route_repair(patch, &cart.world, live, (struct gateway_rules_split){0},
	                                 &err));
	assert_int_equal(json_array_size(patch), 0);
	json_decref(patch);
	cart_same(gateway_route_restore(&cart.world, live),
	          "[{'op': 'replace', 'path': '/spec/rules', 'value': [{'backendRefs': [" REF(
			  "cart", 1) "]}]}, {'op': 'remove', 'path': '/metadata/annotations'}]");
	json_decref(live);
	cart_fini(&cart);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new),    cmocka_unit_test(test_object),
		cmocka_unit_test(test_repair), cmocka_unit_test(test_fit),
		cmocka_unit_test(test_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

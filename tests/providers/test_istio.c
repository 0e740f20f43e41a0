/* Provider istio: what is generated, read, and fitted into a user's own VirtualService. */
#include "analysis/base/text.h"
#include "providers/traffic.h"
#include "providers/traffic/istio_fit.h"
#include "providers/traffic/istio_match.h"
#include "providers/traffic/istio_policy.h"
#include "providers/traffic/istio_route.h"
#include "tests/providers/cart.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FLUX                                            \
 "'kustomize.toolkit.fluxcd.io/reconcile': 'disabled'," \
 " 'helm.toolkit.fluxcd.io/driftDetection': 'disabled'"
#define UID "'serin.dev/canary-uid': '" CART_UID "'"

/* The Canary of traffic-providers.md 6.2. */
#define SERVICE                                                                              \
 "'port': 80, 'targetPort': 8080, 'portDiscovery': true, 'hosts': ['cart.shop.example'],"    \
 " 'gateways': ['istio-ingress/public', 'mesh'], 'timeout': '6s', 'retries': {'attempts':"   \
 " 2, 'perTryTimeout': '2s', 'retryOn': 'gateway-error,connect-failure'}, 'match': [{'uri':" \
 " {'prefix': '/cart'}}], 'rewrite': {'uri': '/', 'type': 'ReplacePrefixMatch'},"            \
 " 'trafficPolicy': {'tls': {'mode': 'ISTIO_MUTUAL'}}, 'apex': {'labels': {'tier': 'web'}}"
#define FULL_SERVICE "{'spec': {'provider': 'istio', 'service': {" SERVICE "}}}"
#define RULE                                                                                   \
 "'rewrite': {'uri': '/'}, 'timeout': '6s', 'retries': {'attempts': 2, 'perTryTimeout': '2s'," \
 " 'retryOn': 'gateway-error,connect-failure'}"
#define TO(host, weight) \
 "{'destination': {'host': '" host "', 'port': {'number': 80}}, 'weight': " #weight "}"
#define PLAIN(host, weight) "{'destination': {'host': '" host "'}, 'weight': " #weight "}"
#define SPLIT(primary, canary) \
 "'route': [" PLAIN("cart-primary", primary) ", " PLAIN("cart-canary", canary) "]"

static void init(struct cart *cart, const char *patch, enum strategy strategy)
{
	cart_init(cart, patch);
	cart->world.traffic = traffic_find("istio", NULL);
	cart->world.ingress = NULL;
	cart->spec.provider = "istio";
	cart->spec.strategy = strategy;
	cart->spec.route = cart->world.traffic->ability(&cart->spec);
}

struct new_row {
	const char *canary;
	enum strategy strategy;
	struct istio_rules_split split;
	const char *want; /* spec */
};

static const struct new_row new_rows[] = {
	/* the least */
	{"{}",
         STRATEGY_CANARY,
         {0},
         "{'hosts': ['cart'], 'gateways': ['mesh'], 'http': [{" SPLIT(100, 0) "}]}"},
	/* all of it */
	{FULL_SERVICE,
         STRATEGY_CANARY,
         {.weight = 20},
         "{'hosts': ['cart.shop.example', 'cart'], 'gateways': ['istio-ingress/public', 'mesh'], 'http': [{'match':"
         " [{'uri': {'prefix': '/cart'}}], " RULE
         ", 'route': [" TO("cart-primary", 80) ", " TO("cart-canary", 20) "]}]}"},
	/* A/B: each condition of one with each of the other; the rest to the primary */
	{"{'spec': {'service': {'match': [{'uri': {'prefix': '/a'}}, {'uri': {'prefix': '/b'}, 'headers': {'x-tenant':"
         " {'exact': 't'}}}]}, 'analysis': {'match': [{'headers': {'x-beta': {'exact': '1'}}}, {'queryParams': {'v':"
         " {'exact': '2'}}, 'sourceLabels': {'app': 'web'}}]}}}",
         STRATEGY_AB,
         {.weight = 100},
         "{'hosts': ['cart'], 'gateways': ['mesh'], 'http': [{'match': [{'uri': {'prefix': '/a'}, 'headers': {'x-beta':"
         " {'exact': '1'}}}, {'uri': {'prefix': '/b'}, 'headers': {'x-tenant': {'exact': 't'}, 'x-beta': {'exact':"
         " '1'}}}, {'uri': {'prefix': '/a'}, 'queryParams': {'v': {'exact': '2'}}, 'sourceLabels': {'app': 'web'}},"
         " {'uri': {'prefix': '/b'}, 'headers': {'x-tenant': {'exact': 't'}}, 'queryParams': {'v': {'exact': '2'}},"
         " 'sourceLabels': {'app': 'web'}}], " SPLIT(
		 0,
		 100) "}, {'match': [{'uri': {'prefix': '/a'}}, {'uri':"
                      " {'prefix': '/b'}, 'headers': {'x-tenant': {'exact': 't'}}}], 'route': [" PLAIN(
			      "cart-primary", 100) "]}]}"},
	{"{'spec': {'analysis': {'match': [{'headers': {'x-beta': {'exact': '1'}}}]}}}",
         STRATEGY_AB,
         {0},
         "{'hosts': ['cart'], 'gateways': ['mesh'], 'http': [{'match': [{'headers': {'x-beta': {'exact': '1'}}}],"
         " " SPLIT(100, 0) "}, {'route': [" PLAIN("cart-primary", 100) "]}]}"},
	/* blue/green with copies */
	{"{'spec': {'analysis': {'mirror': true, 'mirrorWeight': 30}}}",
         STRATEGY_BLUE_GREEN,
         {.is_mirrored = true},
         "{'hosts': ['cart'], 'gateways': ['mesh'], 'http': [{" SPLIT(
		 100, 0) ", 'mirror': {'host': 'cart-canary'},"
                         " 'mirrorPercentage': {'value': 30}}]}"},
	{"{}",
         STRATEGY_CANARY,
         {.is_mirrored = true},
         "{'hosts': ['cart'], 'gateways': ['mesh'], 'http': [{" SPLIT(
		 100, 0) ", 'mirror': {'host': 'cart-canary'}}]}"},
	/* a delegate has neither hosts nor gateways, and always the port */
	{"{'spec': {'service': {'delegation': true, 'portDiscovery': true}}}",
         STRATEGY_CANARY,
         {.weight = 5},
         "{'http': [{'route': [" TO("cart-primary", 95) ", " TO("cart-canary", 5) "]}]}"},
	/* hosts that have the apex already; a first gateway mesh needs no port */
	{"{'spec': {'service': {'hosts': ['*'], 'gateways': ['mesh'], 'portDiscovery': true, 'corsPolicy': {}, 'timeout': ''}}}",
         STRATEGY_CANARY,
         {0},
         "{'hosts': ['*'], 'gateways': ['mesh'], 'http': [{" SPLIT(100, 0) "}]}"},
	/* TCP: ports and weights */
	{"{'spec': {'service': {'appProtocol': 'TCP', 'match': [{'port': 5432, 'uri': {'prefix': '/'}}]}}}",
         STRATEGY_CANARY,
         {.weight = 40},
         "{'hosts': ['cart'], 'gateways': ['mesh'], 'tcp': [{'match': [{'port': 5432}], " SPLIT(
		 60, 40) "}]}"},
};

/* As new it is exact, says its weight, and nothing is to be repaired. */
static void check_read(struct cart *cart, json_t *object, struct istio_rules_split split)
{
	struct route_fact fact = {.since = {5}};
	json_t *policies[2];

	for (size_t i = 0; i < 2; i++) {
		policies[i] =
			istio_policy_new(&cart->world, i == 0 ? "cart-primary" : "cart-canary");
		cart->world.beside[i] = policies[i];
	}
	cart->world.traffic->read(object, &cart->world, &fact);
	assert_int_equal(fact.weight, split.weight);
	assert_int_equal(fact.is_mirrored, split.is_mirrored);
	assert_true(fact.is_exact && fact.is_made);
	assert_int_equal(fact.since.ms, 5);
	json_object_set_new(json_object_get(policies[1], "spec"), "host", json_string("x"));
	cart->world.traffic->read(object, &cart->world, &fact);
	assert_false(fact.is_exact);
	for (size_t i = 0; i < 2; i++)
		json_decref(policies[i]);
}

static void test_new(void **state)
{
	for (size_t i = 0; i < array_length(new_rows); i++) {
		const struct new_row *row = &new_rows[i];
		struct cart cart;
		json_t *object;

		init(&cart, row->canary, row->strategy);
		object = istio_route_new(&cart.world, row->split);
		cart_same(json_incref(json_object_get(object, "spec")), row->want);
		check_read(&cart, object, row->split);
		json_decref(object);
		cart_fini(&cart);
	}
}

static void test_metadata(void **state)
{
	struct cart cart;
	json_t *object;

	init(&cart, FULL_SERVICE, STRATEGY_CANARY);
	object = istio_route_new(&cart.world, (struct istio_rules_split){0});
	cart_same(json_incref(json_object_get(object, "metadata")),
	          "{'name': 'cart', 'namespace': 'shop', 'labels': {'tier': 'web', " UID
	          "}, 'annotations': {" FLUX "}}");
	json_decref(object);
	cart_same(
		istio_policy_new(&cart.world, "cart-canary"),
		"{'apiVersion': 'networking.istio.io/v1beta1', 'kind': 'DestinationRule', 'metadata': {'name':"
		" 'cart-canary', 'namespace': 'shop', 'labels': {" UID
		"}}, 'spec': {'host': 'cart-canary',"
		" 'trafficPolicy': {'tls': {'mode': 'ISTIO_MUTUAL'}}}}");
	cart_fini(&cart);
}

/* A live object from a spec; PATCH of its metadata. */
static json_t *live_of(const char *metadata, const char *spec)
{
	char text[8192];

	(void)snprintf(text, sizeof(text),
	               "{'metadata': {'name': 'cart', 'namespace': 'shop', 'uid': 'v1',"
	               " 'resourceVersion': '71'%s}, 'spec': %s}",
	               metadata, spec);
	return merge_parse(text);
}

#define OURS        ", 'labels': {" UID "}, 'annotations': {" FLUX "}"
#define SPEC(rules) "{'hosts': ['cart'], 'gateways': ['mesh'], 'http': [" rules "]}"

/* One row: LIVE, what is read from it, and the patch that gives the canary 20. */
struct repair_row {
	const char *metadata;
	const char *spec;
	int weight;
	const char *want; /* "!text": refused so */
};

#define WEIGHTS(primary, canary)                                                                                    \
 "[{'op': 'test', 'path': '/spec/http/0/route/0/destination/host', 'value': 'cart-primary'}, {'op': 'add', 'path':" \
 " '/spec/http/0/route/0/weight', 'value': " #primary                                                               \
 "}, {'op': 'test', 'path':"                                                                                        \
 " '/spec/http/0/route/1/destination/host', 'value': 'cart-canary'}, {'op': 'add', 'path':"                         \
 " '/spec/http/0/route/1/weight', 'value': " #canary "}]"

static const struct repair_row repair_rows[] = {
	/* only weights move, each behind a test */
	{OURS, SPEC("{" SPLIT(100, 0) "}"), 0, WEIGHTS(80, 20)},
	{OURS, SPEC("{" SPLIT(80, 20) "}"), 20, "[]"},
	/* Istio does not insist on a sum of 100 */
	{OURS, SPEC("{" SPLIT(90, 30) "}"), 25, WEIGHTS(80, 20)},
	{OURS, SPEC("{" SPLIT(0, 0) "}"), 0, WEIGHTS(80, 20)},
	/* a lone destination gets all, whatever it says */
	{OURS, SPEC("{'route': [" PLAIN("cart-canary", 0) "]}"), 100,
         "[{'op': 'add', 'path': '/spec/http', 'value': [{" SPLIT(80, 20) "}]}]"},
	/* somebody's rule in what is ours, a field that we do not know, a label */
	{", 'labels': {" UID ", 'a': 'b'}, 'annotations': {" FLUX ", 'c': 'd'}",
         "{'hosts': ['cart'], 'gateways': ['mesh'], 'exportTo': ['.'], 'http': [{" SPLIT(
		 80, 20) "}, {'name': 'x', 'route': [" PLAIN("cart-canary", 1) "]}]}",
         100, "[{'op': 'add', 'path': '/spec/http', 'value': [{" SPLIT(80, 20) "}]}]"},
	/* Flagger's: the label comes, the owner goes, nothing else */
	{", 'annotations': {" FLUX
         "}, 'ownerReferences': [{'apiVersion': 'flagger.app/v1beta1', 'kind': 'Canary', 'name':"
         " 'cart', 'uid': 'u'}]",
         SPEC("{" SPLIT(80, 20) "}"), 20,
         "[{'op': 'add', 'path': '/metadata/labels', 'value': {" UID "}}, {'op': 'replace', 'path':"
         " '/metadata/ownerReferences', 'value': []}]"},
	/* a Canary that was deleted and made again */
	{", 'labels': {'serin.dev/canary-uid': 'old'}, 'annotations': {" FLUX "}",
         SPEC("{" SPLIT(80, 20) "}"), 20,
         "[{'op': 'add', 'path': '/metadata/labels', 'value': {" UID "}}]"},
	/* hosts and gateways are said by the Canary */
	{OURS, "{'hosts': ['else'], 'http': [{" SPLIT(80, 20) "}]}", 20,
         "[{'op': 'add', 'path': '/spec/hosts', 'value': ['cart']}, {'op': 'add', 'path': '/spec/gateways', 'value': ['mesh']}]"},
	/* a user's own: nowhere to go, or not alone */
	{"", "{'hosts': ['cart'], 'http': [{'route': [" PLAIN("help", 1) "]}]}", 0,
         "!spec.http: expected a route to cart, got none"},
	{"", "{'http': [{'route': [" PLAIN("cart", 90) ", " PLAIN("help", 10) "]}]}", 0,
         "!spec.http[0].route: expected cart alone, got another host beside it, whose share nobody could keep"},
};

static void test_repair(void **state)
{
	struct istio_rules_split split = {.weight = 20};

	for (size_t i = 0; i < array_length(repair_rows); i++) {
		const struct repair_row *row = &repair_rows[i];
		json_t *live = live_of(row->metadata, row->spec);
		json_t *patch = json_array();
		struct route_fact fact = {0};
		struct err err = {0};
		struct cart cart;
		bool is_done;

		init(&cart, "{}", STRATEGY_CANARY);
		cart.world.traffic->read(live, &cart.world, &fact);
		is_done = istio_route_repair(patch, &cart.world, live, split, &err);
		if (fact.weight != row->weight || is_done != (row->want[0] != '!'))
			print_error("row %zu: weight %d %s\n", i, fact.weight, err.text);
		assert_int_equal(fact.weight, row->weight);
		assert_int_equal(is_done, row->want[0] != '!');
		if (is_done)
			cart_same(patch, row->want);
		else
			assert_string_equal(err.text, row->want + 1);
		if (!is_done)
			json_decref(patch);
		json_decref(live);
		cart_fini(&cart);
	}
}

/* A user's rules, and what they are with the canary in them. */
struct fit_row {
	enum strategy strategy;
	struct istio_rules_split split;
	const char *live;
	const char *want;
};

static const struct fit_row fit_rows[] = {
	/* all forms of the name; what the user says of a destination stays; a subset is the apex's
         */
	{STRATEGY_CANARY,
         {.weight = 20},
         "[{'name': 'a', 'match': [{'uri': {'exact': '/x'}}], 'fault': {'abort': {'httpStatus': 500}}, 'route':"
         " [{'destination': {'host': 'cart.shop.svc.cluster.local', 'port': {'number': 80}, 'subset': 'v1'}, 'headers':"
         " {'request': {'set': {'a': 'b'}}}}]}, {'route': [" PLAIN(
		 "help", 100) "]}, {'redirect': {'uri': '/'}}, {'route':"
                              " [" PLAIN("cart.elsewhere", 100) "]}]",
         "[{'name': 'a', 'match': [{'uri': {'exact': '/x'}}], 'fault': {'abort': {'httpStatus': 500}}, 'route':"
         " [{'destination': {'host': 'cart-primary.shop.svc.cluster.local', 'port': {'number': 80}}, 'headers':"
         " {'request': {'set': {'a': 'b'}}}, 'weight': 80}, {'destination': {'host':"
         " 'cart-canary.shop.svc.cluster.local', 'port': {'number': 80}}, 'headers': {'request': {'set': {'a': 'b'}}},"
         " 'weight': 20}]}, {'route': [" PLAIN(
		 "help", 100) "]}, {'redirect': {'uri': '/'}}, {'route': [" PLAIN("cart.elsewhere",
                                                                                  100) "]}]"},
	/* two subsets of the apex become primary and canary */
	{STRATEGY_CANARY,
         {.weight = 10},
         "[{'route': [{'destination': {'host': 'cart', 'subset': 'v1'}, 'weight': 90}, {'destination': {'host': 'cart',"
         " 'subset': 'v2'}, 'weight': 10}]}]",
         "[{" SPLIT(90, 10) "}]"},
	/* each rule that is ours */
	{STRATEGY_CANARY,
         {.weight = 50},
         "[{'match': [{'port': 1}], " SPLIT(100, 0) "}, {'route': [" PLAIN("cart-primary",
                                                                           100) "]}]",
         "[{'match': [{'port': 1}], " SPLIT(50, 50) "}, {" SPLIT(50, 50) "}]"},
	/* A/B: a rule of our own before each; gone again at 0 */
	{STRATEGY_AB,
         {.weight = 100},
         "[{'name': 'a', 'match': [{'uri': {'exact': '/x'}}], 'route': [" PLAIN("cart", 7) "]}]",
         "[{'name': 'serin-match-a', 'match': [{'uri': {'exact': '/x'}, 'headers': {'x-beta': {'exact': '1'}}}], " SPLIT(
		 0, 100) "}, {'name': 'a', 'match': [{'uri': {'exact': '/x'}}], " SPLIT(100,
                                                                                        0) "}]"},
	{STRATEGY_AB,
         {0},
         "[{'name': 'serin-match', 'match': [{'headers': {'x-beta': {'exact': '1'}}}], " SPLIT(
		 0, 100) "}, {" SPLIT(100, 0) "}]",
         "[{" SPLIT(100, 0) "}]"},
	/* copies; a mirror of the user's own is refused */
	{STRATEGY_CANARY,
         {.is_mirrored = true},
         "[{'route': [" PLAIN("cart", 100) "]}]",
         "[{" SPLIT(100, 0) ", 'mirror': {'host': 'cart-canary'}}]"},
	{STRATEGY_CANARY,
         {.weight = 10},
         "[{" SPLIT(100,
                    0) ", 'mirror': {'host': 'cart-canary'}, 'mirrorPercentage': {'value': 3}}]",
         "[{" SPLIT(90, 10) "}]"},
	{STRATEGY_CANARY,
         {.weight = 10},
         "[{" SPLIT(100, 0) ", 'mirror': {'host': 'log'}}]",
         "[{" SPLIT(90, 10) ", 'mirror': {'host': 'log'}}]"},
	{STRATEGY_CANARY,
         {.is_mirrored = true},
         "[{" SPLIT(100, 0) ", 'mirror': {'host': 'log'}}]",
         "!spec.http[0].mirror: expected none, which analysis.mirror is to set, got one to \"log\""},
};

#define BETA "{'spec': {'analysis': {'match': [{'headers': {'x-beta': {'exact': '1'}}}]}}}"

static void test_fit(void **state)
{
	for (size_t i = 0; i < array_length(fit_rows); i++) {
		const struct fit_row *row = &fit_rows[i];
		json_t *live = merge_parse(row->live);
		struct err err = {0};
		struct cart cart;
		json_t *got;

		init(&cart, BETA, row->strategy);
		got = istio_fit_rules(&cart.world, live, row->split, &err);
		if (got) {
			struct istio_rules_split split = istio_rules_read(&cart.world, got);

			assert_int_equal(split.weight, row->split.weight);
			assert_int_equal(split.is_mirrored, row->split.is_mirrored);
			cart_same(got, row->want);
		} else {
			assert_string_equal(err.text, row->want + 1);
		}
		json_decref(live);
		cart_fini(&cart);
	}
}

/* Traffic-providers.md 9, defects 13 and 15: the original is kept once, and given back. */
static void test_taken(void **state)
{
	json_t *live =
		live_of("", "{'hosts': ['cart'], 'http': [{'route': [" PLAIN("cart", 1) "]}]}");
	json_t *before = json_deep_copy(live);
	json_t *patch = json_array();
	struct err err = {0};
	struct cart cart;

	init(&cart, "{}", STRATEGY_CANARY);
	assert_false(istio_route_is_taken(&cart.world, live));
	assert_true(
		istio_route_repair(patch, &cart.world, live, (struct istio_rules_split){0}, &err));
	cart_same(patch,
	          "[{'op': 'add', 'path': '/spec/http', 'value': [{" SPLIT(100, 0) "}]}, {'op': 'add', 'path':"
	          " '/metadata/annotations', 'value': {" FLUX ", 'flagger.kubernetes.io/original-configuration':"
	          " '{\\\"hosts\\\":[\\\"cart\\\"],\\\"http\\\":[{\\\"route\\\":[{\\\"destination\\\":{\\\"host\\\":\\\"cart\\\"},\\\"weight\\\":1}]}]}',"
	          " 'serin.dev/annotations-before': '{\\\"flagger.kubernetes.io/original-configuration\\\":null,"
	          "\\\"helm.toolkit.fluxcd.io/driftDetection\\\":null,\\\"kustomize.toolkit.fluxcd.io/reconcile\\\":null}'}}]");
	json_decref(live);
	json_decref(before);
	cart_fini(&cart);
}

/* Flagger had put its own spec in place of the user's: the user's comes back whole. */
static void test_flaggers(void **state)
{
	static const char *const annotations[] = {
		"'kubectl.kubernetes.io/last-applied-configuration': '{\\\"spec\\\":{\\\"hosts\\\":[\\\"mine\\\"]}}'",
		"'flagger.kubernetes.io/original-configuration': '{\\\"hosts\\\":[\\\"mine\\\"]}'",
	};

	for (size_t i = 0; i < array_length(annotations); i++) {
		char metadata[512];
		json_t *live;
		json_t *patch = json_array();
		json_t *step;
		struct err err = {0};
		struct cart cart;

		(void)snprintf(metadata, sizeof(metadata), ", 'annotations': {%s}", annotations[i]);
		live = live_of(metadata, SPEC("{" SPLIT(100, 0) "}"));
		init(&cart, "{}", STRATEGY_CANARY);
		assert_true(istio_route_repair(patch, &cart.world, live,
		                               (struct istio_rules_split){0}, &err));
		assert_int_equal(json_array_size(patch), 1); /* quiescent: metadata alone */
		step = json_array_get(patch, 0);
		json_object_set(json_object_get(live, "metadata"), "annotations",
		                json_object_get(step, "value"));
		assert_true(istio_route_is_taken(&cart.world, live));
		json_decref(patch);
		patch = istio_route_restore(&cart.world, live);
		cart_same(json_incref(json_array_get(patch, 0)),
		          "{'op': 'replace', 'path': '/spec', 'value': {'hosts': ['mine']}}");
		json_decref(patch);
		json_decref(live);
		cart_fini(&cart);
	}
}

struct policy_row {
	const char *canary;
	const char *live;
	const char *want; /* the patch; "!text": refused so */
};

#define LABELLED "'metadata': {'labels': {" UID "}}"

static const struct policy_row policy_rows[] = {
	{"{}", "{" LABELLED ", 'spec': {'host': 'cart-canary'}}", "[]"},
	{"{}",
         "{" LABELLED
         ", 'spec': {'host': 'cart-canary', 'subsets': [], 'trafficPolicy': {'tls': {}}}}",
         "[{'op': 'remove', 'path': '/spec/trafficPolicy'}]"},
	{FULL_SERVICE, "{" LABELLED ", 'spec': {'host': 'x'}}",
         "[{'op': 'add', 'path': '/spec/host', 'value': 'cart-canary'}, {'op': 'add', 'path': '/spec/trafficPolicy',"
         " 'value': {'tls': {'mode': 'ISTIO_MUTUAL'}}}]"},
	/* Flagger's */
	{"{}",
         "{'metadata': {'ownerReferences': [{'apiVersion': 'flagger.app/v1beta1', 'kind': 'Canary', 'name': 'cart'}]},"
         " 'spec': {'host': 'cart-canary'}}",
         "[{'op': 'add', 'path': '/metadata/labels', 'value': {" UID "}}, {'op': 'replace', 'path':"
         " '/metadata/ownerReferences', 'value': []}]"},
	/* the user's: left alone, and it must suit */
	{"{}",
         "{'metadata': {}, 'spec': {'host': 'cart-canary.shop.svc.cluster.local', 'trafficPolicy': {'tls': {}}}}",
         "[]"},
	{"{}", "{'metadata': {}, 'spec': {'host': 'cart'}}",
         "!spec.host: expected cart-canary, got \"cart\", and it is not this Canary's: it is left alone; rename or delete it"},
	{FULL_SERVICE, "{'metadata': {}, 'spec': {'host': 'cart-canary'}}",
         "!spec.trafficPolicy: expected that of the Canary's spec.service.trafficPolicy, and it is not this Canary's: it is"
         " left alone; delete it, or take the policy out of the Canary"},
};

static void test_policy(void **state)
{
	for (size_t i = 0; i < array_length(policy_rows); i++) {
		const struct policy_row *row = &policy_rows[i];
		json_t *live = merge_parse(row->live);
		json_t *patch = json_array();
		struct err err = {0};
		struct cart cart;

		init(&cart, row->canary, STRATEGY_CANARY);
		if (istio_policy_repair(patch, &cart.world, "cart-canary", live, &err)) {
			cart_same(json_incref(patch), row->want);
		} else {
			assert_int_equal(row->want[0], '!');
			assert_string_equal(err.text, row->want + 1);
		}
		assert_false(istio_policy_is_exact(&cart.world, "cart-canary", NULL));
		json_decref(patch);
		json_decref(live);
		cart_fini(&cart);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new),    cmocka_unit_test(test_metadata),
		cmocka_unit_test(test_repair), cmocka_unit_test(test_fit),
		cmocka_unit_test(test_taken),  cmocka_unit_test(test_flaggers),
		cmocka_unit_test(test_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

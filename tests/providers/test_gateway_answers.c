/* Provider gatewayapi: what a route's parents say of it, and what is refused before anything moves.
 */
#include "analysis/base/text.h"
#include "providers/traffic/gateway_parent.h"
#include "tests/providers/canary_rows.h"
#include "tests/providers/gateway_cart.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The parents' words, and what is said of them; "" when all have taken the route in. */
struct parent_row {
	const char *parents;
	const char *statuses;
	const char *why;
};

#define SAYS(type, status, generation)                                             \
 "{'type': '" type "', 'status': '" status "', 'observedGeneration': " #generation \
 ", 'reason': 'R', 'message': 'm'}"
#define TOOK "'conditions': [" SAYS("Accepted", "True", 3) ", " SAYS("ResolvedRefs", "True", 3) "]"

static const struct parent_row parent_rows[] = {
	{"{'name': 'g'}", "{'parentRef': {'name': 'g'}, " TOOK "}", ""},
	/* compared with the API's defaults (defect 25) */
	{"{'name': 'g'}",
         "{'parentRef': {'group': 'gateway.networking.k8s.io', 'kind': 'Gateway', 'namespace': 'shop', 'name': 'g'}, " TOOK
         "}",
         ""},
	{"{'group': '', 'kind': 'Service', 'name': 'cart', 'port': 80}",
         "{'parentRef': {'group': 'core', 'kind': 'Service', 'name': 'cart', 'namespace': 'shop', 'port': 80}, " TOOK
         "}",
         ""},
	{"{'name': 'g', 'sectionName': 'a'}", "{'parentRef': {'name': 'g'}, " TOOK "}",
         "Gateway g has not answered: is there a controller for it?"},
	{"{'name': 'g', 'namespace': 'x'}", "{'parentRef': {'name': 'g'}, " TOOK "}",
         "Gateway g has not answered: is there a controller for it?"},
	{"{'group': '', 'kind': 'Service', 'name': 'cart'}", "",
         "Service cart has not answered: is there a controller for it?"},
	/* each of them */
	{"{'name': 'g'}, {'name': 'h'}", "{'parentRef': {'name': 'g'}, " TOOK "}",
         "Gateway h has not answered: is there a controller for it?"},
	{"{'name': 'g'}",
         "{'parentRef': {'name': 'g'}, 'conditions': [" SAYS("Accepted", "False", 3) "]}",
         "Gateway g says Accepted is False: R: m"},
	{"{'name': 'g'}",
         "{'parentRef': {'name': 'g'}, 'conditions': [" SAYS("Accepted", "True", 3) ", " SAYS(
		 "ResolvedRefs", "False", 3) "]}",
         "Gateway g says ResolvedRefs is False: R: m"},
	{"{'name': 'g'}",
         "{'parentRef': {'name': 'g'}, 'conditions': [" SAYS("Accepted", "True", 2) "]}",
         "Gateway g has seen generation 2 of it, not 3 yet"},
	{"{'name': 'g'}",
         "{'parentRef': {'name': 'g'}, 'conditions': [" SAYS("Accepted", "True", 3) "]}",
         "Gateway g has not said ResolvedRefs of it"},
	/* one of several controllers suffices */
	{"{'name': 'g'}",
         "{'parentRef': {'name': 'g'}, 'conditions': []}, {'parentRef': {'name': 'g'}, " TOOK "}",
         ""},
};

#define WAYPOINTS(status, message)                                              \
 "'conditions': [" SAYS("Accepted", "True",                                     \
	                3) ", {'type': 'ResolvedWaypoints', 'status': '" status \
			   "', 'reason': 'ResolvedWaypoints', 'message': '" message "'}]"
#define NO_WAYPOINT                                                                              \
 "istio.io/use-waypoint label missing from parent and parent namespace; in ambient mode, route " \
 "will not be respected"
#define OF_SERVICE "'parentRef': {'group': '', 'kind': 'Service', 'name': 'cart'}, "

/* Who may have no effect on requests though it was taken in. */
static void test_doubt(void **state)
{
	static const struct {
		const char *statuses;
		const char *doubt;
	} rows[] = {
		{"{" OF_SERVICE TOOK "}", ""},
		{"{" OF_SERVICE WAYPOINTS("True", "All waypoints resolved") "}", ""},
		/* Istio's words are cut; its status is True all the same */
		{"{" OF_SERVICE WAYPOINTS("True", NO_WAYPOINT) "}",
	         "Service cart: istio.io/use-waypoint label missing from parent and parent namespace; in "
	         "ambient mode, route will not be respected"},
		{"{" OF_SERVICE WAYPOINTS("False", "none") "}", "Service cart: none"},
		{"{'parentRef': {'name': 'g'}, " WAYPOINTS("True", NO_WAYPOINT) "}", ""},
		{"{'parentRef': {'name': 'g'}, " TOOK
	         "}, {" OF_SERVICE WAYPOINTS("False", "none") "}",
	         "Service cart: none"},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		char text[2048];
		char doubt[192];
		json_t *route;

		(void)snprintf(text, sizeof(text), "{'status': {'parents': [%s]}}",
		               rows[i].statuses);
		route = merge_parse(text);
		gateway_parent_doubt(route, doubt, sizeof(doubt));
		assert_string_equal(doubt, rows[i].doubt);
		json_decref(route);
	}
}

static void test_parents(void **state)
{
	for (size_t i = 0; i < array_length(parent_rows); i++) {
		const struct parent_row *row = &parent_rows[i];
		char text[2048];
		char why[SENTENCE_MAX];
		json_t *route;

		(void)snprintf(
			text, sizeof(text),
			"{'metadata': {'namespace': 'shop', 'generation': 3}, 'spec': {'parentRefs': [%s]},"
			" 'status': {'parents': [%s]}}",
			row->parents, row->statuses);
		route = merge_parse(text);
		assert_int_equal(gateway_parent_took(route, why), row->why[0] == '\0');
		assert_string_equal(why, row->why);
		json_decref(route);
	}
}

/* Refused before anything moves, with the path (defects 3 and 5); the analysis is never widened. */
static void test_refused(void **state)
{
#define GATEWAY(rest) "{'spec': {'provider': 'gatewayapi', " rest "}}"
#define AB(match)            \
 GATEWAY("'service': {" REFS \
	 "}, 'analysis': {'stepWeight': null, 'iterations': 2, 'match': [" match "]}")
#define SERVICE(rest) GATEWAY("'service': {" REFS ", " rest "}")
	static const struct canary_row rows[] = {
		{"no parent", GATEWAY("'service': {'port': 80}"),
	         "spec.service.gatewayRefs: expected a Gateway or a Service as parent of the route, or spec.routeRef, got none"},
		{"the user's own route",
	         GATEWAY("'routeRef': {'kind': 'HTTPRoute', 'name': 'mine'}"),
	         "=provider=gatewayapi"},
		{"any version",
	         "{'spec': {'provider': 'gatewayapi:v1beta1', 'service': {" REFS "}}}",
	         "=provider=gatewayapi:v1beta1"},
		{"another kind of route",
	         GATEWAY("'routeRef': {'kind': 'ApisixRoute', 'name': 'mine'}"),
	         "spec.routeRef.kind: expected HTTPRoute or GRPCRoute, got \"ApisixRoute\""},
		{"a parent without name",
	         GATEWAY("'service': {'gatewayRefs': [{'kind': 'Gateway'}]}"),
	         "spec.service.gatewayRefs[0].name: expected a Gateway's or a Service's name, got nothing"},
		{"a headless parent",
	         GATEWAY("'service': {'name': 'cart', 'headless': true, 'gatewayRefs': [{'kind': 'Service', 'group': '', 'name': 'cart'}]}"),
	         "spec.service.headless: expected false: the apex Service is a parent of the route and needs an address"},
		{"a prefix of a header", AB("{'headers': {'x': {'prefix': 'a'}}}"),
	         "spec.analysis.match[0].headers.x: expected exact or regex alone: a route cannot match otherwise"},
		{"labels of the caller",
	         AB("{'headers': {'x': {'exact': 'a'}}, 'sourceLabels': {'a': 'b'}}"),
	         "spec.analysis.match[0].sourceLabels: a route cannot match it, expected headers or queryParams"},
		{"all requests", AB("{'headers': {}}"),
	         "spec.analysis.match[0]: expected a header or a query parameter: all requests would go to the canary"},
		{"a pattern that is none", AB("{'headers': {'x': {'regex': '('}}}"),
	         "spec.analysis.match[0].headers.x.regex: expected a regular expression, got one with this at character 2: missing closing parenthesis"},
		{"a query parameter", AB("{'queryParams': {'x': {'exact': 'a'}}}"),
	         "=ab provider=gatewayapi"},
		{"a suffix in the service's", SERVICE("'match': [{'uri': {'suffix': '/a'}}]"),
	         "spec.service.match[0].uri: expected one of exact, prefix and regex"},
		{"a method that is a pattern", SERVICE("'match': [{'method': {'regex': 'G.*'}}]"),
	         "spec.service.match[0].method: expected exact alone: a route cannot match otherwise"},
		{"what Flagger leaves out, too",
	         SERVICE("'match': [{'withoutHeaders': {'a': {'exact': 'b'}}}]"),
	         "!spec.service.match[0].withoutHeaders: a route cannot match it: ignored"},
		{"a time with a fraction", SERVICE("'timeout': '1.5s'"),
	         "spec.service.timeout: expected a time like 10s or 1m30s, of whole numbers, got \"1.5s\""},
		{"a prefix without one to replace",
	         SERVICE("'rewrite': {'uri': '/', 'type': 'ReplacePrefixMatch'}, 'match': [{'uri': {'exact': '/a'}}]"),
	         "spec.service.rewrite.type: ReplacePrefixMatch needs uri.prefix in each entry of spec.service.match"},
		{"a path of gRPC",
	         GATEWAY("'routeRef': {'kind': 'GRPCRoute', 'name': 'g'}, 'service': {" REFS
	                 ", 'match': [{'uri': {'prefix': '/a/b/c'}}]}"),
	         "spec.service.match[0].uri.prefix: expected /SERVICE/ or /SERVICE/METHOD, got \"/a/b/c\""},
		{"copies",
	         "{'spec': {'provider': 'gatewayapi', 'service': {" REFS
	         "}, 'analysis': {'mirror': true}}}",
	         "=provider=gatewayapi"},
	};
	for (size_t i = 0; i < array_length(rows); i++)
		canary_rows_check(&rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parents),
		cmocka_unit_test(test_doubt),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

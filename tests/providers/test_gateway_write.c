/* Provider gatewayapi: the conversation with the API server, request by request. */
#include "tests/providers/cart.h"
#include "tests/providers/gateway_cart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define URL "/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes"
#define LIVE(version, weight)                                                                       \
 "{'apiVersion': 'gateway.networking.k8s.io/v1', 'kind': 'HTTPRoute', 'metadata': {'name': 'cart'," \
 " 'namespace': 'shop', 'resourceVersion': '" version "'" OURS "}, 'spec': " weight "}"

static void test_write(void **state)
{
	static const struct cart_exchange create[] = {{"GET " URL "/cart", "", 404, "{}"},
	                                              {"POST " URL "?fieldManager=serin", NULL, 201,
	                                               LIVE("1", RULES(""))},
	                                              {0}};
	static const struct cart_exchange patch[] = {
		{"GET " URL "/cart", "", 200, LIVE("7", RULES("{" ROOT ", " SPLIT(100, 0) "}"))},
		{"PATCH " URL "/cart?fieldManager=serin",
	         "[{'op': 'test', 'path': '/metadata/resourceVersion', 'value': '7'}, " STEP(
			 0, 0, "cart-primary", 80) ", " STEP(0, 1, "cart-canary", 20) "]",
	         200, LIVE("8", RULES("{" ROOT ", " SPLIT(80, 20) "}"))},
		{0}};
	static const struct cart_exchange changed[] = {
		{"GET " URL "/cart", "", 200, LIVE("8", RULES("{" ROOT ", " SPLIT(100, 0) "}"))},
		{0}};
	static const struct cart_exchange undefined[] = {{"GET " URL "/cart", "", 404, "{}"},
	                                                 {"POST " URL "?fieldManager=serin", NULL,
	                                                  404, "{'reason': 'NotFound'}"},
	                                                 {0}};
	struct effect effect = {.kind = EFFECT_WRITE_ROUTE,
	                        .subject = SUBJECT_ROUTE,
	                        .weight = 20,
	                        .resource_version = "7"};
	struct cart cart;
	struct act act;

	gateway_cart_init(&cart, CANARY, STRATEGY_CANARY);
	assert_int_equal(cart_drive(&cart, &act, &effect, create), TALK_DONE);
	act_fini(&act);
	assert_int_equal(cart_drive(&cart, &act, &effect, patch), TALK_DONE);
	assert_int_equal(act.result.outcome, ACT_OK);
	act_fini(&act);
	assert_int_equal(cart_drive(&cart, &act, &effect, changed), TALK_DONE);
	assert_int_equal(act.result.outcome, ACT_CONFLICT);
	act_fini(&act);
	assert_int_equal(cart_drive(&cart, &act, &effect, undefined), TALK_FAILED);
	assert_non_null(strstr(act.result.text,
	                       "is the namespace there, and its resource definition installed?"));
	act_fini(&act);
	cart_fini(&cart);
}

/* A retreat asks nothing: one request from the route as it was last seen; when that rests on
 * something that changed, it looks and writes again. */
static void test_retreat(void **state)
{
#define AWAY    "[" STEP(0, 0, "cart-primary", 100) ", " STEP(0, 1, "cart-canary", 0) "]"
#define PATCHED "PATCH " URL "/cart?fieldManager=serin"
	static const struct cart_exchange blind[] = {
		{PATCHED, AWAY, 200, LIVE("8", RULES("{" ROOT ", " SPLIT(100, 0) "}"))}, {0}};
	static const struct cart_exchange moved[] = {
		{PATCHED, AWAY, 422, "{'reason': 'Invalid'}"},
		{"GET " URL "/cart", "", 200,
	         LIVE("9", RULES("{" ROOT ", 'filters': [" COPIES "], 'backendRefs': [" REF(
				   "cart-canary", 20) ", " REF("cart-primary", 80) "]}"))},
		{PATCHED,
	         "[{'op': 'test', 'path': '/spec/rules/0/filters/0/requestMirror/backendRef/name', 'value': 'cart-canary'}, {'op':"
	         " 'remove', 'path': '/spec/rules/0/filters/0'}, {'op': 'remove', 'path': '/spec/rules/0/filters'}, " STEP(
			 0, 0, "cart-canary", 0) ", " STEP(0, 1, "cart-primary", 100) "]",
	         200, LIVE("10", RULES(""))},
		{0}};
	static const struct cart_exchange gone[] = {{PATCHED, AWAY, 404, "{}"}, {0}};
	json_t *seen = gateway_cart_live(OURS, RULES("{" ROOT ", " SPLIT(80, 20) "}"));
	struct effect effect = {
		.kind = EFFECT_WRITE_ROUTE, .subject = SUBJECT_ROUTE, .is_retreat = true};
	struct cart cart;
	struct act act;

	gateway_cart_init(&cart, CANARY, STRATEGY_CANARY);
	cart.world.route_object = seen;
	assert_int_equal(cart_drive(&cart, &act, &effect, blind), TALK_DONE);
	act_fini(&act);
	assert_int_equal(cart_drive(&cart, &act, &effect, moved), TALK_DONE);
	assert_int_equal(act.result.outcome, ACT_OK);
	act_fini(&act);
	assert_int_equal(cart_drive(&cart, &act, &effect, gone), TALK_DONE);
	assert_int_equal(act.result.outcome, ACT_ABSENT);
	act_fini(&act);
	json_decref(seen);
	cart_fini(&cart);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_retreat),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

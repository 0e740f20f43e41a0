/*
 * For random HTTPRoutes of users: giving the canary a weight changes nothing but where our rules
 * lead, doing it twice changes nothing more, a retreat leaves the canary nothing, and giving the
 * route back gives the object back.
 */
#include "providers/traffic.h"
#include "providers/traffic/gateway_backend.h"
#include "providers/traffic/gateway_route.h"
#include "providers/traffic/gateway_taken.h"
#include "tests/providers/users.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SEEDS 3000

static const char *const ours[] = {
	"[{'name': 'cart', 'port': 80}]",
	"[{'group': '', 'kind': 'Service', 'name': 'cart', 'port': 80, 'weight': 1}]",
	"[{'group': 'core', 'name': 'cart', 'namespace': 'shop', 'port': 8080, 'weight': 7, 'filters': [{'type': 'URLRewrite'}]}]",
	"[{'name': 'cart-primary', 'port': 80, 'weight': 9}, {'name': 'cart-canary', 'port': 80, 'weight': 1}]",
	"[{'name': 'cart-canary', 'port': 80, 'weight': 0}, {'name': 'cart-primary', 'port': 81, 'unknown': [1]}]",
	"[{'name': 'cart', 'port': 80, 'weight': 3}, {'name': 'cart-canary', 'port': 80}]",
};

static const char *const others[] = {
	"{'backendRefs': [{'name': 'help', 'port': 80}]}",
	"{'backendRefs': [{'name': 'help', 'weight': 7}, {'name': 'cart-canary', 'namespace': 'other', 'weight': 93}]}",
	"{'filters': [{'type': 'RequestRedirect', 'requestRedirect': {'hostname': 'x'}}]}",
	"{'matches': [{'path': {'type': 'Exact', 'value': '/z'}}], 'backendRefs': [{'kind': 'Pool', 'name': 'cart'}]}",
	"{}",
};

static const char *const fields[] = {
	"{'matches': [{'path': {'type': 'PathPrefix', 'value': '/a'}}, {'headers': [{'name': 'x', 'value': 'y'}]}]}",
	"{'name': 'first', 'timeouts': {'request': '3s'}, 'retry': {'attempts': 2}}",
	"{'filters': [{'type': 'RequestMirror', 'requestMirror': {'backendRef': {'name': 'log', 'port': 1}, 'percent': 3}}]}",
	"{'filters': [{'type': 'ExtensionRef', 'extensionRef': {'group': 'a', 'kind': 'b', 'name': 'c'}}]}",
	"{'sessionPersistence': {'sessionName': 's'}}",
	"{'future': {'field': [null, 1, {'a': true}]}}",
};

static const char *const specs[] = {
	"{'parentRefs': [{'name': 'public'}]}",
	"{'parentRefs': [{'group': '', 'kind': 'Service', 'name': 'cart', 'port': 80}], 'hostnames': ['a', '*.b']}",
	"{'parentRefs': [{'name': 'a'}, {'name': 'b', 'sectionName': 'c'}], 'unknown': {'a': [1, 2.5, 'x']}}",
};

static const struct users_texts texts = {
	.list = "rules",
	.backends = "backendRefs",
	.sure = "{'matches': [{'method': 'GET'}], 'backendRefs': [{'name': 'cart', 'port': 80}]}",
	.specs = specs,
	.n_specs = array_length(specs),
	.ours = ours,
	.n_ours = array_length(ours),
	.others = others,
	.n_others = array_length(others),
	.fields = fields,
	.n_fields = array_length(fields),
};

static json_t *rules_of(const json_t *object)
{
	return json_object_get(json_object_get(object, "spec"), "rules");
}

static json_t *weighed(const struct cart *cart, json_t *object, struct gateway_rules_split split)
{
	json_t *patch = json_array();
	struct err err = {0};

	if (!gateway_route_repair(patch, &cart->world, object, split, &err))
		fail_msg("%s", err.text);
	object = users_patched(object, patch);
	patch = json_array();
	assert_true(gateway_route_repair(patch, &cart->world, object, split, &err));
	assert_int_equal(json_array_size(patch), 0);
	json_decref(patch);
	return object;
}

/* A retreat leaves the canary neither weight nor copies. */
static json_t *withdrawn(const struct cart *cart, json_t *object)
{
	json_t *patch = json_array();
	struct gateway_rules_split split;

	gateway_rules_weigh(patch, &cart->world, rules_of(object), 0);
	object = users_patched(object, patch);
	split = gateway_rules_read(&cart->world, rules_of(object));
	assert_int_equal(split.weight, 0);
	assert_false(split.is_mirrored);
	return object;
}

static bool is_noted(const json_t *notes, const json_t *rule)
{
	for (size_t i = 0; i < json_array_size(notes); i++) {
		if (json_equal(json_array_get(notes, i), json_object_get(rule, "matches")))
			return true;
	}
	return false;
}

static bool is_copy(const json_t *filter)
{
	const json_t *ref = json_object_get(json_object_get(filter, "requestMirror"), "backendRef");
	const char *name = json_string_value(json_object_get(ref, "name"));

	return name && strcmp(name, "cart-canary") == 0;
}

static void drop_copies(json_t *rule)
{
	json_t *filters = json_object_get(rule, "filters");

	for (size_t i = json_array_size(filters); i-- > 0;) {
		if (is_copy(json_array_get(filters, i)))
			json_array_remove(filters, i);
	}
	if (filters && json_array_size(filters) == 0)
		json_object_del(rule, "filters");
}

static const char *const taken[] = {GATEWAY_TAKEN_BEFORE, GATEWAY_TAKEN_ORIGINAL,
                                    GATEWAY_TAKEN_RULES, NULL};

/* What must not change: all but our rules' backends, our own rules, copies and annotations. */
static json_t *kept_of(const struct cart *cart, const json_t *object)
{
	json_t *copy = users_without(object, taken);
	json_t *notes = gateway_taken_rules(object);
	json_t *rules = rules_of(copy);

	for (size_t i = json_array_size(rules); i-- > 0;) {
		json_t *rule = json_array_get(rules, i);

		if (is_noted(notes, rule)) {
			json_array_remove(rules, i);
			continue;
		}
		drop_copies(rule);
		if (gateway_backend_is_ours(&cart->world, rule))
			json_object_del(rule, "backendRefs");
	}
	json_decref(notes);
	return copy;
}

static void run(struct cart *cart, unsigned number)
{
	uint64_t seed = number;
	json_t *before = users_route(&seed, &texts);
	json_t *kept = kept_of(cart, before);
	json_t *object = json_deep_copy(before);
	int steps = 1 + (int)draw(&seed, 4);
	json_t *now;

	for (int i = 0; i < steps; i++) {
		struct gateway_rules_split split = {.weight = (int)draw(&seed, 101)};
		bool is_ab = cart->spec.strategy == STRATEGY_AB;
		struct gateway_rules_split read;

		if (is_ab && split.weight > 0)
			split.weight = 100;
		split.is_mirrored = !is_ab && draw(&seed, 4) == 0;
		split.cookies = users_cookies(cart, &seed);
		if (split.weight == 0)
			split.cookies.primary = (struct cookie){0};
		object = weighed(cart, object, split);
		read = gateway_rules_read(&cart->world, rules_of(object));
		assert_int_equal(read.weight, split.weight);
		assert_true(cookie_are_same(&read.cookies, &split.cookies));
		now = kept_of(cart, object);
		users_check_same(number, "weighed", kept, now);
		json_decref(now);
		if (draw(&seed, 3) == 0)
			object = withdrawn(cart, object);
	}
	object = users_patched(object, gateway_route_restore(&cart->world, object));
	users_check_same(number, "restored", before, object);
	json_decref(object);
	json_decref(kept);
	json_decref(before);
}

static void test_users(void **state)
{
	for (unsigned i = 0; i < 3; i++) {
		struct cart cart;

		cart_init(
			&cart,
			"{'spec': {'provider': 'gatewayapi', 'routeRef': {'kind': 'HTTPRoute', 'name': 'mine'}, 'analysis':"
			" {'match': [{'headers': {'x-beta': {'exact': '1'}}}]}}}");
		cart.world.traffic = traffic_find("gatewayapi", NULL);
		cart.spec.strategy = i == 1 ? STRATEGY_AB : STRATEGY_CANARY;
		cart.spec.affinity.cookie = i == 2 ? "a.b" : NULL;
		for (unsigned seed = 1; seed <= SEEDS; seed++)
			run(&cart, seed);
		cart_fini(&cart);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * For random VirtualServices of users: giving the canary a weight changes nothing but where our
 * rules lead, doing it twice changes nothing more, and giving it back gives the object back.
 */
#include "providers/traffic.h"
#include "providers/traffic/istio_fit.h"
#include "providers/traffic/istio_route.h"
#include "tests/providers/users.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SEEDS 3000

static const char *const ours[] = {
	"[{'destination': {'host': 'cart'}}]",
	"[{'destination': {'host': 'cart', 'subset': 'v1', 'port': {'number': 80}}, 'weight': 100}]",
	"[{'destination': {'host': 'cart.shop'}, 'headers': {'request': {'add': {'a': 'b'}}}, 'weight': 3}]",
	"[{'destination': {'host': 'cart', 'subset': 'v1'}, 'weight': 90}, {'destination': {'host': 'cart', 'subset': 'v2'},"
	" 'weight': 10}]",
	"[{'destination': {'host': 'cart-primary.shop.svc.cluster.local'}, 'weight': 100}, {'destination': {'host':"
	" 'cart-canary.shop.svc.cluster.local'}, 'weight': 0}]",
	"[{'destination': {'host': 'cart-canary'}, 'weight': 1}, {'destination': {'host': 'cart-primary'}, 'weight': 9, 'unknown': [1]}]",
};

static const char *const others[] = {
	"{'route': [{'destination': {'host': 'help'}}]}",
	"{'route': [{'destination': {'host': 'help'}, 'weight': 7}, {'destination': {'host': 'cart-canary.other'}, 'weight': 93}]}",
	"{'redirect': {'uri': '/x'}}",
	"{'delegate': {'name': 'cart', 'namespace': 'x'}, 'match': [{'uri': {'prefix': '/'}}]}",
	"{'directResponse': {'status': 404}}",
};

static const char *const fields[] = {
	"{'match': [{'uri': {'prefix': '/a'}}, {'headers': {'x': {'exact': 'y'}}}]}",
	"{'name': 'first', 'timeout': '3s', 'retries': {'attempts': 0}}",
	"{'mirrors': [{'destination': {'host': 'log'}, 'percentage': {'value': 2.5}}]}",
	"{'mirror': {'host': 'log'}, 'fault': {'delay': {'fixedDelay': '1s'}}}",
	"{'future': {'field': [null, 1, {'a': true}]}}",
};

static const char *const specs[] = {
	"{'hosts': ['cart']}",
	"{'hosts': ['*'], 'gateways': ['a/b', 'mesh'], 'exportTo': ['.'], 'tls': [{'match': []}]}",
	"{'unknown': {'a': [1, 2.5, 'x']}, 'tcp': [{'route': [{'destination': {'host': 'cart'}}]}]}",
};

static const struct users_texts texts = {
	.list = "http",
	.backends = "route",
	.sure = "{'match': [{'port': 1}], 'route': [{'destination': {'host': 'cart'}}]}",
	.specs = specs,
	.n_specs = array_length(specs),
	.ours = ours,
	.n_ours = array_length(ours),
	.others = others,
	.n_others = array_length(others),
	.fields = fields,
	.n_fields = array_length(fields),
};

static json_t *weighed(const struct cart *cart, json_t *object, struct istio_rules_split split)
{
	json_t *patch = json_array();
	struct err err = {0};

	if (!istio_route_repair(patch, &cart->world, object, split, &err))
		fail_msg("%s", err.text);
	object = users_patched(object, patch);
	patch = json_array();
	assert_true(istio_route_repair(patch, &cart->world, object, split, &err));
	assert_int_equal(json_array_size(patch), 0);
	json_decref(patch);
	return object;
}

static const char *const taken[] = {ISTIO_ROUTE_BEFORE, ISTIO_ROUTE_ORIGINAL, NULL};

/* What must not change: everything but our rules' routes, our own rules, and our annotations. */
static json_t *kept_of(const struct cart *cart, const json_t *object)
{
	json_t *copy = users_without(object, taken);
	json_t *rules = json_object_get(json_object_get(copy, "spec"), "http");

	for (size_t i = json_array_size(rules); i-- > 0;) {
		json_t *rule = json_array_get(rules, i);
		const char *name = json_string_value(json_object_get(rule, "name"));
		json_t *one = json_pack("[O]", rule);
		json_t *fitted = istio_fit_rules(&cart->world, one, (struct istio_rules_split){0},
		                                 &(struct err){0});

		if (name && strncmp(name, "serin-match", 11) == 0)
			json_array_remove(rules, i);
		else if (fitted)
			json_object_del(rule, "route");
		json_decref(fitted);
		json_decref(one);
	}
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

	/* a mirror of the user's own cannot be there twice, all else can be adopted */
	for (int i = 0; i < steps; i++) {
		int weight = i + 1 == steps ? 0 : (int)draw(&seed, 101);
		bool is_ab = cart->spec.strategy == STRATEGY_AB;
		struct istio_rules_split split = {.cookies = users_cookies(cart, &seed)};
		struct istio_rules_split read;

		split.weight = weight = is_ab && weight > 0 ? 100 : weight;
		if (weight == 0)
			split.cookies.primary = (struct cookie){0};
		object = weighed(cart, object, split);
		read = istio_rules_read(&cart->world,
		                        json_object_get(json_object_get(object, "spec"), "http"));
		assert_int_equal(read.weight, weight);
		assert_true(cookie_are_same(&read.cookies, &split.cookies));
		now = kept_of(cart, object);
		users_check_same(number, "weighed", kept, now);
		json_decref(now);
	}
	object = users_patched(object, istio_route_restore(&cart->world, object));
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
			"{'spec': {'provider': 'istio', 'service': {'timeout': '9s', 'hosts': ['mine']}, 'analysis':"
			" {'match': [{'headers': {'x-beta': {'exact': '1'}}}]}}}");
		cart.world.traffic = traffic_find("istio", NULL);
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

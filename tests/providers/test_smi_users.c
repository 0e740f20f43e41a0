/*
 * For random TrafficSplits of users that can be taken over: giving the canary a weight changes
 * nothing but where backends lead, and giving the object back gives it back.
 */
#include "providers/traffic.h"
#include "providers/traffic/gateway_taken.h"
#include "providers/traffic/smi_split.h"
#include "tests/providers/users.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define SEEDS 1000

static json_t *random_object(uint64_t *seed)
{
	static const char *const backends[] = {
		"[{'service': 'cart', 'weight': 1}]",
		"[{'service': 'cart.shop', 'weight': 100, 'novel': true}]",
		"[{'service': 'cart-primary', 'weight': 9}, {'service': 'cart-canary', 'weight': 1}]",
		"[{'service': 'cart-canary', 'weight': 0}, {'service': 'cart-primary', 'weight': 7, 'a': 'b'}]",
	};
	static const char *const specs[] = {
		"{'service': 'cart'}",
		"{'service': 'cart.shop', 'matches': [{'kind': 'HTTPRouteGroup', 'name': 'm'}]}",
		"{'service': 'cart', 'unknown': {'a': [1, 2.5, null]}}",
	};
	json_t *object = json_object();
	json_t *spec = draw_json(seed, specs, array_length(specs));

	json_object_set_new(spec, "backends", draw_json(seed, backends, array_length(backends)));
	json_object_set_new(object, "metadata", users_metadata(seed));
	json_object_set_new(object, "spec", spec);
	return object;
}

static const char *const taken[] = {GATEWAY_TAKEN_BEFORE, GATEWAY_TAKEN_ORIGINAL, NULL};

static json_t *without_backends(const json_t *object)
{
	json_t *copy = users_without(object, taken);

	json_object_del(json_object_get(copy, "spec"), "backends");
	return copy;
}

static void run(struct cart *cart, unsigned number)
{
	uint64_t seed = number;
	json_t *before = random_object(&seed);
	json_t *kept = without_backends(before);
	json_t *object = json_deep_copy(before);
	struct err err = {0};

	for (unsigned i = draw(&seed, 4) + 1; i > 0; i--) {
		int weight = (int)draw(&seed, 101);
		json_t *patch = json_array();
		json_t *now;

		assert_true(smi_split_repair(patch, &cart->world, object, weight, &err));
		object = users_patched(object, patch);
		assert_int_equal(smi_split_share(&cart->world, object), weight);
		now = without_backends(object);
		users_check_same(number, "weighed", kept, now);
		json_decref(now);
		patch = json_array();
		assert_true(smi_split_repair(patch, &cart->world, object, weight, &err));
		assert_int_equal(json_array_size(patch), 0);
		smi_split_weigh(patch, &cart->world, object, 0);
		object = users_patched(object, patch);
		assert_int_equal(smi_split_share(&cart->world, object), 0);
	}
	object = users_patched(object, smi_split_restore(&cart->world, object));
	users_check_same(number, "restored", before, object);
	json_decref(object);
	json_decref(kept);
	json_decref(before);
}

static void test_users(void **state)
{
	static const char *const providers[] = {"smi:v1alpha1", "smi:v1alpha2", "smi:v1alpha3",
	                                        "osm"};

	for (size_t i = 0; i < array_length(providers); i++) {
		struct cart cart;

		cart_init(&cart, "{}");
		cart.spec.provider = providers[i];
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

/*
 * For random Ingresses of users: the clone is the user's but for the apex backends and our marks,
 * giving the canary a weight changes nothing but its annotations, also of a clone that somebody
 * edited, and twice changes nothing more. (Giving back is deleting the clone: the user's Ingress is
 * never written.)
 */
#include "analysis/base/text.h"
#include "providers/traffic.h"
#include "providers/traffic/nginx_ingress.h"
#include "tests/providers/cart.h"
#include "tests/providers/draw.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SEEDS 3000
#define N     "nginx.ingress.kubernetes.io/"

static const char *const ours[] = {
	"{'http': {'paths': [{'path': '/', 'pathType': 'Prefix', 'backend': {'service': {'name': 'cart', 'port': {'number': 80}}}}]}}",
	"{'host': 'a.example', 'http': {'paths': [{'path': '/a', 'backend': {'service': {'name': 'cart', 'port': {'name': 'web'}}}},"
	" {'path': '/b', 'backend': {'service': {'name': 'help', 'port': {'number': 1}}}}]}}",
	"{'host': 'a.example', 'http': {'paths': [{'backend': {'resource': {'kind': 'Bucket', 'name': 'cart'}}}, {'future': 1,"
	" 'backend': {'service': {'name': 'cart'}}}]}}",
};

static const char *const others[] = {
	"{'host': 'bare.example'}", /* without http (traffic-providers.md 9, defect 18) */
	"{'http': {}}",
	"{'http': {'paths': [{'path': '/', 'backend': {'service': {'name': 'cart-api', 'port': {'number': 80}}}}]}}",
	"{'host': 'b.example', 'http': {'paths': []}}",
	"{}",
};

static const char *const annotations[] = {
	"{}",
	"{'" N "proxy-body-size': '8m', '" N "rewrite-target': '/$2'}",
	"{'kubernetes.io/ingress.class': 'nginx', 'cert-manager.io/cluster-issuer': 'x'}",
	"{'team': 'shop', '" N "canary': 'false'}",
};

static const char *const fields[] = {
	"{}",
	"{'ingressClassName': 'nginx'}",
	"{'tls': [{'hosts': ['a.example'], 'secretName': 's'}]}",
	"{'defaultBackend': {'service': {'name': 'cart', 'port': {'number': 80}}}, 'future': [null, {'a': 1}]}",
};

static json_t *random_source(uint64_t *seed)
{
	json_t *source = merge_parse(
		"{'metadata': {'name': 'storefront', 'namespace': 'shop', 'labels': {'app': 'a'}}}");
	json_t *spec = draw_json(seed, fields, array_length(fields));
	json_t *rules = json_array();

	for (unsigned i = draw(seed, 3); i > 0; i--)
		json_array_append_new(rules, draw_json(seed, others, array_length(others)));
	json_array_insert_new(rules, draw(seed, (unsigned)json_array_size(rules) + 1),
	                      draw_json(seed, ours, array_length(ours)));
	json_object_set_new(spec, "rules", rules);
	json_object_set_new(source, "spec", spec);
	json_object_set_new(json_object_get(source, "metadata"), "annotations",
	                    draw_json(seed, annotations, array_length(annotations)));
	return source;
}

/* Somebody else's hand on the clone. */
static const char *const edits[] = {
	"{}",
	"{'metadata': {'labels': {'seen': 'yes'}, 'finalizers': ['a/b']}}",
	"{'metadata': {'annotations': {'field.cattle.io/publicEndpoints': '[]'}}, 'status': {'loadBalancer': {}}}",
	"{'metadata': {'annotations': {'" N "canary-by-header': 'x', '" N "canary-weight': '77'}}}",
	"{'metadata': {'annotations': {'" N "proxy-body-size': '1m', '" N "limit-rps': '3'}}}",
};

static bool is_weight(const char *key)
{
	return strncmp(key, N "canary", strlen(N "canary")) == 0;
}

/* OBJECT without the annotations that we may write. */
static json_t *without_ours(const json_t *object, const json_t *source)
{
	json_t *copy = json_deep_copy(object);
	json_t *said = json_object_get(json_object_get(source, "metadata"), "annotations");
	json_t *notes = json_object_get(json_object_get(copy, "metadata"), "annotations");
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(notes, next, key, value)
	{
		if (is_weight(key) ||
		    (strncmp(key, N, strlen(N)) == 0 && json_object_get(said, key)))
			json_object_del(notes, key);
	}
	return copy;
}

static bool leads_to_apex(const json_t *path)
{
	const json_t *service = json_object_get(json_object_get(path, "backend"), "service");
	const char *name = json_string_value(json_object_get(service, "name"));

	return name && strcmp(name, "cart") == 0;
}

/* What leads to the apex, and nothing else, leads to the canary; all other fields are the user's.
 */
static json_t *spec_wanted(const json_t *source)
{
	json_t *spec = json_deep_copy(json_object_get(source, "spec"));
	json_t *rules = json_object_get(spec, "rules");

	json_object_del(spec, "defaultBackend");
	for (size_t i = json_array_size(rules); i-- > 0;) {
		json_t *http = json_object_get(json_array_get(rules, i), "http");
		json_t *paths = json_object_get(http, "paths");

		for (size_t j = json_array_size(paths); j-- > 0;) {
			json_t *path = json_array_get(paths, j);

			if (leads_to_apex(path))
				json_object_set_new(
					json_object_get(json_object_get(path, "backend"),
				                        "service"),
					"name", json_string("cart-canary"));
			else
				json_array_remove(paths, j);
		}
		if (json_array_size(paths) == 0)
			json_array_remove(rules, i);
	}
	return spec;
}

static void check_clone(const struct cart *cart, const json_t *source, const json_t *clone)
{
	json_t *wanted = spec_wanted(source);

	assert_true(json_equal(wanted, json_object_get(clone, "spec")));
	assert_int_equal(nginx_ingress_weight(&cart->world, clone), 0);
	json_decref(wanted);
}

/* PATCH is taken. */
static void lay(json_t **object, json_t *patch)
{
	merge_apply(object, patch);
	json_decref(patch);
}

static void run(struct cart *cart, unsigned number)
{
	uint64_t seed = number;
	json_t *source = random_source(&seed);
	json_t *before = json_deep_copy(source);
	struct err err = {0};
	json_t *clone = nginx_ingress_new(&cart->world, source, 0, &err);

	assert_non_null(clone);
	check_clone(cart, source, clone);
	for (unsigned i = draw(&seed, 4) + 1; i > 0; i--) {
		int weight = (int)draw(&seed, 101);
		json_t *kept;
		json_t *now;

		lay(&clone, draw_json(&seed, edits, array_length(edits)));
		kept = without_ours(clone, source);
		lay(&clone, nginx_ingress_merge(&cart->world, source, clone, weight));
		assert_int_equal(nginx_ingress_weight(&cart->world, clone), weight);
		assert_true(nginx_ingress_says(&cart->world, source, clone, weight));
		now = without_ours(clone, source);
		if (!json_equal(kept, now))
			fail_msg("seed %u", number);
		json_decref(now);
		json_decref(kept);
		/* Off without a look at it, as a retreat does. */
		lay(&clone, nginx_ingress_merge(&cart->world, NULL, NULL, 0));
		assert_int_equal(nginx_ingress_weight(&cart->world, clone), 0);
	}
	assert_true(json_equal(before, source));
	json_decref(clone);
	json_decref(before);
	json_decref(source);
}

static void test_users(void **state)
{
	struct cart cart;

	cart_init(&cart, "{}");
	for (unsigned seed = 1; seed <= SEEDS; seed++)
		run(&cart, seed);
	cart_fini(&cart);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

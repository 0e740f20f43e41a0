/* Provider istio, the whole agent: made and adopted routes, with each fault at each write. */
#include "tests/simulation/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STEPS   "\"stepWeight\":20,\"maxWeight\":40"
#define BACK    STEPS ",\"stepWeightPromotion\":15"
#define COPIES  "\"iterations\":2,\"mirror\":true,\"mirrorWeight\":10"
#define MATCHES "\"iterations\":2,\"match\":[{\"headers\":{\"x-beta\":{\"exact\":\"1\"}}}]"
#define ROUTES  "/apis/networking.istio.io/v1beta1/namespaces/shop/virtualservices"

/* A user's own, with rules and fields that are nobody's business. */
#define SPEC                                                                                              \
 "{\"hosts\":[\"shop.example\"],\"gateways\":[\"a/b\"],\"exportTo\":[\".\"],\"http\":[{\"match\":[{"      \
 "\"uri\":{\"exact\":\"/old\"}}],\"redirect\":{\"uri\":\"/new\"}},{\"name\":\"cart\",\"timeout\":\"3s\"," \
 "\"route\":[{\"destination\":{\"host\":\"cart.shop.svc.cluster.local\"}}]}]}"

static void make_canary(struct stage *stage)
{
	stage_canary(stage, "istio", STEPS);
}

static void begin(struct stage *stage, const char *analysis)
{
	flow_start(stage);
	flow_initialise(stage, "istio", analysis);
}

static void weights(struct stage *stage)
{
	begin(stage, STEPS);
}

static void steps_back(struct stage *stage)
{
	begin(stage, BACK);
}

static void copies(struct stage *stage)
{
	begin(stage, COPIES);
}

static void matches(struct stage *stage)
{
	begin(stage, MATCHES);
}

static void own_route(struct stage *stage)
{
	flow_start(stage);
	stage_write(
		stage, HTTP_POST, ROUTES,
		"{\"apiVersion\":\"networking.istio.io/v1beta1\",\"kind\":\"VirtualService\",\"metadata\":{"
		"\"name\":\"cart\",\"namespace\":\"shop\"},\"spec\":" SPEC "}");
}

static void adopted(struct stage *stage)
{
	own_route(stage);
	flow_initialise(stage, "istio", STEPS);
}

#define CANARY "/apis/flagger.app/v1beta1/namespaces/shop/canaries/cart"

/* With revertOnDeletion: the object goes last but for the Releases. */
static void held(struct stage *stage)
{
	weights(stage);
	stage_write(stage, HTTP_PATCH, CANARY, "{\"spec\":{\"revertOnDeletion\":true}}");
	stage_run(stage, 10);
}

static const struct flow flows[] = {
	{"initialise", flow_start, make_canary, "Initialized"},
	{"adopt", own_route, make_canary, "Initialized"},
	{"promote", weights, flow_push_v2, "Succeeded"},
	{"promote in steps back", steps_back, flow_push_v2, "Succeeded"},
	{"promote with copies", copies, flow_push_v2, "Succeeded"},
	{"promote by match", matches, flow_push_v2, "Succeeded"},
	{"promote on the user's", adopted, flow_push_v2, "Succeeded"},
	{"roll back", weights, flow_push_slow, "Failed"},
	{"roll back by match", matches, flow_push_slow, "Failed"},
	{"roll back on the user's", adopted, flow_push_slow, "Failed"},
	{"fail to promote in steps back", steps_back, flow_push_bad_primary, "Failed"},
	{"fail to promote", weights, flow_push_bad_primary, "Failed"},
	{"delete", weights, flow_delete_canary, ""},
	{"give back", adopted, flow_delete_canary, ""},
	{"delete what is held", held, flow_delete_canary, ""},
};

static void test_flows(void **state)
{
	(void)state;
	flow_perturb_all(flows, sizeof(flows) / sizeof(flows[0]));
}

static json_t *text_of(const char *text)
{
	json_t *json = json_loads(text, 0, NULL);

	assert_non_null(json);
	return json;
}

/* The user's is what it was, and of ours nothing is left. */
static void test_given_back(void **state)
{
	struct stage *stage = stage_new(1);
	json_t *spec = text_of(SPEC);
	const json_t *route;

	(void)state;
	adopted(stage);
	stage_push(stage, "v2");
	assert_true(stage_run_to(stage, "Succeeded", 200));
	/* At once: the reply of the status's write comes after the deletion, and says nothing. */
	flow_delete_canary(stage);
	stage_run(stage, 120);
	route = stage_find(stage, "virtualservices", "cart");
	if (!json_equal(json_object_get(route, "spec"), spec))
		fail_msg("%s", json_dumps(json_object_get(route, "spec"), JSON_SORT_KEYS));
	assert_null(json_object_get(json_object_get(route, "metadata"), "annotations"));
	assert_null(stage_find(stage, "destinationrules", "cart-primary"));
	assert_null(stage_find(stage, "destinationrules", "cart-canary"));
	assert_null(stage_find(stage, "services", "cart-primary"));
	json_decref(spec);
	stage_free(stage);
}

/* The ready pods that the primary's Service, which the route names, sends requests to. */
static long long n_served(struct stage *stage)
{
	const json_t *service = stage_find(stage, "services", "cart-primary");
	const json_t *selector = json_object_get(json_object_get(service, "spec"), "selector");
	const char *app = json_string_value(json_object_get(selector, "app"));
	const json_t *deployment = app ? stage_find(stage, "deployments", app) : NULL;

	return json_integer_value(
		json_object_get(json_object_get(deployment, "status"), "readyReplicas"));
}

/* D-3, on a mesh: the primary loses all its pods in a promotion that fails. The route leads past
 * the apex Service, so that the primary's Service covers with the canary's pods, and has the
 * primary's again in the end. */
static void test_D_3_cover_past_the_apex(void **state)
{
	struct stage *stage = stage_new(1);
	const json_t *service;

	(void)state;
	flow_start(stage);
	stage_write(stage, HTTP_PATCH, "/apis/apps/v1/namespaces/shop/deployments/cart",
	            "{\"spec\":{\"strategy\":{\"type\":\"Recreate\",\"rollingUpdate\":null}}}");
	flow_initialise(stage, "istio", STEPS);
	flow_push_bad_primary(stage);
	for (int i = 0; i < 300 && strcmp(stage_phase(stage), "Failed") != 0; i++) {
		stage_run(stage, 1);
		assert_true(n_served(stage) > 0);
	}
	assert_string_equal(stage_phase(stage), "Failed");
	stage_run(stage, 60);
	service = stage_find(stage, "services", "cart-primary");
	assert_string_equal(
		json_string_value(json_object_get(
			json_object_get(json_object_get(service, "spec"), "selector"), "app")),
		"cart-primary");
	stage_free(stage);
}

/* Traffic-providers.md 9, defect 1: what a foreign hand did to the route is put right with the
 * weight in force; a DestinationRule that is gone comes back. */
static void test_drift(void **state)
{
	struct stage *stage = stage_new(1);
	const json_t *rule;

	(void)state;
	weights(stage);
	stage_push(stage, "v2");
	stage_run(stage, 10);
	stage_write(
		stage, HTTP_PATCH, ROUTES "/cart",
		"{\"spec\":{\"gateways\":[\"x/y\"],\"exportTo\":[\".\"]},\"metadata\":{\"labels\":{\"team\":\"a\"}}}");
	stage_write(
		stage, HTTP_DELETE,
		"/apis/networking.istio.io/v1beta1/namespaces/shop/destinationrules/cart-canary",
		NULL);
	stage_run(stage, 3);
	rule = json_object_get(stage_find(stage, "virtualservices", "cart"), "spec");
	assert_string_equal(json_string_value(json_array_get(json_object_get(rule, "gateways"), 0)),
	                    "mesh");
	assert_non_null(json_object_get(rule, "exportTo"));
	rule = json_array_get(json_object_get(rule, "http"), 0);
	rule = json_array_get(json_object_get(rule, "route"), 1);
	assert_int_equal(json_integer_value(json_object_get(rule, "weight")), 20);
	assert_non_null(stage_find(stage, "destinationrules", "cart-canary"));
	assert_true(stage_run_to(stage, "Succeeded", 200));
	stage_free(stage);
}

/* An hour at rest without a request beside lease and watches. */
static void test_idle(void **state)
{
	struct stage *stage = stage_new(7);

	(void)state;
	adopted(stage);
	flow_expect_rest(stage);
	stage_free(stage);
}

static const json_t *finalizers(struct stage *stage)
{
	return json_object_get(json_object_get(stage_find(stage, "canaries", "cart"), "metadata"),
	                       "finalizers");
}

/* The field puts it on and takes it off, beside others' that stay. */
static void test_finalizer_follows_the_field(void **state)
{
	struct stage *stage = stage_new(1);

	weights(stage);
	stage_write(stage, HTTP_PATCH, CANARY,
	            "{\"metadata\":{\"finalizers\":[\"example.com/other\"]}}");
	stage_run(stage, 10);
	assert_int_equal(json_array_size(finalizers(stage)), 1);
	stage_write(stage, HTTP_PATCH, CANARY, "{\"spec\":{\"revertOnDeletion\":true}}");
	stage_run(stage, 10);
	assert_int_equal(json_array_size(finalizers(stage)), 2);
	assert_string_equal(json_string_value(json_array_get(finalizers(stage), 1)),
	                    "finalizer.flagger.app");
	stage_write(stage, HTTP_PATCH, CANARY, "{\"spec\":{\"revertOnDeletion\":false}}");
	stage_run(stage, 10);
	assert_int_equal(json_array_size(finalizers(stage)), 1);
	flow_expect_rest(stage);
	stage_free(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_given_back),
		cmocka_unit_test(test_finalizer_follows_the_field),
		cmocka_unit_test(test_D_3_cover_past_the_apex),
		cmocka_unit_test(test_drift),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_flows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

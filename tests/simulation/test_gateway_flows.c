/* The Gateway API and TrafficSplits, the whole agent: made and adopted routes, with each fault at
 * each write; which object Linkerd's is. */
#include "analysis/base/text.h"
#include "tests/simulation/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STEPS    "\"stepWeight\":20,\"maxWeight\":40"
#define COPIES   "\"mirror\":true,\"mirrorWeight\":10," STEPS
#define MATCHES  "\"iterations\":2,\"match\":[{\"headers\":{\"x-beta\":{\"exact\":\"1\"}}}]"
#define ROUTES   "/apis/gateway.networking.k8s.io/v1/namespaces/shop/httproutes"
#define CANARIES "/apis/flagger.app/v1beta1/namespaces/shop/canaries"

/* A user's own, with rules and fields that are nobody's business. */
#define SPEC                                                                                                     \
 "{\"parentRefs\":[{\"name\":\"public\"}],\"hostnames\":[\"shop.example\"],\"rules\":[{\"matches\":[{\"path\":{" \
 "\"type\":\"Exact\",\"value\":\"/old\"}}],\"filters\":[{\"type\":\"RequestRedirect\"}]},{\"name\":\"cart\","    \
 "\"timeouts\":{\"request\":\"3s\"},\"backendRefs\":[{\"name\":\"cart\",\"port\":80}]}]}"

/* A Canary with parents of a route. */
static void put_canary(struct stage *stage, const char *provider, const char *analysis)
{
	char body[4096];

	text_format(
		body, sizeof(body),
		"{\"apiVersion\":\"flagger.app/v1beta1\",\"kind\":\"Canary\",\"metadata\":{\"name\":\"cart\","
		"\"namespace\":\"shop\"},\"spec\":{\"provider\":\"%s\",\"progressDeadlineSeconds\":60,\"targetRef\":{"
		"\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"name\":\"cart\"},\"service\":{\"port\":80,"
		"\"targetPort\":8080,\"gatewayRefs\":[{\"name\":\"public\"}]},\"analysis\":{\"interval\":\"10s\","
		"\"threshold\":2,%s,\"metrics\":[{\"name\":\"request-success-rate\",\"thresholdRange\":{\"min\":99}},{"
		"\"name\":\"request-duration\",\"thresholdRange\":{\"max\":500}}]}}}",
		provider, analysis);
	stage_write(stage, HTTP_POST, CANARIES, body);
}

static void make_canary(struct stage *stage)
{
	put_canary(stage, "gatewayapi", STEPS);
}

static void begin(struct stage *stage, const char *provider, const char *analysis)
{
	flow_start(stage);
	put_canary(stage, provider, analysis);
	assert_true(stage_run_to(stage, "Initialized", 60));
	stage_run(stage, 10);
}

static void weights(struct stage *stage)
{
	begin(stage, "gatewayapi:v1beta1", STEPS);
}

static void copies(struct stage *stage)
{
	begin(stage, "gatewayapi", COPIES);
}

static void matches(struct stage *stage)
{
	begin(stage, "gatewayapi:v1", MATCHES);
}

static void splits(struct stage *stage)
{
	begin(stage, "smi:v1alpha2", STEPS);
}

static void own_route(struct stage *stage)
{
	flow_start(stage);
	stage_write(
		stage, HTTP_POST, ROUTES,
		"{\"apiVersion\":\"gateway.networking.k8s.io/v1\",\"kind\":\"HTTPRoute\",\"metadata\":{"
		"\"name\":\"cart\",\"namespace\":\"shop\"},\"spec\":" SPEC "}");
}

static void adopted(struct stage *stage)
{
	own_route(stage);
	make_canary(stage);
	assert_true(stage_run_to(stage, "Initialized", 60));
	stage_run(stage, 10);
}

static const struct flow flows[] = {
	{"initialise", flow_start, make_canary, "Initialized"},
	{"adopt", own_route, make_canary, "Initialized"},
	{"promote", weights, flow_push_v2, "Succeeded"},
	{"promote with copies", copies, flow_push_v2, "Succeeded"},
	{"promote by match", matches, flow_push_v2, "Succeeded"},
	{"promote on the user's", adopted, flow_push_v2, "Succeeded"},
	{"promote on a split", splits, flow_push_v2, "Succeeded"},
	{"roll back", weights, flow_push_slow, "Failed"},
	{"roll back by match", matches, flow_push_slow, "Failed"},
	{"roll back on the user's", adopted, flow_push_slow, "Failed"},
	{"roll back on a split", splits, flow_push_slow, "Failed"},
	{"delete", weights, flow_delete_canary, ""},
	{"give back", adopted, flow_delete_canary, ""},
};

static void test_flows(void **state)
{
	(void)state;
	flow_perturb_all(flows, sizeof(flows) / sizeof(flows[0]));
}

/* The user's is what it was, and of ours nothing is left. */
static void test_given_back(void **state)
{
	struct stage *stage = stage_new(1);
	json_t *spec = json_loads(SPEC, 0, NULL);
	const json_t *route;

	(void)state;
	adopted(stage);
	stage_push(stage, "v2");
	assert_true(stage_run_to(stage, "Succeeded", 200));
	flow_delete_canary(stage);
	stage_run(stage, 120);
	route = stage_find(stage, "httproutes", "cart");
	if (!json_equal(json_object_get(route, "spec"), spec))
		fail_msg("%s", json_dumps(json_object_get(route, "spec"), JSON_SORT_KEYS));
	assert_null(json_object_get(json_object_get(route, "metadata"), "annotations"));
	assert_null(stage_find(stage, "services", "cart-primary"));
	json_decref(spec);
	stage_free(stage);
}

static int weight_at(struct stage *stage, size_t ref)
{
	const json_t *rule = json_array_get(
		json_object_get(json_object_get(stage_find(stage, "httproutes", "cart"), "spec"),
	                        "rules"),
		0);

	return (int)json_integer_value(json_object_get(
		json_array_get(json_object_get(rule, "backendRefs"), ref), "weight"));
}

/* Traffic-providers.md 9, defect 1: what a foreign hand did to the route is put right with the
 * weight in force; labels and annotations of others start nothing (issue 1732 of the incumbent). */
static void test_drift(void **state)
{
	struct stage *stage = stage_new(1);
	const json_t *spec;

	(void)state;
	weights(stage);
	stage_push(stage, "v2");
	stage_run(stage, 12);
	assert_int_equal(weight_at(stage, 1), 20);
	stage_write(
		stage, HTTP_PATCH, ROUTES "/cart",
		"{\"spec\":{\"hostnames\":[\"x\"]},\"metadata\":{\"labels\":{\"team\":\"a\"},\"annotations\":{\"aws\":\"b\"}}}");
	stage_run(stage, 3);
	spec = json_object_get(stage_find(stage, "httproutes", "cart"), "spec");
	assert_null(json_object_get(spec, "hostnames"));
	assert_int_equal(weight_at(stage, 1), 20);
	assert_int_equal(weight_at(stage, 0), 80);
	assert_true(stage_run_to(stage, "Succeeded", 200));
	spec = json_object_get(stage_find(stage, "httproutes", "cart"), "metadata");
	assert_non_null(json_object_get(json_object_get(spec, "annotations"), "aws"));
	stage_free(stage);
}

/* Where no TrafficSplit of the first version is served, Linkerd's object is an HTTPRoute on the
 * apex. */
static void test_linkerd(void **state)
{
	struct stage *stage = stage_new(1);
	const json_t *spec;

	(void)state;
	flow_start(stage);
	stage_canary(stage, "linkerd", STEPS);
	assert_true(stage_run_to(stage, "Initialized", 60));
	stage_push(stage, "v2");
	assert_true(stage_run_to(stage, "Succeeded", 200));
	spec = json_object_get(stage_find(stage, "httproutes", "cart"), "spec");
	assert_string_equal(
		json_string_value(json_object_get(
			json_array_get(json_object_get(spec, "parentRefs"), 0), "kind")),
		"Service");
	assert_int_equal(weight_at(stage, 1), 0);
	assert_null(stage_find(stage, "trafficsplits", "cart"));
	stage_free(stage);
}

/* What the cluster serves is learnt while a Canary is there that never was valid. */
static void test_beside_an_invalid_one(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	flow_start(stage);
	stage_write(
		stage, HTTP_POST, CANARIES,
		"{\"apiVersion\":\"flagger.app/v1beta1\",\"kind\":\"Canary\",\"metadata\":{\"name\":\"aaa\","
		"\"namespace\":\"shop\"},\"spec\":{\"provider\":\"none\"}}");
	stage_run(stage, 3);
	make_canary(stage);
	assert_true(stage_run_to(stage, "Initialized", 60));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_given_back), cmocka_unit_test(test_drift),
		cmocka_unit_test(test_linkerd),    cmocka_unit_test(test_idle),
		cmocka_unit_test(test_flows),      cmocka_unit_test(test_beside_an_invalid_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

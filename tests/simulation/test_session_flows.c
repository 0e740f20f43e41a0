/* Session affinity, the whole agent: clients with cookies on the routes as they are written, and
 * the flows with each fault at each write. */
#include "analysis/base/text.h"
#include "analysis/cookie.h"
#include "providers/wire/pattern.h"
#include "tests/simulation/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STEPS "\"stepWeight\":20,\"maxWeight\":40"
#define STICKY                                                                                            \
 STEPS ",\"stepWeightPromotion\":30,\"sessionAffinity\":{\"cookieName\":\"cnry.v\",\"primaryCookieName\"" \
       ":\"prim\",\"path\":\"/\"}"
#define ROUTES   "/apis/networking.istio.io/v1beta1/namespaces/shop/virtualservices"
#define CANARIES "/apis/flagger.app/v1beta1/namespaces/shop/canaries"

static void sticky(struct stage *stage)
{
	flow_start(stage);
	flow_initialise(stage, "istio", STICKY);
}

static void sticky_on_the_users(struct stage *stage)
{
	flow_start(stage);
	stage_write(
		stage, HTTP_POST, ROUTES,
		"{\"apiVersion\":\"networking.istio.io/v1beta1\",\"kind\":\"VirtualService\","
		"\"metadata\":{\"name\":\"cart\",\"namespace\":\"shop\"},\"spec\":{\"hosts\":[\"a\"],"
		"\"http\":[{\"name\":\"cart\",\"route\":[{\"destination\":{\"host\":\"cart\"}}]}]}}");
	flow_initialise(stage, "istio", STICKY);
}

static void sticky_on_a_gateway(struct stage *stage)
{
	char body[4096];

	flow_start(stage);
	text_format(
		body, sizeof(body),
		"{\"apiVersion\":\"flagger.app/v1beta1\",\"kind\":\"Canary\",\"metadata\":{\"name\":\"cart\","
		"\"namespace\":\"shop\"},\"spec\":{\"provider\":\"gatewayapi\",\"progressDeadlineSeconds\":60,"
		"\"targetRef\":{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"name\":\"cart\"},\"service\":{"
		"\"port\":80,\"targetPort\":8080,\"gatewayRefs\":[{\"name\":\"public\"}]},\"analysis\":{\"interval\":"
		"\"10s\",\"threshold\":2,%s,\"metrics\":[{\"name\":\"request-success-rate\",\"thresholdRange\":{"
		"\"min\":99}},{\"name\":\"request-duration\",\"thresholdRange\":{\"max\":500}}]}}}",
		STICKY);
	stage_write(stage, HTTP_POST, CANARIES, body);
	assert_true(stage_run_to(stage, "Initialized", 60));
	stage_run(stage, 10);
}

static const struct flow flows[] = {
	{"promote, and clients stay", sticky, flow_push_v2, "Succeeded"},
	{"roll back, and clients go back", sticky, flow_push_slow, "Failed"},
	{"promote on the user's", sticky_on_the_users, flow_push_v2, "Succeeded"},
	{"promote on a gateway", sticky_on_a_gateway, flow_push_v2, "Succeeded"},
	{"roll back on a gateway", sticky_on_a_gateway, flow_push_slow, "Failed"},
};

static void test_flows(void **state)
{
	flow_perturb_all(flows, sizeof(flows) / sizeof(flows[0]));
}

/* Clients -------------------------------------------------------------------------------------- */

/* What a request meets. */
struct met {
	int weight;         /* of the canary */
	const char *set[2]; /* Set-Cookie by the primary, by the canary; NULL: none */
};

static const json_t *member(const json_t *object, const char *const *keys)
{
	for (; *keys && object; keys++)
		object = json_object_get(object, *keys);
	return object;
}

#define MEMBER(object, ...) member(object, (const char *const[]){__VA_ARGS__, NULL})

static bool takes(const json_t *rule, const char *header)
{
	const json_t *match = json_object_get(rule, "match");

	for (size_t i = 0; i < json_array_size(match); i++) {
		const json_t *regex =
			MEMBER(json_array_get(match, i), "headers", "cookie", "regex");

		if (regex && pattern_matches(json_string_value(regex), header, true))
			return true;
	}
	return json_array_size(match) == 0;
}

/* A request with that Cookie header, by the VirtualService as it stands. */
static struct met meet(struct stage *stage, const char *header)
{
	const json_t *rules = MEMBER(stage_find(stage, "virtualservices", "cart"), "spec", "http");
	const json_t *route = NULL;
	struct met met = {0};

	for (size_t i = 0; i < json_array_size(rules) && !route; i++) {
		if (takes(json_array_get(rules, i), header))
			route = json_object_get(json_array_get(rules, i), "route");
	}
	assert_int_equal(json_array_size(route), 2);
	met.weight = (int)json_integer_value(MEMBER(json_array_get(route, 1), "weight"));
	for (size_t i = 0; i < 2; i++)
		met.set[i] = json_string_value(MEMBER(json_array_get(route, i), "headers",
		                                      "response", "add", "Set-Cookie"));
	return met;
}

/* What a browser keeps of a Set-Cookie. */
static void keep(const char *set, char jar[128])
{
	assert_non_null(set);
	text_format(jar, 128, "theme=dark; %.*s", (int)strcspn(set, ";"), set);
}

static void run_to_weight(struct stage *stage, int weight)
{
	for (int i = 0; i < 400 && meet(stage, "").weight != weight; i++)
		stage_run(stage, 1);
	assert_int_equal(meet(stage, "").weight, weight);
}

/* Who got the canary stays there over the steps, those back too; who got the primary stays there
 * for one step. */
static void test_D_43_clients_stay(void **state)
{
	struct stage *stage = stage_new(1);
	char canary[128];
	char primary[128];

	sticky(stage);
	assert_null(meet(stage, "").set[1]);
	flow_push_v2(stage);
	run_to_weight(stage, 20);
	keep(meet(stage, "").set[1], canary);
	keep(meet(stage, "").set[0], primary);
	assert_int_equal(meet(stage, canary).weight, 100);
	assert_int_equal(meet(stage, primary).weight, 0);
	assert_int_equal(meet(stage, "theme=dark").weight, 20);
	run_to_weight(stage, 40);
	assert_int_equal(meet(stage, canary).weight, 100);
	assert_int_equal(meet(stage, primary).weight, 40); /* drawn again */
	run_to_weight(stage, 10);
	assert_int_equal(meet(stage, canary).weight, 100);
	assert_true(stage_run_to(stage, "Succeeded", 100));
	assert_int_equal(meet(stage, canary).weight, 0);
	stage_free(stage);
}

/* … and nobody does after a retreat: the cookie is taken away, with the path it was set with. */
static void test_D_43_clients_go_back(void **state)
{
	struct stage *stage = stage_new(1);
	char canary[128];
	struct met met;

	sticky(stage);
	flow_push_v2(stage);
	run_to_weight(stage, 20);
	keep(meet(stage, "").set[1], canary);
	stage_metrics(stage, 50, 20);
	run_to_weight(stage, 0);
	met = meet(stage, canary);
	assert_int_equal(met.weight, 0);
	assert_non_null(strstr(met.set[0], "; Max-Age=-1; Path=/"));
	assert_null(meet(stage, "theme=dark").set[0]);
	assert_true(stage_run_to(stage, "Failed", 100));
	/* A cookie of that run is nothing to the next one. */
	stage_metrics(stage, 100, 20);
	stage_push(stage, "v3");
	run_to_weight(stage, 20);
	assert_int_equal(meet(stage, canary).weight, 20);
	stage_free(stage);
}

/* D-43: another cookieName in mid-run moves nobody. */
static void test_D_43_another_name(void **state)
{
	struct stage *stage = stage_new(1);
	char old[128];
	char fresh[128];

	sticky(stage);
	flow_push_v2(stage);
	run_to_weight(stage, 20);
	keep(meet(stage, "").set[1], old);
	stage_write(stage, HTTP_PATCH, CANARIES "/cart",
	            "{\"spec\":{\"analysis\":{\"sessionAffinity\":{\"cookieName\":\"fresh\"}}}}");
	run_to_weight(stage, 40);
	keep(meet(stage, "").set[1], fresh);
	assert_non_null(strstr(fresh, "fresh="));
	assert_int_equal(meet(stage, fresh).weight, 100);
	assert_int_equal(meet(stage, old).weight, 100);
	assert_true(stage_run_to(stage, "Succeeded", 100));
	assert_int_equal(meet(stage, fresh).weight, 0);
	assert_int_equal(meet(stage, old).weight, 0);
	stage_free(stage);
}

/* What Canary.status says, as Flagger's users read it. */
static void test_status(void **state)
{
	struct stage *stage = stage_new(1);
	const json_t *status;
	char present[128];

	sticky(stage);
	flow_push_v2(stage);
	run_to_weight(stage, 20);
	stage_run(stage, 2);
	status = json_object_get(stage_find(stage, "canaries", "cart"), "status");
	text_copy(present, json_string_value(json_object_get(status, "sessionAffinityCookie")));
	assert_memory_equal(present, "cnry.v=serin-", 13);
	assert_null(json_object_get(status, "previousSessionAffinityCookie"));
	assert_non_null(json_object_get(status, "primarySessionAffinityCookie"));
	assert_true(stage_run_to(stage, "Succeeded", 100));
	status = json_object_get(stage_find(stage, "canaries", "cart"), "status");
	assert_null(json_object_get(status, "sessionAffinityCookie"));
	assert_string_equal(
		json_string_value(json_object_get(status, "previousSessionAffinityCookie")),
		present);
	stage_free(stage);
}

/* An hour at rest after a run without a request beside lease and watches. */
static void test_idle(void **state)
{
	struct stage *stage = stage_new(7);

	sticky(stage);
	flow_push_v2(stage);
	assert_true(stage_run_to(stage, "Succeeded", 200));
	stage_run(stage, 30);
	flow_expect_rest(stage);
	stage_free(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_D_43_clients_stay),
		cmocka_unit_test(test_D_43_clients_go_back),
		cmocka_unit_test(test_D_43_another_name),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_flows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Whole agents with a Service as the target, on Istio: each fault at each write; the Service itself
 * is never written, what is one Service's alone is not copied, and what Flagger made is adopted.
 */
#include "analysis/base/text.h"
#include "providers/kube/tree.h"
#include "tests/simulation/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SERVICES "/api/v1/namespaces/shop/services"
#define CANARIES "/apis/flagger.app/v1beta1/namespaces/shop/canaries"
#define STEPS    "\"stepWeight\":20,\"maxWeight\":40"
#define BACK     STEPS ",\"stepWeightPromotion\":15"
#define GREEN    "\"iterations\":2"
#define OWN                                                                                \
 "\"type\":\"LoadBalancer\",\"clusterIP\":\"10.96.0.17\",\"clusterIPs\":[\"10.96.0.17\"]," \
 "\"externalIPs\":[\"192.0.2.1\"],"
#define PORTS                                                                          \
 "\"ports\":[{\"name\":\"http\",\"port\":80,\"targetPort\":8080,\"protocol\":\"TCP\"," \
 "\"nodePort\":30080}]"

static void put_service(struct stage *stage, const char *name, const char *owner, const char *own,
                        const char *version)
{
	char body[1024];

	text_format(body, sizeof(body),
	            "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"%s\","
	            "\"namespace\":\"shop\",\"labels\":{\"team\":\"shop\"}%s},\"spec\":{%s"
	            "\"selector\":{\"app\":\"cart\",\"version\":\"%s\"}," PORTS "}}",
	            name, owner, own, version);
	stage_write(stage, HTTP_POST, SERVICES "?fieldManager=flagger", body);
}

static void start(struct stage *stage)
{
	put_service(stage, "cart", "", OWN, "v1");
	stage_start(stage, 0);
	stage_run(stage, 3);
}

static void make_canary(struct stage *stage)
{
	stage_canary_of(stage, "Service", "istio", STEPS);
}

static void begin_with(struct stage *stage, const char *analysis)
{
	start(stage);
	stage_canary_of(stage, "Service", "istio", analysis);
	assert_true(stage_run_to(stage, "Initialized", 90));
	stage_run(stage, 30);
}

static void begin(struct stage *stage)
{
	begin_with(stage, STEPS);
}

static void begin_back(struct stage *stage)
{
	begin_with(stage, BACK);
}

static void begin_green(struct stage *stage)
{
	begin_with(stage, GREEN);
}

static void push(struct stage *stage, const char *version)
{
	char body[128];

	text_format(body, sizeof(body), "{\"spec\":{\"selector\":{\"version\":\"%s\"}}}", version);
	stage_write(stage, HTTP_PATCH, SERVICES "/cart", body);
}

static void push_v2(struct stage *stage)
{
	push(stage, "v2");
}

static void push_slow(struct stage *stage)
{
	stage_metrics(stage, 100, 2000);
	push(stage, "v3");
}

static const struct flow flows[] = {
	{"initialise a Service", start, make_canary, "Initialized"},
	{"promote a Service", begin, push_v2, "Succeeded"},
	{"promote a Service in steps back", begin_back, push_v2, "Succeeded"},
	{"promote a Service, blue/green", begin_green, push_v2, "Succeeded"},
	{"roll a Service back", begin, push_slow, "Failed"},
	{"delete a Service's Canary", begin, flow_delete_canary, ""},
};

static void test_flows(void **state)
{
	(void)state;
	flow_perturb_all(flows, sizeof(flows) / sizeof(flows[0]));
}

/* Whom the Service selects: the version of its pods. */
static const char *version_of(struct stage *stage, const char *name)
{
	return kube_tree_text(stage_find(stage, "services", name), "spec/selector/version");
}

static int weight(struct stage *stage)
{
	const json_t *route = stage_find(stage, "virtualservices", "cart");
	const json_t *rule = json_array_get(kube_tree_find(route, "spec/http"), 0);
	const json_t *canary = json_array_get(json_object_get(rule, "route"), 1);

	return (int)json_integer_value(json_object_get(canary, "weight"));
}

static char *dump(struct stage *stage, const char *name)
{
	json_t *object = json_deep_copy(stage_find(stage, "services", name));
	char *text;

	(void)json_object_del(json_object_get(object, "metadata"), "managedFields");
	text = json_dumps(object, JSON_SORT_KEYS);
	json_decref(object);
	assert_non_null(text);
	return text;
}

/* What is analysed is what is promoted, and the user's Service is only read. */
static void test_D_37_the_target_is_only_read(void **state)
{
	struct stage *stage = stage_new(1);
	char *before;
	char *after;

	(void)state;
	begin(stage);
	assert_string_equal(version_of(stage, "cart-primary"), "v1");
	assert_string_equal(version_of(stage, "cart-canary"), "v1");
	push(stage, "v2");
	before = dump(stage, "cart");
	while (weight(stage) == 0)
		stage_run(stage, 1);
	assert_string_equal(version_of(stage, "cart-primary"), "v1");
	assert_string_equal(version_of(stage, "cart-canary"), "v2");
	assert_true(stage_run_to(stage, "Succeeded", 200));
	stage_run(stage, 10);
	assert_string_equal(version_of(stage, "cart-primary"), "v2");
	flow_delete_canary(stage);
	stage_run(stage, 60);
	assert_null(stage_find(stage, "services", "cart-primary"));
	assert_null(stage_find(stage, "services", "cart-canary"));
	after = dump(stage, "cart");
	assert_string_equal(after, before);
	free(before);
	free(after);
	stage_free(stage);
}

/* Addresses and node ports are one Service's alone: Flagger's copies had them, and were refused. */
static void test_D_37_copies_have_no_address_of_the_target(void **state)
{
	static const char *const names[] = {"cart-primary", "cart-canary"};
	struct stage *stage = stage_new(1);

	(void)state;
	begin(stage);
	push(stage, "v2");
	assert_true(stage_run_to(stage, "Succeeded", 200));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const json_t *spec =
			json_object_get(stage_find(stage, "services", names[i]), "spec");
		const json_t *port = json_array_get(json_object_get(spec, "ports"), 0);

		assert_string_equal(kube_tree_text(spec, "type"), "ClusterIP");
		assert_string_not_equal(kube_tree_text(spec, "clusterIP"), "10.96.0.17");
		assert_null(json_object_get(spec, "externalIPs"));
		assert_null(json_object_get(port, "nodePort"));
		assert_int_equal(json_integer_value(json_object_get(port, "port")), 80);
	}
	stage_free(stage);
}

/* A newer one ends the run at once; the one that is judged bad never gets to the primary. */
static void test_newer_and_bad(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	begin(stage);
	push(stage, "v2");
	while (weight(stage) == 0)
		stage_run(stage, 1);
	push_slow(stage);
	stage_run(stage, 1);
	assert_int_equal(weight(stage), 0);
	assert_true(stage_run_to(stage, "Failed", 200));
	stage_run(stage, 60);
	assert_string_equal(version_of(stage, "cart-primary"), "v1");
	assert_int_equal(weight(stage), 0);
	/* back to what is promoted: nothing to analyse */
	push(stage, "v1");
	stage_run(stage, 60);
	assert_null(stage_find(stage, "releases", "cart-4"));
	stage_free(stage);
}

/* What the copies do not have starts no run. */
static void test_own_fields_are_no_revision(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	begin(stage);
	stage_write(stage, HTTP_PATCH, SERVICES "/cart",
	            "{\"spec\":{\"externalIPs\":[\"192.0.2.2\"]},\"metadata\":{\"labels\":{\"a\":"
	            "\"b\"}}}");
	stage_run(stage, 60);
	assert_null(stage_find(stage, "releases", "cart-2"));
	stage_free(stage);
}

/* The primary that somebody deleted or edited comes back as it was promoted. */
static void test_kept(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	begin(stage);
	push_slow(stage);
	assert_true(stage_run_to(stage, "Failed", 200));
	stage_run(stage, 30);
	stage_write(stage, HTTP_DELETE, SERVICES "/cart-primary", "");
	stage_run(stage, 5);
	assert_string_equal(version_of(stage, "cart-primary"), "v1");
	stage_write(stage, HTTP_PATCH, SERVICES "/cart-primary",
	            "{\"spec\":{\"selector\":{\"version\":\"v9\"}}}");
	stage_run(stage, 5);
	assert_string_equal(version_of(stage, "cart-primary"), "v1");
	stage_write(stage, HTTP_PATCH, SERVICES "/cart-canary",
	            "{\"spec\":{\"selector\":{\"version\":\"v9\"}}}");
	stage_run(stage, 5);
	assert_string_equal(version_of(stage, "cart-canary"), "v3");
	stage_free(stage);
}

/* Adoption ------------------------------------------------------------------------------------- */

/* As Flagger makes them: its field manager, and the Canary as the owner of what was not promoted.
 */
static void leave(struct stage *stage)
{
	char owner[256];

	put_service(stage, "cart", "", "", "v1");
	make_canary(stage);
	text_format(owner, sizeof(owner),
	            ",\"ownerReferences\":[{\"apiVersion\":\"flagger.app/v1beta1\",\"kind\":"
	            "\"Canary\",\"name\":\"cart\",\"uid\":\"%s\",\"controller\":true}]",
	            kube_tree_text(stage_find(stage, "canaries", "cart"), "metadata/uid"));
	put_service(stage, "cart-primary", "", "", "v1");
	put_service(stage, "cart-canary", owner, "", "v1");
	stage_write(stage, HTTP_PATCH, CANARIES "/cart/status",
	            "{\"status\":{\"phase\":\"Succeeded\",\"lastAppliedSpec\":\"5f56684589\","
	            "\"lastPromotedSpec\":\"5f56684589\"}}");
}

static void adopt(struct stage *stage)
{
	stage_start(stage, 0);
}

/* At rest nothing of the primary changes but metadata, and the next revision is a run. */
static void test_adopted(void **state)
{
	struct stage *stage = stage_new(1);
	json_t *before;

	(void)state;
	leave(stage);
	before = json_deep_copy(
		json_object_get(stage_find(stage, "services", "cart-primary"), "spec"));
	adopt(stage);
	stage_run(stage, 120);
	assert_non_null(stage_find(stage, "releases", "cart-1"));
	assert_null(stage_find(stage, "releases", "cart-2"));
	assert_true(json_equal(
		before, json_object_get(stage_find(stage, "services", "cart-primary"), "spec")));
	assert_int_equal(
		json_array_size(kube_tree_find(stage_find(stage, "services", "cart-canary"),
	                                       "metadata/ownerReferences")),
		0);
	push(stage, "v2");
	assert_true(stage_run_to(stage, "Progressing", 60));
	assert_string_equal(version_of(stage, "cart-primary"), "v1");
	assert_true(stage_run_to(stage, "Succeeded", 200));
	assert_string_equal(version_of(stage, "cart-primary"), "v2");
	json_decref(before);
	stage_free(stage);
}

static void test_adoption_perturbed(void **state)
{
	static const struct flow flow = {"adopt a Service", leave, adopt, "Succeeded"};

	(void)state;
	flow_perturb(&flow);
}

/* A Service of that name that nobody says Flagger made is not touched. */
static void test_a_users_own_primary(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	put_service(stage, "cart", "", "", "v1");
	stage_write(stage, HTTP_POST, SERVICES "?fieldManager=kubectl",
	            "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":"
	            "\"cart-primary\",\"namespace\":\"shop\"},\"spec\":{\"selector\":{\"app\":"
	            "\"mine\"}," PORTS "}}");
	make_canary(stage);
	stage_start(stage, 0);
	stage_run(stage, 120);
	assert_null(stage_find(stage, "releases", "cart-1"));
	assert_string_equal(kube_tree_text(stage_find(stage, "services", "cart-primary"),
	                                   "spec/selector/app"),
	                    "mine");
	stage_free(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_D_37_the_target_is_only_read),
		cmocka_unit_test(test_D_37_copies_have_no_address_of_the_target),
		cmocka_unit_test(test_newer_and_bad),
		cmocka_unit_test(test_own_fields_are_no_revision),
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_adopted),
		cmocka_unit_test(test_adoption_perturbed),
		cmocka_unit_test(test_a_users_own_primary),
		cmocka_unit_test(test_flows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Whole agents in a world as Flagger leaves it, with its hashes: at rest only metadata is written,
 * in mid-run the run goes on, and so it does when each of the agent's writes goes wrong once.
 */
#include "analysis/base/text.h"
#include "providers/flagger_hash.h"
#include "tests/simulation/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CORE "/api/v1/namespaces/shop/"
#define APPS "/apis/apps/v1/namespaces/shop/deployments"
#define INGS "/apis/networking.k8s.io/v1/namespaces/shop/ingresses"
#define CANS "/apis/flagger.app/v1beta1/namespaces/shop/canaries"
#define ID   "3a2f21f9-5b0f-4c3e-9f0a-6d2f4f1f8a11"
#define OWNED                                                                           \
 "\"namespace\":\"shop\",\"ownerReferences\":[{\"apiVersion\":\"flagger.app/v1beta1\"," \
 "\"kind\":\"Canary\",\"name\":\"cart\",\"uid\":\"%s\",\"controller\":true}]"
#define STEPS "\"stepWeight\":20,\"maxWeight\":40"

/* Of whose owner there is none, the collector takes it. */
static const char *canary_uid(struct stage *stage)
{
	const json_t *canary = stage_find(stage, "canaries", "cart");

	return json_string_value(json_object_get(json_object_get(canary, "metadata"), "uid"));
}

static void put_service(struct stage *stage, const char *name, const char *app)
{
	char body[1024];

	text_format(
		body, sizeof(body),
		"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"%s\"," OWNED
		"},\"spec\":{\"selector\":{\"app\":\"%s\"},\"ports\":[{\"name\":\"http\","
		"\"port\":80,\"targetPort\":8080,\"protocol\":\"TCP\"}]}}",
		name, canary_uid(stage), app);
	stage_write(stage, HTTP_POST, CORE "services", body);
}

static void put_primary(struct stage *stage, const char *version)
{
	char body[1024];

	text_format(body, sizeof(body),
	            "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":"
	            "\"cart-primary\",\"labels\":{\"app\":\"cart-primary\"}," OWNED
	            "},\"spec\":{"
	            "\"replicas\":2,\"selector\":{\"matchLabels\":{\"app\":\"cart-primary\"}},"
	            "\"template\":{\"metadata\":{\"labels\":{\"app\":\"cart-primary\"},"
	            "\"annotations\":{\"flagger-id\":\"" ID
	            "\"}},\"spec\":{\"containers\":[{\"name\":"
	            "\"web\",\"image\":\"web:%s\"}]}}}}",
	            canary_uid(stage), version);
	stage_write(stage, HTTP_POST, APPS, body);
}

static void put_route(struct stage *stage, int weight)
{
	char body[1024];

	text_format(
		body, sizeof(body),
		"{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"Ingress\",\"metadata\":{"
		"\"name\":\"front-canary\",\"annotations\":{\"nginx.ingress.kubernetes.io/canary\":"
		"\"true\",\"nginx.ingress.kubernetes.io/canary-weight\":\"%d\"}," OWNED
		"},\"spec\":{\"ingressClassName\":\"nginx\",\"rules\":[{\"host\":\"shop.example\","
		"\"http\":{\"paths\":[{\"path\":\"/\",\"pathType\":\"Prefix\",\"backend\":{"
		"\"service\":{\"name\":\"cart-canary\",\"port\":{\"number\":80}}}}]}}]}}",
		weight, canary_uid(stage));
	stage_write(stage, HTTP_POST, INGS, body);
}

/* What Flagger's hash of the target is now. */
static void hash_of(struct stage *stage, char ret[FLAGGER_HASH_MAX])
{
	const json_t *spec = json_object_get(stage_find(stage, "deployments", "cart"), "spec");
	size_t length;

	assert_true(flagger_hash_template(json_object_get(spec, "template"), false, ret, &length));
}

static void put_status(struct stage *stage, const char *promoted, const char *rest)
{
	char applied[FLAGGER_HASH_MAX];
	char body[512];

	hash_of(stage, applied);
	text_format(body, sizeof(body),
	            "{\"status\":{\"lastAppliedSpec\":\"%s\",\"lastPromotedSpec\":\"%s\","
	            "\"lastTransitionTime\":\"2026-01-01T00:00:00Z\",%s}}",
	            applied, promoted, rest);
	stage_write(stage, HTTP_PATCH, CANS "/cart/status", body);
}

static void scale(struct stage *stage, int replicas)
{
	char body[64];

	text_format(body, sizeof(body), "{\"spec\":{\"replicas\":%d}}", replicas);
	stage_write(stage, HTTP_PATCH, APPS "/cart", body);
}

/* What Flagger makes; the primary has PRIMARY, the target TARGET, which was applied last. */
static void leave(struct stage *stage, const char *primary, const char *target, int weight,
                  const char *status)
{
	char promoted[FLAGGER_HASH_MAX];

	stage_deploy(stage, "v1");
	hash_of(stage, promoted);
	stage_canary(stage, "nginx", STEPS);
	put_primary(stage, primary);
	put_service(stage, "cart", "cart-primary");
	put_service(stage, "cart-primary", "cart-primary");
	put_service(stage, "cart-canary", "cart");
	put_route(stage, weight);
	if (strcmp(target, "v1") != 0)
		stage_push(stage, target);
	else
		scale(stage, 0);
	put_status(stage, promoted, status);
	stage_run(stage, 30);
}

/* At rest -------------------------------------------------------------------------------------- */

static void leave_initialized(struct stage *stage)
{
	leave(stage, "v1", "v1", 0, "\"phase\":\"Initialized\"");
}

static void leave_succeeded(struct stage *stage)
{
	leave(stage, "v1", "v1", 0, "\"phase\":\"Succeeded\",\"failedChecks\":1");
}

static void leave_failed(struct stage *stage)
{
	leave(stage, "v1", "v2", 0, "\"phase\":\"Failed\"");
	scale(stage, 0);
	stage_run(stage, 10);
}

static void begin(struct stage *stage)
{
	stage_start(stage, 0);
}

static json_int_t replicas_of(struct stage *stage, const char *name)
{
	const json_t *spec = json_object_get(stage_find(stage, "deployments", name), "spec");

	return json_integer_value(json_object_get(spec, "replicas"));
}

static char *spec_of(struct stage *stage, const char *plural, const char *name)
{
	char *text = json_dumps(json_object_get(stage_find(stage, plural, name), "spec"),
	                        JSON_SORT_KEYS);

	assert_non_null(text);
	return text;
}

/* Everything that carries traffic keeps its spec; a label comes and the owner goes. */
static void check_rest(void (*before)(struct stage *stage), const char *phase)
{
	static const struct {
		const char *plural;
		const char *name;
	} rows[] = {
		{"deployments", "cart"},     {"deployments", "cart-primary"},
		{"services", "cart"},        {"services", "cart-primary"},
		{"services", "cart-canary"}, {"ingresses", "front-canary"},
	};
	struct stage *stage = stage_new(1);
	char *specs[array_length(rows)];
	char *status;

	before(stage);
	for (size_t i = 0; i < array_length(rows); i++)
		specs[i] = spec_of(stage, rows[i].plural, rows[i].name);
	status = json_dumps(json_object_get(stage_find(stage, "canaries", "cart"), "status"),
	                    JSON_SORT_KEYS);
	stage_start(stage, 0);
	stage_run(stage, 600);
	for (size_t i = 0; i < array_length(rows); i++) {
		const json_t *metadata = json_object_get(
			stage_find(stage, rows[i].plural, rows[i].name), "metadata");
		char *after = spec_of(stage, rows[i].plural, rows[i].name);

		assert_string_equal(after, specs[i]);
		assert_int_equal(json_array_size(json_object_get(metadata, "ownerReferences")), 0);
		if (i > 0)
			assert_non_null(json_object_get(json_object_get(metadata, "labels"),
			                                "serin.dev/canary-uid"));
		free(after);
		free(specs[i]);
	}
	assert_string_equal(stage_phase(stage), phase);
	assert_non_null(stage_find(stage, "releases", "cart-1"));
	assert_null(stage_find(stage, "releases", "cart-2"));
	assert_non_null(strstr(status, "lastAppliedSpec"));
	free(status);
	stage_free(stage);
}

static void test_rest(void **state)
{
	check_rest(leave_initialized, "Initialized");
	check_rest(leave_succeeded, "Succeeded");
	check_rest(leave_failed, "Failed");
}

/* Mid-run -------------------------------------------------------------------------------------- */

static void leave_scaling(struct stage *stage)
{
	leave(stage, "v1", "v2", 0, "\"phase\":\"Progressing\"");
}

static void leave_progressing(struct stage *stage)
{
	leave(stage, "v1", "v2", 20,
	      "\"phase\":\"Progressing\",\"canaryWeight\":20,\"failedChecks\":1");
}

static void leave_waiting_promotion(struct stage *stage)
{
	leave(stage, "v1", "v2", 40, "\"phase\":\"WaitingPromotion\",\"iterations\":-1");
}

static void leave_promoting(struct stage *stage)
{
	leave(stage, "v2", "v2", 40, "\"phase\":\"Promoting\",\"canaryWeight\":40");
}

static void leave_finalising(struct stage *stage)
{
	leave(stage, "v2", "v2", 0, "\"phase\":\"Finalising\"");
}

/* The step that was taken is not repeated, the failed check counts. */
static const char resumed[] =
	"cart-1 Done to 0 iteration 0 failed 0 promoted\n"
	"cart-2 Progressing to 20 iteration 0 failed 1 \n"
	"cart-2 Progressing to 40 iteration 0 failed 1 \n"
	"cart-2 Promoting to 40 iteration 0 failed 1 \n"
	"cart-2 Finalising to 0 iteration 0 failed 1 \n"
	"cart-2 Done to 0 iteration 0 failed 1 promoted\n";

static void check_run(void (*before)(struct stage *stage), const char *steps)
{
	struct stage *stage = stage_new(1);
	char *image;

	before(stage);
	stage_start(stage, 0);
	assert_true(stage_run_to(stage, "Succeeded", 200));
	stage_run(stage, 60);
	assert_string_equal(stage_steps(stage), steps);
	assert_null(stage_find(stage, "releases", "cart-3"));
	image = spec_of(stage, "deployments", "cart-primary");
	assert_non_null(strstr(image, "web:v2"));
	free(image);
	stage_free(stage);
}

static void test_runs(void **state)
{
	/* before the first step */
	check_run(leave_scaling,
	          "cart-1 Done to 0 iteration 0 failed 0 promoted\n"
	          "cart-2 Starting to 0 iteration 0 failed 0 \n"
	          "cart-2 Progressing to 20 iteration 0 failed 0 \n"
	          "cart-2 Progressing to 40 iteration 0 failed 0 \n"
	          "cart-2 Promoting to 40 iteration 0 failed 0 \n"
	          "cart-2 Finalising to 0 iteration 0 failed 0 \n"
	          "cart-2 Done to 0 iteration 0 failed 0 promoted\n");
	check_run(leave_progressing, resumed);
	check_run(leave_waiting_promotion,
	          "cart-1 Done to 0 iteration 0 failed 0 promoted\n"
	          "cart-2 WaitingPromotion to 40 iteration 0 failed 0 \n"
	          "cart-2 Promoting to 40 iteration 0 failed 0 \n"
	          "cart-2 Finalising to 0 iteration 0 failed 0 \n"
	          "cart-2 Done to 0 iteration 0 failed 0 promoted\n");
	check_run(leave_promoting,
	          "cart-1 Done to 0 iteration 0 failed 0 promoted\n"
	          "cart-2 Promoting to 40 iteration 0 failed 0 \n"
	          "cart-2 Finalising to 0 iteration 0 failed 0 \n"
	          "cart-2 Done to 0 iteration 0 failed 0 promoted\n");
	check_run(leave_finalising,
	          "cart-1 Done to 0 iteration 0 failed 0 promoted\n"
	          "cart-2 Finalising to 0 iteration 0 failed 0 \n"
	          "cart-2 Done to 0 iteration 0 failed 0 promoted\n");
}

/* Flagger's first primary is there, its clients are still with the target. */
static void leave_initializing(struct stage *stage)
{
	stage_deploy(stage, "v1");
	stage_canary(stage, "nginx", STEPS);
	put_primary(stage, "v1");
	put_service(stage, "cart-primary", "cart-primary");
	put_service(stage, "cart-canary", "cart");
	put_status(stage, "", "\"phase\":\"Initializing\"");
	stage_run(stage, 30);
}

/* … and they are with the primary already. */
static void leave_initialised(struct stage *stage)
{
	leave_initializing(stage);
	put_service(stage, "cart", "cart-primary");
	stage_run(stage, 30);
}

/* The primary that is there becomes the first one: none of its pods is replaced. */
static void test_initializing(void **state)
{
	void (*const rows[])(struct stage * stage) = {leave_initializing, leave_initialised};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		struct stage *stage = stage_new(1);
		char *before;
		char *after;

		rows[i](stage);
		before = spec_of(stage, "deployments", "cart-primary");
		stage_start(stage, 0);
		assert_true(stage_run_to(stage, "Initialized", 100));
		stage_run(stage, 60);
		after = spec_of(stage, "deployments", "cart-primary");
		assert_string_equal(after, before);
		assert_null(stage_find(stage, "releases", "cart-2"));
		assert_int_equal(replicas_of(stage, "cart"), 0);
		free(before);
		free(after);
		stage_free(stage);
	}
}

static void leave_changed(struct stage *stage)
{
	leave_initialised(stage);
	stage_push(stage, "v2");
}

/* Clients are with a primary that runs v1, and the target has v2 by now: it is analysed. */
static void test_initialised_and_changed(void **state)
{
	struct stage *stage = stage_new(1);
	char *primary;

	(void)state;
	leave_changed(stage);
	stage_start(stage, 0);
	assert_true(stage_run_to(stage, "Progressing", 100));
	primary = spec_of(stage, "deployments", "cart-primary");
	assert_non_null(strstr(primary, "web:v1"));
	free(primary);
	assert_true(stage_run_to(stage, "Succeeded", 200));
	assert_non_null(strstr(stage_steps(stage), "Progressing to 20"));
	stage_free(stage);
}

/* DaemonSets ----------------------------------------------------------------------------------- */

#define DAEMONS "/apis/apps/v1/namespaces/shop/daemonsets"
#define PODS(app, annotations, nodes, image)                                \
 "\"template\":{\"metadata\":{\"labels\":{\"app\":\"" app "\"}" annotations \
 "},\"spec\":{\"nodeSelector\":{" nodes                                     \
 "},\"containers\":[{\"name\":\"web\",\"image\":\"web:" image "\"}]}}"
#define NOWHERE "\"flagger.app/scale-to-zero\":\"true\""
#define MARKED  ",\"annotations\":{\"flagger-id\":\"" ID "\"}"

/* A DaemonSet APP, with its pods as JSON; MORE is of its metadata. */
static void put_daemon(struct stage *stage, const char *app, const char *pods, const char *more)
{
	char body[2048];

	text_format(body, sizeof(body),
	            "{\"apiVersion\":\"apps/v1\",\"kind\":\"DaemonSet\",\"metadata\":{\"name\":"
	            "\"%s\",\"namespace\":\"shop\"%s},\"spec\":{\"selector\":{\"matchLabels\":{"
	            "\"app\":\"%s\"}},%s}}",
	            app, more, app, pods);
	stage_write(stage, HTTP_POST, DAEMONS, body);
}

/* The target as a DaemonSet with PODS, applied last; the primary has v1. */
static void leave_daemons(struct stage *stage, const char *pods, int weight, const char *rest)
{
	char applied[FLAGGER_HASH_MAX];
	char owner[256];
	char body[512];
	size_t length;

	stage_deploy(stage, "v1");
	stage_write(stage, HTTP_DELETE, APPS "/cart", NULL);
	stage_canary(stage, "nginx", STEPS);
	stage_write(stage, HTTP_PATCH, CANS "/cart",
	            "{\"spec\":{\"targetRef\":{\"kind\":\"DaemonSet\"}}}");
	text_format(owner, sizeof(owner),
	            ",\"ownerReferences\":[{\"apiVersion\":\"flagger.app/v1beta1\",\"kind\":"
	            "\"Canary\",\"name\":\"cart\",\"uid\":\"%s\",\"controller\":true}]",
	            canary_uid(stage));
	put_daemon(stage, "cart", pods, "");
	put_daemon(stage, "cart-primary", PODS("cart-primary", MARKED, "", "v1"), owner);
	put_service(stage, "cart", "cart-primary");
	put_service(stage, "cart-primary", "cart-primary");
	put_service(stage, "cart-canary", "cart");
	put_route(stage, weight);
	assert_true(flagger_hash_template(
		json_object_get(json_object_get(stage_find(stage, "daemonsets", "cart"), "spec"),
	                        "template"),
		true, applied, &length));
	text_format(body, sizeof(body),
	            "{\"status\":{\"lastAppliedSpec\":\"%s\",\"lastPromotedSpec\":\"x\","
	            "\"lastTransitionTime\":\"2026-01-01T00:00:00Z\",%s}}",
	            applied, rest);
	stage_write(stage, HTTP_PATCH, CANS "/cart/status", body);
	stage_run(stage, 30);
}

static void leave_daemon(struct stage *stage)
{
	leave_daemons(stage, PODS("cart", "", NOWHERE, "v1"), 0, "\"phase\":\"Succeeded\"");
}

static void leave_daemon_failed(struct stage *stage)
{
	leave_daemons(stage, PODS("cart", "", NOWHERE, "v2"), 0, "\"phase\":\"Failed\"");
}

static void leave_daemon_progressing(struct stage *stage)
{
	leave_daemons(stage, PODS("cart", "", "", "v2"), 20,
	              "\"phase\":\"Progressing\",\"canaryWeight\":20,\"failedChecks\":1");
}

static void check_daemon_rest(void (*before)(struct stage *stage), const char *phase)
{
	static const char *const names[] = {"cart", "cart-primary"};
	struct stage *stage = stage_new(1);
	char *specs[array_length(names)];

	before(stage);
	for (size_t i = 0; i < array_length(names); i++)
		specs[i] = spec_of(stage, "daemonsets", names[i]);
	stage_start(stage, 0);
	stage_run(stage, 600);
	for (size_t i = 0; i < array_length(names); i++) {
		char *after = spec_of(stage, "daemonsets", names[i]);

		assert_string_equal(after, specs[i]);
		free(after);
		free(specs[i]);
	}
	assert_string_equal(stage_phase(stage), phase);
	assert_non_null(stage_find(stage, "releases", "cart-1"));
	assert_null(stage_find(stage, "releases", "cart-2"));
	assert_int_equal(json_array_size(json_object_get(
				 json_object_get(stage_find(stage, "daemonsets", "cart-primary"),
	                                         "metadata"),
				 "ownerReferences")),
	                 0);
	stage_free(stage);
}

static void test_daemons_at_rest(void **state)
{
	(void)state;
	check_daemon_rest(leave_daemon, "Succeeded");
	check_daemon_rest(leave_daemon_failed, "Failed");
}

static void test_daemon_run(void **state)
{
	struct stage *stage = stage_new(1);
	char *primary;

	(void)state;
	leave_daemon_progressing(stage);
	stage_start(stage, 0);
	assert_true(stage_run_to(stage, "Succeeded", 200));
	assert_string_equal(stage_steps(stage), resumed);
	primary = spec_of(stage, "daemonsets", "cart-primary");
	assert_non_null(strstr(primary, "web:v2"));
	assert_null(strstr(primary, "scale-to-zero"));
	free(primary);
	stage_free(stage);
}

/* The canary fails for the second time: Flagger counted the first. */
static void test_roll_back(void **state)
{
	struct stage *stage = stage_new(1);

	leave_progressing(stage);
	stage_metrics(stage, 50, 20);
	stage_start(stage, 0);
	assert_true(stage_run_to(stage, "Failed", 30));
	stage_run(stage, 30);
	assert_null(stage_find(stage, "releases", "cart-3"));
	stage_free(stage);
}

/* The target was changed after Flagger looked: no step of a run that was never begun. */
static void test_newer(void **state)
{
	struct stage *stage = stage_new(1);

	leave_progressing(stage);
	stage_push(stage, "v3");
	stage_start(stage, 0);
	stage_run(stage, 3);
	assert_null(strstr(stage_steps(stage), "cart-2 Progressing to 20"));
	assert_true(stage_run_to(stage, "Succeeded", 200));
	stage_free(stage);
}

static void test_perturbed(void **state)
{
	static const struct flow flows[] = {
		{"adoption at rest", leave_succeeded, begin, "Succeeded"},
		{"adoption of a failed one", leave_failed, begin, "Failed"},
		{"adoption before a step", leave_scaling, begin, "Succeeded"},
		{"adoption in a run", leave_progressing, begin, "Succeeded"},
		{"adoption at a gate", leave_waiting_promotion, begin, "Succeeded"},
		{"adoption in a promotion", leave_promoting, begin, "Succeeded"},
		{"adoption at the end", leave_finalising, begin, "Succeeded"},
		{"adoption at the beginning", leave_initializing, begin, "Initialized"},
		{"adoption of a first primary with clients", leave_initialised, begin,
	         "Initialized"},
		{"adoption of one, and a newer revision", leave_changed, begin, "Succeeded"},
		{"adoption of a DaemonSet", leave_daemon, begin, "Succeeded"},
		{"adoption of a DaemonSet in a run", leave_daemon_progressing, begin, "Succeeded"},
	};

	flow_perturb_all(flows, array_length(flows));
}

/* Flagger's finalizer keeps the object until all is given back, and goes then. */
static void test_deleted_with_a_finalizer(void **state)
{
	struct stage *stage = stage_new(1);
	const json_t *target;

	leave_succeeded(stage);
	stage_write(stage, HTTP_PATCH, CANS "/cart",
	            "{\"metadata\":{\"finalizers\":[\"finalizer.flagger.app\"]},\"spec\":{"
	            "\"revertOnDeletion\":true}}");
	stage_start(stage, 0);
	stage_run(stage, 60);
	assert_non_null(stage_find(stage, "releases", "cart-1"));
	flow_delete_canary(stage);
	stage_run(stage, 2);
	assert_non_null(stage_find(stage, "canaries", "cart"));
	stage_run(stage, 118);
	assert_null(stage_find(stage, "canaries", "cart"));
	assert_null(stage_find(stage, "releases", "cart-1"));
	assert_null(stage_find(stage, "deployments", "cart-primary"));
	target = json_object_get(stage_find(stage, "deployments", "cart"), "status");
	assert_int_equal(json_integer_value(json_object_get(target, "readyReplicas")), 2);
	flow_expect_rest(stage);
	stage_free(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_roll_back),
		cmocka_unit_test(test_newer),
		cmocka_unit_test(test_perturbed),
		cmocka_unit_test(test_initializing),
		cmocka_unit_test(test_initialised_and_changed),
		cmocka_unit_test(test_daemons_at_rest),
		cmocka_unit_test(test_daemon_run),
		cmocka_unit_test(test_deleted_with_a_finalizer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Whole agents with a DaemonSet as the target, on a cluster of two nodes: each fault at each write,
 * what tells it to have no pods stays out of all that is compared and promoted, and the deadline
 * runs from when it became unready.
 */
#include "providers/kube/tree.h"
#include "tests/simulation/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DAEMONS  "/apis/apps/v1/namespaces/shop/daemonsets"
#define CANARIES "/apis/flagger.app/v1beta1/namespaces/shop/canaries"
#define NOWHERE  "flagger.app/scale-to-zero"
#define STEPS    "\"stepWeight\":20,\"maxWeight\":40"

static void start_as(struct stage *stage, const char *update)
{
	stage_deploy_daemon(stage, update, "v1");
	stage_start(stage, 0);
	stage_run(stage, 3);
}

static void start(struct stage *stage)
{
	start_as(stage, "{}");
}

static void make_canary(struct stage *stage)
{
	stage_canary_of(stage, "DaemonSet", "nginx", STEPS);
}

static void begin(struct stage *stage)
{
	start(stage);
	make_canary(stage);
	assert_true(stage_run_to(stage, "Initialized", 90));
	stage_run(stage, 30);
}

/* All pods may go at once: the canary covers for the primary. */
static void begin_emptying(struct stage *stage)
{
	start_as(stage, "{\"rollingUpdate\":{\"maxUnavailable\":\"100%\"}}");
	make_canary(stage);
	assert_true(stage_run_to(stage, "Initialized", 90));
	stage_run(stage, 30);
}

static void begin_blue_green(struct stage *stage)
{
	start(stage);
	stage_canary_of(stage, "DaemonSet", "kubernetes", "\"iterations\":2");
	assert_true(stage_run_to(stage, "Initialized", 90));
	stage_run(stage, 30);
}

static void push_v2(struct stage *stage)
{
	stage_push_daemon(stage, "v2");
}

static void push_slow(struct stage *stage)
{
	stage_metrics(stage, 100, 2000);
	stage_push_daemon(stage, "v3");
}

static void push_bad_primary(struct stage *stage)
{
	stage_push_daemon(stage, "bad-primary");
}

static const struct flow flows[] = {
	{"initialise", start, make_canary, "Initialized"},
	{"promote", begin, push_v2, "Succeeded"},
	{"promote where all pods go at once", begin_emptying, push_v2, "Succeeded"},
	{"promote blue and green", begin_blue_green, push_v2, "Succeeded"},
	{"roll back", begin, push_slow, "Failed"},
	{"fail to promote", begin, push_bad_primary, "Failed"},
	{"delete", begin, flow_delete_canary, ""},
};

static void test_flows(void **state)
{
	(void)state;
	flow_perturb_all(flows, sizeof(flows) / sizeof(flows[0]));
}

static const json_t *pod_spec(struct stage *stage, const char *name)
{
	return kube_tree_find(stage_find(stage, "daemonsets", name), "spec/template/spec");
}

static bool is_nowhere(struct stage *stage, const char *name)
{
	return json_object_get(kube_tree_find(pod_spec(stage, name), "nodeSelector"), NOWHERE) !=
	       NULL;
}

static int pods_of(struct stage *stage, const char *name)
{
	return kube_tree_whole(stage_find(stage, "daemonsets", name), "status/numberReady", -1);
}

/* D-36 of DaemonSets: what tells the target to have no pods is no part of what is promoted, nor of
 * a primary that is made anew. */
static void D_36_the_primary_has_pods(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	begin(stage);
	assert_true(is_nowhere(stage, "cart"));
	assert_int_equal(pods_of(stage, "cart"), 0);
	assert_false(is_nowhere(stage, "cart-primary"));
	assert_int_equal(pods_of(stage, "cart-primary"), 2);
	push_v2(stage);
	stage_run(stage, 14);
	assert_string_equal(stage_phase(stage), "Progressing");
	assert_false(is_nowhere(stage, "cart"));
	assert_int_equal(pods_of(stage, "cart"), 2);
	assert_true(stage_run_to(stage, "Succeeded", 200));
	stage_run(stage, 30);
	assert_true(is_nowhere(stage, "cart"));
	assert_false(is_nowhere(stage, "cart-primary"));
	assert_int_equal(pods_of(stage, "cart-primary"), 2);
	assert_null(stage_find(stage, "releases", "cart-3"));
	stage_write(stage, HTTP_DELETE, DAEMONS "/cart-primary", NULL);
	stage_run(stage, 30);
	assert_false(is_nowhere(stage, "cart-primary"));
	assert_int_equal(pods_of(stage, "cart-primary"), 2);
	flow_delete_canary(stage);
	stage_run(stage, 120);
	assert_false(is_nowhere(stage, "cart"));
	assert_int_equal(pods_of(stage, "cart"), 2);
	assert_null(stage_find(stage, "daemonsets", "cart-primary"));
	stage_free(stage);
}

/* A canary that never gets ready ends at the deadline, 60 s, whatever else writes the status. */
static void D_46_the_deadline_runs_from_unreadiness(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	begin(stage);
	stage_push_daemon(stage, "stuck");
	stage_run(stage, 50);
	assert_string_equal(stage_phase(stage), "Progressing");
	assert_true(stage_run_to(stage, "Failed", 30));
	stage_run(stage, 20);
	assert_true(is_nowhere(stage, "cart"));
	stage_free(stage);
}

/* Pods that are replaced by people's hand are no rolling update: it is refused. */
static void test_on_delete(void **state)
{
	struct stage *stage = stage_new(1);
	const json_t *ready;

	(void)state;
	start_as(stage, "{\"type\":\"OnDelete\"}");
	make_canary(stage);
	stage_run(stage, 20);
	ready = kube_tree_condition(stage_find(stage, "canaries", "cart"), "Ready", "False");
	assert_string_equal(kube_tree_text(ready, "reason"), "InvalidTarget");
	assert_non_null(strstr(kube_tree_text(ready, "message"),
	                       "must have RollingUpdate strategy but have OnDelete"));
	assert_null(stage_find(stage, "daemonsets", "cart-primary"));
	stage_free(stage);
}

/* Its Releases are of a DaemonSet: a Deployment of the same name is another target. */
static void test_another_kind(void **state)
{
	struct stage *stage = stage_new(1);
	const json_t *ready;

	(void)state;
	begin(stage);
	stage_write(stage, HTTP_PATCH, CANARIES "/cart",
	            "{\"spec\":{\"targetRef\":{\"kind\":\"Deployment\"}}}");
	stage_run(stage, 20);
	ready = kube_tree_condition(stage_find(stage, "canaries", "cart"), "Ready", "False");
	assert_string_equal(
		kube_tree_text(ready, "message"),
		"spec.targetRef.kind: expected \"DaemonSet\", which the Releases are of, "
		"got \"Deployment\": make another Canary for another target");
	stage_free(stage);
}

static void test_idle(void **state)
{
	struct stage *stage = stage_new(7);

	(void)state;
	begin(stage);
	flow_expect_rest(stage);
	stage_free(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(D_36_the_primary_has_pods),
		cmocka_unit_test(D_46_the_deadline_runs_from_unreadiness),
		cmocka_unit_test(test_on_delete),
		cmocka_unit_test(test_another_kind),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_flows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Whole agents with a target that an autoscaler scales, in a cluster whose autoscalers act: each
 * fault at each write, what the primary's looks like, and that nobody wakes the canary up at rest.
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

#define HPAS     "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers"
#define SCALED   "/apis/keda.sh/v1alpha1/namespaces/shop/scaledobjects"
#define CANARIES "/apis/flagger.app/v1beta1/namespaces/shop/canaries"
#define PAUSED   "autoscaling.keda.sh/paused-replicas"

static const char hpa[] =
	"{\"apiVersion\":\"autoscaling/v2\",\"kind\":\"HorizontalPodAutoscaler\",\"metadata\":{\"name\":"
	"\"load\",\"namespace\":\"shop\",\"annotations\":{\"kubectl.kubernetes.io/last-applied-configuration\":"
	"\"{}\"}},\"spec\":{\"scaleTargetRef\":{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"name\":"
	"\"cart\"},\"minReplicas\":2,\"maxReplicas\":6,\"metrics\":[{\"type\":\"Resource\",\"resource\":{\"name\":"
	"\"cpu\",\"target\":{\"type\":\"Utilization\",\"averageUtilization\":80}}}]}}";

static const char scaled[] =
	"{\"apiVersion\":\"keda.sh/v1alpha1\",\"kind\":\"ScaledObject\",\"metadata\":{\"name\":\"load\","
	"\"namespace\":\"shop\"},\"spec\":{\"scaleTargetRef\":{\"name\":\"cart\"},\"minReplicaCount\":1,"
	"\"maxReplicaCount\":6,\"aNewerField\":{\"a\":1},\"triggers\":[{\"type\":\"prometheus\",\"name\":\"rate\","
	"\"metadata\":{\"query\":\"sum(rate(requests{app=\\\"cart\\\"}[1m]))\"}}]}}";

static void start_hpa(struct stage *stage)
{
	stage_write(stage, HTTP_POST, HPAS, hpa);
	flow_start(stage);
}

static void start_keda(struct stage *stage)
{
	stage_write(stage, HTTP_POST, SCALED, scaled);
	flow_start(stage);
}

static void put_canary(struct stage *stage, const char *kind, const char *provider)
{
	stage_canary_scaled(stage, kind, provider, "\"stepWeight\":20,\"maxWeight\":40");
}

static void canary_hpa(struct stage *stage)
{
	put_canary(stage, "HorizontalPodAutoscaler", "nginx");
}

static void canary_keda(struct stage *stage)
{
	put_canary(stage, "ScaledObject", "nginx");
}

static void with_hpa(struct stage *stage)
{
	start_hpa(stage);
	canary_hpa(stage);
	assert_true(stage_run_to(stage, "Initialized", 60));
	stage_run(stage, 30);
}

static void with_keda(struct stage *stage)
{
	start_keda(stage);
	canary_keda(stage);
	assert_true(stage_run_to(stage, "Initialized", 60));
	stage_run(stage, 30);
}

static void edit_hpa(struct stage *stage)
{
	stage_write(stage, HTTP_PATCH, HPAS "/load", "{\"spec\":{\"minReplicas\":3}}");
}

/* The Canary names another ScaledObject, which scales the target from now on. */
static void rename_keda(struct stage *stage)
{
	char body[1024];

	text_format(body, sizeof(body), "%s", scaled);
	memcpy(strstr(body, "\"load\""), "\"flow\"", 6);
	stage_write(stage, HTTP_PATCH, SCALED "/load",
	            "{\"spec\":{\"scaleTargetRef\":{\"name\":\"other\"}}}");
	stage_write(stage, HTTP_POST, SCALED, body);
	stage_write(stage, HTTP_PATCH, CANARIES "/cart",
	            "{\"spec\":{\"autoscalerRef\":{\"name\":\"flow\"}}}");
}

static void drop_hpa(struct stage *stage)
{
	stage_write(stage, HTTP_PATCH, CANARIES "/cart", "{\"spec\":{\"autoscalerRef\":null}}");
}

static const struct flow flows[] = {
	{"initialise with an HPA", start_hpa, canary_hpa, "Initialized"},
	{"promote with an HPA", with_hpa, flow_push_v2, "Succeeded"},
	{"roll back with an HPA", with_hpa, flow_push_slow, "Failed"},
	{"fail to promote with an HPA", with_hpa, flow_push_bad_primary, "Failed"},
	{"edit an HPA", with_hpa, edit_hpa, "Initialized"},
	{"delete with an HPA", with_hpa, flow_delete_canary, ""},
	{"initialise with KEDA", start_keda, canary_keda, "Initialized"},
	{"promote with KEDA", with_keda, flow_push_v2, "Succeeded"},
	{"roll back with KEDA", with_keda, flow_push_slow, "Failed"},
	{"delete with KEDA", with_keda, flow_delete_canary, ""},
	{"name another of KEDA", with_keda, rename_keda, "Initialized"},
	{"name no HPA any more", with_hpa, drop_hpa, "Initialized"},
};

static void test_flows(void **state)
{
	(void)state;
	flow_perturb_all(flows, sizeof(flows) / sizeof(flows[0]));
}

static int replicas_of(struct stage *stage, const char *name)
{
	return kube_tree_whole(stage_find(stage, "deployments", name), "spec/replicas", -1);
}

static const json_t *find(struct stage *stage, bool is_hpa, const char *name)
{
	return stage_find(stage, is_hpa ? "horizontalpodautoscalers" : "scaledobjects", name);
}

/* The load of the primary asks for so many pods. */
static void load_primary(struct stage *stage, int pods)
{
	char body[128];

	text_format(body, sizeof(body),
	            "{\"metadata\":{\"annotations\":{\"demo.serin.dev/pods\":\"%d\"}}}", pods);
	stage_write(stage, HTTP_PATCH, HPAS "/load-primary", body);
}

static void test_hpa(void **state)
{
	struct stage *stage = stage_new(1);
	const json_t *primary;

	(void)state;
	with_hpa(stage);
	assert_int_equal(replicas_of(stage, "cart"), 0);
	primary = find(stage, true, "load-primary");
	assert_string_equal(kube_tree_text(primary, "spec/scaleTargetRef/name"), "cart-primary");
	assert_int_equal(kube_tree_whole(primary, "spec/minReplicas", 0), 2);
	load_primary(stage, 5);
	stage_run(stage, 20);
	assert_int_equal(replicas_of(stage, "cart-primary"), 5);
	stage_push(stage, "v2");
	stage_run(stage, 14);
	assert_string_equal(stage_phase(stage), "Progressing");
	assert_int_equal(replicas_of(stage, "cart"), 2);
	load_primary(stage, 1); /* half of the load went to the canary, and more */
	stage_run(stage, 3);
	assert_int_equal(replicas_of(stage, "cart-primary"), 5);
	assert_true(stage_run_to(stage, "Succeeded", 200));
	stage_run(stage, 20);
	assert_int_equal(replicas_of(stage, "cart-primary"), 2);
	assert_int_equal(replicas_of(stage, "cart"), 0);
	stage_free(stage);
}

/* Nothing but a difference of what was made from the target's is written, however much the target's
 * metadata differ. */
static void D_59_metadata_cause_no_writes(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	with_hpa(stage);
	stage_write(stage, HTTP_PATCH, HPAS "/load",
	            "{\"metadata\":{\"labels\":{\"team\":\"a\"},\"annotations\":{\"b\":\"c\"}}}");
	stage_write(stage, HTTP_PATCH, HPAS "/load-primary",
	            "{\"metadata\":{\"labels\":{\"x\":\"y\"},\"annotations\":{\"d\":\"e\"}}}");
	stage_run(stage, 10);
	flow_expect_rest(stage);
	assert_string_equal(kube_tree_text(find(stage, true, "load-primary"), "metadata/labels/x"),
	                    "y");
	stage_free(stage);
}

/* A paused target's is no paused primary's, and what is found paused is let go. */
static void D_34_the_pause_stays_with_the_target(void **state)
{
	struct stage *stage = stage_new(1);
	const json_t *annotations;

	(void)state;
	with_keda(stage);
	annotations = kube_tree_find(find(stage, false, "load"), "metadata/annotations");
	assert_string_equal(kube_tree_value(annotations, PAUSED), "0");
	assert_int_equal(replicas_of(stage, "cart"), 0);
	stage_write(stage, HTTP_DELETE, SCALED "/load-primary", NULL);
	stage_run(stage, 10);
	annotations = kube_tree_find(find(stage, false, "load-primary"), "metadata/annotations");
	assert_string_equal(kube_tree_value(annotations, PAUSED), "");
	assert_non_null(find(stage, false, "load-primary"));
	stage_write(stage, HTTP_PATCH, SCALED "/load-primary",
	            "{\"metadata\":{\"annotations\":{\"" PAUSED "\":\"0\"}}}");
	stage_run(stage, 10);
	annotations = kube_tree_find(find(stage, false, "load-primary"), "metadata/annotations");
	assert_string_equal(kube_tree_value(annotations, PAUSED), "");
	assert_true(replicas_of(stage, "cart-primary") > 0);
	stage_free(stage);
}

static void test_keda(void **state)
{
	struct stage *stage = stage_new(1);
	const json_t *spec;

	(void)state;
	with_keda(stage);
	spec = json_object_get(find(stage, false, "load-primary"), "spec");
	assert_string_equal(kube_tree_text(json_array_get(json_object_get(spec, "triggers"), 0),
	                                   "metadata/query"),
	                    "sum(rate(requests{app=\"cart-primary\"}[1m]))");
	assert_int_equal(kube_tree_whole(spec, "aNewerField/a", 0), 1);
	stage_push(stage, "v2");
	stage_run(stage, 14);
	assert_string_equal(stage_phase(stage), "Progressing");
	assert_true(replicas_of(stage, "cart") > 0);
	spec = json_object_get(find(stage, false, "load"), "spec");
	assert_int_equal(kube_tree_whole(spec, "aNewerField/a", 0), 1);
	assert_true(stage_run_to(stage, "Succeeded", 200));
	stage_run(stage, 20);
	assert_int_equal(replicas_of(stage, "cart"), 0);
	flow_delete_canary(stage);
	stage_run(stage, 120);
	assert_null(find(stage, false, "load-primary"));
	assert_string_equal(
		kube_tree_value(kube_tree_find(find(stage, false, "load"), "metadata/annotations"),
	                        PAUSED),
		"");
	assert_true(replicas_of(stage, "cart") > 0);
	stage_free(stage);
}

static const char *pause_of(struct stage *stage, const char *name)
{
	return kube_tree_value(kube_tree_find(find(stage, false, name), "metadata/annotations"),
	                       PAUSED);
}

/* What was made from the old one goes, and the old one is let go; an edit that no agent saw is told
 * by the Release. */
static void check_renamed(bool is_seen, bool is_running)
{
	struct stage *stage = stage_new(1);

	with_keda(stage);
	assert_string_equal(pause_of(stage, "load"), "0");
	if (is_running) {
		stage_push(stage, "v2");
		assert_true(stage_run_to(stage, "Progressing", 30));
	}
	if (!is_seen)
		stage_kill(stage, 0);
	rename_keda(stage);
	if (!is_seen)
		stage_start(stage, 1);
	stage_run(stage, is_seen ? 20 : 60);
	assert_string_equal(pause_of(stage, "load"), "");
	assert_null(find(stage, false, "load-primary"));
	assert_non_null(find(stage, false, "flow-primary"));
	if (is_running) {
		assert_true(stage_run_to(stage, "Succeeded", 200));
		stage_run(stage, is_seen ? 20 : 60);
	}
	assert_string_equal(pause_of(stage, "flow"), "0");
	stage_free(stage);
}

static void test_renamed(void **state)
{
	(void)state;
	check_renamed(true, false);
	check_renamed(false, false);
	check_renamed(true, true);
	check_renamed(false, true);
}

static void test_dropped(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	with_hpa(stage);
	assert_non_null(find(stage, true, "load-primary"));
	drop_hpa(stage);
	stage_run(stage, 20);
	assert_null(find(stage, true, "load-primary"));
	assert_non_null(find(stage, true, "load"));
	flow_expect_rest(stage);
	stage_free(stage);
}

static void test_idle(void **state)
{
	struct stage *stage = stage_new(7);

	(void)state;
	with_keda(stage);
	flow_expect_rest(stage);
	stage_free(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hpa),
		cmocka_unit_test(D_59_metadata_cause_no_writes),
		cmocka_unit_test(D_34_the_pause_stays_with_the_target),
		cmocka_unit_test(test_keda),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_renamed),
		cmocka_unit_test(test_dropped),
		cmocka_unit_test(test_flows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* DaemonSets: what we know of one, how it is told to have no pods, and the primary as we make it.
 */
#include "analysis/base/text.h"
#include "providers/builtin.h"
#include "providers/kube/pod_template.h"
#include "providers/kube/workload.h"
#include "tests/providers/cart.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DAEMONS      "/apis/apps/v1/namespaces/shop/daemonsets/"
#define MANAGER      "?fieldManager=serin"
#define NOWHERE      "'flagger.app/scale-to-zero': 'true'"
#define SELECT(more) "{'spec': {'template': {'spec': {'nodeSelector': {" more "}}}}}"
#define NODES        "/spec/template/spec/nodeSelector"

static const char daemon_set[] =
	"{'metadata': {'name': 'cart', 'namespace': 'shop', 'uid': 'd1', 'resourceVersion': '50',"
	" 'generation': 7, 'annotations': {'deprecated.daemonset.template.generation': '3', 'a': 'b'}},"
	" 'spec': {'selector': {'matchLabels': {'app': 'cart'}}, 'minReadySeconds': 5,"
	" 'updateStrategy': {'type': 'RollingUpdate', 'rollingUpdate': {'maxUnavailable': 1,"
	" 'maxSurge': 0}}, 'template': {'metadata': {'labels': {'app': 'cart'}}, 'spec':"
	" {'containers': [{'image': 'cart:2'}]}}}, 'status': {'observedGeneration': 7,"
	" 'desiredNumberScheduled': 4, 'currentNumberScheduled': 3, 'numberMisscheduled': 2,"
	" 'updatedNumberScheduled': 2, 'numberReady': 2, 'numberAvailable': 1}}";

static struct workload_fact read_with(const struct cart *cart, const char *patch)
{
	struct workload_fact fact = {0};
	json_t *object = merge_text(daemon_set, patch);

	kube_workload_read(object, &cart->options, true, &fact);
	json_decref(object);
	return fact;
}

static void test_read(void **state)
{
	struct workload_fact fact;
	struct cart cart;

	(void)state;
	cart_init(&cart, "{}");
	fact = read_with(&cart, "{}");
	assert_true(fact.is_daemon);
	assert_true(fact.is_observed);
	assert_int_equal(fact.replicas, 4);
	assert_int_equal(fact.updated, 2);
	assert_int_equal(fact.total, 5); /* with those on nodes where none is to be */
	assert_int_equal(fact.ready, 2);
	assert_int_equal(fact.available, 1);
	assert_string_equal(fact.refusal, "");
	/* told to have none: whatever its controller still says */
	assert_int_equal(read_with(&cart, SELECT(NOWHERE)).replicas, 0);
	/* told to have some: its controller does not know yet how many, and no node is none */
	assert_int_equal(read_with(&cart, "{'status': {'desiredNumberScheduled': 0}}").replicas, 1);
	assert_int_equal(read_with(&cart, "{'status': null}").replicas, 1);
	cart_fini(&cart);
}

static void test_may_empty(void **state)
{
	static const struct {
		const char *rolling;
		int nodes;
		bool want;
	} rows[] = {
		{"null", 1, true}, /* one may go, and there is one */
		{"null", 2, false},
		{"{'maxUnavailable': '50%'}", 2, false},
		{"{'maxUnavailable': '51%'}", 2, true}, /* rounded up */
		{"{'maxUnavailable': 2}", 2, true},
		{"{'maxUnavailable': 0, 'maxSurge': 1}", 1, false},
	};
	struct cart cart;
	char patch[256];

	(void)state;
	cart_init(&cart, "{}");
	for (size_t i = 0; i < array_length(rows); i++) {
		(void)snprintf(patch, sizeof(patch),
		               "{'spec': {'updateStrategy': {'rollingUpdate': %s}}, 'status': "
		               "{'desiredNumberScheduled': %d}}",
		               rows[i].rolling, rows[i].nodes);
		if (read_with(&cart, patch).may_empty != rows[i].want)
			fail_msg("row %zu", i);
	}
	cart_fini(&cart);
}

static void test_refusals(void **state)
{
	struct cart cart;

	(void)state;
	cart_init(&cart, "{}");
	assert_string_equal(
		read_with(&cart, "{'spec': {'updateStrategy': {'type': 'OnDelete'}}}").refusal,
		"spec.updateStrategy.type: daemonset cart.shop must have RollingUpdate strategy but "
		"have OnDelete");
	assert_string_equal(
		read_with(&cart, "{'spec': {'selector': {'matchLabels': {'app': null}}}}").refusal,
		"getSelectorLabel failed: daemonset cart.shop spec.selector.matchLabels must contain "
		"one of [app name app.kubernetes.io/name]");
	cart_fini(&cart);
}

/* What tells it to have no pods is no revision; another nodeSelector is one. */
static void D_36_no_pods_is_no_revision(void **state)
{
	char plain[DIGEST_MAX];
	struct cart cart;

	(void)state;
	cart_init(&cart, "{}");
	text_copy(plain, read_with(&cart, "{}").digest);
	assert_string_equal(read_with(&cart, SELECT(NOWHERE)).digest, plain);
	assert_string_equal(read_with(&cart, SELECT("")).digest, plain);
	assert_string_not_equal(read_with(&cart, SELECT("'disk': 'ssd'")).digest, plain);
	assert_string_equal(read_with(&cart, SELECT("'disk': 'ssd', " NOWHERE)).digest,
	                    read_with(&cart, SELECT("'disk': 'ssd'")).digest);
	cart_fini(&cart);
}

/* D-36: the primary made from a target at rest has pods. */
static void D_36_the_primary_schedules_pods(void **state)
{
	struct kube_primary primary = {.release_uid = "r1", .replicas = 3};
	json_t *target = merge_text(daemon_set, SELECT("'disk': 'ssd', " NOWHERE));
	struct cart cart;

	(void)state;
	cart_init(&cart, "{}");
	cart.spec.target_kind = TARGET_DAEMON_SET;
	primary.target = target;
	primary.template = json_object_get(json_object_get(target, "spec"), "template");
	cart_same(
		kube_workload_primary(&cart.world, &primary),
		"{'apiVersion': 'apps/v1', 'kind': 'DaemonSet', 'metadata': {'name': 'cart-primary',"
		" 'namespace': 'shop', 'labels': {'app': 'cart-primary', 'serin.dev/canary-uid': "
		"'" CART_UID
		"'}, 'annotations': {'a': 'b'}}, 'spec': {'selector': {'matchLabels':"
		" {'app': 'cart-primary'}}, 'minReadySeconds': 5, 'updateStrategy': {'type':"
		" 'RollingUpdate', 'rollingUpdate': {'maxUnavailable': 1, 'maxSurge': 0}},"
		" 'template': {'metadata': {'labels': {'app': 'cart-primary'}, 'annotations':"
		" {'flagger-id': 'r1'}}, 'spec': {'nodeSelector': {'disk': 'ssd'}, 'containers':"
		" [{'image': 'cart:2'}]}}}}");
	json_decref(target);
	cart_fini(&cart);
}

static void test_patch(void **state)
{
	static const struct {
		const char *live;
		bool has_pods;
		const char *patch;
	} rows[] = {
		{"{}", true, "[]"},
		{"{}", false, "[{'op': 'add', 'path': '" NODES "', 'value': {" NOWHERE "}}]"},
		{SELECT("'disk': 'ssd'"), false,
	         "[{'op': 'add', 'path': '" NODES "', 'value': {'disk': 'ssd', " NOWHERE "}}]"},
		{SELECT(NOWHERE), false, "[]"},
		{SELECT("'disk': 'ssd', " NOWHERE), true,
	         "[{'op': 'add', 'path': '" NODES "', 'value': {'disk': 'ssd'}}]"},
		{SELECT(NOWHERE), true, "[{'op': 'add', 'path': '" NODES "', 'value': {}}]"},
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *live = merge_text(daemon_set, rows[i].live);

		print_message("row %zu\n", i);
		cart_same(kube_workload_daemon_patch(live, rows[i].has_pods), rows[i].patch);
		json_decref(live);
	}
}

struct talk_row {
	const char *name;
	struct effect effect;
	struct cart_exchange script[3];
	enum act_outcome want;
};

static const struct talk_row talk_rows[] = {
	{"to none",
         {.kind = EFFECT_SCALE, .subject = SUBJECT_TARGET, .resource_version = "50"},
         {{"GET " DAEMONS "cart", "", 200, daemon_set},
          {"PATCH " DAEMONS "cart" MANAGER,
           "[{'op': 'test', 'path': '/metadata/resourceVersion', 'value': '50'}, {'op': 'add',"
           " 'path': '" NODES "', 'value': {" NOWHERE "}}]",
           200, daemon_set}},
         ACT_OK},
	{"as it is",
         {.kind = EFFECT_SCALE, .subject = SUBJECT_TARGET, .replicas = 2},
         {{"GET " DAEMONS "cart", "", 200, daemon_set}},
         ACT_OK},
	/* A scale-down that left may not arrive in the next run. */
	{"decided on another version",
         {.kind = EFFECT_SCALE, .subject = SUBJECT_TARGET, .resource_version = "49"},
         {{"GET " DAEMONS "cart", "", 200, daemon_set}},
         ACT_CONFLICT},
	{"gone",
         {.kind = EFFECT_SCALE, .subject = SUBJECT_TARGET},
         {{"GET " DAEMONS "cart", "", 404, "{'kind': 'Status', 'code': 404}"}},
         ACT_ABSENT},
};

static void test_talks(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_length(talk_rows); i++) {
		struct cart cart;
		struct act act;

		print_message("row %s\n", talk_rows[i].name);
		cart_init(&cart, "{}");
		cart.spec.target_kind = TARGET_DAEMON_SET;
		(void)cart_drive(&cart, &act, &talk_rows[i].effect, talk_rows[i].script);
		assert_int_equal(act.result.outcome, talk_rows[i].want);
		act_fini(&act);
		cart_fini(&cart);
	}
}

/* Its pods have one part behind its name, so that cart's are not cart-primary's. */
static void test_queries(void **state)
{
	static const enum target_kind kind = TARGET_DAEMON_SET;

	(void)state;
	assert_non_null(strstr(builtin_query("kubernetes", kind, CHECK_SUCCESS_RATE),
	                       "=~\"{{ target }}-[0-9a-zA-Z]+\""));
	assert_non_null(strstr(builtin_share_query("gatewayapi", kind),
	                       "=~\"{{ target }}(-primary)?-[0-9a-zA-Z]+\""));
	assert_non_null(strstr(builtin_query("linkerd", kind, CHECK_DURATION), ", daemonset=\""));
	assert_non_null(strstr(builtin_query("osm", kind, CHECK_DURATION),
	                       "destination_kind=\"DaemonSet\""));
	assert_string_equal(builtin_query("nginx", kind, CHECK_DURATION),
	                    builtin_query("nginx", TARGET_DEPLOYMENT, CHECK_DURATION));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_may_empty),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(D_36_no_pods_is_no_revision),
		cmocka_unit_test(D_36_the_primary_schedules_pods),
		cmocka_unit_test(test_patch),
		cmocka_unit_test(test_talks),
		cmocka_unit_test(test_queries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

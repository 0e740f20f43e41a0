/*
 * What a whole agent says of canaries that it leaves alone, and how often it says anything: the
 * hazards of conditions and Events.
 */
#include "agent/metrics.h"
#include "tests/simulation/flow.h"
#include "tests/simulation/stage.h"
#include "tests/simulation/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CANARIES "/apis/flagger.app/v1beta1/namespaces/shop/canaries"
#define STEPS    "\"stepWeight\":20,\"maxWeight\":40"

static struct stage *begin(void)
{
	struct stage *stage = stage_new(1);

	flow_start(stage);
	flow_initialise(stage, "nginx", STEPS);
	return stage;
}

/* The reason of condition Ready=False, "" when it is not there. */
static const char *reason_of(struct stage *stage, const char *canary)
{
	const json_t *status = json_object_get(stage_find(stage, "canaries", canary), "status");
	const json_t *list = json_object_get(status, "conditions");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *condition = json_array_get(list, i);

		if (strcmp(json_string_value(json_object_get(condition, "type")), "Ready") == 0)
			return json_string_value(json_object_get(condition, "reason"));
	}
	return "";
}

/* The younger one is refused and says so; the older one serves as before. */
static void test_D_48_two_canaries_on_one_target(void **state)
{
	struct stage *stage = begin();

	stage_write(stage, HTTP_POST, CANARIES,
	            "{\"apiVersion\":\"flagger.app/v1beta1\",\"kind\":\"Canary\",\"metadata\":{"
	            "\"name\":\"other\",\"namespace\":\"shop\"},\"spec\":{\"provider\":\"nginx\","
	            "\"targetRef\":{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"name\":"
	            "\"cart\"},\"ingressRef\":{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":"
	            "\"Ingress\",\"name\":\"front\"},\"service\":{\"port\":80},\"analysis\":{"
	            "\"interval\":\"10s\"," STEPS "}}}");
	stage_run(stage, 30);
	assert_string_equal(reason_of(stage, "other"), "Duplicate");
	assert_string_equal(reason_of(stage, "cart"), "");
	stage_push(stage, "v2");
	assert_true(stage_run_to(stage, "Succeeded", 200));
	assert_null(stage_find(stage, "releases", "other-1"));
	assert_string_equal(reason_of(stage, "other"), "Duplicate");
	stage_free(stage);
}

/* A Canary that is invalid has a condition and one Event, however often the agent starts. */
static void test_D_30_an_invalid_canary_is_told(void **state)
{
	struct stage *stage = stage_new(1);

	stage_deploy(stage, "v1");
	stage_start(stage, 0);
	stage_canary(stage, "nginx", "\"stepWeights\":[10,5]");
	stage_run(stage, 30);
	assert_string_equal(reason_of(stage, "cart"), "InvalidSpec");
	stage_kill(stage, 0);
	stage_start(stage, 0);
	stage_run(stage, 3600);
	assert_string_equal(reason_of(stage, "cart"), "InvalidSpec");
	assert_string_equal(buf_text(&stage_trace(stage)->events),
	                    "W spec.analysis.stepWeights[1]: expected more than the 10 before it, "
	                    "got 5\n");
	stage_free(stage);
}

/* A suspended canary is silent, and so is one at rest: no Event for an hour. */
static void test_D_41_nothing_new_is_no_event(void **state)
{
	struct stage *stage = begin();

	trace_clear(stage_trace(stage));
	stage_run(stage, 3600);
	stage_write(stage, HTTP_PATCH, CANARIES "/cart", "{\"spec\":{\"suspend\":true}}");
	stage_push(stage, "v2");
	stage_run(stage, 3600);
	assert_string_equal(buf_text(&stage_trace(stage)->events), "");
	stage_free(stage);
}

/* A canary that was deleted while nobody watched is not served any more; nor is its status written
 * (D-55). */
static void test_D_31_deleted_while_the_watch_was_away(void **state)
{
	struct stage *stage = begin();

	sim_http_cut(stage_http(stage, 0), true);
	stage_run(stage, 5);
	stage_write(stage, HTTP_DELETE, CANARIES "/cart", NULL);
	stage_run(stage, 120);
	sim_http_cut(stage_http(stage, 0), false);
	stage_run(stage, 300);
	assert_null(stage_find(stage, "deployments", "cart-primary"));
	assert_null(stage_find(stage, "releases", "cart-1"));
	stage_fault(stage, STAGE_FAULT_NONE, 0);
	stage_run(stage, 3600);
	assert_int_equal(stage_writes(stage), 0);
	stage_free(stage);
}

static void check_gauges(struct stage *stage, double status, const char *phase)
{
	const struct metrics *metrics = stage_measured(stage);

	agent_measure(stage_agent(stage, 0));
	assert_float_equal(metrics_value(metrics, METRIC_FLAGGER_CANARY_STATUS,
	                                 METRIC_LABELS("cart", "shop")),
	                   status, 0);
	assert_float_equal(metrics_value(metrics, METRIC_SERIN_CANARY_PHASE,
	                                 METRIC_LABELS("cart", "shop", phase)),
	                   1, 0);
}

/* Flagger's gauge says 0 while Progressing, 2 when Failed, and else 1, for the dashboards that
 * there are; ours names the phase. */
static void test_D_52_the_gauges(void **state)
{
	struct stage *stage = begin();

	check_gauges(stage, 1, "Done");
	stage_push(stage, "v2");
	assert_true(stage_run_to(stage, "Progressing", 60));
	stage_run(stage, 1);
	check_gauges(stage, 0, "Starting");
	assert_true(stage_run_to(stage, "Promoting", 200));
	stage_run_ms(stage, 100);
	check_gauges(stage, 1, "Promoting");
	assert_true(stage_run_to(stage, "Succeeded", 200));
	stage_metrics(stage, 50, 20);
	stage_push(stage, "v3");
	assert_true(stage_run_to(stage, "Failed", 200));
	stage_run(stage, 1);
	check_gauges(stage, 2, "Done");
	stage_free(stage);
}

/* No line of TEXT is there twice. */
static void check_once(const char *text)
{
	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		char one[256];

		(void)snprintf(one, sizeof(one), "%.*s", (int)(strchr(line, '\n') - line + 1),
		               line);
		if (strstr(strchr(line, '\n'), one))
			fail_msg("told twice: %sin:\n%s", one, text);
	}
}

/* A receiver that takes its time is not told again because the world moves on meanwhile. */
static void test_slow_receivers_are_told_once(void **state)
{
	struct stage *stage = stage_new(1);

	flow_start(stage);
	flow_initialise(
		stage, "nginx",
		STEPS
		",\"webhooks\":["
		"{\"name\":\"e\",\"type\":\"event\",\"url\":\"http://hooks/event\"},"
		"{\"name\":\"p\",\"type\":\"post-rollout\",\"url\":\"http://hooks/post\"}]");
	stage_slow(stage, "http://hooks/", 2500);
	stage_push(stage, "v2");
	assert_true(stage_run_to(stage, "Promoting", 200));
	assert_true(stage_run_to(stage, "Succeeded", 200));
	stage_run(stage, 60);
	assert_non_null(strstr(stage_hooks(stage), "Advance cart.shop canary weight 40"));
	assert_non_null(strstr(stage_hooks(stage), "Promotion completed!"));
	assert_non_null(strstr(stage_hooks(stage), "post Succeeded\n"));
	check_once(stage_hooks(stage));
	stage_free(stage);
}

/* One that never answers costs a call per event, and no write more. */
static void test_silent_receivers_cost_no_writes(void **state)
{
	static const char *const silent[] = {"", "event"};
	size_t n_writes[2];

	for (size_t i = 0; i < 2; i++) {
		struct stage *stage = stage_new(1);

		flow_start(stage);
		if (*silent[i])
			stage_hook(stage, silent[i], 0, "");
		flow_initialise(stage, "kubernetes",
		                "\"iterations\":2,\"webhooks\":[{\"name\":\"e\",\"type\":\"event\","
		                "\"timeout\":\"3s\",\"url\":\"http://hooks/event\"}]");
		stage_run(stage, 60);
		stage_fault(stage, STAGE_FAULT_NONE, 0);
		stage_metrics(stage, 50, 20);
		stage_push(stage, "v2");
		assert_true(stage_run_to(stage, "Failed", 200));
		stage_run(stage, 60);
		n_writes[i] = stage_writes(stage);
		stage_free(stage);
	}
	print_message("writes of a rollback: %zu, with a silent receiver %zu\n", n_writes[0],
	              n_writes[1]);
	assert_true(n_writes[1] <= n_writes[0] + 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_D_48_two_canaries_on_one_target),
		cmocka_unit_test(test_D_30_an_invalid_canary_is_told),
		cmocka_unit_test(test_D_41_nothing_new_is_no_event),
		cmocka_unit_test(test_D_31_deleted_while_the_watch_was_away),
		cmocka_unit_test(test_D_52_the_gauges),
		cmocka_unit_test(test_slow_receivers_are_told_once),
		cmocka_unit_test(test_silent_receivers_cost_no_writes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

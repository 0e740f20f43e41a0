/* Agents that do not hear what happens, or cannot read it: they ask, soon and not too often. */
#include "tests/simulation/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define STEPS "\"stepWeight\":20,\"maxWeight\":40"

/* While the agent was away the spec became invalid, and the watch of Canaries is silent: what its
 * own writes answer says that the refusal is told. (It once wrote it every 10 ms.) */
static void test_refused_unheard(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	stage_deploy(stage, "v1");
	stage_canary(stage, "nginx", "\"stepWeights\":[10,5]");
	stage_slow(stage, "/canaries?", 3600000);
	stage_start(stage, 0);
	stage_run(stage, 3);
	assert_in_range(stage_writes(stage), 1, 10);
	stage_run(stage, 60);
	assert_in_range(stage_writes(stage), 1, 10);
	stage_free(stage);
}

/* What became of the Canary's status since our write of it is told before its reply, which says
 * what was once: what another hand wrote there does not stay. */
static void test_reply_is_overtaken(void **state)
{
	static const char url[] = "/apis/flagger.app/v1beta1/namespaces/shop/canaries/cart/status";
	struct stage *stage = stage_new(1);

	(void)state;
	flow_start(stage);
	flow_initialise(stage, "nginx", STEPS);
	stage_slow(stage, "/canaries/cart/status", 3000);
	for (int i = 0; i < 2; i++) {
		stage_write(stage, HTTP_PATCH, url, "{\"status\":{\"phase\":\"Failed\"}}");
		stage_run(stage, 1);
	}
	stage_run(stage, 10);
	assert_string_equal(stage_phase(stage), "Initialized");
	stage_free(stage);
}

/* Whether a revision is newer cannot be read for a while, and the one before it has clients. */
static void test_compared_soon(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	flow_start(stage);
	flow_initialise(stage, "nginx", STEPS);
	stage_push(stage, "v2");
	for (int i = 0; i < 60 && !strstr(stage_steps(stage), "cart-2 Progressing to 20"); i++)
		stage_run(stage, 1);
	stage_break(stage, "/deployments/cart");
	stage_push(stage, "v3");
	stage_run(stage, 9);
	assert_non_null(strstr(stage_steps(stage), "cart-2 Progressing to 20"));
	assert_null(strstr(stage_steps(stage), "cart-2 Retreating"));
	stage_break(stage, NULL);
	stage_run(stage, 2);
	assert_non_null(strstr(stage_steps(stage), "cart-2 Retreating"));
	stage_free(stage);
}

/* The clock was put back before the run began, and that its pods are ready is not heard: what was
 * read before counts as no reading after the deadline. */
static void test_read_before_the_clock_jumped(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	flow_start(stage);
	flow_initialise(stage, "nginx", STEPS);
	sim_loop_skew(stage_loop(stage, 0), span_seconds(-400));
	stage_push(stage, "v2");
	for (int i = 0; i < 6000 && !strstr(stage_steps(stage), "cart-2 Starting"); i++)
		stage_run_ms(stage, 10);
	stage_slow(stage, "/deployments?", 3600000);
	stage_run(stage, 80);
	assert_null(strstr(stage_steps(stage), "cart-2 Retreating"));
	assert_non_null(strstr(stage_steps(stage), "cart-2 Progressing"));
	stage_free(stage);
}

/* The API server could not be reached from the start: when the lease is won, all is listed at
 * once, however long the lists would have waited. */
static void test_listed_when_the_lease_is_won(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	stage_deploy(stage, "v1");
	stage_canary(stage, "nginx", STEPS);
	stage_start(stage, 0);
	sim_http_cut(stage_http(stage, 0), true);
	stage_run(stage, 70);
	sim_http_cut(stage_http(stage, 0), false);
	stage_run(stage, 5);
	assert_true(agent_is_leading(stage_agent(stage, 0)));
	stage_free(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused_unheard),
		cmocka_unit_test(test_reply_is_overtaken),
		cmocka_unit_test(test_compared_soon),
		cmocka_unit_test(test_read_before_the_clock_jumped),
		cmocka_unit_test(test_listed_when_the_lease_is_won),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Whole agents with hooks: receivers that agree, refuse and are silent, and the flow of a promotion
 * with a hook of each type once for each write and each kind of fault at it.
 */
#include "agent/demo/sim_loop.h"
#include "tests/simulation/flow.h"
#include "tests/simulation/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOOK(type)                                                           \
 "{\"name\":\"" type "\",\"type\":\"" type "\",\"url\":\"http://hooks/" type \
 "\",\"timeout\":\"5s\"}"
#define ALL                                                                                 \
 HOOK("confirm-rollout")                                                                    \
 "," HOOK("pre-rollout") "," HOOK("rollout") "," HOOK("confirm-traffic-increase") "," HOOK( \
	 "confirm-promotion") "," HOOK("post-rollout") "," HOOK("rollback")
#define STEPS(hooks) "\"stepWeight\":20,\"maxWeight\":40,\"webhooks\":[" hooks "]"

/* An initialised Canary with those hooks; rollback hooks say no. */
static struct stage *begin(const char *analysis)
{
	struct stage *stage = stage_new(1);

	stage_hook(stage, "rollback", 403, "Forbidden");
	flow_start(stage);
	flow_initialise(stage, "nginx", analysis);
	assert_null(strstr(stage_hooks(stage), "ro")); /* but events, none is called */
	return stage;
}

static int weight(struct stage *stage)
{
	const json_t *route = stage_find(stage, "ingresses", "front-canary");
	const json_t *annotations =
		json_object_get(json_object_get(route, "metadata"), "annotations");
	const char *text = json_string_value(
		json_object_get(annotations, "nginx.ingress.kubernetes.io/canary-weight"));

	return text ? (int)strtol(text, NULL, 10) : 0;
}

static bool has_event(struct stage *stage, const char *message)
{
	const json_t *event;

	for (size_t i = 0; (event = apiserver_at(stage_server(stage), "events", i)); i++) {
		if (strcmp(json_string_value(json_object_get(event, "message")), message) == 0)
			return true;
	}
	return false;
}

/* Each is called once where it is due, with Flagger's phase. */
static void test_all(void **state)
{
	struct stage *stage = begin(STEPS(ALL));

	stage_push(stage, "v2");
	assert_true(stage_run_to(stage, "Succeeded", 200));
	stage_run(stage, 5);
	assert_string_equal(stage_hooks(stage),
	                    "confirm-rollout Initialized\n"
	                    "rollback Progressing\n"
	                    "pre-rollout Progressing\n"
	                    "confirm-traffic-increase Progressing\n"
	                    "rollback Progressing\n"
	                    "rollout Progressing\n"
	                    "confirm-traffic-increase Progressing\n"
	                    "rollback Progressing\n"
	                    "rollout Progressing\n"
	                    "confirm-traffic-increase Progressing\n"
	                    "confirm-promotion Progressing\n"
	                    "post-rollout Succeeded\n");
	assert_true(has_event(stage, "Confirm-rollout check confirm-rollout passed"));
	assert_true(has_event(stage, "Post-rollout check post-rollout passed"));
	stage_free(stage);
}

/* A gate that is closed, through a restart; then it opens. */
static void test_closed_gate(void **state)
{
	struct stage *stage = begin(STEPS(HOOK("confirm-rollout")));
	size_t n_writes;

	stage_hook(stage, "confirm-rollout", 403, "Forbidden");
	stage_push(stage, "v2");
	assert_true(stage_run_to(stage, "Waiting", 20));
	stage_run(stage, 5);
	stage_fault(stage, STAGE_FAULT_NONE, 0);
	stage_run(stage, 300);
	n_writes = stage_writes(stage);
	assert_int_equal(n_writes, 0);
	stage_kill(stage, 0);
	stage_start(stage, 0);
	stage_run(stage, 60);
	assert_string_equal(stage_phase(stage), "Waiting");
	assert_true(stage_writes(stage) <= 1); /* the Event that is still in the Release */
	assert_int_equal(json_integer_value(json_object_get(
				 json_object_get(stage_find(stage, "deployments", "cart"), "spec"),
				 "replicas")),
	                 0);
	stage_hook(stage, "confirm-rollout", 200, "OK");
	assert_true(stage_run_to(stage, "Succeeded", 200));
	assert_true(has_event(stage,
	                      "Halt cart.shop advancement waiting for approval "
	                      "confirm-rollout"));
	stage_free(stage);
}

/* The first answer of the gate is long in coming. What somebody else gives the canary meanwhile,
 * which nobody analyses, is taken back all the same. */
static void test_raised_before_the_first_answer(void **state)
{
	struct stage *stage = begin(STEPS(HOOK("confirm-rollout")));

	stage_hook(stage, "confirm-rollout", 0, "");
	stage_push(stage, "v2");
	while (!strstr(stage_hooks(stage), "confirm-rollout"))
		stage_run_ms(stage, 100);
	stage_write(stage, HTTP_PATCH,
	            "/apis/networking.k8s.io/v1/namespaces/shop/ingresses/"
	            "front-canary?fieldManager=helm",
	            "{\"metadata\":{\"annotations\":{"
	            "\"nginx.ingress.kubernetes.io/canary-weight\":\"50\"}}}");
	assert_int_equal(weight(stage), 50);
	stage_run(stage, 1);
	assert_int_equal(weight(stage), 0);
	assert_string_equal(stage_phase(stage), "Initialized");
	stage_hook(stage, "confirm-rollout", 200, "OK");
	assert_true(stage_run_to(stage, "Succeeded", 200));
	stage_free(stage);
}

/* While the promotion waits the canary is watched: one that fails goes back at once. */
static void test_fails_behind_a_gate(void **state)
{
	struct stage *stage = begin(STEPS(HOOK("confirm-promotion")));

	stage_hook(stage, "confirm-promotion", 403, "Forbidden");
	stage_push(stage, "v2");
	assert_true(stage_run_to(stage, "WaitingPromotion", 100));
	stage_run(stage, 100);
	assert_int_equal(weight(stage), 40);
	stage_metrics(stage, 50, 20);
	assert_true(stage_run_to(stage, "Failed", 40));
	assert_int_equal(weight(stage), 0);
	stage_free(stage);
}

/* A gate said no, then yes; the clock jumps back until the next check is too far ahead, and is put
 * right. The old no is not of the new check: its answers are counted, and no others are there. */
static void test_a_no_from_before_the_clock_jumped(void **state)
{
	struct stage *stage = begin(STEPS(HOOK("confirm-traffic-increase")));
	struct instant answered;

	(void)state;
	stage_push(stage, "v2");
	for (int i = 0; i < 600 && weight(stage) != 20; i++)
		stage_run_ms(stage, 100);
	assert_int_equal(weight(stage), 20);
	stage_hook(stage, "confirm-traffic-increase", 403, "Forbidden");
	stage_run(stage, 12);
	stage_hook(stage, "confirm-traffic-increase", 200, "OK");
	for (int i = 0; i < 600 && weight(stage) != 40; i++)
		stage_run_ms(stage, 100);
	assert_int_equal(weight(stage), 40);
	answered = stage_answered(stage);
	sim_loop_skew(stage_loop(stage, 0), span_seconds(-100));
	stage_run(stage, 12);
	sim_loop_skew(stage_loop(stage, 0), span_ms(0));
	assert_true(stage_run_to(stage, "Promoting", 60));
	assert_true(instant_is_before(answered, stage_answered(stage)));
	stage_free(stage);
}

/* A gate says no to the first check of a step, and the clock goes back by more than an interval: it
 * is asked about another check, not told its own answer again. */
static void test_the_clock_goes_back_behind_a_no(void **state)
{
	struct stage *stage = begin(STEPS(HOOK("confirm-traffic-increase")));

	(void)state;
	sim_loop_skew(stage_loop(stage, 0), span_seconds(11));
	stage_push(stage, "v2");
	for (int i = 0; i < 600 && weight(stage) != 20; i++)
		stage_run_ms(stage, 100);
	assert_int_equal(weight(stage), 20);
	stage_hook(stage, "confirm-traffic-increase", 403, "Forbidden");
	stage_run(stage, 22); /* the first no is saved, which is a step of its own */
	assert_int_equal(weight(stage), 20);
	sim_loop_skew(stage_loop(stage, 0), span_ms(0));
	stage_run(stage, 5);
	stage_hook(stage, "confirm-traffic-increase", 200, "OK");
	assert_true(stage_run_to(stage, "Promoting", 100));
	stage_free(stage);
}

/* D-53: receivers of every kind are silent, and the check that fails for the last time still moves
 * traffic within a second. */
static void test_D_53_silent_receivers(void **state)
{
	struct stage *stage =
		begin(STEPS(HOOK("post-rollout") "," HOOK("rollback") "," HOOK("event")));
	int ms = 0;

	stage_push(stage, "v2");
	while (weight(stage) < 20)
		stage_run(stage, 1);
	stage_hook(stage, "", 0, "");
	stage_metrics(stage, 50, 20);
	stage_run(stage, 25);
	/* Two failed checks: traffic was moved as soon as the second was answered. */
	while (weight(stage) > 0 && ms++ < 10)
		stage_run_ms(stage, 100);
	assert_int_equal(weight(stage), 0);
	assert_true(instant_between(stage_answered(stage), sim_loop_now(stage_sim(stage))).ms <
	            20000);
	assert_true(stage_run_to(stage, "Failed", 60));
	stage_run(stage, 60);
	assert_true(has_event(
		stage,
		"Post-rollout hook post-rollout failed POST "
		"http://hooks/post-rollout giving up after 1 attempt(s): no answer within 5s"));
	stage_free(stage);
}

/* The agent is killed after each write, loses each reply, meets each conflict: the same end, and
 * each hook that tells was called. */
static size_t run(enum stage_fault fault, size_t nth, char **ret_end, char **ret_steps)
{
	struct stage *stage = begin(STEPS(ALL "," HOOK("event")));
	size_t n_writes;

	stage_fault(stage, fault, nth);
	stage_push(stage, "v2");
	assert_true(stage_run_to(stage, "Succeeded", 400));
	stage_run(stage, 120);
	n_writes = stage_writes(stage);
	*ret_end = stage_describe(stage);
	*ret_steps = strdup(stage_steps(stage));
	assert_non_null(strstr(stage_hooks(stage), "post-rollout Succeeded\n"));
	assert_non_null(strstr(stage_hooks(stage), "event Succeeded: "));
	stage_free(stage);
	return n_writes;
}

static void test_faults(void **state)
{
	char *end;
	char *steps;
	size_t n_writes = run(STAGE_FAULT_NONE, 0, &end, &steps);

	for (enum stage_fault fault = STAGE_FAULT_CRASH; fault < STAGE_FAULT_MAX; fault++) {
		for (size_t nth = 1; nth <= n_writes; nth++) {
			char *got_end;
			char *got_steps;

			run(fault, nth, &got_end, &got_steps);
			assert_string_equal(got_end, end);
			assert_string_equal(got_steps, steps);
			free(got_end);
			free(got_steps);
		}
	}
	print_message("# %zu writes\n", n_writes);
	free(end);
	free(steps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_closed_gate),
		cmocka_unit_test(test_raised_before_the_first_answer),
		cmocka_unit_test(test_fails_behind_a_gate),
		cmocka_unit_test(test_a_no_from_before_the_clock_jumped),
		cmocka_unit_test(test_the_clock_goes_back_behind_a_no),
		cmocka_unit_test(test_D_53_silent_receivers),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

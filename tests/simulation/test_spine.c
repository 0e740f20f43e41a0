/*
 * Whole agents against the in-tree API server: each flow once as it should be, then once for each
 * write and each kind of fault at it. Every one of them ends in the same cluster, with no step
 * taken twice.
 */
#include "agent/metrics.h"
#include "providers/kube/tree.h"
#include "tests/simulation/flow.h"
#include "tests/simulation/hung_history.h"
#include "tests/simulation/stage.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define STEPS   "\"stepWeight\":20,\"maxWeight\":40"
#define LATE_MS 2

/* Its first container has this version's image. */
static bool is_of(const json_t *workload, const char *version)
{
	const json_t *containers = kube_tree_find(workload, "spec/template/spec/containers");
	const char *image = kube_tree_text(json_array_get(containers, 0), "image");

	return strstr(image, version) != NULL;
}

static void initialised(struct stage *stage)
{
	flow_start(stage);
	flow_initialise(stage, "nginx", STEPS);
}

static void promoted(struct stage *stage)
{
	initialised(stage);
	stage_push(stage, "v2");
	assert_true(stage_run_to(stage, "Succeeded", 200));
	stage_run(stage, 10);
}

static void make_canary(struct stage *stage)
{
	stage_canary(stage, "nginx", STEPS);
}

static void push_stuck(struct stage *stage)
{
	stage_push(stage, "stuck");
}

static const struct flow flows[] = {
	{"initialise", flow_start, make_canary, "Initialized"},
	{"advance and promote", initialised, flow_push_v2, "Succeeded"},
	{"roll back", promoted, flow_push_slow, "Failed"},
	{"fail to promote", initialised, flow_push_bad_primary, "Failed"},
	{"miss the deadline", initialised, push_stuck, "Failed"},
};

static void test_initialise(void **state)
{
	(void)state;
	flow_perturb(&flows[0]);
}

static void test_D_50_advance_and_promote(void **state)
{
	(void)state;
	flow_perturb(&flows[1]);
}

static void test_roll_back(void **state)
{
	(void)state;
	flow_perturb(&flows[2]);
}

static void test_fail_to_promote(void **state)
{
	(void)state;
	flow_perturb(&flows[3]);
}

static void test_miss_the_deadline(void **state)
{
	(void)state;
	flow_perturb(&flows[4]);
}

/* A canary at rest costs nothing: in each phase of rest, one hour without a request beside lease
 * and watches. */
static void test_D_55_idle(void **state)
{
	struct stage *stage = stage_new(7);
	size_t metrics;

	(void)state;
	promoted(stage);
	metrics = sim_http_count(stage_http(stage, 0), HTTP_PEER_URL);
	flow_expect_rest(stage);
	assert_int_equal(sim_http_count(stage_http(stage, 0), HTTP_PEER_URL), metrics);
	stage_free(stage);
}

/* Two agents, one lease: pauses, cuts and kills, and no write without the lease. */
static void duel(uint64_t seed)
{
	struct stage *stage = stage_new(seed);
	struct sim_loop *sim = stage_sim(stage);

	stage_deploy(stage, "v1");
	stage_canary(stage, "nginx", STEPS);
	stage_start(stage, 0);
	stage_start(stage, 1);
	for (int i = 0; i < 30; i++) {
		int number = (int)(sim_loop_random(sim) % 2);

		switch (sim_loop_random(sim) % 8) {
		case 0:
			sim_loop_pause(
				stage_loop(stage, number),
				instant_after(sim_loop_now(sim),
			                      span_ms((int64_t)(sim_loop_random(sim) % 40000))));
			break;
		case 1:
			sim_http_cut(stage_http(stage, number), true);
			break;
		case 2:
			sim_http_cut(stage_http(stage, number), false);
			break;
		case 3:
			stage_kill(stage, number);
			stage_start(stage, number);
			break;
		case 4:
			stage_push(stage, sim_loop_random(sim) % 2 ? "v2" : "v3");
			break;
		default:
			break;
		}
		stage_run(stage, (int)(sim_loop_random(sim) % 20));
	}
	if (stage_strays(stage) > 0)
		print_message("seed %lu: %zu writes without the lease\n", (unsigned long)seed,
		              stage_strays(stage));
	assert_int_equal(stage_strays(stage), 0);
	stage_free(stage);
}

static void test_two_agents_never_both_write(void **state)
{
	const char *seeds = getenv("SEEDS");
	uint64_t n_seeds = seeds ? strtoull(seeds, NULL, 10) : 1000;

	(void)state;
	for (uint64_t seed = 1; seed <= n_seeds; seed++)
		duel(seed);
	printf("# %lu seeds\n", (unsigned long)n_seeds);
}

/* The metrics server is away for 25 s: a healthy release is not rolled back, it waits (the
 * incumbent does not). */
static void test_metrics_away(void **state)
{
	struct stage *stage = stage_new(3);

	(void)state;
	initialised(stage);
	stage_push(stage, "v2");
	stage_run(stage, 10);
	stage_metrics_down(stage, true);
	stage_run(stage, 25);
	stage_metrics_down(stage, false);
	assert_true(stage_run_to(stage, "Succeeded", 200));
	stage_free(stage);
}

/* … and for longer than the progress deadline: all traffic goes back. */
static void test_metrics_gone(void **state)
{
	struct stage *stage = stage_new(4);

	(void)state;
	initialised(stage);
	stage_push(stage, "v2");
	stage_run(stage, 10);
	stage_metrics(stage, (double)NAN, (double)NAN);
	assert_true(stage_run_to(stage, "Failed", 200));
	stage_free(stage);
}

/* A third revision before the second is judged: the second ends superseded, the third is promoted.
 */
static void test_newer_revision(void **state)
{
	struct stage *stage = stage_new(5);
	const json_t *second;

	(void)state;
	initialised(stage);
	stage_push(stage, "v2");
	stage_run(stage, 12);
	stage_push(stage, "v3");
	assert_true(stage_run_to(stage, "Succeeded", 300));
	second = json_object_get(stage_find(stage, "releases", "cart-2"), "status");
	assert_string_equal(json_string_value(json_object_get(second, "outcome")), "superseded");
	assert_non_null(stage_find(stage, "releases", "cart-3"));
	stage_free(stage);
}

/* The newest ten Releases are kept, and the promoted one, however old. */
static void test_old_releases_go(void **state)
{
	struct stage *stage = stage_new(10);
	char version[16];
	size_t n_releases = 0;

	(void)state;
	promoted(stage);
	for (int i = 3; i < 18; i++) {
		stage_metrics(stage, 10, 20);
		(void)snprintf(version, sizeof(version), "v%d", i);
		stage_push(stage, version);
		assert_true(stage_run_to(stage, "Progressing", 30));
		assert_true(stage_run_to(stage, "Failed", 200));
		stage_run(stage, 5);
	}
	while (apiserver_at(stage_server(stage), "releases", n_releases))
		n_releases++;
	assert_in_range(n_releases, 11, 12);
	assert_non_null(stage_find(stage, "releases", "cart-2"));
	assert_non_null(stage_find(stage, "releases", "cart-17"));
	stage_free(stage);
}

/* The API server is away while watches run out, a revision is pushed, and the history that would
 * tell is compacted. */
static void test_watch_expires(void **state)
{
	struct stage *stage = stage_new(11);
	size_t n_lists = 0;

	(void)state;
	initialised(stage);
	sim_http_cut(stage_http(stage, 0), true);
	stage_run(stage, 400);
	stage_push(stage, "v2");
	stage_run(stage, 5);
	apiserver_compact(stage_server(stage), apiserver_revision(stage_server(stage)));
	apiserver_log_clear(stage_server(stage));
	sim_http_cut(stage_http(stage, 0), false);
	assert_true(stage_run_to(stage, "Succeeded", 400));
	for (size_t i = 0; i < apiserver_count(stage_server(stage)); i++) {
		const struct apiserver_entry *entry = apiserver_entry_find(stage_server(stage), i);

		n_lists += !entry->is_watch && strstr(entry->url, "/deployments?") != NULL;
	}
	assert_true(n_lists > 0);
	assert_int_equal(stage_strays(stage), 0);
	stage_free(stage);
}

/* The lease is won while collections are listed anew because their watches were silent: whichever
 * is first, all are listed, and the agent serves. (It once waited for ever for a list that had come
 * already.) */
static void test_lease_won_while_watches_reopen(void **state)
{
	(void)state;
	for (int ms = 80000; ms < 100000; ms += 250) {
		struct stage *stage = stage_new(12);

		initialised(stage);
		sim_http_cut(stage_http(stage, 0), true);
		stage_run_ms(stage, ms);
		sim_http_cut(stage_http(stage, 0), false);
		stage_push(stage, "v2");
		if (!stage_run_to(stage, "Succeeded", 300))
			fail_msg("cut off for %d ms: %s", ms, stage_phase(stage));
		stage_free(stage);
	}
}

/* The agent stops in order: nothing is left half-known, the lease is free at once. */
static void on_stopped(void *user)
{
	*(bool *)user = true;
}

static void test_D_42_stop(void **state)
{
	struct stage *stage = stage_new(6);
	const json_t *lease;
	bool is_stopped = false;

	(void)state;
	initialised(stage);
	stage_push(stage, "v2");
	stage_run(stage, 12);
	agent_stop(stage_agent(stage, 0), on_stopped, &is_stopped);
	stage_run(stage, 7);
	assert_true(is_stopped);
	lease = apiserver_find(stage_server(stage), "leases", "kube-system",
	                       "flagger-leader-election");
	assert_string_equal(json_string_value(json_object_get(json_object_get(lease, "spec"),
	                                                      "holderIdentity")),
	                    "");
	stage_start(stage, 1);
	assert_true(stage_run_to(stage, "Succeeded", 200));
	stage_free(stage);
}

/* Who stood by while the spec was edited and a run began under it goes on with that run. */
static void test_stand_by_while_the_spec_is_edited(void **state)
{
	struct stage *stage = stage_new(5);

	(void)state;
	initialised(stage);
	stage_push(stage, "v2");
	stage_run(stage, 12);
	stage_start(stage, 1);
	stage_run(stage, 3);
	stage_write(stage, HTTP_PATCH, "/apis/flagger.app/v1beta1/namespaces/shop/canaries/cart",
	            "{\"spec\":{\"service\":{\"targetPort\":8081}}}");
	stage_run(stage, 20);
	assert_non_null(stage_find(stage, "releases", "cart-3"));
	stage_kill(stage, 0);
	assert_true(stage_run_to(stage, "Succeeded", 300));
	assert_null(stage_find(stage, "releases", "cart-4"));
	stage_free(stage);
}

/* The canary's weight as the route has it. */
static int live_weight(struct stage *stage)
{
	const json_t *annotations = json_object_get(
		json_object_get(stage_find(stage, "ingresses", "front-canary"), "metadata"),
		"annotations");
	const char *weight = json_string_value(
		json_object_get(annotations, "nginx.ingress.kubernetes.io/canary-weight"));

	return weight ? (int)strtol(weight, NULL, 10) : -1;
}

/* The disk hangs for 30 s and more: forward plans go on after a second and the gap is marked. */
static void test_forward_waits_a_second_for_the_disk(void **state)
{
	struct stage *stage = stage_new(8);

	(void)state;
	initialised(stage);
	assert_int_equal(hung_history_gaps(stage_history(stage, 0)), 0);
	hung_history_hang(stage_history(stage, 0), true);
	stage_push(stage, "v2");
	stage_run_ms(stage, 900);
	assert_null(stage_find(stage, "releases", "cart-2"));
	stage_run_ms(stage, 400);
	assert_non_null(stage_find(stage, "releases", "cart-2"));
	assert_true(hung_history_gaps(stage_history(stage, 0)) > 0);
	assert_true(stage_run_to(stage, "Succeeded", 300));
	stage_free(stage);
}

/* … and a retreat does not wait for it at all. */
static void test_retreat_waits_for_no_disk(void **state)
{
	struct stage *stage = stage_new(9);
	struct instant failed;

	(void)state;
	initialised(stage);
	stage_push(stage, "v2");
	stage_run(stage, 8);
	assert_int_equal(live_weight(stage), 20);
	hung_history_hang(stage_history(stage, 0), true);
	stage_metrics(stage, 50, 20);
	/* The check that reaches the threshold moves the traffic: the second one. */
	while (live_weight(stage) == 20)
		stage_run_ms(stage, 1);
	failed = sim_loop_now(stage_sim(stage));
	assert_int_equal(live_weight(stage), 0);
	assert_true(instant_between(stage_answered(stage), failed).ms <= 20);
	stage_free(stage);
}

/* Deleted while no agent runs, after it was made anew once: the oldest Release names a Canary whose
 * UID is on nothing any more. */
static void test_second_canary_is_taken_down(void **state)
{
	static const char url[] = "/apis/flagger.app/v1beta1/namespaces/shop/canaries/cart";
	struct stage *stage = stage_new(1);

	(void)state;
	initialised(stage);
	stage_kill(stage, 0);
	stage_write(stage, HTTP_DELETE, url, NULL);
	make_canary(stage);
	stage_start(stage, 0);
	stage_run(stage, 60);
	stage_push(stage, "v2");
	assert_true(stage_run_to(stage, "Succeeded", 200));
	stage_run(stage, 10);
	assert_non_null(stage_find(stage, "releases", "cart-2"));
	stage_kill(stage, 0);
	stage_write(stage, HTTP_DELETE, url, NULL);
	stage_start(stage, 0);
	stage_run(stage, 120);
	assert_null(stage_find(stage, "deployments", "cart-primary"));
	assert_null(stage_find(stage, "ingresses", "front-canary"));
	assert_null(stage_find(stage, "services", "cart-primary"));
	assert_null(stage_find(stage, "services", "cart-canary"));
	assert_null(stage_find(stage, "releases", "cart-2"));
	stage_free(stage);
}

/* Made anew while a removal for the one before is on its way: nothing is decided until that is
 * answered, for it takes away what the new one would stand on. */
static void test_made_anew_beside_a_removal(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	initialised(stage);
	stage_slow(stage, "/releases/cart-1", 4000);
	stage_write(stage, HTTP_DELETE, "/apis/flagger.app/v1beta1/namespaces/shop/canaries/cart",
	            NULL);
	for (int i = 0; i < 600 && stage_find(stage, "deployments", "cart-primary"); i++)
		stage_run_ms(stage, 100);
	stage_run_ms(stage, 500);
	assert_non_null(stage_find(stage, "releases", "cart-1"));
	stage_fault(stage, STAGE_FAULT_NONE, 0);
	make_canary(stage);
	stage_run(stage, 2);
	assert_int_equal(stage_writes(stage), 0);
	assert_true(stage_run_to(stage, "Initialized", 60));
	assert_string_equal(kube_tree_text(stage_find(stage, "releases", "cart-1"),
	                                   "spec/canary/uid"),
	                    kube_tree_text(stage_find(stage, "canaries", "cart"), "metadata/uid"));
	stage_free(stage);
}

/* Edited while the answer to its promotion is on its way: nothing is decided by the new spec before
 * that comes. */
static void test_edited_beside_a_promotion(void **state)
{
	struct stage *stage = stage_new(1);

	(void)state;
	initialised(stage);
	stage_slow(stage, "/deployments/cart-primary", 4000);
	stage_push(stage, "v2");
	assert_true(stage_run_to(stage, "Promoting", 200));
	for (int i = 0; i < 1000 && !is_of(stage_find(stage, "deployments", "cart-primary"), "v2");
	     i++)
		stage_run_ms(stage, 10);
	stage_write(stage, HTTP_PATCH, "/apis/flagger.app/v1beta1/namespaces/shop/canaries/cart",
	            "{\"spec\":{\"analysis\":{\"threshold\":7}}}");
	stage_fault(stage, STAGE_FAULT_NONE, 0);
	stage_run(stage, 3);
	assert_int_equal(stage_writes(stage), 0);
	assert_true(stage_run_to(stage, "Succeeded", 100));
	stage_free(stage);
}

/* Deleted while no agent runs, and its first Release was made, but never begun: it says no spec. */
static void test_release_never_begun_goes(void **state)
{
	static const char releases[] = "/apis/serin.dev/v1alpha1/namespaces/shop/releases";
	struct stage *stage = stage_new(1);

	(void)state;
	stage_write(
		stage, HTTP_POST, releases,
		"{\"apiVersion\":\"serin.dev/v1alpha1\",\"kind\":\"Release\",\"metadata\":"
		"{\"name\":\"tram-1\",\"namespace\":\"shop\","
		"\"labels\":{\"serin.dev/canary\":\"tram\"}},"
		"\"spec\":{\"canary\":{\"name\":\"tram\",\"uid\":\"uid-of-tram\"},\"cause\":\"init\","
		"\"target\":{\"name\":\"tram\"},\"digest\":\"0\"}}");
	assert_non_null(stage_find(stage, "releases", "tram-1"));
	stage_start(stage, 0);
	stage_run(stage, 60);
	assert_null(stage_find(stage, "releases", "tram-1"));
	stage_free(stage);
}

/* The time that a check takes, in /metrics: each of the two of a run is counted once. */
static void test_checks_are_timed(void **state)
{
	static const char count[] =
		"\nflagger_canary_duration_seconds_count{name=\"cart\",namespace=\"shop\"} 2\n";
	struct stage *stage = stage_new(1);
	struct buf text = {.max = METRICS_TEXT_MAX};
	double seconds;

	(void)state;
	promoted(stage);
	assert_true(metrics_write(stage_measured(stage), &text));
	assert_non_null(strstr(buf_text(&text), count));
	seconds = metrics_value(stage_measured(stage), METRIC_FLAGGER_CANARY_DURATION_SECONDS,
	                        METRIC_LABELS("cart", "shop"));
	assert_true(seconds > 0 && seconds < 1);
	stage_write(stage, HTTP_DELETE, "/apis/flagger.app/v1beta1/namespaces/shop/canaries/cart",
	            NULL);
	stage_run(stage, 60);
	buf_drop(&text, text.length);
	assert_true(metrics_write(stage_measured(stage), &text));
	assert_null(strstr(buf_text(&text), "{name=\"cart\",namespace=\"shop\"}"));
	buf_fini(&text);
	stage_free(stage);
}

/* A version that is too slow is pushed, and its first check fails; or, when TIME is set, people
 * scale the target then, and events of that come LATE_MS late. When the metrics answered, and
 * whether that was counted. */
static struct instant check_slow(struct instant time, bool *ret_is_counted)
{
	struct stage *stage = stage_new(1);
	struct instant answered;

	flow_start(stage);
	flow_initialise(stage, "nginx", STEPS ",\"threshold\":1");
	flow_push_slow(stage);
	assert_true(stage_run_to(stage, "Progressing", 60));
	if (instant_is_set(time)) {
		stage_run_ms(stage, (int)instant_between(sim_loop_now(stage_sim(stage)), time).ms);
		stage_slow(stage, "deployments", LATE_MS);
		stage_write(stage, HTTP_PATCH, "/apis/apps/v1/namespaces/shop/deployments/cart",
		            "{\"spec\":{\"replicas\":5}}");
		stage_run_ms(stage, 100);
	} else {
		assert_true(stage_run_to(stage, "Failed", 60));
	}
	answered = stage_answered(stage);
	*ret_is_counted = strstr(stage_steps(stage), "failed 1 ") != NULL;
	stage_free(stage);
	return answered;
}

/* That pods are not ready is told in the very turn of the loop in which the answer comes that fails
 * the check, and before it: the answer counts. A millisecond earlier the question is taken back. */
static void test_answer_beside_an_event(void **state)
{
	bool is_counted;
	struct instant answered = check_slow((struct instant){0}, &is_counted);

	(void)state;
	assert_true(is_counted);
	(void)check_slow(instant_after(answered, span_ms(-LATE_MS)), &is_counted);
	assert_true(is_counted);
	(void)check_slow(instant_after(answered, span_ms(-LATE_MS - 1)), &is_counted);
	assert_false(is_counted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_initialise),
		cmocka_unit_test(test_D_50_advance_and_promote),
		cmocka_unit_test(test_roll_back),
		cmocka_unit_test(test_fail_to_promote),
		cmocka_unit_test(test_miss_the_deadline),
		cmocka_unit_test(test_D_55_idle),
		cmocka_unit_test(test_metrics_away),
		cmocka_unit_test(test_metrics_gone),
		cmocka_unit_test(test_newer_revision),
		cmocka_unit_test(test_old_releases_go),
		cmocka_unit_test(test_watch_expires),
		cmocka_unit_test(test_lease_won_while_watches_reopen),
		cmocka_unit_test(test_D_42_stop),
		cmocka_unit_test(test_forward_waits_a_second_for_the_disk),
		cmocka_unit_test(test_retreat_waits_for_no_disk),
		cmocka_unit_test(test_two_agents_never_both_write),
		cmocka_unit_test(test_second_canary_is_taken_down),
		cmocka_unit_test(test_made_anew_beside_a_removal),
		cmocka_unit_test(test_edited_beside_a_promotion),
		cmocka_unit_test(test_release_never_begun_goes),
		cmocka_unit_test(test_stand_by_while_the_spec_is_edited),
		cmocka_unit_test(test_checks_are_timed),
		cmocka_unit_test(test_answer_beside_an_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The lease is handed over when no write of ours can arrive any more. */
#include "agent/demo/sim_http.h"
#include "agent/demo/sim_loop.h"
#include "agent/leader.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NOW INT64_C(1700000000000)

struct desk {
	struct sim_loop *loop;
	struct apiserver *server;
	struct sim_http *http;
	struct leader *leader;
	struct loop *seam; /* the leader's own */
	bool is_released;
	bool is_slow; /* answers to writes take 3 s */
	int n_writes;
	int n_won;
	int n_lost;
};

static void on_changed(void *user, bool is_leading)
{
	struct desk *desk = user;

	desk->n_won += is_leading;
	desk->n_lost += !is_leading;
}

static void on_released(void *user)
{
	*(bool *)user = true;
}

static struct sim_http_fate fate(void *user, const struct http_request *request, size_t n_others)
{
	struct desk *desk = user;
	bool is_slow = desk->is_slow && request->method == HTTP_PATCH;

	(void)n_others;
	desk->n_writes += request->method == HTTP_PATCH;
	return (struct sim_http_fate){.back = span_seconds(is_slow ? 3 : 0)};
}

static void set_up(struct desk *desk)
{
	*desk = (struct desk){.loop = sim_loop_new((struct instant){NOW}, 1)};
	desk->seam = sim_loop_seam_new(desk->loop, span_ms(0));
	desk->server = apiserver_new(NULL);
	desk->http = sim_http_new(&(struct sim_http_options){
		.loop = sim_loop_seam(desk->loop),
		.server = desk->server,
		.latency = span_ms(4),
		.fate = fate,
		.user = desk,
	});
	desk->leader = leader_new(&(struct leader_settings){
		.loop = desk->seam,
		.http = sim_http_seam(desk->http),
		.k8s_namespace = "kube-system",
		.name = "lease",
		.identity = "me",
		.changed = on_changed,
		.user = desk,
	});
	leader_start(desk->leader);
}

static void run(struct desk *desk, int ms)
{
	sim_loop_run(desk->loop, instant_after(sim_loop_now(desk->loop), span_ms(ms)));
}

static void tear_down(struct desk *desk)
{
	leader_free(desk->leader);
	sim_http_free(desk->http);
	apiserver_free(desk->server);
	sim_loop_free(desk->loop);
}

static const char *holder(const struct desk *desk)
{
	const json_t *lease = apiserver_find(desk->server, "leases", "kube-system", "lease");

	return json_string_value(json_object_get(json_object_get(lease, "spec"), "holderIdentity"));
}

static void test_release_at_once(void **state)
{
	struct desk desk;

	(void)state;
	set_up(&desk);
	run(&desk, 100);
	assert_true(leader_is_leading(desk.leader));
	leader_release(desk.leader, on_released, &desk.is_released);
	run(&desk, 100);
	assert_true(desk.is_released);
	assert_string_equal(holder(&desk), "");
	tear_down(&desk);
}

/* The stop comes while a renewal is on its way: the release follows it. */
static void test_release_after_a_renewal(void **state)
{
	struct desk desk;

	(void)state;
	set_up(&desk);
	run(&desk, 100);
	desk.n_writes = 0;
	for (int i = 0; i < 10000 && desk.n_writes == 0; i++)
		run(&desk, 1);
	assert_int_equal(desk.n_writes, 1);
	leader_release(desk.leader, on_released, &desk.is_released);
	run(&desk, 100);
	assert_true(desk.is_released);
	assert_string_equal(holder(&desk), "");
	tear_down(&desk);
}

static void test_release_waits_for_what_was_abandoned(void **state)
{
	struct desk desk;

	(void)state;
	set_up(&desk);
	run(&desk, 100);
	leader_abandon(desk.leader, span_ms(5000));
	leader_release(desk.leader, on_released, &desk.is_released);
	assert_false(leader_may_write(desk.leader, span_ms(1)));
	run(&desk, 4900);
	assert_false(desk.is_released);
	assert_string_equal(holder(&desk), "me");
	run(&desk, 200);
	assert_true(desk.is_released);
	assert_string_equal(holder(&desk), "");
	tear_down(&desk);
}

/* The answer to the last renewal comes when the lease is over, before the alarm that should have
 * told: which of two that are due comes first is the loop's affair. */
static void test_loss_is_told_before_a_late_renewal(void **state)
{
	struct desk desk;
	size_t n_before;

	(void)state;
	set_up(&desk);
	run(&desk, 100);
	assert_int_equal(desk.n_won, 1);
	sim_http_cut(desk.http, true);
	run(&desk, 13000);
	sim_http_cut(desk.http, false);
	desk.is_slow = true;
	n_before = sim_http_count(desk.http, HTTP_PEER_KUBE);
	/* It looks first, then it renews. */
	while (sim_http_count(desk.http, HTTP_PEER_KUBE) < n_before + 2)
		run(&desk, 1);
	assert_int_equal(desk.n_lost, 0);
	sim_loop_pause(desk.seam, instant_after(sim_loop_now(desk.loop), span_seconds(4)));
	run(&desk, 3100);
	assert_int_equal(desk.n_lost, 1);
	assert_int_equal(desk.n_won, 2);
	assert_true(leader_is_leading(desk.leader));
	tear_down(&desk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_release_at_once),
		cmocka_unit_test(test_release_after_a_renewal),
		cmocka_unit_test(test_release_waits_for_what_was_abandoned),
		cmocka_unit_test(test_loss_is_told_before_a_late_renewal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

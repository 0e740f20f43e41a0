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
	bool is_released;
};

static void on_changed(void *user, bool is_leading)
{
	(void)user;
	(void)is_leading;
}

static void on_released(void *user)
{
	*(bool *)user = true;
}

static void set_up(struct desk *desk)
{
	*desk = (struct desk){.loop = sim_loop_new((struct instant){NOW}, 1)};
	desk->server = apiserver_new(NULL);
	desk->http = sim_http_new(&(struct sim_http_options){
		.loop = sim_loop_seam(desk->loop),
		.server = desk->server,
		.latency = span_ms(4),
	});
	desk->leader = leader_new(&(struct leader_settings){
		.loop = sim_loop_seam(desk->loop),
		.http = sim_http_seam(desk->http),
		.k8s_namespace = "kube-system",
		.name = "lease",
		.identity = "me",
		.changed = on_changed,
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_release_at_once),
		cmocka_unit_test(test_release_waits_for_what_was_abandoned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

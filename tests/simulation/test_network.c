/*
 * Each fault of the network and of processes has exactly the effect that it is named for, and a
 * seed tells the same story twice.
 */
#include "agent/agent.h"
#include "agent/demo/apiserver.h"
#include "agent/demo/sim_http.h"
#include "agent/demo/sim_loop.h"
#include "analysis/base/text.h"
#include "tests/simulation/hung_history.h"
#include "tests/simulation/mortal.h"
#include "tests/simulation/simulation.h"
#include "tests/simulation/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define START   INT64_C(1700000000000)
#define LEASES  "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
#define TIMEOUT 5000

/* One client and one server. */
struct line {
	struct http_call call; /* the first member */
	struct sim_loop *loop;
	struct loop *process;
	struct apiserver *server;
	struct sim_http *http;
	struct sim_http_fate fate;
	enum sim_http_stream stream;
	size_t n_served;
	int64_t served_at[4]; /* ms after the start */
	bool is_done;
	int64_t done_at;
	struct http_reply reply;
	size_t n_lines;
	char lines[4096];
};

static int64_t since(const struct line *line)
{
	return sim_loop_now(line->loop).ms - START;
}

static void on_done(struct http_call *call, const struct http_reply *reply)
{
	struct line *line = (struct line *)(void *)call;

	assert_false(line->is_done);
	line->is_done = true;
	line->done_at = since(line);
	line->reply = *reply;
	line->reply.body = NULL;
}

static bool on_bytes(struct http_call *call, const char *bytes, size_t length)
{
	struct line *line = (struct line *)(void *)call;
	size_t at = strlen(line->lines);

	assert_true(at + length < sizeof(line->lines));
	memcpy(line->lines + at, bytes, length);
	for (size_t i = 0; i < length; i++)
		line->n_lines += bytes[i] == '\n';
	return true;
}

static struct apiserver_fault on_before(void *user, const struct http_request *request)
{
	struct line *line = user;

	line->served_at[line->n_served++ % 4] = since(line);
	return (struct apiserver_fault){0};
}

static struct sim_http_fate on_fate(void *user, const struct http_request *request, size_t n_others)
{
	return ((struct line *)user)->fate;
}

static enum sim_http_stream on_stream(void *user, const struct http_request *request,
                                      struct span *ret_late)
{
	*ret_late = span_ms(700);
	return ((struct line *)user)->stream;
}

static void line_init(struct line *line)
{
	*line = (struct line){.call = {.done = on_done}};
	line->loop = sim_loop_new((struct instant){START}, 1);
	line->process = sim_loop_seam_new(line->loop, span_ms(0));
	line->server = apiserver_new(&(struct apiserver_options){
		.is_immediate = true,
		.hooks = {.before = on_before, .user = line},
	});
	line->http = sim_http_new(&(struct sim_http_options){
		.loop = line->process,
		.world = sim_loop_seam(line->loop),
		.server = line->server,
		.latency = span_ms(4),
		.fate = on_fate,
		.stream = on_stream,
		.user = line,
	});
}

static void run(struct line *line, int64_t ms)
{
	sim_loop_run(line->loop, (struct instant){START + ms});
}

static void line_fini(struct line *line)
{
	line->http = sim_http_free(line->http);
	run(line, since(line) + 60000);
	apiserver_free(line->server);
	sim_loop_free(line->loop);
}

static struct http_request creation(const char *name, char body[200])
{
	struct http_request request = {
		.peer = HTTP_PEER_KUBE,
		.method = HTTP_POST,
		.url = LEASES,
		.body = body,
		.timeout = span_ms(TIMEOUT),
	};

	text_format(body, 200,
	            "{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\","
	            "\"metadata\":{\"name\":\"%s\"},\"spec\":{}}",
	            name);
	request.body_length = strlen(body);
	http_request_add(&request, "Content-Type", "application/json");
	return request;
}

/* Somebody else makes one. */
static void make(struct line *line, const char *name)
{
	char body[200];
	struct http_request request = creation(name, body);
	struct arena arena = {0};

	(void)apiserver_serve_inside(line->server, &request, &arena, sim_loop_now(line->loop));
	arena_fini(&arena);
}

static void post(struct line *line, const char *name)
{
	char body[200];
	struct http_request request = creation(name, body);

	line->is_done = false;
	http_start(sim_http_seam(line->http), &line->call, &request);
}

static bool exists(const struct line *line, const char *name)
{
	return apiserver_find(line->server, "leases", "kube-system", name) != NULL;
}

/* Exchanges ---------------------------------------------------------------------------------------
 */

static void test_fates(void **state)
{
	static const struct {
		const char *name;
		struct sim_http_fate fate;
		size_t n_served;
		int64_t served_at;
		int64_t done_at;
		int status; /* 0: a transport error */
	} rows[] = {
		{"none", {.is_lost = false}, 1, 2, 4, 201},
		{"slow there", {.there = {100}}, 1, 102, 104, 201},
		{"slow back", {.back = {100}}, 1, 2, 104, 201},
		{"too slow there: it never arrives", {.there = {TIMEOUT}}, 0, 0, TIMEOUT, 0},
		{"too slow back", {.back = {TIMEOUT}}, 1, 2, TIMEOUT, 0},
		{"lost there", {.is_lost = true}, 0, 0, TIMEOUT, 0},
		{"lost back", {.is_reply_lost = true}, 1, 2, TIMEOUT, 0},
		{"reset before the effect", {.is_reset = true}, 0, 0, 4, 0},
		{"reset after the effect", {.is_reset_late = true}, 1, 2, 4, 0},
		{"sent twice: its own effect is in the way", {.again = {300}}, 2, 2, 304, 409},
		{"sent twice, too late", {.again = {TIMEOUT}}, 1, 2, TIMEOUT, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct line line;

		print_message("# %s\n", rows[i].name);
		line_init(&line);
		line.fate = rows[i].fate;
		post(&line, "a");
		run(&line, 20000);
		assert_true(line.is_done);
		assert_int_equal(line.n_served, rows[i].n_served);
		assert_int_equal(line.served_at[0], rows[i].served_at);
		assert_int_equal(line.done_at, rows[i].done_at);
		assert_int_equal(line.reply.status, rows[i].status);
		assert_int_equal(line.reply.error.kind, rows[i].status ? ERR_NONE : ERR_TRANSPORT);
		assert_int_equal(exists(&line, "a"), rows[i].n_served > 0);
		line_fini(&line);
	}
}

/* A cancelled write still takes effect, also when its http is gone. */
static void test_a_write_outlives_its_client(void **state)
{
	struct line line;

	line_init(&line);
	line.fate.there = span_ms(1000);
	post(&line, "a");
	run(&line, 500);
	http_cancel(&line.call);
	line.http = sim_http_free(line.http);
	run(&line, 990);
	assert_false(exists(&line, "a"));
	run(&line, 2000);
	assert_true(exists(&line, "a"));
	assert_false(line.is_done);
	line_fini(&line);
}

/* The effect does not wait for a paused process, the reply does; an alarm that is over wins. */
static void test_pause(void **state)
{
	static const struct {
		int64_t until;
		int status;
	} rows[] = {{3000, 201}, {9000, 0}};

	for (size_t i = 0; i < 2; i++) {
		struct line line;

		line_init(&line);
		post(&line, "a");
		sim_loop_pause(line.process, (struct instant){START + rows[i].until});
		run(&line, 2999);
		assert_true(exists(&line, "a"));
		assert_false(line.is_done);
		run(&line, 20000);
		assert_int_equal(line.served_at[0], 2);
		assert_int_equal(line.done_at, rows[i].until);
		assert_int_equal(line.reply.status, rows[i].status);
		line_fini(&line);
	}
}

/* Nothing passes; what TCP sends again arrives when it ends, if somebody still waits. */
static void test_partition(void **state)
{
	static const struct {
		bool there, back;
		int64_t mended_at;
		size_t n_served;
		int status;
	} rows[] = {
		{true, true, 1000, 1, 201},  {true, false, 1000, 1, 201}, {true, false, 9000, 0, 0},
		{false, true, 1000, 1, 201}, {false, true, 9000, 1, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct line line;

		line_init(&line);
		sim_http_part(line.http, rows[i].there, rows[i].back);
		post(&line, "a");
		run(&line, rows[i].mended_at < TIMEOUT ? rows[i].mended_at : TIMEOUT - 1);
		assert_false(line.is_done);
		run(&line, rows[i].mended_at);
		sim_http_part(line.http, false, false);
		run(&line, 20000);
		assert_true(line.is_done);
		assert_int_equal(line.n_served, rows[i].n_served);
		assert_int_equal(line.reply.status, rows[i].status);
		line_fini(&line);
	}
}

/* Watches -----------------------------------------------------------------------------------------
 */

/* A stream on which one event has come; then one that has a fate. */
static void test_streams(void **state)
{
	static const struct {
		const char *name;
		enum sim_http_stream stream;
		size_t n_lines;
		int64_t at;
		bool is_done;
		enum err_kind error;
	} rows[] = {
		{"carried", SIM_HTTP_STREAM_CARRIED, 2, 1004, false, ERR_NONE},
		{"late", SIM_HTTP_STREAM_LATE, 2, 1704, false, ERR_NONE},
		{"lost with its stream", SIM_HTTP_STREAM_LOST, 1, 1004, true, ERR_TRANSPORT},
		{"silent", SIM_HTTP_STREAM_SILENT, 1, 1004, false, ERR_NONE},
		{"replayed", SIM_HTTP_STREAM_REPLAYED, 3, 1004, false, ERR_NONE},
		{"410", SIM_HTTP_STREAM_EXPIRED, 2, 1004, true, ERR_NONE},
	};
	struct http_request watch = {
		.peer = HTTP_PEER_KUBE, .method = HTTP_GET, .url = LEASES "?watch=1"};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct line line;

		print_message("# %s\n", rows[i].name);
		line_init(&line);
		line.call.bytes = on_bytes;
		http_start(sim_http_seam(line.http), &line.call, &watch);
		run(&line, 100);
		make(&line, "a");
		run(&line, 1000);
		assert_int_equal(line.n_lines, 1);
		line.stream = rows[i].stream;
		make(&line, "b");
		run(&line, rows[i].at - 3);
		assert_int_equal(line.n_lines, 1);
		run(&line, rows[i].at);
		assert_int_equal(line.n_lines, rows[i].n_lines);
		assert_int_equal(line.is_done, rows[i].is_done);
		if (rows[i].is_done)
			assert_int_equal(line.reply.error.kind, rows[i].error);
		line_fini(&line);
	}
}

/* Processes ---------------------------------------------------------------------------------------
 */

struct life {
	struct mortal mortal;
	struct alarm alarms[2];
	int64_t crossings_left;
};

static bool dies(void *user)
{
	return ((struct life *)user)->crossings_left-- <= 0;
}

static void on_ring(struct alarm *alarm)
{
	(void)alarm;
}

/* Whatever the crossing: those before it have their effect, it and those after it have none. */
static void test_crash_at_each_crossing(void **state)
{
	for (int64_t n = 0; n <= 4; n++) {
		struct line line;
		struct life life = {.crossings_left = n};
		struct http_call call = {.done = on_done};
		struct http_request get = {
			.peer = HTTP_PEER_KUBE, .method = HTTP_GET, .url = LEASES, .timeout = {99}};
		struct history *history;

		line_init(&line);
		history = hung_history_new(line.process);
		mortal_init(&life.mortal, line.process, sim_http_seam(line.http), history);
		life.mortal.dies = dies;
		life.mortal.user = &life;
		life.alarms[0].ring = life.alarms[1].ring = on_ring;
		alarm_start(&life.mortal.loop.seam, &life.alarms[0], span_ms(5));
		history_round(&life.mortal.history.seam, &(struct history_round){.uid = "u"}, NULL,
		              NULL);
		http_start(&life.mortal.http.seam, &call, &get);
		alarm_start(&life.mortal.loop.seam, &life.alarms[1], span_ms(5));
		assert_int_equal(life.alarms[0].loop != NULL, n >= 1);
		assert_int_equal(hung_history_rounds(history), n >= 2);
		assert_int_equal(call.http != NULL, n >= 3);
		assert_int_equal(life.alarms[1].loop != NULL, n >= 4);
		assert_int_equal(life.mortal.is_dead, n < 4);
		http_cancel(&call);
		alarm_cancel(&life.alarms[0]);
		alarm_cancel(&life.alarms[1]);
		assert_int_equal(sim_loop_count(line.loop), 0);
		hung_history_free(history);
		line_fini(&line);
	}
}

/* The wall clock is off and jumps; the monotonic one is not, and alarms ring in true time. */
static void test_skew(void **state)
{
	struct sim_loop *loop = sim_loop_new((struct instant){START}, 1);
	struct loop *process = sim_loop_seam_new(loop, span_ms(-30000));
	int64_t uptime = loop_uptime(process).ms;

	assert_int_equal(loop_now(process).ms, START - 30000);
	sim_loop_run(loop, (struct instant){START + 1000});
	sim_loop_skew(process, span_ms(60000));
	assert_int_equal(loop_now(process).ms, START + 61000);
	assert_int_equal(loop_uptime(process).ms, uptime + 1000);
	assert_int_equal(sim_loop_now(loop).ms, START + 1000);
	sim_loop_free(loop);
}

/* Two agents make the Lease at once: one of them learns that it came second. */
static void test_both_create_the_lease(void **state)
{
	struct stage *stage = stage_new(1);
	const json_t *lease;

	stage_start(stage, 0);
	stage_start(stage, 1);
	stage_run(stage, 10);
	lease = apiserver_find(stage_server(stage), "leases", "kube-system",
	                       "flagger-leader-election");
	assert_non_null(lease);
	stage_kill(stage, 0);
	stage_run(stage, 30);
	assert_true(agent_is_leading(stage_agent(stage, 1)));
	stage_free(stage);
}

static int64_t target_replicas(struct stage *stage)
{
	const json_t *target = stage_find(stage, "deployments", "cart");

	return json_integer_value(json_object_get(json_object_get(target, "spec"), "replicas"));
}

/* How long a weight must hold is not measured by a clock that jumps. */
static void test_a_jump_neither_ends_nor_prolongs_the_hold(void **state)
{
	static const int64_t jumps[] = {600000, -600000};

	for (size_t i = 0; i < 2; i++) {
		struct stage *stage = stage_new(7);

		stage_deploy(stage, "v1");
		stage_canary(stage, "nginx", "\"stepWeight\":50,\"maxWeight\":50");
		stage_start(stage, 0);
		assert_true(stage_run_to(stage, "Initialized", 120));
		stage_push(stage, "v2");
		assert_true(stage_run_to(stage, "Finalising", 300));
		sim_loop_skew(stage_loop(stage, 0), span_ms(jumps[i]));
		stage_run(stage, 12);
		assert_int_not_equal(target_replicas(stage), 0);
		stage_run(stage, 12);
		assert_int_equal(target_replicas(stage), 0);
		stage_free(stage);
	}
}

/* Nor does it prolong the rest after a failure, told first by the removal of what stood in the way.
 */
static void test_a_jump_prolongs_no_rest(void **state)
{
	static const char url[] =
		"/apis/networking.k8s.io/v1/namespaces/shop/ingresses/front-canary";
	struct stage *stage = stage_new(7);

	stage_deploy(stage, "v1");
	stage_canary(stage, "nginx", "\"stepWeight\":50,\"maxWeight\":50");
	stage_start(stage, 0);
	assert_true(stage_run_to(stage, "Initialized", 120));
	stage_write(stage, HTTP_PATCH, url, "{\"metadata\":{\"labels\":null}}");
	stage_run(stage, 10);
	sim_loop_skew(stage_loop(stage, 0), span_ms(-600000));
	stage_write(stage, HTTP_DELETE, url, NULL);
	stage_run(stage, 40);
	assert_non_null(stage_find(stage, "ingresses", "front-canary"));
	stage_free(stage);
}

/* Stories -----------------------------------------------------------------------------------------
 */

static void test_a_seed_tells_the_same_story_twice(void **state)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct simulation_options options = {.seed = seed, .limit = 60};
		struct simulation_result first;
		struct simulation_result second;

		simulation_run(&options, &first);
		simulation_run(&options, &second);
		assert_true(first.digest == second.digest);
		assert_memory_equal(first.counts, second.counts, sizeof(first.counts));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fates),
		cmocka_unit_test(test_a_write_outlives_its_client),
		cmocka_unit_test(test_pause),
		cmocka_unit_test(test_partition),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_crash_at_each_crossing),
		cmocka_unit_test(test_skew),
		cmocka_unit_test(test_both_create_the_lease),
		cmocka_unit_test(test_a_jump_neither_ends_nor_prolongs_the_hold),
		cmocka_unit_test(test_a_jump_prolongs_no_rest),
		cmocka_unit_test(test_a_seed_tells_the_same_story_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The witness bites: in a world of one canary that goes its way, somebody with an agent's name does
 * what an agent never must, and the accusation says what it was.
 */
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "tests/simulation/simulation.h"
#include "tests/simulation/witness_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RELEASES    "/apis/serin.dev/v1alpha1/namespaces/mall/releases"
#define DEPLOYMENTS "/apis/apps/v1/namespaces/mall/deployments"
#define INGRESSES   "/apis/networking.k8s.io/v1/namespaces/mall/ingresses"
#define SERVICES    "/api/v1/namespaces/mall/services"
#define WEIGH(weight)                                                             \
 "{\"metadata\":{\"annotations\":{\"nginx.ingress.kubernetes.io/canary-weight\":" \
 "\"" weight "\"}}}"
#define SCALE(replicas) "{\"spec\":{\"replicas\":" replicas "}}"
#define IMAGE(image)                                                     \
 "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"web\"," \
 "\"image\":\"web:" image "\"}]}}}}"

static const struct truth_canary cart = {
	.name = "cart",
	.service = "cart",
	.space = "mall",
	.provider = "nginx",
	.interval = 10,
	.threshold = 2,
	.deadline = 120,
	.step = 20,
	.max = 60,
	.replicas = 2,
	.target_port = 8080,
};

/* A world in that phase, which rested for a while before. */
static struct simulation *begin_after(enum fault_phase phase, struct span rest)
{
	struct simulation *simulation =
		simulation_begin(&(struct simulation_options){.seed = 7, .alone = &cart});

	assert_true(simulation_reach(simulation, 0, FAULT_PHASE_REST, span_seconds(600)));
	simulation_pass(simulation, rest);
	if (phase == FAULT_PHASE_REST)
		return simulation;
	assert_true(truth_push(&simulation->truth.canaries[0], QUALITY_GOOD));
	assert_true(simulation_write(simulation, "people", HTTP_PATCH, DEPLOYMENTS "/cart",
	                             IMAGE("2-good")));
	if (!simulation_reach(simulation, 0, phase, span_seconds(600)))
		fail_msg("%s", simulation->witness.violation);
	return simulation;
}

static struct simulation *begin(enum fault_phase phase)
{
	return begin_after(phase, span_seconds(30));
}

/* It was accused of that. */
static void end(struct simulation *simulation, const char *accusation)
{
	struct simulation_result result;

	simulation_end(simulation, &result);
	if (strstr(result.violation, accusation))
		return;
	print_error("expected \"%s\", got \"%s\"\n", accusation, result.violation);
	fail();
}

/* It leaves, is served and answered at once. */
static void serve(struct simulation *simulation, const struct http_request *request)
{
	struct arena arena = {0};
	struct witness_flight flight;
	int agent = crew_sender(request);

	witness_left(simulation, agent, &flight, request);
	(void)apiserver_serve(simulation->server, request, &arena, sim_loop_now(simulation->loop));
	witness_came(simulation, agent, &flight, NULL);
	arena_fini(&arena);
}

/* TEXT with VALUE in the place of WORD. */
static const char *put(struct arena *arena, const char *text, const char *word, const char *value)
{
	const char *at = strstr(text, word);

	if (!at)
		return text;
	return arena_format(arena, "%.*s%s%s", (int)(at - text), text, value, at + strlen(word));
}

/* Write with an agent's name; RUN in a URL becomes the name of the newest Release, SEQ in a body
 * its next seq. */
static void write_as(struct simulation *simulation, const char *agent, enum http_method method,
                     const char *url, const char *body)
{
	struct arena arena = {0};
	struct http_request request = {.peer = HTTP_PEER_KUBE, .method = method};
	char seq[16];

	text_format(seq, sizeof(seq), "%d", (int)simulation->witness.runs[0].seq + 1);
	request.url = put(&arena, url, "RUN", simulation->witness.runs[0].name);
	body = body ? put(&arena, body, "SEQ", seq) : NULL;
	request.body = body;
	request.body_length = body ? strlen(body) : 0;
	http_request_add(&request, "Content-Type",
	                 method == HTTP_PATCH ? "application/merge-patch+json"
	                                      : "application/json");
	http_request_add(&request, "User-Agent", agent);
	serve(simulation, &request);
	arena_fini(&arena);
}

static const char *leader_of(const struct simulation *simulation)
{
	assert_true(simulation->witness.leader >= 0);
	return simulation->crew.agents[simulation->witness.leader].user_agent;
}

static void test_writes(void **state)
{
	static const struct {
		enum fault_phase phase;
		enum http_method method;
		const char *url;
		const char *body;
		const char *accusation;
	} rows[] = {
		/* Whose objects */
		{FAULT_PHASE_REST, HTTP_PATCH, DEPLOYMENTS "/cart", IMAGE("9-good"),
	         "what is not its own"},
		{FAULT_PHASE_REST, HTTP_PATCH, INGRESSES "/cart-front", "{}",
	         "what is not its own"},
		{FAULT_PHASE_REST, HTTP_PATCH,
	         "/apis/flagger.app/v1beta1/namespaces/mall/canaries/cart", "{}",
	         "what is not its own"},
		{FAULT_PHASE_REST, HTTP_PATCH, RELEASES "/RUN", "{}", "what is not its own"},
		{FAULT_PHASE_REST, HTTP_DELETE, DEPLOYMENTS "/cart-primary", NULL,
	         "what is not its own"},
		{FAULT_PHASE_REST, HTTP_DELETE, SERVICES "/cart", NULL, "what is not its own"},
		/* The Release */
		{FAULT_PHASE_PROGRESSING, HTTP_PATCH, RELEASES "/RUN/status",
	         "{\"status\":{\"seq\":1}}", "seq 1 follows"},
		{FAULT_PHASE_PROGRESSING, HTTP_PATCH, RELEASES "/RUN/status",
	         "{\"status\":{\"seq\":SEQ,\"phase\":\"Starting\"}}", "Starting after Progressing"},
		{FAULT_PHASE_PROGRESSING, HTTP_PATCH, RELEASES "/RUN/status",
	         "{\"status\":{\"seq\":SEQ,\"counters\":{\"failedChecks\":7}}}", "a counter leaps"},
		{FAULT_PHASE_PROGRESSING, HTTP_PATCH, RELEASES "/RUN/status",
	         "{\"status\":{\"seq\":SEQ,\"counters\":{\"failedChecks\":1}}}",
	         "fails that no answer failed"},
		{FAULT_PHASE_PROGRESSING, HTTP_PATCH, RELEASES "/RUN/status",
	         "{\"status\":{\"seq\":SEQ,\"weight\":{\"to\":40}}}", "a step on 0 of 2"},
		{FAULT_PHASE_PROGRESSING, HTTP_PATCH, RELEASES "/RUN/status",
	         "{\"status\":{\"seq\":SEQ,\"weight\":{\"to\":5}}}", "a step back"},
		{FAULT_PHASE_PROGRESSING, HTTP_PATCH, RELEASES "/RUN/status",
	         "{\"status\":{\"seq\":SEQ,\"phase\":\"Promoting\"}}", "a step on 0 of 2"},
		{FAULT_PHASE_REST, HTTP_PATCH, RELEASES "/RUN/status",
	         "{\"status\":{\"seq\":SEQ,\"outcome\":\"rolled_back\"}}",
	         "changed after its outcome"},
		{FAULT_PHASE_PROGRESSING, HTTP_DELETE, RELEASES "/RUN", NULL,
	         "is removed while it is open"},
		{FAULT_PHASE_REST, HTTP_DELETE, RELEASES "/RUN", NULL, "one of the newest"},
		{FAULT_PHASE_PROGRESSING, HTTP_POST, RELEASES,
	         "{\"apiVersion\":\"serin.dev/v1alpha1\",\"kind\":\"Release\",\"metadata\":"
	         "{\"name\":\"cart-9\",\"namespace\":\"mall\"},\"spec\":{\"cause\":\"revision\"}}",
	         "is made while"},
		/* Traffic */
		{FAULT_PHASE_REST, HTTP_PATCH, INGRESSES "/cart-front-canary", WEIGH("20"),
	         "weight 20 while"},
		{FAULT_PHASE_PROGRESSING, HTTP_PATCH, INGRESSES "/cart-front-canary", WEIGH("77"),
	         "weight 77 while"},
		{FAULT_PHASE_REST, HTTP_PATCH, SERVICES "/cart",
	         "{\"spec\":{\"selector\":{\"app\":\"cart\"}}}", "clients to the canary outside"},
		/* Pods */
		{FAULT_PHASE_PROGRESSING, HTTP_PATCH, DEPLOYMENTS "/cart-primary", SCALE("0"),
	         "the primary scaled down"},
		{FAULT_PHASE_REST, HTTP_PATCH, DEPLOYMENTS "/cart-primary", IMAGE("9-good"),
	         "the primary gets web:9-good"},
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		struct simulation *simulation = begin(rows[i].phase);

		write_as(simulation, leader_of(simulation), rows[i].method, rows[i].url,
		         rows[i].body);
		end(simulation, rows[i].accusation);
	}
}

/* The canary's pods go while they may get requests. */
static void test_scaled_down(void **state)
{
	struct simulation *simulation = begin(FAULT_PHASE_PROGRESSING);
	struct http_request request = {
		.peer = HTTP_PEER_KUBE,
		.method = HTTP_PATCH,
		.url = DEPLOYMENTS "/cart",
		.body = "[{\"op\":\"replace\",\"path\":\"/spec/replicas\",\"value\":0}]",
	};

	(void)state;
	request.body_length = strlen(request.body);
	http_request_add(&request, "Content-Type", "application/json-patch+json");
	http_request_add(&request, "User-Agent", leader_of(simulation));
	serve(simulation, &request);
	end(simulation, "the target scaled down in Progressing");
}

/* The leader asks, and is told that all is well. */
static void ask(struct simulation *simulation, const char *query, const char *answer)
{
	struct http_request request = {
		.peer = HTTP_PEER_URL,
		.method = HTTP_POST,
		.url = "http://prometheus:9090/api/v1/query",
		.body = query,
		.body_length = strlen(query),
	};
	struct http_reply reply = {
		.status = 200,
		.body = answer,
		.body_length = strlen(answer),
	};
	struct witness_flight flight;
	int leader = simulation->witness.leader;

	witness_left(simulation, leader, &flight, &request);
	witness_came(simulation, leader, &flight, &reply);
}

/* The leader sleeps from 2 s before its check is due, for SECONDS; EARLY_MS before it is due … */
static void sleep_until_due(struct simulation *simulation, int seconds, int early_ms)
{
	struct loop *loop = simulation->crew.agents[simulation->witness.leader].loop;
	struct span left =
		instant_between(loop_now(loop), simulation->witness.runs[0].next_check_at);

	simulation_pass(simulation, span_ms(left.ms - 2000));
	sim_loop_pause(loop, instant_after(sim_loop_now(simulation->loop), span_seconds(seconds)));
	simulation_pass(simulation, span_ms(2000 - early_ms));
}

/* … it is told that all is well, by the one question and by the other. */
static void ask_success(struct simulation *simulation)
{
	ask(simulation, "custom_success{service=\"cart-canary\"}", "{\"value\":[1,\"100\"]}");
}

static void ask_duration(struct simulation *simulation)
{
	ask(simulation, "custom_duration{service=\"cart-canary\"}", "{\"value\":[1,\"20\"]}");
}

/* A clock that jumps back between the questions of one check does not make two of it; but a
 * question that left before the check was due is none of its, by whatever clock. */
static void test_clock_jumps_in_a_check(void **state)
{
	static const struct {
		int early_ms;
		int jump_ms;
		bool is_accused;
	} rows[] = {{0, 0, false}, {0, -300000, false}, {1000, -300000, true}, {1000, 0, true}};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		struct simulation *simulation = begin(FAULT_PHASE_PROGRESSING);
		struct loop *loop = simulation->crew.agents[simulation->witness.leader].loop;
		struct span skew = instant_between(sim_loop_now(simulation->loop), loop_now(loop));
		struct simulation_result result;

		sleep_until_due(simulation, 5, rows[i].early_ms);
		ask_success(simulation);
		sim_loop_skew(loop, span_ms(skew.ms + rows[i].jump_ms));
		ask_duration(simulation);
		write_as(simulation, leader_of(simulation), HTTP_PATCH, RELEASES "/RUN/status",
		         "{\"status\":{\"seq\":SEQ,\"weight\":{\"to\":40}}}");
		simulation_end(simulation, &result);
		assert_int_equal(strstr(result.violation, "passing answers") != NULL,
		                 rows[i].is_accused);
	}
}

/* Its weight is taken and given back meanwhile. */
static void sleep_and_weigh(struct simulation *simulation)
{
	sleep_until_due(simulation, 30, -1000);
	assert_true(simulation_write(simulation, "people", HTTP_PATCH,
	                             INGRESSES "/cart-front-canary", WEIGH("5")));
	write_as(simulation, leader_of(simulation), HTTP_PATCH, INGRESSES "/cart-front-canary",
	         WEIGH("20"));
}

/* What is asked before the weight has held says nothing of it. */
static void test_asked_before_it_holds(void **state)
{
	static const struct {
		int held_ms;
		bool is_accused;
	} rows[] = {{0, true}, {4999, true}, {5000, false}};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		struct simulation *simulation = begin(FAULT_PHASE_PROGRESSING);
		struct simulation_result result;

		sleep_and_weigh(simulation);
		simulation_pass(simulation, span_ms(rows[i].held_ms));
		ask_success(simulation);
		ask_duration(simulation);
		write_as(simulation, leader_of(simulation), HTTP_PATCH, RELEASES "/RUN/status",
		         "{\"status\":{\"seq\":SEQ,\"weight\":{\"to\":40}}}");
		simulation_end(simulation, &result);
		assert_int_equal(strstr(result.violation, "after its weight was given") != NULL,
		                 rows[i].is_accused);
	}
}

/* All is well, and the next check is set without a step; or with a question that nobody asked. */
static void test_no_step(void **state)
{
	(void)state;
	for (int n_asked = 1; n_asked <= 2; n_asked++) {
		struct simulation *simulation =
			begin_after(FAULT_PHASE_PROGRESSING, span_seconds(250));
		struct simulation_result result;

		sleep_until_due(simulation, 5, -1000);
		ask_success(simulation);
		if (n_asked == 2)
			ask_duration(simulation);
		write_as(simulation, leader_of(simulation), HTTP_PATCH, RELEASES "/RUN/status",
		         "{\"status\":{\"seq\":SEQ,\"times\":{\"nextCheckAt\":"
		         "\"2099-01-01T00:00:00Z\"}}}");
		simulation_end(simulation, &result);
		assert_int_equal(strstr(result.violation, "no step is taken") != NULL,
		                 n_asked == 2);
	}
}

#define SCALING_MAX 160

/* A write of the target, as it stands; TEXT holds its body. */
static struct http_request scaling(struct simulation *simulation, char text[SCALING_MAX])
{
	struct http_request request = {
		.peer = HTTP_PEER_KUBE,
		.method = HTTP_PATCH,
		.url = DEPLOYMENTS "/cart",
		.body = text,
	};
	const json_t *target = witness_world_find(simulation, 0, "deployments", "cart", "");
	const json_t *metadata = json_object_get(target, "metadata");

	(void)snprintf(text, SCALING_MAX,
	               "[{\"op\":\"test\",\"path\":\"/metadata/resourceVersion\",\"value\":\"%s\"},"
	               "{\"op\":\"replace\",\"path\":\"/spec/replicas\",\"value\":3}]",
	               json_string_value(json_object_get(metadata, "resourceVersion")));
	request.body_length = strlen(text);
	http_request_add(&request, "Content-Type", "application/json-patch+json");
	http_request_add(&request, "User-Agent", leader_of(simulation));
	return request;
}

/* The target changes while a write of it is on its way, which says nothing of what it was. */
static void test_overtaken(void **state)
{
	(void)state;
	for (int is_changed = 0; is_changed < 2; is_changed++) {
		struct simulation *simulation = begin(FAULT_PHASE_PROGRESSING);
		struct simulation_result result;
		struct arena arena = {0};
		struct witness_flight flight;
		char text[SCALING_MAX];
		struct http_request request = scaling(simulation, text);
		int leader = simulation->witness.leader;

		request.body = "[{\"op\":\"replace\",\"path\":\"/spec/replicas\",\"value\":3}]";
		request.body_length = strlen(request.body);
		witness_left(simulation, leader, &flight, &request);
		if (is_changed)
			assert_true(simulation_write(simulation, "kubectl", HTTP_PATCH,
			                             DEPLOYMENTS "/cart",
			                             "{\"metadata\":{\"labels\":{\"a\":\"b\"}}}"));
		(void)apiserver_serve(simulation->server, &request, &arena,
		                      sim_loop_now(simulation->loop));
		witness_came(simulation, leader, &flight, NULL);
		arena_fini(&arena);
		simulation_end(simulation, &result);
		assert_int_equal(strstr(result.violation, "had not changed meanwhile") != NULL,
		                 is_changed);
	}
}

/* Nobody heard what became of a write of the target, and it is written again. */
static void test_doubted(void **state)
{
	static const struct {
		const char *read; /* meanwhile */
		bool is_accused;
	} rows[] = {
		{NULL, true},
		{DEPLOYMENTS "/cart", false},
		{"/apis/apps/v1/deployments?limit=500", false},
		{DEPLOYMENTS "/cart-primary", true},
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		struct simulation *simulation = begin(FAULT_PHASE_PROGRESSING);
		struct http_request read = {
			.peer = HTTP_PEER_KUBE, .method = HTTP_GET, .url = rows[i].read};
		struct http_reply lost = {.error = {.kind = ERR_TRANSPORT}};
		struct witness_flight flight;
		char text[SCALING_MAX];
		struct http_request request = scaling(simulation, text);
		int leader = simulation->witness.leader;

		witness_left(simulation, leader, &flight, &request);
		witness_came(simulation, leader, &flight, &lost);
		if (rows[i].read) {
			witness_left(simulation, leader, &flight, &read);
			witness_came(simulation, leader, &flight, NULL);
		}
		witness_left(simulation, leader, &flight, &request);
		witness_came(simulation, leader, &flight, NULL);
		if (rows[i].is_accused) {
			end(simulation, "was not looked at");
			continue;
		}
		assert_string_equal(simulation->witness.violation, "");
		end(simulation, "");
	}
}

/* The next check is years ahead, and nobody puts it right. */
static void test_far_ahead(void **state)
{
	struct simulation *simulation = begin_after(FAULT_PHASE_PROGRESSING, span_seconds(90));
	struct instant *since;
	struct instant now;

	(void)state;
	simulation_pass(simulation, span_seconds(3));
	now = sim_loop_now(simulation->loop);
	sim_loop_pause(simulation->crew.agents[simulation->witness.leader].loop,
	               instant_after(now, span_seconds(30)));
	write_as(simulation, leader_of(simulation), HTTP_PATCH, RELEASES "/RUN/status",
	         "{\"status\":{\"seq\":SEQ,\"times\":{\"nextCheckAt\":"
	         "\"2099-01-01T00:00:00Z\"}}}");
	simulation_pass(simulation, span_seconds(2));
	since = &simulation->witness.duties[0][WITNESS_DUTY_FAR];
	assert_true(instant_is_set(*since));
	assert_string_equal(simulation->witness.violation, "");
	*since = instant_after(now, span_seconds(-70)); /* and nobody did for so long */
	simulation_pass(simulation, span_seconds(2));
	end(simulation, "its next check is further ahead than an interval");
}

static void test_second_writer(void **state)
{
	struct simulation *simulation = begin(FAULT_PHASE_REST);

	(void)state;
	write_as(simulation, "serin/0.99", HTTP_PATCH, DEPLOYMENTS "/cart-primary", SCALE("3"));
	end(simulation, "while the lease is of");
}

/* Nobody but us knows that the leader sleeps, and does not renew its lease. */
static void test_duties(void **state)
{
	static const struct {
		enum http_method method;
		const char *url;
		const char *body;
		int seconds;
		const char *accusation;
	} rows[] = {
		{HTTP_PATCH, INGRESSES "/cart-front-canary", WEIGH("90"), 7,
	         "the canary has more weight than it may"},
		{HTTP_PATCH, DEPLOYMENTS "/cart", IMAGE("3-good"), 7,
	         "the canary has more weight than it may"},
		{HTTP_DELETE, SERVICES "/cart-canary", NULL, 13, "the canary's Service is gone"},
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		struct simulation *simulation = begin(FAULT_PHASE_PROGRESSING);
		struct instant now;

		simulation_pass(simulation, span_seconds(3));
		now = sim_loop_now(simulation->loop);
		sim_loop_pause(simulation->crew.agents[simulation->witness.leader].loop,
		               instant_after(now, span_seconds(30)));
		assert_true(simulation_write(simulation, "people", rows[i].method, rows[i].url,
		                             rows[i].body));
		for (int j = 0; j < rows[i].seconds; j++) {
			simulation_pass(simulation, span_seconds(1));
			simulation->witness.agents[simulation->witness.leader].lease_sent =
				sim_loop_now(simulation->loop);
		}
		end(simulation, rows[i].accusation);
	}
}

/* A first run gave its clients to the primary a while ago, and is not over. */
static struct simulation *lead(void)
{
	struct simulation *simulation =
		simulation_begin(&(struct simulation_options){.seed = 7, .alone = &cart});

	assert_true(simulation_reach(simulation, 0, FAULT_PHASE_INIT, span_seconds(600)));
	for (int i = 0; simulation->witness.worlds[0].apex != WITNESS_BACKEND_PRIMARY; i++) {
		assert_true(i < 600);
		simulation_pass(simulation, span_ms(100));
	}
	simulation_pass(simulation, span_seconds(6));
	assert_int_equal(simulation->witness.runs[0].outcome, OUTCOME_NONE);
	return simulation;
}

static void test_first_led(void **state)
{
	struct simulation *simulation = lead();
	struct instant now;

	(void)state;
	write_as(simulation, leader_of(simulation), HTTP_PATCH, SERVICES "/cart",
	         "{\"spec\":{\"selector\":{\"app\":\"cart\"}}}");
	end(simulation, "clients taken from a first primary that serves");
	simulation = lead();
	now = sim_loop_now(simulation->loop);
	sim_loop_pause(simulation->crew.agents[simulation->witness.leader].loop,
	               instant_after(now, span_seconds(30)));
	assert_true(simulation_write(simulation, "people", HTTP_DELETE, DEPLOYMENTS "/cart-primary",
	                             NULL));
	simulation_pass(simulation, span_seconds(7));
	end(simulation, "clients are left on pods of which none is ready");
}

static void test_silence(void **state)
{
	struct simulation *simulation = begin(FAULT_PHASE_REST);

	(void)state;
	witness_expect_silence(simulation);
	simulation_pass(simulation, span_seconds(20));
	assert_string_equal(simulation->witness.violation, "");
	assert_true(simulation_write(simulation, "people", HTTP_PATCH,
	                             INGRESSES "/cart-front-canary", WEIGH("90")));
	simulation_pass(simulation, span_seconds(5));
	end(simulation, "asks at rest");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writes),
		cmocka_unit_test(test_scaled_down),
		cmocka_unit_test(test_second_writer),
		cmocka_unit_test(test_duties),
		cmocka_unit_test(test_first_led),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_clock_jumps_in_a_check),
		cmocka_unit_test(test_asked_before_it_holds),
		cmocka_unit_test(test_no_step),
		cmocka_unit_test(test_overtaken),
		cmocka_unit_test(test_doubted),
		cmocka_unit_test(test_far_ahead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

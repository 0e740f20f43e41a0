/* Streams, and calls that are cancelled at each moment of their lives: none tells its owner
 * anything afterwards. */
#include "tests/agent/desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What the server does at the moments of the call in hand. */
struct moment {
	struct desk desk;
	struct asked asked;
	struct asked other;
	bool on_accept;
	bool on_request;
	bool on_half; /* half an answer is on its way, and was seen by nobody */
};

static struct moment *moment_of(struct loopback *server)
{
	struct desk *desk = server->user;

	return container_of(desk, struct moment, desk);
}

static void stop_when_idle(struct moment *moment)
{
	if (!moment->asked.call.http)
		moment->desk.n_waited--;
	if (moment->desk.n_waited == 0)
		loop_ev_stop(moment->desk.loop);
}

static void cancel_it(struct moment *moment)
{
	if (!moment->asked.call.http)
		return;
	http_cancel(&moment->asked.call);
	stop_when_idle(moment);
}

static void on_accepted(struct loopback *server)
{
	struct moment *moment = moment_of(server);

	if (moment->on_accept)
		cancel_it(moment);
}

static void serve(struct visitor *visitor, const char *request)
{
	struct moment *moment = moment_of(visitor->server);

	if (strncmp(request, "GET /good", 9) == 0) {
		loopback_answer(visitor, 200, "", "hello");
		return;
	}
	if (moment->on_request) {
		cancel_it(moment);
		return;
	}
	loopback_say(visitor,
	             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	             "4\r\none\n\r\n4\r\ntwo\n\r\n");
	if (moment->on_half)
		cancel_it(moment);
	else if (strncmp(request, "GET /cut", 8) == 0)
		loopback_close(visitor);
	else if (strncmp(request, "GET /open", 9) != 0)
		loopback_say(visitor, "6\r\nthree\n\r\n0\r\n\r\n");
}

static int open_moment(void **state)
{
	static struct moment moment;

	moment = (struct moment){0};
	desk_open(&moment.desk, serve);
	moment.desk.server.accepted = on_accepted;
	*state = &moment;
	return 0;
}

static int shut_moment(void **state)
{
	struct moment *moment = *state;

	desk_shut(&moment->desk);
	desk_forget(&moment->asked);
	desk_forget(&moment->other);
	return 0;
}

/* After a cancel: another exchange passes, and the cancelled one has said nothing. */
static void expect_silence(struct moment *moment)
{
	desk_forget(&moment->other);
	moment->other = (struct asked){0};
	moment->on_accept = false;
	desk_get(&moment->desk, &moment->other, "/good");
	assert_true(desk_wait(&moment->desk));
	assert_string_equal(buf_text(&moment->other.body), "hello");
	assert_int_equal(moment->asked.n_done, 0);
	assert_null(moment->asked.call.http);
	http_cancel(&moment->asked.call); /* not under way: nothing */
}

static void test_stream(void **state)
{
	struct moment *moment = *state;

	moment->asked.call.bytes = desk_on_bytes;
	desk_get(&moment->desk, &moment->asked, "/stream");
	assert_true(desk_wait(&moment->desk));
	assert_string_equal(buf_text(&moment->asked.body), "one\ntwo\nthree\n");
	assert_int_equal(moment->asked.status, 200);
	assert_int_equal(moment->asked.error.kind, ERR_NONE);
}

/* What came before the connection broke is handed over before the error. */
static void test_stream_cut(void **state)
{
	struct moment *moment = *state;

	moment->asked.call.bytes = desk_on_bytes;
	desk_get(&moment->desk, &moment->asked, "/cut");
	assert_true(desk_wait(&moment->desk));
	assert_string_equal(buf_text(&moment->asked.body), "one\ntwo\n");
	assert_int_equal(moment->asked.error.kind, ERR_TRANSPORT);
}

/* A reader that refuses ends the call, which says so once. */
static void test_stream_refused(void **state)
{
	struct moment *moment = *state;

	moment->asked.call.bytes = desk_on_bytes;
	moment->asked.is_refusing = true;
	desk_get(&moment->desk, &moment->asked, "/open");
	assert_true(desk_wait(&moment->desk));
	assert_int_equal(moment->asked.error.kind, ERR_MALFORMED);
	assert_int_equal(moment->asked.n_done, 1);
	assert_int_equal(moment->asked.n_bytes, 1);
}

/* The moments: in the same turn as the start, */
static void test_at_once(void **state)
{
	struct moment *moment = *state;

	desk_get(&moment->desk, &moment->asked, "/stream");
	http_cancel(&moment->asked.call);
	moment->desk.n_waited--;
	expect_silence(moment);
	assert_int_equal(moment->desk.server.n_requests, 1);
}

/* when it failed in http_start and only its owner does not know, */
static void test_failed(void **state)
{
	struct moment *moment = *state;

	desk_get(&moment->desk, &moment->asked, "ftp://127.0.0.1/");
	http_cancel(&moment->asked.call);
	moment->desk.n_waited--;
	expect_silence(moment);
}

/* while it connects, */
static void test_on_accept(void **state)
{
	struct moment *moment = *state;

	moment->on_accept = true;
	desk_get(&moment->desk, &moment->asked, "/stream");
	assert_true(desk_wait(&moment->desk));
	expect_silence(moment);
}

/* when the request is with the server, */
static void test_on_request(void **state)
{
	struct moment *moment = *state;

	moment->on_request = true;
	desk_get(&moment->desk, &moment->asked, "/stream");
	assert_true(desk_wait(&moment->desk));
	expect_silence(moment);
}

/* with half an answer in the socket, */
static void test_on_half(void **state)
{
	struct moment *moment = *state;

	moment->on_half = true;
	moment->asked.call.bytes = desk_on_bytes;
	desk_get(&moment->desk, &moment->asked, "/open");
	assert_true(desk_wait(&moment->desk));
	expect_silence(moment);
	assert_int_equal(moment->asked.n_bytes, 0);
}

static bool on_bytes_cancel(struct http_call *call, const char *bytes, size_t length)
{
	struct asked *asked = container_of(call, struct asked, call);
	struct moment *moment = container_of(asked, struct moment, asked);

	asked->n_bytes++;
	cancel_it(moment);
	return true;
}

/* by its own bytes, also when the end came along with them, */
static void test_on_bytes(void **state)
{
	static const char *const paths[] = {"/open", "/stream", "/cut"};
	struct moment *moment = *state;

	for (size_t i = 0; i < array_length(paths); i++) {
		moment->asked = (struct asked){.call = {.bytes = on_bytes_cancel}};
		desk_get(&moment->desk, &moment->asked, paths[i]);
		assert_true(desk_wait(&moment->desk));
		assert_int_equal(moment->asked.n_bytes, 1);
		expect_silence(moment);
	}
}

/* by the end of another one that ended in the same turn, */
static void test_on_others_end(void **state)
{
	struct moment *moment = *state;

	moment->other.cancels_on_done = &moment->asked;
	desk_get(&moment->desk, &moment->other, "ftp://127.0.0.1/");
	desk_get(&moment->desk, &moment->asked, "ftp://127.0.0.1/");
	moment->desk.n_waited--;
	assert_true(desk_wait(&moment->desk));
	assert_int_equal(moment->other.n_done, 1);
	expect_silence(moment);
}

/* while it waits for its turn, */
static void test_in_line(void **state)
{
	static struct asked line[HTTP_CURL_CALLS_MAX];
	struct moment *moment = *state;
	struct desk *desk = &moment->desk;

	for (size_t i = 0; i < array_length(line); i++) {
		line[i] = (struct asked){0};
		desk_get(desk, &line[i], "/good");
	}
	desk_get(desk, &moment->asked, "/good");
	http_cancel(&moment->asked.call);
	desk->n_waited--;
	assert_true(desk_wait(desk));
	for (size_t i = 0; i < array_length(line); i++) {
		assert_int_equal(line[i].n_done, 1);
		desk_forget(&line[i]);
	}
	assert_int_equal(desk->server.n_requests, HTTP_CURL_CALLS_MAX);
	expect_silence(moment);
}

static void on_done_again(struct asked *asked)
{
	asked->then = NULL;
	http_cancel(&asked->call); /* over already: nothing */
	desk_get(asked->desk, asked, "/good");
}

/* and in its own `done`, where it may also be started again. */
static void test_on_own_end(void **state)
{
	struct moment *moment = *state;

	moment->asked.then = on_done_again;
	desk_get(&moment->desk, &moment->asked, "/good");
	assert_true(desk_wait(&moment->desk));
	assert_int_equal(moment->asked.n_done, 2);
	assert_string_equal(buf_text(&moment->asked.body), "hellohello");
}

/* The client goes while calls are under way, in line, and ended: as if all had been cancelled. */
static void test_client_gone(void **state)
{
	static struct asked many[HTTP_CURL_CALLS_MAX + 2];
	struct moment *moment = *state;
	struct desk *desk = &moment->desk;

	for (size_t i = 0; i < array_length(many); i++) {
		many[i] = (struct asked){0};
		desk_get(desk, &many[i], i == 0 ? "ftp://127.0.0.1/" : "/open");
	}
	desk->http = http_curl_free(desk->http);
	for (size_t i = 0; i < array_length(many); i++) {
		assert_int_equal(many[i].n_done, 0);
		assert_null(many[i].call.http);
	}
	desk->n_waited = 0;
	desk_client(desk, NULL);
	expect_silence(moment);
}

#define MOMENT_TEST(test) cmocka_unit_test_setup_teardown(test, open_moment, shut_moment)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MOMENT_TEST(test_stream),         MOMENT_TEST(test_stream_cut),
		MOMENT_TEST(test_stream_refused), MOMENT_TEST(test_at_once),
		MOMENT_TEST(test_failed),         MOMENT_TEST(test_on_accept),
		MOMENT_TEST(test_on_request),     MOMENT_TEST(test_on_half),
		MOMENT_TEST(test_on_bytes),       MOMENT_TEST(test_on_others_end),
		MOMENT_TEST(test_in_line),        MOMENT_TEST(test_on_own_end),
		MOMENT_TEST(test_client_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Which connections calls share, how many there are, and what happens to those that wait. */
#include "tests/agent/desk.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#define MANY 500

/* /good is answered, /nothing never. Of /once, the first request of a connection is; the second is
 * read only. */
static void serve(struct visitor *visitor, const char *request)
{
	const char *path = strchr(request, ' ') + 1;

	if (strncmp(path, "/nothing", 8) == 0)
		return;
	if (strncmp(path, "/once", 5) == 0 && visitor->n_requests > 1)
		loopback_close(visitor);
	else
		loopback_answer(visitor, 200, "", "hello");
}

static int open_desk(void **state)
{
	static struct desk desk;

	desk_open(&desk, serve);
	*state = &desk;
	return 0;
}

static int shut_desk(void **state)
{
	desk_shut(*state);
	return 0;
}

/* Ten calls one after another use one connection; each lane has its own. */
static void test_keep_alive(void **state)
{
	struct desk *desk = *state;

	for (int lane = HTTP_LANE_READ; lane <= HTTP_LANE_METRICS; lane++) {
		for (int i = 0; i < 10; i++) {
			struct asked asked = {.call = {.lane = (enum http_lane)lane}};

			desk_get(desk, &asked, "/good");
			assert_true(desk_wait(desk));
			assert_int_equal(asked.status, 200);
			desk_forget(&asked);
		}
		assert_int_equal(desk->server.n_connections, lane + 1);
	}
}

static void on_slow_done(struct asked *asked)
{
	loop_ev_stop(asked->desk->loop);
}

/* A write goes out while as many reads and watches as there may be wait for their answers. */
static void test_write_beside_reads(void **state)
{
	static struct asked slow[HTTP_CURL_CALLS_MAX * 2];
	struct desk *desk = *state;
	struct asked write = {.call = {.lane = HTTP_LANE_WRITE}, .then = on_slow_done};

	for (size_t i = 0; i < array_length(slow); i++) {
		slow[i] = (struct asked){0};
		slow[i].call.lane = i % 2 ? HTTP_LANE_READ : HTTP_LANE_WATCH;
		desk_get(desk, &slow[i], "/nothing");
	}
	desk_get(desk, &write, "/good");
	assert_true(desk_wait(desk));
	assert_int_equal(write.status, 200);
	for (size_t i = 0; i < array_length(slow); i++) {
		assert_int_equal(slow[i].n_done, 0);
		http_cancel(&slow[i].call);
	}
	desk_forget(&write);
}

/* All are answered, over no more connections than a lane may have. */
static void test_many(void **state)
{
	static struct asked many[MANY];
	struct desk *desk = *state;

	for (size_t i = 0; i < MANY; i++) {
		many[i] = (struct asked){.call = {.lane = HTTP_LANE_METRICS}};
		desk_get(desk, &many[i], "/good");
	}
	assert_true(desk_wait(desk));
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(many[i].n_done, 1);
		assert_string_equal(buf_text(&many[i].body), "hello");
		desk_forget(&many[i]);
	}
	assert_in_range(desk->server.n_connections, 1, HTTP_CURL_CALLS_MAX);
}

/* Those that wait for their turn have the same deadline as all. */
static void test_timeout_in_line(void **state)
{
	static struct asked many[HTTP_CURL_CALLS_MAX + 1];
	struct desk *desk = *state;
	char url[256];
	struct http_request request = desk_request(desk, HTTP_GET, "/nothing", url);

	for (size_t i = 0; i < array_length(many); i++) {
		many[i] = (struct asked){0};
		request.timeout = i == HTTP_CURL_CALLS_MAX ? span_ms(50) : span_ms(400);
		desk_start(desk, &many[i], &request);
	}
	assert_true(desk_wait(desk));
	assert_non_null(strstr(many[HTTP_CURL_CALLS_MAX].error.text, "still waiting for its turn"));
	for (size_t i = 0; i < array_length(many); i++)
		assert_int_equal(many[i].n_done, 1);
	assert_int_equal(desk->server.n_requests, HTTP_CURL_CALLS_MAX);
}

/*
 * A kept connection dies under the second request after it was read. A GET is asked again over
 * another one; a PATCH is not, since nobody knows whether it was done.
 */
static void test_sent_once(void **state)
{
	static const struct {
		enum http_method method;
		int status;
		size_t n_requests; /* in all */
	} rows[] = {
		{HTTP_GET, 200, 3},
		{HTTP_PATCH, 0, 2},
		{HTTP_POST, 0, 2},
	};
	struct desk *desk = *state;

	for (size_t i = 0; i < array_length(rows); i++) {
		struct asked first = {0};
		struct asked second = {0};
		char url[256];
		struct http_request request = desk_request(desk, rows[i].method, "/once", url);
		size_t before = desk->server.n_requests;

		desk_client(desk, NULL);
		if (rows[i].method != HTTP_GET) {
			request.body = "[1]";
			request.body_length = 3;
		}
		desk_get(desk, &first, "/once");
		assert_true(desk_wait(desk));
		desk_start(desk, &second, &request);
		assert_true(desk_wait(desk));
		assert_int_equal(second.status, rows[i].status);
		assert_int_equal(desk->server.n_requests - before, rows[i].n_requests);
		if (rows[i].status == 0)
			assert_int_equal(second.error.kind, ERR_TRANSPORT);
		desk_forget(&first);
		desk_forget(&second);
	}
}

/* The kernel watches every connection. */
static void test_socket_options(void **state)
{
	struct desk *desk = *state;
	struct asked asked = {0};
	int n_found = 0;

	desk_get(desk, &asked, "/good");
	assert_true(desk_wait(desk));
	for (int fd = 3; fd < 256; fd++) {
		struct sockaddr_in peer;
		socklen_t size = sizeof(peer);
		unsigned int lost_ms = 0;
		int keepalive = 0;

		if (getpeername(fd, (struct sockaddr *)&peer, &size) < 0 ||
		    ntohs(peer.sin_port) != desk->server.port)
			continue;
		n_found++;
		size = sizeof(lost_ms);
		(void)getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &lost_ms, &size);
		assert_int_equal(lost_ms, 30000);
		size = sizeof(keepalive);
		(void)getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &keepalive, &size);
		assert_int_equal(keepalive, 1);
	}
	assert_int_equal(n_found, 1);
	desk_forget(&asked);
}

#define DESK_TEST(test) cmocka_unit_test_setup_teardown(test, open_desk, shut_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DESK_TEST(test_keep_alive), DESK_TEST(test_write_beside_reads),
		DESK_TEST(test_many),       DESK_TEST(test_timeout_in_line),
		DESK_TEST(test_sent_once),  DESK_TEST(test_socket_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

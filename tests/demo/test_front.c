#include "agent/demo/front.h"
#include "analysis/base/buf.h"
#include "tests/demo/ask.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#define CONFIGMAPS "/api/v1/namespaces/shop/configmaps"
#define TURNS_MAX  10000

struct fixture {
	struct apiserver *server;
	struct front *front;
	struct apiserver_fault fault;
};

static struct instant clock_now(void *user)
{
	(void)user;
	return (struct instant){1763700000000};
}

static struct apiserver_fault on_before(void *user, const struct http_request *request)
{
	struct fixture *fixture = user;

	(void)request;
	return fixture->fault;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct apiserver_options options = {.hooks = {.before = on_before, .user = fixture}};
	struct err err = {0};

	if (!fixture)
		return -1;
	fixture->server = apiserver_new(&options);
	fixture->front = front_new(
		&(struct front_options){.server = fixture->server, .now = clock_now}, &err);
	*state = fixture;
	return fixture->front ? 0 : -1;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	front_free(fixture->front);
	apiserver_free(fixture->server);
	free(fixture);
	return 0;
}

static int dial(struct fixture *fixture, const char *request)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(front_port(fixture->front)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	return fd;
}

/* Turn the front until the text was received, or the connection ended. */
static void expect(struct fixture *fixture, int fd, struct buf *got, const char *text)
{
	for (int i = 0; i < TURNS_MAX; i++) {
		char bytes[4096];
		ssize_t length;

		front_wait(fixture->front, span_ms(1));
		length = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (length > 0)
			assert_true(buf_add(got, bytes, (size_t)length));
		if (*text ? strstr(buf_text(got), text) != NULL : length == 0)
			return;
	}
	fail_msg("no \"%s\" in \"%s\"", text, buf_text(got));
}

static void test_exchange(void **state)
{
	struct fixture *fixture = *state;
	struct buf got = {.max = 65536};
	int fd = dial(fixture, "POST " CONFIGMAPS
	                       "?fieldManager=a%20b HTTP/1.1\r\nHost: x\r\n"
	                       "Content-Type: application/json\r\nUser-Agent: serin/1\r\n"
	                       "Content-Length: 23\r\n\r\n{\"metadata\":{\"name\":\"c\"");

	front_wait(fixture->front, span_ms(10));
	assert_int_equal(apiserver_count(fixture->server), 0); /* not yet whole */
	assert_int_equal(send(fd, "}", 1, MSG_NOSIGNAL), 1);
	close(fd);
	fd = dial(fixture, "POST " CONFIGMAPS
	                   "?fieldManager=a%20b HTTP/1.1\r\nHost: x\r\n"
	                   "Content-Type: application/json\r\nUser-Agent: serin/1\r\n"
	                   "Content-Length: 25\r\n\r\n{\"metadata\":{\"name\":\"d\"}}");
	expect(fixture, fd, &got, "\"resourceVersion\":\"1001\"");
	assert_non_null(strstr(buf_text(&got), "HTTP/1.1 201"));
	assert_non_null(strstr(buf_text(&got), "Content-Type: application/json"));
	assert_non_null(apiserver_find(fixture->server, "configmaps", "shop", "d"));
	assert_string_equal(apiserver_entry_find(fixture->server, 0)->manager, "a b");
	assert_string_equal(apiserver_entry_find(fixture->server, 0)->agent, "serin/1");
	buf_fini(&got);
	close(fd);
}

static void test_watch(void **state)
{
	struct fixture *fixture = *state;
	struct buf got = {.max = 65536};
	int fd = dial(fixture, "GET " CONFIGMAPS
	                       "?watch=1&resourceVersion=1000 HTTP/1.1\r\n"
	                       "Host: x\r\n\r\n");

	expect(fixture, fd, &got, "\r\n\r\n");
	assert_non_null(strstr(buf_text(&got), "Transfer-Encoding: chunked"));
	for (int i = 0; i < 3; i++) {
		char body[64];
		char wanted[64];

		(void)snprintf(body, sizeof(body), "{'metadata':{'name':'c%d'}}", i);
		(void)snprintf(wanted, sizeof(wanted), "\"name\":\"c%d\"", i);
		assert_int_equal(ask_status(fixture->server, clock_now(NULL), HTTP_POST, CONFIGMAPS,
		                            body),
		                 201);
		expect(fixture, fd, &got, wanted);
	}
	/* the server's end of the stream is the end of the reply */
	apiserver_compact(fixture->server, 1003);
	assert_true(apiserver_rewind(fixture->server, 1003));
	expect(fixture, fd, &got, "\r\n0\r\n\r\n");
	buf_fini(&got);
	close(fd);
}

/* The front goes while a watch is open, and a reader goes while it is told something. */
static void test_watch_left_open(void **state)
{
	struct fixture *fixture = *state;
	struct buf got = {.max = 65536};
	int first = dial(fixture, "GET " CONFIGMAPS "?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n");
	int second = dial(fixture, "GET " CONFIGMAPS "?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n");

	expect(fixture, first, &got, "\r\n\r\n");
	buf_drop(&got, got.length);
	expect(fixture, second, &got, "\r\n\r\n");
	close(second);
	assert_int_equal(ask_status(fixture->server, clock_now(NULL), HTTP_POST, CONFIGMAPS,
	                            "{'metadata':{'name':'a'}}"),
	                 201);
	buf_drop(&got, got.length);
	expect(fixture, first, &got, "ADDED");
	buf_fini(&got);
	close(first);
}

static void test_faults(void **state)
{
	struct fixture *fixture = *state;
	struct buf got = {.max = 65536};
	int fd;

	fixture->fault = (struct apiserver_fault){
		.kind = APISERVER_FAULT_STATUS, .status = 429, .retry_after = span_ms(1500)};
	fd = dial(fixture, "GET " CONFIGMAPS " HTTP/1.1\r\nHost: x\r\n\r\n");
	expect(fixture, fd, &got, "\"code\":429");
	assert_non_null(strstr(buf_text(&got), "Retry-After: 2"));
	close(fd);
	buf_drop(&got, got.length);
	fixture->fault = (struct apiserver_fault){.kind = APISERVER_FAULT_LOST};
	fd = dial(fixture, "GET " CONFIGMAPS " HTTP/1.1\r\nHost: x\r\n\r\n");
	expect(fixture, fd, &got, ""); /* closed */
	assert_int_equal(got.length, 0);
	close(fd);
	buf_fini(&got);
}

static void test_large_body(void **state)
{
	struct fixture *fixture = *state;
	struct buf got = {.max = 65536};
	size_t size = 5 * 1024 * 1024;
	char *bytes = malloc(size);
	int fd = dial(fixture, "POST " CONFIGMAPS
	                       " HTTP/1.1\r\nHost: x\r\n"
	                       "Content-Type: application/json\r\n"
	                       "Content-Length: 5242880\r\n\r\n");

	assert_non_null(bytes);
	memset(bytes, ' ', size);
	for (size_t sent = 0; sent < size;) {
		ssize_t n = send(fd, bytes + sent, size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		sent += n > 0 ? (size_t)n : 0;
		front_wait(fixture->front, span_ms(1));
	}
	expect(fixture, fd, &got, "HTTP/1.1 413");
	free(bytes);
	buf_fini(&got);
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_exchange), TEST(test_watch),      TEST(test_watch_left_open),
		TEST(test_faults),   TEST(test_large_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

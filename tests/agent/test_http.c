/* The client against servers that answer well, badly, late or not at all; TLS is in test_http_tls.c. */
#include "tests/agent/desk.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#define MANY 500

static void say_filled(struct visitor *visitor, int status, size_t length)
{
	char *body = malloc(length + 1);

	assert_non_null(body);
	memset(body, 'x', length);
	body[length] = '\0';
	loopback_answer(visitor, status, "", body);
	free(body);
}

static void redirect(struct visitor *visitor, const char *host, const char *path)
{
	char location[256];

	(void)snprintf(location, sizeof(location), "Location: http://%s:%d%s\r\n", host,
		       visitor->server->port, path);
	loopback_answer(visitor, 302, location, "elsewhere");
}

/* The answer is what came: for looking at what the client sends. */
static void echo(struct visitor *visitor, const char *request)
{
	loopback_answer(visitor, 200, "", request);
}

static void say_stream(struct visitor *visitor, const char *request)
{
	loopback_say(visitor, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			      "4\r\none\n\r\n4\r\ntwo\n\r\n");
}

static void say_stream_whole(struct visitor *visitor, const char *request)
{
	say_stream(visitor, request);
	loopback_say(visitor, "6\r\nthree\n\r\n0\r\n\r\n");
}

static void say_stream_cut(struct visitor *visitor, const char *request)
{
	say_stream(visitor, request);
	loopback_close(visitor);
}

static void say_good(struct visitor *visitor, const char *request)
{
	loopback_answer(visitor, 200, "", "hello");
}

static void say_chunked(struct visitor *visitor, const char *request)
{
	loopback_say(visitor, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			      "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n");
}

static void say_truncated(struct visitor *visitor, const char *request)
{
	loopback_say(visitor, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.");
	loopback_close(visitor);
}

static void say_half(struct visitor *visitor, const char *request)
{
	loopback_say(visitor, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.");
}

static void say_full(struct visitor *visitor, const char *request)
{
	say_filled(visitor, 200, 1000);
}

static void say_too_large(struct visitor *visitor, const char *request)
{
	say_filled(visitor, 502, 1001);
}

static void say_nothing(struct visitor *visitor, const char *request)
{
}

static void say_retry(struct visitor *visitor, const char *request)
{
	loopback_answer(visitor, 429, "Retry-After: 7\r\n", "busy");
}

static void say_retry_never(struct visitor *visitor, const char *request)
{
	loopback_answer(visitor, 503, "Retry-After: 99999999\r\n", "busy");
}

static void say_retry_fine(struct visitor *visitor, const char *request)
{
	loopback_answer(visitor, 200, "Retry-After: 7\r\n", "hello");
}

static void say_around(struct visitor *visitor, const char *request)
{
	redirect(visitor, "127.0.0.1", "/around");
}

static void say_file(struct visitor *visitor, const char *request)
{
	loopback_answer(visitor, 302, "Location: file:///etc/passwd\r\n", "");
}

static void close_it(struct visitor *visitor, const char *request)
{
	loopback_close(visitor);
}

static void reset_it(struct visitor *visitor, const char *request)
{
	loopback_reset(visitor);
}

/* N hops to /good. */
static void say_hops(struct visitor *visitor, const char *request)
{
	int left = atoi_of(request);
	char path[32];

	(void)snprintf(path, sizeof(path), left > 1 ? "/hops/%d" : "/good", left - 1);
	redirect(visitor, "127.0.0.1", path);
}

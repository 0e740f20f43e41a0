/* The client against servers that answer well, badly, late or not at all; TLS is in
 * test_http_tls.c. */
#include "tests/agent/desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

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

static void say_good(struct visitor *visitor, const char *request)
{
	loopback_answer(visitor, 200, "", "hello");
}

static void say_chunked(struct visitor *visitor, const char *request)
{
	loopback_say(visitor,
	             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
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
	long left = strtol(request + strlen("GET /hops/"), NULL, 10);
	char path[32];

	(void)snprintf(path, sizeof(path), left > 1 ? "/hops/%ld" : "/good", left - 1);
	redirect(visitor, "127.0.0.1", path);
}

/* To the same server by another name, which is another host. */
static void say_stranger(struct visitor *visitor, const char *request)
{
	redirect(visitor, "localhost", "/echo");
}

static void say_itself(struct visitor *visitor, const char *request)
{
	redirect(visitor, "127.0.0.1", "/echo");
}

static const struct {
	const char *path;
	void (*say)(struct visitor *visitor, const char *request);
} pages[] = {
	{"/good", say_good},
	{"/chunked", say_chunked},
	{"/echo", echo},
	{"/full", say_full},
	{"/too-large", say_too_large},
	{"/truncated", say_truncated},
	{"/half", say_half},
	{"/nothing", say_nothing},
	{"/close", close_it},
	{"/reset", reset_it},
	{"/retry", say_retry},
	{"/never", say_retry_never},
	{"/fine", say_retry_fine},
	{"/hops/", say_hops},
	{"/around", say_around},
	{"/file", say_file},
	{"/stranger", say_stranger},
	{"/itself", say_itself},
	{"http://alerts.invalid/", echo}, /* as a proxy is asked */
};

static void serve(struct visitor *visitor, const char *request)
{
	const char *path = strchr(request, ' ') + 1;

	for (size_t i = 0; i < array_length(pages); i++) {
		if (strncmp(path, pages[i].path, strlen(pages[i].path)) != 0)
			continue;
		pages[i].say(visitor, request);
		return;
	}
	loopback_answer(visitor, 404, "", "no such page");
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

/* What comes of one GET, body and error in brief. */
static const struct {
	const char *path;
	int status; /* 0: an error */
	enum err_kind kind;
	const char *text; /* the body, or in the error's text */
	int64_t retry_seconds;
} answers[] = {
	{"/good", 200, ERR_NONE, "hello"},
	{"/chunked", 200, ERR_NONE, "hello"},
	{"/missing", 404, ERR_NONE, "no such page"},
	/* one byte more than allowed, whatever the status */
	{"/too-large", 0, ERR_LIMIT, "status 502 with a body of more than 1000 bytes"},
	{"/truncated", 0, ERR_TRANSPORT, "the answer was cut off after 10 bytes"},
	{"/close", 0, ERR_TRANSPORT, "closed without an answer"},
	{"/reset", 0, ERR_TRANSPORT, "connection reset"},
	/* 429 and 503 may say when to come back; a day is enough; others may not */
	{"/retry", 429, ERR_NONE, "busy", 7},
	{"/never", 503, ERR_NONE, "busy", 24L * 3600},
	{"/fine", 200, ERR_NONE, "hello", 0},
	{"/hops/1", 200, ERR_NONE, "hello"},
	{"/hops/5", 200, ERR_NONE, "hello"},
	{"/hops/6", 0, ERR_INVALID, "more than 5 redirects"},
	{"/around", 0, ERR_INVALID, "more than 5 redirects"},
	{"/file", 0, ERR_INVALID, "expected http or https, got \"file\""},
	/* addresses that are none */
	{"ftp://127.0.0.1/x", 0, ERR_INVALID, "expected http or https, got \"ftp\""},
	{"http://127.0.0.1:99999/", 0, ERR_INVALID, "url: "},
	{"http://a b/", 0, ERR_INVALID, "url: "},
	{"http:///", 0, ERR_INVALID, "url: "},
	{"nonsense", 0, ERR_INVALID, "url: "},
	{"http://no-such-host.invalid/", 0, ERR_TRANSPORT,
         "resolve no-such-host.invalid:80: no such host"},
	/* TLS to what speaks none */
	{"tls", 0, ERR_TRANSPORT, "TLS with 127.0.0.1:"},
	{"refused", 0, ERR_TRANSPORT, ": refused"},
};

/* Two rows need the port. */
static const char *row_url(struct desk *desk, const char *path, char url[64])
{
	if (strcmp(path, "tls") == 0)
		(void)snprintf(url, 64, "https://127.0.0.1:%d/", desk->server.port);
	else if (strcmp(path, "refused") == 0)
		(void)snprintf(url, 64, "http://127.0.0.1:1/");
	else
		return path;
	return url;
}

static void expect_text(const char *row, const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("%s: expected \"%s\" in \"%s\"", row, part, text);
}

static void test_answers(void **state)
{
	struct desk *desk = *state;

	for (size_t i = 0; i < array_length(answers); i++) {
		struct asked asked = {0};
		char url[64];

		desk_get(desk, &asked, row_url(desk, answers[i].path, url));
		assert_int_equal(asked.n_done, 0); /* never from inside http_start */
		assert_true(desk_wait(desk));
		if (answers[i].status == 0)
			expect_text(answers[i].path, asked.error.text, answers[i].text);
		else
			assert_string_equal(buf_text(&asked.body), answers[i].text);
		assert_int_equal(asked.error.kind, answers[i].kind);
		assert_int_equal(asked.status, answers[i].status);
		assert_int_equal(asked.retry_after.ms, answers[i].retry_seconds * 1000);
		assert_int_equal(asked.n_done, 1);
		assert_null(asked.call.http);
		desk_forget(&asked);
	}
}

/* A body of exactly the limit is fine. */
static void test_full(void **state)
{
	struct desk *desk = *state;
	struct asked asked = {0};

	desk_get(desk, &asked, "/full");
	assert_true(desk_wait(desk));
	assert_int_equal(asked.body.length, 1000);
	desk_forget(&asked);
}

/* The peer's name in "refused" is host and port, as people type it. */
static void test_refused_words(void **state)
{
	struct desk *desk = *state;
	struct asked asked = {0};

	desk_get(desk, &asked, "http://127.0.0.1:1/secret?token=x");
	assert_true(desk_wait(desk));
	assert_string_equal(asked.error.text, "connect to 127.0.0.1:1: refused");
}

/* Methods, bodies and headers go out as asked, and nothing libcurl adds by itself. */
static void test_sent(void **state)
{
	static const struct {
		enum http_method method;
		const char *body;
		const char *line; /* the request's */
	} rows[] = {
		{HTTP_POST, "{}", "POST /echo HTTP/1.1\r\n"},
		{HTTP_PUT, "{}", "PUT /echo HTTP/1.1\r\n"},
		{HTTP_PATCH, "[]", "PATCH /echo HTTP/1.1\r\n"},
		{HTTP_DELETE, "{}", "DELETE /echo HTTP/1.1\r\n"},
		{HTTP_DELETE, NULL, "DELETE /echo HTTP/1.1\r\n"},
		{HTTP_POST, NULL, "POST /echo HTTP/1.1\r\n"},
		{HTTP_GET, NULL, "GET /echo HTTP/1.1\r\n"},
	};
	struct desk *desk = *state;

	for (size_t i = 0; i < array_length(rows); i++) {
		struct asked asked = {0};
		char url[256];
		struct http_request request = desk_request(desk, rows[i].method, "/echo", url);
		const char *text;

		request.body = rows[i].body;
		request.body_length = rows[i].body ? strlen(rows[i].body) : 0;
		http_request_add(&request, "X-Empty", "");
		http_request_add(&request, "Accept", "application/json");
		desk_start(desk, &asked, &request);
		memset(url, '?', sizeof(url)); /* texts are copied by http_start */
		assert_true(desk_wait(desk));
		text = buf_text(&asked.body);
		assert_int_equal(strncmp(text, rows[i].line, strlen(rows[i].line)), 0);
		assert_non_null(strstr(text, "\r\nX-Empty:\r\n"));
		assert_non_null(strstr(text, "\r\nAccept: application/json\r\n"));
		assert_non_null(strstr(text, "\r\nUser-Agent: serin/test\r\n"));
		assert_null(strcasestr(text, "Content-Type"));
		assert_null(strcasestr(text, "Expect"));
		text = strstr(text, "\r\n\r\n");
		assert_non_null(text);
		assert_string_equal(text + 4, rows[i].body ? rows[i].body : "");
		desk_forget(&asked);
	}
}

/* A header with a line end would be two; it is refused, and nothing is sent. */
static void test_header_of_two_lines(void **state)
{
	struct desk *desk = *state;
	struct asked asked = {0};
	char url[256];
	struct http_request request = desk_request(desk, HTTP_GET, "/echo", url);

	http_request_add(&request, "X-One", "a\r\nX-Two: b");
	desk_start(desk, &asked, &request);
	assert_true(desk_wait(desk));
	assert_int_equal(asked.error.kind, ERR_INVALID);
	assert_int_equal(desk->server.n_requests, 0);
}

static void ask_with_secret(struct desk *desk, struct asked *asked, enum http_method method,
                            const char *path)
{
	char url[256];
	struct http_request request = desk_request(desk, method, path, url);

	http_request_add(&request, "Authorization", "Bearer secret");
	http_request_add(&request, "DD-API-KEY", "secret:");
	http_request_add(&request, "Accept", "text/plain");
	desk_start(desk, asked, &request);
	assert_true(desk_wait(desk));
}

/* A redirect to another host takes no header of ours along but Accept; to the same host, all. */
static void test_redirect_secrets(void **state)
{
	struct desk *desk = *state;
	struct asked same = {0};
	struct asked other = {0};

	ask_with_secret(desk, &same, HTTP_GET, "/itself");
	assert_non_null(strstr(buf_text(&same.body), "Bearer secret"));
	assert_non_null(strstr(buf_text(&same.body), "DD-API-KEY: secret"));
	ask_with_secret(desk, &other, HTTP_GET, "/stranger");
	assert_int_equal(other.error.kind, ERR_NONE);
	assert_non_null(strstr(buf_text(&other.body), "Host: localhost:"));
	assert_non_null(strstr(buf_text(&other.body), "Accept: text/plain"));
	assert_null(strstr(buf_text(&other.body), "secret"));
	desk_forget(&same);
	desk_forget(&other);
}

/* What is not a GET stays where it was sent. */
static void test_no_redirect_of_writes(void **state)
{
	struct desk *desk = *state;
	struct asked asked = {0};

	ask_with_secret(desk, &asked, HTTP_POST, "/itself");
	assert_int_equal(asked.status, 302);
	assert_int_equal(desk->server.n_requests, 1);
	desk_forget(&asked);
}

/* The whole exchange has one deadline: silence, half an answer, and redirects included. */
static void test_timeout(void **state)
{
	static const struct {
		const char *path;
		const char *text;
	} rows[] = {
		{"/nothing", "no answer within 50ms"},
		{"/half", "no whole answer within 50ms"},
	};
	struct desk *desk = *state;

	for (size_t i = 0; i < array_length(rows); i++) {
		struct asked asked = {0};
		char url[256];
		struct http_request request = desk_request(desk, HTTP_GET, rows[i].path, url);

		request.timeout = span_ms(50);
		desk_start(desk, &asked, &request);
		assert_true(desk_wait(desk));
		assert_int_equal(asked.error.kind, ERR_TRANSPORT);
		assert_non_null(strstr(asked.error.text, rows[i].text));
	}
}

/* Without credentials there is no API server, and that is said. */
static void test_no_credentials(void **state)
{
	struct desk *desk = *state;
	struct asked asked = {0};
	struct http_request request = {.peer = HTTP_PEER_KUBE, .method = HTTP_GET, .url = "/api"};

	desk_start(desk, &asked, &request);
	assert_true(desk_wait(desk));
	assert_int_equal(asked.error.kind, ERR_INVALID);
}

/* A proxy of the request's own: it is asked, whatever the environment says of proxies, and what is
 * secret of it is not told. */
static void test_proxy(void **state)
{
	struct desk *desk = *state;
	struct asked asked = {0};
	struct asked refused = {0};
	char url[256];
	char proxy[64];
	struct http_request request = desk_request(desk, HTTP_POST, "http://alerts.invalid/x", url);

	(void)snprintf(proxy, sizeof(proxy), "http://u:s3cret@127.0.0.1:%d", desk->server.port);
	request.proxy = proxy;
	(void)setenv("no_proxy", "*", 1);
	desk_start(desk, &asked, &request);
	assert_true(desk_wait(desk));
	(void)unsetenv("no_proxy");
	assert_int_equal(asked.status, 200);
	expect_text("proxy", buf_text(&asked.body), "POST http://alerts.invalid/x HTTP/1.1");
	expect_text("proxy", buf_text(&asked.body), "Proxy-Authorization: Basic ");
	request.proxy = "http://u:s3cret@127.0.0.1:1";
	desk_start(desk, &refused, &request);
	assert_true(desk_wait(desk));
	assert_int_equal(refused.error.kind, ERR_TRANSPORT);
	expect_text("proxy", refused.error.text, "refused");
	assert_null(strstr(refused.error.text, "s3cret"));
	desk_forget(&asked);
	desk_forget(&refused);
}

#define DESK_TEST(test) cmocka_unit_test_setup_teardown(test, open_desk, shut_desk)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DESK_TEST(test_answers),
		DESK_TEST(test_full),
		DESK_TEST(test_refused_words),
		DESK_TEST(test_sent),
		DESK_TEST(test_header_of_two_lines),
		DESK_TEST(test_redirect_secrets),
		DESK_TEST(test_no_redirect_of_writes),
		DESK_TEST(test_timeout),
		DESK_TEST(test_no_credentials),
		DESK_TEST(test_proxy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

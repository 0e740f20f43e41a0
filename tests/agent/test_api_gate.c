/* Who may read the API. */
#include "analysis/base/compiler.h"
#include "tests/agent/api_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HERE  "Host: localhost:8080\r\n"
#define THERE "Host: serin.serin:8080\r\n"
#define ONE   "GET /api/v1/namespaces/shop/canaries/cart"
#define ALL   "GET /api/v1/canaries"

static void test_table(void **state)
{
	struct api_desk *desk = *state;
	static const struct {
		enum api_access access;
		const char *line;
		const char *headers;
		const char *source;
		int status;
		const char *part;
	} rows[] = {
		/* this machine needs nothing */
		{API_ACCESS_TOKEN, ONE, HERE, "127.0.0.1", 200, ""},
		{API_ACCESS_TOKEN, ONE, "Host: 127.0.0.1\r\n", "127.0.0.1", 200, ""},
		{API_ACCESS_TOKEN, ONE, "Host: [::1]:8080\r\n", "127.0.0.1", 200, ""},
		{API_ACCESS_LOOPBACK, ONE, HERE, "127.0.0.1", 200, ""},
		/* a browser's page whose own name leads here */
		{API_ACCESS_TOKEN, ONE, "Host: evil.example\r\n", "127.0.0.1", 401, "Serin-Token"},
		{API_ACCESS_LOOPBACK, ONE, "Host: evil.example\r\n", "127.0.0.1", 403, "loopback"},
		{API_ACCESS_TOKEN, ONE, "Host: localhost.evil.example\r\n", "127.0.0.1", 401, ""},
		/* a proxy in the pod speaks for others */
		{API_ACCESS_TOKEN, ONE, HERE "X-Forwarded-For: 10.0.0.9\r\n", "127.0.0.1", 401, ""},
		{API_ACCESS_TOKEN, ONE, HERE "Forwarded: for=10.0.0.9\r\n", "127.0.0.1", 401, ""},
		{API_ACCESS_TOKEN, ONE, HERE, "127.0.0.6", 401, ""},
		{API_ACCESS_LOOPBACK, ONE, HERE, "127.0.0.6", 403, "port-forward"},
		/* a token, even from here */
		{API_ACCESS_STRICT, ONE, HERE, "127.0.0.1", 401, "expected"},
		{API_ACCESS_STRICT, ONE, HERE "Authorization: Bearer alice\r\n", "127.0.0.1", 200,
	         ""},
		/* everybody */
		{API_ACCESS_OPEN, ONE, THERE, "127.0.0.6", 200, ""},
		/* tokens */
		{API_ACCESS_TOKEN, ONE, THERE "Authorization: Bearer alice\r\n", "127.0.0.6", 200,
	         "cart-3"},
		{API_ACCESS_TOKEN, ALL, THERE "Authorization: Bearer alice\r\n", "127.0.0.6", 403,
	         "alice may not list canaries.flagger.app in all namespaces"},
		{API_ACCESS_TOKEN, "GET /api/v1/namespaces/till/events",
	         THERE "Authorization: Bearer alice\r\n", "127.0.0.6", 403,
	         "alice may not get canaries.flagger.app in namespace till"},
		{API_ACCESS_TOKEN, ALL, THERE "Authorization: bearer root\r\n", "127.0.0.6", 200,
	         ""},
		{API_ACCESS_TOKEN, ONE, THERE "Authorization: Bearer mallory\r\n", "127.0.0.6", 403,
	         "mallory may not"},
		{API_ACCESS_TOKEN, ONE, THERE "Authorization: Bearer nobody\r\n", "127.0.0.6", 401,
	         "does not know this token"},
		{API_ACCESS_TOKEN, ONE, THERE "Authorization: Basic YTpi\r\n", "127.0.0.6", 401,
	         "expected"},
		{API_ACCESS_TOKEN, ONE, THERE "Authorization: Bearer \r\n", "127.0.0.6", 401,
	         "expected"},
		{API_ACCESS_TOKEN, ONE, THERE "Authorization: Bearer a b\r\n", "127.0.0.6", 401,
	         "expected"},
		/* who shows a token is judged by it, here too */
		{API_ACCESS_TOKEN, ONE, HERE "Authorization: Bearer mallory\r\n", "127.0.0.1", 403,
	         ""},
		/* a token for the API server is none for us, and the other way round */
		{API_ACCESS_TOKEN, ONE, THERE "Serin-Token: for-serin-alice\r\n", "127.0.0.6", 200,
	         ""},
		{API_ACCESS_TOKEN, ONE, THERE "Serin-Token: alice\r\n", "127.0.0.6", 401, ""},
		{API_ACCESS_TOKEN, ONE, THERE "Authorization: Bearer for-serin-alice\r\n",
	         "127.0.0.6", 401, ""},
		/* no tokens are looked at */
		{API_ACCESS_LOOPBACK, ONE, THERE "Authorization: Bearer root\r\n", "127.0.0.6", 403,
	         "--api=loopback"},
		/* what tells nothing needs nothing */
		{API_ACCESS_TOKEN, "GET /openapi.json", THERE, "127.0.0.6", 200, "openapi"},
		{API_ACCESS_TOKEN, "GET /healthz", THERE, "127.0.0.6", 200, "ok"},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		const struct api_desk_options options = {.access = rows[i].access};
		const char *reply;

		api_desk_restart(desk, &options);
		reply = api_desk_ask_from(desk, rows[i].line, rows[i].headers, rows[i].source);
		if (api_desk_status(reply) != rows[i].status || !strstr(reply, rows[i].part))
			fail_msg("row %zu: %s%s", i, rows[i].headers, reply);
	}
}

static int ask_as(struct api_desk *desk, const char *line, const char *token)
{
	char headers[256];

	(void)snprintf(headers, sizeof(headers), THERE "Authorization: Bearer %s\r\n", token);
	return api_desk_status(api_desk_ask(desk, line, headers));
}

/* The same question is asked once, for each token and namespace. */
static void test_remembered(void **state)
{
	struct api_desk *desk = *state;

	assert_int_equal(ask_as(desk, ONE, "alice"), 200);
	assert_int_equal(ask_as(desk, ONE, "alice"), 200);
	assert_int_equal(ask_as(desk, ONE, "mallory"), 403);
	assert_int_equal(ask_as(desk, ONE, "mallory"), 403);
	assert_int_equal(ask_as(desk, ONE, "nobody"), 401);
	assert_int_equal(ask_as(desk, ONE, "nobody"), 401);
	assert_int_equal(desk->n_token_reviews, 3);
	assert_int_equal(desk->n_access_reviews, 2);
	/* what was allowed in one namespace is not in another, nor in all */
	assert_int_equal(ask_as(desk, ALL, "alice"), 403);
	assert_int_equal(ask_as(desk, "GET /api/v1/namespaces/till/canaries", "alice"), 403);
}

/* The API server is told all that it said of the user. */
static void test_review_is_whole(void **state)
{
	struct api_desk *desk = *state;

	assert_int_equal(ask_as(desk, ONE, "alice"), 200);
	assert_string_equal(desk->reviewed,
	                    "{\"apiVersion\":\"authorization.k8s.io/v1\","
	                    "\"kind\":\"SubjectAccessReview\",\"spec\":{\"user\":\"alice\","
	                    "\"uid\":\"u-1\",\"groups\":[\"people\"],\"extra\":{\"k\":[\"v\"]},"
	                    "\"resourceAttributes\":{\"verb\":\"get\",\"group\":\"flagger.app\","
	                    "\"resource\":\"canaries\",\"namespace\":\"shop\"}}}");
}

/* A server that does not know audiences answers without any: its yes is none to a token of ours. */
static void test_no_audiences(void **state)
{
	struct api_desk *desk = *state;

	desk->has_no_audiences = true;
	assert_int_equal(
		api_desk_status(api_desk_ask(desk, ONE, THERE "Serin-Token: for-serin-root\r\n")),
		401);
}

/* We may not ask, or nobody answers: refused, and not remembered. */
static void test_mute(void **state)
{
	struct api_desk *desk = *state;

	desk->review_status = 403;
	assert_int_equal(ask_as(desk, ONE, "alice"), 503);
	assert_non_null(strstr(desk->reply, "manifests/components/api"));
	desk->review_status = 500;
	assert_int_equal(ask_as(desk, ONE, "alice"), 503);
	desk->review_status = 0;
	assert_int_equal(ask_as(desk, ONE, "alice"), 200);
}

/* Guessing tokens costs the API server little. */
static void test_many_tokens(void **state)
{
	struct api_desk *desk = *state;
	size_t n_busy = 0;

	for (int i = 0; i < 120; i++) {
		char token[32];

		(void)snprintf(token, sizeof(token), "guess-%d", i);
		n_busy += ask_as(desk, ONE, token) == 429;
	}
	assert_true(n_busy > 0);
	assert_true(desk->n_token_reviews < 120);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_table, api_desk_set_up, api_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_remembered, api_desk_set_up,
	                                        api_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_review_is_whole, api_desk_set_up,
	                                        api_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_no_audiences, api_desk_set_up,
	                                        api_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_mute, api_desk_set_up, api_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_many_tokens, api_desk_set_up,
	                                        api_desk_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

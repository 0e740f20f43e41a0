/* What the API server says of a token and of its owner. */
#include "analysis/base/compiler.h"
#include "providers/kube/review.h"
#include "providers/kube/tree.h"
#include "providers/wire/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct http_reply reply_of(int status, const char *body)
{
	return (struct http_reply){
		.status = status,
		.body = body,
		.body_length = strlen(body),
	};
}

#define ALICE "\"user\":{\"username\":\"alice\",\"uid\":\"u\",\"groups\":[\"g\"]}"

static void test_tokens(void **state)
{
	static const struct {
		int status;
		const char *body;
		const char *audience;
		enum kube_review_verdict verdict;
		const char *text;
	} rows[] = {
		{201, "{\"status\":{\"authenticated\":true," ALICE "}}", NULL, KUBE_REVIEW_YES, ""},
		{200, "{\"status\":{\"authenticated\":true," ALICE "}}", NULL, KUBE_REVIEW_YES, ""},
		/* nobody's */
		{201, "{\"status\":{\"authenticated\":false," ALICE "}}", NULL, KUBE_REVIEW_NO, ""},
		{201, "{\"status\":{" ALICE "}}", NULL, KUBE_REVIEW_NO, ""},
		{201, "{\"status\":{\"authenticated\":\"true\"," ALICE "}}", NULL, KUBE_REVIEW_NO,
	         ""},
		/* a user without a name could pass for anybody */
		{201, "{\"status\":{\"authenticated\":true}}", NULL, KUBE_REVIEW_NO, ""},
		{201, "{\"status\":{\"authenticated\":true,\"user\":{\"username\":\"\"}}}", NULL,
	         KUBE_REVIEW_NO, ""},
		{201, "{\"status\":{\"authenticated\":true,\"user\":[]}}", NULL, KUBE_REVIEW_NO,
	         ""},
		/* made for another, or nobody says for whom */
		{201,
	         "{\"status\":{\"authenticated\":true,\"audiences\":[\"serin.dev\"]," ALICE "}}",
	         "serin.dev", KUBE_REVIEW_YES, ""},
		{201, "{\"status\":{\"authenticated\":true,\"audiences\":[\"a\",\"b\"]," ALICE "}}",
	         "serin.dev", KUBE_REVIEW_NO, ""},
		{201, "{\"status\":{\"authenticated\":true,\"audiences\":[1]," ALICE "}}",
	         "serin.dev", KUBE_REVIEW_NO, ""},
		{201, "{\"status\":{\"authenticated\":true," ALICE "}}", "serin.dev",
	         KUBE_REVIEW_NO, ""},
		/* we may not ask */
		{403, "{\"message\":\"may not create tokenreviews\"}", NULL, KUBE_REVIEW_REFUSED,
	         "403 may not create tokenreviews"},
		{401, "{}", NULL, KUBE_REVIEW_REFUSED, "401 "},
		/* no answer */
		{500, "{\"message\":\"etcd\"}", NULL, KUBE_REVIEW_UNKNOWN, "500 etcd"},
		{201, "<html>", NULL, KUBE_REVIEW_UNKNOWN, "201: "},
		{201, "", NULL, KUBE_REVIEW_UNKNOWN, "201: "},
		{201, "{}", NULL, KUBE_REVIEW_UNKNOWN, ""},
		{201, "[]", NULL, KUBE_REVIEW_UNKNOWN, ""},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct http_reply reply = reply_of(rows[i].status, rows[i].body);
		CLEANUP(tree_freep) json_t *user = NULL;
		char text[200] = "untouched";

		if (kube_review_read_token(&reply, rows[i].audience, &user, text) !=
		            rows[i].verdict ||
		    strncmp(text, rows[i].text, strlen(rows[i].text)) != 0)
			fail_msg("row %zu: %s: \"%s\"", i, rows[i].body, text);
		assert_true((user != NULL) == (rows[i].verdict == KUBE_REVIEW_YES));
	}
}

static void test_access(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum kube_review_verdict verdict;
	} rows[] = {
		{201, "{\"status\":{\"allowed\":true}}", KUBE_REVIEW_YES},
		{201, "{\"status\":{\"allowed\":false}}", KUBE_REVIEW_NO},
		/* an authorizer's veto wins */
		{201, "{\"status\":{\"allowed\":true,\"denied\":true}}", KUBE_REVIEW_NO},
		{201, "{\"status\":{\"allowed\":1}}", KUBE_REVIEW_NO},
		{201, "{\"status\":{}}", KUBE_REVIEW_NO},
		{201, "{}", KUBE_REVIEW_UNKNOWN},
		{403, "{}", KUBE_REVIEW_REFUSED},
		{503, "{}", KUBE_REVIEW_UNKNOWN},
		{201, "true", KUBE_REVIEW_UNKNOWN},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct http_reply reply = reply_of(rows[i].status, rows[i].body);
		char text[200];

		if (kube_review_read_access(&reply, text) != rows[i].verdict)
			fail_msg("row %zu: %s: \"%s\"", i, rows[i].body, text);
	}
}

/* Nothing arrived. */
static void test_no_reply(void **state)
{
	const struct http_reply reply = {.error = {.kind = ERR_TRANSPORT, .text = "timed out"}};
	json_t *user;
	char text[200];

	assert_int_equal(kube_review_read_token(&reply, NULL, &user, text), KUBE_REVIEW_UNKNOWN);
	assert_null(user);
	assert_string_equal(text, "timed out");
	assert_int_equal(kube_review_read_access(&reply, text), KUBE_REVIEW_UNKNOWN);
}

static void test_requests(void **state)
{
	CLEANUP(tree_freep) json_t *user = json_loads("{\"username\":\"a\\\"b\"}", 0, NULL);
	const struct kube_review_access all = {.verb = "list"};
	struct http_request request;
	struct arena arena = {0};

	kube_review_token(&request, &arena, "t\"x", "serin.dev");
	assert_int_equal(request.method, HTTP_POST);
	assert_string_equal(request.url, "/apis/authentication.k8s.io/v1/tokenreviews");
	assert_string_equal(request.body,
	                    "{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":"
	                    "\"TokenReview\",\"spec\":{\"token\":\"t\\\"x\",\"audiences\":["
	                    "\"serin.dev\"]}}");
	kube_review_access(&request, &arena, user, &all);
	assert_string_equal(request.url, "/apis/authorization.k8s.io/v1/subjectaccessreviews");
	assert_string_equal(request.body,
	                    "{\"apiVersion\":\"authorization.k8s.io/v1\",\"kind\":"
	                    "\"SubjectAccessReview\",\"spec\":{\"user\":\"a\\\"b\","
	                    "\"resourceAttributes\":{\"verb\":\"list\",\"group\":\"flagger.app\","
	                    "\"resource\":\"canaries\"}}}");
	assert_int_equal(request.body_length, strlen(request.body));
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_access),
		cmocka_unit_test(test_no_reply),
		cmocka_unit_test(test_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

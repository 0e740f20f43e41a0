/* The API server's HTTP: addresses, requests, and what replies mean. */
#include "providers/kube/api.h"
#include "providers/kube/list.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_path(void **state)
{
	static const struct {
		struct kube_ref ref;
		const char *want;
	} rows[] = {
		{{KUBE_DEPLOYMENT, "shop", "cart", NULL},
	         "/apis/apps/v1/namespaces/shop/deployments/cart"},
		{{KUBE_SERVICE, "shop", "cart", NULL}, "/api/v1/namespaces/shop/services/cart"},
		/* a subresource */
		{{KUBE_RELEASE, "shop", "cart-1", "status"},
	         "/apis/serin.dev/v1alpha1/namespaces/shop/releases/cart-1/status"},
		/* all namespaces */
		{{KUBE_CANARY, NULL, NULL, NULL}, "/apis/flagger.app/v1beta1/canaries"},
		{{KUBE_SECRET, NULL, NULL, NULL}, "/api/v1/secrets"},
		{{KUBE_METRIC_TEMPLATE, "a", "b", NULL},
	         "/apis/flagger.app/v1beta1/namespaces/a/metrictemplates/b"},
		{{KUBE_INGRESS, "a", "b", NULL},
	         "/apis/networking.k8s.io/v1/namespaces/a/ingresses/b"},
		{{KUBE_LEASE, "a", "b", NULL},
	         "/apis/coordination.k8s.io/v1/namespaces/a/leases/b"},
		{{KUBE_EVENT, "a", NULL, NULL}, "/api/v1/namespaces/a/events"},
		/* a name that is none cannot leave its place */
		{{KUBE_SECRET, "a", "../x?y", NULL}, "/api/v1/namespaces/a/secrets/..%2Fx%3Fy"},
	};
	struct arena arena = {0};

	for (size_t i = 0; i < array_length(rows); i++)
		assert_string_equal(kube_api_path(&arena, &rows[i].ref), rows[i].want);
	arena_fini(&arena);
}

static void test_list_and_watch(void **state)
{
	struct arena arena = {0};
	struct http_request request;
	struct kube_ref ref = {.kind = KUBE_RELEASE, .k8s_namespace = "shop"};
	struct kube_query query = {.labels = "serin.dev/canary=cart", .continue_token = "a/b="};
	struct kube_query from = {.resource_version = "17"};

	kube_api_list(&request, &arena, &ref, &query);
	assert_string_equal(request.url,
	                    "/apis/serin.dev/v1alpha1/namespaces/shop/releases?limit=500"
	                    "&labelSelector=serin.dev%2Fcanary%3Dcart&continue=a%2Fb%3D");
	assert_int_equal(request.method, HTTP_GET);
	assert_int_equal(request.timeout.ms, 10000);
	kube_api_watch(&request, &arena, &ref, &from, span_seconds(300));
	assert_string_equal(request.url,
	                    "/apis/serin.dev/v1alpha1/namespaces/shop/releases?watch=1"
	                    "&allowWatchBookmarks=true&timeoutSeconds=300&resourceVersion=17");
	assert_int_equal(request.timeout.ms, 0);
	arena_fini(&arena);
}

static const char *header(const struct http_request *request, const char *name)
{
	for (size_t i = 0; i < request->n_headers; i++) {
		if (strcmp(request->headers[i].name, name) == 0)
			return request->headers[i].value;
	}
	return "";
}

static void test_writes(void **state)
{
	struct arena arena = {0};
	struct http_request request;
	struct kube_ref ref = {.kind = KUBE_SERVICE, .k8s_namespace = "shop", .name = "cart"};

	kube_api_create(&request, &arena, &ref, "serin", merge_parse("{'a': 1}"));
	assert_int_equal(request.method, HTTP_POST);
	assert_string_equal(request.url, "/api/v1/namespaces/shop/services?fieldManager=serin");
	assert_string_equal(header(&request, "Content-Type"), "application/json");
	assert_string_equal(request.body, "{\"a\":1}");
	assert_int_equal(request.body_length, 7);
	assert_int_equal(request.timeout.ms, 5000);

	kube_api_patch(&request, &arena, &ref, "serin", KUBE_PATCH_JSON, merge_parse("[]"));
	assert_int_equal(request.method, HTTP_PATCH);
	assert_string_equal(request.url,
	                    "/api/v1/namespaces/shop/services/cart?fieldManager=serin");
	assert_string_equal(header(&request, "Content-Type"), "application/json-patch+json");
	kube_api_patch(&request, &arena, &ref, "serin", KUBE_PATCH_MERGE, merge_parse("{}"));
	assert_string_equal(header(&request, "Content-Type"), "application/merge-patch+json");

	kube_api_delete(&request, &arena, &ref, "u1");
	assert_int_equal(request.method, HTTP_DELETE);
	assert_string_equal(request.url, "/api/v1/namespaces/shop/services/cart");
	assert_non_null(strstr(request.body, "\"preconditions\":{\"uid\":\"u1\"}"));
	kube_api_delete(&request, &arena, &ref, "");
	assert_null(strstr(request.body, "preconditions"));
	arena_fini(&arena);
}

#define FAILED_TEST                                                                         \
 "{'kind': 'Status', 'reason': 'Invalid', 'message': 'the server rejected our request due " \
 "to an error in our request', 'code': 422}"
#define INVALID                                                                         \
 "{'kind': 'Status', 'reason': 'Invalid', 'message': 'Service is invalid', 'details': " \
 "{'causes': [{'field': 'spec.ports'}]}}"

struct outcome_row {
	enum http_method method;
	const char *name; /* NULL: a list */
	int status;       /* 0: no reply */
	const char *body;
	enum act_outcome want;
	const char *text; /* a part of it */
};

static const struct outcome_row outcome_rows[] = {
	{HTTP_GET, "a", 200, "{}", ACT_OK, ""},
	{HTTP_PATCH, "a", 200, "{}", ACT_OK, ""},
	{HTTP_POST, "a", 201, "{}", ACT_OK, ""},
	/* no answer: a question can be asked again, a write may have happened */
	{HTTP_GET, "a", 0, "", ACT_FAILED, "get ingresses shop/a: timed out"},
	{HTTP_PATCH, "a", 0, "", ACT_UNKNOWN, "patch ingresses shop/a: timed out"},
	{HTTP_DELETE, "a", 0, "", ACT_UNKNOWN, "delete ingresses shop/a"},
	{HTTP_GET, "a", 503, "", ACT_FAILED, "503"},
	{HTTP_POST, "a", 500, "{'reason': 'InternalError'}", ACT_UNKNOWN, "500 InternalError"},
	/* a yes that cannot be read */
	{HTTP_GET, "a", 200, "[]", ACT_FAILED, "200 with a body that is no object"},
	{HTTP_PATCH, "a", 200, "[]", ACT_UNKNOWN, "200 with a body"},
	{HTTP_GET, "a", 404, "{}", ACT_ABSENT, "404"},
	{HTTP_PATCH, "a", 404, "{}", ACT_ABSENT, "404"},
	{HTTP_DELETE, "a", 404, "{}", ACT_ABSENT, "404"},
	/* not the object is missing, but its place */
	{HTTP_POST, "a", 404, "{}", ACT_FAILED, "is the namespace there"},
	{HTTP_GET, NULL, 404, "{}", ACT_FAILED, "list ingresses shop: 404"},
	{HTTP_PATCH, "a", 409, "{'reason': 'Conflict'}", ACT_CONFLICT, "409 Conflict"},
	{HTTP_POST, "a", 409, "{'reason': 'AlreadyExists'}", ACT_CONFLICT, "409"},
	/* 422: the test of a JSON patch, or an object that is wrong */
	{HTTP_PATCH, "a", 422, FAILED_TEST, ACT_CONFLICT, "422"},
	{HTTP_PATCH, "a", 422, INVALID, ACT_FAILED, "Service is invalid"},
	{HTTP_POST, "a", 422, FAILED_TEST, ACT_FAILED, "422"},
	{HTTP_PATCH, "a", 403, "{'reason': 'Forbidden', 'message': 'no'}", ACT_FAILED,
         "patch ingresses shop/a: 403 Forbidden: no; check the agent's Role"},
	{HTTP_GET, "a", 401, "{}", ACT_FAILED, "; check the agent's token"},
	{HTTP_PATCH, "a", 429, "{}", ACT_FAILED, "429"},
	{HTTP_PATCH, "a", 400, "not JSON", ACT_FAILED, "400"},
};

static void test_outcome(void **state)
{
	for (size_t i = 0; i < array_length(outcome_rows); i++) {
		const struct outcome_row *row = &outcome_rows[i];
		struct kube_ref ref = {KUBE_INGRESS, "shop", row->name, NULL};
		struct http_reply reply = {.status = row->status, .retry_after = span_seconds(3)};
		struct kube_answer answer;
		char body[512];

		(void)snprintf(body, sizeof(body), "%s", row->body);
		for (char *at = body; *at; at++)
			*at = *at == '\'' ? '"' : *at;
		reply.body = body;
		reply.body_length = strlen(body);
		if (row->status == 0)
			(void)err_set(&reply.error, ERR_TRANSPORT, "timed out");
		kube_api_read(row->method, &ref, &reply, &answer);
		if (answer.outcome != row->want || !strstr(answer.text, row->text))
			print_error("row %zu: %s\n", i, answer.text);
		assert_int_equal(answer.outcome, row->want);
		assert_non_null(strstr(answer.text, row->text));
		assert_int_equal(answer.object != NULL, row->want == ACT_OK);
		if (row->status >= 400)
			assert_int_equal(answer.retry_after.ms, 3000);
		json_decref(answer.object);
	}
}

static void test_page(void **state)
{
	static const struct {
		const char *page;
		const char *want; /* the error's text, "" for none */
	} rows[] = {
		{"{'items': [{}, {}], 'metadata': {'resourceVersion': '9', 'continue': 'x'}}", ""},
		{"{'items': null}", ""}, /* metadata of a namespace that has none */
		{"{}", "items: expected a list"},
		{"{'items': {}}", "items: expected a list"},
		{"{'items': [1]}", "items[0]: expected an object"},
		{"{'items': [], 'metadata': {'resourceVersion': '123456789012345678901234567890'}}",
	         "metadata.resourceVersion: more than 23 bytes"},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *page = merge_parse(rows[i].page);
		struct kube_list list = {0};
		struct err err = {0};

		assert_int_equal(kube_list_read(page, &list, &err), rows[i].want[0] == '\0');
		assert_string_equal(err.text, rows[i].want);
		if (i == 0) {
			assert_int_equal(json_array_size(list.items), 2);
			assert_string_equal(list.resource_version, "9");
			assert_string_equal(list.continue_token, "x");
		}
		json_decref(page);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path),   cmocka_unit_test(test_list_and_watch),
		cmocka_unit_test(test_writes), cmocka_unit_test(test_outcome),
		cmocka_unit_test(test_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What kubectl needs beside the resources themselves: discovery, tables, strategic merge patches.
 */
#include "agent/demo/apiserver.h"
#include "tests/demo/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TABLE "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
#define START 1763700000000

#define DEPLOYMENTS "/apis/apps/v1/namespaces/shop/deployments"
#define RELEASES    "/apis/serin.dev/v1alpha1/namespaces/shop/releases"

#define WEB                                                                              \
 "{'metadata':{'name':'web','labels':{'app':'web'}},'spec':{'replicas':2,'selector':{"   \
 "'matchLabels':{'app':'web'}},'template':{'metadata':{'labels':{'app':'web'}},'spec':{" \
 "'containers':[{'name':'c','image':'web:1'},{'name':'d','image':'log:1'}]}}}}"
#define RELEASE                                                                      \
 "{'apiVersion':'serin.dev/v1alpha1','kind':'Release','metadata':{'name':'cart-1'}," \
 "'spec':{'canary':{'name':'cart'}}}"

static int set_up(void **state)
{
	*state = apiserver_new(NULL);
	return 0;
}

static int tear_down(void **state)
{
	*state = apiserver_free(*state);
	return 0;
}

static struct instant at(int64_t seconds)
{
	return (struct instant){START + seconds * 1000};
}

/* Send with these headers; the reply's body, a new reference. */
static json_t *send_as(void **state, struct http_request *request, struct instant now, int *ret)
{
	struct arena arena = {0};
	struct http_reply reply = apiserver_serve(*state, request, &arena, now);
	json_t *body = json_loadb(reply.body, reply.body_length, 0, NULL);

	*ret = reply.status;
	arena_fini(&arena);
	return body;
}

static json_t *get_table(void **state, const char *url, struct instant now)
{
	struct http_request request = {.peer = HTTP_PEER_KUBE, .method = HTTP_GET, .url = url};
	int status;
	json_t *table;

	http_request_add(&request, "Accept", TABLE);
	table = send_as(state, &request, now, &status);
	assert_int_equal(status, 200);
	assert_string_equal(ask_text(table, "kind"), "Table");
	return table;
}

static void test_discovery(void **state)
{
	static const struct {
		const char *url, *path, *text;
	} rows[] = {
		{"/api", "versions.0", "v1"},
		{"/apis", "groups.0.name", "flagger.app"},
		{"/apis/serin.dev", "preferredVersion.groupVersion", "serin.dev/v1alpha1"},
		{"/apis/serin.dev/v1alpha1", "resources.0.singularName", "release"},
		{"/apis/serin.dev/v1alpha1", "resources.1.name", "releases/status"},
		{"/api/v1?timeout=32s", "groupVersion", "v1"},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		int status;
		json_t *body = ask(*state, at(0), HTTP_GET, rows[i].url, NULL, &status);

		assert_int_equal(status, 200);
		assert_string_equal(ask_text(body, rows[i].path), rows[i].text);
		json_decref(body);
	}
	/* groups and versions that nobody installed */
	assert_int_equal(ask_status(*state, at(0), HTTP_GET, "/apis/policy/v1", NULL), 404);
	assert_int_equal(ask_status(*state, at(0), HTTP_GET, "/apis/apps/v2", NULL), 404);
	assert_int_equal(ask_status(*state, at(0), HTTP_GET, "/api/v2", NULL), 404);
	assert_int_equal(ask_status(*state, at(0), HTTP_GET, "/", NULL), 404);
}

static void test_table(void **state)
{
	json_t *table;

	assert_int_equal(ask_status(*state, at(0), HTTP_POST, RELEASES, RELEASE), 201);
	table = get_table(state, RELEASES, at(200));
	assert_string_equal(ask_text(table, "columnDefinitions.0.format"), "name");
	assert_string_equal(ask_text(table, "columnDefinitions.5.name"), "Outcome");
	assert_int_equal(ask_number(table, "columnDefinitions.6.priority"), 1);
	assert_string_equal(ask_text(table, "rows.0.cells.0"), "cart-1");
	assert_string_equal(ask_text(table, "rows.0.cells.1"), "cart");
	assert_true(json_is_null(ask_at(table, "rows.0.cells.2")));
	assert_string_equal(ask_text(table, "rows.0.cells.7"), "3m20s");
	assert_string_equal(ask_text(table, "rows.0.object.metadata.namespace"), "shop");
	json_decref(table);
	/* one object */
	table = get_table(state, RELEASES "/cart-1", at(7200 + 1));
	assert_string_equal(ask_text(table, "rows.0.cells.7"), "120m");
	json_decref(table);
	/* none */
	table = get_table(state, DEPLOYMENTS, at(0));
	assert_int_equal(json_array_size(json_object_get(table, "rows")), 0);
	json_decref(table);
}

static void keep_line(void *user, const char *bytes, size_t length)
{
	json_t **kept = user;

	json_decref(*kept);
	*kept = json_loadb(bytes, length, 0, NULL);
}

static void test_watch_table(void **state)
{
	struct http_request request = {
		.peer = HTTP_PEER_KUBE, .method = HTTP_GET, .url = RELEASES "?watch=true"};
	struct arena arena = {0};
	struct http_reply reply;
	struct apiserver_watch *watch;
	json_t *line = NULL;

	http_request_add(&request, "Accept", TABLE);
	watch = apiserver_watch(*state, &request, keep_line, &line, &reply, &arena, at(0));
	assert_non_null(watch);
	assert_int_equal(ask_status(*state, at(1), HTTP_POST, RELEASES, RELEASE), 201);
	apiserver_pump(*state);
	assert_string_equal(ask_text(line, "type"), "ADDED");
	assert_string_equal(ask_text(line, "object.kind"), "Table");
	assert_string_equal(ask_text(line, "object.rows.0.cells.7"), "0s");
	apiserver_watch_cancel(watch);
	json_decref(line);
	arena_fini(&arena);
}

static int patch_strategic(void **state, const char *url, const char *body, json_t **ret)
{
	struct http_request request = {
		.peer = HTTP_PEER_KUBE,
		.method = HTTP_PATCH,
		.url = url,
		.body = body,
		.body_length = strlen(body),
	};
	int status;

	http_request_add(&request, "Content-Type", "application/strategic-merge-patch+json");
	*ret = send_as(state, &request, at(1), &status);
	return status;
}

/* As `kubectl set image` sends it. */
static void test_strategic(void **state)
{
	json_t *object;

	assert_int_equal(ask_status(*state, at(0), HTTP_POST, DEPLOYMENTS, WEB), 201);
	assert_int_equal(
		patch_strategic(
			state, DEPLOYMENTS "/web",
			"{\"spec\":{\"template\":{\"spec\":{\"$setElementOrder/containers\":"
			"[{\"name\":\"c\"},{\"name\":\"d\"}],\"containers\":[{\"image\":"
			"\"web:2\",\"name\":\"c\"}]}}}}",
			&object),
		200);
	assert_string_equal(ask_text(object, "spec.template.spec.containers.0.image"), "web:2");
	assert_string_equal(ask_text(object, "spec.template.spec.containers.1.image"), "log:1");
	json_decref(object);
	/* an element goes, another comes, a member goes */
	assert_int_equal(
		patch_strategic(state, DEPLOYMENTS "/web",
	                        "{\"metadata\":{\"labels\":{\"app\":null}},\"spec\":{\"template\":{"
	                        "\"spec\":{\"containers\":[{\"name\":\"d\",\"$patch\":\"delete\"},"
	                        "{\"name\":\"e\",\"image\":\"e:1\"}]}}}}",
	                        &object),
		200);
	assert_int_equal(json_array_size(ask_at(object, "spec.template.spec.containers")), 2);
	assert_string_equal(ask_text(object, "spec.template.spec.containers.1.name"), "e");
	assert_null(ask_at(object, "metadata.labels.app"));
	json_decref(object);
	/* no object */
	assert_int_equal(patch_strategic(state, DEPLOYMENTS "/web", "[]", &object), 400);
	json_decref(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_discovery, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_table, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_watch_table, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_strategic, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

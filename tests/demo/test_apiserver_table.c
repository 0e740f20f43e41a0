/* What kubectl needs beside the resources themselves: discovery, tables, strategic merge patches.
 */
#include "agent/demo/apiserver.h"
#include "providers/wire/document.h"
#include "tests/demo/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TABLE   "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
#define START   1763700000000
#define CRD_MAX (1024 * 1024)

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

/* Put a value where ".spec.a.b" points to. */
static void place(json_t *object, const char *path, json_t *value)
{
	for (path++; strchr(path, '.'); path = strchr(path, '.') + 1) {
		char key[64];
		json_t *inner;

		(void)snprintf(key, sizeof(key), "%.*s", (int)strcspn(path, "."), path);
		inner = json_object_get(object, key);
		if (!inner)
			json_object_set_new(object, key, inner = json_object());
		object = inner;
	}
	json_object_set_new(object, path, value);
}

static json_t *read_columns(const char *path)
{
	char *text = test_malloc(CRD_MAX);
	FILE *file = fopen(path, "r");
	json_t *root = NULL;
	json_t *columns;
	struct err err = {0};
	size_t length;

	assert_non_null(file);
	length = fread(text, 1, CRD_MAX, file);
	(void)fclose(file);
	if (!document_read(text, length, &root, &err))
		fail_msg("%s: %s", path, err.text);
	columns = json_deep_copy(ask_at(root, "spec.versions.0.additionalPrinterColumns"));
	assert_non_null(columns);
	json_decref(root);
	test_free(text);
	return columns;
}

/* An object that has something in each column, and what the cells say of it then. */
static json_t *fill(const json_t *columns, const char *kind, const char *version, json_t *ret_cells)
{
	json_t *object = json_pack("{ss ss s{ss} s{}}", "apiVersion", version, "kind", kind,
	                           "metadata", "name", "one", "spec");
	size_t index;
	json_t *column;

	json_array_append_new(ret_cells, json_string("one"));
	json_array_foreach(columns, index, column)
	{
		const char *type = ask_text(column, "type");
		json_t *value = json_sprintf("value %zu", index);

		if (strcmp(type, "date") == 0) {
			json_string_set(value, "0s");
		} else {
			if (strcmp(type, "string") != 0) {
				json_decref(value);
				value = strcmp(type, "boolean") == 0
				                ? json_true()
				                : json_integer((json_int_t)index);
			}
			place(object, ask_text(column, "jsonPath"), json_incref(value));
		}
		json_array_append_new(ret_cells, value);
	}
	return object;
}

/* The columns of custom resources are those that the manifests declare. */
static void test_printer_columns(void **state)
{
	static const struct {
		const char *path, *version, *kind, *plural;
	} rows[] = {
		{"manifests/crd-canary.yaml", "flagger.app/v1beta1", "Canary", "canaries"},
		{"manifests/crd-release.yaml", "serin.dev/v1alpha1", "Release", "releases"},
		{"manifests/crd-metrictemplate.yaml", "flagger.app/v1beta1", "MetricTemplate",
	         "metrictemplates"},
		{"manifests/crd-alertprovider.yaml", "flagger.app/v1beta1", "AlertProvider",
	         "alertproviders"},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *columns = read_columns(rows[i].path);
		json_t *cells = json_array();
		json_t *object = fill(columns, rows[i].kind, rows[i].version, cells);
		char *body = json_dumps(object, 0);
		char url[160];
		char item[200];
		json_t *table;
		size_t index;
		json_t *column;

		(void)snprintf(url, sizeof(url), "/apis/%s/namespaces/shop/%s", rows[i].version,
		               rows[i].plural);
		assert_int_equal(ask_status(*state, at(0), HTTP_POST, url, body), 201);
		(void)snprintf(item, sizeof(item), "%s/one/status", url);
		(void)ask_status(*state, at(0), HTTP_PATCH, item, body);
		table = get_table(state, url, at(0));
		assert_int_equal(json_array_size(ask_at(table, "columnDefinitions")),
		                 json_array_size(columns) + 1);
		json_array_foreach(columns, index, column)
		{
			const json_t *shown = json_array_get(
				json_object_get(table, "columnDefinitions"), index + 1);
			json_int_t priority = ask_number(column, "priority");

			assert_string_equal(ask_text(shown, "name"), ask_text(column, "name"));
			assert_string_equal(ask_text(shown, "type"), ask_text(column, "type"));
			assert_int_equal(ask_number(shown, "priority"),
			                 priority < 0 ? 0 : priority);
		}
		if (!json_equal(ask_at(table, "rows.0.cells"), cells))
			fail_msg("%s: the cells are not what stands at the jsonPaths",
			         rows[i].path);
		json_decref(table);
		json_decref(object);
		json_decref(cells);
		json_decref(columns);
		free(body);
	}
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
		cmocka_unit_test_setup_teardown(test_printer_columns, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_watch_table, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_strategic, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

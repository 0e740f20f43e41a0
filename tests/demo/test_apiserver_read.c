#include "agent/demo/apiserver.h"
#include "tests/demo/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DEPLOYMENTS "/apis/apps/v1/namespaces/shop/deployments"
#define CANARIES    "/apis/flagger.app/v1beta1/namespaces/shop/canaries"

static size_t n_items(void **state, const char *url)
{
	json_t *list = ask_get(state, url);
	size_t n = json_array_size(json_object_get(list, "items"));

	json_decref(list);
	return n;
}

static void test_selectors(void **state)
{
	static const struct {
		const char *query;
		size_t n;
	} rows[] = {
		{"", 3},
		{"?labelSelector=x", 2},
		{"?labelSelector=!x", 1},
		{"?labelSelector=x%3D1", 1},
		{"?labelSelector=x%3D%3D1", 1},
		{"?labelSelector=x!%3D1", 2},
		{"?labelSelector=x+in+(1,2)", 2},
		{"?labelSelector=x%20in%20(1,%202),y", 1},
		{"?labelSelector=x+notin+(1)", 2},
		{"?labelSelector=x,y%3Dz", 1},
		{"?fieldSelector=metadata.name%3Da", 1},
		{"?fieldSelector=metadata.name!%3Da", 2},
		{"?fieldSelector=metadata.name%3Da,metadata.namespace%3Dshop", 1},
		{"?fieldSelector=metadata.name%3Da&labelSelector=x", 0},
	};

	ask_post(state, CANARIES, ASK_CANARY("a", ""));
	ask_post(state, CANARIES, ASK_CANARY("b", ",'labels':{'x':'1'}"));
	ask_post(state, CANARIES, ASK_CANARY("c", ",'labels':{'x':'2','y':'z'}"));
	for (size_t i = 0; i < array_length(rows); i++) {
		char url[256];

		(void)snprintf(url, sizeof(url), CANARIES "%s", rows[i].query);
		if (n_items(state, url) != rows[i].n)
			fail_msg("row %zu: %s", i, rows[i].query);
	}
	assert_int_equal(n_items(state, "/apis/flagger.app/v1beta1/canaries"), 3);
	assert_int_equal(n_items(state, "/apis/flagger.app/v1beta1/namespaces/other/canaries"), 0);
}

/* Items of built-in resources carry no kind, custom ones do. */
static void test_list_shape(void **state)
{
	json_t *list;

	ask_post(state, CANARIES, ASK_CANARY("a", ""));
	ask_post(state, DEPLOYMENTS, ASK_WEB);
	list = ask_get(state, CANARIES);
	assert_string_equal(ask_text(list, "kind"), "CanaryList");
	assert_string_equal(ask_text(list, "items.0.kind"), "Canary");
	json_decref(list);
	list = ask_get(state, DEPLOYMENTS);
	assert_string_equal(ask_text(list, "apiVersion"), "apps/v1");
	assert_string_equal(ask_text(list, "metadata.resourceVersion"), "1002");
	assert_string_equal(ask_text(list, "items.0.metadata.name"), "web");
	assert_null(ask_at(list, "items.0.kind"));
	json_decref(list);
}

static void test_partial(void **state)
{
	struct http_request request = {.method = HTTP_GET, .url = DEPLOYMENTS};
	struct arena arena = {0};
	struct http_reply reply;
	json_t *list;

	ask_post(state, DEPLOYMENTS, ASK_WEB);
	http_request_add(&request, "Accept",
	                 "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1");
	reply = apiserver_serve(*state, &request, &arena, ASK_NOW);
	list = json_loadb(reply.body, reply.body_length, 0, NULL);
	assert_string_equal(ask_text(list, "kind"), "PartialObjectMetadataList");
	assert_string_equal(ask_text(list, "items.0.kind"), "PartialObjectMetadata");
	assert_string_equal(ask_text(list, "items.0.metadata.name"), "web");
	assert_null(ask_at(list, "items.0.spec"));
	json_decref(list);
	arena_fini(&arena);
}

/* Pages come from one snapshot, whatever is written in between. */
static void test_pages(void **state)
{
	char url[512];
	int status;
	json_t *page;

	ask_post(state, CANARIES, ASK_CANARY("a", ""));
	ask_post(state, CANARIES, ASK_CANARY("b", ""));
	ask_post(state, CANARIES, ASK_CANARY("c", ""));
	page = ask_get(state, CANARIES "?limit=2");
	assert_int_equal(json_array_size(json_object_get(page, "items")), 2);
	assert_int_equal(ask_number(page, "metadata.remainingItemCount"), 1);
	(void)snprintf(url, sizeof(url), CANARIES "?limit=2&continue=%s",
	               ask_text(page, "metadata.continue"));
	json_decref(page);

	ask_post(state, CANARIES, ASK_CANARY("bb", ""));
	assert_int_equal(ask_patch(state, CANARIES "/c", "{'spec':{'a':9}}"), 200);
	assert_int_equal(ask_status(*state, ASK_NOW, HTTP_DELETE, CANARIES "/a", NULL), 200);
	page = ask_get(state, url);
	assert_int_equal(json_array_size(json_object_get(page, "items")), 1);
	assert_string_equal(ask_text(page, "items.0.metadata.name"), "c");
	assert_int_equal(ask_number(page, "items.0.spec.a"), 1);
	assert_string_equal(ask_text(page, "metadata.resourceVersion"), "1003");
	assert_string_equal(ask_text(page, "metadata.continue"), "");
	json_decref(page);

	apiserver_compact(*state, 1004);
	page = ask(*state, ASK_NOW, HTTP_GET, url, NULL, &status);
	assert_int_equal(status, 410);
	assert_string_equal(ask_text(page, "reason"), "Expired");
	json_decref(page);
}

static void test_versions_of_list(void **state)
{
	ask_post(state, CANARIES, ASK_CANARY("a", ""));
	ask_post(state, CANARIES, ASK_CANARY("b", ""));
	assert_int_equal(n_items(state, CANARIES "?resourceVersion=1001"), 2);
	assert_int_equal(
		n_items(state, CANARIES "?resourceVersion=1001&resourceVersionMatch=Exact"), 1);
	assert_int_equal(
		n_items(state, CANARIES "?resourceVersion=1000&resourceVersionMatch=Exact"), 0);
	apiserver_compact(*state, 1001);
	assert_int_equal(ask_status(*state, ASK_NOW, HTTP_GET,
	                            CANARIES "?resourceVersion=1000&resourceVersionMatch=Exact",
	                            NULL),
	                 410);
	/* a cache that lags answers only those who accept that */
	ask_post(state, CANARIES, ASK_CANARY("c", ""));
	apiserver_lag(*state, 1001);
	assert_int_equal(n_items(state, CANARIES "?resourceVersion=0"), 1);
	assert_int_equal(n_items(state, CANARIES), 3);
	assert_int_equal(
		ask_status(*state, ASK_NOW, HTTP_GET, CANARIES "/c?resourceVersion=0", NULL), 404);
	assert_int_equal(ask_status(*state, ASK_NOW, HTTP_GET, CANARIES "/c", NULL), 200);
	apiserver_lag(*state, 0);
	assert_int_equal(n_items(state, CANARIES "?resourceVersion=0"), 3);
}

static void test_rewind(void **state)
{
	json_t *object;

	ask_post(state, CANARIES, ASK_CANARY("a", ""));
	ask_post(state, CANARIES, ASK_CANARY("b", ""));
	assert_int_equal(ask_patch(state, CANARIES "/a", "{'spec':{'a':2}}"), 200);
	assert_int_equal(ask_status(*state, ASK_NOW, HTTP_DELETE, CANARIES "/b", NULL), 200);
	ask_post(state, CANARIES, ASK_CANARY("c", ""));
	assert_false(apiserver_rewind(*state, 1006));
	assert_true(apiserver_rewind(*state, 1002));
	assert_int_equal(n_items(state, CANARIES), 2);
	object = ask_get(state, CANARIES "/a");
	assert_int_equal(ask_number(object, "spec.a"), 1);
	json_decref(object);
	ask_post(state, CANARIES, ASK_CANARY("d", ""));
	assert_int_equal(apiserver_revision(*state), 1003);
}

/* No write changes an object as it was before, though they share what is the same. */
static void test_versions_stay(void **state)
{
	static const char *const patches[] = {
		"{'spec':{'a':{'b':{'c':2}},'list':[4]}}",
		"{'spec':{'a':{'b':{'d':{'e':1}}}},'metadata':{'labels':{'x':'2','y':null}}}",
		"[{'op':'add','path':'/spec/a/b/d/f','value':{'g':[1]}}]",
		"[{'op':'add','path':'/spec/a/b/d/f/g/-','value':2}]",
		"[{'op':'replace','path':'/spec/list/0','value':{'h':1}}]",
		"[{'op':'add','path':'/spec/list/0/i','value':1}]",
		"[{'op':'move','from':'/spec/a/b/d','path':'/spec/d'}]",
		"[{'op':'copy','from':'/spec/d','path':'/spec/e'}]",
		"[{'op':'remove','path':'/spec/d/f/g/0'},{'op':'add','path':'/spec/e/f/g/0','value':9}]",
		"[{'op':'add','path':'/spec/s','value':{'t':{}}},{'op':'add','path':'/spec/s/t/u','value':1}]",
		"[{'op':'remove','path':'/metadata/labels/x'}]",
	};
	json_t *objects[array_length(patches) + 1];
	char *texts[array_length(patches) + 1];

	ask_post(
		state, CANARIES,
		"{'apiVersion':'flagger.app/v1beta1','kind':'Canary','metadata':{'name':'a','labels':{"
		"'y':'1'}},'spec':{'a':{'b':{'c':1}},'list':[1,2]}}");
	for (size_t i = 0; i < array_length(objects); i++) {
		const json_t *object = apiserver_find(*state, "canaries", "shop", "a");

		assert_non_null(object);
		objects[i] = json_incref((json_t *)(uintptr_t)object);
		texts[i] = json_dumps(object, JSON_COMPACT);
		if (i < array_length(patches))
			assert_int_equal(ask_patch(state, CANARIES "/a", patches[i]), 200);
	}
	assert_int_equal(apiserver_revision(*state), 1001 + array_length(patches));
	for (size_t i = 0; i < array_length(objects); i++) {
		char *text = json_dumps(objects[i], JSON_COMPACT);

		assert_string_equal(text, texts[i]);
		json_decref(objects[i]);
		free(texts[i]);
		free(text);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ask_set_up, ask_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_selectors),     TEST(test_list_shape),       TEST(test_partial),
		TEST(test_pages),         TEST(test_versions_of_list), TEST(test_rewind),
		TEST(test_versions_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

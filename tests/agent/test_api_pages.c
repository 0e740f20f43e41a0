/* The pages of the API, each compared with what /openapi.json says of it. */
#include "analysis/base/compiler.h"
#include "providers/kube/tree.h"
#include "providers/wire/tree.h"
#include "tests/agent/api_desk.h"
#include "tests/agent/command_schema.h"
#include "tests/agent/split_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *get(struct api_desk *desk, const char *path, int status)
{
	const char *body;
	int got = api_desk_get(desk, path, &body);
	json_t *tree = json_loads(body, JSON_REJECT_DUPLICATES, NULL);

	if (got != status)
		fail_msg("%s: %d, expected %d: %s", path, got, status, body);
	if (!tree)
		fail_msg("%s: no JSON: %s", path, body);
	return tree;
}

/* What the document says of an answer of STATUS at TEMPLATE. */
static json_t *schema_of(const json_t *document, const char *template, int status)
{
	const json_t *responses = json_object_get(
		json_object_get(json_object_get(json_object_get(document, "paths"), template),
	                        "get"),
		"responses");
	const json_t *response;
	const char *ref;
	char code[16];

	(void)snprintf(code, sizeof(code), "%d", status);
	response = json_object_get(responses, code);
	ref = json_string_value(json_object_get(response, "$ref"));
	if (ref)
		response = json_object_get(kube_tree_find(document, "components/responses"),
		                           ref + strlen("#/components/responses/"));
	if (!response)
		fail_msg("%s: %d is not in the document", template, status);
	response = json_object_get(response, "content");
	return json_object_get(json_object_get(response, "application/json"), "schema");
}

#define SHOP "/api/v1/namespaces/{namespace}"

static const struct {
	const char *template;
	const char *path;
	int status;
	const char *part; /* of the answer */
} pages[] = {
	{"/openapi.json", "/openapi.json", 200, "\"3.1.0\""},
	{"/api/v1/canaries", "/api/v1/canaries", 200, "\"cart\""},
	{SHOP "/canaries", "/api/v1/namespaces/shop/canaries", 200, "\"till\""},
	{SHOP "/canaries", "/api/v1/namespaces/nowhere/canaries", 200, "\"canaries\": []"},
	{SHOP "/canaries/{name}", "/api/v1/namespaces/shop/canaries/cart", 200, "\"cart-3\""},
	{SHOP "/canaries/{name}", "/api/v1/namespaces/shop/canaries/gone", 404,
         "no canary \\\"gone\\\" in namespace \\\"shop\\\""},
	{"/api/v1/releases", "/api/v1/releases", 200, "\"cart-2\""},
	{SHOP "/releases", "/api/v1/namespaces/shop/releases", 200, "\"cart-4\""},
	{SHOP "/releases", "/api/v1/namespaces/shop/releases?canary=till", 200, "\"releases\": []"},
	{SHOP "/releases", "/api/v1/namespaces/shop/releases?result=nonsense", 400, "--result"},
	{SHOP "/releases", "/api/v1/namespaces/shop/releases?all=maybe", 400, "true or false"},
	{SHOP "/releases", "/api/v1/namespaces/shop/releases?limit=0", 400, "from 1 to 500"},
	{SHOP "/releases", "/api/v1/namespaces/shop/releases?limit=501", 400, "from 1 to 500"},
	{SHOP "/releases", "/api/v1/namespaces/shop/releases?limit=", 400, "from 1 to 500"},
	{SHOP "/releases", "/api/v1/namespaces/shop/releases?continue=x", 400, "not one of ours"},
	{SHOP "/releases", "/api/v1/namespaces/shop/releases?canari=cart", 400,
         "canari: no such argument"},
	{"/api/v1/splits", "/api/v1/splits?limit=1", 200, "\"kubectl-edit\""},
	{SHOP "/splits", "/api/v1/namespaces/shop/splits?name=reviews", 200, "\"share\": 0.9"},
	{SHOP "/splits", "/api/v1/namespaces/shop/splits?name=other", 200, "\"splits\": []"},
	{SHOP "/splits", "/api/v1/namespaces/else/splits", 200, "\"splits\": []"},
	{SHOP "/splits", "/api/v1/namespaces/shop/splits?name=", 400, "name of an object"},
	{SHOP "/splits", "/api/v1/namespaces/shop/splits?limit=501", 400, "from 1 to 500"},
	{SHOP "/splits", "/api/v1/namespaces/shop/splits?continue=x", 400, "not one of ours"},
	{SHOP "/splits", "/api/v1/namespaces/shop/splits?continue=0", 400, "not one of ours"},
	{SHOP "/releases/{name}", "/api/v1/namespaces/shop/releases/cart-2", 200, "rate(x[1m])"},
	{SHOP "/releases/{name}", "/api/v1/namespaces/shop/releases/cart-99", 404, "cart-99"},
	{SHOP "/releases/{name}/rounds", "/api/v1/namespaces/shop/releases/cart-2/rounds", 200,
         "\"request-duration\""},
	{SHOP "/releases/{name}/rounds", "/api/v1/namespaces/shop/releases/cart-99/rounds", 404,
         "no release"},
	{SHOP "/releases/{name}/rounds",
         "/api/v1/namespaces/shop/releases/cart-2/rounds?continue=x", 400, "not one of ours"},
	/* what is no path of ours */
	{NULL, "/api/v1/", 404, "/openapi.json"},
	{NULL, "/api/v1/namespaces", 404, ""},
	{NULL, "/api/v1/namespaces/", 404, ""},
	{NULL, "/api/v1/namespaces/shop", 404, ""},
	{NULL, "/api/v1/namespaces/shop/", 404, ""},
	{NULL, "/api/v1/namespaces/SHOP/canaries", 404, ""},
	{NULL, "/api/v1/namespaces/shop/canaries/", 404, ""},
	{NULL, "/api/v1/namespaces/shop/canaries/a%0d%0ab", 404, ""},
	{NULL, "/api/v1/namespaces/shop/canaries/cart/rounds", 404, ""},
	{NULL, "/api/v1/namespaces/shop/releases/cart-2/rounds/", 404, ""},
	{NULL, "/api/v1/namespaces/shop/secrets", 404, ""},
	{NULL, "/api/v2/canaries", 404, ""},
	{NULL, "/", 404, "/metrics"},
};

static void test_pages(void **state)
{
	struct api_desk *desk = *state;
	CLEANUP(tree_freep) json_t *document = get(desk, "/openapi.json", 200);

	api_desk_rounds(desk, 3, 2);
	split_desk_write(desk->history, 90);
	for (size_t i = 0; i < array_length(pages); i++) {
		CLEANUP(tree_freep) json_t *tree = get(desk, pages[i].path, pages[i].status);
		json_t *schema;

		if (!strstr(api_desk_body(desk->reply), pages[i].part))
			fail_msg("%s: no %s in %s", pages[i].path, pages[i].part,
			         api_desk_body(desk->reply));
		schema = pages[i].template
		                 ? schema_of(document, pages[i].template, pages[i].status)
		                 : json_object_get(kube_tree_find(document, "components/schemas"),
		                                   "error");
		command_schema_check_api(document, schema, tree);
	}
}

/* The document has no page that nobody asked for above, beside the streams (test_api_events.c). */
static void test_document_is_whole(void **state)
{
	CLEANUP(tree_freep) json_t *document = get(*state, "/openapi.json", 200);
	const char *path;
	json_t *value;

	assert_string_not_equal(kube_tree_text(document, "info/version"), "0");
	json_object_foreach(json_object_get(document, "paths"), path, value)
	{
		bool is_asked = strstr(path, "/events") != NULL;

		for (size_t i = 0; i < array_length(pages) && !is_asked; i++)
			is_asked = pages[i].template && pages[i].status == 200 &&
			           strcmp(pages[i].template, path) == 0;
		if (!is_asked)
			fail_msg("%s: nobody asked", path);
	}
}

/* What the API tells of a canary is what the command tells. */
static void test_like_the_command(void **state)
{
	struct api_desk *desk = *state;
	CLEANUP(tree_freep) json_t *told = NULL;
	CLEANUP(tree_freep) json_t *page = get(desk, "/api/v1/namespaces/shop/canaries/cart", 200);
	json_t *left;
	json_t *right;

	command_desk_run(desk->cluster, "status cart -n shop -o json");
	told = json_loads(desk->cluster->out, 0, NULL);
	left = json_array_get(json_object_get(told, "canaries"), 0);
	right = json_array_get(json_object_get(page, "canaries"), 0);
	assert_non_null(left);
	/* the clocks differ */
	(void)json_object_del(left, "elapsedSeconds");
	(void)json_object_del(right, "elapsedSeconds");
	assert_true(json_equal(left, right));
}

/* The address of the next page, or "". */
static void next_page(const char *reply, char ret[512])
{
	char link[512];

	api_desk_header(reply, "Link", link);
	ret[0] = '\0';
	if (link[0]) {
		assert_non_null(strstr(link, ">; rel=\"next\""));
		(void)snprintf(ret, 512, "%.*s", (int)strcspn(link + 1, ">"), link + 1);
	}
}

/* All pages together have each thing once, in one order. */
static size_t turn_pages(struct api_desk *desk, const char *first, const char *list,
                         const char *name, char ret[2048])
{
	char path[512];
	size_t n_pages = 0;

	(void)snprintf(path, sizeof(path), "%s", first);
	ret[0] = '\0';
	while (path[0]) {
		CLEANUP(tree_freep) json_t *page = get(desk, path, 200);
		const json_t *items = json_object_get(page, list);

		for (size_t i = 0; i < json_array_size(items); i++) {
			size_t used = strlen(ret);

			(void)snprintf(ret + used, 2048 - used, "%s ",
			               kube_tree_value(json_array_get(items, i), name));
		}
		next_page(desk->reply, path);
		assert_true(++n_pages < 50);
	}
	return n_pages;
}

static void test_paging(void **state)
{
	struct api_desk *desk = *state;
	char names[2048];

	api_desk_rounds(desk, 5, 6);
	assert_int_equal(turn_pages(desk, "/api/v1/releases?limit=3&canary=cart", "releases",
	                            "name", names),
	                 3);
	assert_string_equal(names, "cart-8 cart-7 cart-6 cart-5 cart-4 cart-3 cart-2 ");
	assert_int_equal(turn_pages(desk, "/api/v1/namespaces/shop/releases/cart-2/rounds?limit=2",
	                            "rounds", "uid", names),
	                 3);
	assert_string_equal(names, "r00004 r00003 r00002 r00001 r00000 ");
	assert_int_equal(turn_pages(desk, "/api/v1/namespaces/shop/canaries?limit=2", "canaries",
	                            "name", names),
	                 2);
	assert_string_equal(names, "broken cart till ");
}

/* The facts of each round are whole, though the history keeps what they share once. */
static void test_facts(void **state)
{
	struct api_desk *desk = *state;
	CLEANUP(tree_freep) json_t *page = NULL;
	const json_t *rounds;

	api_desk_rounds(desk, 3, 0);
	page = get(desk, "/api/v1/namespaces/shop/releases/cart-2/rounds", 200);
	rounds = json_object_get(page, "rounds");
	assert_int_equal(json_array_size(rounds), 3);
	for (size_t i = 0; i < 3; i++) {
		const json_t *facts = json_object_get(json_array_get(rounds, i), "facts");

		assert_string_equal(kube_tree_text(facts, "newest/name"), "cart-2");
		assert_string_equal(kube_tree_text(facts, "target/image"), "shop/cart:v2");
	}
}

/* Row 12 of the scenarios: what runs in production is both versions, with their weights. */
static void test_row_12_both_versions(void **state)
{
	CLEANUP(tree_freep)
	json_t *page = get(*state, "/api/v1/namespaces/shop/canaries/cart", 200);
	const json_t *cart = json_array_get(json_object_get(page, "canaries"), 0);

	assert_string_equal(kube_tree_text(cart, "release/fromImage"),
	                    "registry.example/shop/cart:v1");
	assert_string_equal(kube_tree_text(cart, "release/toImage"),
	                    "registry.example/shop/cart:v3");
	assert_int_equal(kube_tree_whole(cart, "weight/set", -1), 20);
	assert_true(json_is_number(kube_tree_find(cart, "weight/seen")));
}

/* The token of a page that the API server forgot. */
static void test_old_page(void **state)
{
	CLEANUP(tree_freep) json_t *tree = get(*state, "/api/v1/canaries?continue=AAAA", 502);

	assert_non_null(strstr(kube_tree_value(tree, "error"), "API server refused: 4"));
}

static void test_methods(void **state)
{
	struct api_desk *desk = *state;
	const char *const lines[] = {"POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
	char allow[512];

	for (size_t i = 0; i < array_length(lines); i++) {
		char line[128];
		const char *reply;

		(void)snprintf(line, sizeof(line), "%s /api/v1/canaries", lines[i]);
		reply = api_desk_ask(desk, line, "Host: localhost\r\nContent-Length: 0\r\n");
		assert_int_equal(api_desk_status(reply), 405);
		api_desk_header(reply, "Allow", allow);
		assert_string_equal(allow, "GET, HEAD");
	}
	assert_int_equal(
		api_desk_status(api_desk_ask(desk, "HEAD /api/v1/canaries", "Host: localhost\r\n")),
		200);
	assert_string_equal(api_desk_body(desk->reply), "");
	assert_int_equal(
		api_desk_status(api_desk_ask(desk, "HEAD /api/v1/events", "Host: localhost\r\n")),
		200);
}

static void test_sizes(void **state)
{
	struct api_desk *desk = *state;
	char path[12000] = "/api/v1/namespaces/shop/releases/";
	const char *body;

	memset(path + strlen(path), 'a', API_PATH_MAX);
	assert_int_equal(api_desk_get(desk, path, &body), 414);
	/* a head that is too long is libmicrohttpd's to refuse */
	(void)snprintf(path, sizeof(path), "/api/v1/canaries?continue=");
	memset(path + strlen(path), 'a', API_ARGUMENT_MAX + 1);
	path[strlen("/api/v1/canaries?continue=") + API_ARGUMENT_MAX + 1] = '\0';
	{
		static char line[16000];

		(void)snprintf(line, sizeof(line), "GET %s", path);
		(void)api_desk_ask(desk, line, "Host: localhost\r\n");
	}
	assert_true(api_desk_status(desk->reply) == 414);
}

/* An agent that does not lead names the one that does. */
static void test_follower(void **state)
{
	struct api_desk *desk = *state;
	CLEANUP(tree_freep) json_t *tree = NULL;
	CLEANUP(tree_freep) json_t *canaries = NULL;

	desk->is_leading = false;
	tree = get(desk, "/api/v1/namespaces/shop/releases/cart-2", 503);
	assert_string_equal(kube_tree_value(tree, "leader"), "serin-b_0123");
	/* what the cluster knows, any agent tells */
	canaries = get(desk, "/api/v1/canaries", 200);
	assert_int_equal(json_array_size(json_object_get(canaries, "canaries")), 3);
}

static void test_one_namespace(void **state)
{
	struct api_desk *desk = *state;
	const struct api_desk_options options = {
		.access = API_ACCESS_TOKEN,
		.k8s_namespace = "shop",
	};
	CLEANUP(tree_freep) json_t *tree = NULL;
	CLEANUP(tree_freep) json_t *canaries = NULL;

	api_desk_restart(desk, &options);
	tree = get(desk, "/api/v1/namespaces/till/canaries", 404);
	assert_string_equal(kube_tree_value(tree, "error"),
	                    "this agent serves namespace shop only");
	canaries = get(desk, "/api/v1/canaries", 200);
	assert_int_equal(json_array_size(json_object_get(canaries, "canaries")), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pages, api_desk_set_up, api_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_document_is_whole, api_desk_set_up,
	                                        api_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_like_the_command, api_desk_set_up,
	                                        api_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_paging, api_desk_set_up, api_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_facts, api_desk_set_up, api_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_row_12_both_versions, api_desk_set_up,
	                                        api_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_old_page, api_desk_set_up, api_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_methods, api_desk_set_up, api_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_sizes, api_desk_set_up, api_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_follower, api_desk_set_up, api_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_one_namespace, api_desk_set_up,
	                                        api_desk_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

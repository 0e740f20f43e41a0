/* The streams of the API. */
#include "analysis/base/compiler.h"
#include "providers/kube/tree.h"
#include "providers/wire/tree.h"
#include "tests/agent/api_desk.h"
#include "tests/agent/command_schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void listen_from(struct api_desk *desk, struct asked *asked, const char *path,
                        const char *last)
{
	char url[256];
	struct http_request request = {
		.method = HTTP_GET,
		.url = url,
		.reply_max = 1024 * 1024,
	};

	(void)snprintf(url, sizeof(url), "http://localhost:%d%s", server_port(desk->server), path);
	*asked = (struct asked){.call = {.bytes = desk_on_bytes, .lane = HTTP_LANE_WATCH}};
	if (last)
		http_request_add(&request, "Last-Event-ID", last);
	desk_start(&desk->desk, asked, &request);
	for (int i = 0; i < 200 && asked->body.length == 0 && asked->n_done == 0; i++)
		api_desk_turn(desk);
}

static void hang_up(struct api_desk *desk, struct asked *asked)
{
	http_cancel(&asked->call);
	desk_forget(asked);
	desk->desk.n_waited--;
}

/* Turn until the stream has TEXT. */
static void expect(struct api_desk *desk, struct asked *asked, const char *text)
{
	for (int i = 0; i < 200 && !strstr(buf_text(&asked->body), text); i++)
		api_desk_turn(desk);
	if (!strstr(buf_text(&asked->body), text))
		fail_msg("no %s in %s", text, buf_text(&asked->body));
}

/* The id before the first event of this type. */
static void id_of(const struct asked *asked, const char *type, char ret[64])
{
	const char *text = buf_text(&asked->body);
	char needle[64];
	const char *at;

	(void)snprintf(needle, sizeof(needle), "\nevent: %s\n", type);
	at = strstr(text, needle);
	assert_non_null(at);
	while (at > text && strncmp(at, "id: ", 4) != 0)
		at--;
	(void)snprintf(ret, 64, "%.*s", (int)strcspn(at + 4, "\n"), at + 4);
}

static void see_release(struct api_desk *desk, const char *canary, const char *version)
{
	CLEANUP(tree_freep)
	json_t *object =
		json_pack("{s{ss,ss,ss},s{s{ss,ss},ss,ss,s{s{s[{ss,ss}]}}},s{ss,si,s{si,si}}}",
	                  "metadata", "name", canary, "namespace", "shop", "resourceVersion",
	                  version, "spec", "canary", "name", canary, "uid", "c-1", "cause",
	                  "revision", "digest", "abc", "template", "spec", "containers", "name",
	                  "app", "image", "shop/cart:v2", "status", "phase", "Progressing", "seq",
	                  3, "weight", "from", 0, "to", 10);

	assert_non_null(object);
	api_feed_see(desk->feed, KUBE_RELEASE, FOLLOW_CHANGED, object);
}

/* Each event has the form that the document gives its type. */
static void check_events(struct api_desk *desk, const char *stream)
{
	CLEANUP(tree_freep) json_t *document = NULL;
	const json_t *forms;
	const char *body;

	assert_int_equal(api_desk_get(desk, "/openapi.json", &body), 200);
	document = json_loads(body, 0, NULL);
	forms = json_object_get(json_object_get(document, "paths"), "/api/v1/events");
	forms = kube_tree_find(forms, "get/responses/200/content");
	forms = json_object_get(json_object_get(forms, "text/event-stream"), "x-events");
	assert_int_equal(json_object_size(forms), 5);
	for (const char *at = strstr(stream, "event: "); at; at = strstr(at, "event: ")) {
		CLEANUP(tree_freep) json_t *value = NULL;
		json_t *form;
		char type[16];

		(void)snprintf(type, sizeof(type), "%.*s", (int)strcspn(at + 7, "\n"), at + 7);
		at = strstr(at, "\ndata: ") + 7;
		value = json_loadb(at, strcspn(at, "\n"), 0, NULL);
		form = json_object_get(forms, type);
		if (!form || !value)
			fail_msg("event %s: %s", type, at);
		command_schema_check_api(document, form, value);
	}
}

static void test_live(void **state)
{
	struct api_desk *desk = *state;
	struct asked all;
	struct asked till;
	char *text;

	listen_from(desk, &all, "/api/v1/events", NULL);
	listen_from(desk, &till, "/api/v1/namespaces/shop/events?canary=till", NULL);
	expect(desk, &all, "event: hello\n");
	expect(desk, &all, "retry: 2000\n");
	api_desk_rounds(desk, 1, 0);
	see_release(desk, "cart", "7");
	see_release(desk, "till", "8");
	expect(desk, &all, "\"canary\":\"till\"");
	expect(desk, &all, "event: round\n");
	expect(desk, &all, "\"reason\":\"Advance cart.shop canary weight 10\"");
	expect(desk, &all, "event: told\n");
	expect(desk, &all, "event: release\n");
	expect(desk, &all, "\"toImage\":\"shop/cart:v2\"");
	expect(desk, &till, "\"canary\":\"till\"");
	assert_null(strstr(buf_text(&till.body), "cart.shop"));
	/* a list that is read anew may hide something: all are told */
	api_feed_see(desk->feed, KUBE_RELEASE, FOLLOW_SYNCED, NULL);
	api_feed_see(desk->feed, KUBE_RELEASE, FOLLOW_SYNCED, NULL);
	expect(desk, &till, "event: reset\n");
	expect(desk, &all, "event: reset\n");
	text = strdup(buf_text(&all.body));
	assert_non_null(text);
	check_events(desk, text);
	free(text);
	hang_up(desk, &all);
	hang_up(desk, &till);
}

/* Who comes again gets what followed, and is told when it is gone. */
static void test_resume(void **state)
{
	struct api_desk *desk = *state;
	struct asked asked;
	char id[64];

	listen_from(desk, &asked, "/api/v1/events", NULL);
	see_release(desk, "first", "1");
	expect(desk, &asked, "\"name\":\"first\"");
	id_of(&asked, "release", id);
	assert_string_equal(id, "boot-1.1");
	hang_up(desk, &asked);
	see_release(desk, "second", "2");
	see_release(desk, "third", "3");
	listen_from(desk, &asked, "/api/v1/events", id);
	expect(desk, &asked, "event: hello");
	assert_null(strstr(buf_text(&asked.body), "\"name\":\"first\""));
	assert_non_null(strstr(buf_text(&asked.body), "\"name\":\"second\""));
	assert_non_null(strstr(buf_text(&asked.body), "\"name\":\"third\""));
	assert_null(strstr(buf_text(&asked.body), "event: reset"));
	hang_up(desk, &asked);
	/* too much happened meanwhile */
	for (int i = 0; i < API_FEED_EVENTS_MAX; i++)
		see_release(desk, "many", "4");
	listen_from(desk, &asked, "/api/v1/events", id);
	expect(desk, &asked, "event: reset");
	assert_null(strstr(buf_text(&asked.body), "event: release"));
	hang_up(desk, &asked);
}

static void test_other_ids(void **state)
{
	struct api_desk *desk = *state;
	const char *const ids[] = {"boot-0.1",
	                           "boot-1.99",
	                           "boot-1.",
	                           "boot-1",
	                           "boot-1.-1",
	                           "boot-1.1x",
	                           "boot-1.99999999999999999999999",
	                           "1"};

	see_release(desk, "first", "1");
	for (size_t i = 0; i < array_length(ids); i++) {
		struct asked asked;

		listen_from(desk, &asked, "/api/v1/events", ids[i]);
		expect(desk, &asked, "event: reset");
		hang_up(desk, &asked);
	}
}

/* The last place is given back when its reader leaves, which the next word shows. */
static void test_too_many(void **state)
{
	struct api_desk *desk = *state;
	struct asked asked[API_STREAMS_MAX];
	struct asked one;
	const char *body;

	for (size_t i = 0; i < API_STREAMS_MAX; i++)
		listen_from(desk, &asked[i], "/api/v1/events", NULL);
	assert_int_equal(api_desk_get(desk, "/api/v1/events", &body), 503);
	assert_non_null(strstr(desk->reply, "Retry-After: 1\r\n"));
	hang_up(desk, &asked[0]);
	for (int i = 0; i < 50; i++) {
		see_release(desk, "word", "1");
		api_desk_turn(desk);
	}
	listen_from(desk, &one, "/api/v1/events", NULL);
	expect(desk, &one, "event: hello");
	hang_up(desk, &one);
	for (size_t i = 1; i < API_STREAMS_MAX; i++)
		hang_up(desk, &asked[i]);
}

/* A server that ends ends its streams. */
static void test_end(void **state)
{
	const struct api_desk_options options = {.access = API_ACCESS_TOKEN};
	struct api_desk *desk = *state;
	struct asked asked;

	listen_from(desk, &asked, "/api/v1/events", NULL);
	expect(desk, &asked, "event: hello");
	api_desk_restart(desk, &options);
	for (int i = 0; i < 100 && asked.n_done == 0; i++)
		api_desk_turn(desk);
	assert_int_equal(asked.n_done, 1);
	desk_forget(&asked);
}

/* A reader that takes nothing is cut off, and nobody else waits for it. */
static void test_slow(void **state)
{
	struct api_desk *desk = *state;
	struct asked asked;
	struct asked other;

	listen_from(desk, &asked, "/api/v1/events", NULL);
	expect(desk, &asked, "event: hello");
	/* all in one turn: the stream's reader gets no chance */
	for (int i = 0; i < 2000; i++)
		see_release(desk, "many", "4");
	for (int i = 0; i < 100 && asked.n_done == 0; i++)
		api_desk_turn(desk);
	assert_int_equal(asked.n_done, 1);
	listen_from(desk, &other, "/api/v1/events", NULL);
	expect(desk, &other, "event: hello");
	hang_up(desk, &other);
	desk_forget(&asked);
}

static void test_refused(void **state)
{
	struct api_desk *desk = *state;
	const char *body;

	assert_int_equal(api_desk_get(desk, "/api/v1/events?canary=NO", &body), 400);
	assert_int_equal(api_desk_get(desk, "/api/v1/events?since=1h", &body), 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_live, api_desk_set_up, api_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_resume, api_desk_set_up, api_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_other_ids, api_desk_set_up,
	                                        api_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_too_many, api_desk_set_up, api_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_end, api_desk_set_up, api_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_slow, api_desk_set_up, api_desk_tear_down),
		cmocka_unit_test_setup_teardown(test_refused, api_desk_set_up, api_desk_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

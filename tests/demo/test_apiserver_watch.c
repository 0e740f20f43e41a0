#include "agent/demo/apiserver.h"
#include "analysis/base/buf.h"
#include "tests/demo/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CONFIGMAPS "/api/v1/namespaces/shop/configmaps"

static const struct instant now = {1763700000000};

/* One watch and what it got: "ADDED a 1001; " for each line, "END; " for its end. */
struct reader {
	struct apiserver_watch *watch;
	struct buf told;
	int status;
	bool is_cancelling; /* from inside the first delivery */
};

static void on_deliver(void *user, const char *bytes, size_t length)
{
	struct reader *reader = user;
	json_t *event = length ? json_loadb(bytes, length, 0, NULL) : NULL;
	const char *version = ask_text(event, "object.metadata.resourceVersion");

	if (length == 0) {
		assert_true(buf_format(&reader->told, "END; "));
	} else {
		assert_int_equal(bytes[length - 1], '\n');
		assert_non_null(event);
		assert_true(buf_format(&reader->told, "%s %s%s%s; ", ask_text(event, "type"),
		                       ask_text(event, "object.metadata.name"), *version ? " " : "",
		                       *version ? version : ask_text(event, "object.message")));
	}
	json_decref(event);
	if (reader->is_cancelling)
		reader->watch = apiserver_watch_cancel(reader->watch);
}

static void reader_open(struct reader *reader, struct apiserver *server, const char *url)
{
	struct http_request request = {.method = HTTP_GET, .url = url};
	struct arena arena = {0};
	struct http_reply reply;

	reader->told.max = 65536;
	assert_true(apiserver_watch_asked(&request));
	reader->watch = apiserver_watch(server, &request, on_deliver, reader, &reply, &arena, now);
	reader->status = reply.status;
	assert_int_equal(reader->watch != NULL, reply.status == 200);
	arena_fini(&arena);
}

static void reader_close(struct reader *reader)
{
	reader->watch = apiserver_watch_cancel(reader->watch);
	buf_fini(&reader->told);
}

#define assert_told(reader, text)                       \
 do {                                                   \
  assert_string_equal(buf_text(&(reader)->told), text); \
  buf_drop(&(reader)->told, (reader)->told.length);     \
 } while (0)

static void write_all(struct apiserver *server)
{
	static const struct {
		enum http_method method;
		const char *url;
		const char *body;
	} writes[] = {
		{HTTP_POST, CONFIGMAPS, "{'metadata':{'name':'a','labels':{'x':'1'}}}"},
		{HTTP_POST, CONFIGMAPS, "{'metadata':{'name':'b'}}"},
		{HTTP_PATCH, CONFIGMAPS "/b", "{'metadata':{'labels':{'x':'1'}}}"},
		{HTTP_PATCH, CONFIGMAPS "/a", "{'metadata':{'labels':{'x':'2'}}}"},
		{HTTP_DELETE, CONFIGMAPS "/b", NULL},
	};

	for (size_t i = 0; i < array_length(writes); i++)
		assert_int_equal(ask_status(server, now, writes[i].method, writes[i].url,
		                            writes[i].body) /
		                         100,
		                 2);
}

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

/* What each kind of watch gets of the same five writes. */
static void test_events(void **state)
{
	static const struct {
		const char *url;
		const char *told;
	} rows[] = {
		{CONFIGMAPS "?watch=1&resourceVersion=1000",
	         "ADDED a 1001; ADDED b 1002; MODIFIED b 1003; MODIFIED a 1004; DELETED b 1005; "},
		/* resumed in the middle, at the end, ahead of the end */
		{CONFIGMAPS "?watch=true&resourceVersion=1003",
	         "MODIFIED a 1004; DELETED b 1005; "},
		{CONFIGMAPS "?watch=1&resourceVersion=1005", ""},
		{CONFIGMAPS "?watch=1&resourceVersion=1009", ""},
		/* in other namespaces, of other resources */
		{"/api/v1/configmaps?watch=1&resourceVersion=1004", "DELETED b 1005; "},
		{"/api/v1/namespaces/other/configmaps?watch=1&resourceVersion=1000", ""},
		{"/api/v1/secrets?watch=1&resourceVersion=1000", ""},
		/* one object */
		{CONFIGMAPS "?watch=1&resourceVersion=1000&fieldSelector=metadata.name%3Db",
	         "ADDED b 1002; MODIFIED b 1003; DELETED b 1005; "},
		{CONFIGMAPS "/a?watch=1&resourceVersion=1000", "ADDED a 1001; MODIFIED a 1004; "},
		/* what comes into a selection and leaves it */
		{CONFIGMAPS "?watch=1&resourceVersion=1000&labelSelector=x%3D1",
	         "ADDED a 1001; ADDED b 1003; DELETED a 1004; DELETED b 1005; "},
		/* without version, and with 0: from what is there */
		{CONFIGMAPS "?watch=1", "ADDED a 1004; "},
		{CONFIGMAPS "?resourceVersion=0&watch=1", "ADDED a 1004; "},
		{CONFIGMAPS "?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
	                    "&allowWatchBookmarks=true",
	         "ADDED a 1004; BOOKMARK  1005; "},
		{CONFIGMAPS "?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan",
	         ""},
		/* before what is known */
		{CONFIGMAPS "?watch=1&resourceVersion=999",
	         "ERROR too old resource version: 999 (1000); END; "},
	};

	write_all(*state);
	for (size_t i = 0; i < array_length(rows); i++) {
		struct reader reader = {0};

		reader_open(&reader, *state, rows[i].url);
		assert_int_equal(reader.status, 200);
		apiserver_pump(*state);
		if (strcmp(buf_text(&reader.told), rows[i].told) != 0)
			fail_msg("row %zu: %s", i, buf_text(&reader.told));
		reader_close(&reader);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *url;
		int status;
	} rows[] = {
		{"/api/v1/nopes?watch=1", 404},
		{CONFIGMAPS "?watch=1&resourceVersion=x", 400},
		{CONFIGMAPS "?watch=1&labelSelector=,", 400},
		{CONFIGMAPS "?watch=1&sendInitialEvents=true", 422},
		{CONFIGMAPS "?watch=1&resourceVersionMatch=NotOlderThan", 422},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct reader reader = {0};

		reader_open(&reader, *state, rows[i].url);
		assert_int_equal(reader.status, rows[i].status);
		reader_close(&reader);
	}
	assert_int_equal(apiserver_count(*state), array_length(rows));
	assert_true(apiserver_entry_find(*state, 0)->is_watch);
}

/* The caller may deliver line by line, in an order of its own. */
static void test_steps(void **state)
{
	struct reader first = {0};
	struct reader second = {0};

	reader_open(&first, *state, CONFIGMAPS "?watch=1&resourceVersion=1000");
	reader_open(&second, *state, CONFIGMAPS "?watch=1&resourceVersion=1000");
	write_all(*state);
	assert_true(apiserver_watch_step(second.watch));
	assert_told(&second, "ADDED a 1001; ");
	assert_told(&first, "");
	assert_true(apiserver_watch_step(first.watch));
	assert_true(apiserver_watch_step(first.watch));
	assert_told(&first, "ADDED a 1001; ADDED b 1002; ");
	apiserver_pump(*state);
	assert_told(&second, "ADDED b 1002; MODIFIED b 1003; MODIFIED a 1004; DELETED b 1005; ");
	assert_false(apiserver_watch_step(first.watch));
	reader_close(&first);
	reader_close(&second);
}

static void test_bookmarks(void **state)
{
	struct reader with = {0};
	struct reader without = {0};

	reader_open(&with, *state,
	            CONFIGMAPS "?watch=1&resourceVersion=1000&allowWatchBookmarks=true");
	reader_open(&without, *state, CONFIGMAPS "?watch=1&resourceVersion=1000");
	write_all(*state);
	apiserver_bookmark(*state);
	assert_int_equal(
		ask_status(*state, now, HTTP_POST, CONFIGMAPS, "{'metadata':{'name':'c'}}"), 201);
	apiserver_pump(*state);
	assert_told(&with,
	            "ADDED a 1001; ADDED b 1002; MODIFIED b 1003; MODIFIED a 1004; "
	            "DELETED b 1005; BOOKMARK  1005; ADDED c 1006; ");
	assert_told(&without,
	            "ADDED a 1001; ADDED b 1002; MODIFIED b 1003; MODIFIED a 1004; "
	            "DELETED b 1005; ADDED c 1006; ");
	reader_close(&with);
	reader_close(&without);
}

/* A bookmark lets a watch resume where its own resource had no change for long. */
static void test_compaction(void **state)
{
	struct reader slow = {0};
	struct reader late = {0};

	reader_open(&slow, *state, CONFIGMAPS "?watch=1&resourceVersion=1000");
	write_all(*state);
	apiserver_compact(*state, 1003);
	reader_open(&late, *state, CONFIGMAPS "?watch=1&resourceVersion=1003");
	apiserver_pump(*state);
	assert_told(&slow, "ERROR too old resource version: 1000 (1003); END; ");
	assert_true(apiserver_watch_ended(slow.watch));
	assert_told(&late, "MODIFIED a 1004; DELETED b 1005; ");
	reader_close(&slow);
	reader_close(&late);
}

static void test_history_limit(void **state)
{
	struct apiserver *server = apiserver_new(&(struct apiserver_options){.history_max = 2});
	struct reader reader = {0};

	(void)state;
	write_all(server);
	reader_open(&reader, server, CONFIGMAPS "?watch=1&resourceVersion=1001");
	apiserver_pump(server);
	assert_told(&reader, "ERROR too old resource version: 1001 (1002); END; ");
	reader_close(&reader);
	apiserver_free(server);
}

static void test_timeout(void **state)
{
	struct reader reader = {0};
	struct instant end = instant_after(now, span_seconds(30));

	reader_open(&reader, *state, CONFIGMAPS "?watch=1&timeoutSeconds=30");
	assert_int_equal(apiserver_tick(*state, now).ms, end.ms);
	assert_told(&reader, "");
	assert_int_equal(apiserver_tick(*state, end).ms, 0);
	assert_told(&reader, "END; ");
	write_all(*state);
	apiserver_pump(*state);
	assert_told(&reader, "");
	reader_close(&reader);
}

static void test_rewind_ends(void **state)
{
	struct reader reader = {0};

	reader_open(&reader, *state, CONFIGMAPS "?watch=1&resourceVersion=1000");
	write_all(*state);
	assert_true(apiserver_rewind(*state, 1002));
	assert_told(&reader, "END; ");
	reader_close(&reader);
}

static void test_immediate(void **state)
{
	struct apiserver *server = apiserver_new(&(struct apiserver_options){.is_immediate = true});
	struct reader reader = {0};

	(void)state;
	reader_open(&reader, server, CONFIGMAPS "?watch=1");
	assert_int_equal(
		ask_status(server, now, HTTP_POST, CONFIGMAPS, "{'metadata':{'name':'a'}}"), 201);
	assert_told(&reader, "ADDED a 1001; ");
	reader_close(&reader);
	apiserver_free(server);
}

static void test_cancel_inside(void **state)
{
	struct reader reader = {.is_cancelling = true};

	reader_open(&reader, *state, CONFIGMAPS "?watch=1&resourceVersion=1000");
	write_all(*state);
	apiserver_pump(*state);
	assert_null(reader.watch);
	assert_told(&reader, "ADDED a 1001; ");
	reader_close(&reader);
}

/* "+a; " created, "a; " changed, "-a; " deleted, "?; " lost: all that there is to read. */
static void read_changes(struct apiserver *server, struct apiserver_cursor *cursor,
                         struct buf *told)
{
	struct apiserver_news news;
	enum apiserver_read read;

	while ((read = apiserver_read_next(server, cursor, &news)) != APISERVER_READ_NONE) {
		if (read == APISERVER_READ_LOST) {
			assert_true(buf_format(told, "?; "));
			continue;
		}
		assert_string_equal(news.resource->plural, "configmaps");
		assert_true(buf_format(told, "%s%s; ",
		                       news.is_deletion ? "-"
		                       : news.before    ? ""
		                                        : "+",
		                       ask_text(news.after, "metadata.name")));
	}
}

/* Reading the writes one after the other. */
static void test_changes(void **state)
{
	struct apiserver_cursor cursor = {0};
	struct reader reader = {.told = {.max = 65536}};

	read_changes(*state, &cursor, &reader.told); /* from nowhere: look at everything */
	assert_told(&reader, "?; ");
	read_changes(*state, &cursor, &reader.told);
	assert_told(&reader, "");
	write_all(*state);
	read_changes(*state, &cursor, &reader.told);
	assert_told(&reader, "+a; +b; b; a; -b; ");
	cursor.revision = 1002;
	apiserver_compact(*state, 1002); /* just not too late */
	read_changes(*state, &cursor, &reader.told);
	assert_told(&reader, "b; a; -b; ");
	cursor.revision = 1002;
	apiserver_compact(*state, 1003);
	read_changes(*state, &cursor, &reader.told);
	assert_told(&reader, "?; ");
	assert_true(apiserver_rewind(*state, 1004)); /* and as many writes again */
	assert_int_equal(ask_status(*state, now, HTTP_DELETE, CONFIGMAPS "/a", NULL), 200);
	read_changes(*state, &cursor, &reader.told);
	assert_told(&reader, "?; ");
	assert_int_equal(cursor.revision, 1005);
	reader_close(&reader);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_events),        TEST(test_refused),     TEST(test_steps),
		TEST(test_bookmarks),     TEST(test_compaction),  TEST(test_history_limit),
		TEST(test_timeout),       TEST(test_rewind_ends), TEST(test_immediate),
		TEST(test_cancel_inside), TEST(test_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The stream of a watch: however the bytes are split, the events are the same. */
#include "providers/kube/watch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char stream[] =
	"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\"}}}\n"
	"\n"
	"{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"name\":\"\xc3\xa4\"}}}\n"
	"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"9\"}}}\n"
	"{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"name\":\"a\"}}}\r\n"
	"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410}}\n"
	"{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":500}}\n"
	"{\"type\":\"ADDED\",\"obj";

static const char *const wanted = "1:a 2:\xc3\xa4 4: 3:a 5: 6: ";

/* What came, as text. */
static void on_event(void *context, const struct kube_watch_event *event)
{
	char *text = context;
	const json_t *name = json_object_get(json_object_get(event->object, "metadata"), "name");
	size_t length = strlen(text);

	(void)snprintf(text + length, 256 - length, "%d:%s ", (int)event->type,
	               name ? json_string_value(name) : "");
}

static void test_types(void **state)
{
	struct kube_watch watch;
	char text[256] = "";
	struct err err = {0};

	kube_watch_init(&watch, 1024);
	assert_true(kube_watch_feed(&watch, stream, strlen(stream), on_event, text, &err));
	assert_string_equal(text, wanted);
	kube_watch_fini(&watch);
}

/* Every split into two, and byte by byte. */
static void test_splits(void **state)
{
	size_t length = strlen(stream);

	for (size_t split = 0; split <= length; split++) {
		struct kube_watch watch;
		char text[256] = "";
		struct err err = {0};

		kube_watch_init(&watch, 1024);
		assert_true(kube_watch_feed(&watch, stream, split, on_event, text, &err));
		for (size_t i = split; i < length; i++)
			assert_true(kube_watch_feed(&watch, stream + i, 1, on_event, text, &err));
		assert_string_equal(text, wanted);
		kube_watch_fini(&watch);
	}
}

static void test_refusals(void **state)
{
	static const struct {
		const char *line;
		enum err_kind want;
		const char *text;
	} rows[] = {
		{"{\n", ERR_MALFORMED, "watch: column"},
		{"{\"type\":\"PATCHED\",\"object\":{}}\n", ERR_MALFORMED, "watch: type"},
		{"{\"type\":\"ADDED\",\"object\":7}\n", ERR_MALFORMED, "watch: object"},
		{"{\"type\":\"ADDED\"}\n", ERR_MALFORMED, "watch: object"},
		{"[]\n", ERR_MALFORMED, "watch: type"},
		/* too long, also before its end is seen */
		{"{\"type\":\"ADDED\",\"object\":{\"padding\":\"................\"}}\n", ERR_LIMIT,
	         "more than 48 bytes"},
		{"{\"type\":\"ADDED\",\"object\":{\"padding\":\"................", ERR_LIMIT,
	         "more than 48 bytes"},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct kube_watch watch;
		char text[256] = "";
		struct err err = {0};
		const char *good = "{\"type\":\"ADDED\",\"object\":{}}\n";

		kube_watch_init(&watch, 48);
		assert_true(kube_watch_feed(&watch, good, strlen(good), on_event, text, &err));
		assert_false(kube_watch_feed(&watch, rows[i].line, strlen(rows[i].line), on_event,
		                             text, &err));
		assert_int_equal(err.kind, rows[i].want);
		assert_non_null(strstr(err.text, rows[i].text));
		/* it stays failed, and what came before was delivered */
		assert_false(kube_watch_feed(&watch, good, strlen(good), on_event, text, &err));
		assert_int_equal(err.kind, rows[i].want);
		assert_string_equal(text, "1: ");
		kube_watch_fini(&watch);
	}
}

/* A line of exactly the limit passes, one byte more does not, however it is split. */
static void test_limit(void **state)
{
	const char *line = "{\"type\":\"ADDED\",\"object\":{}}";

	for (size_t split = 0; split <= strlen(line); split++) {
		for (size_t less = 0; less < 2; less++) {
			struct kube_watch watch;
			char text[256] = "";
			bool good;

			kube_watch_init(&watch, strlen(line) - less);
			good = kube_watch_feed(&watch, line, split, on_event, text, NULL) &&
			       kube_watch_feed(&watch, line + split, strlen(line) - split, on_event,
			                       text, NULL) &&
			       kube_watch_feed(&watch, "\n", 1, on_event, text, NULL);
			assert_int_equal(good, less == 0);
			kube_watch_fini(&watch);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_splits),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

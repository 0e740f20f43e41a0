/* One event is one line, whatever is in it. */
#include "agent/log.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct instant noon(struct loop *loop)
{
	return (struct instant){1763726400123};
}

static const struct loop_ops clock_ops = {.now = noon};

struct paper {
	struct loop loop;
	FILE *stream;
	char *text;
	size_t length;
	struct log *log;
};

static void open_paper(struct paper *paper, enum log_form form, enum log_level level)
{
	struct log_settings settings = {.form = form, .level = level};

	*paper = (struct paper){.loop = {.ops = &clock_ops}};
	paper->stream = open_memstream(&paper->text, &paper->length);
	assert_non_null(paper->stream);
	settings.loop = &paper->loop;
	settings.stream = paper->stream;
	paper->log = log_new(&settings);
}

static void shut_paper(struct paper *paper)
{
	log_free(paper->log);
	(void)fclose(paper->stream);
	free(paper->text);
}

static void test_json(void **state)
{
	struct paper paper;

	open_paper(&paper, LOG_FORM_JSON, LOG_NONE);
	log_event(paper.log, LOG_WARNING, "lease.lost", "say \"no\"",
	          LOG_FIELDS({"lease", "a\\b\n\x01"}, {"holder", NULL}));
	log_event(paper.log, LOG_DEBUG, "quiet", "not at this level", NULL);
	log_event(paper.log, LOG_ERROR, "bare", "without fields", NULL);
	assert_string_equal(paper.text,
	                    "{\"level\":\"warn\",\"ts\":\"2025-11-21T12:00:00.123Z\","
	                    "\"msg\":\"say \\\"no\\\"\",\"event\":\"lease.lost\","
	                    "\"lease\":\"a\\\\b\\n\\u0001\",\"holder\":\"\"}\n"
	                    "{\"level\":\"error\",\"ts\":\"2025-11-21T12:00:00.123Z\","
	                    "\"msg\":\"without fields\",\"event\":\"bare\"}\n");
	shut_paper(&paper);
}

static void test_text(void **state)
{
	struct paper paper;

	open_paper(&paper, LOG_FORM_TEXT, LOG_DEBUG);
	log_event(paper.log, LOG_DEBUG, "canary.reason", "the target is ready",
	          LOG_FIELDS({"canary", "cart"}, {"why", "a b"}, {"empty", ""}, {"line", "a\nb"}));
	assert_string_equal(paper.text,
	                    "2025-11-21T12:00:00.123Z debug canary.reason: the target is ready "
	                    "canary=cart why=\"a b\" empty=\"\" line=\"a\\nb\"\n");
	shut_paper(&paper);
}

/* Every line is valid JSON, also of bytes that are not text, and of too many. */
static void test_any_bytes(void **state)
{
	static const char *const values[] = {
		"\xff\xfe",         "\xc3",
		"\xc3\xa4",         "\xe2\x82\xac",
		"\xed\xa0\x80", /* half a surrogate pair */
		"\xc0\x80",         "\xf0\x9f\x98\x80",
		"\xf4\x90\x80\x80", "a\xe2\x82",
		"\x7f\x1b[31m",     "\t",
	};

	for (size_t i = 0; i < array_length(values); i++) {
		struct paper paper;
		json_t *line;

		open_paper(&paper, LOG_FORM_JSON, LOG_NONE);
		log_event(paper.log, LOG_INFO, "x", values[i], LOG_FIELDS({"key", values[i]}));
		line = json_loads(paper.text, JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(line);
		assert_null(memchr(paper.text, 0x1b, paper.length));
		json_decref(line);
		shut_paper(&paper);
	}
}

static void test_long(void **state)
{
	struct paper paper;
	char *value = calloc(1, 1000001);
	json_t *line;
	const char *kept;

	assert_non_null(value);
	memset(value, '"', 1000000);
	open_paper(&paper, LOG_FORM_JSON, LOG_NONE);
	log_event(paper.log, LOG_INFO, "x", value, LOG_FIELDS({"key", value}, {"last", "here"}));
	line = json_loads(paper.text, 0, NULL);
	assert_non_null(line);
	kept = json_string_value(json_object_get(line, "key"));
	assert_int_equal(strlen(kept), LOG_TEXT_MAX + strlen("\xe2\x80\xa6"));
	assert_string_equal(json_string_value(json_object_get(line, "last")), "here");
	json_decref(line);
	shut_paper(&paper);
	free(value);
}

static void test_D_39_levels(void **state)
{
	assert_int_equal(log_parse_level("debug"), LOG_DEBUG);
	assert_int_equal(log_parse_level("warning"), LOG_WARNING);
	assert_int_equal(log_parse_level("fatal"), LOG_ERROR);
	assert_int_equal(log_parse_level("INFO"), LOG_INFO);
	assert_int_equal(log_parse_level(""), LOG_INFO);
	log_event(NULL, LOG_ERROR, "nobody", "listens", NULL);
	assert_null(log_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),        cmocka_unit_test(test_text),
		cmocka_unit_test(test_any_bytes),   cmocka_unit_test(test_long),
		cmocka_unit_test(test_D_39_levels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

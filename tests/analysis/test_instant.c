#include "analysis/base/compiler.h"
#include "analysis/base/instant.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct span_row {
	const char *text;
	int64_t ms;
};

/* As Go's time.ParseDuration reads them. */
static const struct span_row span_rows[] = {
	{"0", 0},
	{"-0", 0},
	{"+0", 0},
	{"0s", 0},
	{"10s", 10000},
	{"1m", 60000},
	{"1m30s", 90000},
	{"1h30m0s", 5400000},
	{"30s1m", 90000}, /* any order */
	{"1m1m", 120000}, /* any number of times */
	{"250ms", 250},
	{"1.5s", 1500},
	{".5s", 500},
	{"1.s", 1000},
	{"-1.5s", -1500},
	{"+5s", 5000},
	{"1500us", 1}, /* fractions of a millisecond are cut off */
	{"-1500us", -1},
	{"1500\xc2\xb5s", 1},
	{"1500\xce\xbcs", 1},
	{"999999ns", 0},
	{"1000000ns", 1},
	{"0.3333333333333333333h", 1200000},  /* rounded in nanoseconds */
	{"0.100000000000000000000h", 360000}, /* more digits than a number holds */
	{"0.830103483285477580700h", 2988372},
	{"876000h", 3153600000000},
	{"876600h", 3155760000000}, /* 100 years, no more */
	{"876599h60m", 3155760000000},
	{"3155760000000000000ns", 3155760000000},
	{"0.9223372036854775799s", 922}, /* the most digits that a number holds */
};

static void test_span_parse(void **state)
{
	for (size_t i = 0; i < array_length(span_rows); i++) {
		struct span span = {42};
		struct err err = {0};

		assert_true(span_parse(span_rows[i].text, &span, &err));
		assert_int_equal(err.kind, ERR_NONE);
		assert_int_equal(span.ms, span_rows[i].ms);
	}
}

struct refusal_row {
	const char *text;
	const char *why;
};

static const struct refusal_row span_refusals[] = {
	{"", "a number is missing"},
	{"-", "a number is missing"},
	{".", "a number is missing"},
	{"-.s", "a number is missing"},
	{"s", "a number is missing"},
	{"--1s", "a number is missing"},
	{"5", "a unit is missing"},
	{"10m5", "a unit is missing"},
	{"00", "a unit is missing"},
	{"1.5", "a unit is missing"},
	{"1mfoo", "the units are"},
	{"1d", "the units are"},
	{"1 s", "the units are"},
	{"1s ", "the units are"},
	{"1S", "the units are"},
	{"876601h", "more than 100 years"},
	{"876599h3601s", "more than 100 years"}, /* the sum */
	{"99999999999999999999s", "more than 100 years"},
	{"9223372036854775808ns", "more than 100 years"},
	{"36893488147419103233s", "more than 100 years"}, /* 2^65 + 1 */
	{"18446744073709551617ns", "more than 100 years"},
	{"876600h1ns", "more than 100 years"},
};

static void test_span_refusals(void **state)
{
	for (size_t i = 0; i < array_length(span_refusals); i++) {
		struct span span = {42};
		struct err err = {0};

		assert_false(span_parse(span_refusals[i].text, &span, &err));
		assert_int_equal(err.kind, ERR_INVALID);
		assert_int_equal(span.ms, 42);
		assert_non_null(strstr(err.text, span_refusals[i].why));
		assert_non_null(strstr(err.text, span_refusals[i].text));
	}
}

struct span_text_row {
	int64_t ms;
	const char *text;
};

/* As Go's Duration.String writes them. */
static const struct span_text_row span_texts[] = {
	{0, "0s"},
	{1, "1ms"},
	{2000, "2s"},
	{1001, "1.001s"},
	{-5, "-5ms"},
	{500, "500ms"},
	{999, "999ms"},
	{1000, "1s"},
	{1515, "1.515s"},
	{1100, "1.1s"},
	{1010, "1.01s"},
	{61000, "1m1s"},
	{60000, "1m0s"},
	{60001, "1m0.001s"},
	{5400000, "1h30m0s"},
	{3600000, "1h0m0s"},
	{-5400500, "-1h30m0.5s"},
	{360000000000, "100000h0m0s"},
	{INT64_MIN, "-2562047788015h12m55.808s"}, /* beyond Go's range */
};

static void test_span_format(void **state)
{
	char text[SPAN_TEXT_MAX];

	for (size_t i = 0; i < array_length(span_texts); i++)
		assert_string_equal(span_format(span_ms(span_texts[i].ms), text),
		                    span_texts[i].text);
}

struct instant_row {
	const char *text;
	int64_t ms;
	const char *again; /* NULL: the same */
};

static const struct instant_row instant_rows[] = {
	{"1970-01-01T00:00:00.000Z", 0, NULL},
	{"1970-01-01T00:00:00.001Z", 1, NULL},
	{"2026-11-21T04:45:00.123Z", 1795236300123, NULL},
	{"2026-11-21T04:45:00Z", 1795236300000, "2026-11-21T04:45:00.000Z"},
	{"2026-11-21T04:45:00.1Z", 1795236300100, "2026-11-21T04:45:00.100Z"},
	{"2026-11-21T04:45:00.123999999Z", 1795236300123, "2026-11-21T04:45:00.123Z"}, /* micro */
	{"2026-11-21T06:45:00+02:00", 1795236300000, "2026-11-21T04:45:00.000Z"},
	{"2026-11-20T23:15:00-05:30", 1795236300000, "2026-11-21T04:45:00.000Z"},
	{"2000-02-29T00:00:00.000Z", 951782400000, NULL}, /* a leap day */
	{"2000-03-01T00:00:00.000Z", 951868800000, NULL},
	{"1999-12-31T23:59:59.999Z", 946684799999, NULL},
	{"2100-02-28T23:59:59.000Z", 4107542399000, NULL}, /* no leap year */
	{"2100-03-01T00:00:00.000Z", 4107542400000, NULL},
	{"9999-12-31T23:59:59.999Z", 253402300799999, NULL},
};

static void test_instants(void **state)
{
	for (size_t i = 0; i < array_length(instant_rows); i++) {
		const struct instant_row *row = &instant_rows[i];
		char text[INSTANT_TEXT_MAX];
		struct instant instant = {42};
		struct err err = {0};

		assert_true(instant_parse(row->text, &instant, &err));
		assert_int_equal(instant.ms, row->ms);
		assert_string_equal(instant_format(instant, text),
		                    row->again ? row->again : row->text);
	}
}

static const char *const instant_refusals[] = {
	"",
	"now",
	"2026-11-21",
	"2026-11-21T04:45:00",   /* no zone */
	"2026-11-21 04:45:00Z",  /* no T */
	"2026-11-21t04:45:00z",  /* Go wants capitals */
	"2026-11-21T04:45Z",     /* no seconds */
	"2026-11-21T04:45:00.Z", /* no fraction */
	"2026-11-21T04:45:00Zx", /* something behind */
	"2026-13-21T04:45:00Z",  /* month */
	"2026-00-21T04:45:00Z",
	"2026-11-31T04:45:00Z", /* day */
	"2026-02-29T04:45:00Z",
	"2100-02-29T04:45:00Z",
	"2026-11-21T24:00:00Z",      /* hour */
	"2026-11-21T04:60:00Z",      /* minute */
	"2026-11-21T04:45:60Z",      /* second */
	"2026-11-21T04:45:00+24:00", /* zone */
	"2026-11-21T04:45:00+0200",
	"26-11-21T04:45:00Z",
	"10000-01-01T00:00:00Z",
	"1969-12-31T23:59:59Z",      /* before the first year */
	"1970-01-01T00:00:00+01:00", /* … by its zone */
	"9999-12-31T23:59:59-01:00", /* after the last year by its zone */
	"2026-1x-21T04:45:00Z",      /* letters for digits */
	"2026-11-2:T04:45:00Z",
	"2026-11-21T04:4/:00Z",
	"202\"-11-21T04:45:00Z",
	"2026-11-00T04:45:00Z",
};

static void test_instant_refusals(void **state)
{
	for (size_t i = 0; i < array_length(instant_refusals); i++) {
		struct instant instant = {42};
		struct err err = {0};

		assert_false(instant_parse(instant_refusals[i], &instant, &err));
		assert_int_equal(err.kind, ERR_INVALID);
		assert_int_equal(instant.ms, 42);
		assert_non_null(strstr(err.text, instant_refusals[i]));
	}
}

/* Each day from 1970 to 2400 is one day after the day before it. */
static void test_every_day(void **state)
{
	char before[INSTANT_TEXT_MAX] = "";

	for (int64_t day = 0; day < 157000; day++) {
		char text[INSTANT_TEXT_MAX];
		struct instant instant = {day * 86400000 + 43200000};
		struct instant again;

		instant_format_seconds(instant, text);
		assert_true(strcmp(before, text) < 0);
		assert_true(instant_parse(text, &again, NULL));
		assert_int_equal(again.ms, instant.ms);
		memcpy(before, text, sizeof(before));
	}
	assert_string_equal(before, "2399-11-07T12:00:00Z");
}

static void test_format_bounds(void **state)
{
	char text[INSTANT_TEXT_MAX];

	assert_string_equal(instant_format((struct instant){-5}, text), "1970-01-01T00:00:00.000Z");
	assert_string_equal(instant_format((struct instant){INT64_MAX}, text),
	                    "9999-12-31T23:59:59.999Z");
	assert_string_equal(instant_format_seconds((struct instant){1795236300999}, text),
	                    "2026-11-21T04:45:00Z");
	assert_string_equal(instant_format_seconds((struct instant){-86400001}, text),
	                    "1970-01-01T00:00:00Z");
}

static void test_earlier(void **state)
{
	struct instant never = {0};
	struct instant one = {1};
	struct instant two = {2};

	assert_int_equal(instant_earlier(one, two).ms, 1);
	assert_int_equal(instant_earlier(two, one).ms, 1);
	assert_int_equal(instant_earlier(never, two).ms, 2);
	assert_int_equal(instant_earlier(two, never).ms, 2);
	assert_int_equal(instant_earlier(never, never).ms, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_span_parse),       cmocka_unit_test(test_span_refusals),
		cmocka_unit_test(test_span_format),      cmocka_unit_test(test_instants),
		cmocka_unit_test(test_instant_refusals), cmocka_unit_test(test_every_day),
		cmocka_unit_test(test_format_bounds),    cmocka_unit_test(test_earlier),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "analysis/base/compiler.h"
#include "providers/metric.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Asking -------------------------------------------------------------------------------------- */

static const char *header(const struct http_request *request, const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < request->n_headers; i++) {
		if (strcmp(request->headers[i].name, name) == 0) {
			assert_null(value); /* at most once */
			value = request->headers[i].value;
		}
	}
	return value;
}

static void test_request(void **state)
{
	static const struct metric_question question = {
		.source = "prometheus",
		.address = "https://thanos/prom/?x=1",
		.query = "sum(rate(x{a=\"b  c\"}[1m])) # all\n  > 0",
		.insecure = true,
	};
	static const char body[] =
		"query=sum%28rate%28x%7Ba%3D%22b++c%22%7D%5B1m%5D%29%29+%23+all%0A++%3E+0";
	struct arena arena = {0};
	struct http_request request = {0};

	assert_true(metric_ask(&question, &arena, &request, NULL));
	assert_int_equal(request.peer, HTTP_PEER_URL);
	assert_int_equal(request.method, HTTP_POST);
	assert_string_equal(request.url, "https://thanos/prom/api/v1/query");
	assert_string_equal(request.body, body);
	assert_int_equal(request.body_length, strlen(body));
	assert_string_equal(header(&request, "Content-Type"), "application/x-www-form-urlencoded");
	assert_null(header(&request, "Authorization"));
	assert_int_equal(request.timeout.ms, 5000);
	assert_int_equal(request.reply_max, METRIC_REPLY_MAX);
	assert_true(request.insecure);
	arena_fini(&arena);
}

static void test_headers(void **state)
{
	static const struct http_header headers[] = {
		{"X-Scope-OrgID", "shop"},
		{"authorization", "Bearer of the template"},
		{"content-type", "text/plain"},
		{"Content-Length", "3"},
	};
	struct metric_question question = {
		.source = "prometheus",
		.address = "http://p",
		.query = "1",
		.headers = headers,
		.n_headers = array_length(headers),
		.token = "secret",
		.username = "not used",
	};
	struct arena arena = {0};
	struct http_request request = {0};

	assert_true(metric_ask(&question, &arena, &request, NULL));
	assert_string_equal(header(&request, "X-Scope-OrgID"), "shop");
	assert_string_equal(header(&request, "Authorization"), "Bearer secret");
	assert_null(header(&request, "authorization"));
	assert_null(header(&request, "content-type"));
	assert_null(header(&request, "Content-Length"));
	question.token = NULL;
	question.username = NULL;
	assert_true(metric_ask(&question, &arena, &request, NULL));
	assert_string_equal(header(&request, "authorization"), "Bearer of the template");
	arena_fini(&arena);
}

static void test_password(void **state)
{
	struct metric_question question = {
		.source = "prometheus",
		.address = "http://p",
		.query = "1",
		.username = "Aladdin",
		.password = "open sesame",
	};
	struct arena arena = {0};
	struct http_request request = {0};
	struct err err = {0};

	assert_true(metric_ask(&question, &arena, &request, NULL));
	assert_string_equal(header(&request, "Authorization"),
	                    "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
	question.password = NULL;
	assert_false(metric_ask(&question, &arena, &request, &err));
	assert_string_equal(err.text, "prometheus credentials do not contain a password");
	question.password = "x\r\nX-Evil: y";
	assert_false(metric_ask(&question, &arena, &request, &err));
	assert_non_null(strstr(err.text, "expected a password without line ends"));
	arena_fini(&arena);
}

/* A gateway that lets only GET pass is asked once more, in the way it wants. */
static void test_only_reads(void **state)
{
	struct metric_question question = {
		.source = "prometheus",
		.address = "http://p/x",
		.query = "a b",
	};
	struct http_reply refused = {.status = 405, .body = "", .body_length = 0};
	struct http_reply other = {.status = 404, .body = "", .body_length = 0};
	struct http_reply none = {.error = {.kind = ERR_TRANSPORT}, .status = 405};
	struct arena arena = {0};
	struct http_request request = {0};

	assert_false(metric_ask_again(&question, &other));
	assert_false(metric_ask_again(&question, &none));
	assert_true(metric_ask_again(&question, &refused));
	assert_true(metric_ask(&question, &arena, &request, NULL));
	assert_int_equal(request.method, HTTP_GET);
	assert_string_equal(request.url, "http://p/x/api/v1/query?query=a+b");
	assert_null(request.body);
	assert_null(header(&request, "Content-Type"));
	assert_false(metric_ask_again(&question, &refused)); /* no third time */
	arena_fini(&arena);
}

struct refused_row {
	struct metric_question question;
	enum err_kind kind;
	const char *text;
};

static const struct http_header evil_value[] = {{"X", "a\r\nB: c"}};
static const struct http_header evil_name[] = {{"X: y\r\nZ", "a"}};
static const struct http_header many[METRIC_HEADERS_MAX + 1];

static const struct refused_row refused_rows[] = {
	{{.source = "datadog"},
         ERR_INVALID,
         "expected one of the metric sources prometheus, got \"datadog\""},
	{{.source = "prometheus"}, ERR_INVALID, "expected the address of a prometheus server"},
	{{.source = "prometheus", .address = ""}, ERR_INVALID, "got none"},
	{{.source = "prometheus", .address = "prometheus:9090", .query = ""},
         ERR_INVALID,
         "prometheus address: expected an http or https address, got \"prometheus:9090\""},
	{{.source = "prometheus",
          .address = "http://p",
          .query = "",
          .headers = evil_value,
          .n_headers = 1},
         ERR_INVALID,
         "header 1"},
	{{.source = "prometheus",
          .address = "http://p",
          .query = "",
          .headers = evil_name,
          .n_headers = 1},
         ERR_INVALID,
         "header 1"},
	{{.source = "prometheus",
          .address = "http://p",
          .query = "",
          .headers = many,
          .n_headers = METRIC_HEADERS_MAX + 1},
         ERR_LIMIT,
         "expected at most 24 headers, got 25"},
};

static void test_refused_questions(void **state)
{
	for (size_t i = 0; i < array_length(refused_rows); i++) {
		struct arena arena = {0};
		struct http_request request = {0};
		struct err err = {0};

		assert_false(metric_ask(&refused_rows[i].question, &arena, &request, &err));
		assert_int_equal(err.kind, refused_rows[i].kind);
		if (!strstr(err.text, refused_rows[i].text))
			fail_msg("%s", err.text);
		arena_fini(&arena);
	}
}

static void test_long_query(void **state)
{
	char *query = calloc(1, METRIC_QUERY_MAX + 2);
	struct metric_question question = {
		.source = "prometheus",
		.address = "http://p",
		.query = query,
	};
	struct arena arena = {0};
	struct http_request request = {0};
	struct err err = {0};

	memset(query, '%', METRIC_QUERY_MAX);
	assert_true(metric_ask(&question, &arena, &request, &err));
	assert_int_equal(request.body_length, 6 + 3 * METRIC_QUERY_MAX);
	query[METRIC_QUERY_MAX] = '%';
	assert_false(metric_ask(&question, &arena, &request, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	arena_fini(&arena);
	free(query);
}

/* Reading ------------------------------------------------------------------------------------- */

static bool read_body(int status, const char *body, struct sample_fact *ret, struct err *err)
{
	static const struct metric_question question = {.source = "prometheus"};
	struct http_reply reply = {.status = status, .body = body, .body_length = strlen(body)};

	return metric_read(&question, &reply, ret, err);
}

#define VECTOR(result) \
 "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[" result "]}}"
#define SERIES(value) "{\"metric\":{},\"value\":[1735689600.5," value "]}"

struct sample_row {
	const char *body;
	enum sample_kind kind;
	double value;
};

static const struct sample_row sample_rows[] = {
	{VECTOR(SERIES("\"99.7\"")), SAMPLE_VALUE, 99.7},
	{VECTOR(SERIES("\"0\"")), SAMPLE_VALUE, 0},
	{VECTOR(SERIES("\"-1e-7\"")), SAMPLE_VALUE, -1e-7},
	{VECTOR(SERIES("\"1e+308\"")), SAMPLE_VALUE, 1e308},
	{VECTOR(""), SAMPLE_ABSENT, 0},
	{VECTOR(SERIES("\"NaN\"")), SAMPLE_ABSENT, 0}, /* no request in the window: 0/0 */
	{"{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[1,\"5\"]}}",
         SAMPLE_VALUE, 5},
	{"{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[1,\"NaN\"]}}",
         SAMPLE_ABSENT, 0},
	/* other servers: no status, warnings, more fields */
	{"{\"data\":{\"resultType\":\"vector\",\"result\":[" SERIES(
		 "\"1\"") "],\"analysis\":{}},"
                          "\"warnings\":[\"w\"]}",
         SAMPLE_VALUE, 1},
	{"\n {\"status\":\"success\",\"isPartial\":false,\"data\":{\"resultType\":\"vector\","
         "\"result\":[]}}\n",
         SAMPLE_ABSENT, 0},
};

static void test_samples(void **state)
{
	for (size_t i = 0; i < array_length(sample_rows); i++) {
		struct sample_fact sample = {0};
		struct err err = {0};

		if (!read_body(200, sample_rows[i].body, &sample, &err))
			fail_msg("%s: %s", sample_rows[i].body, err.text);
		assert_int_equal(sample.kind, sample_rows[i].kind);
		if (sample.kind == SAMPLE_VALUE)
			assert_float_equal(sample.value, sample_rows[i].value, 0);
		else
			assert_string_equal(sample.text, "no values found");
	}
}

struct error_row {
	int status;
	const char *body;
	enum err_kind kind;
	const char *text;
};

#define ELEMENT "data.result[0].value[1]: expected a "

static const struct error_row error_rows[] = {
	/* several answers */
	{200, VECTOR(SERIES("\"1\"") "," SERIES("\"2\"")), ERR_INVALID,
         "query returned multiple values: 2 series, expected one"},
	{200, VECTOR(SERIES("\"NaN\"") "," SERIES("\"NaN\"") "," SERIES("\"1\"")), ERR_INVALID,
         "query returned multiple values: 3 series, expected one"},
	{200,
         "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{\"values\":"
         "[[1,\"1\"],[2,\"1\"]]}]}}",
         ERR_INVALID,
         "query returned multiple values: a range of samples (matrix), expected one value"},
	/* no number */
	{200, VECTOR(SERIES("\"+Inf\"")), ERR_INVALID,
         ELEMENT "finite number (is something divided by zero?), got \"+Inf\""},
	{200, VECTOR(SERIES("\"-Inf\"")), ERR_INVALID, "got \"-Inf\""},
	{200, VECTOR(SERIES("\"1e999\"")), ERR_INVALID, "got \"1e999\""},
	{200, VECTOR(SERIES("\"abc\"")), ERR_INVALID, ELEMENT "number in a text, got \"abc\""},
	{200, VECTOR(SERIES("\"0x10\"")), ERR_INVALID, "got \"0x10\""},
	{200, VECTOR(SERIES("\"\"")), ERR_INVALID, "got \"\""},
	{200, VECTOR(SERIES("5")), ERR_INVALID, ELEMENT "number in a text, got 5"},
	{200, VECTOR("{\"value\":[1]}"), ERR_INVALID, "got nothing"},
	{200, VECTOR("{\"value\":[1,\"2\",\"3\"]}"), ERR_LIMIT, "at most 2 elements, got 3"},
	{200, VECTOR("{\"value\":\"1\"}"), ERR_INVALID, "expected a list, got \"1\""},
	{200, VECTOR("{\"metric\":{}}"), ERR_INVALID, "data.result[0].value: expected a list"},
	{200, VECTOR("5"), ERR_INVALID, "data.result[0]: expected an object, got 5"},
	{200, VECTOR("{\"metric\":{},\"histogram\":[1,{\"count\":\"5\"}]}"), ERR_INVALID,
         "data.result[0]: expected a value, got a native histogram"},
	{200, "{\"status\":\"success\",\"data\":{\"resultType\":\"string\",\"result\":[1,\"5\"]}}",
         ERR_INVALID, "data.resultType: expected vector or scalar, got \"string\""},
	{200, "{\"status\":\"success\",\"data\":{\"result\":[]}}", ERR_INVALID,
         "data.resultType: expected vector or scalar, got nothing"},
	{200, "{\"data\":{\"resultType\":\"vector\"}}", ERR_INVALID,
         "data.result: expected a list, got nothing"},
	{200, "{\"status\":\"success\"}", ERR_INVALID, "data: expected an object, got nothing"},
	{200, "[]", ERR_INVALID, "expected an object, got a list"},
	/* no JSON */
	{200, "<!DOCTYPE html>\n<html>\n\t<title>Sign in</title>", ERR_MALFORMED,
         "expected JSON from the metrics server, got \"<!DOCTYPE html> <html> <title>Sign in"
         "</title>\""},
	{200, "", ERR_MALFORMED, "expected JSON from the metrics server, got \"\""},
	{200, VECTOR(SERIES("\"1\"")) "x", ERR_MALFORMED, "expected JSON"},
	{200, "{\"data\":1,\"data\":2}", ERR_MALFORMED, "expected JSON"},
	{200, "{\"status\":\"success\",\"data\":{\"resultType\":\"vec", ERR_MALFORMED,
         "expected JSON"},
	/* the server says no */
	{400,
         "{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"invalid parameter "
         "\\\"query\\\": 1:4: parse error\"}",
         ERR_STATUS,
         "the metrics server answered 400: invalid parameter \"query\": 1:4: parse error"},
	{200, "{\"status\":\"error\",\"error\":\"too many samples\"}", ERR_STATUS,
         "the metrics server answered: too many samples"},
	{503, "busy\n", ERR_STATUS, "the metrics server answered 503: busy"},
	{502, "<html>\xff\x01", ERR_STATUS, "the metrics server answered 502: <html>??"},
	{401, "", ERR_STATUS, "the metrics server answered 401"},
	{500, "[1]", ERR_STATUS, "the metrics server answered 500: [1]"},
	{302, "moved", ERR_STATUS, "the metrics server answered 302, a redirect"},
};

static void test_D_32_odd_answers(void **state)
{
	for (size_t i = 0; i < array_length(error_rows); i++) {
		const struct error_row *row = &error_rows[i];
		struct sample_fact sample = {.kind = SAMPLE_ERROR, .value = 42};
		struct err err = {0};

		if (read_body(row->status, row->body, &sample, &err))
			fail_msg("accepted: %s", row->body);
		if (!strstr(err.text, row->text) || err.kind != row->kind)
			fail_msg("%s\n  says \"%s\"\n  not  \"%s\"", row->body, err.text,
			         row->text);
		assert_float_equal(sample.value, 42, 0);
	}
}

/* A long foreign answer is shown in part. */
static void test_long_answer(void **state)
{
	char body[2000];
	struct sample_fact sample;
	struct err err = {0};

	memset(body, 'x', sizeof(body));
	body[sizeof(body) - 1] = '\0';
	assert_false(read_body(500, body, &sample, &err));
	assert_true(strlen(err.text) < 200);
	assert_non_null(strstr(err.text, "xxx..."));
}

static void test_reply_limit(void **state)
{
	static const struct metric_question question = {.source = "prometheus"};
	char *body = malloc(METRIC_REPLY_MAX + 1);
	struct http_reply reply = {.status = 200, .body = body, .body_length = METRIC_REPLY_MAX};
	struct sample_fact sample = {0};
	struct err err = {0};

	memset(body, ' ', METRIC_REPLY_MAX + 1);
	memcpy(body, VECTOR(""), strlen(VECTOR("")));
	assert_true(metric_read(&question, &reply, &sample, &err));
	reply.body_length++;
	assert_false(metric_read(&question, &reply, &sample, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	free(body);
}

static void test_deep_answer(void **state)
{
	char body[2 * 200 + 1] = "";
	struct sample_fact sample = {0};
	struct err err = {0};

	memset(body, '[', 200);
	memset(body + 200, ']', 200);
	assert_false(read_body(200, body, &sample, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

static void test_no_reply(void **state)
{
	static const struct metric_question question = {.source = "prometheus"};
	struct http_reply reply = {.error = {.kind = ERR_TRANSPORT, .text = "connection refused"}};
	struct sample_fact sample = {0};
	struct err err = {0};

	assert_false(metric_read(&question, &reply, &sample, &err));
	assert_int_equal(err.kind, ERR_TRANSPORT);
	assert_string_equal(err.text, "connection refused");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),           cmocka_unit_test(test_headers),
		cmocka_unit_test(test_password),          cmocka_unit_test(test_only_reads),
		cmocka_unit_test(test_refused_questions), cmocka_unit_test(test_long_query),
		cmocka_unit_test(test_samples),           cmocka_unit_test(test_D_32_odd_answers),
		cmocka_unit_test(test_long_answer),       cmocka_unit_test(test_reply_limit),
		cmocka_unit_test(test_deep_answer),       cmocka_unit_test(test_no_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "agent/demo/demo_prometheus.h"

#include "analysis/base/text.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX     128
#define MATCHERS_MAX 8
#define DEPTH_MAX    16

struct reader {
	const struct demo_prometheus *prometheus;
	const char *begin;
	const char *at;
	int depth;
	struct err *err;
};

struct matcher {
	char label[WORD_MAX];
	char value[WORD_MAX];
	bool is_pattern;
	bool is_not;
	regex_t pattern;
};

struct selector {
	char name[WORD_MAX];
	struct matcher matchers[MATCHERS_MAX];
	size_t n_matchers;
	struct span window;
};

static bool read_value(struct reader *reader, struct demo_prometheus_value *ret);

/* Words and signs
 * --------------------------------------------------------------------------------------------- */

static void skip(struct reader *reader)
{
	reader->at += strspn(reader->at, " \t\r\n");
}

static bool refuse(struct reader *reader, const char *expected)
{
	return err_set(reader->err, ERR_INVALID, "1:%d: parse error: expected %s, got \"%.20s\"",
	               (int)(reader->at - reader->begin) + 1, expected, reader->at);
}

/* Pass over SIGN, if it is there. */
static bool has(struct reader *reader, const char *sign)
{
	size_t length = strlen(sign);

	skip(reader);
	if (strncmp(reader->at, sign, length) != 0)
		return false;
	reader->at += length;
	return true;
}

static bool expect(struct reader *reader, const char *sign)
{
	return has(reader, sign) || refuse(reader, sign);
}

static bool read_word(struct reader *reader, char ret[WORD_MAX])
{
	size_t length = 0;

	skip(reader);
	while (isalnum((unsigned char)reader->at[length]) || reader->at[length] == '_')
		length++;
	if (length == 0 || length >= WORD_MAX)
		return refuse(reader, "a name");
	memcpy(ret, reader->at, length);
	ret[length] = '\0';
	reader->at += length;
	return true;
}

static bool read_quoted(struct reader *reader, char ret[WORD_MAX])
{
	size_t length;

	if (!expect(reader, "\""))
		return false;
	length = strcspn(reader->at, "\"\\");
	if (reader->at[length] != '"' || length >= WORD_MAX)
		return refuse(reader, "a short text without escapes");
	memcpy(ret, reader->at, length);
	ret[length] = '\0';
	reader->at += length + 1;
	return true;
}

/* Selectors
 * -------------------------------------------------------------------------------------------- */

static bool compile(struct reader *reader, struct matcher *matcher)
{
	char anchored[WORD_MAX + 8];

	text_format(anchored, sizeof(anchored), "^(%s)$", matcher->value);
	if (regcomp(&matcher->pattern, anchored, REG_EXTENDED | REG_NOSUB) != 0)
		return refuse(reader, "a regular expression before this");
	return true;
}

static bool read_matcher(struct reader *reader, struct selector *selector)
{
	struct matcher *matcher = &selector->matchers[selector->n_matchers];

	if (selector->n_matchers == MATCHERS_MAX)
		return refuse(reader, "fewer matchers");
	if (!read_word(reader, matcher->label))
		return false;
	matcher->is_pattern = has(reader, "=~");
	if (!matcher->is_pattern && has(reader, "!~")) {
		matcher->is_pattern = true;
		matcher->is_not = true;
	} else if (!matcher->is_pattern && has(reader, "!=")) {
		matcher->is_not = true;
	} else if (!matcher->is_pattern && !expect(reader, "=")) {
		return false;
	}
	if (!read_quoted(reader, matcher->value) ||
	    (matcher->is_pattern && !compile(reader, matcher)))
		return false;
	selector->n_matchers++;
	return true;
}

/* "[1m]" */
static bool read_window(struct reader *reader, struct span *ret)
{
	char text[WORD_MAX];

	if (!expect(reader, "[") || !read_word(reader, text))
		return false;
	if (!span_parse(text, ret, reader->err))
		return err_wrap(reader->err, "1:%d: parse error",
		                (int)(reader->at - reader->begin) + 1);
	return expect(reader, "]");
}

static bool read_selector(struct reader *reader, struct selector *ret)
{
	if (!read_word(reader, ret->name))
		return false;
	if (has(reader, "{") && !has(reader, "}")) {
		do {
			if (!read_matcher(reader, ret))
				return false;
		} while (has(reader, ","));
		if (!expect(reader, "}"))
			return false;
	}
	return read_window(reader, &ret->window);
}

static void selector_fini(struct selector *selector)
{
	for (size_t i = 0; i < selector->n_matchers; i++) {
		if (selector->matchers[i].is_pattern)
			regfree(&selector->matchers[i].pattern);
	}
}

static bool is_selected(const struct selector *selector, const struct demo_series *series)
{
	if (strcmp(selector->name, demo_series_name(series)) != 0)
		return false;
	for (size_t i = 0; i < selector->n_matchers; i++) {
		const struct matcher *matcher = &selector->matchers[i];
		const char *value = demo_series_value(series, matcher->label);
		bool is_match = matcher->is_pattern
		                        ? regexec(&matcher->pattern, value, 0, NULL, 0) == 0
		                        : strcmp(matcher->value, value) == 0;

		if (is_match == matcher->is_not)
			return false;
	}
	return true;
}

static struct demo_prometheus_value sum(const struct reader *reader,
                                        const struct selector *selector, bool is_rate)
{
	const struct demo_prometheus *prometheus = reader->prometheus;
	const struct demo_series *series = NULL;
	struct demo_prometheus_value total = {0};
	double increase;

	while ((series = demo_series_next(prometheus->series, series)) != NULL) {
		if (!is_selected(selector, series) ||
		    !demo_series_increase(series, loop_now(prometheus->loop), selector->window,
		                          &increase))
			continue;
		total.is_there = true;
		total.number += is_rate ? increase * 1000 / (double)selector->window.ms : increase;
	}
	return total;
}

/* sum(rate(NAME{…}[…])) or sum(increase(…)), behind "sum(" */
static bool read_sum(struct reader *reader, struct demo_prometheus_value *ret)
{
	struct selector selector = {0};
	bool is_rate = has(reader, "rate(");
	bool is_read;

	if (!is_rate && !has(reader, "increase("))
		return refuse(reader, "rate( or increase(");
	is_read = read_selector(reader, &selector) && expect(reader, ")") && expect(reader, ")");
	if (is_read)
		*ret = sum(reader, &selector, is_rate);
	selector_fini(&selector);
	return is_read;
}

/* Expressions
 * ------------------------------------------------------------------------------------------ */

static bool read_number(struct reader *reader, struct demo_prometheus_value *ret)
{
	char *end;

	skip(reader);
	ret->number = strtod(reader->at, &end);
	if (end == reader->at)
		return refuse(reader, "a number, sum(, vector( or (");
	ret->is_there = true;
	reader->at = end;
	return true;
}

/* "A or B": B when A is nothing; behind "(" */
static bool read_group(struct reader *reader, struct demo_prometheus_value *ret)
{
	struct demo_prometheus_value other = {0};

	if (!read_value(reader, ret))
		return false;
	while (has(reader, "or ")) {
		if (!read_value(reader, &other))
			return false;
		if (!ret->is_there)
			*ret = other;
	}
	return expect(reader, ")");
}

static bool read_factor(struct reader *reader, struct demo_prometheus_value *ret)
{
	if (has(reader, "sum("))
		return read_sum(reader, ret);
	if (has(reader, "vector("))
		return read_number(reader, ret) && expect(reader, ")");
	if (has(reader, "("))
		return read_group(reader, ret);
	return read_number(reader, ret);
}

static bool read_value(struct reader *reader, struct demo_prometheus_value *ret)
{
	struct demo_prometheus_value right = {0};

	if (++reader->depth > DEPTH_MAX)
		return err_set(reader->err, ERR_LIMIT, "more than %d parentheses", DEPTH_MAX);
	if (!read_factor(reader, ret))
		return false;
	for (;;) {
		bool is_product = has(reader, "*");

		if (!is_product && !has(reader, "/"))
			break;
		if (!read_factor(reader, &right))
			return false;
		ret->is_there = ret->is_there && right.is_there;
		ret->number = is_product ? ret->number * right.number : ret->number / right.number;
	}
	reader->depth--;
	return true;
}

bool demo_prometheus_query(const struct demo_prometheus *prometheus, const char *query,
                           struct demo_prometheus_value *ret, struct err *err)
{
	struct reader reader = {
		.prometheus = prometheus,
		.begin = query,
		.at = query,
		.err = err,
	};
	struct demo_prometheus_value value = {0};

	if (!read_value(&reader, &value))
		return false;
	skip(&reader);
	if (*reader.at)
		return refuse(&reader, "the end");
	*ret = value;
	return true;
}

/* The server
 * ------------------------------------------------------------------------------------------- */

static int hex_of(char digit)
{
	const char *digits = "0123456789ABCDEF";
	const char *found = digit ? strchr(digits, toupper((unsigned char)digit)) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* The value of "query=…" in a form, NULL when there is none. */
static const char *find_query(const char *form, size_t length, struct arena *arena)
{
	const char *at = memmem(form, length, "query=", 6);
	const char *end = form + length;
	char *query;
	size_t n = 0;

	if (!at)
		return NULL;
	query = arena_alloc(arena, length + 1);
	for (at += 6; at < end && *at != '&'; at++) {
		int high = *at == '%' && end - at > 2 ? hex_of(at[1]) : -1;
		int low = high >= 0 ? hex_of(at[2]) : -1;

		query[n++] = *at == '+' ? ' ' : *at;
		if (low < 0)
			continue;
		query[n - 1] = (char)(high * 16 + low);
		at += 2;
	}
	return query;
}

static const char *body_of(const struct demo_prometheus *prometheus,
                           struct demo_prometheus_value value, struct arena *arena)
{
	char number[40];

	if (!value.is_there)
		return "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[]}"
		       "}";
	if (isnan(value.number))
		text_copy(number, "NaN");
	else if (isinf(value.number))
		text_copy(number, value.number > 0 ? "+Inf" : "-Inf");
	else
		text_format(number, sizeof(number), "%.17g", value.number);
	return arena_format(arena,
	                    "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\","
	                    "\"result\":[{\"metric\":{},\"value\":[%.3f,\"%s\"]}]}}",
	                    (double)loop_now(prometheus->loop).ms / 1000, number);
}

struct http_reply demo_prometheus_serve(void *user, const struct http_request *request,
                                        struct arena *arena)
{
	const struct demo_prometheus *prometheus = user;
	const char *form = request->body ? request->body : request->url;
	const char *query =
		find_query(form, request->body ? request->body_length : strlen(form), arena);
	struct http_reply reply = {.status = 200};
	struct demo_prometheus_value value = {0};
	struct err err = {0};

	if (!strstr(request->url, "/api/v1/query") || !query) {
		reply.status = 404;
		reply.body = "404 page not found\n";
	} else if (demo_prometheus_query(prometheus, query, &value, &err)) {
		reply.body = body_of(prometheus, value, arena);
	} else {
		json_t *body = json_pack("{ss ss ss}", "status", "error", "errorType", "bad_data",
		                         "error", err.text);
		char *text = json_dumps(body, JSON_COMPACT);

		if (!text)
			abort();
		reply.status = 400;
		reply.body = arena_text(arena, text);
		free(text);
		json_decref(body);
	}
	reply.body_length = strlen(reply.body);
	return reply;
}

#include "providers/metric.h"

#include "providers/metric_source.h"
#include "providers/wire/url.h"

#include <assert.h>
#include <string.h>

#define METHOD_NOT_ALLOWED 405

static const struct metric_source *const sources[] = {
	&metric_source_prometheus,
};

static const struct metric_source *find_source(const char *name)
{
	for (size_t i = 0; i < array_length(sources); i++) {
		if (strcmp(sources[i]->name, name) == 0)
			return sources[i];
	}
	return NULL;
}

static bool refuse_source(const char *name, struct err *err)
{
	struct buf known = {.max = 256};

	for (size_t i = 0; i < array_length(sources); i++) {
		if (!buf_format(&known, "%s%s", i ? ", " : "", sources[i]->name))
			break;
	}
	(void)err_set(err, ERR_INVALID, "expected one of the metric sources %s, got \"%.40s\"",
	              buf_text(&known), name);
	buf_fini(&known);
	return false;
}

/* A name and a value that cannot end their line. */
static bool is_header(const struct http_header *header)
{
	static const char letters[] =
		"0123456789abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%&'*+-.^_`|~";

	if (!*header->name || header->name[strspn(header->name, letters)])
		return false;
	for (const char *at = header->value; *at; at++) {
		if (((unsigned char)*at < 0x20 && *at != '\t') || *at == 0x7f)
			return false;
	}
	return true;
}

static bool check_headers(const struct metric_question *question, struct err *err)
{
	if (question->n_headers > METRIC_HEADERS_MAX)
		return err_set(err, ERR_LIMIT, "expected at most %d headers, got %zu",
		               METRIC_HEADERS_MAX, question->n_headers);
	for (size_t i = 0; i < question->n_headers; i++) {
		if (!is_header(&question->headers[i]))
			return err_set(err, ERR_INVALID,
			               "expected a header name and a value of one line, got "
			               "something else in header %zu",
			               i + 1);
	}
	return true;
}

bool metric_ask(const struct metric_question *question, struct arena *arena,
                struct http_request *ret, struct err *err)
{
	const struct metric_source *source = find_source(question->source);

	if (!source)
		return refuse_source(question->source, err);
	if (!question->address || !*question->address)
		return err_set(err, ERR_INVALID, "expected the address of a %s server, got none",
		               source->name);
	if (!url_check(question->address, err))
		return err_wrap(err, "%s address", source->name);
	if (strlen(question->query) > METRIC_QUERY_MAX)
		return err_set(err, ERR_LIMIT, "expected a query of at most %d bytes, got %zu",
		               METRIC_QUERY_MAX, strlen(question->query));
	return check_headers(question, err) && source->ask(question, arena, ret, err);
}

bool metric_ask_again(struct metric_question *question, const struct http_reply *reply)
{
	if (question->only_reads || reply->error.kind != ERR_NONE ||
	    reply->status != METHOD_NOT_ALLOWED)
		return false;
	question->only_reads = true;
	return true;
}

bool metric_read(const struct metric_question *question, const struct http_reply *reply,
                 struct sample_fact *ret, struct err *err)
{
	const struct metric_source *source = find_source(question->source);

	assert(source); /* it was asked */
	if (reply->error.kind != ERR_NONE)
		return err_set(err, reply->error.kind, "%s", reply->error.text);
	return source->read(reply, ret, err);
}

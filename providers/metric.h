/*
 * A metric source asked by name: one question, one request, one sample. Where the names come from
 * and which check it is for is the caller's business (providers/measure.c).
 */
#ifndef PROVIDERS_METRIC_H
#define PROVIDERS_METRIC_H

#include "analysis/base/arena.h"
#include "analysis/facts.h"
#include "providers/http.h"

#include <stdbool.h>
#include <stddef.h>

#define METRIC_HEADERS_MAX 24      /* of a question; the source adds its own */
#define METRIC_REPLY_MAX   1048576 /* bytes */
#define METRIC_QUERY_MAX   262144  /* bytes, as a template may give */

/* All texts are borrowed and must outlive the request made from them. */
struct metric_question {
	const char *source;  /* "prometheus" */
	const char *address; /* "https://thanos/prom" */
	const struct http_header *headers;
	size_t n_headers;
	const char *token;    /* wins over username and password; NULL: none */
	const char *username; /* with a password */
	const char *password;
	const char *query; /* as rendered */
	bool insecure;     /* do not verify the server's certificate */
	bool only_reads;   /* the server refused the usual method; set by metric_ask_again */
};

/* Fill RET, whose texts live in the arena or in the question. An unknown source is refused with the
 * list of the known ones. */
bool metric_ask(const struct metric_question *question, struct arena *arena,
                struct http_request *ret, struct err *err);

/*
 * Whether the reply only says that the method is not allowed (405) and another one is left: then
 * the question is changed, and metric_ask gives the next request. True at most once for a question.
 */
bool metric_ask_again(struct metric_question *question, const struct http_reply *reply);

/*
 * What the reply says: SAMPLE_VALUE with a finite number, or SAMPLE_ABSENT ("no values found": no
 * series, or NaN). Anything else, also infinity and several series, is an error for people. `check`
 * of RET is left to the caller.
 */
bool metric_read(const struct metric_question *question, const struct http_reply *reply,
                 struct sample_fact *ret, struct err *err);

#endif

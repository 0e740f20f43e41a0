/*
 * What the agent tells its operators: a level, an event's name that never changes ("lease.won"), a
 * sentence, and fields. One event is one line. Only agent/ logs.
 */
#ifndef AGENT_LOG_H
#define AGENT_LOG_H

#include "agent/loop.h"

#include <stdio.h>

struct log;

#define LOG_TEXT_MAX \
 4096 /* bytes of one sentence or value; the rest is cut, which an ellipsis shows */

enum log_level {
	LOG_NONE,
	LOG_DEBUG,
	LOG_INFO,
	LOG_WARNING,
	LOG_ERROR,
};

enum log_form {
	LOG_FORM_UNKNOWN, /* text on a terminal, else JSON */
	LOG_FORM_JSON,    /* one object per line: level, ts, msg, event, then the fields */
	LOG_FORM_TEXT,
};

/* The value may be NULL, which is "". */
struct log_field {
	const char *key;
	const char *value;
};

/* LOG_FIELDS({"canary", name}, {"namespace", k8s_namespace}) */
#define LOG_FIELDS(...) ((const struct log_field[]){__VA_ARGS__, {NULL, NULL}})

struct log_settings {
	struct loop *loop; /* for the time */
	FILE *stream;      /* stays the caller's; written whole lines at a time */
	enum log_form form;
	enum log_level level; /* and above; LOG_NONE means LOG_INFO */
};

struct log *log_new(const struct log_settings *settings);

/* Accepts NULL, returns NULL. */
struct log *log_free(struct log *log);

/*
 * Tell one event. LOG NULL: nobody listens. FIELDS may be NULL. Texts may hold anything: control
 * characters are escaped, bytes that are not UTF-8 replaced.
 */
void log_event(struct log *log, enum log_level level, const char *event, const char *sentence,
               const struct log_field *fields);

/* "debug", "info", "warn" (or "warning"), "error" (or "fatal", "panic"); anything else is LOG_INFO,
 * as in Flagger. */
enum log_level log_parse_level(const char *name);

#endif

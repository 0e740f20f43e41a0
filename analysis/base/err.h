/*
 * Errors: surprises that the caller can only report.
 *
 * A fallible function returns bool and takes `struct err *err` last. On success it does not touch
 * err, on failure it does not touch its other outputs. An outcome that the caller must plan for is
 * part of the result type instead ("no data yet" is a sample, not an error).
 */
#ifndef ANALYSIS_BASE_ERR_H
#define ANALYSIS_BASE_ERR_H

#include "analysis/base/compiler.h"

#include <stdbool.h>

#define ERR_TEXT_MAX 512

enum err_kind {
	ERR_NONE,
	ERR_MALFORMED, /* bytes that are not what they claim to be */
	ERR_INVALID, /* well formed, but refused: the text names the field and what was expected */
	ERR_LIMIT,   /* a size that a stranger controls went over its bound */
	ERR_TRANSPORT, /* no answer: refused, reset, timed out */
	ERR_STATUS,    /* an answer that says no */
	ERR_SYSTEM,    /* the machine says no: files, memory maps, threads */
};

struct err {
	enum err_kind kind;
	char text[ERR_TEXT_MAX];
};

/* Set kind and text (cut at ERR_TEXT_MAX); accepts err NULL. Returns false, so that it can be
 * returned. */
bool err_set(struct err *err, enum err_kind kind, const char *format, ...) PRINTF_LIKE(3, 4);

/* Put "CONTEXT: " before the text, keeping the kind; accepts err NULL. Returns false. */
bool err_wrap(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);

#endif

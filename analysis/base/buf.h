/* Growing bytes with a mandatory maximum. */
#ifndef ANALYSIS_BASE_BUF_H
#define ANALYSIS_BASE_BUF_H

#include "analysis/base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

/* Zero with a max set is a valid, empty buffer. Bytes are always followed by a NUL when length > 0.
 */
struct buf {
	char *bytes;
	size_t length;
	size_t size;
	size_t max; /* length never exceeds it; 0 allows nothing */
};

/* Append; false (and nothing appended) when the maximum would be passed. Aborts when memory runs
 * out. */
bool buf_add(struct buf *buf, const void *bytes, size_t length) MUST_USE;

/* Append text made as by printf; false as above. */
bool buf_format(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3) MUST_USE;

/* Remove the first LENGTH bytes. */
void buf_drop(struct buf *buf, size_t length);

/* The contents as text, "" when empty; valid until the next change. */
const char *buf_text(const struct buf *buf);

/* Free the bytes; the buffer is empty afterwards and keeps its maximum. */
void buf_fini(struct buf *buf);

#endif

#include "analysis/base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reserve(struct buf *buf, size_t need)
{
	size_t size = buf->size ? buf->size : 64;
	char *bytes;

	while (size < need)
		size *= 2;
	if (size == buf->size)
		return;
	bytes = realloc(buf->bytes, size);
	if (!bytes)
		abort();
	buf->bytes = bytes;
	buf->size = size;
}

bool buf_add(struct buf *buf, const void *bytes, size_t length)
{
	if (length > buf->max || buf->length > buf->max - length)
		return false;
	if (length == 0)
		return true;
	reserve(buf, buf->length + length + 1);
	memcpy(buf->bytes + buf->length, bytes, length);
	buf->length += length;
	buf->bytes[buf->length] = '\0';
	return true;
}

bool buf_format(struct buf *buf, const char *format, ...)
{
	va_list args;
	va_list again;
	int length;
	bool fits;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	assert(length >= 0);
	fits = (size_t)length <= buf->max && buf->length <= buf->max - (size_t)length;
	if (fits && length > 0) {
		reserve(buf, buf->length + (size_t)length + 1);
		(void)vsnprintf(buf->bytes + buf->length, (size_t)length + 1, format, again);
		buf->length += (size_t)length;
	}
	va_end(again);
	return fits;
}

void buf_drop(struct buf *buf, size_t length)
{
	assert(length <= buf->length);
	if (length == 0)
		return;
	memmove(buf->bytes, buf->bytes + length, buf->length - length);
	buf->length -= length;
	buf->bytes[buf->length] = '\0';
}

const char *buf_text(const struct buf *buf)
{
	return buf->length ? buf->bytes : "";
}

void buf_fini(struct buf *buf)
{
	free(buf->bytes);
	buf->bytes = NULL;
	buf->length = 0;
	buf->size = 0;
}

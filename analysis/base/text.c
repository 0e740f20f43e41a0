#include "analysis/base/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The length of TEXT without a UTF-8 character that was cut off at its end. */
static size_t whole(const char *text, size_t length)
{
	size_t start = length;
	size_t size = 1;
	unsigned char lead;

	while (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
		start--;
	if (start == 0)
		return length;
	lead = (unsigned char)text[--start];
	if (lead >= 0xF0)
		size = 4;
	else if (lead >= 0xE0)
		size = 3;
	else if (lead >= 0xC0)
		size = 2;
	return start + size > length ? start : length;
}

void text_format(char *ret, size_t size, const char *format, ...)
{
	va_list args;
	int length;

	assert(size > 0);
	va_start(args, format);
	length = vsnprintf(ret, size, format, args);
	va_end(args);
	if (length >= 0 && (size_t)length >= size)
		ret[whole(ret, size - 1)] = '\0';
}

void text_cut(char *ret, size_t size, const char *text)
{
	size_t length = strnlen(text, size);

	assert(size > 0);
	memmove(ret, text, length < size ? length : size - 1);
	if (length < size)
		ret[length] = '\0';
	else
		ret[whole(ret, size - 1)] = '\0';
}

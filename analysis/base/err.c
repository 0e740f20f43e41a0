#include "analysis/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool err_set(struct err *err, enum err_kind kind, const char *format, ...)
{
	va_list args;

	if (!err)
		return false;
	err->kind = kind;
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return false;
}

bool err_wrap(struct err *err, const char *format, ...)
{
	char cause[ERR_TEXT_MAX];
	size_t used;
	va_list args;

	if (!err)
		return false;
	memcpy(cause, err->text, sizeof(cause));
	va_start(args, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	used = strlen(err->text);
	(void)snprintf(err->text + used, sizeof(err->text) - used, ": %s", cause);
	return false;
}

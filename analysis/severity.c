#include "analysis/severity.h"

#include "analysis/base/compiler.h"

#include <stddef.h>
#include <string.h>

static const char *const names[] = {
	[SEVERITY_NONE] = "",
	[SEVERITY_INFO] = "info",
	[SEVERITY_WARN] = "warn",
	[SEVERITY_ERROR] = "error",
};

const char *severity_name(enum severity severity)
{
	return names[severity];
}

enum severity severity_find(const char *name)
{
	size_t i = array_length(names) - 1;

	while (i > 0 && strcmp(names[i], name) != 0)
		i--;
	return (enum severity)i;
}

#include "analysis/verdict.h"

#include "analysis/base/compiler.h"

#include <string.h>

static const char *const names[] = {
	[VERDICT_UNKNOWN] = "",        [VERDICT_PASS] = "pass",   [VERDICT_FAIL] = "fail",
	[VERDICT_NO_DATA] = "no_data", [VERDICT_ERROR] = "error",
};

const char *verdict_name(enum verdict verdict)
{
	return names[verdict];
}

enum verdict verdict_find(const char *name)
{
	for (enum verdict verdict = VERDICT_PASS; verdict < array_length(names); verdict++) {
		if (strcmp(names[verdict], name) == 0)
			return verdict;
	}
	return VERDICT_UNKNOWN;
}

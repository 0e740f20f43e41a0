#include "analysis/verb.h"

#include "analysis/base/compiler.h"

#include <stddef.h>
#include <string.h>

static const char *const names[] = {
	[VERB_NONE] = "",       [VERB_PROMOTE] = "promote", [VERB_ABORT] = "abort",
	[VERB_PAUSE] = "pause", [VERB_RESUME] = "resume",   [VERB_RETRY] = "retry",
	[VERB_UNDO] = "undo",   [VERB_APPROVE] = "approve", [VERB_REJECT] = "reject",
};

const char *verb_name(enum verb verb)
{
	return names[verb];
}

enum verb verb_find(const char *name)
{
	for (size_t i = 1; i < array_length(names); i++) {
		if (strcmp(names[i], name) == 0)
			return (enum verb)i;
	}
	return VERB_NONE;
}

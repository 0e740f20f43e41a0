/* The texts of rounds and effects: each is one JSON value, as it was recorded. */
#ifndef AGENT_HISTORY_PART_H
#define AGENT_HISTORY_PART_H

#include "analysis/base/err.h"

#include <jansson.h>

/* What TEXT holds, owned by the caller. ERR_INVALID: it was cut off, or is no JSON; ERR_LIMIT: no
 * record is that long. */
bool history_part_read(const char *text, json_t **ret, struct err *err);

#endif

#include "agent/history_part.h"

#include "agent/history.h"
#include "providers/wire/document.h"

#include <string.h>

/* More than any record has: HISTORY_ROUND_MAX is for all its texts together. */
#define PART_MAX ((size_t)HISTORY_ROUND_MAX * 2)

bool history_part_read(const char *text, json_t **ret, struct err *err)
{
	return document_read_json(text, strlen(text), PART_MAX, ret, err);
}

/* A history as JSON lines, for other people's tools and for safekeeping. */
#ifndef AGENT_HISTORY_EXPORT_H
#define AGENT_HISTORY_EXPORT_H

#include "analysis/base/err.h"

#include <sqlite3.h>
#include <stdbool.h>

/*
 * Give one line (without its end) for each entry of the audit chains, by chain and number: the
 * entry's fields, and under "row" the record it is about, whose JSON stands as JSON; null when it
 * is missing. What comes in meanwhile is left out, and DB, of history_read_open, holds nothing
 * while `line` runs. Ends well when `line` returns false.
 */
bool history_export(sqlite3 *db, bool (*line)(void *user, const char *text), void *user,
                    struct err *err);

#endif

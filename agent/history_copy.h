/*
 * A history file while an agent writes to it. The agent holds it exclusively and no lock can be
 * shared with it, so the file and its write-ahead log are read as bytes and put together in memory:
 * the state of the last committed transaction, as it is after a crash at that moment.
 */
#ifndef AGENT_HISTORY_COPY_H
#define AGENT_HISTORY_COPY_H

#include "analysis/base/err.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

#define HISTORY_COPY_MAX ((size_t)2 << 30) /* bytes of the file, or of its log */

/*
 * A read-only connection to a copy of the file at PATH with what its log holds; to be closed with
 * sqlite3_close_v2. Nothing is written beside the file. ERR_SYSTEM when it cannot be read,
 * ERR_LIMIT when it is too large, ERR_INVALID when it is no database.
 */
bool history_copy_open(const char *path, sqlite3 **ret_db, struct err *err);

#endif

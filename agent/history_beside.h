/* What stands beside a history file: names, and the lock that keeps a second agent out. */
#ifndef AGENT_HISTORY_BESIDE_H
#define AGENT_HISTORY_BESIDE_H

#include "agent/history_fault.h"
#include "analysis/base/buf.h"

#include <sqlite3.h>
#include <stdbool.h>

/*
 * The file's name with SUFFIX ("-wal") behind it, as SQLite's file system layer VFS (NULL: the
 * default) makes it: links are followed, for what stands beside a file is beside the one that the
 * link names. Appends to RET; false when that cannot be told, or is too long for RET.
 */
bool history_beside_name(const char *path, const char *vfs, const char *suffix, struct buf *ret);

/* Is there a log beside the file? True, too, when that cannot be told. */
bool history_beside_has_log(const char *path);

/*
 * Keep other agents from the file at PATH: an exclusive lock on the empty database "<path>-agent",
 * which ends when *RET_LOCK is closed with sqlite3_close_v2, or with the process, however it ends.
 * Readers do not ask for it. When it cannot be had the fault is one to wait for.
 */
bool history_beside_lock(const char *path, const char *vfs, sqlite3 **ret_lock,
                         struct history_fault *fault);

#endif

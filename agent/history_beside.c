#include "agent/history_beside.h"

#include "analysis/base/compiler.h"

#include <stdio.h>
#include <stdlib.h>

#define NAME_MAX_BYTES 16384

bool history_beside_name(const char *path, const char *vfs, const char *suffix, struct buf *ret)
{
	sqlite3_vfs *disk = sqlite3_vfs_find(vfs);
	char *full = malloc((size_t)disk->mxPathname + 1);
	bool is_fine;

	if (!full)
		abort();
	/* Of a link it says more than SQLITE_OK. */
	is_fine =
		(disk->xFullPathname(disk, path, disk->mxPathname + 1, full) & 0xff) == SQLITE_OK &&
		buf_format(ret, "%s%s", full, suffix);
	free(full);
	return is_fine;
}

bool history_beside_has_log(const char *path)
{
	CLEANUP(buf_fini) struct buf name = {.max = NAME_MAX_BYTES};
	sqlite3_vfs *disk = sqlite3_vfs_find(NULL);
	int is_there = 1;

	if (!history_beside_name(path, NULL, "-wal", &name) ||
	    disk->xAccess(disk, buf_text(&name), SQLITE_ACCESS_EXISTS, &is_there) != SQLITE_OK)
		return true;
	return is_there != 0;
}

/* Whatever is wrong with the lock's file says nothing of the history. */
static bool lock_failed(sqlite3 *lock, const char *name, struct history_fault *fault)
{
	struct history_fault found = {0};

	history_fault_set(&found, lock);
	if (found.kind == HISTORY_FAULT_WAIT) {
		*fault = found;
	} else {
		fault->kind = HISTORY_FAULT_REOPEN;
		snprintf(fault->text, sizeof(fault->text), "%.200s: %.160s", name, found.text);
	}
	sqlite3_close_v2(lock);
	return false;
}

bool history_beside_lock(const char *path, const char *vfs, sqlite3 **ret_lock,
                         struct history_fault *fault)
{
	CLEANUP(buf_fini) struct buf name = {.max = NAME_MAX_BYTES};
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
	            SQLITE_OPEN_EXRESCODE;
	sqlite3 *lock = NULL;

	if (!history_beside_name(path, vfs, "-agent", &name)) {
		fault->kind = HISTORY_FAULT_REOPEN;
		snprintf(fault->text, sizeof(fault->text), "unable to open database file");
		return false;
	}
	if (sqlite3_open_v2(buf_text(&name), &lock, flags, vfs) != SQLITE_OK)
		return lock_failed(lock, buf_text(&name), fault);
	if (sqlite3_db_readonly(lock, "main") == 1) {
		fault->kind = HISTORY_FAULT_REOPEN;
		snprintf(fault->text, sizeof(fault->text),
		         "the file can only be opened for reading");
		sqlite3_close_v2(lock);
		return false;
	}
	/* Nothing is ever written: the transaction stays open for its lock. */
	if (sqlite3_exec(lock, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE", NULL, NULL,
	                 NULL) != SQLITE_OK)
		return lock_failed(lock, buf_text(&name), fault);
	*ret_lock = lock;
	return true;
}

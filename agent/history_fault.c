#include "agent/history_fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum history_fault_kind kind_of(int code)
{
	switch (code) {
	case SQLITE_FULL:
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return HISTORY_FAULT_WAIT;
	case SQLITE_CONSTRAINT:
	case SQLITE_TOOBIG:
	case SQLITE_MISMATCH:
		return HISTORY_FAULT_RECORD;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return HISTORY_FAULT_BROKEN;
	default:
		return HISTORY_FAULT_REOPEN;
	}
}

bool history_fault_set(struct history_fault *fault, sqlite3 *db)
{
	int code = sqlite3_errcode(db) & 0xff;
	int reason = sqlite3_system_errno(db);

	if (code == SQLITE_NOMEM)
		abort();
	fault->kind = kind_of(code);
	if (code == SQLITE_BUSY)
		snprintf(fault->text, sizeof(fault->text), "another process holds the file");
	else if ((code == SQLITE_IOERR || code == SQLITE_CANTOPEN) && reason != 0)
		snprintf(fault->text, sizeof(fault->text), "%s: %s", sqlite3_errmsg(db),
		         strerror(reason));
	else
		snprintf(fault->text, sizeof(fault->text), "%s", sqlite3_errmsg(db));
	return false;
}

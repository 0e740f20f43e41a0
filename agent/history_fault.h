/* What went wrong with the store, sorted by what the writer does about it. */
#ifndef AGENT_HISTORY_FAULT_H
#define AGENT_HISTORY_FAULT_H

#include <sqlite3.h>
#include <stdbool.h>

#define HISTORY_FAULT_TEXT_MAX 384

enum history_fault_kind {
	HISTORY_FAULT_NONE,
	HISTORY_FAULT_WAIT, /* full, or held by another process: the same connection may work later
	                     */
	HISTORY_FAULT_REOPEN, /* the disk or the file says no: a new connection may work later */
	HISTORY_FAULT_RECORD, /* the schema refuses one record; all others may go on */
	HISTORY_FAULT_BROKEN, /* what is in the file is not a database, or not ours: begin a new one
	                       */
};

struct history_fault {
	enum history_fault_kind kind;
	char text[HISTORY_FAULT_TEXT_MAX]; /* "database or disk is full" */
};

/* Describe the last error of a connection (NULL: out of memory). Returns false, so that it can be
 * returned. */
bool history_fault_set(struct history_fault *fault, sqlite3 *db);

#endif

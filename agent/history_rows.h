/*
 * The rows of the history: each record becomes one in its table and an entry in the audit chain.
 * Transactions are the caller's.
 */
#ifndef AGENT_HISTORY_ROWS_H
#define AGENT_HISTORY_ROWS_H

#include "agent/history_chain.h"
#include "agent/history_fault.h"
#include "agent/history_payload.h"
#include "agent/history_record.h"
#include "analysis/base/buf.h"

#include <sqlite3.h>

#define HISTORY_ROWS_STATEMENTS 11

/* The end of our chain. */
struct history_rows_head {
	int64_t seq;
	char hash[HISTORY_CHAIN_DIGEST_SIZE];
};

/* Zero it and set the names, whose texts must outlive it. */
struct history_rows {
	const char *chain;
	const char *actor;
	const char *boot;
	struct history_rows_head head; /* after what was written last */
	struct instant last; /* of the newest entry of any chain when history_rows_find looked; not
	                        set: the file had none */

	/* Its own. */
	sqlite3 *db;
	sqlite3_stmt *statements[HISTORY_ROWS_STATEMENTS];
	struct buf payload;
};

/* Prepare for an open database that has the tables; to be undone by history_rows_finish, also when
 * it failed. */
bool history_rows_prepare(struct history_rows *rows, sqlite3 *db, struct history_fault *fault);

/* Let go of the database; harmless when there is none. */
void history_rows_finish(struct history_rows *rows);

/* Read the end of our chain into head, and of the file into last. */
bool history_rows_find(struct history_rows *rows, struct history_fault *fault);

/* Write a record, or, when it was refused before, the gap that stands for it. What is there already
 * (same uid) is passed over. */
bool history_rows_write(struct history_rows *rows, const struct history_record *record,
                        struct history_fault *fault);

/* Write a gap of that kind. */
bool history_rows_gap(struct history_rows *rows, enum history_record_kind of,
                      const struct history_gap *gap, const char *uid, struct history_fault *fault);

/* Write what retention is about to remove, in the same transaction. */
bool history_rows_prune(struct history_rows *rows, const struct history_prune_row *prune,
                        struct history_fault *fault);

#endif

/*
 * Rows of the tables that the audit chain covers, read back: what their entries say of them, made
 * again from what is stored.
 */
#ifndef AGENT_HISTORY_STORED_H
#define AGENT_HISTORY_STORED_H

#include "agent/history_chain.h"
#include "analysis/base/buf.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

enum history_stored_entity {
	HISTORY_STORED_ROUND,
	HISTORY_STORED_EFFECT,
	HISTORY_STORED_GAP,
	HISTORY_STORED_SPLIT,
	HISTORY_STORED_PRUNE,
	HISTORY_STORED_ENTITIES,
};

struct history_stored_table {
	const char *name; /* as in audit_log.entity */
	const char *row;  /* SQL: one row by its uid */
	const char *count;
	const char *stray; /* SQL: uids of rows that no entry speaks of, or of two with one uid */
};

extern const struct history_stored_table history_stored_tables[HISTORY_STORED_ENTITIES];

/* Columns of a round's row that more is asked of. */
enum history_stored_round {
	HISTORY_STORED_ROUND_UID = 1,
	HISTORY_STORED_ROUND_VERSION = 8,
	HISTORY_STORED_ROUND_FACTS = 10,
	HISTORY_STORED_ROUND_PLAN,
	HISTORY_STORED_ROUND_SPEC_SHA256,
	HISTORY_STORED_ROUND_CUT,
	HISTORY_STORED_ROUND_BASE_SHA256,
};

/* The text of a column; of anything that the writer does not write there, a text that it never
 * writes: a number, a blob, or a text that goes on behind a NUL would look the same otherwise. */
const char *history_stored_text(sqlite3_stmt *row, int index);

/* The whole number of a column, the same way. */
int64_t history_stored_number(sqlite3_stmt *row, int index);

/* Whether ROW is as PAYLOAD, which its entry has, says. Scratch is RET's max HISTORY_PAYLOAD_MAX.
 */
bool history_stored_is(enum history_stored_entity entity, sqlite3_stmt *row, const char *payload,
                       struct buf *scratch);

/* The same of a row that retention took its raw part from: but for that it is as it was. */
bool history_stored_is_bare(enum history_stored_entity entity, sqlite3_stmt *row,
                            const char *payload, struct buf *scratch);

#endif

/* What all who read or write the tables of the history do with a statement of SQLite. */
#ifndef AGENT_HISTORY_ROW_H
#define AGENT_HISTORY_ROW_H

#include <sqlite3.h>

/* Finalize; for CLEANUP. Accepts a statement that was never prepared. */
void history_row_free(sqlite3_stmt **statement);

/* The text of column INDEX (from 0) until the next step, "" for NULL. Whoever compares what may
 * have been forged takes history_stored_text. */
const char *history_row_text(sqlite3_stmt *row, int index);

#endif

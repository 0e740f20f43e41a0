#include "agent/history_row.h"

void history_row_free(sqlite3_stmt **statement)
{
	sqlite3_finalize(*statement);
}

const char *history_row_text(sqlite3_stmt *row, int index)
{
	const char *text = (const char *)sqlite3_column_text(row, index);

	return text ? text : "";
}

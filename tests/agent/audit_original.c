#include "tests/agent/audit_original.h"

#include "tests/agent/split_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CHAIN "cluster-a/serin"

static const char *text_at(sqlite3_stmt *row, int index)
{
	return (const char *)sqlite3_column_text(row, index);
}

void audit_original_text(sqlite3 *db, const char *text, char *ret, size_t size)
{
	sqlite3_stmt *row = NULL;

	*ret = '\0';
	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &row, NULL), SQLITE_OK);
	if (sqlite3_step(row) == SQLITE_ROW)
		(void)snprintf(ret, size, "%s", (const char *)sqlite3_column_text(row, 0));
	sqlite3_finalize(row);
}

void audit_original_open(const struct audit_original *original, sqlite3 **ret)
{
	unsigned char *image = sqlite3_malloc64((sqlite3_uint64)original->size);

	assert_non_null(image);
	memcpy(image, original->image, (size_t)original->size);
	assert_int_equal(sqlite3_open(":memory:", ret), SQLITE_OK);
	assert_int_equal(sqlite3_deserialize(*ret, "main", image, original->size, original->size,
	                                     SQLITE_DESERIALIZE_FREEONCLOSE |
	                                             SQLITE_DESERIALIZE_RESIZEABLE),
	                 SQLITE_OK);
	assert_int_equal(sqlite3_exec(*ret, "PRAGMA ignore_check_constraints = ON", NULL, NULL,
	                              NULL),
	                 SQLITE_OK);
}

static void write_original(struct desk *desk, bool is_pruned)
{
	if (is_pruned)
		desk->keep = span_seconds(3600);
	history_desk_open(desk);
	for (unsigned i = 1; i <= AUDIT_ROUNDS; i++) {
		history_desk_decision(desk, i);
		history_desk_effect(desk, i, HISTORY_QUESTION, "measure request-duration");
		history_desk_effect(desk, i, HISTORY_CHANGE, "write route");
		history_desk_effect(desk, i, HISTORY_ANSWER, "write route");
		history_desk_effect(desk, i, HISTORY_ANSWER, "measure request-duration");
		if (is_pruned && (i == 5 || i == 9)) /* rounds 2 and 3, and 4 to 7 */
			history_desk_prune(desk, span_ms(3600000 + 10 * ((int64_t)i - 1)));
		if (i % 4 == 0)
			split_desk_write(desk->history, i % 8 == 0 ? 90 : 50);
		if (i % 5 == 0)
			history_gap(desk->history, "r00001", (struct instant){1795236300000});
		if (i == AUDIT_ROUNDS / 2) {
			history_desk_close(desk);
			history_desk_open(desk); /* and a gap that says so */
		}
	}
	history_desk_close(desk);
}

void audit_original_read(struct desk *desk, bool is_pruned, struct audit_original *ret)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *row = NULL;
	char name[64];

	write_original(desk, is_pruned);
	ret->is_pruned = is_pruned;
	assert_int_equal(sqlite3_open(desk->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(
				 db,
				 "SELECT seq, entity, entity_uid, hash FROM audit_log ORDER BY seq",
				 -1, &row, NULL),
	                 SQLITE_OK);
	while (sqlite3_step(row) == SQLITE_ROW) {
		struct audit_entry *entry = &ret->entries[++ret->n];
		struct history_witness *anchor;

		assert_true(ret->n < AUDIT_ENTRIES_MAX);
		(void)snprintf(entry->entity, sizeof(entry->entity), "%s", text_at(row, 1));
		(void)snprintf(entry->uid, sizeof(entry->uid), "%s", text_at(row, 2));
		if (ret->n > AUDIT_ANCHORS * 18 || ret->n % 18 != 0)
			continue;
		anchor = &ret->anchors[ret->n / 18 - 1];
		(void)snprintf(ret->anchor_names[ret->n / 18 - 1], sizeof(ret->anchor_names[0]),
		               "release cart-%d", ret->n / 18);
		anchor->name = ret->anchor_names[ret->n / 18 - 1];
		anchor->anchor.seq = ret->n;
		(void)snprintf(anchor->anchor.chain, sizeof(anchor->anchor.chain), CHAIN);
		(void)snprintf(anchor->anchor.hash, sizeof(anchor->anchor.hash), "%s",
		               text_at(row, 3));
		ret->anchored = ret->n;
	}
	sqlite3_finalize(row);
	for (;;) {
		char drop[128];

		audit_original_text(db, "SELECT name FROM sqlite_schema WHERE type = 'trigger'",
		                    name, sizeof(name));
		if (name[0] == '\0')
			break;
		(void)snprintf(drop, sizeof(drop), "DROP TRIGGER %s", name);
		assert_int_equal(sqlite3_exec(db, drop, NULL, NULL, NULL), SQLITE_OK);
	}
	assert_int_equal(sqlite3_exec(db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL),
	                 SQLITE_OK);
	ret->image = sqlite3_serialize(db, "main", &ret->size, 0);
	assert_non_null(ret->image);
	sqlite3_close(db);
}

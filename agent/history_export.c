#include "agent/history_export.h"

#include "agent/history.h"
#include "agent/history_read.h"
#include "analysis/base/compiler.h"
#include "analysis/base/instant.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"
#include "providers/wire/document.h"
#include "providers/wire/tree.h"

#include <stdlib.h>
#include <string.h>

/* What may stand in a record's JSON: more than the limit of a record, for escapes. */
#define PART_MAX ((size_t)HISTORY_ROUND_MAX * 2)

enum {
	ENTRIES,
	ROUND,
	EFFECT,
	GAP,
	N_TEXTS
};

/* Names of columns are those of the line; a name that ends in _json is JSON, one in _at a time. */
static const char *const texts[N_TEXTS] = {
	[ENTRIES] =
		"SELECT chain, seq, ts AS happened_at, actor, action, entity, entity_uid AS uid,"
		" payload, payload_sha256, prev_hash, hash FROM audit_log ORDER BY chain, seq",
	[ROUND] =
		"SELECT k8s_namespace AS namespace, canary_name AS canary, canary_uid,"
		" release_name AS release, release_seq, decided_at, decide_version, reason,"
		" spec_json, facts_json, plan_json, is_cut FROM round"
		" LEFT JOIN canary_spec ON sha256 = spec_sha256 WHERE uid = $1",
	[EFFECT] =
		"SELECT round_uid AS round, kind, effect_key AS effect, detail_json, result,"
		" happened_at, is_cut FROM round_effect WHERE uid = $1",
	[GAP] = "SELECT kind, round_uid AS round, n_records AS records, from_at, until_at, detail"
		" FROM gap WHERE uid = $1",
};

static bool ends_in(const char *name, const char *end)
{
	size_t length = strlen(name);

	return length > strlen(end) && strcmp(name + length - strlen(end), end) == 0;
}

static json_t *json_of(const char *text)
{
	json_t *tree = NULL;

	return document_read_json(text, strlen(text), PART_MAX, &tree, NULL) ? tree : NULL;
}

static void put(json_t *line, sqlite3_stmt *row, int index)
{
	const char *name = sqlite3_column_name(row, index);
	const char *text = (const char *)sqlite3_column_text(row, index);
	char key[64];
	char time[INSTANT_TEXT_MAX];
	json_t *tree;

	text_format(key, sizeof(key), "%s", name);
	if (!text) {
		kube_tree_set(line, key, json_null());
	} else if (ends_in(name, "_at")) {
		kube_tree_set_text(
			line, key,
			instant_format((struct instant){sqlite3_column_int64(row, index)}, time));
	} else if (sqlite3_column_type(row, index) == SQLITE_INTEGER) {
		kube_tree_set(line, key, json_integer(sqlite3_column_int64(row, index)));
	} else if (ends_in(name, "_json") && (tree = json_of(text))) {
		key[strlen(key) - strlen("_json")] = '\0';
		kube_tree_set(line, key, tree);
	} else {
		kube_tree_set_text(line, key, text);
	}
}

static json_t *line_of(sqlite3_stmt *row)
{
	json_t *line = kube_tree_object();

	for (int i = 0; i < sqlite3_column_count(row); i++)
		put(line, row, i);
	return line;
}

static json_t *row_of(sqlite3_stmt *const statements[N_TEXTS], const json_t *line)
{
	const char *entity = kube_tree_value(line, "entity");
	sqlite3_stmt *statement = strcmp(entity, "round") == 0          ? statements[ROUND]
	                          : strcmp(entity, "round_effect") == 0 ? statements[EFFECT]
	                                                                : statements[GAP];
	json_t *row = NULL;

	sqlite3_bind_text(statement, 1, kube_tree_value(line, "uid"), -1, SQLITE_STATIC);
	if (sqlite3_step(statement) == SQLITE_ROW)
		row = line_of(statement);
	sqlite3_reset(statement);
	return row ? row : json_null();
}

static bool write_all(sqlite3 *db, sqlite3_stmt *const statements[N_TEXTS],
                      bool (*line)(void *user, const char *text), void *user, struct err *err)
{
	int code;

	while ((code = sqlite3_step(statements[ENTRIES])) == SQLITE_ROW) {
		CLEANUP(tree_freep) json_t *entry = line_of(statements[ENTRIES]);
		char *text;
		bool goes_on;

		kube_tree_set(entry, "row", row_of(statements, entry));
		text = json_dumps(entry, JSON_COMPACT | JSON_SORT_KEYS);
		if (!text)
			abort();
		goes_on = line(user, text);
		free(text);
		if (!goes_on)
			return true;
	}
	return code == SQLITE_DONE || history_read_failed(db, err);
}

bool history_export(sqlite3 *db, bool (*line)(void *user, const char *text), void *user,
                    struct err *err)
{
	sqlite3_stmt *statements[N_TEXTS] = {NULL};
	bool is_fine = true;

	for (size_t i = 0; i < N_TEXTS && is_fine; i++)
		is_fine = sqlite3_prepare_v2(db, texts[i], -1, &statements[i], NULL) == SQLITE_OK ||
		          history_read_failed(db, err);
	is_fine = is_fine && write_all(db, statements, line, user, err);
	for (size_t i = 0; i < N_TEXTS; i++)
		sqlite3_finalize(statements[i]);
	return is_fine;
}

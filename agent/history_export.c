#include "agent/history_export.h"

#include "agent/history.h"
#include "agent/history_part.h"
#include "agent/history_read.h"
#include "analysis/base/compiler.h"
#include "analysis/base/instant.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"
#include "providers/wire/tree.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES_AT_ONCE 100

/* What may stand in a record's JSON: more than the limit of a record, for escapes. */

enum {
	ENTRIES,
	ROUND,
	EFFECT,
	GAP,
	SPLIT,
	PRUNE,
	N_TEXTS
};

/* Names of columns are those of the line; a name that ends in _json is JSON, one in _at a time. */
static const char *const texts[N_TEXTS] = {
	[ENTRIES] =
		"SELECT chain, seq, ts AS happened_at, actor, action, entity, entity_uid AS uid,"
		" payload, payload_sha256, prev_hash, hash FROM audit_log"
		" WHERE rowid <= $1 AND (chain, seq) > ($2, $3) ORDER BY chain, seq LIMIT $4",
	[ROUND] =
		"SELECT k8s_namespace AS namespace, canary_name AS canary, canary_uid,"
		" release_name AS release, release_seq, decided_at, decide_version, reason,"
		" spec_json, b.facts_json AS base_json, f.facts_json, plan_json, is_cut,"
		" CASE WHEN f.round_id IS NULL THEN (SELECT p.pruned_at FROM prune p"
		" WHERE p.until_at >= decided_at ORDER BY p.until_at LIMIT 1) END AS pruned_at"
		" FROM round LEFT JOIN round_facts f ON f.round_id = round.id"
		" LEFT JOIN canary_spec s ON s.sha256 = spec_sha256"
		" LEFT JOIN facts_base b ON b.sha256 = base_sha256 WHERE uid = $1",
	[EFFECT] =
		"SELECT round_uid AS round, kind, effect_key AS effect, detail_json, result,"
		" happened_at, is_cut FROM round_effect WHERE uid = $1",
	[GAP] = "SELECT kind, round_uid AS round, n_records AS records, from_at, until_at, detail"
		" FROM gap WHERE uid = $1",
	[SPLIT] =
		"SELECT object_api, object_kind, k8s_namespace AS namespace, object_name, object_uid,"
		" resource_version, origin, author, result, applied_at, seen_at, split_json, is_cut"
		" FROM traffic_change WHERE uid = $1",
	[PRUNE] =
		"SELECT pruned_at, cutoff_at, until_at, of_chain AS chain, first_seq, last_seq,"
		" n_rounds AS rounds, n_answers AS answers, sha256 FROM prune WHERE uid = $1",
};

static bool ends_in(const char *name, const char *end)
{
	size_t length = strlen(name);

	return length > strlen(end) && strcmp(name + length - strlen(end), end) == 0;
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
		if (ends_in(name, "_json")) /* retention removed it, or there never was one */
			key[strlen(key) - strlen("_json")] = '\0';
		kube_tree_set(line, key, json_null());
	} else if (ends_in(name, "_at")) {
		kube_tree_set_text(
			line, key,
			instant_format((struct instant){sqlite3_column_int64(row, index)}, time));
	} else if (sqlite3_column_type(row, index) == SQLITE_INTEGER) {
		kube_tree_set(line, key, json_integer(sqlite3_column_int64(row, index)));
	} else if (ends_in(name, "_json") && history_part_read(text, &tree, NULL)) {
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
	sqlite3_stmt *statement = strcmp(entity, "round") == 0            ? statements[ROUND]
	                          : strcmp(entity, "round_effect") == 0   ? statements[EFFECT]
	                          : strcmp(entity, "traffic_change") == 0 ? statements[SPLIT]
	                          : strcmp(entity, "prune") == 0          ? statements[PRUNE]
	                                                                  : statements[GAP];
	json_t *row = NULL;

	sqlite3_bind_text(statement, 1, kube_tree_value(line, "uid"), -1, SQLITE_STATIC);
	if (sqlite3_step(statement) == SQLITE_ROW)
		row = line_of(statement);
	sqlite3_reset(statement);
	return row ? row : json_null();
}

/* Lines that are read and not yet given away, and where reading goes on. */
struct batch {
	sqlite3 *db;
	sqlite3_stmt *const *statements;
	int64_t last; /* the newest entry when the export began: what comes later is left out */
	char *chain;
	int64_t seq;
	char *lines[ENTRIES_AT_ONCE];
	int n;
};

static char *text_or_abort(char *text)
{
	if (!text)
		abort();
	return text;
}

static void batch_fini(struct batch *batch)
{
	for (int i = 0; i < batch->n; i++)
		free(batch->lines[i]);
	batch->n = 0;
}

static void batch_add(struct batch *batch, sqlite3_stmt *row)
{
	CLEANUP(tree_freep) json_t *entry = line_of(row);

	kube_tree_set(entry, "row", row_of(batch->statements, entry));
	batch->lines[batch->n++] = text_or_abort(json_dumps(entry, JSON_COMPACT | JSON_SORT_KEYS));
	free(batch->chain);
	batch->chain = text_or_abort(strdup(kube_tree_value(entry, "chain")));
	batch->seq = sqlite3_column_int64(row, 1);
}

static bool batch_read(struct batch *batch, struct err *err)
{
	sqlite3_stmt *row = batch->statements[ENTRIES];
	int code;

	batch_fini(batch);
	sqlite3_bind_int64(row, 1, batch->last);
	/* SQLite keeps a copy: the batch's own moves on with each row. */
	sqlite3_bind_text(row, 2, batch->chain, -1, SQLITE_TRANSIENT);
	sqlite3_bind_int64(row, 3, batch->seq);
	sqlite3_bind_int(row, 4, ENTRIES_AT_ONCE);
	while ((code = sqlite3_step(row)) == SQLITE_ROW)
		batch_add(batch, row);
	if (code != SQLITE_DONE)
		(void)history_read_failed(batch->db, err);
	sqlite3_reset(row);
	return code == SQLITE_DONE;
}

/* The file is let go while lines are given away: whoever takes them may be slow. Nothing but what
 * is after *LAST comes in meanwhile, and nothing goes. */
static bool write_all(struct batch *batch, bool (*line)(void *user, const char *text), void *user,
                      struct err *err)
{
	do {
		if (!batch_read(batch, err))
			return false;
		if (sqlite3_exec(batch->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
			return history_read_failed(batch->db, err);
		for (int i = 0; i < batch->n; i++) {
			if (!line(user, batch->lines[i]))
				return true;
		}
		if (sqlite3_exec(batch->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
			return history_read_failed(batch->db, err);
	} while (batch->n == ENTRIES_AT_ONCE);
	return true;
}

static bool last_read(sqlite3 *db, int64_t *ret, struct err *err)
{
	sqlite3_stmt *row = NULL;
	bool is_read = sqlite3_prepare_v2(db, "SELECT COALESCE(MAX(rowid), 0) FROM audit_log", -1,
	                                  &row, NULL) == SQLITE_OK &&
	               sqlite3_step(row) == SQLITE_ROW;

	if (is_read)
		*ret = sqlite3_column_int64(row, 0);
	else
		(void)history_read_failed(db, err);
	sqlite3_finalize(row);
	return is_read;
}

bool history_export(sqlite3 *db, bool (*line)(void *user, const char *text), void *user,
                    struct err *err)
{
	sqlite3_stmt *statements[N_TEXTS] = {NULL};
	struct batch batch = {.db = db, .statements = statements};
	bool is_fine = true;

	for (size_t i = 0; i < N_TEXTS && is_fine; i++)
		is_fine = sqlite3_prepare_v2(db, texts[i], -1, &statements[i], NULL) == SQLITE_OK ||
		          history_read_failed(db, err);
	batch.chain = text_or_abort(strdup(""));
	is_fine = is_fine && last_read(db, &batch.last, err) && write_all(&batch, line, user, err);
	batch_fini(&batch);
	free(batch.chain);
	for (size_t i = 0; i < N_TEXTS; i++)
		sqlite3_finalize(statements[i]);
	return is_fine;
}

#include "agent/history_rows.h"

#include "agent/history_part.h"
#include "agent/history_payload.h"
#include "agent/history_row.h"
#include "analysis/base/compiler.h"
#include "providers/wire/tree.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define UID_SIZE (HISTORY_RECORD_NAME_MAX + 64)

enum statement {
	STATEMENT_SPEC,
	STATEMENT_BASE,
	STATEMENT_ROUND,
	STATEMENT_FACTS,
	STATEMENT_EFFECT,
	STATEMENT_LAST_SPLIT,
	STATEMENT_OBSERVED,
	STATEMENT_SPLIT,
	STATEMENT_GAP,
	STATEMENT_PRUNE,
	STATEMENT_AUDIT,
	N_STATEMENTS = HISTORY_ROWS_STATEMENTS,
};

static const char *const statement_texts[N_STATEMENTS] = {
	[STATEMENT_SPEC] =
		"INSERT INTO canary_spec (sha256, spec_json) VALUES ($1, $2)"
		" ON CONFLICT (sha256) DO NOTHING",
	[STATEMENT_BASE] =
		"INSERT INTO facts_base (sha256, facts_json) VALUES ($1, $2)"
		" ON CONFLICT (sha256) DO NOTHING",
	[STATEMENT_ROUND] =
		"INSERT INTO round (uid, k8s_namespace, canary_name, canary_uid, release_name,"
		" release_seq, decided_at, decide_version, reason, spec_sha256, plan_json, is_cut,"
		" base_sha256) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
		" ON CONFLICT (uid) DO NOTHING",
	[STATEMENT_FACTS] =
		"INSERT INTO round_facts (round_id, base_id, facts_json)"
		" VALUES ($1, (SELECT id FROM facts_base WHERE sha256 = $2), $3)",
	[STATEMENT_EFFECT] =
		"INSERT INTO round_effect (uid, round_uid, kind, effect_key, detail_json, result,"
		" happened_at, is_cut) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
		" ON CONFLICT (uid) DO NOTHING",
	[STATEMENT_LAST_SPLIT] =
		"SELECT result, split_json FROM traffic_change WHERE object_uid = $1"
		" ORDER BY id DESC LIMIT 1",
	[STATEMENT_OBSERVED] =
		"SELECT object_uid, object_api, k8s_namespace, object_name FROM traffic_change t"
		" WHERE object_kind = $1 AND ($2 = '' OR k8s_namespace = $2) AND result = 'observed'"
		" AND id = (SELECT MAX(id) FROM traffic_change WHERE object_uid = t.object_uid)",
	[STATEMENT_SPLIT] =
		"INSERT INTO traffic_change (uid, object_api, object_kind, k8s_namespace, object_name,"
		" object_uid, resource_version, origin, author, result, applied_at, seen_at,"
		" split_json, is_cut)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
		" ON CONFLICT (uid) DO NOTHING",
	[STATEMENT_GAP] =
		"INSERT INTO gap (uid, kind, round_uid, n_records, from_at, until_at, detail)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (uid) DO NOTHING",
	[STATEMENT_PRUNE] =
		"INSERT INTO prune (uid, pruned_at, cutoff_at, until_at, of_chain, first_seq,"
		" last_seq, n_rounds, n_answers, sha256)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
	[STATEMENT_AUDIT] =
		"INSERT INTO audit_log (chain, seq, ts, actor, action, entity, entity_uid, payload,"
		" payload_sha256, prev_hash, hash)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
};

bool history_rows_prepare(struct history_rows *rows, sqlite3 *db, struct history_fault *fault)
{
	rows->db = db;
	for (size_t i = 0; i < N_STATEMENTS; i++) {
		if (sqlite3_prepare_v3(db, statement_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
		                       &rows->statements[i], NULL) != SQLITE_OK)
			return history_fault_set(fault, db);
	}
	return true;
}

void history_rows_finish(struct history_rows *rows)
{
	for (size_t i = 0; i < N_STATEMENTS; i++) {
		sqlite3_finalize(rows->statements[i]);
		rows->statements[i] = NULL;
	}
	buf_fini(&rows->payload);
	rows->db = NULL;
}

/* Of any chain: who wrote before had, as each process of the agent, one of its own. */
static bool last_find(struct history_rows *rows, struct history_fault *fault)
{
	static const char sql[] = "SELECT ts FROM audit_log ORDER BY rowid DESC LIMIT 1";
	CLEANUP(history_row_free) sqlite3_stmt *statement = NULL;
	int code;

	rows->last = (struct instant){0};
	if (sqlite3_prepare_v2(rows->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return history_fault_set(fault, rows->db);
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		rows->last = (struct instant){sqlite3_column_int64(statement, 0)};
	return code == SQLITE_ROW || code == SQLITE_DONE || history_fault_set(fault, rows->db);
}

bool history_rows_find(struct history_rows *rows, struct history_fault *fault)
{
	static const char sql[] =
		"SELECT seq, hash FROM audit_log WHERE chain = $1 ORDER BY seq DESC LIMIT 1";
	CLEANUP(history_row_free) sqlite3_stmt *statement = NULL;
	int code;

	rows->head = (struct history_rows_head){.hash = HISTORY_CHAIN_ORIGIN};
	if (!last_find(rows, fault))
		return false;
	if (sqlite3_prepare_v2(rows->db, sql, -1, &statement, NULL) != SQLITE_OK ||
	    sqlite3_bind_text(statement, 1, rows->chain, -1, SQLITE_STATIC) != SQLITE_OK)
		return history_fault_set(fault, rows->db);
	code = sqlite3_step(statement);
	if (code == SQLITE_DONE)
		return true;
	if (code != SQLITE_ROW)
		return history_fault_set(fault, rows->db);
	rows->head.seq = sqlite3_column_int64(statement, 0);
	snprintf(rows->head.hash, sizeof(rows->head.hash), "%s",
	         (const char *)sqlite3_column_text(statement, 1));
	return true;
}

static void bind_text(sqlite3_stmt *statement, int index, const char *text)
{
	int code = sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);

	assert(code == SQLITE_OK);
}

static void bind_number(sqlite3_stmt *statement, int index, int64_t number)
{
	int code = sqlite3_bind_int64(statement, index, number);

	assert(code == SQLITE_OK);
}

/* Run an INSERT once; *ret_is_new says whether it made a row. */
static bool insert(struct history_rows *rows, enum statement which, bool *ret_is_new,
                   struct history_fault *fault)
{
	sqlite3_stmt *statement = rows->statements[which];
	bool is_done = sqlite3_step(statement) == SQLITE_DONE;

	if (!is_done)
		history_fault_set(fault, rows->db);
	else
		*ret_is_new = sqlite3_changes(rows->db) > 0;
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return is_done;
}

/* Append rows->payload to the chain. ENTRY comes with ts, action, entity and uid. */
static bool audit(struct history_rows *rows, struct history_chain_entry *entry,
                  struct history_fault *fault)
{
	sqlite3_stmt *statement = rows->statements[STATEMENT_AUDIT];
	char payload_sha256[HISTORY_CHAIN_DIGEST_SIZE];
	char hash[HISTORY_CHAIN_DIGEST_SIZE];
	bool is_new = false;

	history_chain_digest(rows->payload.bytes, rows->payload.length, payload_sha256);
	entry->chain = rows->chain;
	entry->seq = rows->head.seq + 1;
	entry->actor = rows->actor;
	entry->payload_sha256 = payload_sha256;
	entry->prev_hash = rows->head.hash;
	history_chain_hash(entry, hash);
	bind_text(statement, 1, entry->chain);
	bind_number(statement, 2, entry->seq);
	bind_number(statement, 3, entry->ts);
	bind_text(statement, 4, entry->actor);
	bind_text(statement, 5, entry->action);
	bind_text(statement, 6, entry->entity);
	bind_text(statement, 7, entry->entity_uid);
	bind_text(statement, 8, buf_text(&rows->payload));
	bind_text(statement, 9, entry->payload_sha256);
	bind_text(statement, 10, entry->prev_hash);
	bind_text(statement, 11, hash);
	if (!insert(rows, STATEMENT_AUDIT, &is_new, fault))
		return false;
	rows->head.seq++;
	memcpy(rows->head.hash, hash, sizeof(hash));
	return true;
}

/* What rounds share is stored once, by its digest. */
static bool shared_write(struct history_rows *rows, enum statement which, const char *text,
                         char ret_sha256[HISTORY_CHAIN_DIGEST_SIZE], struct history_fault *fault)
{
	bool is_new = false;

	history_chain_digest_text(text, ret_sha256);
	bind_text(rows->statements[which], 1, ret_sha256);
	bind_text(rows->statements[which], 2, text);
	return insert(rows, which, &is_new, fault);
}

/* Of the round that was just written. */
static bool facts_write(struct history_rows *rows, const struct history_round *round,
                        const char *base_sha256, struct history_fault *fault)
{
	sqlite3_stmt *statement = rows->statements[STATEMENT_FACTS];
	bool is_new = false;

	bind_number(statement, 1, sqlite3_last_insert_rowid(rows->db));
	bind_text(statement, 2, base_sha256);
	bind_text(statement, 3, round->facts);
	return insert(rows, STATEMENT_FACTS, &is_new, fault);
}

static bool round_write(struct history_rows *rows, const struct history_record *record,
                        struct history_fault *fault)
{
	const struct history_round *round = &record->round;
	sqlite3_stmt *statement = rows->statements[STATEMENT_ROUND];
	struct history_chain_entry entry = {
		.ts = round->decided_at.ms,
		.action = "round.decide",
		.entity = "round",
		.entity_uid = round->uid,
	};
	char spec_sha256[HISTORY_CHAIN_DIGEST_SIZE];
	char base_sha256[HISTORY_CHAIN_DIGEST_SIZE] = "";
	const struct history_payload_digests digests = {.spec = spec_sha256, .base = base_sha256};
	bool is_new = false;

	if (!shared_write(rows, STATEMENT_SPEC, round->spec, spec_sha256, fault) ||
	    (*round->base && !shared_write(rows, STATEMENT_BASE, round->base, base_sha256, fault)))
		return false;
	bind_text(statement, 1, round->uid);
	bind_text(statement, 2, round->k8s_namespace);
	bind_text(statement, 3, round->canary);
	bind_text(statement, 4, round->canary_uid);
	bind_text(statement, 5, round->release);
	bind_number(statement, 6, round->release_seq);
	bind_number(statement, 7, round->decided_at.ms);
	bind_text(statement, 8, round->decide_version);
	bind_text(statement, 9, round->reason);
	bind_text(statement, 10, spec_sha256);
	bind_text(statement, 11, round->plan);
	bind_number(statement, 12, record->is_cut);
	bind_text(statement, 13, base_sha256);
	if (!insert(rows, STATEMENT_ROUND, &is_new, fault))
		return false;
	history_payload_round(round, &digests, record->is_cut, &rows->payload);
	return !is_new ||
	       (facts_write(rows, round, base_sha256, fault) && audit(rows, &entry, fault));
}

static bool effect_write(struct history_rows *rows, const struct history_record *record,
                         const char *uid, struct history_fault *fault)
{
	const struct history_effect *effect = &record->effect;
	const char *kind = history_record_effect_text(effect->kind);
	sqlite3_stmt *statement = rows->statements[STATEMENT_EFFECT];
	char action[32];
	struct history_chain_entry entry = {
		.ts = effect->at.ms,
		.action = action,
		.entity = "round_effect",
		.entity_uid = uid,
	};
	bool is_new = false;

	snprintf(action, sizeof(action), "effect.%s", kind);
	bind_text(statement, 1, uid);
	bind_text(statement, 2, effect->round_uid);
	bind_text(statement, 3, kind);
	bind_text(statement, 4, effect->key);
	bind_text(statement, 5, effect->detail);
	bind_text(statement, 6, effect->result);
	bind_number(statement, 7, effect->at.ms);
	bind_number(statement, 8, record->is_cut);
	if (!insert(rows, STATEMENT_EFFECT, &is_new, fault))
		return false;
	history_payload_effect(uid, kind, effect, NULL, record->is_cut, &rows->payload);
	return !is_new || audit(rows, &entry, fault);
}

/* What is known of the object already is no news: an agent that began anew sees it all again. */
static bool is_news(struct history_rows *rows, const struct history_split *split, bool *ret,
                    struct history_fault *fault)
{
	sqlite3_stmt *last = rows->statements[STATEMENT_LAST_SPLIT];
	int code;

	bind_text(last, 1, split->uid);
	code = sqlite3_step(last);
	*ret = code != SQLITE_ROW ||
	       strcmp((const char *)sqlite3_column_text(last, 0),
	              history_record_split_text(split->result)) != 0 ||
	       strcmp((const char *)sqlite3_column_text(last, 1), split->split) != 0;
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		history_fault_set(fault, rows->db);
	sqlite3_reset(last);
	sqlite3_clear_bindings(last);
	return code == SQLITE_ROW || code == SQLITE_DONE;
}

static bool split_insert(struct history_rows *rows, const struct history_split *split, bool is_cut,
                         const char *uid, struct history_fault *fault)
{
	static const char origin[] = "external";
	const char *result = history_record_split_text(split->result);
	sqlite3_stmt *statement = rows->statements[STATEMENT_SPLIT];
	struct history_chain_entry entry = {
		.ts = split->seen_at.ms,
		.action = "traffic.observe",
		.entity = "traffic_change",
		.entity_uid = uid,
	};
	bool is_new = false;

	bind_text(statement, 1, uid);
	bind_text(statement, 2, split->api);
	bind_text(statement, 3, split->kind);
	bind_text(statement, 4, split->k8s_namespace);
	bind_text(statement, 5, split->name);
	bind_text(statement, 6, split->uid);
	bind_text(statement, 7, split->resource_version);
	bind_text(statement, 8, origin);
	bind_text(statement, 9, split->author);
	bind_text(statement, 10, result);
	bind_number(statement, 11, split->applied_at.ms);
	bind_number(statement, 12, split->seen_at.ms);
	bind_text(statement, 13, split->split);
	bind_number(statement, 14, is_cut);
	if (!insert(rows, STATEMENT_SPLIT, &is_new, fault))
		return false;
	history_payload_split(uid, origin, result, split, is_cut, &rows->payload);
	return !is_new || audit(rows, &entry, fault);
}

static json_t *text_at(sqlite3_stmt *row, int index)
{
	return json_string((const char *)sqlite3_column_text(row, index));
}

/* [[uid, api, namespace, name]] of what LIST's kind had when it was last told of, and has no more.
 */
static bool find_missing(struct history_rows *rows, const struct history_split *list,
                         const json_t *present, json_t *ret, struct history_fault *fault)
{
	sqlite3_stmt *row = rows->statements[STATEMENT_OBSERVED];
	int code;

	bind_text(row, 1, list->kind);
	bind_text(row, 2, list->k8s_namespace);
	while ((code = sqlite3_step(row)) == SQLITE_ROW) {
		const char *uid = (const char *)sqlite3_column_text(row, 0);
		json_t *missing;

		if (json_integer_value(json_object_get(present, uid)) == 1)
			continue;
		missing = json_pack("[oooo]", text_at(row, 0), text_at(row, 1), text_at(row, 2),
		                    text_at(row, 3));
		if (!missing || json_array_append_new(ret, missing) != 0)
			abort();
	}
	if (code != SQLITE_DONE)
		history_fault_set(fault, rows->db);
	sqlite3_reset(row);
	sqlite3_clear_bindings(row);
	return code == SQLITE_DONE;
}

/* What is not in a list went while nobody looked. A list that was cut off says nothing. */
static bool list_write(struct history_rows *rows, const struct history_split *list, const char *uid,
                       struct history_fault *fault)
{
	CLEANUP(tree_freep) json_t *present = NULL;
	CLEANUP(tree_freep) json_t *missing = json_array();
	struct history_split split = *list;
	char own[UID_SIZE + 32];

	if (!history_part_read(list->split, &present, NULL))
		return true;
	if (!missing)
		abort();
	if (!find_missing(rows, list, present, missing, fault))
		return false;
	split.split = "{}";
	for (size_t i = 0; i < json_array_size(missing); i++) {
		const json_t *row = json_array_get(missing, i);

		split.uid = json_string_value(json_array_get(row, 0));
		split.api = json_string_value(json_array_get(row, 1));
		split.k8s_namespace = json_string_value(json_array_get(row, 2));
		split.name = json_string_value(json_array_get(row, 3));
		split.result = json_object_get(present, split.uid) ? HISTORY_SPLIT_LEFT
		                                                   : HISTORY_SPLIT_REMOVED;
		snprintf(own, sizeof(own), "%s/%zu", uid, i);
		if (!split_insert(rows, &split, false, own, fault))
			return false;
	}
	return true;
}

static bool split_write(struct history_rows *rows, const struct history_record *record,
                        const char *uid, struct history_fault *fault)
{
	bool is_new = false;

	if (record->split.result == HISTORY_SPLIT_LISTED)
		return list_write(rows, &record->split, uid, fault);
	if (!is_news(rows, &record->split, &is_new, fault))
		return false;
	return !is_new || split_insert(rows, &record->split, record->is_cut, uid, fault);
}

bool history_rows_gap(struct history_rows *rows, enum history_record_kind of,
                      const struct history_gap *gap, const char *uid, struct history_fault *fault)
{
	const char *kind = history_record_gap_text(of);
	sqlite3_stmt *statement = rows->statements[STATEMENT_GAP];
	char action[32];
	struct history_chain_entry entry = {
		.ts = gap->until.ms,
		.action = action,
		.entity = "gap",
		.entity_uid = uid,
	};
	bool is_new = false;

	snprintf(action, sizeof(action), "gap.%s", kind);
	bind_text(statement, 1, uid);
	bind_text(statement, 2, kind);
	bind_text(statement, 3, gap->round_uid);
	bind_number(statement, 4, gap->n_records);
	bind_number(statement, 5, gap->from.ms);
	bind_number(statement, 6, gap->until.ms);
	bind_text(statement, 7, gap->detail);
	if (!insert(rows, STATEMENT_GAP, &is_new, fault))
		return false;
	history_payload_gap(uid, kind, gap, &rows->payload);
	return !is_new || audit(rows, &entry, fault);
}

bool history_rows_prune(struct history_rows *rows, const struct history_prune_row *prune,
                        struct history_fault *fault)
{
	sqlite3_stmt *statement = rows->statements[STATEMENT_PRUNE];
	struct history_chain_entry entry = {
		.ts = prune->at.ms,
		.action = "prune",
		.entity = "prune",
		.entity_uid = prune->uid,
	};
	bool is_new = false;

	bind_text(statement, 1, prune->uid);
	bind_number(statement, 2, prune->at.ms);
	bind_number(statement, 3, prune->cutoff.ms);
	bind_number(statement, 4, prune->until.ms);
	bind_text(statement, 5, prune->chain);
	bind_number(statement, 6, prune->first_seq);
	bind_number(statement, 7, prune->last_seq);
	bind_number(statement, 8, prune->n_rounds);
	bind_number(statement, 9, prune->n_answers);
	bind_text(statement, 10, prune->sha256);
	if (!insert(rows, STATEMENT_PRUNE, &is_new, fault))
		return false;
	history_payload_prune(prune, &rows->payload);
	return audit(rows, &entry, fault);
}

static bool refused_write(struct history_rows *rows, const struct history_record *record,
                          const char *uid, struct history_fault *fault)
{
	const struct history_gap gap = {
		.round_uid = history_record_round_uid(record),
		.n_records = 1,
		.from = history_record_at(record),
		.until = history_record_at(record),
		.detail = record->refusal,
	};

	return history_rows_gap(rows, HISTORY_RECORD_REFUSED, &gap, uid, fault);
}

bool history_rows_write(struct history_rows *rows, const struct history_record *record,
                        struct history_fault *fault)
{
	char uid[UID_SIZE];

	snprintf(uid, sizeof(uid), "%s/%010" PRIu64, rows->boot, record->number);
	if (record->refusal)
		return refused_write(rows, record, uid, fault);
	switch (record->kind) {
	case HISTORY_RECORD_ROUND:
		return round_write(rows, record, fault);
	case HISTORY_RECORD_EFFECT:
		return effect_write(rows, record, uid, fault);
	case HISTORY_RECORD_SPLIT:
		return split_write(rows, record, uid, fault);
	case HISTORY_RECORD_AHEAD:
	case HISTORY_RECORD_LOST:
	case HISTORY_RECORD_REFUSED:
	case HISTORY_RECORD_MOVED:
	case HISTORY_RECORD_BEGAN:
		return history_rows_gap(rows, record->kind, &record->gap, uid, fault);
	case HISTORY_RECORD_NONE:
		break;
	}
	assert(false); /* a record is of some kind */
	return false;
}

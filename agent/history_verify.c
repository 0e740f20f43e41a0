#include "agent/history_verify.h"

#include "agent/history_chain.h"
#include "agent/history_payload.h"
#include "agent/history_read.h"
#include "analysis/base/compiler.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The tables that the chain covers; names as in audit_log.entity. */
enum entity {
	ENTITY_ROUND,
	ENTITY_EFFECT,
	ENTITY_GAP,
	N_ENTITIES,
};

static const char *const entity_names[N_ENTITIES] = {"round", "round_effect", "gap"};

static const char *const entity_texts[N_ENTITIES] = {
	"SELECT uid, k8s_namespace, canary_name, canary_uid, release_name, release_seq, decided_at, decide_version,"
	" reason, facts_json, plan_json, spec_sha256, is_cut FROM round WHERE uid = $1",
	"SELECT uid, round_uid, kind, effect_key, detail_json, result, happened_at, is_cut FROM round_effect"
	" WHERE uid = $1",
	"SELECT uid, kind, round_uid, n_records, from_at, until_at, detail FROM gap WHERE uid = $1",
};

static const char *const entity_counts[N_ENTITIES] = {
	"SELECT COUNT(*) FROM round",
	"SELECT COUNT(*) FROM round_effect",
	"SELECT COUNT(*) FROM gap",
};

struct verify {
	sqlite3 *db;
	sqlite3_stmt *rows[N_ENTITIES];
	int64_t n_rows[N_ENTITIES]; /* that the chain knows */
	struct buf payload;
	struct history_verdict *verdict;
	/* the chain in hand */
	char chain[256];
	int64_t seq;
	char hash[HISTORY_CHAIN_DIGEST_SIZE];
};

static void statement_free(sqlite3_stmt **statement)
{
	sqlite3_finalize(*statement);
}

static const char *column(sqlite3_stmt *row, int index)
{
	const char *text = (const char *)sqlite3_column_text(row, index);

	return text ? text : "";
}

/* Set the verdict to bad. Returns false. */
PRINTF_LIKE(3, 4)
static bool bad(struct verify *verify, int64_t seq, const char *format, ...)
{
	va_list args;

	verify->verdict->is_intact = false;
	verify->verdict->seq = seq;
	va_start(args, format);
	vsnprintf(verify->verdict->what, sizeof(verify->verdict->what), format, args);
	va_end(args);
	return false;
}

static void round_payload(sqlite3_stmt *row, struct buf *ret)
{
	const struct history_round round = {
		.uid = column(row, 0),
		.k8s_namespace = column(row, 1),
		.canary = column(row, 2),
		.canary_uid = column(row, 3),
		.release = column(row, 4),
		.release_seq = sqlite3_column_int64(row, 5),
		.decided_at = {sqlite3_column_int64(row, 6)},
		.decide_version = column(row, 7),
		.reason = column(row, 8),
		.facts = column(row, 9),
		.plan = column(row, 10),
	};

	history_payload_round(&round, column(row, 11), sqlite3_column_int(row, 12) != 0, ret);
}

static void effect_payload(sqlite3_stmt *row, struct buf *ret)
{
	const struct history_effect effect = {
		.round_uid = column(row, 1),
		.key = column(row, 3),
		.detail = column(row, 4),
		.result = column(row, 5),
		.at = {sqlite3_column_int64(row, 6)},
	};

	history_payload_effect(column(row, 0), column(row, 2), &effect,
	                       sqlite3_column_int(row, 7) != 0, ret);
}

static void gap_payload(sqlite3_stmt *row, struct buf *ret)
{
	const struct history_gap gap = {
		.round_uid = column(row, 2),
		.n_records = sqlite3_column_int64(row, 3),
		.from = {sqlite3_column_int64(row, 4)},
		.until = {sqlite3_column_int64(row, 5)},
		.detail = column(row, 6),
	};

	history_payload_gap(column(row, 0), column(row, 1), &gap, ret);
}

/* The columns of an entry. */
enum entry_column {
	ENTRY_CHAIN,
	ENTRY_SEQ,
	ENTRY_TS,
	ENTRY_ACTOR,
	ENTRY_ACTION,
	ENTRY_ENTITY,
	ENTRY_UID,
	ENTRY_PAYLOAD,
	ENTRY_PAYLOAD_SHA256,
	ENTRY_PREV_HASH,
	ENTRY_HASH,
};

/* Is the row that an entry speaks of there, and as the entry says? */
static bool row_check(struct verify *verify, enum entity entity, sqlite3_stmt *entry)
{
	static void (*const payloads[N_ENTITIES])(sqlite3_stmt * row, struct buf * ret) = {
		round_payload,
		effect_payload,
		gap_payload,
	};
	sqlite3_stmt *row = verify->rows[entity];
	const char *name = entity_names[entity];
	const char *uid = column(entry, ENTRY_UID);
	int64_t seq = sqlite3_column_int64(entry, ENTRY_SEQ);
	bool is_there;
	bool is_same = false;

	sqlite3_bind_text(row, 1, uid, -1, SQLITE_STATIC);
	is_there = sqlite3_step(row) == SQLITE_ROW;
	if (is_there) {
		payloads[entity](row, &verify->payload);
		is_same = strcmp(buf_text(&verify->payload), column(entry, ENTRY_PAYLOAD)) == 0;
	}
	sqlite3_reset(row);
	if (!is_there)
		return bad(verify, seq, "entry %" PRId64 " of chain \"%s\": %s \"%s\" is missing",
		           seq, verify->chain, name, uid);
	if (!is_same)
		return bad(verify, seq, "entry %" PRId64 " of chain \"%s\": %s \"%s\" was changed",
		           seq, verify->chain, name, uid);
	verify->n_rows[entity]++;
	return true;
}

static bool entity_check(struct verify *verify, sqlite3_stmt *entry)
{
	int64_t seq = sqlite3_column_int64(entry, ENTRY_SEQ);

	for (size_t i = 0; i < N_ENTITIES; i++) {
		if (strcmp(entity_names[i], column(entry, ENTRY_ENTITY)) == 0)
			return row_check(verify, (enum entity)i, entry);
	}
	return bad(verify, seq, "entry %" PRId64 " of chain \"%s\": unknown entity \"%s\"", seq,
	           verify->chain, column(entry, ENTRY_ENTITY));
}

/* Is the entry the next one of its chain, and are its hashes right? */
static bool link_check(struct verify *verify, sqlite3_stmt *row)
{
	const struct history_chain_entry entry = {
		.chain = column(row, ENTRY_CHAIN),
		.seq = sqlite3_column_int64(row, ENTRY_SEQ),
		.ts = sqlite3_column_int64(row, ENTRY_TS),
		.actor = column(row, ENTRY_ACTOR),
		.action = column(row, ENTRY_ACTION),
		.entity = column(row, ENTRY_ENTITY),
		.entity_uid = column(row, ENTRY_UID),
		.payload_sha256 = column(row, ENTRY_PAYLOAD_SHA256),
		.prev_hash = column(row, ENTRY_PREV_HASH),
	};
	char digest[HISTORY_CHAIN_DIGEST_SIZE];

	if (entry.seq != verify->seq + 1)
		return bad(verify, entry.seq,
		           "chain \"%s\": expected entry %" PRId64 ", got %" PRId64, entry.chain,
		           verify->seq + 1, entry.seq);
	if (strcmp(entry.prev_hash, verify->hash) != 0)
		return bad(verify, entry.seq,
		           "entry %" PRId64 " of chain \"%s\": does not follow the one before it",
		           entry.seq, entry.chain);
	history_chain_digest_text(column(row, ENTRY_PAYLOAD), digest);
	if (strcmp(entry.payload_sha256, digest) != 0)
		return bad(verify, entry.seq,
		           "entry %" PRId64 " of chain \"%s\": its payload was changed", entry.seq,
		           entry.chain);
	history_chain_hash(&entry, digest);
	if (strcmp(column(row, ENTRY_HASH), digest) != 0)
		return bad(verify, entry.seq,
		           "entry %" PRId64 " of chain \"%s\": expected hash %s, got %s", entry.seq,
		           entry.chain, digest, column(row, ENTRY_HASH));
	verify->seq = entry.seq;
	memcpy(verify->hash, digest, sizeof(digest));
	return true;
}

/* Walk all chains; false at the first bad entry, or when the file cannot be read (err). */
static bool chains_check(struct verify *verify, struct err *err)
{
	static const char sql[] =
		"SELECT chain, seq, ts, actor, action, entity, entity_uid, payload, payload_sha256,"
		" prev_hash, hash FROM audit_log ORDER BY chain, seq";
	CLEANUP(statement_free) sqlite3_stmt *row = NULL;
	int code;

	if (sqlite3_prepare_v2(verify->db, sql, -1, &row, NULL) != SQLITE_OK)
		return history_read_failed(verify->db, err);
	while ((code = sqlite3_step(row)) == SQLITE_ROW) {
		if (verify->seq == 0 || strcmp(verify->chain, column(row, ENTRY_CHAIN)) != 0) {
			snprintf(verify->chain, sizeof(verify->chain), "%s",
			         column(row, ENTRY_CHAIN));
			verify->seq = 0;
			memcpy(verify->hash, HISTORY_CHAIN_ORIGIN, sizeof(verify->hash));
		}
		if (!link_check(verify, row) || !entity_check(verify, row))
			return false;
		verify->verdict->n_records++;
	}
	return code == SQLITE_DONE || history_read_failed(verify->db, err);
}

/* Rows that came in without an entry. */
static bool counts_check(struct verify *verify, struct err *err)
{
	for (size_t i = 0; i < N_ENTITIES; i++) {
		CLEANUP(statement_free) sqlite3_stmt *row = NULL;
		int64_t n_rows;

		if (sqlite3_prepare_v2(verify->db, entity_counts[i], -1, &row, NULL) != SQLITE_OK ||
		    sqlite3_step(row) != SQLITE_ROW)
			return history_read_failed(verify->db, err);
		n_rows = sqlite3_column_int64(row, 0);
		if (n_rows != verify->n_rows[i])
			return bad(verify, 0,
			           "%s has %" PRId64 " rows, but the chain knows %" PRId64,
			           entity_names[i], n_rows, verify->n_rows[i]);
	}
	return true;
}

static bool specs_check(struct verify *verify, struct err *err)
{
	CLEANUP(statement_free) sqlite3_stmt *row = NULL;
	int code;

	if (sqlite3_prepare_v2(verify->db, "SELECT sha256, spec_json FROM canary_spec", -1, &row,
	                       NULL) != SQLITE_OK)
		return history_read_failed(verify->db, err);
	while ((code = sqlite3_step(row)) == SQLITE_ROW) {
		char digest[HISTORY_CHAIN_DIGEST_SIZE];

		history_chain_digest_text(column(row, 1), digest);
		if (strcmp(digest, column(row, 0)) != 0)
			return bad(verify, 0, "canary_spec \"%s\" was changed", column(row, 0));
	}
	return code == SQLITE_DONE || history_read_failed(verify->db, err);
}

static bool rows_prepare(struct verify *verify, struct err *err)
{
	for (size_t i = 0; i < N_ENTITIES; i++) {
		if (sqlite3_prepare_v2(verify->db, entity_texts[i], -1, &verify->rows[i], NULL) !=
		    SQLITE_OK)
			return history_read_failed(verify->db, err);
	}
	return true;
}

bool history_verify(const char *path, struct history_verdict *ret, struct err *err)
{
	struct history_verdict verdict = {.is_intact = true};
	struct verify verify = {.verdict = &verdict};
	bool is_read;

	if (!history_read_open(path, &verify.db, err))
		return false;
	is_read = rows_prepare(&verify, err) && chains_check(&verify, err) &&
	          counts_check(&verify, err) && specs_check(&verify, err);
	for (size_t i = 0; i < N_ENTITIES; i++)
		sqlite3_finalize(verify.rows[i]);
	buf_fini(&verify.payload);
	history_read_close(verify.db);
	if (!is_read && verdict.is_intact)
		return err_wrap(err, "%s", path);
	*ret = verdict;
	return true;
}

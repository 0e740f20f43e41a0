#include "agent/history_verify.h"

#include "agent/derive.h"
#include "agent/history_chain.h"
#include "agent/history_facts.h"
#include "agent/history_payload.h"
#include "agent/history_read.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "providers/wire/tree.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The tables that the chain covers; names as in audit_log.entity. */
enum entity {
	ENTITY_ROUND,
	ENTITY_EFFECT,
	ENTITY_GAP,
	ENTITY_SPLIT,
	N_ENTITIES,
};

static const char *const entity_names[N_ENTITIES] = {"round", "round_effect", "gap",
                                                     "traffic_change"};

static const char *const entity_texts[N_ENTITIES] = {
	"SELECT id, uid, k8s_namespace, canary_name, canary_uid, release_name, release_seq, decided_at, decide_version,"
	" reason, facts_json, plan_json, spec_sha256, is_cut, base_sha256 FROM round WHERE uid = $1",
	"SELECT id, uid, round_uid, kind, effect_key, detail_json, result, happened_at, is_cut FROM round_effect"
	" WHERE uid = $1",
	"SELECT id, uid, kind, round_uid, n_records, from_at, until_at, detail FROM gap WHERE uid = $1",
	"SELECT id, uid, object_api, object_kind, k8s_namespace, object_name, object_uid, resource_version, origin,"
	" author, result, applied_at, seen_at, split_json, is_cut FROM traffic_change WHERE uid = $1",
};

static const char *const entity_counts[N_ENTITIES] = {
	"SELECT COUNT(*) FROM round",
	"SELECT COUNT(*) FROM round_effect",
	"SELECT COUNT(*) FROM gap",
	"SELECT COUNT(*) FROM traffic_change",
};

/* A row that no entry speaks of, or one of two with one uid. */
static const char *const entity_strays[N_ENTITIES] = {
	"SELECT uid FROM round WHERE uid NOT IN (SELECT entity_uid FROM audit_log WHERE entity = 'round')"
	" UNION ALL SELECT uid FROM round GROUP BY uid HAVING COUNT(*) > 1",
	"SELECT uid FROM round_effect WHERE uid NOT IN"
	" (SELECT entity_uid FROM audit_log WHERE entity = 'round_effect')"
	" UNION ALL SELECT uid FROM round_effect GROUP BY uid HAVING COUNT(*) > 1",
	"SELECT uid FROM gap WHERE uid NOT IN (SELECT entity_uid FROM audit_log WHERE entity = 'gap')"
	" UNION ALL SELECT uid FROM gap GROUP BY uid HAVING COUNT(*) > 1",
	"SELECT uid FROM traffic_change WHERE uid NOT IN"
	" (SELECT entity_uid FROM audit_log WHERE entity = 'traffic_change')"
	" UNION ALL SELECT uid FROM traffic_change GROUP BY uid HAVING COUNT(*) > 1",
};

/* What rounds share, one text by its digest. */
enum shared {
	SHARED_SPEC,
	SHARED_BASE,
	N_SHARED,
};

static const struct {
	const char *name;
	const char *text;
	const char *stray;
} shared_tables[N_SHARED] = {
	{"canary_spec", "SELECT spec_json FROM canary_spec WHERE sha256 = $1",
         "SELECT sha256 FROM canary_spec WHERE sha256 NOT IN (SELECT spec_sha256 FROM round)"},
	{"facts_base", "SELECT facts_json FROM facts_base WHERE sha256 = $1",
         "SELECT sha256 FROM facts_base WHERE sha256 NOT IN (SELECT base_sha256 FROM round)"},
};

/* The one that was looked at last. */
struct shared_text {
	sqlite3_stmt *find;
	char sha256[HISTORY_CHAIN_DIGEST_SIZE];
	char *text;
};

struct verify {
	sqlite3 *db;
	sqlite3_stmt *rows[N_ENTITIES];
	struct shared_text shared[N_SHARED];
	struct derive *derive;
	int64_t n_rows[N_ENTITIES];  /* that the chain knows */
	int64_t last_id[N_ENTITIES]; /* in the chain in hand */
	struct buf payload;
	const struct history_witnesses *witnesses;
	struct history_verdict *verdict;
	/* the chain in hand */
	char chain[256];
	int64_t seq;
	char hash[HISTORY_CHAIN_DIGEST_SIZE];
	int64_t anchored; /* the last entry that an anchor agrees with */
};

static void statement_free(sqlite3_stmt **statement)
{
	sqlite3_finalize(*statement);
}

/* The text of a column; of anything that the writer does not write there, a text that it never
 * writes: a number, a blob, or a text that goes on behind a NUL would look the same otherwise. */
static const char *column(sqlite3_stmt *row, int index)
{
	bool is_text = sqlite3_column_type(row, index) == SQLITE_TEXT; /* before it is converted */
	const char *text = (const char *)sqlite3_column_text(row, index);

	if (!is_text || !text || strlen(text) != (size_t)sqlite3_column_bytes(row, index))
		return "\x7f";
	return text;
}

/* The whole number of a column, the same way. */
static int64_t number(sqlite3_stmt *row, int index)
{
	return sqlite3_column_type(row, index) == SQLITE_INTEGER ? sqlite3_column_int64(row, index)
	                                                         : INT64_MIN;
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
		.uid = column(row, 1),
		.k8s_namespace = column(row, 2),
		.canary = column(row, 3),
		.canary_uid = column(row, 4),
		.release = column(row, 5),
		.release_seq = number(row, 6),
		.decided_at = {number(row, 7)},
		.decide_version = column(row, 8),
		.reason = column(row, 9),
		.facts = column(row, 10),
		.plan = column(row, 11),
	};

	history_payload_round(&round, column(row, 12), column(row, 14), number(row, 13) != 0, ret);
}

static void effect_payload(sqlite3_stmt *row, struct buf *ret)
{
	const struct history_effect effect = {
		.round_uid = column(row, 2),
		.key = column(row, 4),
		.detail = column(row, 5),
		.result = column(row, 6),
		.at = {number(row, 7)},
	};

	history_payload_effect(column(row, 1), column(row, 3), &effect, number(row, 8) != 0, ret);
}

static void gap_payload(sqlite3_stmt *row, struct buf *ret)
{
	const struct history_gap gap = {
		.round_uid = column(row, 3),
		.n_records = number(row, 4),
		.from = {number(row, 5)},
		.until = {number(row, 6)},
		.detail = column(row, 7),
	};

	history_payload_gap(column(row, 1), column(row, 2), &gap, ret);
}

static void split_payload(sqlite3_stmt *row, struct buf *ret)
{
	const struct history_split split = {
		.api = column(row, 2),
		.kind = column(row, 3),
		.k8s_namespace = column(row, 4),
		.name = column(row, 5),
		.uid = column(row, 6),
		.resource_version = column(row, 7),
		.author = column(row, 9),
		.applied_at = {number(row, 11)},
		.seen_at = {number(row, 12)},
		.split = column(row, 13),
	};

	history_payload_split(column(row, 1), column(row, 8), column(row, 10), &split,
	                      number(row, 14) != 0, ret);
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

/* Is the text that a round shares with others there, and what its digest says? */
static bool shared_check(struct verify *verify, enum shared which, int64_t seq, const char *sha256)
{
	struct shared_text *shared = &verify->shared[which];
	const char *name = shared_tables[which].name;
	char digest[HISTORY_CHAIN_DIGEST_SIZE];
	bool is_there;

	if (shared->text && strcmp(shared->sha256, sha256) == 0)
		return true;
	free(shared->text);
	shared->text = NULL;
	sqlite3_bind_text(shared->find, 1, sha256, -1, SQLITE_STATIC);
	is_there = sqlite3_step(shared->find) == SQLITE_ROW;
	if (is_there)
		shared->text = strdup(column(shared->find, 0));
	sqlite3_reset(shared->find);
	if (!is_there)
		return bad(verify, seq, "entry %" PRId64 " of chain \"%s\": %s \"%s\" is missing",
		           seq, verify->chain, name, sha256);
	if (!shared->text)
		abort();
	history_chain_digest_text(shared->text, digest);
	if (strcmp(digest, sha256) != 0)
		return bad(verify, seq, "entry %" PRId64 " of chain \"%s\": %s \"%s\" was changed",
		           seq, verify->chain, name, sha256);
	memcpy(shared->sha256, digest, sizeof(digest));
	return true;
}

/* What is wrong with the row in hand, compared with its ENTRY: "was changed"; NULL: nothing. */
static const char *row_wrong(struct verify *verify, enum entity entity, sqlite3_stmt *entry)
{
	static void (*const payloads[N_ENTITIES])(sqlite3_stmt * row, struct buf * ret) = {
		round_payload,
		effect_payload,
		gap_payload,
		split_payload,
	};
	/* where is_cut stands; the payload says only whether it is set */
	static const int flags[N_ENTITIES] = {
		[ENTITY_ROUND] = 13, [ENTITY_EFFECT] = 8, [ENTITY_SPLIT] = 14};
	sqlite3_stmt *row = verify->rows[entity];
	int64_t id = number(row, 0);

	payloads[entity](row, &verify->payload);
	if (strcmp(buf_text(&verify->payload), column(entry, ENTRY_PAYLOAD)) != 0)
		return "was changed";
	if (flags[entity] > 0 && (uint64_t)number(row, flags[entity]) > 1)
		return "was changed";
	if (id <= verify->last_id[entity])
		return "stands at another place in the order";
	verify->last_id[entity] = id;
	return NULL;
}

/* The decision of the round in hand, which is as it was recorded, and whose spec and base are:
 * derived again it must be the same. */
static bool decision_check(struct verify *verify, sqlite3_stmt *row, int64_t seq)
{
	const struct history_round round = {
		.decide_version = column(row, 8),
		.plan = column(row, 11),
		.spec = verify->shared[SHARED_SPEC].text,
		.base = *column(row, 14) ? verify->shared[SHARED_BASE].text : "",
	};
	CLEANUP(tree_freep) json_t *facts = NULL;
	struct history_verdict *verdict = verify->verdict;
	char why[ERR_TEXT_MAX];

	/* What cannot be read is found below, and said there. */
	(void)history_facts_read(round.base, column(row, 10), &facts, NULL);
	switch (derive_round(verify->derive, &round, facts, number(row, 13) != 0, why)) {
	case DERIVE_SAME:
		verdict->n_derived++;
		return true;
	case DERIVE_IMPOSSIBLE:
		if (verdict->n_underivable++ == 0)
			text_copy(verdict->underivable, why);
		return true;
	case DERIVE_OTHER:
	case DERIVE_NONE:
		break;
	}
	return bad(verify, seq,
	           "entry %" PRId64 " of chain \"%s\": round \"%s\" was decided otherwise: %s", seq,
	           verify->chain, column(row, 1), why);
}

static bool round_check(struct verify *verify, sqlite3_stmt *row, int64_t seq)
{
	const char *base = column(row, 14);

	return shared_check(verify, SHARED_SPEC, seq, column(row, 12)) &&
	       (!*base || shared_check(verify, SHARED_BASE, seq, base)) &&
	       decision_check(verify, row, seq);
}

/* Is the row that an entry speaks of there, and as the entry says? */
static bool row_check(struct verify *verify, enum entity entity, sqlite3_stmt *entry)
{
	sqlite3_stmt *row = verify->rows[entity];
	const char *uid = column(entry, ENTRY_UID);
	int64_t seq = number(entry, ENTRY_SEQ);
	const char *wrong = "is missing";
	bool is_fine;

	sqlite3_bind_text(row, 1, uid, -1, SQLITE_STATIC);
	if (sqlite3_step(row) == SQLITE_ROW)
		wrong = row_wrong(verify, entity, entry);
	is_fine = wrong ? bad(verify, seq, "entry %" PRId64 " of chain \"%s\": %s \"%s\" %s", seq,
	                      verify->chain, entity_names[entity], uid, wrong)
	                : entity != ENTITY_ROUND || round_check(verify, row, seq);
	sqlite3_reset(row);
	if (is_fine)
		verify->n_rows[entity]++;
	return is_fine;
}

static bool entity_check(struct verify *verify, sqlite3_stmt *entry)
{
	int64_t seq = number(entry, ENTRY_SEQ);

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
		.seq = number(row, ENTRY_SEQ),
		.ts = number(row, ENTRY_TS),
		.actor = column(row, ENTRY_ACTOR),
		.action = column(row, ENTRY_ACTION),
		.entity = column(row, ENTRY_ENTITY),
		.entity_uid = column(row, ENTRY_UID),
		.payload_sha256 = column(row, ENTRY_PAYLOAD_SHA256),
		.prev_hash = column(row, ENTRY_PREV_HASH),
	};
	char digest[HISTORY_CHAIN_DIGEST_SIZE];

	if (entry.seq != verify->seq + 1)
		return bad(verify, entry.seq > verify->seq ? verify->seq + 1 : entry.seq,
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

/* Does an anchor of the chain in hand say otherwise about the entry just read? */
static bool anchors_check(struct verify *verify)
{
	for (size_t i = 0; i < verify->witnesses->n; i++) {
		const struct history_witness *witness = &verify->witnesses->list[i];

		if (witness->anchor.seq != verify->seq ||
		    strcmp(witness->anchor.chain, verify->chain) != 0)
			continue;
		if (strcmp(witness->anchor.hash, verify->hash) != 0)
			return bad(
				verify, verify->anchored + 1,
				"entries %" PRId64 " to %" PRId64
				" of chain \"%s\": written anew; %s keeps another hash of the last",
				verify->anchored + 1, verify->seq, verify->chain, witness->name);
		verify->verdict->n_witnesses++;
		verify->verdict->n_anchored += verify->seq - verify->anchored;
		verify->anchored = verify->seq;
	}
	return true;
}

/* Does an anchor say that the chain in hand went on? */
static bool end_check(struct verify *verify)
{
	const struct history_witness *last = NULL;

	for (size_t i = 0; i < verify->witnesses->n; i++) {
		const struct history_witness *witness = &verify->witnesses->list[i];

		if (strcmp(witness->anchor.chain, verify->chain) == 0 &&
		    witness->anchor.seq > (last ? last->anchor.seq : verify->seq))
			last = witness;
	}
	if (!last)
		return true;
	return bad(verify, verify->seq + 1,
	           "entry %" PRId64 " of chain \"%s\" is missing: %s knows of entry %" PRId64,
	           verify->seq + 1, verify->chain, last->name, last->anchor.seq);
}

static void chain_begin(struct verify *verify, const char *chain)
{
	snprintf(verify->chain, sizeof(verify->chain), "%s", chain);
	memcpy(verify->hash, HISTORY_CHAIN_ORIGIN, sizeof(verify->hash));
	memset(verify->last_id, 0, sizeof(verify->last_id));
	verify->seq = 0;
	verify->anchored = 0;
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
		if (verify->verdict->n_records == 0 ||
		    strcmp(verify->chain, column(row, ENTRY_CHAIN)) != 0) {
			if (verify->verdict->n_records > 0 && !end_check(verify))
				return false;
			chain_begin(verify, column(row, ENTRY_CHAIN));
		}
		if (!link_check(verify, row) || !entity_check(verify, row) ||
		    !anchors_check(verify))
			return false;
		verify->verdict->n_records++;
	}
	if (code != SQLITE_DONE)
		return history_read_failed(verify->db, err);
	return verify->verdict->n_records == 0 || end_check(verify);
}

/* Anchors of chains that the file does not have. */
static bool strangers_check(struct verify *verify, struct err *err)
{
	CLEANUP(statement_free) sqlite3_stmt *row = NULL;

	if (sqlite3_prepare_v2(verify->db, "SELECT 1 FROM audit_log WHERE chain = $1 LIMIT 1", -1,
	                       &row, NULL) != SQLITE_OK)
		return history_read_failed(verify->db, err);
	for (size_t i = 0; i < verify->witnesses->n; i++) {
		const struct history_witness *witness = &verify->witnesses->list[i];
		bool is_here;

		sqlite3_bind_text(row, 1, witness->anchor.chain, -1, SQLITE_STATIC);
		is_here = sqlite3_step(row) == SQLITE_ROW;
		sqlite3_reset(row);
		if (is_here)
			continue;
		if (verify->witnesses->are_of_this)
			return bad(verify, 1,
			           "chain \"%s\" is missing: %s knows of its entry %" PRId64,
			           witness->anchor.chain, witness->name, witness->anchor.seq);
		verify->verdict->n_strangers++;
	}
	return true;
}

/* Rows that came in without an entry. */
static bool counts_check(struct verify *verify, struct err *err)
{
	for (size_t i = 0; i < N_ENTITIES; i++) {
		CLEANUP(statement_free) sqlite3_stmt *count = NULL;
		CLEANUP(statement_free) sqlite3_stmt *stray = NULL;
		int64_t n_rows;

		if (sqlite3_prepare_v2(verify->db, entity_counts[i], -1, &count, NULL) !=
		            SQLITE_OK ||
		    sqlite3_prepare_v2(verify->db, entity_strays[i], -1, &stray, NULL) !=
		            SQLITE_OK ||
		    sqlite3_step(count) != SQLITE_ROW)
			return history_read_failed(verify->db, err);
		n_rows = sqlite3_column_int64(count, 0);
		if (n_rows == verify->n_rows[i])
			continue;
		return bad(verify, 0,
		           "%s has %" PRId64 " rows, but the chain knows %" PRId64
		           ": \"%s\" came in without it",
		           entity_names[i], n_rows, verify->n_rows[i],
		           sqlite3_step(stray) == SQLITE_ROW ? column(stray, 0) : "");
	}
	return true;
}

/* Texts that no round shares. */
static bool strays_check(struct verify *verify, enum shared which, struct err *err)
{
	CLEANUP(statement_free) sqlite3_stmt *row = NULL;
	int code;

	if (sqlite3_prepare_v2(verify->db, shared_tables[which].stray, -1, &row, NULL) != SQLITE_OK)
		return history_read_failed(verify->db, err);
	code = sqlite3_step(row);
	if (code == SQLITE_ROW)
		return bad(verify, 0, "%s \"%s\" came in without a round",
		           shared_tables[which].name, column(row, 0));
	return code == SQLITE_DONE || history_read_failed(verify->db, err);
}

static void verify_fini(struct verify *verify)
{
	for (size_t i = 0; i < N_ENTITIES; i++)
		sqlite3_finalize(verify->rows[i]);
	for (size_t i = 0; i < N_SHARED; i++) {
		sqlite3_finalize(verify->shared[i].find);
		free(verify->shared[i].text);
	}
	derive_free(verify->derive);
	buf_fini(&verify->payload);
}

static bool rows_prepare(struct verify *verify, struct err *err)
{
	for (size_t i = 0; i < N_ENTITIES; i++) {
		if (sqlite3_prepare_v2(verify->db, entity_texts[i], -1, &verify->rows[i], NULL) !=
		    SQLITE_OK)
			return history_read_failed(verify->db, err);
	}
	for (size_t i = 0; i < N_SHARED; i++) {
		if (sqlite3_prepare_v2(verify->db, shared_tables[i].text, -1,
		                       &verify->shared[i].find, NULL) != SQLITE_OK)
			return history_read_failed(verify->db, err);
	}
	return true;
}

bool history_verify_db(sqlite3 *db, const struct history_witnesses *witnesses,
                       struct history_verdict *ret, struct err *err)
{
	static const struct history_witnesses none = {0};
	struct history_verdict verdict = {.is_intact = true};
	struct verify verify = {
		.db = db,
		.verdict = &verdict,
		.witnesses = witnesses ? witnesses : &none,
		.derive = derive_new(),
	};
	bool is_read;

	is_read = rows_prepare(&verify, err) && chains_check(&verify, err) &&
	          strangers_check(&verify, err) && counts_check(&verify, err) &&
	          strays_check(&verify, SHARED_SPEC, err) &&
	          strays_check(&verify, SHARED_BASE, err);
	verify_fini(&verify);
	if (!is_read && verdict.is_intact)
		return false;
	*ret = verdict;
	return true;
}

bool history_verify(const char *path, const struct history_witnesses *witnesses,
                    struct history_verdict *ret, struct err *err)
{
	sqlite3 *db = NULL;
	bool is_read;

	if (!history_read_open(path, &db, err))
		return false;
	is_read = history_verify_db(db, witnesses, ret, err) || err_wrap(err, "%s", path);
	history_read_close(db);
	return is_read;
}

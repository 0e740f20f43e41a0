#include "agent/history_verify.h"

#include "agent/derive.h"
#include "agent/history_chain.h"
#include "agent/history_facts.h"
#include "agent/history_payload.h"
#include "agent/history_pruned.h"
#include "agent/history_read.h"
#include "agent/history_row.h"
#include "agent/history_stored.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "providers/wire/tree.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
         "SELECT sha256 FROM facts_base WHERE sha256 NOT IN"
         " (SELECT base_sha256 FROM round JOIN round_facts ON round_id = id)"},
};

/* The one that was looked at last. */
struct shared_text {
	sqlite3_stmt *find;
	char sha256[HISTORY_CHAIN_DIGEST_SIZE];
	char *text;
};

struct verify {
	sqlite3 *db;
	sqlite3_stmt *rows[HISTORY_STORED_ENTITIES];
	struct history_pruned pruned;
	struct shared_text shared[N_SHARED];
	struct derive *derive;
	struct history_facts_base base;           /* of the round before */
	int64_t n_rows[HISTORY_STORED_ENTITIES];  /* that the chain knows */
	int64_t last_id[HISTORY_STORED_ENTITIES]; /* in the chain in hand */
	struct buf payload;
	const struct history_witnesses *witnesses;
	struct history_verdict *verdict;
	/* the chain in hand */
	char chain[256];
	int64_t seq;
	char hash[HISTORY_CHAIN_DIGEST_SIZE];
	int64_t anchored; /* the last entry that an anchor agrees with */
};

#define column history_stored_text
#define number history_stored_number

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

/* What is wrong with the row in hand, compared with its ENTRY: "was changed"; NULL: nothing.
 * *IS_BARE: retention took its raw part. */
static const char *row_wrong(struct verify *verify, enum history_stored_entity entity,
                             sqlite3_stmt *entry, bool *ret_is_bare)
{
	sqlite3_stmt *row = verify->rows[entity];
	const char *payload = column(entry, ENTRY_PAYLOAD);
	int64_t id = number(row, 0);

	*ret_is_bare = false;
	if (!history_stored_is(entity, row, payload, &verify->payload)) {
		*ret_is_bare = history_stored_is_bare(entity, row, payload, &verify->payload);
		if (!*ret_is_bare)
			return "was changed";
		if (!history_pruned_take(&verify->pruned, number(entry, ENTRY_SEQ),
		                         number(entry, ENTRY_TS), entity == HISTORY_STORED_ROUND,
		                         column(entry, ENTRY_PAYLOAD_SHA256)))
			return entity == HISTORY_STORED_ROUND
			               ? "has lost its facts, and no prune says so"
			               : "has lost its detail, and no prune says so";
	}
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
		.decide_version = column(row, HISTORY_STORED_ROUND_VERSION),
		.plan = column(row, HISTORY_STORED_ROUND_PLAN),
		.spec = verify->shared[SHARED_SPEC].text,
		.base = *column(row, HISTORY_STORED_ROUND_BASE_SHA256)
	                        ? verify->shared[SHARED_BASE].text
	                        : "",
	};
	CLEANUP(tree_freep) json_t *facts = NULL;
	struct history_verdict *verdict = verify->verdict;
	char why[ERR_TEXT_MAX];

	/* What cannot be read is found below, and said there. */
	(void)history_facts_read_next(&verify->base, round.base,
	                              column(row, HISTORY_STORED_ROUND_FACTS), &facts, NULL);
	switch (derive_round(verify->derive, &round, facts,
	                     number(row, HISTORY_STORED_ROUND_CUT) != 0, why)) {
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
	           verify->chain, column(row, HISTORY_STORED_ROUND_UID), why);
}

/* What is left of a round whose facts are gone is its spec. */
static bool round_check(struct verify *verify, sqlite3_stmt *row, bool is_bare, int64_t seq)
{
	const char *base = column(row, HISTORY_STORED_ROUND_BASE_SHA256);

	if (!shared_check(verify, SHARED_SPEC, seq, column(row, HISTORY_STORED_ROUND_SPEC_SHA256)))
		return false;
	verify->verdict->n_pruned += is_bare;
	return is_bare || ((!*base || shared_check(verify, SHARED_BASE, seq, base)) &&
	                   decision_check(verify, row, seq));
}

/* Is the row that an entry speaks of there, and as the entry says? */
static bool row_check(struct verify *verify, enum history_stored_entity entity, sqlite3_stmt *entry)
{
	sqlite3_stmt *row = verify->rows[entity];
	const char *uid = column(entry, ENTRY_UID);
	int64_t seq = number(entry, ENTRY_SEQ);
	const char *wrong = "is missing";
	bool is_bare = false;
	bool is_fine;

	sqlite3_bind_text(row, 1, uid, -1, SQLITE_STATIC);
	if (sqlite3_step(row) == SQLITE_ROW)
		wrong = row_wrong(verify, entity, entry, &is_bare);
	is_fine = wrong ? bad(verify, seq, "entry %" PRId64 " of chain \"%s\": %s \"%s\" %s", seq,
	                      verify->chain, history_stored_tables[entity].name, uid, wrong)
	                : entity != HISTORY_STORED_ROUND || round_check(verify, row, is_bare, seq);
	sqlite3_reset(row);
	if (is_fine)
		verify->n_rows[entity]++;
	return is_fine;
}

static bool entity_check(struct verify *verify, sqlite3_stmt *entry)
{
	int64_t seq = number(entry, ENTRY_SEQ);

	for (size_t i = 0; i < HISTORY_STORED_ENTITIES; i++) {
		if (strcmp(history_stored_tables[i].name, column(entry, ENTRY_ENTITY)) == 0)
			return row_check(verify, (enum history_stored_entity)i, entry);
	}
	return bad(verify, seq, "entry %" PRId64 " of chain \"%s\": unknown entity \"%s\"", seq,
	           verify->chain, column(entry, ENTRY_ENTITY));
}

/* What is wrong with a prune; false also when the file cannot be read (err). */
static bool pruned_bad(struct verify *verify, const struct history_pruned_fault *fault,
                       struct err *err)
{
	return fault->what[0] ? bad(verify, fault->seq, "%s", fault->what)
	                      : history_read_failed(verify->db, err);
}

/* At each entry: is what ended before it as its prune says? */
static bool pruned_check(struct verify *verify, struct err *err)
{
	struct history_pruned_fault fault = {0};

	return history_pruned_move(&verify->pruned, verify->chain, verify->seq, &fault) ||
	       pruned_bad(verify, &fault, err);
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
	CLEANUP(history_row_free) sqlite3_stmt *row = NULL;
	struct history_pruned_fault fault = {0};
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
		if (!link_check(verify, row) || !pruned_check(verify, err) ||
		    !entity_check(verify, row) || !anchors_check(verify))
			return false;
		verify->verdict->n_records++;
	}
	if (code != SQLITE_DONE)
		return history_read_failed(verify->db, err);
	return (verify->verdict->n_records == 0 || end_check(verify)) &&
	       (history_pruned_end(&verify->pruned, &fault) || pruned_bad(verify, &fault, err));
}

/* Anchors of chains that the file does not have. */
static bool strangers_check(struct verify *verify, struct err *err)
{
	CLEANUP(history_row_free) sqlite3_stmt *row = NULL;

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
	for (size_t i = 0; i < HISTORY_STORED_ENTITIES; i++) {
		CLEANUP(history_row_free) sqlite3_stmt *count = NULL;
		CLEANUP(history_row_free) sqlite3_stmt *stray = NULL;
		int64_t n_rows;

		if (sqlite3_prepare_v2(verify->db, history_stored_tables[i].count, -1, &count,
		                       NULL) != SQLITE_OK ||
		    sqlite3_prepare_v2(verify->db, history_stored_tables[i].stray, -1, &stray,
		                       NULL) != SQLITE_OK ||
		    sqlite3_step(count) != SQLITE_ROW)
			return history_read_failed(verify->db, err);
		n_rows = sqlite3_column_int64(count, 0);
		if (n_rows == verify->n_rows[i])
			continue;
		return bad(verify, 0,
		           "%s has %" PRId64 " rows, but the chain knows %" PRId64
		           ": \"%s\" came in without it",
		           history_stored_tables[i].name, n_rows, verify->n_rows[i],
		           sqlite3_step(stray) == SQLITE_ROW ? column(stray, 0) : "");
	}
	return true;
}

/* Texts that no round shares. */
static bool strays_check(struct verify *verify, enum shared which, struct err *err)
{
	CLEANUP(history_row_free) sqlite3_stmt *row = NULL;
	int code;

	if (sqlite3_prepare_v2(verify->db, shared_tables[which].stray, -1, &row, NULL) != SQLITE_OK)
		return history_read_failed(verify->db, err);
	code = sqlite3_step(row);
	if (code == SQLITE_ROW)
		return bad(verify, 0, "%s \"%s\" came in without a round",
		           shared_tables[which].name, column(row, 0));
	return code == SQLITE_DONE || history_read_failed(verify->db, err);
}

/* Facts of no round, and those that hold on to another base than their round names. */
static bool facts_check(struct verify *verify, struct err *err)
{
	static const char sql[] =
		"SELECT COALESCE(r.uid, 'number ' || f.round_id) FROM round_facts f"
		" LEFT JOIN round r ON r.id = f.round_id LEFT JOIN facts_base b ON b.id = f.base_id"
		" WHERE r.id IS NULL OR COALESCE(b.sha256, '') <> r.base_sha256 LIMIT 1";
	CLEANUP(history_row_free) sqlite3_stmt *row = NULL;
	int code;

	if (sqlite3_prepare_v2(verify->db, sql, -1, &row, NULL) != SQLITE_OK)
		return history_read_failed(verify->db, err);
	code = sqlite3_step(row);
	if (code == SQLITE_ROW)
		return bad(verify, 0, "round_facts of \"%s\" are not of this round",
		           column(row, 0));
	return code == SQLITE_DONE || history_read_failed(verify->db, err);
}

static void verify_fini(struct verify *verify)
{
	for (size_t i = 0; i < HISTORY_STORED_ENTITIES; i++)
		sqlite3_finalize(verify->rows[i]);
	for (size_t i = 0; i < N_SHARED; i++) {
		sqlite3_finalize(verify->shared[i].find);
		free(verify->shared[i].text);
	}
	history_pruned_finish(&verify->pruned);
	derive_free(verify->derive);
	history_facts_base_fini(&verify->base);
	buf_fini(&verify->payload);
}

static bool rows_prepare(struct verify *verify, struct err *err)
{
	if (!history_pruned_prepare(&verify->pruned, verify->db, err))
		return false;
	for (size_t i = 0; i < HISTORY_STORED_ENTITIES; i++) {
		if (sqlite3_prepare_v2(verify->db, history_stored_tables[i].row, -1,
		                       &verify->rows[i], NULL) != SQLITE_OK)
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
	struct history_pruned_fault fault = {0};
	struct verify verify = {
		.db = db,
		.verdict = &verdict,
		.witnesses = witnesses ? witnesses : &none,
		.derive = derive_new(),
	};
	bool is_read;

	is_read =
		rows_prepare(&verify, err) && chains_check(&verify, err) &&
		strangers_check(&verify, err) && counts_check(&verify, err) &&
		(history_pruned_rest(&verify.pruned, &fault) || pruned_bad(&verify, &fault, err)) &&
		strays_check(&verify, SHARED_SPEC, err) &&
		strays_check(&verify, SHARED_BASE, err) && facts_check(&verify, err);
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

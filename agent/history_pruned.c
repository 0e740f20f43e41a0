#include "agent/history_pruned.h"

#include "agent/history_row.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DIGESTS_MAX (64 * 1024 * 1024)

bool history_pruned_prepare(struct history_pruned *pruned, sqlite3 *db, struct err *err)
{
	static const char sql[] =
		"SELECT uid, pruned_at, cutoff_at, until_at, of_chain, first_seq, last_seq,"
		" n_rounds, n_answers, sha256 FROM prune WHERE of_chain = $1 AND last_seq >= $2"
		" ORDER BY last_seq LIMIT 1";

	pruned->db = db;
	pruned->digests.max = DIGESTS_MAX;
	pruned->payload.max = HISTORY_PAYLOAD_MAX;
	return sqlite3_prepare_v2(db, sql, -1, &pruned->find, NULL) == SQLITE_OK ||
	       err_set(err, ERR_SYSTEM, "%s", sqlite3_errmsg(db));
}

void history_pruned_finish(struct history_pruned *pruned)
{
	sqlite3_finalize(pruned->find);
	buf_fini(&pruned->digests);
	buf_fini(&pruned->payload);
}

PRINTF_LIKE(3, 4)
static bool bad(struct history_pruned_fault *fault, int64_t seq, const char *format, ...)
{
	va_list args;

	fault->seq = seq;
	va_start(args, format);
	(void)vsnprintf(fault->what, sizeof(fault->what), format, args);
	va_end(args);
	return false;
}

static bool unreadable(struct history_pruned_fault *fault)
{
	fault->what[0] = '\0';
	return false;
}

/* The prune in hand does not fit: is it as its own entry says? */
static bool accuse(struct history_pruned *pruned, struct history_pruned_fault *fault)
{
	static const char sql[] =
		"SELECT chain, seq, payload FROM audit_log"
		" WHERE entity = 'prune' AND entity_uid = $1";
	const struct history_prune_row *row = &pruned->row;
	CLEANUP(history_row_free) sqlite3_stmt *entry = NULL;
	int code;

	if (sqlite3_prepare_v2(pruned->db, sql, -1, &entry, NULL) != SQLITE_OK)
		return unreadable(fault);
	sqlite3_bind_text(entry, 1, row->uid, -1, SQLITE_STATIC);
	code = sqlite3_step(entry);
	if (code != SQLITE_ROW)
		return bad(fault, 0, "prune \"%.200s\" came in without an entry", row->uid);
	history_payload_prune(row, &pruned->payload);
	if (strcmp(buf_text(&pruned->payload), history_row_text(entry, 2)) != 0)
		return bad(fault, sqlite3_column_int64(entry, 1),
		           "entry %" PRId64 " of chain \"%.200s\": prune \"%.200s\" was changed",
		           (int64_t)sqlite3_column_int64(entry, 1), history_row_text(entry, 0),
		           row->uid);
	return bad(fault, row->first_seq,
	           "entries %" PRId64 " to %" PRId64 " of chain \"%.200s\": %" PRId64
	           " rounds are without facts and %" PRId64
	           " answers without detail, not the %" PRId64 " and %" PRId64
	           " that prune \"%.200s\" removed",
	           row->first_seq, row->last_seq, row->chain, pruned->n_rounds, pruned->n_answers,
	           row->n_rounds, row->n_answers, row->uid);
}

/* All that the prune in hand covers was walked over. */
static bool conclude(struct history_pruned *pruned, struct history_pruned_fault *fault)
{
	const struct history_prune_row *row = &pruned->row;
	char digest[HISTORY_CHAIN_DIGEST_SIZE];

	if (!pruned->has_current)
		return true;
	pruned->has_current = false;
	history_chain_digest(buf_text(&pruned->digests), pruned->digests.length, digest);
	if (strcmp(digest, row->sha256) != 0 || pruned->n_rounds != row->n_rounds ||
	    pruned->n_answers != row->n_answers)
		return accuse(pruned, fault);
	pruned->n_checked++;
	return true;
}

/* The next prune that ends at SEQ or behind it. */
static bool fetch(struct history_pruned *pruned, int64_t seq, struct history_pruned_fault *fault)
{
	sqlite3_stmt *row = pruned->find;
	int code;

	sqlite3_bind_text(row, 1, pruned->chain, -1, SQLITE_STATIC);
	sqlite3_bind_int64(row, 2, seq);
	code = sqlite3_step(row);
	pruned->has_none = code == SQLITE_DONE;
	pruned->has_current = code == SQLITE_ROW;
	if (pruned->has_current) {
		(void)snprintf(pruned->uid, sizeof(pruned->uid), "%s", history_row_text(row, 0));
		(void)snprintf(pruned->sha256, sizeof(pruned->sha256), "%s",
		               history_row_text(row, 9));
		pruned->row = (struct history_prune_row){
			.uid = pruned->uid,
			.chain = pruned->chain,
			.at = {sqlite3_column_int64(row, 1)},
			.cutoff = {sqlite3_column_int64(row, 2)},
			.until = {sqlite3_column_int64(row, 3)},
			.first_seq = sqlite3_column_int64(row, 5),
			.last_seq = sqlite3_column_int64(row, 6),
			.n_rounds = sqlite3_column_int64(row, 7),
			.n_answers = sqlite3_column_int64(row, 8),
			.sha256 = pruned->sha256,
		};
		buf_drop(&pruned->digests, pruned->digests.length);
		pruned->n_rounds = 0;
		pruned->n_answers = 0;
	}
	sqlite3_reset(row);
	return code == SQLITE_ROW || code == SQLITE_DONE || unreadable(fault);
}

bool history_pruned_move(struct history_pruned *pruned, const char *chain, int64_t seq,
                         struct history_pruned_fault *fault)
{
	bool is_other = strcmp(pruned->chain, chain) != 0;

	if (pruned->has_current && (is_other || seq > pruned->row.last_seq) &&
	    !conclude(pruned, fault))
		return false;
	if (is_other) {
		(void)snprintf(pruned->chain, sizeof(pruned->chain), "%s", chain);
		pruned->has_none = false;
	}
	return pruned->has_current || pruned->has_none || fetch(pruned, seq, fault);
}

bool history_pruned_take(struct history_pruned *pruned, int64_t seq, int64_t ts, bool is_round,
                         const char *payload_sha256)
{
	if (!pruned->has_current || seq < pruned->row.first_seq || ts >= pruned->row.cutoff.ms ||
	    !buf_format(&pruned->digests, "%s\n", payload_sha256))
		return false;
	pruned->n_rounds += is_round;
	pruned->n_answers += !is_round;
	return true;
}

bool history_pruned_end(struct history_pruned *pruned, struct history_pruned_fault *fault)
{
	return conclude(pruned, fault);
}

bool history_pruned_rest(struct history_pruned *pruned, struct history_pruned_fault *fault)
{
	CLEANUP(history_row_free) sqlite3_stmt *count = NULL;
	int64_t n;

	if (sqlite3_prepare_v2(pruned->db, "SELECT COUNT(*) FROM prune", -1, &count, NULL) !=
	            SQLITE_OK ||
	    sqlite3_step(count) != SQLITE_ROW)
		return unreadable(fault);
	n = sqlite3_column_int64(count, 0);
	return n == pruned->n_checked ||
	       bad(fault, 0, "prune has %" PRId64 " rows, but the entries of %" PRId64 " are there",
	           n, pruned->n_checked);
}

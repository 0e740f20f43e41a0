#include "agent/history_prune.h"

#include "agent/history_payload.h"
#include "agent/history_row.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define UID_SIZE      (HISTORY_RECORD_NAME_MAX + 64)
#define DIGEST_LENGTH (HISTORY_CHAIN_DIGEST_SIZE - 1)

enum statement {
	STATEMENT_PLACE,
	STATEMENT_ENTRIES,
	STATEMENT_ROUND,
	STATEMENT_ANSWER,
	STATEMENT_OPEN,
	STATEMENT_CLOSE,
	STATEMENT_TAKE_ROUND,
	STATEMENT_TAKE_ANSWER,
	STATEMENT_TAKE_BASE,
	N_STATEMENTS,
};

#define SAME                                                             \
 "o.release_name = r.release_name AND o.k8s_namespace = r.k8s_namespace" \
 " AND o.canary_uid = r.canary_uid"

static const char *const texts[N_STATEMENTS] = {
	[STATEMENT_PLACE] =
		"SELECT a.rowid FROM prune p JOIN audit_log a ON a.chain = p.of_chain"
		" AND a.seq = p.last_seq ORDER BY p.id DESC LIMIT 1",
	/* In the order of writing, whatever process wrote. */
	[STATEMENT_ENTRIES] =
		"SELECT rowid, chain, seq, ts, entity, entity_uid, payload_sha256 FROM audit_log"
		" WHERE rowid > $1 ORDER BY rowid LIMIT $2",
	/* Neither the first of its release, nor the newest, nor on its way back. */
	[STATEMENT_ROUND] =
		"SELECT r.id, f.base_id FROM round r JOIN round_facts f ON f.round_id = r.id"
		" WHERE r.uid = $1 AND r.decided_at < $2 AND instr(r.plan_json, '\"rolled_back\"') = 0"
		" AND EXISTS (SELECT 1 FROM round o WHERE " SAME
		" AND (o.decided_at, o.id) < (r.decided_at, r.id))"
		" AND EXISTS (SELECT 1 FROM round o WHERE " SAME
		" AND (o.decided_at, o.id) > (r.decided_at, r.id))",
	/* Of a check of a release that did not go back. */
	[STATEMENT_ANSWER] =
		"SELECT e.id FROM round_effect e LEFT JOIN round r ON r.uid = e.round_uid"
		" WHERE e.uid = $1 AND e.happened_at < $2 AND e.kind = 'answer'"
		" AND e.effect_key LIKE 'measure %' AND e.detail_json <> ''"
		" AND NOT EXISTS (SELECT 1 FROM round o WHERE " SAME
		" AND instr(o.plan_json, '\"rolled_back\"') > 0)",
	[STATEMENT_OPEN] = "INSERT INTO prune_open (uid) VALUES ($1)",
	[STATEMENT_CLOSE] = "DELETE FROM prune_open",
	[STATEMENT_TAKE_ROUND] = "DELETE FROM round_facts WHERE round_id = $1",
	[STATEMENT_TAKE_ANSWER] = "UPDATE round_effect SET detail_json = '' WHERE id = $1",
	[STATEMENT_TAKE_BASE] =
		"DELETE FROM facts_base WHERE id = $1"
		" AND NOT EXISTS (SELECT 1 FROM round_facts WHERE base_id = $1)",
};

/* What a portion is to take. */
struct portion {
	struct history_rows *rows;
	sqlite3_stmt *statements[N_STATEMENTS];
	struct instant now;
	struct instant cutoff;
	int64_t place;
	char chain[HISTORY_ANCHOR_CHAIN_MAX]; /* of all entries of it; "": none was looked at */
	int64_t first_seq;
	int64_t last_seq;
	struct instant until;
	bool is_last;
	int64_t rounds[HISTORY_PRUNE_ROWS_MAX];
	int64_t bases[HISTORY_PRUNE_ROWS_MAX]; /* of these rounds; 0: none */
	int64_t answers[HISTORY_PRUNE_ROWS_MAX];
	size_t n_rounds;
	size_t n_answers;
	char digests[HISTORY_PRUNE_ROWS_MAX * HISTORY_CHAIN_DIGEST_SIZE];
};

static bool failed(struct portion *portion, struct history_fault *fault)
{
	return history_fault_set(fault, portion->rows->db);
}

static bool prepare(struct portion *portion, struct history_fault *fault)
{
	for (size_t i = 0; i < N_STATEMENTS; i++) {
		if (sqlite3_prepare_v2(portion->rows->db, texts[i], -1, &portion->statements[i],
		                       NULL) != SQLITE_OK)
			return failed(portion, fault);
	}
	return true;
}

static void finish(struct portion *portion)
{
	for (size_t i = 0; i < N_STATEMENTS; i++)
		sqlite3_finalize(portion->statements[i]);
}

/* Run WHICH, which changes rows, for number ID. */
static bool change(struct portion *portion, enum statement which, int64_t id,
                   struct history_fault *fault)
{
	sqlite3_stmt *statement = portion->statements[which];
	bool is_done;

	if (sqlite3_bind_parameter_count(statement) > 0)
		sqlite3_bind_int64(statement, 1, id);
	is_done = sqlite3_step(statement) == SQLITE_DONE || failed(portion, fault);
	sqlite3_reset(statement);
	return is_done;
}

/* Looking ------------------------------------------------------------------------------------- */

static bool find_place(struct portion *portion, struct history_fault *fault)
{
	sqlite3_stmt *statement = portion->statements[STATEMENT_PLACE];
	int code;

	if (portion->place > 0)
		return true;
	code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		portion->place = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return code == SQLITE_ROW || code == SQLITE_DONE || failed(portion, fault);
}

/* Its digest joins those of what goes. */
static void take_digest(struct portion *portion, const char *digest)
{
	char *to = portion->digests +
	           (portion->n_rounds + portion->n_answers) * HISTORY_CHAIN_DIGEST_SIZE;

	(void)snprintf(to, HISTORY_CHAIN_DIGEST_SIZE, "%-*.*s", DIGEST_LENGTH, DIGEST_LENGTH,
	               digest);
	to[DIGEST_LENGTH] = '\n';
}

static bool has_raw_part(sqlite3_stmt *entry)
{
	return strcmp(history_row_text(entry, 4), "round") == 0 ||
	       strcmp(history_row_text(entry, 4), "round_effect") == 0;
}

/* Does the round or effect of ENTRY lose something? */
static bool look_at(struct portion *portion, sqlite3_stmt *entry, struct history_fault *fault)
{
	bool is_round = strcmp(history_row_text(entry, 4), "round") == 0;
	sqlite3_stmt *row = portion->statements[is_round ? STATEMENT_ROUND : STATEMENT_ANSWER];
	int code;

	if (!has_raw_part(entry))
		return true;
	sqlite3_bind_text(row, 1, history_row_text(entry, 5), -1, SQLITE_STATIC);
	sqlite3_bind_int64(row, 2, portion->cutoff.ms);
	code = sqlite3_step(row);
	if (code == SQLITE_ROW) {
		take_digest(portion, history_row_text(entry, 6));
		if (is_round) {
			portion->bases[portion->n_rounds] = sqlite3_column_int64(row, 1);
			portion->rounds[portion->n_rounds++] = sqlite3_column_int64(row, 0);
		} else {
			portion->answers[portion->n_answers++] = sqlite3_column_int64(row, 0);
		}
	}
	sqlite3_reset(row);
	return code == SQLITE_ROW || code == SQLITE_DONE || failed(portion, fault);
}

/* Is ENTRY the first that is too young? One with a time to come was written by a wrong clock: what
 * it is about stays, and does not stand in the way of the rest. */
static bool is_young(const struct portion *portion, sqlite3_stmt *entry)
{
	int64_t at = sqlite3_column_int64(entry, 3);

	return has_raw_part(entry) && at >= portion->cutoff.ms && at <= portion->now.ms;
}

/* False: the portion ends before ENTRY. */
static bool is_of_this(struct portion *portion, sqlite3_stmt *entry)
{
	const char *chain = history_row_text(entry, 1);

	if (is_young(portion, entry)) {
		portion->is_last = true;
		return false;
	}
	if (portion->first_seq == 0) {
		(void)snprintf(portion->chain, sizeof(portion->chain), "%s", chain);
		portion->first_seq = sqlite3_column_int64(entry, 2);
	}
	return strcmp(portion->chain, chain) == 0 &&
	       portion->n_rounds + portion->n_answers < HISTORY_PRUNE_ROWS_MAX;
}

static bool look(struct portion *portion, struct history_fault *fault)
{
	sqlite3_stmt *entry = portion->statements[STATEMENT_ENTRIES];
	int n = 0;
	int code;

	sqlite3_bind_int64(entry, 1, portion->place);
	sqlite3_bind_int(entry, 2, HISTORY_PRUNE_ENTRIES_MAX);
	while ((code = sqlite3_step(entry)) == SQLITE_ROW) {
		if (!is_of_this(portion, entry))
			break;
		if (!look_at(portion, entry, fault))
			return false;
		portion->place = sqlite3_column_int64(entry, 0);
		portion->last_seq = sqlite3_column_int64(entry, 2);
		portion->until.ms = sqlite3_column_int64(entry, 3);
		n++;
	}
	portion->is_last |= code == SQLITE_DONE && n < HISTORY_PRUNE_ENTRIES_MAX;
	if (code != SQLITE_ROW && code != SQLITE_DONE)
		return failed(portion, fault);
	sqlite3_reset(entry);
	return true;
}

/* Taking -------------------------------------------------------------------------------------- */

static bool say(struct portion *portion, struct history_fault *fault)
{
	char uid[UID_SIZE];
	char sha256[HISTORY_CHAIN_DIGEST_SIZE];
	const struct history_prune_row prune = {
		.uid = uid,
		.chain = portion->chain,
		.at = portion->now,
		.cutoff = portion->cutoff,
		.until = portion->until,
		.first_seq = portion->first_seq,
		.last_seq = portion->last_seq,
		.n_rounds = (int64_t)portion->n_rounds,
		.n_answers = (int64_t)portion->n_answers,
		.sha256 = sha256,
	};

	history_chain_digest(portion->digests,
	                     (portion->n_rounds + portion->n_answers) * HISTORY_CHAIN_DIGEST_SIZE,
	                     sha256);
	(void)snprintf(uid, sizeof(uid), "%s/prune-%" PRId64, portion->rows->boot,
	               portion->rows->head.seq + 1);
	sqlite3_bind_text(portion->statements[STATEMENT_OPEN], 1, uid, -1, SQLITE_TRANSIENT);
	return history_rows_prune(portion->rows, &prune, fault);
}

static bool open_prune(struct portion *portion, struct history_fault *fault)
{
	return sqlite3_step(portion->statements[STATEMENT_OPEN]) == SQLITE_DONE ||
	       failed(portion, fault);
}

static bool take(struct portion *portion, struct history_fault *fault)
{
	if (!say(portion, fault) || !open_prune(portion, fault))
		return false;
	for (size_t i = 0; i < portion->n_rounds; i++) {
		if (!change(portion, STATEMENT_TAKE_ROUND, portion->rounds[i], fault))
			return false;
	}
	for (size_t i = 0; i < portion->n_answers; i++) {
		if (!change(portion, STATEMENT_TAKE_ANSWER, portion->answers[i], fault))
			return false;
	}
	for (size_t i = 0; i < portion->n_rounds; i++) {
		bool is_told = i > 0 && portion->bases[i] == portion->bases[i - 1];

		if (portion->bases[i] > 0 && !is_told &&
		    !change(portion, STATEMENT_TAKE_BASE, portion->bases[i], fault))
			return false;
	}
	return change(portion, STATEMENT_CLOSE, 0, fault);
}

bool history_prune_portion(struct history_prune *prune, struct history_rows *rows,
                           struct instant now, struct instant cutoff,
                           struct history_prune_portion *ret, struct history_fault *fault)
{
	struct portion portion = {
		.rows = rows,
		.now = now,
		.cutoff = cutoff,
		.place = prune->place,
	};
	bool is_done =
		prepare(&portion, fault) && find_place(&portion, fault) && look(&portion, fault);

	if (is_done && portion.n_rounds + portion.n_answers > 0)
		is_done = take(&portion, fault);
	finish(&portion);
	if (!is_done)
		return false;
	prune->place = portion.place;
	*ret = (struct history_prune_portion){
		.n_rounds = (int64_t)portion.n_rounds,
		.n_answers = (int64_t)portion.n_answers,
		.is_last = portion.is_last,
	};
	return true;
}

#include "agent/history_read.h"

#include "agent/history_beside.h"
#include "agent/history_row.h"
#include "agent/history_schema.h"
#include "analysis/base/buf.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"

#include <assert.h>
#include <string.h>

#define URI_MAX 16384
#define BUSY_MS 5000 /* while a log is read in, or cut */

/* It stays with the connection, for the next that asks the same. */
static void statement_rest(sqlite3_stmt **statement)
{
	if (!*statement)
		return;
	sqlite3_reset(*statement);
	sqlite3_clear_bindings(*statement);
}

/* One for SQL that nobody is using: the same few are asked thousands of times. */
static bool statement_take(sqlite3 *db, const char *sql, sqlite3_stmt **ret)
{
	sqlite3_stmt *statement = sqlite3_next_stmt(db, NULL);

	while (statement &&
	       (sqlite3_stmt_busy(statement) || strcmp(sqlite3_sql(statement), sql) != 0))
		statement = sqlite3_next_stmt(db, statement);
	*ret = statement;
	return statement || sqlite3_prepare_v2(db, sql, -1, ret, NULL) == SQLITE_OK;
}

static void db_free(sqlite3 **db)
{
	sqlite3_close_v2(*db);
}

bool history_read_failed(sqlite3 *db, struct err *err)
{
	struct history_fault fault;

	history_fault_set(&fault, db);
	return err_set(err, ERR_SYSTEM, "%s", fault.text);
}

/* A file without a log beside it was closed in order, and no agent has it: it is read as it stands.
 */
static bool open_still(const char *path, sqlite3 **ret_db)
{
	struct buf text = {.max = URI_MAX};
	bool is_fine = buf_format(&text, "file:");

	for (const char *c = path; *c && is_fine; c++)
		is_fine = (strchr("%?#", *c) ? buf_format(&text, "%%%02X", (unsigned int)*c)
		                             : buf_add(&text, c, 1));
	is_fine = is_fine && buf_format(&text, "?immutable=1");
	is_fine = sqlite3_open_v2(is_fine ? buf_text(&text) : path, ret_db,
	                          SQLITE_OPEN_READONLY | (is_fine ? SQLITE_OPEN_URI : 0),
	                          NULL) == SQLITE_OK;
	buf_fini(&text);
	return is_fine;
}

/*
 * One with a log is read beside whoever writes it, or after one that was killed. Of a file that no
 * agent has, SQLite would leave an empty log behind, so that is opened as it stands.
 */
static bool open_file(const char *path, sqlite3 **ret_db)
{
	if (!history_beside_has_log(path))
		return open_still(path, ret_db);
	return sqlite3_open_v2(path, ret_db, SQLITE_OPEN_READONLY | SQLITE_OPEN_EXRESCODE, NULL) ==
	               SQLITE_OK &&
	       sqlite3_busy_timeout(*ret_db, BUSY_MS) == SQLITE_OK;
}

bool history_read_open(const char *path, sqlite3 **ret_db, struct err *err)
{
	CLEANUP(db_free) sqlite3 *db = NULL;
	enum history_schema_owner owner = HISTORY_SCHEMA_UNKNOWN;
	struct history_fault fault = {0};
	int version = 0;

	/* One transaction, so that nothing changes from one statement to the next. */
	if (!open_file(path, &db) || sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK) {
		(void)history_read_failed(db, err);
		return err_wrap(err, "%s", path);
	}
	if (!history_schema_find(db, &owner, &version, &fault))
		return err_set(err, ERR_SYSTEM, "%s: %s", path, fault.text);
	if (owner != HISTORY_SCHEMA_OURS || version > HISTORY_SCHEMA_VERSION)
		return err_set(err, ERR_INVALID,
		               "%s: expected a history of schema version %d or before, got %s %d",
		               path, HISTORY_SCHEMA_VERSION,
		               owner == HISTORY_SCHEMA_FOREIGN ? "another database of version"
		                                               : "version",
		               version);
	if (version < HISTORY_SCHEMA_VERSION &&
	    sqlite3_exec(db, history_schema_beside[version - 1], NULL, NULL, NULL) != SQLITE_OK) {
		(void)history_read_failed(db, err);
		return err_wrap(err, "%s", path);
	}
	*ret_db = db;
	db = NULL;
	return true;
}

sqlite3 *history_read_close(sqlite3 *db)
{
	sqlite3_stmt *statement;

	while ((statement = db ? sqlite3_next_stmt(db, NULL) : NULL))
		sqlite3_finalize(statement);
	sqlite3_close_v2(db);
	return NULL;
}

static void round_visit(sqlite3_stmt *row,
                        void (*visit)(void *user, const struct history_read_round *round),
                        void *user)
{
	const struct history_read_round round = {
		.round =
			{
				.uid = history_row_text(row, 0),
				.k8s_namespace = history_row_text(row, 1),
				.canary = history_row_text(row, 2),
				.canary_uid = history_row_text(row, 3),
				.release = history_row_text(row, 4),
				.release_seq = sqlite3_column_int64(row, 5),
				.decided_at = {sqlite3_column_int64(row, 6)},
				.decide_version = history_row_text(row, 7),
				.reason = history_row_text(row, 8),
				.spec = history_row_text(row, 10),
				.base = history_row_text(row, 15),
				.facts = history_row_text(row, 11),
				.plan = history_row_text(row, 12),
			},
		.spec_sha256 = history_row_text(row, 9),
		.is_cut = sqlite3_column_int(row, 13) != 0,
		.is_ahead = sqlite3_column_int(row, 14) != 0,
		.pruned = {sqlite3_column_int64(row, 16)},
	};

	visit(user, &round);
}

void history_read_pruned(const struct history_read_round *round, char ret[HISTORY_READ_PRUNED_MAX])
{
	char time[INSTANT_TEXT_MAX];

	text_format(ret, HISTORY_READ_PRUNED_MAX, "its facts were removed on %s by retention",
	            instant_format_seconds(round->pruned, time));
}

/* When its facts were removed: prunes follow each other in the order of what they removed. */
#define PRUNED                                                        \
 "CASE WHEN f.round_id IS NULL THEN COALESCE((SELECT p.pruned_at"     \
 " FROM prune p WHERE p.until_at >= r.decided_at ORDER BY p.until_at" \
 " LIMIT 1), r.decided_at) END"
#define ROUNDS                                                                                       \
 "SELECT r.uid, r.k8s_namespace, r.canary_name, r.canary_uid, r.release_name, r.release_seq,"        \
 " r.decided_at, r.decide_version, r.reason, r.spec_sha256, s.spec_json, f.facts_json, r.plan_json," \
 " r.is_cut, EXISTS (SELECT 1 FROM gap g WHERE g.round_uid = r.uid AND g.kind = 'ahead'),"           \
 " b.facts_json, " PRUNED                                                                            \
 " FROM round r JOIN canary_spec s ON s.sha256 = r.spec_sha256"                                      \
 " LEFT JOIN round_facts f ON f.round_id = r.id"                                                     \
 " LEFT JOIN facts_base b ON b.sha256 = r.base_sha256 WHERE "
#define NAMED   "r.k8s_namespace = $1 AND r.canary_name = $2"
#define ANY     "($1 IS NULL OR r.k8s_namespace = $1) AND ($2 IS NULL OR r.canary_name = $2)"
#define RELEASE " AND r.release_name = $3 AND ($4 IS NULL OR r.canary_uid = $4)"
#define ONE     "r.k8s_namespace = $1 AND $2 = $2 AND r.release_name = $3 AND r.canary_uid = $4"
#define NEWEST  " ORDER BY r.decided_at DESC, r.id DESC LIMIT "
#define OLDEST  " ORDER BY r.decided_at, r.id LIMIT "

/* Each has an index that it can be read by. */
static const char *rounds_text(const struct history_read_filter *filter)
{
	if (filter->release && filter->k8s_namespace && filter->canary && filter->canary_uid)
		return filter->is_oldest_first ? ROUNDS ONE OLDEST "$5" : ROUNDS ONE NEWEST "$5";
	assert(!filter->is_oldest_first); /* nobody asked for that yet */
	if (filter->release)
		return ROUNDS ANY RELEASE NEWEST "$5";
	return filter->k8s_namespace && filter->canary ? ROUNDS NAMED NEWEST "$3"
	                                               : ROUNDS ANY NEWEST "$3";
}

static bool rounds_bind(sqlite3_stmt *row, const struct history_read_filter *filter)
{
	sqlite3_int64 n_max = filter->n_max ? (sqlite3_int64)filter->n_max : -1;

	return sqlite3_bind_text(row, 1, filter->k8s_namespace, -1, SQLITE_STATIC) == SQLITE_OK &&
	       sqlite3_bind_text(row, 2, filter->canary, -1, SQLITE_STATIC) == SQLITE_OK &&
	       (!filter->release ||
	        (sqlite3_bind_text(row, 3, filter->release, -1, SQLITE_STATIC) == SQLITE_OK &&
	         sqlite3_bind_text(row, 4, filter->canary_uid, -1, SQLITE_STATIC) == SQLITE_OK)) &&
	       sqlite3_bind_int64(row, filter->release ? 5 : 3, n_max) == SQLITE_OK;
}

bool history_read_rounds(sqlite3 *db, const struct history_read_filter *filter,
                         void (*visit)(void *user, const struct history_read_round *round),
                         void *user, struct err *err)
{
	CLEANUP(statement_rest) sqlite3_stmt *row = NULL;
	int code;

	if (!statement_take(db, rounds_text(filter), &row) || !rounds_bind(row, filter))
		return history_read_failed(db, err);
	while ((code = sqlite3_step(row)) == SQLITE_ROW)
		round_visit(row, visit, user);
	return code == SQLITE_DONE || history_read_failed(db, err);
}

/* From one release to the next by the index, whatever number of rounds lies between. */
bool history_read_releases(sqlite3 *db, const struct history_read_release *after,
                           struct history_read_release *ret, bool *ret_is_found, struct err *err)
{
	static const char sql[] =
		"SELECT release_name, k8s_namespace, canary_uid, canary_name FROM round"
		" WHERE (release_name, k8s_namespace, canary_uid) > ($1, $2, $3)"
		" ORDER BY release_name, k8s_namespace, canary_uid LIMIT 1";
	CLEANUP(statement_rest) sqlite3_stmt *row = NULL;
	int code;

	if (!statement_take(db, sql, &row) ||
	    sqlite3_bind_text(row, 1, after->name, -1, SQLITE_TRANSIENT) != SQLITE_OK ||
	    sqlite3_bind_text(row, 2, after->k8s_namespace, -1, SQLITE_TRANSIENT) != SQLITE_OK ||
	    sqlite3_bind_text(row, 3, after->canary_uid, -1, SQLITE_TRANSIENT) != SQLITE_OK)
		return history_read_failed(db, err);
	code = sqlite3_step(row);
	*ret_is_found = code == SQLITE_ROW;
	if (code != SQLITE_ROW)
		return code == SQLITE_DONE || history_read_failed(db, err);
	text_copy(ret->name, history_row_text(row, 0));
	text_copy(ret->k8s_namespace, history_row_text(row, 1));
	text_copy(ret->canary_uid, history_row_text(row, 2));
	text_copy(ret->canary, history_row_text(row, 3));
	return true;
}

static enum history_kind kind_of(const char *text)
{
	static const struct {
		const char *text;
		enum history_kind kind;
	} kinds[] = {
		{"question", HISTORY_QUESTION},
		{"change", HISTORY_CHANGE},
		{"answer", HISTORY_ANSWER},
	};

	for (size_t i = 0; i < array_length(kinds); i++) {
		if (strcmp(kinds[i].text, text) == 0)
			return kinds[i].kind;
	}
	return HISTORY_UNKNOWN;
}

static void effect_visit(sqlite3_stmt *row,
                         void (*visit)(void *user, const struct history_effect *effect), void *user)
{
	const struct history_effect effect = {
		.round_uid = history_row_text(row, 0),
		.kind = kind_of(history_row_text(row, 1)),
		.key = history_row_text(row, 2),
		.detail = history_row_text(row, 3),
		.result = history_row_text(row, 4),
		.at = {sqlite3_column_int64(row, 5)},
	};

	visit(user, &effect);
}

#define EFFECTS "SELECT e.round_uid, e.kind, e.effect_key, e.detail_json, e.result, e.happened_at"

bool history_read_effects(sqlite3 *db, const char *round_uid,
                          void (*visit)(void *user, const struct history_effect *effect),
                          void *user, struct err *err)
{
	static const char sql[] =
		EFFECTS " FROM round_effect e WHERE e.round_uid = $1 ORDER BY e.id";
	CLEANUP(statement_rest) sqlite3_stmt *row = NULL;
	int code;

	if (!statement_take(db, sql, &row) ||
	    sqlite3_bind_text(row, 1, round_uid, -1, SQLITE_STATIC) != SQLITE_OK)
		return history_read_failed(db, err);
	while ((code = sqlite3_step(row)) == SQLITE_ROW)
		effect_visit(row, visit, user);
	return code == SQLITE_DONE || history_read_failed(db, err);
}

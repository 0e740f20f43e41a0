#include "agent/history_file.h"

#include "agent/history_aside.h"
#include "agent/history_chain.h"
#include "agent/history_payload.h"
#include "agent/history_schema.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UID_SIZE  (HISTORY_RECORD_NAME_MAX + 64)
#define NOTE_SIZE (HISTORY_ASIDE_PATH_MAX + 64)

enum statement {
	STATEMENT_SPEC,
	STATEMENT_ROUND,
	STATEMENT_EFFECT,
	STATEMENT_GAP,
	STATEMENT_AUDIT,
	N_STATEMENTS,
};

static const char *const statement_texts[N_STATEMENTS] = {
	[STATEMENT_SPEC] =
		"INSERT INTO canary_spec (sha256, spec_json) VALUES ($1, $2)"
		" ON CONFLICT (sha256) DO NOTHING",
	[STATEMENT_ROUND] =
		"INSERT INTO round (uid, k8s_namespace, canary_name, canary_uid, release_name,"
		" release_seq, decided_at, decide_version, reason, spec_sha256, facts_json, plan_json,"
		" is_cut) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
		" ON CONFLICT (uid) DO NOTHING",
	[STATEMENT_EFFECT] =
		"INSERT INTO round_effect (uid, round_uid, kind, effect_key, detail_json, result,"
		" happened_at, is_cut) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
		" ON CONFLICT (uid) DO NOTHING",
	[STATEMENT_GAP] =
		"INSERT INTO gap (uid, kind, round_uid, n_records, from_at, until_at, detail)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (uid) DO NOTHING",
	[STATEMENT_AUDIT] =
		"INSERT INTO audit_log (chain, seq, ts, actor, action, entity, entity_uid, payload,"
		" payload_sha256, prev_hash, hash)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
};

/* The end of our chain. */
struct head {
	int64_t seq;
	char hash[HISTORY_CHAIN_DIGEST_SIZE];
};

struct history_file {
	char *path;
	char *chain;
	char *actor;
	char *boot;
	char *vfs;           /* or NULL */
	struct instant seen; /* the latest time known here: of opening, or of a record */

	sqlite3 *db; /* or NULL: closed */
	sqlite3_stmt *statements[N_STATEMENTS];
	struct head head;    /* as committed */
	struct head pending; /* as of the open transaction */
	struct buf payload;

	bool is_broken;        /* the next open moves it aside */
	const char *suspect;   /* the word for it: "corrupt", "foreign", "newer" */
	char moved[NOTE_SIZE]; /* what the new file must say first; "" when nothing is owed */
	unsigned n_moved;
	char note[NOTE_SIZE];
};

static char *text_copy(const char *text)
{
	char *copy = text ? strdup(text) : NULL;

	if (text && !copy)
		abort();
	return copy;
}

struct history_file *history_file_new(const struct history_sqlite_options *options)
{
	struct history_file *file = calloc(1, sizeof(*file));

	if (!file)
		abort();
	file->path = text_copy(options->path);
	file->chain = text_copy(options->chain);
	file->actor = text_copy(options->actor);
	file->boot = text_copy(options->boot);
	file->vfs = text_copy(options->vfs);
	file->seen = options->opened_at;
	return file;
}

static void file_close(struct history_file *file)
{
	for (size_t i = 0; i < N_STATEMENTS; i++) {
		sqlite3_finalize(file->statements[i]);
		file->statements[i] = NULL;
	}
	sqlite3_close_v2(file->db);
	file->db = NULL;
}

struct history_file *history_file_free(struct history_file *file)
{
	if (!file)
		return NULL;
	file_close(file);
	buf_fini(&file->payload);
	free(file->path);
	free(file->chain);
	free(file->actor);
	free(file->boot);
	free(file->vfs);
	free(file);
	return NULL;
}

const char *history_file_note(const struct history_file *file)
{
	return file->note;
}

/* Opening
 * ------------------------------------------------------------------------------------------------------
 */

/* The lock is exclusive before WAL is: the index of the log then lives in memory and needs no
 * shared file. */
static const char setup[] =
	"PRAGMA journal_mode = WAL;"
	"PRAGMA synchronous = FULL;"
	"PRAGMA foreign_keys = ON;"
	"PRAGMA trusted_schema = OFF;"
	"PRAGMA cell_size_check = ON;"
	"PRAGMA journal_size_limit = 16777216;";

/* Mark the file as one that we cannot continue. */
static bool file_suspect(struct history_file *file, const char *word, const char *why,
                         struct history_fault *fault)
{
	file->is_broken = true;
	file->suspect = word;
	fault->kind = HISTORY_FAULT_BROKEN;
	if (why != fault->text)
		snprintf(fault->text, sizeof(fault->text), "%s", why);
	return false;
}

/* Note what FAULT means for the connection. Returns false. */
static bool file_failed(struct history_file *file, struct history_fault *fault)
{
	if (fault->kind == HISTORY_FAULT_BROKEN && !file->is_broken)
		file_suspect(file, "corrupt", fault->text, fault);
	if (fault->kind != HISTORY_FAULT_WAIT)
		file_close(file);
	return false;
}

static bool file_prepare(struct history_file *file, struct history_fault *fault)
{
	for (size_t i = 0; i < N_STATEMENTS; i++) {
		if (sqlite3_prepare_v3(file->db, statement_texts[i], -1, SQLITE_PREPARE_PERSISTENT,
		                       &file->statements[i], NULL) == SQLITE_OK)
			continue;
		history_fault_set(fault, file->db);
		if ((sqlite3_errcode(file->db) & 0xff) ==
		    SQLITE_ERROR) /* a table or column is missing */
			return file_suspect(file, "corrupt", fault->text, fault);
		return false;
	}
	return true;
}

static void statement_free(sqlite3_stmt **statement)
{
	sqlite3_finalize(*statement);
}

static bool head_read(struct history_file *file, struct history_fault *fault)
{
	static const char sql[] =
		"SELECT seq, hash FROM audit_log WHERE chain = $1 ORDER BY seq DESC LIMIT 1";
	CLEANUP(statement_free) sqlite3_stmt *statement = NULL;
	int code;

	file->head = (struct head){.hash = HISTORY_CHAIN_ORIGIN};
	if (sqlite3_prepare_v2(file->db, sql, -1, &statement, NULL) != SQLITE_OK ||
	    sqlite3_bind_text(statement, 1, file->chain, -1, SQLITE_STATIC) != SQLITE_OK)
		return history_fault_set(fault, file->db);
	code = sqlite3_step(statement);
	if (code == SQLITE_DONE)
		return true;
	if (code != SQLITE_ROW)
		return history_fault_set(fault, file->db);
	file->head.seq = sqlite3_column_int64(statement, 0);
	snprintf(file->head.hash, sizeof(file->head.hash), "%s",
	         (const char *)sqlite3_column_text(statement, 1));
	return true;
}

/*
 * Everything that was committed goes from the log into the file, synced. After a failed sync this
 * makes sure that what the log still holds is really on disk before it is taken for written.
 */
static bool file_settle(struct history_file *file, struct history_fault *fault)
{
	if (sqlite3_wal_checkpoint_v2(file->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) ==
	    SQLITE_OK)
		return true;
	return history_fault_set(fault, file->db);
}

static bool file_begin(struct history_file *file, struct history_fault *fault)
{
	enum history_schema_owner owner = HISTORY_SCHEMA_UNKNOWN;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
	            SQLITE_OPEN_EXRESCODE;
	int version = 0;

	if (sqlite3_open_v2(file->path, &file->db, flags, file->vfs) != SQLITE_OK)
		return history_fault_set(fault, file->db);
	if (sqlite3_db_readonly(file->db, "main") ==
	    1) { /* its lock would fail with an error that says nothing */
		fault->kind = HISTORY_FAULT_REOPEN;
		snprintf(fault->text, sizeof(fault->text),
		         "the file can only be opened for reading");
		return false;
	}
	/* Look before changing anything: the file may be somebody else's. */
	if (sqlite3_exec(file->db, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL) !=
	    SQLITE_OK)
		return history_fault_set(fault, file->db);
	if (!history_schema_find(file->db, &owner, &version, fault))
		return false;
	if (owner == HISTORY_SCHEMA_FOREIGN)
		return file_suspect(file, "foreign", "a database, but not a history", fault);
	if (owner == HISTORY_SCHEMA_NEWER) {
		char why[64];

		snprintf(why, sizeof(why), "schema version %d, expected at most %d", version,
		         HISTORY_SCHEMA_VERSION);
		return file_suspect(file, "newer", why, fault);
	}
	if (sqlite3_exec(file->db, setup, NULL, NULL, NULL) != SQLITE_OK)
		return history_fault_set(fault, file->db);
	return history_schema_migrate(file->db, history_schema_steps, HISTORY_SCHEMA_VERSION,
	                              file->seen, fault) &&
	       file_settle(file, fault) && file_prepare(file, fault) && head_read(file, fault);
}

static bool file_move(struct history_file *file, struct history_fault *fault)
{
	char aside[HISTORY_ASIDE_PATH_MAX];
	struct err err;

	if (!history_aside_move(file->path, file->suspect, file->seen, aside, &err)) {
		fault->kind = HISTORY_FAULT_REOPEN;
		snprintf(fault->text, sizeof(fault->text), "%s file: %.300s", file->suspect,
		         err.text);
		return false;
	}
	snprintf(file->moved, sizeof(file->moved), "%s file moved aside to %s", file->suspect,
	         aside);
	file->is_broken = false;
	return true;
}

static bool moved_write(struct history_file *file, struct history_fault *fault);

bool history_file_open(struct history_file *file, struct history_fault *fault)
{
	if (file->db)
		return true;
	for (int attempt = 0; attempt < 2; attempt++) {
		if (file->is_broken && !file_move(file, fault))
			return false;
		if (file_begin(file, fault) && (file->moved[0] == '\0' || moved_write(file, fault)))
			return true;
		file_failed(file, fault);
		file_close(file); /* half open: begin again the next time */
		if (!file->is_broken)
			return false;
	}
	return false;
}

/* Writing
 * ------------------------------------------------------------------------------------------------------
 */

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
static bool insert(struct history_file *file, enum statement which, bool *ret_is_new,
                   struct history_fault *fault)
{
	sqlite3_stmt *statement = file->statements[which];
	bool is_done = sqlite3_step(statement) == SQLITE_DONE;

	if (!is_done)
		history_fault_set(fault, file->db);
	else
		*ret_is_new = sqlite3_changes(file->db) > 0;
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return is_done;
}

/* Append file->payload to the chain. ENTRY comes with ts, action, entity and uid. */
static bool audit(struct history_file *file, struct history_chain_entry *entry,
                  struct history_fault *fault)
{
	sqlite3_stmt *statement = file->statements[STATEMENT_AUDIT];
	char payload_sha256[HISTORY_CHAIN_DIGEST_SIZE];
	char hash[HISTORY_CHAIN_DIGEST_SIZE];
	bool is_new = false;

	history_chain_digest(file->payload.bytes, file->payload.length, payload_sha256);
	entry->chain = file->chain;
	entry->seq = file->pending.seq + 1;
	entry->actor = file->actor;
	entry->payload_sha256 = payload_sha256;
	entry->prev_hash = file->pending.hash;
	history_chain_hash(entry, hash);
	bind_text(statement, 1, entry->chain);
	bind_number(statement, 2, entry->seq);
	bind_number(statement, 3, entry->ts);
	bind_text(statement, 4, entry->actor);
	bind_text(statement, 5, entry->action);
	bind_text(statement, 6, entry->entity);
	bind_text(statement, 7, entry->entity_uid);
	bind_text(statement, 8, buf_text(&file->payload));
	bind_text(statement, 9, entry->payload_sha256);
	bind_text(statement, 10, entry->prev_hash);
	bind_text(statement, 11, hash);
	if (!insert(file, STATEMENT_AUDIT, &is_new, fault))
		return false;
	file->pending.seq++;
	memcpy(file->pending.hash, hash, sizeof(hash));
	return true;
}

static bool round_write(struct history_file *file, const struct history_record *record,
                        struct history_fault *fault)
{
	const struct history_round *round = &record->round;
	sqlite3_stmt *statement = file->statements[STATEMENT_ROUND];
	struct history_chain_entry entry = {
		.ts = round->decided_at.ms,
		.action = "round.decide",
		.entity = "round",
		.entity_uid = round->uid,
	};
	char spec_sha256[HISTORY_CHAIN_DIGEST_SIZE];
	bool is_new = false;

	history_chain_digest_text(round->spec, spec_sha256);
	bind_text(file->statements[STATEMENT_SPEC], 1, spec_sha256);
	bind_text(file->statements[STATEMENT_SPEC], 2, round->spec);
	if (!insert(file, STATEMENT_SPEC, &is_new, fault))
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
	bind_text(statement, 11, round->facts);
	bind_text(statement, 12, round->plan);
	bind_number(statement, 13, record->is_cut);
	if (!insert(file, STATEMENT_ROUND, &is_new, fault))
		return false;
	history_payload_round(round, spec_sha256, record->is_cut, &file->payload);
	return !is_new || audit(file, &entry, fault);
}

static bool effect_write(struct history_file *file, const struct history_record *record,
                         const char *uid, struct history_fault *fault)
{
	const struct history_effect *effect = &record->effect;
	const char *kind = history_record_effect_text(effect->kind);
	sqlite3_stmt *statement = file->statements[STATEMENT_EFFECT];
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
	if (!insert(file, STATEMENT_EFFECT, &is_new, fault))
		return false;
	history_payload_effect(uid, kind, effect, record->is_cut, &file->payload);
	return !is_new || audit(file, &entry, fault);
}

static bool gap_write(struct history_file *file, enum history_record_kind of,
                      const struct history_gap *gap, const char *uid, struct history_fault *fault)
{
	const char *kind = history_record_gap_text(of);
	sqlite3_stmt *statement = file->statements[STATEMENT_GAP];
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
	if (!insert(file, STATEMENT_GAP, &is_new, fault))
		return false;
	history_payload_gap(uid, kind, gap, &file->payload);
	return !is_new || audit(file, &entry, fault);
}

static bool refused_write(struct history_file *file, const struct history_record *record,
                          const char *uid, struct history_fault *fault)
{
	const struct history_gap gap = {
		.round_uid = history_record_round_uid(record),
		.n_records = 1,
		.from = history_record_at(record),
		.until = history_record_at(record),
		.detail = record->refusal,
	};

	return gap_write(file, HISTORY_RECORD_REFUSED, &gap, uid, fault);
}

static bool record_write(struct history_file *file, const struct history_record *record,
                         struct history_fault *fault)
{
	char uid[UID_SIZE];

	snprintf(uid, sizeof(uid), "%s/%010" PRIu64, file->boot, record->number);
	if (record->refusal)
		return refused_write(file, record, uid, fault);
	switch (record->kind) {
	case HISTORY_RECORD_ROUND:
		return round_write(file, record, fault);
	case HISTORY_RECORD_EFFECT:
		return effect_write(file, record, uid, fault);
	case HISTORY_RECORD_AHEAD:
	case HISTORY_RECORD_LOST:
	case HISTORY_RECORD_REFUSED:
	case HISTORY_RECORD_MOVED:
		return gap_write(file, record->kind, &record->gap, uid, fault);
	case HISTORY_RECORD_NONE:
		break;
	}
	assert(false); /* a record is of some kind */
	return false;
}

static bool transaction_begin(struct history_file *file, struct history_fault *fault)
{
	file->pending = file->head;
	if (sqlite3_exec(file->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK)
		return true;
	return history_fault_set(fault, file->db);
}

static bool transaction_commit(struct history_file *file, struct history_fault *fault)
{
	if (sqlite3_exec(file->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		return history_fault_set(fault, file->db);
	file->head = file->pending;
	return true;
}

static void transaction_undo(struct history_file *file)
{
	if (file->db && !sqlite3_get_autocommit(file->db))
		sqlite3_exec(file->db, "ROLLBACK", NULL, NULL, NULL);
}

/* The first thing in a file that follows one moved aside: where the older evidence is. */
static bool moved_write(struct history_file *file, struct history_fault *fault)
{
	const struct history_gap gap = {
		.round_uid = "",
		.from = file->seen,
		.until = file->seen,
		.detail = file->moved,
	};
	char uid[UID_SIZE];

	snprintf(uid, sizeof(uid), "%s/moved-%u", file->boot, file->n_moved + 1);
	if (!transaction_begin(file, fault) ||
	    !gap_write(file, HISTORY_RECORD_MOVED, &gap, uid, fault) ||
	    !transaction_commit(file, fault)) {
		transaction_undo(file);
		return false;
	}
	file->n_moved++;
	memcpy(file->note, file->moved, sizeof(file->note));
	file->moved[0] = '\0';
	return true;
}

/* *ret_failed: the record that could not be written; NULL when it was something else. */
static bool list_write(struct history_file *file, struct history_record *list,
                       struct history_record **ret_failed, struct history_fault *fault)
{
	*ret_failed = NULL;
	if (!transaction_begin(file, fault))
		return false;
	for (; list; list = list->next) {
		struct instant at = history_record_at(list);

		if (instant_is_before(file->seen, at))
			file->seen = at;
		if (record_write(file, list, fault))
			continue;
		*ret_failed = list;
		return false;
	}
	return transaction_commit(file, fault);
}

bool history_file_write(struct history_file *file, struct history_record *list,
                        struct history_fault *fault)
{
	struct history_record *failed = NULL;

	while (!list_write(file, list, &failed, fault)) {
		transaction_undo(file);
		if (fault->kind != HISTORY_FAULT_RECORD || !failed || failed->refusal)
			return file_failed(file, fault);
		failed->refusal = text_copy(fault->text); /* once per record, so this ends */
	}
	return true;
}

#include "agent/history_file.h"

#include "agent/history_aside.h"
#include "agent/history_beside.h"
#include "agent/history_schema.h"
#include "analysis/base/compiler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UID_SIZE  (HISTORY_RECORD_NAME_MAX + 64)
#define NOTE_SIZE (HISTORY_ASIDE_PATH_MAX + 64)
#define BUSY_MS   1000 /* while a reader reads the log in; then it is tried again later */

struct history_file {
	char *path;
	char *chain;
	char *actor;
	char *boot;
	char *vfs;           /* or NULL */
	struct instant seen; /* the latest time known here: of opening, or of a record */

	sqlite3 *lock; /* keeps other agents out; held from the first opening on, or NULL */
	sqlite3 *db;   /* or NULL: closed */
	struct history_rows rows;
	struct history_rows_head head;   /* as committed */
	struct history_rows_head round;  /* after the newest round written, perhaps not committed */
	struct history_rows_head anchor; /* after the newest round committed */

	bool is_unsure;        /* a sync failed: what the log holds may not be on disk */
	bool is_broken;        /* the next open moves it aside */
	const char *suspect;   /* the word for it: "corrupt", "foreign", "newer" */
	char moved[NOTE_SIZE]; /* what the new file must say first; "" when nothing is owed */
	unsigned n_moved;
	struct history_prune prune;
	bool has_begun; /* the file says when this process began */
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
	file->rows = (struct history_rows){
		.chain = file->chain, .actor = file->actor, .boot = file->boot};
	return file;
}

static void file_close(struct history_file *file)
{
	history_rows_finish(&file->rows);
	sqlite3_close_v2(file->db);
	file->db = NULL;
}

struct history_file *history_file_free(struct history_file *file)
{
	if (!file)
		return NULL;
	file_close(file);
	sqlite3_close_v2(file->lock);
	free(file->path);
	free(file->chain);
	free(file->actor);
	free(file->boot);
	free(file->vfs);
	free(file);
	return NULL;
}

const struct history_rows_head *history_file_anchor(const struct history_file *file)
{
	return &file->anchor;
}

const char *history_file_note(const struct history_file *file)
{
	return file->note;
}

/* Opening
 * ------------------------------------------------------------------------------------------------------
 */

/* Readers come and go beside us: the log goes into the file each 1000 pages, as far as none of them
 * needs it. */
static const char setup[] =
	"PRAGMA journal_mode = WAL;"
	"PRAGMA synchronous = FULL;"
	"PRAGMA foreign_keys = ON;"
	"PRAGMA trusted_schema = OFF;"
	"PRAGMA cell_size_check = ON;"
	"PRAGMA wal_autocheckpoint = 1000;"
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
	if (fault->kind != HISTORY_FAULT_WAIT) {
		file->is_unsure = file->is_unsure || file->db;
		file_close(file);
	}
	return false;
}

static bool file_head(struct history_file *file, struct history_fault *fault)
{
	if (!history_rows_find(&file->rows, fault))
		return false;
	file->head = file->rows.head;
	return true;
}

static bool file_prepare(struct history_file *file, struct history_fault *fault)
{
	if (history_rows_prepare(&file->rows, file->db, fault))
		return true;
	if ((sqlite3_errcode(file->db) & 0xff) == SQLITE_ERROR) /* a table or column is missing */
		return file_suspect(file, "corrupt", fault->text, fault);
	return false;
}

/*
 * Everything that was committed goes from the log into the file, synced. After a failed sync this
 * makes sure that what the log still holds is really on disk before it is taken for written. A
 * reader may stand in the way; without a failure that does no harm, for the next sync is one of the
 * whole log.
 */
static bool file_settle(struct history_file *file, struct history_fault *fault)
{
	int n_log = -1;
	int n_done = -1;
	int code = sqlite3_wal_checkpoint_v2(file->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, &n_log,
	                                     &n_done);
	bool is_settled = code == SQLITE_OK || (n_log >= 0 && n_done == n_log);

	if ((code & 0xff) == SQLITE_BUSY && (is_settled || !file->is_unsure))
		code = SQLITE_OK;
	if (code != SQLITE_OK)
		return history_fault_set(fault, file->db);
	file->is_unsure = file->is_unsure && !is_settled;
	return true;
}

static bool file_begin(struct history_file *file, struct history_fault *fault)
{
	enum history_schema_owner owner = HISTORY_SCHEMA_UNKNOWN;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
	            SQLITE_OPEN_EXRESCODE;
	int version = 0;

	if (!file->lock && !history_beside_lock(file->path, file->vfs, &file->lock, fault))
		return false;
	if (sqlite3_open_v2(file->path, &file->db, flags, file->vfs) != SQLITE_OK ||
	    sqlite3_busy_timeout(file->db, BUSY_MS) != SQLITE_OK)
		return history_fault_set(fault, file->db);
	if (sqlite3_db_readonly(file->db, "main") ==
	    1) { /* its lock would fail with an error that says nothing */
		fault->kind = HISTORY_FAULT_REOPEN;
		snprintf(fault->text, sizeof(fault->text),
		         "the file can only be opened for reading");
		return false;
	}
	/* Look before changing anything: the file may be somebody else's. */
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
	       file_settle(file, fault) && file_prepare(file, fault) && file_head(file, fault);
}

static bool file_move(struct history_file *file, struct history_fault *fault)
{
	CLEANUP(buf_fini) struct buf name = {.max = HISTORY_ASIDE_PATH_MAX};
	bool is_named = history_beside_name(file->path, file->vfs, "", &name);
	char aside[HISTORY_ASIDE_PATH_MAX];
	struct err err;

	if (!history_aside_move(is_named ? buf_text(&name) : file->path, file->suspect, file->seen,
	                        aside, &err)) {
		fault->kind = HISTORY_FAULT_REOPEN;
		snprintf(fault->text, sizeof(fault->text), "%s file: %.300s", file->suspect,
		         err.text);
		return false;
	}
	snprintf(file->moved, sizeof(file->moved), "%s file moved aside to %s", file->suspect,
	         aside);
	file->is_broken = false;
	file->prune = (struct history_prune){0};
	file->anchor = (struct history_rows_head){0}; /* that chain is not in the new file */
	return true;
}

static bool moved_write(struct history_file *file, struct history_fault *fault);
static bool began_write(struct history_file *file, struct history_fault *fault);

bool history_file_open(struct history_file *file, struct history_fault *fault)
{
	if (file->db)
		return true;
	for (int attempt = 0; attempt < 2; attempt++) {
		if (file->is_broken && !file_move(file, fault))
			return false;
		if (file_begin(file, fault) && began_write(file, fault) &&
		    (file->moved[0] == '\0' || moved_write(file, fault)))
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

static bool transaction_begin(struct history_file *file, struct history_fault *fault)
{
	file->rows.head = file->head;
	file->round = file->anchor;
	if (sqlite3_exec(file->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK)
		return true;
	return history_fault_set(fault, file->db);
}

static bool transaction_commit(struct history_file *file, struct history_fault *fault)
{
	if (sqlite3_exec(file->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		return history_fault_set(fault, file->db);
	file->head = file->rows.head;
	file->anchor = file->round;
	return true;
}

static void transaction_undo(struct history_file *file)
{
	if (file->db && !sqlite3_get_autocommit(file->db))
		sqlite3_exec(file->db, "ROLLBACK", NULL, NULL, NULL);
}

/* A gap in a transaction of its own. */
static bool lone_gap_write(struct history_file *file, enum history_record_kind of,
                           const struct history_gap *gap, const char *uid,
                           struct history_fault *fault)
{
	if (transaction_begin(file, fault) && history_rows_gap(&file->rows, of, gap, uid, fault) &&
	    transaction_commit(file, fault))
		return true;
	transaction_undo(file);
	return false;
}

/*
 * Another process wrote here before. If it was killed, its last records never came to disk, nor did
 * the marks of those that went ahead of it: nobody but the next process can say so.
 */
static bool began_write(struct history_file *file, struct history_fault *fault)
{
	const struct history_gap gap = {
		.round_uid = "",
		.from = file->rows.last,
		.until = instant_is_before(file->seen, file->rows.last) ? file->rows.last
	                                                                : file->seen,
		.detail =
			"the agent was started; what the one before it had not brought to disk is "
			"missing",
	};
	char uid[UID_SIZE];

	if (file->has_begun || !instant_is_set(file->rows.last)) {
		file->has_begun = true;
		return true;
	}
	snprintf(uid, sizeof(uid), "%s/began", file->boot);
	file->has_begun = lone_gap_write(file, HISTORY_RECORD_BEGAN, &gap, uid, fault);
	return file->has_begun;
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
	if (!lone_gap_write(file, HISTORY_RECORD_MOVED, &gap, uid, fault))
		return false;
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
		if (!history_rows_write(&file->rows, list, fault)) {
			*ret_failed = list;
			return false;
		}
		if (list->kind == HISTORY_RECORD_ROUND && !list->refusal)
			file->round = file->rows.head;
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

bool history_file_prune(struct history_file *file, struct instant now, struct instant cutoff,
                        struct history_prune_portion *ret, struct history_fault *fault)
{
	struct history_prune before = file->prune;

	if (transaction_begin(file, fault) &&
	    history_prune_portion(&file->prune, &file->rows, now, cutoff, ret, fault) &&
	    transaction_commit(file, fault))
		return true;
	file->prune = before;
	transaction_undo(file);
	return file_failed(file, fault);
}

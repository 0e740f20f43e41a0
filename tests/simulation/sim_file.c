#include "tests/simulation/sim_file.h"

#include "agent/history_file.h"
#include "agent/history_read.h"
#include "agent/history_verify.h"
#include "analysis/base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define OPERATIONS_MAX 60     /* of one batch that a crash may fall into */
#define KEEP_MS        180000 /* of retention: some checks of a run are over when it ends */

struct sim_file {
	char name[16];
	char path[32];
	char vfs_name[48];
	struct sim_vfs *vfs;
	struct history_file *file; /* NULL: no process has it */
	struct dice dice;
	sim_file_accuse *accuse;
	void *user;
};

struct sim_file *sim_file_new(const char *name, uint64_t seed, sim_file_accuse *accuse, void *user)
{
	struct sim_file *file = calloc(1, sizeof(*file));

	if (!file)
		abort();
	text_copy(file->name, name);
	text_format(file->path, sizeof(file->path), "/sim/%s.db", name);
	text_format(file->vfs_name, sizeof(file->vfs_name), "sim-%s-%" PRIu64, name, seed);
	file->vfs = sim_vfs_new(file->vfs_name);
	file->dice = dice_init(seed, name);
	file->accuse = accuse;
	file->user = user;
	return file;
}

struct sim_file *sim_file_free(struct sim_file *file)
{
	if (!file)
		return NULL;
	history_file_free(file->file);
	sim_vfs_free(file->vfs);
	free(file);
	return NULL;
}

/* What is there
 * ------------------------------------------------------------------------------------
 */

static void uid_of(const struct sim_file *file, uint32_t boot, const char *tail, char ret[80])
{
	text_format(ret, 80, "%s-%06" PRIu32 "%s", file->name, boot, tail);
}

static bool is_round(sqlite3_stmt *row, const struct sim_record *record)
{
	return strcmp((const char *)sqlite3_column_text(row, 0), record->release) == 0 &&
	       sqlite3_column_int64(row, 1) == record->seq;
}

/* One look-up for each table: a row, if it is there, and is what was handed over. */
static bool is_there(struct sim_file *file, sqlite3_stmt *const *rows,
                     const struct sim_record *record)
{
	char number[32];
	char uid[80];
	sqlite3_stmt *row = rows[2];
	bool is_found;

	text_format(number, sizeof(number), "/%010" PRIu64, record->number);
	uid_of(file, record->boot, number, uid);
	if (record->kind == HISTORY_RECORD_ROUND) {
		row = rows[0];
		text_copy(uid, record->round);
	} else if (record->kind == HISTORY_RECORD_EFFECT) {
		row = rows[1];
	}
	sqlite3_bind_text(row, 1, uid, -1, SQLITE_STATIC);
	is_found = sqlite3_step(row) == SQLITE_ROW;
	if (is_found && record->kind == HISTORY_RECORD_ROUND && !is_round(row, record))
		file->accuse(file->user, "round %s is stored otherwise than it was", uid);
	sqlite3_reset(row);
	return is_found;
}

static void look_at_rows(struct sim_file *file, sqlite3 *db, struct sim_record *records,
                         size_t n_records)
{
	static const char *const texts[] = {
		"SELECT release_name, release_seq FROM round WHERE uid = $1",
		"SELECT 1 FROM round_effect WHERE uid = $1",
		"SELECT 1 FROM gap WHERE uid = $1",
	};
	sqlite3_stmt *rows[3] = {NULL, NULL, NULL};

	for (int i = 0; i < 3; i++) {
		if (sqlite3_prepare_v2(db, texts[i], -1, &rows[i], NULL) != SQLITE_OK)
			abort();
	}
	for (size_t i = 0; i < n_records; i++) {
		struct sim_record *record = &records[i];

		if (record->fate == SIM_RECORD_WAITING && is_there(file, rows, record))
			record->fate = SIM_RECORD_SYNCED;
		else if (record->fate == SIM_RECORD_SYNCED && !is_there(file, rows, record))
			file->accuse(file->user, "record %d of process %d was on disk and is gone",
			             (int)record->number, (int)record->boot);
	}
	for (int i = 0; i < 3; i++)
		sqlite3_finalize(rows[i]);
}

static bool has_synced(const struct sim_record *records, size_t n_records)
{
	for (size_t i = 0; i < n_records; i++) {
		if (records[i].fate == SIM_RECORD_SYNCED)
			return true;
	}
	return false;
}

static bool is_row_there(sqlite3 *db, const char *sql, const char *uid)
{
	sqlite3_stmt *row = NULL;
	bool is_found;

	if (sqlite3_prepare_v2(db, sql, -1, &row, NULL) != SQLITE_OK)
		abort();
	sqlite3_bind_text(row, 1, uid, -1, SQLITE_STATIC);
	is_found = sqlite3_step(row) == SQLITE_ROW;
	sqlite3_finalize(row);
	return is_found;
}

/* A process that came after another says so. */
static void look_at_boot(struct sim_file *file, sqlite3 *db, uint32_t boot,
                         const struct sim_record *records, size_t n_records)
{
	char uid[80];

	for (size_t i = 0; i < n_records; i++) {
		if (records[i].boot >= boot || records[i].fate != SIM_RECORD_SYNCED)
			continue;
		uid_of(file, boot, "/began", uid);
		if (!is_row_there(db, "SELECT 1 FROM gap WHERE kind = 'began' AND uid = $1", uid))
			file->accuse(file->user, "nothing tells that process %d began", (int)boot);
		return;
	}
}

/* BOOT 0: nobody need have opened it. */
static void look(struct sim_file *file, uint32_t boot, struct sim_record *records, size_t n_records)
{
	struct history_verdict verdict = {0};
	struct err err = {0};
	sqlite3 *db = NULL;

	sim_vfs_trouble(file->vfs, SIM_VFS_WELL);
	sim_vfs_stand_in(file->vfs, true);
	if (!history_verify(file->path, NULL, &verdict, &err)) {
		if (has_synced(records, n_records))
			file->accuse(file->user, "it cannot be read any more: %s", err.text);
	} else if (!verdict.is_intact) {
		file->accuse(file->user, "its chain is not whole: %s", verdict.what);
	} else if (history_read_open(file->path, &db, &err)) {
		look_at_rows(file, db, records, n_records);
		if (boot > 0)
			look_at_boot(file, db, boot, records, n_records);
		history_read_close(db);
	}
	sim_vfs_stand_in(file->vfs, false);
}

/* A process
 * ----------------------------------------------------------------------------------------
 */

void sim_file_start(struct sim_file *file, uint32_t boot, struct instant at,
                    struct sim_record *records, size_t n_records)
{
	char uid[80];
	struct history_sqlite_options options = {
		.path = file->path,
		.chain = uid, /* each process has its own, as its identity is */
		.actor = uid,
		.boot = uid,
		.opened_at = at,
		.vfs = file->vfs_name,
	};

	/* SQLite's own random numbers are the seed's. */
	sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, (int)(dice_roll(&file->dice) >> 33 | 1),
	                     NULL);
	look(file, 0, records, n_records);
	uid_of(file, boot, "", uid);
	file->file = history_file_new(&options);
}

static bool is_fine(struct sim_file *file, bool is_done, const struct history_fault *fault)
{
	if (!is_done && fault->kind == HISTORY_FAULT_BROKEN)
		file->accuse(file->user, "the store calls it broken: %s", fault->text);
	if (history_file_note(file->file)[0] != '\0')
		file->accuse(file->user, "the store put it aside: %s",
		             history_file_note(file->file));
	return is_done;
}

bool sim_file_open(struct sim_file *file, enum sim_vfs_trouble trouble)
{
	struct history_fault fault = {0};

	sim_vfs_trouble(file->vfs, trouble);
	return is_fine(file, history_file_open(file->file, &fault), &fault);
}

/* Retention of a few minutes: a portion of what is older goes, or, in trouble, does not. */
static void prune(struct sim_file *file, struct instant now)
{
	struct history_prune_portion portion;
	struct history_fault fault = {0};

	(void)is_fine(file,
	              history_file_prune(file->file, now, (struct instant){now.ms - KEEP_MS},
	                                 &portion, &fault),
	              &fault);
}

bool sim_file_write(struct sim_file *file, enum sim_vfs_trouble trouble,
                    struct history_record *batch)
{
	struct instant now = history_record_at(batch);
	struct history_fault fault = {0};
	bool is_written;

	sim_vfs_trouble(file->vfs, trouble);
	is_written = is_fine(file,
	                     history_file_open(file->file, &fault) &&
	                             history_file_write(file->file, batch, &fault),
	                     &fault);
	if (is_written && dice_chance(&file->dice, 0.05))
		prune(file, now);
	return is_written;
}

void sim_file_stop(struct sim_file *file)
{
	sim_vfs_trouble(file->vfs, SIM_VFS_WELL);
	file->file = history_file_free(file->file);
}

void sim_file_crash(struct sim_file *file, enum sim_vfs_trouble trouble,
                    struct history_record *batch, struct dice *dice)
{
	bool is_writing = batch && dice_chance(dice, 0.7);
	struct history_prune_portion portion;
	struct history_fault fault = {0};

	sim_vfs_trouble(file->vfs, trouble);
	sim_vfs_doom(file->vfs, is_writing ? (uint64_t)dice_between(dice, 0, OPERATIONS_MAX) : 0);
	if (is_writing && history_file_open(file->file, &fault) &&
	    history_file_write(file->file, batch, &fault))
		(void)history_file_prune(file->file, history_record_at(batch),
		                         (struct instant){history_record_at(batch).ms - KEEP_MS},
		                         &portion, &fault);
	sim_vfs_doom(file->vfs, 0);
	file->file = history_file_free(file->file);
}

bool sim_file_is_dirty(const struct sim_file *file)
{
	return sim_vfs_is_dirty(file->vfs);
}

void sim_file_lose(struct sim_file *file, struct dice *dice, bool is_torn)
{
	sim_vfs_lose(file->vfs, dice, is_torn);
}

void sim_file_wipe(struct sim_file *file)
{
	sim_vfs_wipe(file->vfs);
}

void sim_file_finish(struct sim_file *file, uint32_t boot, struct sim_record *records,
                     size_t n_records)
{
	sim_file_stop(file);
	look(file, boot, records, n_records);
}

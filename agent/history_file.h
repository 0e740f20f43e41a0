/* The database file, as the writer thread sees it. Every call may take as long as the disk likes.
 */
#ifndef AGENT_HISTORY_FILE_H
#define AGENT_HISTORY_FILE_H

#include "agent/history_fault.h"
#include "agent/history_prune.h"
#include "agent/history_record.h"
#include "agent/history_rows.h"
#include "agent/history_sqlite.h"

struct history_file;

/* A file not yet opened; copies what it needs of OPTIONS. */
struct history_file *history_file_new(const struct history_sqlite_options *options);

/* Close and free; accepts NULL, returns NULL. */
struct history_file *history_file_free(struct history_file *file);

/* Open it unless it is open: lock, check, migrate, find the head of the chain; move a broken one
 * aside first. */
bool history_file_open(struct history_file *file, struct history_fault *fault);

/*
 * Write the records of a LIST in order and in one transaction, which is on disk when it returns
 * true. Nothing of it is written when it returns false. Records that are there already (same uid)
 * are passed over; one that the schema refuses is marked (record->refusal) and stands as a gap.
 * After a failure the file may have been closed.
 */
bool history_file_write(struct history_file *file, struct history_record *list,
                        struct history_fault *fault);

/* Remove one portion of what is older than CUTOFF (agent/history_prune.h), in a transaction of its
 * own. After a failure nothing is removed, and the file may have been closed. */
bool history_file_prune(struct history_file *file, struct instant now, struct instant cutoff,
                        struct history_prune_portion *ret, struct history_fault *fault);

/* The chain's end after the newest round that is on disk; seq 0: none was written since it was
 * opened first. */
const struct history_rows_head *history_file_anchor(const struct history_file *file);

/* "" or what was moved aside and why; valid until the next call. */
const char *history_file_note(const struct history_file *file);

#endif

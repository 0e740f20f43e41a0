/*
 * The real history: SQLite behind one writer thread, the only thread in the program. The loop's
 * side copies records into a bounded queue and never waits for a disk; the thread writes what
 * waits, one transaction at a time, together with its entries in the audit chain.
 *
 * A second agent is kept out by a lock of its own (agent/history_beside.h); readers may come and
 * go.
 */
#ifndef AGENT_HISTORY_SQLITE_H
#define AGENT_HISTORY_SQLITE_H

#include "agent/history.h"
#include "agent/history_fault.h"
#include "analysis/base/err.h"
#include "analysis/base/instant.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All texts are copied. */
struct history_sqlite_options {
	const char *path;  /* of the database file */
	const char *chain; /* names this writer for good: cluster and agent; two writers never share
	                      one */
	const char *actor; /* who the audit log says it was: "serin/<pod>" */
	const char *boot; /* unique for this start, sortable by time; begins the uids of effects and
	                     gaps */
	struct instant opened_at; /* now */
	const char *vfs;          /* SQLite's name of the file system layer; NULL: the default */
	struct span retry_min;    /* first pause after a failure, doubled for each; 0: 250 ms */
	struct span retry_max;    /* longest pause; 0: 30 s */
	struct span keep;         /* facts of rounds and raw answers; 0: for ever */

	/*
	 * Ask the loop to call history_sqlite_deliver soon: there are acknowledgements, or the
	 * state has changed. Called from the writer thread under its lock: it must neither wait nor
	 * call back. Never called after history_sqlite_free.
	 */
	void (*post)(void *user);
	void *user;
};

/* Whether the file's directory is there and can be written; when not, history_memory is the one to
 * take. */
bool history_sqlite_check(const char *path, struct err *err);

/*
 * Start the thread, which then opens the file (this call does not, it may hang). NULL when no
 * thread can be had. A file that is corrupt or not ours is moved aside to "<path>.corrupt-<time>"
 * (".foreign-", ".newer-") and a new one begun; history_state says so from then on, and the new
 * file begins with a gap record.
 */
struct history *history_sqlite_new(const struct history_sqlite_options *options, struct err *err);

/* Call the acknowledgements that are due. On the loop, after a post; harmless at any time. */
void history_sqlite_deliver(struct history *history);

/*
 * It is NOW: what is older than `keep` is removed, in small portions while no record waits. To be
 * called at the start and from time to time; a removal that failed goes on at the next call.
 */
void history_sqlite_prune(struct history *history, struct instant now);

/* What retention did since the history was made. */
struct history_sqlite_pruned {
	uint64_t n_rounds;                    /* that lost their facts */
	uint64_t n_answers;                   /* of checks, that lost their detail */
	bool is_under_way;                    /* there is more to remove */
	char trouble[HISTORY_FAULT_TEXT_MAX]; /* why the last try failed; "": it did not */
};

/* Never waits for a disk. There is a post when a removal has ended or failed. */
void history_sqlite_pruned(struct history *history, struct history_sqlite_pruned *ret);

/* Records that are not on disk yet. Never waits for a disk. */
size_t history_sqlite_waiting(struct history *history);

/*
 * Write what waits, for at most PATIENCE (the one call that waits), then free. No acknowledgement
 * is called any more. A thread that hangs in the disk is left behind; it ends, and frees what it
 * holds, when the disk answers. Returns how many records were not on disk by then. Accepts NULL.
 */
size_t history_sqlite_free(struct history *history, struct span patience);

#endif

/*
 * Reads the history for those who must not wait for a disk: a thread that takes one job after
 * another. What an agent keeps in memory only is read as if it were a file.
 */
#ifndef AGENT_HISTORY_CLERK_H
#define AGENT_HISTORY_CLERK_H

#include "agent/history.h"
#include "agent/history_read.h"
#include "analysis/base/err.h"

#include <stdatomic.h>

struct history_clerk;
struct history_record;
struct loop_ev;

#define HISTORY_CLERK_JOBS_MAX 8 /* that wait or are read */

/* Embedded in its owner, on the heap; zero it and set the first two, and is_unwanted at any time.
 */
struct history_clerk_job {
	/* Read what is wanted, in the clerk's thread: nothing of the loop's may be touched. */
	bool (*read)(struct history_clerk_job *job, sqlite3 *db, struct err *err);
	/* Once, from the loop: it was read, or ERR says why not. NULL for both: the clerk is freed,
	   so the job must be. */
	void (*done)(struct history_clerk_job *job, bool is_read, const struct err *err);
	atomic_bool is_unwanted; /* nobody waits for it any more: it fails as soon as it can */
	struct history_clerk_job *next; /* the clerk's own, as all below */
	struct history_record *records;
	struct err err;
	bool is_read;
};

struct history_clerk_settings {
	struct loop_ev *loop;
	const char *path;       /* of the file, copied; "": there is none */
	struct history *memory; /* then this one, of history_memory.h */
};

/* NULL when no thread can be had. */
struct history_clerk *history_clerk_new(const struct history_clerk_settings *settings,
                                        struct err *err);

/* Have a job read. False: too many wait. */
bool history_clerk_start(struct history_clerk *clerk, struct history_clerk_job *job);

/*
 * End the thread, for which PATIENCE is waited (a disk may hang; the thread is then left behind,
 * with the job it has), and call done(job, false, NULL) of what was not read. Accepts NULL, returns
 * NULL.
 */
struct history_clerk *history_clerk_free(struct history_clerk *clerk, struct span patience);

#endif

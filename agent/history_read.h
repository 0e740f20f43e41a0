/*
 * Reading a history file: for commands, and for tests that explain a failure. An agent may write to
 * it meanwhile; what is read is the state of the transaction that was the last when it was opened.
 */
#ifndef AGENT_HISTORY_READ_H
#define AGENT_HISTORY_READ_H

#include "agent/history_record.h"
#include "analysis/base/err.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Open the file for reading only; to be closed with history_read_close, and soon: what an agent
 * writes meanwhile stays in the log, which grows. What is read does not change. Beside a file with
 * a log, whose agent was killed, SQLite makes "<path>-shm".
 */
bool history_read_open(const char *path, sqlite3 **ret_db, struct err *err);

/* Close; accepts NULL, returns NULL. */
sqlite3 *history_read_close(sqlite3 *db);

/* The last error of a connection as ours. Returns false. */
bool history_read_failed(sqlite3 *db, struct err *err);

/* A stored round. Texts are valid during the call that gives it. Its facts are a patch of its base:
 * history_facts_read. */
struct history_read_round {
	struct history_round round;
	const char *spec_sha256;
	bool is_cut;           /* some text was over its limit */
	bool is_ahead;         /* its effects did not wait for it */
	struct instant pruned; /* when retention removed its facts; not set: they are there */
};

#define HISTORY_READ_PRUNED_MAX 96

/* "its facts were removed on 2026-11-21T12:00:00Z by retention", of a round that is so. */
void history_read_pruned(const struct history_read_round *round, char ret[HISTORY_READ_PRUNED_MAX]);

struct history_read_filter {
	const char *k8s_namespace; /* NULL: any */
	const char *canary;        /* NULL: any */
	const char *release;       /* NULL: any */
	const char *canary_uid;    /* with all of these; NULL: any */
	bool is_oldest_first;      /* the same */
	size_t n_max;              /* rounds; 0: all */
};

/* A release that rounds tell of; a canary made anew begins its numbers anew, too. */
struct history_read_release {
	char name[HISTORY_RECORD_NAME_MAX + 1];
	char k8s_namespace[HISTORY_RECORD_NAME_MAX + 1];
	char canary[HISTORY_RECORD_NAME_MAX + 1];
	char canary_uid[HISTORY_RECORD_NAME_MAX + 1];
};

/*
 * The next release AFTER one, by name, namespace and uid, which need not be there: zero is before
 * all. *RET, which may be AFTER, is set when one is found.
 */
bool history_read_releases(sqlite3 *db, const struct history_read_release *after,
                           struct history_read_release *ret, bool *ret_is_found, struct err *err);

/* Visit the newest rounds that pass FILTER, newest first. */
bool history_read_rounds(sqlite3 *db, const struct history_read_filter *filter,
                         void (*visit)(void *user, const struct history_read_round *round),
                         void *user, struct err *err);

/* Visit the effects of a round in the order of writing. */
bool history_read_effects(sqlite3 *db, const char *round_uid,
                          void (*visit)(void *user, const struct history_effect *effect),
                          void *user, struct err *err);

#endif

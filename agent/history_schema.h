/*
 * The tables of the history and how they came to be. The text keeps to what SQLite and PostgreSQL
 * share, but for the guards. Each step leads from one version to the next; steps are never changed
 * once released, only added.
 */
#ifndef AGENT_HISTORY_SCHEMA_H
#define AGENT_HISTORY_SCHEMA_H

#include "agent/history_fault.h"
#include "analysis/base/instant.h"

#include <sqlite3.h>
#include <stddef.h>

#define HISTORY_SCHEMA_APPLICATION 0x53657269 /* "Seri": PRAGMA application_id */
#define HISTORY_SCHEMA_VERSION     4          /* what history_schema_steps leads to */

/* steps[i] is SQL that leads from version i to version i + 1. */
extern const char *const history_schema_steps[HISTORY_SCHEMA_VERSION];

/* What makes a file of version i + 1, opened for reading, look like one of this version: names that
 * stand before those of the file, for this connection only. */
extern const char *const history_schema_beside[HISTORY_SCHEMA_VERSION - 1];

enum history_schema_owner {
	HISTORY_SCHEMA_UNKNOWN,
	HISTORY_SCHEMA_EMPTY,   /* a new file */
	HISTORY_SCHEMA_OURS,    /* this version or an older one */
	HISTORY_SCHEMA_NEWER,   /* ours, from a newer agent */
	HISTORY_SCHEMA_FOREIGN, /* somebody else's database */
};

/* Whose database it is, and of which version. False when it cannot be read. */
bool history_schema_find(sqlite3 *db, enum history_schema_owner *ret_owner, int *ret_version,
                         struct history_fault *fault);

/*
 * Bring the database to version N_STEPS, one transaction per step; AT is noted as the time of it. A
 * step that fails leaves the version before it.
 */
bool history_schema_migrate(sqlite3 *db, const char *const *steps, size_t n_steps,
                            struct instant at, struct history_fault *fault);

#endif

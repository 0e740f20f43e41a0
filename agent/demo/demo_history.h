/*
 * The demo's history: a real SQLite file under virtual time. Acknowledgements come from a thread in
 * its own time; demo_history_settle lets virtual time stand still until they are there, so that a
 * run with one seed is one run. While nothing happens the file can be let go, for others to read;
 * the next record opens it again.
 */
#ifndef AGENT_DEMO_DEMO_HISTORY_H
#define AGENT_DEMO_DEMO_HISTORY_H

#include "agent/history.h"
#include "agent/loop.h"
#include "analysis/base/err.h"

#include <stdbool.h>

/* PATH is copied; LOOP must outlive it. NULL when the file's directory cannot be written. */
struct history *demo_history_new(const char *path, struct loop *loop, struct err *err);

/* Write what waits and free; no acknowledgement follows. Accepts NULL, returns NULL. */
struct history *demo_history_free(struct history *history);

/* Wait until every round that wants to be acknowledged is; for a disk that hangs, not for ever. */
void demo_history_settle(struct history *history);

/* Write what waits and let the file go. False when a record did not reach the disk. */
bool demo_history_rest(struct history *history);

#endif

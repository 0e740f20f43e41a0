/*
 * The history of an agent that has no directory to write to: the newest records, in memory and
 * bounded. Rounds are acknowledged in the next turn of the loop.
 */
#ifndef AGENT_HISTORY_MEMORY_H
#define AGENT_HISTORY_MEMORY_H

#include "agent/history_record.h"
#include "agent/loop.h"

#define HISTORY_MEMORY_MAX       4096               /* records kept; older ones go */
#define HISTORY_MEMORY_BYTES_MAX (16 * 1024 * 1024) /* and their memory */

/* LOOP must outlive it. history_state says "kept in memory only, N rounds". */
struct history *history_memory_new(struct loop *loop);

/* Free; no acknowledgement follows. Accepts NULL, returns NULL. */
struct history *history_memory_free(struct history *history);

/* The oldest record kept, or NULL; follow `next`. Valid until the next call with this history. */
const struct history_record *history_memory_first(struct history *history);

#endif

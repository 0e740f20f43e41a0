/*
 * Records that wait for the disk, in order and within bounds. Plain lists without a lock: the
 * writer guards it. A record counts as waiting until it is settled, also while somebody has taken
 * it.
 */
#ifndef AGENT_HISTORY_QUEUE_H
#define AGENT_HISTORY_QUEUE_H

#include "agent/history_record.h"

/* Zero is a valid, empty queue. */
struct history_queue {
	struct history_record *head; /* not yet taken */
	struct history_record *tail;
	size_t n_waiting;
	size_t n_bytes;
	uint64_t n_lost;       /* dropped since the beginning */
	uint64_t number;       /* of the record added last */
	struct instant oldest; /* time of the first record that waits; not set: none waits */
	struct instant latest; /* the latest time of any record */
};

/*
 * Append RECORD, which then belongs to the queue; returns its number. Over HISTORY_QUEUE_MAX or
 * HISTORY_QUEUE_BYTES_MAX it returns 0, the record stays the caller's, and the loss is counted by a
 * gap record that stands at its place in the order.
 */
uint64_t history_queue_add(struct history_queue *queue, struct history_record *record);

/* Take the first records, at most N_MAX and (after the first) N_BYTES_MAX; NULL when none is there.
 */
struct history_record *history_queue_take(struct history_queue *queue, size_t n_max,
                                          size_t n_bytes_max);

/* The records of a taken LIST are on disk: they wait no longer. */
void history_queue_settle(struct history_queue *queue, const struct history_record *list);

#endif

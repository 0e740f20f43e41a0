/*
 * The writer thread and what it shares with the loop: a queue and a few numbers under one lock,
 * which nobody holds while waiting for anything. Calls are the loop's; none but history_writer_stop
 * waits for the thread.
 */
#ifndef AGENT_HISTORY_WRITER_H
#define AGENT_HISTORY_WRITER_H

#include "agent/history_record.h"
#include "agent/history_sqlite.h"

struct history_writer;

/* Start the thread; NULL when there is none to be had. */
struct history_writer *history_writer_start(const struct history_sqlite_options *options,
                                            struct err *err);

/* Hand over a record; returns its number, or 0 when it was dropped and counted. RECORD is gone in
 * both cases. */
uint64_t history_writer_add(struct history_writer *writer, struct history_record *record);

/* See history_sqlite_prune and history_sqlite_pruned. */
void history_writer_prune(struct history_writer *writer, struct instant now);
void history_writer_pruned(struct history_writer *writer, struct history_sqlite_pruned *ret);

/* The number of the last record that is on disk; all before it are, or stand there as a gap. 0:
 * none. */
uint64_t history_writer_written(struct history_writer *writer);

/* Records that are not on disk yet. */
size_t history_writer_waiting(struct history_writer *writer);

/* The chain's end after the newest round that is on disk; false: none is. */
bool history_writer_anchor(struct history_writer *writer, struct history_anchor *ret);

/* Write one line about how it goes to RET. */
void history_writer_state(struct history_writer *writer, char *ret, size_t size);

/* Drain for at most PATIENCE, then let go; see history_sqlite_free. Returns how many records were
 * not on disk. */
size_t history_writer_stop(struct history_writer *writer, struct span patience);

#endif

/*
 * Checking what retention removed: a record without its raw part is right only when a prune covers
 * its entry, and when all that a prune covers and that are so are those that it removed.
 */
#ifndef AGENT_HISTORY_PRUNED_H
#define AGENT_HISTORY_PRUNED_H

#include "agent/history_chain.h"
#include "agent/history_payload.h"
#include "analysis/base/buf.h"
#include "analysis/base/err.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/* What is wrong: the first bad entry (0: it is not about one), and the sentence. */
struct history_pruned_fault {
	int64_t seq;
	char what[ERR_TEXT_MAX];
};

/* Zero it; the walk over the chains, entry by entry. */
struct history_pruned {
	sqlite3 *db;
	sqlite3_stmt *find;
	char chain[256];  /* that is walked */
	bool has_current; /* the prune in hand: it covers the entry in hand, or one behind it */
	bool has_none;    /* nor is there one behind in this chain */
	struct history_prune_row row;
	char uid[HISTORY_RECORD_NAME_MAX + 64];
	char sha256[HISTORY_CHAIN_DIGEST_SIZE];
	/* What was found of it. */
	struct buf digests;
	int64_t n_rounds;
	int64_t n_answers;
	int64_t n_checked; /* prunes that were found right */
	struct buf payload;
};

bool history_pruned_prepare(struct history_pruned *pruned, sqlite3 *db, struct err *err);
void history_pruned_finish(struct history_pruned *pruned);

/*
 * The walk is at entry SEQ of CHAIN. False: FAULT, of a prune that ended before it. False without a
 * sentence in FAULT: the file cannot be read.
 */
bool history_pruned_move(struct history_pruned *pruned, const char *chain, int64_t seq,
                         struct history_pruned_fault *fault);

/* The entry in hand, of time TS, has lost its raw part: facts (IS_ROUND), or the detail of an
 * answer. False: no prune covers it. */
bool history_pruned_take(struct history_pruned *pruned, int64_t seq, int64_t ts, bool is_round,
                         const char *payload_sha256);

/* The walk is over. As history_pruned_move. */
bool history_pruned_end(struct history_pruned *pruned, struct history_pruned_fault *fault);

/* After it: are there prunes of entries that are not there? The same. */
bool history_pruned_rest(struct history_pruned *pruned, struct history_pruned_fault *fault);

#endif

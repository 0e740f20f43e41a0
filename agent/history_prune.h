/*
 * Retention: old rounds lose their facts, and answers of old checks their detail, portion by
 * portion. What stays for ever: the rounds themselves with plan and reason, each effect, and the
 * chain. Of each release the first round, the newest, and those that began or tell its way back
 * keep their facts, and a release that went back the answers of its checks: they say what it was,
 * how it ended and why.
 */
#ifndef AGENT_HISTORY_PRUNE_H
#define AGENT_HISTORY_PRUNE_H

#include "agent/history_rows.h"

#define HISTORY_PRUNE_ROWS_MAX    200  /* that one portion takes from */
#define HISTORY_PRUNE_ENTRIES_MAX 2000 /* of the chain, that one portion looks at */

/* Zero it for a file that was just opened. */
struct history_prune {
	int64_t place; /* rowid of the entry that was looked at last; 0: ask the file */
};

struct history_prune_portion {
	int64_t n_rounds;
	int64_t n_answers;
	bool is_last; /* nothing older than the cutoff is left */
};

/*
 * Remove one portion of what is older than CUTOFF, and write an entry of the chain that says so.
 * The transaction is the caller's; when this fails, or that, PRUNE is to be as it was before.
 */
bool history_prune_portion(struct history_prune *prune, struct history_rows *rows,
                           struct instant now, struct instant cutoff,
                           struct history_prune_portion *ret, struct history_fault *fault);

#endif

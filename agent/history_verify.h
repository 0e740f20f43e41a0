/*
 * Checking a history: every entry of the audit chain is hashed again, and every row again compared
 * with what its entry says; each decision is derived again from its recorded facts, if it is of our
 * version of `decide`. A chain alone cannot show that its end was cut off or written anew;
 * that takes anchors kept outside the file, as the Releases of a cluster keep them.
 */
#ifndef AGENT_HISTORY_VERIFY_H
#define AGENT_HISTORY_VERIFY_H

#include "agent/history.h"
#include "analysis/base/err.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/* An anchor, and who kept it. */
struct history_witness {
	const char *name; /* "release shop/cart-17" */
	struct history_anchor anchor;
};

/* What is known from elsewhere; zero: nothing. */
struct history_witnesses {
	const struct history_witness *list;
	size_t n;
	bool are_of_this; /* a chain that one of them names must be in this file */
};

struct history_verdict {
	bool is_intact;
	int64_t n_records;              /* entries found good, before the first bad one */
	int64_t n_anchored;             /* of them: up to the last anchor of their chain */
	int64_t n_derived;              /* decisions derived again, and the same */
	int64_t n_underivable;          /* decisions that this binary cannot derive */
	int64_t n_pruned;               /* rounds whose facts retention removed: not derived */
	char underivable[ERR_TEXT_MAX]; /* why, of the first of them */
	size_t n_witnesses;             /* anchors that agree */
	size_t n_strangers;             /* anchors of chains that are not in this file */
	int64_t seq;             /* of the first bad entry; 0 when it is not about one entry */
	char what[ERR_TEXT_MAX]; /* what is wrong, "" when intact: `entry 7 of chain "…": round "…"
	                            was changed` */
};

/* Check the file at PATH. False when it cannot be read at all. */
bool history_verify(const char *path, const struct history_witnesses *witnesses,
                    struct history_verdict *ret, struct err *err);

/* The same of an open connection. */
bool history_verify_db(sqlite3 *db, const struct history_witnesses *witnesses,
                       struct history_verdict *ret, struct err *err);

#endif

/*
 * Checking a history file: every entry of the audit chain is hashed again, and every row again
 * compared with what its entry says. A chain alone cannot show that its end was cut off; that takes
 * an anchor outside the file.
 */
#ifndef AGENT_HISTORY_VERIFY_H
#define AGENT_HISTORY_VERIFY_H

#include "analysis/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct history_verdict {
	bool is_intact;
	int64_t n_records;       /* entries found good, before the first bad one */
	int64_t seq;             /* of the first bad entry; 0 when it is not about one entry */
	char what[ERR_TEXT_MAX]; /* what is wrong, "" when intact: `entry 7 of chain "…": round "…"
	                            was changed` */
};

/* Check the file at PATH, which no agent may have open. False when it cannot be read at all. */
bool history_verify(const char *path, struct history_verdict *ret, struct err *err);

#endif

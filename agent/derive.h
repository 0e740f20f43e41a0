/*
 * A recorded decision derived again: `decide` gets what it got then, and what it answers is
 * compared with what was recorded. Only a record of our own version of `decide` can be derived
 * here.
 */
#ifndef AGENT_DERIVE_H
#define AGENT_DERIVE_H

#include "agent/history.h"
#include "analysis/base/err.h"

#include <jansson.h>

struct derive;

struct derive *derive_new(void);

/* Accepts NULL, returns NULL. */
struct derive *derive_free(struct derive *derive);

enum derive_result {
	DERIVE_NONE,
	DERIVE_SAME,
	DERIVE_OTHER,      /* another decision than the recorded one */
	DERIVE_IMPOSSIBLE, /* not by this binary: the record is of another version, or less than
	                      whole */
};

/*
 * Derive the decision of ROUND, whose facts are given whole as FACTS; IS_CUT: some text of it was
 * over its limit. WHY, of size ERR_TEXT_MAX, says what differs, or why it cannot be derived.
 */
enum derive_result derive_round(struct derive *derive, const struct history_round *round,
                                const json_t *facts, bool is_cut, char *ret_why);

/* What was derived last, as JSON text, "" when nothing was; valid until the next call. */
const char *derive_plan(const struct derive *derive);

#endif

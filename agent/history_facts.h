/* The facts of a round, whole: what rounds share and what is different in this one. */
#ifndef AGENT_HISTORY_FACTS_H
#define AGENT_HISTORY_FACTS_H

#include "analysis/base/err.h"

#include <jansson.h>

/*
 * Both texts from the history. BASE "": a round of before there were any, FACTS is all there is.
 * Owned by the caller.
 */
bool history_facts_read(const char *base, const char *facts, json_t **ret, struct err *err);

/* The base that was read or written last: rounds that follow each other mostly have the same. Zero
 * it first. */
struct history_facts_base {
	char *text;
	json_t *tree;
};

/* history_facts_read for many rounds; the base is parsed when it is another. */
bool history_facts_read_next(struct history_facts_base *last, const char *base, const char *facts,
                             json_t **ret, struct err *err);

void history_facts_base_fini(struct history_facts_base *last);

/*
 * What to record of the facts WHOLE, and of what stands BESIDE them in this round alone (an object;
 * NULL: nothing): *BASE, which the caller keeps for the rounds to come (zero before the first), is
 * made anew when too little of it still holds; it may then share WHOLE, which must not change any
 * more. The patch of it is freed by the caller.
 */
char *history_facts_write(json_t *whole, json_t *beside, struct history_facts_base *base);

#endif

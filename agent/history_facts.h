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

/*
 * What to record of the facts WHOLE, and of what stands BESIDE them in this round alone (an object;
 * NULL: nothing): *BASE, which the caller keeps for the rounds to come and frees
 * with free() in the end (NULL before the first), is made anew when too little of it still holds.
 * The patch of it is freed by the caller.
 */
char *history_facts_write(const json_t *whole, json_t *beside, char **base);

#endif

/*
 * The Actions of one canary that wait for their answer, in the order in which they were made; an
 * abort goes before all others. What was answered is remembered for a while: a watch may show it
 * once more as it was before.
 */
#ifndef AGENT_WISHES_H
#define AGENT_WISHES_H

#include "analysis/facts.h"

#define WISHES_MAX          16 /* that wait; more are looked for when these are answered */
#define WISHES_ANSWERED_MAX 8

struct wish;

/* Zeroed is empty. */
struct wishes {
	struct wish *first;
	size_t n_wishes;
	bool is_cut;     /* there were more: list them again when none is left */
	bool is_partial; /* a list is under way: which comes first is not known */
	char answered[WISHES_ANSWERED_MAX][UID_MAX];
	size_t n_answered; /* so far, also those that are forgotten */
};

/* ACTION waits; one that is known is brought up to date, one that was answered is left. */
void wishes_put(struct wishes *wishes, const struct action_fact *action);

/* The Action with this UID was answered, or is gone. */
void wishes_drop(struct wishes *wishes, const char *uid);

/* The one to be answered next; NULL: none, or it is not known yet. */
const struct action_fact *wishes_next(const struct wishes *wishes);

/* Forget what waits, not what was answered: a list begins. */
void wishes_clear(struct wishes *wishes);

#endif

/*
 * The verbs of people: an Action (actions.serin.dev) as observed, and how it is answered.
 *
 * Who asks is proven by the API server; that it was carried out stands in the Release, by the very
 * write that carries it out; the answer to the Action comes after. So a verb is carried out once,
 * whatever crashes in between.
 */
#ifndef ANALYSIS_VERB_H
#define ANALYSIS_VERB_H

#include "analysis/base/instant.h"

#include <stdbool.h>
#include <stdint.h>

#define UID_MAX          40
#define PERSON_MAX       344 /* a user name ("system:serviceaccount:NAMESPACE:NAME") and its NUL */
#define WHY_MAX          257 /* a reason, and its NUL */
#define ACTIONS_KEPT_MAX 8   /* handled ones that a Release remembers; the oldest give way */

enum verb {
	VERB_NONE,
	VERB_PROMOTE, /* the step under way counts as passed; full: so do all that remain */
	VERB_ABORT,   /* traffic goes back */
	VERB_PAUSE,   /* no step, no promotion, until it is resumed */
	VERB_RESUME,
	VERB_RETRY,   /* the target's template, which was handled, is analysed again */
	VERB_UNDO,    /* the primary gets the template of an earlier Release */
	VERB_APPROVE, /* the gate that waits is open */
	VERB_REJECT,  /* … is closed for good: the run goes back */
};

/* "promote", …; "" for none. And the verb with that name, VERB_NONE when there is none. */
const char *verb_name(enum verb verb);
enum verb verb_find(const char *name);

/* What a Release remembers of an Action that was carried out. */
struct action_mark {
	char uid[UID_MAX];
	enum verb verb;
	struct instant at;
	char by[PERSON_MAX];
	char why[WHY_MAX];
};

#endif

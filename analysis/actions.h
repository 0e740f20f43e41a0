/*
 * What people ask for by Actions is carried out by a write of the Release that says so, or by
 * making one; only then is the Action answered. Refusals, and verbs for which nothing is to do, are
 * answered at once.
 */
#ifndef ANALYSIS_ACTIONS_H
#define ANALYSIS_ACTIONS_H

#include "analysis/thought.h"

/*
 * Save what pause, resume or promote change in the Release, in place of what the phase would save;
 * that is decided again after it. Never in place of a retreat.
 */
void actions_save(struct thought *thought);

/* The effect that makes the Release which retry or undo wants. */
void actions_release(struct thought *thought);

/* Answer the Action. */
void actions_answer(struct thought *thought);

/* Note in STATUS, which will be saved, that the Action was carried out. */
void actions_mark(const struct thought *thought, struct release_status *status);

/* "alice: the reason", or "alice" without one, into RET of SENTENCE_MAX. */
const char *actions_who(const char *by, const char *why, char *ret);

#endif

/*
 * What becomes of the Action that is next: carried out, nothing to do, or refused with the sentence
 * why. Each verb has a row.
 */
#ifndef ANALYSIS_RULING_H
#define ANALYSIS_RULING_H

#include "analysis/thought.h"

/*
 * Rule on the Action, into thought->ruling. A verb for a Release that is no longer the newest is
 * refused: whoever asked saw something else. Wants what must be known first.
 */
void ruling_find(struct thought *thought);

/* VERB is to be carried out now. */
bool ruling_wants(const struct thought *thought, enum verb verb);

#endif

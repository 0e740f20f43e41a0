/*
 * The Canary's finalizer, which `revertOnDeletion` asks for: a deleted Canary stays until its
 * target serves again and what was made is gone, so that whoever waits for the deletion waits for
 * that. It is Flagger's, so that one that Flagger left is taken off, too.
 */
#ifndef ANALYSIS_FINALIZER_H
#define ANALYSIS_FINALIZER_H

#include "analysis/thought.h"

/* Want it on a served Canary whose spec asks for it, and off another. */
void finalizer_keep(struct thought *thought);

/* Want it off a deleted Canary of which nothing is left but its Releases; true when it is off. */
bool finalizer_gone(struct thought *thought);

#endif

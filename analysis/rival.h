/*
 * Another hand that writes the route. What it changes is put right at once; but two that undo each
 * other's work would do so for ever, so from the fourth change on the answer waits, longer each
 * time, and the run is checked meanwhile with the weight as it is.
 */
#ifndef ANALYSIS_RIVAL_H
#define ANALYSIS_RIVAL_H

#include "analysis/thought.h"

#define RIVAL_EDITS  3     /* in a row are put right at once */
#define RIVAL_MEMORY 60000 /* ms; a change that comes later is the first one again */

/* Another hand changes the route again and again: the last time just now. */
bool rival_fights(const struct thought *thought);

/*
 * The route may be written; else the plan wakes when it may. In a fight the wait after the other's
 * change is 1 s, doubling to 30 s; when all traffic is to leave the canary it stays 1 s.
 */
bool rival_allows(struct thought *thought, bool is_leaving);

/* It lowered the canary's weight, and no check passed since. */
bool rival_lowered(const struct thought *thought);

/* Who it is, for sentences: its name in managedFields, or "another writer". */
const char *rival_name(const struct thought *thought);

#endif

/* Checks for any phase, in order of urgency: the first with an opinion wins and gives the reason.
 */
#ifndef ANALYSIS_GUARDS_H
#define ANALYSIS_GUARDS_H

#include "analysis/thought.h"

/* True when a guard has the last word and the phase is not to be asked. */
bool guards_hold(struct thought *thought);

/* Find out whether the target has a revision that no Release knows, or the promoted one again. */
void guards_compare(struct thought *thought);

#endif

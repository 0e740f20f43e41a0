/* Traffic back to what is proven: how a retreat begins. The phase Retreating finishes it. */
#ifndef ANALYSIS_RETREAT_H
#define ANALYSIS_RETREAT_H

#include "analysis/thought.h"

/*
 * Begin the retreat that ends with ENDING: route, selector and Release in one plan, none waiting
 * for another. STATUS is what to save, made by thought_next_status, with counters, checks and
 * notices already as they should be; its reason becomes the sentence made from FORMAT.
 */
void retreat_begin(struct thought *thought, struct release_status *status,
                   enum release_outcome ending, const char *format, ...) PRINTF_LIKE(4, 5);

#endif

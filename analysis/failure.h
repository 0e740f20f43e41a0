/* A check that failed: it is counted, and the one that reaches the threshold is the retreat. */
#ifndef ANALYSIS_FAILURE_H
#define ANALYSIS_FAILURE_H

#include "analysis/thought.h"

/* End the run at once: traffic back, the canary down, WHY as the reason. */
void failure_end(struct thought *thought, struct release_status *status, const char *why);

/* Count the failed check in STATUS, made by thought_next_status with all else as it should be, tell
 * WHY, and save it, or retreat. True when it was the last. */
bool failure_count(struct thought *thought, struct release_status *status, const char *why);

#endif

/* What is wanted in each phase of a run, and at rest. Each function is one row of the table in
 * decide.c. */
#ifndef ANALYSIS_PHASE_PHASE_H
#define ANALYSIS_PHASE_PHASE_H

#include "analysis/thought.h"

/* No Release is open: keep what is there, and start a run when there is a new revision. */
void phase_resting(struct thought *thought);

/* A run's canary is made ready; of the first Release: the primary. */
void phase_starting(struct thought *thought);

/* Steps and checks. */
void phase_progressing(struct thought *thought);

/* Into STATUS, which will be saved: the step after the one under way, as if its check had passed.
 */
void phase_progressing_step(const struct thought *thought, struct release_status *status);

/* The primary gets the recorded template. */
void phase_promoting(struct thought *thought);

/* Traffic goes to the primary, the canary down; of the first Release: clients go to the primary. */
void phase_finalising(struct thought *thought);

/* Traffic goes back to what is proven. */
void phase_retreating(struct thought *thought);

/* The Canary is deleted: the target serves again, then what was made goes. */
void phase_teardown(struct thought *thought);

#endif

/*
 * Taking over a Canary that Flagger serves, at whatever phase (docs/migrate.md).
 *
 * The first Release says what its primary runs, by proof (providers/act_adopt.h), and what its
 * status said. Only the Release is written then. Where a run was under way, a second Release goes
 * on with it: from the weight that is live and the counters of the status, at the next check.
 */
#ifndef ANALYSIS_ADOPTION_H
#define ANALYSIS_ADOPTION_H

#include "analysis/thought.h"

/*
 * Flagger wrote the Canary's status within its last two intervals: it may be at work, and nothing
 * is written, not even a retreat. One that has nothing to write is not seen.
 */
bool adoption_waits(struct thought *thought);

/* There is a primary of Flagger's and no Release: want the first one. False: it is none of
 * Flagger's. */
bool adoption_begin(struct thought *thought);

/* At rest after the first Release: a run that was under way gets its own before anything is put
 * right. False: there is none, or its revision is no more what is in the target. */
bool adoption_resume(struct thought *thought);

/* The newest Release is of an adoption and nobody has begun it: its first save. */
bool adoption_settle(struct thought *thought);

/* Once a Release says what it runs, the primary is no more garbage-collected with the Canary (D-5).
 */
void adoption_take(struct thought *thought);

/* What Flagger said still stands: no save of ours followed. */
bool adoption_is_raw(const struct release *release);

#endif

/* Which Release's template the primary runs: told by its annotation flagger-id, the Release's UID.
 */
#ifndef ANALYSIS_PRIMARY_H
#define ANALYSIS_PRIMARY_H

#include "analysis/thought.h"

/* A number of pods: those that the primary had when the run began, one at least. */
#define PRIMARY_AS_BEFORE 0

/* Want the primary to run the newest Release's recorded template, with the pods of the target and
 * never fewer than it had when the run began, unless an autoscaler says how many; true when it was
 * seen to. */
bool primary_runs_newest(struct thought *thought);

/* Want the primary to run the promoted Release's; REPLICAS are for one that must be made. */
bool primary_runs_promoted(struct thought *thought, int replicas, bool is_retreat);

/* During a run: a primary that somebody deleted comes back at once, from the promoted Release, and
 * its autoscaler keeps it at its capacity. */
void primary_revive(struct thought *thought);

#endif

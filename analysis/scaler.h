/*
 * Autoscalers. People edit the target's; the primary's is made from it and followed. Where there is
 * one the number of the primary's pods is not ours to write, only how many there are at least:
 * while a run is under way as many as it began with, so that coming back does not crush it.
 */
#ifndef ANALYSIS_SCALER_H
#define ANALYSIS_SCALER_H

#include "analysis/thought.h"

/* The target's autoscaler is known to be there, or none is named; else the reason says so. */
bool scaler_is_there(struct thought *thought);

/* Why no run can begin for the autoscaler's sake, into RET (size SENTENCE_MAX); false: nothing. */
bool scaler_prevents(const struct thought *thought, char *ret);

/* Want the primary's autoscaler to be as the target's; true when it was seen to be, or when there
 * is to be none. */
bool scaler_follows(struct thought *thought);

/* Want it only to be there and to keep the capacity that this run needs: what people changed
 * waits. True as above, and when there is nothing to make it from. */
bool scaler_holds(struct thought *thought);

/* The target's autoscaler need not be told anything for the target to have pods (IS_UP) or none. */
bool scaler_is_turned(const struct thought *thought, bool is_up);

/* Want that; true when it was seen. */
bool scaler_turns(struct thought *thought, bool is_up);

/* Want an autoscaler that the Canary names no more let go, and the primary's that was made from it
 * away. Nothing waits for it, and it waits for a retreat. */
void scaler_leave(struct thought *thought);

/* With how many pods a canary begins that has none. */
int scaler_first(const struct thought *thought);

/* REPLICAS, but no more than the target's autoscaler would leave there, or than can be asked for of
 * a target that is no Deployment. */
int scaler_cap(const struct thought *thought, int replicas);

#endif

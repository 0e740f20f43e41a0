/* Think, begin, learn, think again: the only place that compares what is wanted with what is under
 * way. */
#ifndef AGENT_TICK_H
#define AGENT_TICK_H

#include "agent/canary.h"

/* Ask `decide`; start what it wants, cancel what it no longer wants, and wake when it says. */
void tick_think(struct canary *canary);

/* The gate's second is over, or the record is on disk: let go what waits for ROUND (NULL: for any).
 */
void tick_release(struct canary *canary, const char *round);

#endif

/* What /metrics says of canaries: Flagger's names with Flagger's meaning, and ours beside them. */
#ifndef AGENT_TALLY_H
#define AGENT_TALLY_H

#include "agent/canary.h"

/* Bring the gauges of one canary up to date. */
void tally_canary(struct canary *canary);

/* A check was answered. */
void tally_sample(const struct canary *canary, size_t index);

/* … and maybe it was the last one of the check that was DUE. */
void tally_check(struct canary *canary, struct instant due);

/* The newest Release was open and is over now. */
void tally_outcome(const struct canary *canary);

/* The canary is gone: its series go too (D-31). */
void tally_remove(const struct canary *canary);

#endif

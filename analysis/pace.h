/*
 * When the check under way is due. Checks, counters, hooks and steps move only then. While a gate
 * is closed, nothing is written: the next check is due one interval after the gate's answer, and
 * after a restart at once.
 */
#ifndef ANALYSIS_PACE_H
#define ANALYSIS_PACE_H

#include "analysis/thought.h"

/* The time that names the check under way, or the next one; not set before a run's first. */
struct instant pace_due(const struct thought *thought);

/* The gate that was found closed since the Release's last step; false when there is none. */
bool pace_gate(const struct thought *thought, size_t *ret_index);

/* The check is due; else the plan wakes when it is. A time further ahead than one interval is a
 * clock that jumped, or an interval cut short, and is saved anew. */
bool pace_is_due(struct thought *thought);

#endif

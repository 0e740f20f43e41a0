/* Whether a Deployment is ready to serve. */
#ifndef ANALYSIS_WORKLOAD_H
#define ANALYSIS_WORKLOAD_H

#include "analysis/facts.h"

/*
 * Ready: its status speaks of the current spec, all wanted pods have the newest template, no old
 * ones are left, and at least PERCENT of the wanted ones, rounded up and never none, are available
 * (D-47, D-54). When it is not, RET_WHY (size SENTENCE_MAX) says what is waited for in Flagger's
 * words.
 */
bool workload_is_ready(const struct workload_fact *workload, int percent, char *ret_why);

/* Some pod of it, of whatever template, takes requests. */
bool workload_serves(const struct workload_fact *workload);

/* Nothing of it is left: its status speaks of the current spec and counts no pods, those that are
 * about to go among them. */
bool workload_is_empty(const struct workload_fact *workload);

#endif

/* The ConfigMaps and Secrets that the target refers to: when they are read, and what waits for
 * it. */
#ifndef ANALYSIS_CONFIGS_H
#define ANALYSIS_CONFIGS_H

#include "analysis/thought.h"

/* They are read when a change was told; where nobody tells, once an interval, as Flagger does. */
void configs_watch(struct thought *thought);

/* The target has some, and what they hold is being read for the first time. */
bool configs_are_asked(const struct facts *facts);

/* What the target's hold is known, or it has none; else with a reason. Without the configs that its
 * pods need no run is begun. */
bool configs_known(struct thought *thought);

/* For EFFECT_CREATE_RELEASE: what they are to hold. "" for none. */
const char *configs_digest(const struct facts *facts);

#endif

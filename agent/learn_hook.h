/* Answers of hooks become facts: the part of learn.c about them. */
#ifndef AGENT_LEARN_HOOK_H
#define AGENT_LEARN_HOOK_H

#include "agent/canary.h"

/* What an effect on a hook led to; false when EFFECT is another. */
bool learn_hook_result(struct canary *canary, const struct effect *effect,
                       const struct act_result *result);

#endif

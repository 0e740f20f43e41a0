/* Answers of hooks become facts: the part of learn.c about them. */
#ifndef AGENT_LEARN_HOOK_H
#define AGENT_LEARN_HOOK_H

#include "agent/canary.h"

/* What an effect on a hook led to; false when EFFECT is another. */
bool learn_hook_result(struct canary *canary, const struct effect *effect,
                       const struct act_result *result);

/*
 * The newest Release was read. After a step, or once its next check was put right after a clock had
 * jumped, no gate has said no yet: what it said before is of an answer that was counted, whatever
 * the clock says of when that was.
 */
void learn_hook_step(struct canary *canary);

#endif

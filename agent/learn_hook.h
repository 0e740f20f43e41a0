/* Answers of hooks become facts: the part of learn.c about them. */
#ifndef AGENT_LEARN_HOOK_H
#define AGENT_LEARN_HOOK_H

#include "agent/canary.h"

/* What an effect on a hook led to; false when EFFECT is another. */
bool learn_hook_result(struct canary *canary, const struct effect *effect,
                       const struct act_result *result);

/*
 * Before a decision: after a step, or once the next check was put right after a clock had jumped,
 * no hook has answered yet. What a gate said before goes with an answer that was counted, whatever
 * the clock says of when that was.
 */
void learn_hook_step(struct canary *canary);

#endif

/* Autoscalers as they are observed; a part of learn.c. */
#ifndef AGENT_LEARN_SCALER_H
#define AGENT_LEARN_SCALER_H

#include "agent/canary.h"

/* The target's or the primary's; OBJECT NULL: it is not there. */
/* The newest Release is OBJECT: which one its spec names. */
void learn_scaler_policy(struct canary *canary, const json_t *object);

/* OLD is not in force any more: which one it names and the one in force does
 * not; of that one nothing is known yet. */
void learn_scaler_edit(struct canary *canary, const struct canary_edition *old);

/* Note in the facts which one is to be left. */
void learn_scaler_note(struct canary *canary);

/* Nothing of that one is left. */
void learn_scaler_left(struct canary *canary);

void learn_scaler(struct canary *canary, enum subject subject, const json_t *object);

#endif

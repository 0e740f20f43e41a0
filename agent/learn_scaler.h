/* Autoscalers as they are observed; a part of learn.c. */
#ifndef AGENT_LEARN_SCALER_H
#define AGENT_LEARN_SCALER_H

#include "agent/canary.h"

/* The target's or the primary's; OBJECT NULL: it is not there. */
void learn_scaler(struct canary *canary, enum subject subject, const json_t *object);

#endif

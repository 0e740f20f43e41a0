/* Answers of receivers of alerts become facts: the part of learn.c about them. */
#ifndef AGENT_LEARN_ALERT_H
#define AGENT_LEARN_ALERT_H

#include "agent/canary.h"

/* What telling an alert led to; false when EFFECT is another. */
bool learn_alert_result(struct canary *canary, const struct effect *effect,
                        const struct act_result *result);

#endif

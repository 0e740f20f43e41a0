/* What the target's ConfigMaps and Secrets hold becomes a fact; a part of learn.h. */
#ifndef AGENT_LEARN_CONFIG_H
#define AGENT_LEARN_CONFIG_H

#include "agent/canary.h"

/* They were read. */
void learn_config(struct canary *canary, const struct config_fact *configs);

/* EFFECT failed: what it was decided on may be what changed. */
void learn_config_failure(struct canary *canary, const struct effect *effect);

#endif

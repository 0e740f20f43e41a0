/* What the target's ConfigMaps and Secrets hold becomes a fact; a part of learn.h. */
#ifndef AGENT_LEARN_CONFIG_H
#define AGENT_LEARN_CONFIG_H

#include "agent/canary.h"

/* They were read. */
void learn_config(struct canary *canary, const struct config_fact *configs);

/* The target is OBJECT, as the facts say by now: which configs it refers to. */
void learn_config_refs(struct canary *canary, const json_t *object);

/* Note in the facts whether somebody tells when they change. */
void learn_config_watch(struct canary *canary);

/* NAME (NULL: any) of KIND changed or went: if the target refers to it, they are to be read again.
 */
void learn_config_change(struct canary *canary, enum kube_kind kind, const char *name);

/* EFFECT failed: what it was decided on may be what changed. */
void learn_config_failure(struct canary *canary, const struct effect *effect);

#endif

/* A list of Releases that was answered late does not take back what is known since it was asked
 * for. */
#ifndef AGENT_LEARN_BEFORE_H
#define AGENT_LEARN_BEFORE_H

#include "agent/canary.h"

/* A list begins: keep the newest Release as it is known. */
void learn_before_keep(struct canary *canary);

/* It was read to its end. */
void learn_before_forget(struct canary *canary);

/* RELEASE was read from OBJECT: when that is older than what was kept of it, make it what was kept.
 */
void learn_before_check(const struct canary *canary, const json_t *object, struct release *release);

#endif

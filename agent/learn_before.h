/* A list that was answered late does not take back what is known since it was asked for. What was
 * known before may be from a future that was undone: an etcd that was restored goes back. */
#ifndef AGENT_LEARN_BEFORE_H
#define AGENT_LEARN_BEFORE_H

#include "agent/canary.h"

/* The version of SUBJECT as it is known, or of what stands beside the route at INDEX for
 * SUBJECT_NONE; where it stands, 24 bytes. NULL: none is kept of it. */
char *learn_before_version(struct canary *canary, enum subject subject, size_t index);

/* A list of Releases begins: keep the newest Release as it is known. */
void learn_before_keep(struct canary *canary);

/* It was read to its end. */
void learn_before_forget(struct canary *canary);

/* RELEASE was read from OBJECT: when that is older than what was kept of it, make it what was kept.
 */
void learn_before_check(const struct canary *canary, const json_t *object, struct release *release);

#endif

/*
 * What hooks are told after the world was brought in order: post-rollout hooks when a run is over,
 * and event hooks each notice. Both stand in the Release until they were told, so a crash loses
 * none; neither delays a retreat, which they give way to.
 */
#ifndef ANALYSIS_OUTBOX_H
#define ANALYSIS_OUTBOX_H

#include "analysis/thought.h"

/* Put the post-rollout hooks into the status that ends a run. */
void outbox_fill(const struct thought *thought, struct release_status *status);

/* Want the next post-rollout hook and the next event hook called; what was answered is saved. */
void outbox_keep(struct thought *thought);

/* The post-rollout hooks of the newest Release are done; and its event hooks, unless they do not
 * listen. */
bool outbox_is_empty(const struct thought *thought);

/* Each event hook was told all notices of the newest Release. */
bool outbox_is_told(const struct thought *thought);

/* Each event hook was told notice ID of the newest Release. */
bool outbox_was_told(const struct canary_spec *spec, const struct facts *facts, int64_t id);

#endif

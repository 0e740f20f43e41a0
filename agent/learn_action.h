/* What people ask for becomes a fact: one Action after another; a part of learn.h. */
#ifndef AGENT_LEARN_ACTION_H
#define AGENT_LEARN_ACTION_H

#include "agent/canary.h"

/* An Action of the canary as a watch or a list shows it; IS_DELETED: it is gone. */
void learn_action(struct canary *canary, const json_t *object, bool is_deleted);

/* A list of Actions takes the place of what waits: begin, then learn_action for each, then end. */
void learn_action_begin(struct canary *canary);
void learn_action_end(struct canary *canary);

/* What EFFECT, about an Action, showed; OBJECT NULL: the Action is gone. */
void learn_action_reply(struct canary *canary, const struct effect *effect, const json_t *object);

/* The Release that an undo would bring back, as EFFECT showed; OBJECT NULL: there is none. */
void learn_action_earlier(struct canary *canary, const struct effect *effect, const json_t *object);

#endif

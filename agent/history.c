#include "agent/history.h"

#include <assert.h>

void history_round(struct history *history, const struct history_round *round,
                   void (*acked)(void *user, const char *uid), void *user)
{
	assert(round->uid && round->uid[0] != '\0');
	history->ops->round(history, round, acked, user);
}

void history_effect(struct history *history, const struct history_effect *effect)
{
	assert(effect->kind != HISTORY_UNKNOWN);
	history->ops->effect(history, effect);
}

void history_split(struct history *history, const struct history_split *split)
{
	assert(split->result != HISTORY_SPLIT_NONE);
	if (history->ops->split)
		history->ops->split(history, split);
}

void history_forget(struct history *history, void *user)
{
	history->ops->forget(history, user);
}

void history_gap(struct history *history, const char *round_uid, struct instant at)
{
	history->ops->gap(history, round_uid, at);
}

const char *history_state(struct history *history)
{
	return history->ops->state(history);
}

bool history_anchor(struct history *history, struct history_anchor *ret)
{
	return history->ops->anchor && history->ops->anchor(history, ret);
}

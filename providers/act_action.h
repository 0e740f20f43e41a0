/* The effects of act.c on Actions. Each is a `next` as talk.h has it. */
#ifndef PROVIDERS_ACT_ACTION_H
#define PROVIDERS_ACT_ACTION_H

#include "providers/act.h"

/* EFFECT_ANSWER: one patch. */
enum talk_step act_action_answer_next(struct talk *talk, const struct http_reply *reply,
                                      struct err *err);

/* EFFECT_OBSERVE of an Action: a list of one by its name, so that no right to `get` is needed. */
enum talk_step act_action_observe_next(struct talk *talk, const struct http_reply *reply,
                                       struct err *err);

/* EFFECT_FIND_RELEASE: one GET; a Release of another Canary is none. */
enum talk_step act_action_find_next(struct talk *talk, const struct http_reply *reply,
                                    struct err *err);

#endif

/* The questions of act.c that go to the API server. Each is a `next` as talk.h has it. */
#ifndef PROVIDERS_ACT_OBSERVE_H
#define PROVIDERS_ACT_OBSERVE_H

#include "providers/act.h"

/* The Releases of one canary that are looked at; more are ERR_LIMIT's sentence. */
#define ACT_OBSERVE_RELEASES_MAX 2000

/* EFFECT_OBSERVE: one GET; of the Releases all pages, as one list. */
enum talk_step act_observe_next(struct talk *talk, const struct http_reply *reply, struct err *err);

/* EFFECT_COMPARE: the target's template as it is now against the Release number `number`, then
 * `release`. */
enum talk_step act_observe_compare_next(struct talk *talk, const struct http_reply *reply,
                                        struct err *err);

/*
 * One page of the Releases, into `act->read` under "items": ask for the first with REPLY NULL.
 * TALK_DONE: all are there. What is asked ends with STEP as the conversation's step.
 */
enum talk_step act_observe_page(struct act *act, int step, const struct http_reply *reply,
                                struct err *err);

#endif

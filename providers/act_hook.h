/* Hooks of act.c: one POST, again after a while when the receiver is not well. A `next` as talk.h
 * has it. */
#ifndef PROVIDERS_ACT_HOOK_H
#define PROVIDERS_ACT_HOOK_H

#include "providers/act.h"

#define ACT_HOOK_CHECKSUM_MAX 16

/* EFFECT_ASK_HOOK and EFFECT_TELL_HOOK. There always is an answer: `hook` of the result is
 * HOOK_PASS, or HOOK_FAIL with the reason in its text. */
enum talk_step act_hook_next(struct talk *talk, const struct http_reply *reply, struct err *err);

/*
 * The checksum that hooks are sent: Flagger's hash of (status.trackedConfigs, lastAppliedSpec).
 * TRACKED is what the map holds, as Go prints it ("a:1 b:2"); NULL: there is none.
 */
void act_hook_checksum(const char *last_applied, const char *tracked,
                       char ret[ACT_HOOK_CHECKSUM_MAX]);

#endif

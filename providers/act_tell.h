/* What act.c tells people: the Canary's status and Events. Each is a `next` as talk.h has it. */
#ifndef PROVIDERS_ACT_TELL_H
#define PROVIDERS_ACT_TELL_H

#include "providers/act.h"

/* EFFECT_WRITE_FINALIZER: the live list is read, and ours put behind it or taken out of it. One
 * that is so already is done. */
enum talk_step act_tell_finalizer_next(struct talk *talk, const struct http_reply *reply,
                                       struct err *err);

/* EFFECT_WRITE_MIRROR: the live status is read, so that its conditions are kept. `check` is the
 * time. */
enum talk_step act_tell_mirror_next(struct talk *talk, const struct http_reply *reply,
                                    struct err *err);

/* EFFECT_NOTIFY: one POST; a 409 says that it was delivered before. `check` is the time, if it is
 * set. */
enum talk_step act_tell_notice_next(struct talk *talk, const struct http_reply *reply,
                                    struct err *err);

#endif

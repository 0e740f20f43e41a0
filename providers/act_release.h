/* The changes of act.c to Releases. Each is a `next` as talk.h has it. */
#ifndef PROVIDERS_ACT_RELEASE_H
#define PROVIDERS_ACT_RELEASE_H

#include "providers/act.h"

/*
 * EFFECT_CREATE_RELEASE: the target is read anew; another digest than the effect's is ACT_CONFLICT
 * with the target as object. A Release of that name that is there already is ours if it has the
 * digest.
 */
enum talk_step act_release_create_next(struct talk *talk, const struct http_reply *reply,
                                       struct err *err);

/* EFFECT_SAVE_RELEASE: one patch. */
enum talk_step act_release_save_next(struct talk *talk, const struct http_reply *reply,
                                     struct err *err);

/*
 * EFFECT_REMOVE_RELEASES: one after another, the oldest first and the promoted one last. `number`
 * 0: all; otherwise the newest `number`, open ones, the promoted one and the one promoted before it
 * stay.
 */
enum talk_step act_release_remove_next(struct talk *talk, const struct http_reply *reply,
                                       struct err *err);

#endif

/* Adopting what Flagger made. Each is a `next` as talk.h has it. */
#ifndef PROVIDERS_ACT_ADOPT_H
#define PROVIDERS_ACT_ADOPT_H

#include "providers/act.h"

/*
 * EFFECT_CREATE_RELEASE with `old_release_uid`: Canary, target, primary, configs and their copies
 * are read anew. ACT_CONFLICT when one of them is not what the effect was decided on. The Release
 * gets the template that the primary runs, as kube/adoption.h proves it; as handled counts the
 * target's own, if Flagger saw that.
 */
enum talk_step act_adopt_release_next(struct talk *talk, const struct http_reply *reply,
                                      struct err *err);

/* EFFECT_TAKE_PRIMARY: our label instead of the Canary's owner reference. */
enum talk_step act_adopt_take_next(struct talk *talk, const struct http_reply *reply,
                                   struct err *err);

#endif

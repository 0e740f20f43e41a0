/* The changes of act.c to autoscalers. A `next` as talk.h has it. */
#ifndef PROVIDERS_ACT_SCALER_H
#define PROVIDERS_ACT_SCALER_H

#include "providers/act.h"

/*
 * EFFECT_WRITE_SCALER: the primary's is created or patched after the target's as it is now.
 * EFFECT_SCALE of SUBJECT_PRIMARY_SCALER: the least number of pods alone. EFFECT_SCALE of
 * SUBJECT_SCALER: the pause of a ScaledObject. What is as wanted is not written.
 */
enum talk_step act_scaler_next(struct talk *talk, const struct http_reply *reply, struct err *err);

/* EFFECT_REMOVE of SUBJECT_FORMER_SCALER: `world->former_scaler` is let go, if it was paused, and
 * the primary's that was made from it is deleted, if it is this Canary's. Absent is done. */
enum talk_step act_scaler_leave_next(struct talk *talk, const struct http_reply *reply,
                                     struct err *err);

#endif

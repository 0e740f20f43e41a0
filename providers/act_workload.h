/* The changes of act.c to Deployments. Each is a `next` as talk.h has it. */
#ifndef PROVIDERS_ACT_WORKLOAD_H
#define PROVIDERS_ACT_WORKLOAD_H

#include "providers/act.h"

/*
 * EFFECT_CREATE_PRIMARY and EFFECT_WRITE_PRIMARY: the template comes from the Release, the strategy
 * from the live target, if there is one. A primary that is written must still have
 * `old_release_uid` as flagger-id.
 */
enum talk_step act_workload_primary_next(struct talk *talk, const struct http_reply *reply,
                                         struct err *err);

/* EFFECT_SCALE of a Deployment: one patch; of a DaemonSet: its nodeSelector, after a look at it. */
enum talk_step act_workload_scale_next(struct talk *talk, const struct http_reply *reply,
                                       struct err *err);

#endif

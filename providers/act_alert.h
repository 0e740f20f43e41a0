/* Alerts of act.c: the AlertProvider, its Secret, then one POST; all again after a while when
 * somebody was not well. A `next` as talk.h has it. */
#ifndef PROVIDERS_ACT_ALERT_H
#define PROVIDERS_ACT_ALERT_H

#include "providers/act.h"

#define ACT_ALERT_ATTEMPTS 3

/* EFFECT_ALERT. ACT_OK: it was told. ACT_FAILED: it was given up, with the reason in the text,
 * which shows no address and no token. */
enum talk_step act_alert_next(struct talk *talk, const struct http_reply *reply, struct err *err);

#endif

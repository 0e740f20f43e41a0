/* The changes of act.c to Services, and removing what was made. Each is a `next` as talk.h has it.
 */
#ifndef PROVIDERS_ACT_SERVICE_H
#define PROVIDERS_ACT_SERVICE_H

#include "providers/act.h"

/*
 * EFFECT_WRITE_SERVICE: read it, then make or correct it; what is right already is done without a
 * write. A retreat moves the selector in one write, nothing read.
 */
enum talk_step act_service_write_next(struct talk *talk, const struct http_reply *reply,
                                      struct err *err);

/* EFFECT_RESTORE: the selector that a Service had, or the target's pods; absent is done. */
enum talk_step act_service_restore_next(struct talk *talk, const struct http_reply *reply,
                                        struct err *err);

/* EFFECT_REMOVE: delete the object whose UID is `release_uid`; absent is done. */
enum talk_step act_service_remove_next(struct talk *talk, const struct http_reply *reply,
                                       struct err *err);

#endif

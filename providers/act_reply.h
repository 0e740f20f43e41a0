/*
 * What the conversations of act.c share: naming the object, taking in a reply, ending.
 *
 * A conversation keeps what it read in `act->read`, an object, and where it stands in `talk->step`,
 * a number of its own that is 0 before the first request.
 */
#ifndef PROVIDERS_ACT_REPLY_H
#define PROVIDERS_ACT_REPLY_H

#include "providers/act.h"
#include "providers/kube/api.h"

/* The act whose conversation TALK is. */
struct act *act_reply_owner(struct talk *talk);

/* SUBJECT's object in WORLD; kind KUBE_NONE when it has none. A name that must be made lives in
 * ARENA. */
struct kube_ref act_reply_ref(const struct canary_world *world, enum subject subject,
                              struct arena *arena);

/*
 * Read REPLY to the request just sent for REF into `act->result`: outcome, text, retry_after. On
 * ACT_OK *ret_object is the object, owned by the caller; otherwise NULL. Returns the outcome.
 * Target and primary that are Services come as their views (service_target.h).
 */
enum act_outcome act_reply_read(struct act *act, const struct kube_ref *ref,
                                const struct http_reply *reply, json_t **ret_object);

/* The same of a request whose object nobody wants: it was done, or there is nothing to do it to. */
bool act_reply_is_settled(struct act *act, const struct kube_ref *ref,
                          const struct http_reply *reply);

/* Keep OBJECT, which is taken, under KEY of `act->read`; and what was kept, borrowed, or NULL. */
void act_reply_keep(struct act *act, const char *key, json_t *object);
json_t *act_reply_kept(const struct act *act, const char *key);

/* The end, with the outcome that stands in the result: TALK_FAILED for ACT_FAILED and ACT_UNKNOWN.
 */
enum talk_step act_reply_end(struct act *act, struct err *err);

/* The end with ACT_OK and OBJECT, which is taken; NULL: none. */
enum talk_step act_reply_done(struct act *act, json_t *object);

/* The end with OUTCOME and a sentence. */
enum talk_step act_reply_stop(struct act *act, enum act_outcome outcome, struct err *err,
                              const char *format, ...) PRINTF_LIKE(4, 5);

/* The last reply of a conversation: its object, if it has one, is the result's. */
enum talk_step act_reply_last(struct act *act, const struct kube_ref *ref,
                              const struct http_reply *reply, struct err *err);

/* The same, unless it is a conflict: then REF is read, with STEP. */
enum talk_step act_reply_last_or_get(struct act *act, int step, const struct kube_ref *ref,
                                     const struct http_reply *reply, struct err *err);

/* Go on with STEP: `talk->request` is ready to be sent. */
enum talk_step act_reply_send(struct act *act, int step);

/* Send a GET of REF. */
enum talk_step act_reply_get(struct act *act, int step, const struct kube_ref *ref);

/* Create OBJECT, which is taken, as REF. */
enum talk_step act_reply_create(struct act *act, int step, const struct kube_ref *ref,
                                json_t *object);

/* Send PATCH, a merge patch of REF, or a JSON patch of it, which is taken. */
enum talk_step act_reply_merge(struct act *act, int step, const struct kube_ref *ref,
                               json_t *patch);
enum talk_step act_reply_patch(struct act *act, int step, const struct kube_ref *ref,
                               json_t *patch);

/*
 * Make LIVE, the object of REF as it was read, what it should be by PATCH, which is taken: nothing
 * to patch is the end, with LIVE; so is, with ACT_CONFLICT and LIVE, another version than the
 * effect was decided on. WHAT names the object in that sentence.
 */
enum talk_step act_reply_correct(struct act *act, int step, const struct kube_ref *ref,
                                 json_t *live, json_t *patch, const char *what);

/*
 * The effect is a retreat that may arrive whenever it does, whatever stands there. One that leaves
 * the canary a weight may not: when it is late it would raise what was taken back since.
 */
bool act_reply_is_blind(const struct act *act);

/*
 * Put the test of LIVE's resourceVersion before PATCH, unless the effect is blind. False: the
 * effect was decided on another version; decide again.
 */
bool act_reply_test_version(const struct act *act, json_t *patch, const json_t *live);

#endif

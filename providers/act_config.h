/*
 * ConfigMaps and Secrets in the conversations of act.c: reading what a template refers to, making
 * the copies that a Release names, removing those that nothing uses. Their data goes nowhere but
 * into the copies.
 *
 * Each part is begun once and then fed with replies: it wants to send as long as it returns
 * TALK_SEND. When it returns TALK_DONE with outcome ACT_OK, the part is over and the conversation
 * may go on; every other end is the conversation's.
 */
#ifndef PROVIDERS_ACT_CONFIG_H
#define PROVIDERS_ACT_CONFIG_H

#include "providers/act.h"

/* EFFECT_OBSERVE of SUBJECT_CONFIGS, with `configs` in the result. */
enum talk_step act_config_observe_next(struct talk *talk, const struct http_reply *reply,
                                       struct err *err);

/* Read what TEMPLATE refers to, if configs are tracked; STEP is `talk->step` meanwhile. */
enum talk_step act_config_read_begin(struct act *act, int step, const json_t *template,
                                     struct err *err);
enum talk_step act_config_read(struct act *act, const struct http_reply *reply, struct err *err);

/* The entries that were read, borrowed; an empty list for none. */
const json_t *act_config_entries(const struct act *act);

/* Make the copies that ENTRIES (a Release's, NULL for none) name and that are not there. STEP + 0,
 * 1 and 2 are `talk->step` meanwhile. */
enum talk_step act_config_copy_begin(struct act *act, int step, const json_t *entries);
enum talk_step act_config_copy(struct act *act, int step, const struct http_reply *reply,
                               struct err *err);

/* Remove the Canary's copies that neither a Release of KEPT (a list) nor a ReplicaSet of the
 * primary uses; with an empty list all of them. STEP + 0 to 3 are `talk->step` meanwhile. */
enum talk_step act_config_remove_begin(struct act *act, int step, const json_t *kept);
enum talk_step act_config_remove(struct act *act, int step, const struct http_reply *reply,
                                 struct err *err);

#endif

#include "providers/act_tell.h"

#include "providers/act_reply.h"
#include "providers/kube/event.h"
#include "providers/kube/mirror.h"
#include "providers/kube/tree.h"

#include <string.h>

/* What was sent last. */
enum step {
	STEP_NONE,
	STEP_CANARY,
	STEP_WRITE,
};

static enum talk_step on_canary(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = act_reply_ref(act->world, SUBJECT_CANARY, act->talk.arena);
	json_t *canary;

	if (act_reply_read(act, &ref, reply, &canary) != ACT_OK)
		return act_reply_end(act, err);
	act_reply_keep(act, "canary", canary);
	if (strcmp(kube_tree_text(canary, "metadata/uid"), act->world->uid) != 0)
		return act_reply_stop(act, ACT_CONFLICT, err, "canary %.100s is another one now",
		                      ref.name);
	ref.subresource = "status";
	return act_reply_merge(act, STEP_WRITE, &ref,
	                       kube_mirror_patch(kube_tree_find(canary, "status"),
	                                         &act->effect->mirror, act->effect->check));
}

enum talk_step act_tell_mirror_next(struct talk *talk, const struct http_reply *reply,
                                    struct err *err)
{
	struct act *act = act_reply_owner(talk);
	struct kube_ref ref = act_reply_ref(act->world, SUBJECT_CANARY, talk->arena);

	if (!reply)
		return act_reply_get(act, STEP_CANARY, &ref);
	if (talk->step == STEP_CANARY)
		return on_canary(act, reply, err);
	ref.subresource = "status";
	return act_reply_last(act, &ref, reply, err);
}

enum talk_step act_tell_notice_next(struct talk *talk, const struct http_reply *reply,
                                    struct err *err)
{
	struct act *act = act_reply_owner(talk);
	const struct effect *effect = act->effect;
	struct kube_ref ref = act_reply_ref(act->world, SUBJECT_EVENTS, talk->arena);
	enum act_outcome outcome;
	json_t *object;

	if (!reply)
		return act_reply_create(act, STEP_WRITE, &ref,
		                        kube_event_new(act->world, &effect->notice,
		                                       effect->release_uid, effect->check));
	outcome = act_reply_read(act, &ref, reply, &object);
	if (outcome == ACT_OK || outcome == ACT_CONFLICT)
		return act_reply_done(act, object);
	return act_reply_end(act, err);
}

#include "providers/act_scaler.h"

#include "providers/act_reply.h"
#include "providers/kube/scaler.h"
#include "providers/kube/tree.h"

/* What was sent last. */
enum step {
	STEP_NONE,
	STEP_SOURCE,
	STEP_LIVE,
	STEP_WRITE,
};

static bool is_whole(const struct act *act)
{
	return act->effect->kind == EFFECT_WRITE_SCALER;
}

static json_t *patch_of(const struct act *act, const json_t *live)
{
	const struct effect *effect = act->effect;

	if (effect->subject == SUBJECT_SCALER)
		return kube_scaler_patch_pause(live, effect->replicas == 0);
	if (!is_whole(act))
		return kube_scaler_patch_least(act->world, live, effect->replicas);
	return kube_scaler_patch(act->world, act_reply_kept(act, "source"), live, effect->replicas);
}

/* LIVE, which is taken, becomes as it is wanted. */
static enum talk_step correct(struct act *act, const struct kube_ref *ref, json_t *live)
{
	act_reply_keep(act, "live", live);
	return act_reply_correct(act, STEP_WRITE, ref, live, patch_of(act, live), "autoscaler");
}

static enum talk_step create(struct act *act, const struct kube_ref *ref)
{
	return act_reply_create(act, STEP_WRITE, ref,
	                        kube_scaler_new(act->world, act_reply_kept(act, "source"),
	                                        act->effect->replicas));
}

static enum talk_step on_source(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref source = act_reply_ref(act->world, SUBJECT_SCALER, act->talk.arena);
	struct kube_ref ref = act_reply_ref(act->world, SUBJECT_PRIMARY_SCALER, act->talk.arena);
	json_t *object;

	if (act_reply_read(act, &source, reply, &object) == ACT_ABSENT)
		return act_reply_stop(act, ACT_FAILED, err,
		                      "%s %.100s, which the primary's is made from, is gone",
		                      kube_api_kind(source.kind), source.name);
	if (act->result.outcome != ACT_OK)
		return act_reply_end(act, err);
	act_reply_keep(act, "source", object);
	return act_reply_get(act, STEP_LIVE, &ref);
}

static enum talk_step on_live(struct act *act, const struct kube_ref *ref,
                              const struct http_reply *reply, struct err *err)
{
	enum act_outcome outcome;
	json_t *live;

	outcome = act_reply_read(act, ref, reply, &live);
	if (outcome == ACT_OK)
		return correct(act, ref, live);
	if (outcome == ACT_ABSENT && is_whole(act))
		return create(act, ref);
	return act_reply_end(act, err);
}

enum talk_step act_scaler_next(struct talk *talk, const struct http_reply *reply, struct err *err)
{
	struct act *act = act_reply_owner(talk);
	struct kube_ref ref = act_reply_ref(act->world, act->effect->subject, talk->arena);
	struct kube_ref source = act_reply_ref(act->world, SUBJECT_SCALER, talk->arena);

	if (!reply && is_whole(act))
		return act_reply_get(act, STEP_SOURCE, &source);
	if (!reply)
		return act_reply_get(act, STEP_LIVE, &ref);
	if (talk->step == STEP_SOURCE)
		return on_source(act, reply, err);
	if (talk->step == STEP_LIVE)
		return on_live(act, &ref, reply, err);
	return act_reply_last(act, &ref, reply, err);
}

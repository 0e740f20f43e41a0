#include "providers/act_scaler.h"

#include "providers/act_reply.h"
#include "providers/kube/owner.h"
#include "providers/kube/pod_template.h"
#include "providers/kube/scaler.h"
#include "providers/kube/tree.h"

/* What was sent last. */
enum step {
	STEP_NONE,
	STEP_SOURCE,
	STEP_LIVE,
	STEP_WRITE,
	STEP_FORMER,
	STEP_LET_GO,
	STEP_MADE,
	STEP_DELETE,
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

/* Leaving -------------------------------------------------------------------------------------- */

static struct kube_ref former_ref(struct act *act, bool is_primarys)
{
	const struct canary_scaler *former = &act->world->former_scaler;

	return (struct kube_ref){
		.kind = kube_scaler_kind_of(former->kind),
		.k8s_namespace = act->world->spec->k8s_namespace,
		.name = arena_format(act->talk.arena, "%s%s", former->name,
	                             is_primarys ? KUBE_TEMPLATE_SUFFIX : ""),
	};
}

static enum talk_step get_made(struct act *act)
{
	struct kube_ref made = former_ref(act, true);

	return act_reply_get(act, STEP_MADE, &made);
}

/* The target's, which people edit, is to scale again what it scales. */
static enum talk_step on_former(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = former_ref(act, false);
	json_t *patch;
	json_t *steps;
	json_t *live;

	if (act_reply_read(act, &ref, reply, &live) == ACT_ABSENT)
		return get_made(act);
	if (act->result.outcome != ACT_OK)
		return act_reply_end(act, err);
	act_reply_keep(act, "live", live);
	steps = kube_scaler_patch_pause(live, false);
	if (json_array_size(steps) == 0) {
		json_decref(steps);
		return get_made(act);
	}
	patch = kube_tree_list();
	kube_tree_patch_text(patch, "test", "/metadata/resourceVersion",
	                     kube_tree_text(live, "metadata/resourceVersion"));
	(void)json_array_extend(patch, steps);
	json_decref(steps);
	return act_reply_patch(act, STEP_LET_GO, &ref, patch);
}

static enum talk_step on_let_go(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = former_ref(act, false);

	if (!act_reply_is_settled(act, &ref, reply))
		return act_reply_end(act, err);
	return get_made(act);
}

static enum talk_step on_made(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = former_ref(act, true);
	const struct canary_world *world = act->world;
	json_t *live;

	if (act_reply_read(act, &ref, reply, &live) == ACT_ABSENT)
		return act_reply_done(act, NULL);
	if (act->result.outcome != ACT_OK)
		return act_reply_end(act, err);
	act_reply_keep(act, "made", live);
	if (!kube_scaler_is_ours(live, world) && !kube_owner_is_canary(live, world->spec->name))
		return act_reply_done(act, NULL);
	kube_api_delete(&act->talk.request, act->talk.arena, &ref,
	                kube_tree_text(live, "metadata/uid"));
	return act_reply_send(act, STEP_DELETE);
}

static enum talk_step on_deleted(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = former_ref(act, true);

	if (!act_reply_is_settled(act, &ref, reply))
		return act_reply_end(act, err);
	return act_reply_done(act, NULL);
}

enum talk_step act_scaler_leave_next(struct talk *talk, const struct http_reply *reply,
                                     struct err *err)
{
	struct act *act = act_reply_owner(talk);
	struct kube_ref former = former_ref(act, false);

	if (!reply && act->world->former_scaler.kind != SCALER_KEDA)
		return get_made(act); /* it was told nothing */
	if (!reply)
		return act_reply_get(act, STEP_FORMER, &former);
	if (talk->step == STEP_FORMER)
		return on_former(act, reply, err);
	if (talk->step == STEP_LET_GO)
		return on_let_go(act, reply, err);
	return talk->step == STEP_MADE ? on_made(act, reply, err) : on_deleted(act, reply, err);
}

#include "providers/act_service.h"

#include "providers/act_reply.h"
#include "providers/kube/service.h"
#include "providers/kube/tree.h"

#include <string.h>

/* What was sent last. */
enum step {
	STEP_NONE,
	STEP_TARGET,
	STEP_SERVICE,
	STEP_WRITE,
};

/* The target's template, when the ports depend on it. */
static const json_t *template_of(const struct act *act)
{
	return kube_tree_find(act_reply_kept(act, "target"), "spec/template");
}

static enum talk_step create(struct act *act)
{
	const struct effect *effect = act->effect;
	struct kube_ref ref = act_reply_ref(act->world, effect->subject, act->talk.arena);

	return act_reply_create(act, STEP_WRITE, &ref,
	                        kube_service_new(act->world, effect->subject, effect->backend,
	                                         template_of(act)));
}

/* LIVE, which is taken, becomes what PATCH, which is taken too, makes of it. */
static enum talk_step correct(struct act *act, json_t *live, json_t *patch)
{
	struct kube_ref ref = act_reply_ref(act->world, act->effect->subject, act->talk.arena);

	act_reply_keep(act, "service", live);
	return act_reply_correct(act, STEP_WRITE, &ref, live, patch, "service");
}

static enum talk_step on_service(struct act *act, const struct http_reply *reply, struct err *err)
{
	const struct effect *effect = act->effect;
	struct kube_ref ref = act_reply_ref(act->world, effect->subject, act->talk.arena);
	enum act_outcome outcome;
	json_t *live;

	outcome = act_reply_read(act, &ref, reply, &live);
	if (outcome == ACT_ABSENT)
		return create(act);
	if (outcome != ACT_OK)
		return act_reply_end(act, err);
	return correct(act, live,
	               kube_service_patch(act->world, effect->subject, effect->backend, live,
	                                  template_of(act)));
}

static enum talk_step on_target(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref target = act_reply_ref(act->world, SUBJECT_TARGET, act->talk.arena);
	struct kube_ref ref = act_reply_ref(act->world, act->effect->subject, act->talk.arena);
	enum act_outcome outcome;
	json_t *object;

	outcome = act_reply_read(act, &target, reply, &object);
	if (outcome == ACT_OK)
		act_reply_keep(act, "target", object);
	else if (outcome == ACT_ABSENT && act->world->spec->target_kind == TARGET_SERVICE)
		return act_reply_stop(act, ACT_FAILED, err,
		                      "service %.63s.%.63s is gone: there is nothing to copy",
		                      target.name, target.k8s_namespace);
	else if (outcome != ACT_ABSENT)
		return act_reply_end(act, err);
	return act_reply_get(act, STEP_SERVICE, &ref);
}

static enum talk_step begin(struct act *act)
{
	struct kube_ref target = act_reply_ref(act->world, SUBJECT_TARGET, act->talk.arena);
	struct kube_ref ref = act_reply_ref(act->world, act->effect->subject, act->talk.arena);

	if (act->effect->is_retreat)
		return act_reply_patch(act, STEP_WRITE, &ref,
		                       kube_service_patch_selector(act->world,
		                                                   act->effect->backend));
	if (kube_service_needs_template(act->world))
		return act_reply_get(act, STEP_TARGET, &target);
	return act_reply_get(act, STEP_SERVICE, &ref);
}

static bool knows_label(const struct act *act)
{
	return act->world->label[0] != '\0';
}

enum talk_step act_service_write_next(struct talk *talk, const struct http_reply *reply,
                                      struct err *err)
{
	struct act *act = act_reply_owner(talk);
	struct kube_ref ref = act_reply_ref(act->world, act->effect->subject, talk->arena);

	if (!knows_label(act))
		return act_reply_stop(act, ACT_FAILED, err,
		                      "the target's selector label is not known yet");
	if (!reply)
		return begin(act);
	if (talk->step == STEP_TARGET)
		return on_target(act, reply, err);
	if (talk->step == STEP_SERVICE)
		return on_service(act, reply, err);
	return act_reply_last(act, &ref, reply, err);
}

enum talk_step act_service_restore_next(struct talk *talk, const struct http_reply *reply,
                                        struct err *err)
{
	struct act *act = act_reply_owner(talk);
	struct kube_ref ref = act_reply_ref(act->world, act->effect->subject, talk->arena);
	enum act_outcome outcome;
	json_t *live;

	if (ref.kind != KUBE_SERVICE)
		return act_reply_stop(act, ACT_FAILED, err, "this %s cannot be given back",
		                      subject_name(act->effect->subject));
	if (!reply)
		return act_reply_get(act, STEP_SERVICE, &ref);
	outcome = act_reply_read(act, &ref, reply, &live);
	if (outcome == ACT_ABSENT)
		return act_reply_done(act, NULL);
	if (outcome != ACT_OK)
		return act_reply_end(act, err);
	if (talk->step == STEP_WRITE)
		return act_reply_done(act, live);
	return correct(act, live, kube_service_patch_restore(act->world, live));
}

enum talk_step act_service_remove_next(struct talk *talk, const struct http_reply *reply,
                                       struct err *err)
{
	struct act *act = act_reply_owner(talk);
	struct kube_ref ref = act_reply_ref(act->world, act->effect->subject, talk->arena);
	enum act_outcome outcome;
	json_t *object;

	if (!ref.name)
		return act_reply_done(act, NULL);
	if (!reply) {
		kube_api_delete(&talk->request, talk->arena, &ref, act->effect->release_uid);
		return act_reply_send(act, STEP_WRITE);
	}
	outcome = act_reply_read(act, &ref, reply, &object);
	json_decref(object);
	if (outcome == ACT_OK || outcome == ACT_ABSENT)
		return act_reply_done(act, NULL);
	return act_reply_end(act, err);
}

#include "providers/traffic/route_talk.h"

#include "analysis/base/text.h"
#include "providers/kube/tree.h"

static const char *word_of(const struct route_kind *kind, const struct kube_ref *ref)
{
	return kind->word ? kind->word : kube_api_kind(ref->kind);
}

enum talk_step route_talk_refuse(struct act *act, const char *word, const struct kube_ref *ref,
                                 struct err *err)
{
	char why[SENTENCE_MAX];

	text_copy(why, err->text);
	return act_reply_stop(act, ACT_FAILED, err, "%s %.80s.%.63s: %.300s", word, ref->name,
	                      ref->k8s_namespace, why);
}

static enum talk_step create(const struct route_kind *kind, struct act *act, struct err *err)
{
	struct kube_ref ref = kind->ref(act->world);
	json_t *object = kind->make(act, err);

	if (!object)
		return route_talk_refuse(act, word_of(kind, &ref), &ref, err);
	return act_reply_create(act, ROUTE_STEP_WRITE, &ref, object);
}

/* Send PATCH, which is taken, of LIVE: nobody may have written since, unless it is blind. */
static enum talk_step change(const struct route_kind *kind, struct act *act, int step,
                             const json_t *live, json_t *patch)
{
	struct kube_ref ref = kind->ref(act->world);

	if (act_reply_test_version(act, patch, live))
		return act_reply_patch(act, step, &ref, patch);
	json_decref(patch);
	return act_reply_stop(act, ACT_CONFLICT, NULL, "%s %.100s changed", word_of(kind, &ref),
	                      ref.name);
}

/* The canary's part in LIVE, nothing else. */
static enum talk_step retreat(const struct route_kind *kind, struct act *act, int step,
                              const json_t *live)
{
	struct kube_ref ref = kind->ref(act->world);
	json_t *patch = kind->retreat(act, live);

	if (json_array_size(patch) > 0)
		return change(kind, act, step, live, patch);
	json_decref(patch);
	/* As it was last seen nothing leads to the canary: that may be old. */
	if (step == ROUTE_STEP_BLIND)
		return act_reply_get(act, ROUTE_STEP_READ, &ref);
	return act_reply_done(act, kube_tree_copy(live));
}

/* LIVE, which is taken, with the canary's part as it is wanted. */
static enum talk_step correct(const struct route_kind *kind, struct act *act, json_t *live,
                              struct err *err)
{
	struct kube_ref ref = kind->ref(act->world);
	json_t *patch;

	act_reply_keep(act, "route", live);
	if (act->effect->is_retreat)
		return retreat(kind, act, ROUTE_STEP_WRITE, live);
	patch = kube_tree_list();
	if (kind->repair(patch, act, live, err))
		return act_reply_correct(act, ROUTE_STEP_WRITE, &ref, live, patch,
		                         word_of(kind, &ref));
	json_decref(patch);
	return route_talk_refuse(act, word_of(kind, &ref), &ref, err);
}

static enum talk_step on_route(const struct route_kind *kind, struct act *act,
                               const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = kind->ref(act->world);
	json_t *live;
	enum act_outcome outcome = act_reply_read(act, &ref, reply, &live);

	if (outcome == ACT_ABSENT && !act->effect->is_retreat)
		return create(kind, act, err);
	return outcome == ACT_OK ? correct(kind, act, live, err) : act_reply_end(act, err);
}

enum talk_step route_talk_weigh(const struct route_kind *kind, struct act *act,
                                const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = kind->ref(act->world);

	if (!reply && act->effect->is_retreat && act->world->route_object)
		return retreat(kind, act, ROUTE_STEP_BLIND, act->world->route_object);
	if (!reply)
		return act_reply_get(act, ROUTE_STEP_READ, &ref);
	if (act->talk.step == ROUTE_STEP_READ)
		return on_route(kind, act, reply, err);
	if (act->talk.step == ROUTE_STEP_BLIND)
		return act_reply_last_or_get(act, ROUTE_STEP_READ, &ref, reply, err);
	return act_reply_last(act, &ref, reply, err);
}

enum talk_step route_talk_give_back(const struct route_kind *kind, struct act *act, int step,
                                    const json_t *live)
{
	struct kube_ref ref = kind->ref(act->world);

	if (kind->is_made(act->world, live)) {
		kube_api_delete(&act->talk.request, act->talk.arena, &ref,
		                act->effect->release_uid);
		return act_reply_send(act, step);
	}
	return change(kind, act, step, live, kind->restore(act->world, live));
}

enum talk_step route_talk_remove(const struct route_kind *kind, struct act *act,
                                 const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = kind->ref(act->world);
	enum act_outcome outcome;
	json_t *object;

	if (!reply)
		return act_reply_get(act, ROUTE_STEP_READ, &ref);
	outcome = act_reply_read(act, &ref, reply, &object);
	if (outcome != ACT_OK && outcome != ACT_ABSENT)
		return act_reply_end(act, err);
	if (outcome == ACT_ABSENT || act->talk.step != ROUTE_STEP_READ) {
		json_decref(object);
		return act_reply_done(act, NULL);
	}
	act_reply_keep(act, "route", object);
	if (!kind->is_made(act->world, object) && !kind->is_taken(act->world, object))
		return act_reply_done(act, NULL);
	return route_talk_give_back(kind, act, ROUTE_STEP_WRITE, object);
}

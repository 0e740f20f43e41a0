#include "providers/act_tell.h"

#include "analysis/base/text.h"
#include "providers/act_reply.h"
#include "providers/kube/canary.h"
#include "providers/kube/config.h"
#include "providers/kube/event.h"
#include "providers/kube/mirror.h"
#include "providers/kube/tree.h"

#include <string.h>

/* What was sent last. */
enum step {
	STEP_NONE,
	STEP_CANARY,
	STEP_RELEASE,
	STEP_WRITE,
};

/* MAP, taken, is what trackedConfigs is to say; it stays where it says so already. */
static enum talk_step write_status(struct act *act, json_t *map)
{
	struct kube_ref ref = act_reply_ref(act->world, SUBJECT_CANARY, act->talk.arena);
	const json_t *status = kube_tree_find(act_reply_kept(act, "canary"), "status");
	const struct mirror *mirror = &act->effect->mirror;
	json_t *patch = kube_mirror_patch(status, mirror, act->effect->check);

	if (kube_mirror_tracks(status, mirror))
		kube_mirror_track(patch, status, map);
	else
		json_decref(map);
	ref.subresource = "status";
	return act_reply_merge(act, STEP_WRITE, &ref, patch);
}

/* The Release that tells what is tracked. */
static struct kube_ref teller(struct act *act)
{
	struct kube_ref ref = act_reply_ref(act->world, SUBJECT_RELEASES, act->talk.arena);

	ref.name = act->effect->mirror.tracked_by;
	return ref;
}

/* The Canary of REPLY, which is kept; NULL when the conversation ends with *RET_END: it cannot be
 * had, or is another one. */
static const json_t *read_canary(struct act *act, const struct http_reply *reply,
                                 enum talk_step *ret_end, struct err *err)
{
	struct kube_ref ref = act_reply_ref(act->world, SUBJECT_CANARY, act->talk.arena);
	json_t *canary;

	if (act_reply_read(act, &ref, reply, &canary) != ACT_OK) {
		*ret_end = act_reply_end(act, err);
		return NULL;
	}
	act_reply_keep(act, "canary", canary);
	if (strcmp(kube_tree_text(canary, "metadata/uid"), act->world->uid) == 0)
		return canary;
	*ret_end = act_reply_stop(act, ACT_CONFLICT, err, "canary %.100s is another one now",
	                          ref.name);
	return NULL;
}

static enum talk_step on_canary(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref release = teller(act);
	enum talk_step end;
	const json_t *canary = read_canary(act, reply, &end, err);

	if (!canary)
		return end;
	if (act->effect->mirror.tracked[0] &&
	    kube_mirror_tracks(kube_tree_find(canary, "status"), &act->effect->mirror))
		return act_reply_get(act, STEP_RELEASE, &release);
	return write_status(act, NULL);
}

static enum talk_step on_release(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = teller(act);
	json_t *release;
	json_t *map;

	if (act_reply_read(act, &ref, reply, &release) != ACT_OK &&
	    act->result.outcome != ACT_ABSENT)
		return act_reply_end(act, err);
	act_reply_keep(act, "release", release ? release : json_null());
	if (!release || !kube_config_tracked(kube_tree_find(release, "spec/configs"), &map))
		return act_reply_stop(act, ACT_CONFLICT, err, "release %.150s is another one now",
		                      ref.name);
	return write_status(act, map);
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
	if (talk->step == STEP_RELEASE)
		return on_release(act, reply, err);
	ref.subresource = "status";
	return act_reply_last(act, &ref, reply, err);
}

/* The JSON patch that puts the finalizer on CANARY, or takes it off; NULL: it is so. */
static json_t *finalizer_patch(const json_t *canary, bool is_on)
{
	const json_t *list = kube_tree_find(canary, "metadata/finalizers");
	size_t at = kube_canary_finalizer(canary);
	json_t *patch;
	char path[64];

	/* A deleted object takes no new one. */
	if (is_on == (at < json_array_size(list)) ||
	    (is_on && *kube_tree_text(canary, "metadata/deletionTimestamp")))
		return NULL;
	patch = kube_tree_list();
	kube_tree_patch_text(patch, "test", "/metadata/uid",
	                     kube_tree_text(canary, "metadata/uid"));
	if (!is_on) {
		text_format(path, sizeof(path), "/metadata/finalizers/%zu", at);
		kube_tree_patch_text(patch, "test", path, KUBE_CANARY_FINALIZER);
		kube_tree_patch(patch, "remove", path, NULL);
		return patch;
	}
	if (json_array_size(list) > 0) {
		kube_tree_patch_text(patch, "add", "/metadata/finalizers/-", KUBE_CANARY_FINALIZER);
		return patch;
	}
	kube_tree_patch_text(patch, "test", "/metadata/resourceVersion",
	                     kube_tree_text(canary, "metadata/resourceVersion"));
	kube_tree_patch(patch, "add", "/metadata/finalizers",
	                json_pack("[s]", KUBE_CANARY_FINALIZER));
	return patch;
}

enum talk_step act_tell_finalizer_next(struct talk *talk, const struct http_reply *reply,
                                       struct err *err)
{
	struct act *act = act_reply_owner(talk);
	struct kube_ref ref = act_reply_ref(act->world, SUBJECT_CANARY, talk->arena);
	const json_t *canary;
	enum talk_step end;
	json_t *patch;

	if (!reply)
		return act_reply_get(act, STEP_CANARY, &ref);
	if (talk->step != STEP_CANARY)
		return act_reply_last(act, &ref, reply, err);
	canary = read_canary(act, reply, &end, err);
	if (!canary)
		return end;
	patch = finalizer_patch(canary, act->effect->number != 0);
	if (!patch)
		return act_reply_done(act, json_incref(act_reply_kept(act, "canary")));
	return act_reply_patch(act, STEP_WRITE, &ref, patch);
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

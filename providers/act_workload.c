#include "providers/act_workload.h"

#include "providers/act_config.h"
#include "providers/act_reply.h"
#include "providers/kube/pod_template.h"
#include "providers/kube/service_target.h"
#include "providers/kube/tree.h"
#include "providers/kube/workload.h"

#include <string.h>

/* What was sent last. */
enum step {
	STEP_NONE,
	STEP_RELEASE,
	STEP_TARGET,
	STEP_WRITE,
	STEP_LIVE,
	STEP_COPIES, /* and those of act_config.h */
};

/* Before PATCH: the version and the Release that the effect was decided on. */
static json_t *tests(const struct effect *effect)
{
	json_t *patch = kube_tree_list();

	if (effect->resource_version[0] && !effect->is_retreat)
		kube_tree_patch_text(patch, "test", "/metadata/resourceVersion",
		                     effect->resource_version);
	if (effect->kind == EFFECT_WRITE_PRIMARY && effect->old_release_uid[0])
		kube_tree_patch_text(patch, "test", KUBE_TEMPLATE_ID_PATH, effect->old_release_uid);
	return patch;
}

/* What the primary was adopted with stays its name: what it had before finds its pods again. */
static const char *id_of(const json_t *release)
{
	const char *adopted = kube_tree_text(release, "spec/adopted/primaryId");

	return adopted[0] ? adopted : kube_tree_text(release, "metadata/uid");
}

static enum talk_step write_primary(struct act *act, const json_t *target)
{
	const struct canary_world *world = act->world;
	struct kube_ref ref = act_reply_ref(world, SUBJECT_PRIMARY, act->talk.arena);
	struct kube_primary primary = {
		.template = kube_tree_find(act_reply_kept(act, "release"), "spec/template"),
		.target = target,
		.release_uid = id_of(act_reply_kept(act, "release")),
		.replicas = act->effect->replicas,
		.configs = kube_tree_find(act_reply_kept(act, "release"), "spec/configs"),
	};
	json_t *patch;
	json_t *steps;

	if (act->effect->kind == EFFECT_CREATE_PRIMARY)
		return act_reply_create(act, STEP_WRITE, &ref,
		                        kube_workload_primary(world, &primary));
	patch = tests(act->effect);
	steps = kube_workload_primary_patch(world, &primary);
	for (size_t i = 0; i < json_array_size(steps); i++)
		kube_tree_append(patch, json_incref(json_array_get(steps, i)));
	json_decref(steps);
	return act_reply_patch(act, STEP_WRITE, &ref, patch);
}

static bool primary_is_service(const struct act *act)
{
	return act->world->spec->target_kind == TARGET_SERVICE;
}

static const json_t *service_template(const struct act *act)
{
	return kube_tree_find(act_reply_kept(act, "release"), "spec/template");
}

/* A primary that is a Service keeps what is its own: it is read first. */
static enum talk_step begin_service(struct act *act)
{
	struct kube_ref ref = act_reply_ref(act->world, SUBJECT_PRIMARY, act->talk.arena);

	if (act->effect->kind != EFFECT_CREATE_PRIMARY)
		return act_reply_get(act, STEP_LIVE, &ref);
	return act_reply_create(act, STEP_WRITE, &ref,
	                        kube_service_target_new(act->world, ref.name, service_template(act),
	                                                act_reply_kept(act, "target"),
	                                                id_of(act_reply_kept(act, "release"))));
}

static enum talk_step on_live(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = act_reply_ref(act->world, SUBJECT_PRIMARY, act->talk.arena);
	const char *id = id_of(act_reply_kept(act, "release"));
	const char *live_id;
	json_t *live;

	if (act_reply_read(act, &ref, reply, &live) != ACT_OK)
		return act_reply_end(act, err);
	act_reply_keep(act, "live", live);
	live_id = kube_tree_value(kube_tree_find(live, "spec/template/metadata/annotations"),
	                          KUBE_TEMPLATE_ID);
	if (strcmp(live_id, act->effect->old_release_uid) != 0 && strcmp(live_id, id) != 0) {
		act->result.object = json_incref(live);
		return act_reply_stop(act, ACT_CONFLICT, err,
		                      "the primary has another Release's template by now");
	}
	return act_reply_correct(
		act, STEP_WRITE, &ref, live,
		kube_service_target_patch(act->world, live, service_template(act), id), "service");
}

static struct kube_ref release_ref(struct act *act)
{
	struct kube_ref ref = act_reply_ref(act->world, SUBJECT_RELEASES, act->talk.arena);

	ref.name = act->effect->release;
	return ref;
}

/* The copies are there: STEP is what came of them. */
static enum talk_step ask_target(struct act *act, enum talk_step step)
{
	struct kube_ref target = act_reply_ref(act->world, SUBJECT_TARGET, act->talk.arena);

	if (step != TALK_DONE || act->result.outcome != ACT_OK)
		return step;
	return act_reply_get(act, STEP_TARGET, &target);
}

static enum talk_step on_release(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = release_ref(act);
	const char *uid = act->effect->release_uid;
	enum act_outcome outcome;
	json_t *release;

	outcome = act_reply_read(act, &ref, reply, &release);
	if (outcome == ACT_ABSENT)
		return act_reply_stop(
			act, ACT_FAILED, err,
			"release %.100s is gone: its template cannot be put into the primary",
			act->effect->release);
	if (outcome != ACT_OK)
		return act_reply_end(act, err);
	act_reply_keep(act, "release", release);
	if (uid[0] && strcmp(kube_tree_text(release, "metadata/uid"), uid) != 0)
		return act_reply_stop(act, ACT_CONFLICT, err, "release %.100s is another one now",
		                      act->effect->release);
	/* A retreat asks for nothing: what is proven had its copies before. */
	if (act->effect->is_retreat)
		return ask_target(act, TALK_DONE);
	return ask_target(act, act_config_copy_begin(act, STEP_COPIES,
	                                             kube_tree_find(release, "spec/configs")));
}

static enum talk_step on_target(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = act_reply_ref(act->world, SUBJECT_TARGET, act->talk.arena);
	enum act_outcome outcome;
	json_t *target;

	outcome = act_reply_read(act, &ref, reply, &target);
	if (outcome == ACT_ABSENT)
		return primary_is_service(act) ? begin_service(act) : write_primary(act, NULL);
	if (outcome != ACT_OK)
		return act_reply_end(act, err);
	act_reply_keep(act, "target", target);
	return primary_is_service(act) ? begin_service(act) : write_primary(act, target);
}

enum talk_step act_workload_primary_next(struct talk *talk, const struct http_reply *reply,
                                         struct err *err)
{
	struct act *act = act_reply_owner(talk);
	struct kube_ref release = release_ref(act);
	struct kube_ref primary = act_reply_ref(act->world, SUBJECT_PRIMARY, talk->arena);

	if (act->world->label[0] == '\0')
		return act_reply_stop(act, ACT_FAILED, err,
		                      "the target's selector label is not known yet");
	if (!reply)
		return act_reply_get(act, STEP_RELEASE, &release);
	if (talk->step == STEP_RELEASE)
		return on_release(act, reply, err);
	if (talk->step == STEP_TARGET)
		return on_target(act, reply, err);
	if (talk->step == STEP_LIVE)
		return on_live(act, reply, err);
	if (talk->step >= STEP_COPIES)
		return ask_target(act, act_config_copy(act, STEP_COPIES, reply, err));
	return act_reply_last(act, &primary, reply, err);
}

/* A pod on each node, or on none. */
static enum talk_step turn_daemon(struct act *act, const struct kube_ref *ref,
                                  const struct http_reply *reply, struct err *err)
{
	json_t *live;

	if (act_reply_read(act, ref, reply, &live) != ACT_OK)
		return act_reply_end(act, err);
	act_reply_keep(act, "live", live);
	return act_reply_correct(act, STEP_WRITE, ref, live,
	                         kube_workload_daemon_patch(live, act->effect->replicas > 0),
	                         "daemonset");
}

enum talk_step act_workload_scale_next(struct talk *talk, const struct http_reply *reply,
                                       struct err *err)
{
	struct act *act = act_reply_owner(talk);
	struct kube_ref ref = act_reply_ref(act->world, act->effect->subject, talk->arena);
	json_t *patch;

	if (ref.kind == KUBE_DAEMON_SET && !reply)
		return act_reply_get(act, STEP_TARGET, &ref);
	if (reply && talk->step == STEP_TARGET)
		return turn_daemon(act, &ref, reply, err);
	if (reply)
		return act_reply_last(act, &ref, reply, err);
	patch = tests(act->effect);
	kube_tree_patch(patch, "replace", "/spec/replicas", json_integer(act->effect->replicas));
	return act_reply_patch(act, STEP_WRITE, &ref, patch);
}

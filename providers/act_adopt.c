#include "providers/act_adopt.h"

#include "analysis/base/text.h"
#include "providers/act_reply.h"
#include "providers/kube/adoption.h"
#include "providers/kube/config.h"
#include "providers/kube/config_shared.h"
#include "providers/kube/owner.h"
#include "providers/kube/pod_template.h"
#include "providers/kube/release.h"
#include "providers/kube/tree.h"

#include <string.h>

/* What was sent last. */
enum step {
	STEP_NONE,
	STEP_CANARY,
	STEP_TARGET,
	STEP_PRIMARY,
	STEP_SOURCE,
	STEP_COPY,
	STEP_CREATE,
	STEP_EXISTING,
	STEP_WRITE,
	STEP_MOUNTED, /* a copy that the primary's pods use */
	STEP_TAKEN,
};

#define STATUS_FORBIDDEN 403

/* What was kept. */
#define KEY_CANARY     "canary"
#define KEY_TARGET     "target"
#define KEY_PRIMARY    "primary"
#define KEY_REFERENCES "references"
#define KEY_SOURCE     "source"  /* of the first reference */
#define KEY_ENTRIES    "entries" /* as the primary has them */
#define KEY_CURRENT    "current" /* as they are now */
#define KEY_UNSEEN     "unseen"  /* some config changed since Flagger looked */

static struct kube_ref ref_of(struct act *act, enum subject subject)
{
	return act_reply_ref(act->world, subject, act->talk.arena);
}

static const json_t *template_of(const struct act *act, const char *key)
{
	return kube_tree_find(act_reply_kept(act, key), "spec/template");
}

static struct kube_ref release_ref(struct act *act)
{
	struct kube_ref ref = ref_of(act, SUBJECT_RELEASES);
	char name[NAME_MAX_K8S];

	kube_release_name(act->world->spec->name, act->effect->number, name);
	ref.name = arena_text(act->talk.arena, name);
	return ref;
}

/* Release -------------------------------------------------------------------------------------- */

/* Flagger saw the target, and what it refers to, as they are. */
static bool is_seen(const struct act *act)
{
	const json_t *status = kube_tree_find(act_reply_kept(act, KEY_CANARY), "status");

	return !act_reply_kept(act, KEY_UNSEEN) &&
	       kube_adoption_is_seen(act_reply_kept(act, KEY_TARGET), status);
}

/* The first primary is to have what the target has, whatever it runs: no client is there yet. */
static bool gives_target(const struct act *act)
{
	return act->effect->cause == CAUSE_INIT && act->effect->backend != BACKEND_PRIMARY;
}

/* All is read: TEMPLATE is what the primary runs. */
static enum talk_step create(struct act *act, const json_t *template, bool is_same, struct err *err)
{
	struct kube_ref ref = release_ref(act);
	struct effect effect = *act->effect;

	if (effect.cause == CAUSE_ADOPTED && is_seen(act)) {
		text_copy(effect.handled, effect.digest);
		kube_config_digest_all(act_reply_kept(act, KEY_CURRENT), effect.handled_configs);
	}
	/* A first primary that is not of this template gets it, and with it its name. */
	if (gives_target(act) && !is_same)
		effect.adoption.primary_id[0] = '\0';
	if (!kube_pod_template_digest(template, effect.digest, err))
		return act_reply_stop(act, ACT_FAILED, err, "deployment %.100s.%.63s: %.150s",
		                      act->world->spec->primary, act->world->spec->k8s_namespace,
		                      err->text);
	return act_reply_create(act, STEP_CREATE, &ref,
	                        kube_release_new(act->world, &effect,
	                                         act_reply_kept(act, KEY_TARGET), template,
	                                         act_reply_kept(act, KEY_ENTRIES)));
}

/* The configs are read. */
static enum talk_step conclude(struct act *act, struct err *err)
{
	struct err why = {0};
	enum talk_step step;
	json_t *template;
	bool is_same;

	if (!kube_adoption_template(act->world, template_of(act, KEY_TARGET),
	                            template_of(act, KEY_PRIMARY), act_reply_kept(act, KEY_ENTRIES),
	                            &template, &is_same, &why))
		return act_reply_stop(act, ACT_FAILED, err, "%s", why.text);
	if (!is_same && gives_target(act))
		act_reply_keep(act, KEY_ENTRIES, json_incref(act_reply_kept(act, KEY_CURRENT)));
	else if (!is_same)
		act_reply_keep(act, KEY_ENTRIES, kube_tree_list());
	if (gives_target(act)) {
		json_decref(template);
		template = kube_tree_copy(template_of(act, KEY_TARGET));
	}
	step = create(act, template, is_same, err);
	json_decref(template);
	return step;
}

static enum talk_step next_config(struct act *act, struct err *err)
{
	const json_t *reference = json_array_get(act_reply_kept(act, KEY_REFERENCES), 0);
	struct kube_ref ref;

	if (!reference)
		return conclude(act, err);
	act_reply_keep(act, KEY_SOURCE, json_null());
	ref = kube_config_ref(act->world, reference, false);
	return act_reply_get(act, STEP_SOURCE, &ref);
}

static const json_t *some(const json_t *object)
{
	return json_is_object(object) ? object : NULL;
}

/* The first reference is read, and its copy if there is one. */
static enum talk_step take_config(struct act *act, const json_t *copy, struct err *err)
{
	json_t *references = act_reply_kept(act, KEY_REFERENCES);
	const json_t *canary = act_reply_kept(act, KEY_CANARY);
	struct kube_adoption_config config = {
		.reference = json_array_get(references, 0),
		.source = some(act_reply_kept(act, KEY_SOURCE)),
		.copy = copy,
		.tracked = kube_tree_find(canary, "status/trackedConfigs"),
	};
	bool is_tracked = !config.source || kube_config_is_tracked(config.source);
	json_t *entry;
	bool is_known;

	entry = kube_adoption_entry(act->world, template_of(act, KEY_PRIMARY), &config, &is_known);
	if (is_tracked) {
		kube_tree_append(act_reply_kept(act, KEY_ENTRIES), json_incref(entry));
		kube_tree_append(act_reply_kept(act, KEY_CURRENT),
		                 kube_config_entry(act->world, config.reference, config.source));
		if (!is_known)
			act_reply_keep(act, KEY_UNSEEN, json_true());
	}
	json_decref(entry);
	(void)json_array_remove(references, 0);
	return next_config(act, err);
}

static enum talk_step on_source(struct act *act, const struct http_reply *reply, struct err *err)
{
	const json_t *reference = json_array_get(act_reply_kept(act, KEY_REFERENCES), 0);
	struct kube_ref ref = kube_config_ref(act->world, reference, false);
	char name[NAME_MAX_K8S];
	json_t *source;

	if (act_reply_read(act, &ref, reply, &source) != ACT_OK &&
	    act->result.outcome != ACT_ABSENT)
		return act_reply_end(act, err);
	if (source)
		act_reply_keep(act, KEY_SOURCE, source);
	if (!kube_adoption_is_copied(template_of(act, KEY_PRIMARY), reference))
		return take_config(act, NULL, err);
	text_format(name, sizeof(name), "%s%s", ref.name, KUBE_TEMPLATE_SUFFIX);
	ref.name = arena_text(act->talk.arena, name);
	return act_reply_get(act, STEP_COPY, &ref);
}

static enum talk_step on_copy(struct act *act, const struct http_reply *reply, struct err *err)
{
	const json_t *reference = json_array_get(act_reply_kept(act, KEY_REFERENCES), 0);
	struct kube_ref ref = kube_config_ref(act->world, reference, false);
	enum talk_step step;
	json_t *copy;

	if (act_reply_read(act, &ref, reply, &copy) != ACT_OK && act->result.outcome != ACT_ABSENT)
		return act_reply_end(act, err);
	step = take_config(act, copy, err);
	json_decref(copy);
	return step;
}

/* Flagger's copies are told by their names alone where configs are not read. */
static void list_unread(struct act *act, const json_t *references)
{
	for (size_t i = 0; i < json_array_size(references); i++) {
		struct kube_adoption_config config = {.reference = json_array_get(references, i)};
		bool is_known;

		kube_tree_append(act_reply_kept(act, KEY_ENTRIES),
		                 kube_adoption_entry(act->world, template_of(act, KEY_PRIMARY),
		                                     &config, &is_known));
	}
}

static enum talk_step on_primary(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = ref_of(act, SUBJECT_PRIMARY);
	json_t *references;
	json_t *primary;
	const char *id;

	if (act_reply_read(act, &ref, reply, &primary) != ACT_OK)
		return act_reply_end(act, err);
	act_reply_keep(act, KEY_PRIMARY, primary);
	id = kube_tree_value(kube_tree_find(primary, "spec/template/metadata/annotations"),
	                     KUBE_TEMPLATE_ID);
	if (strcmp(id, act->effect->old_release_uid) != 0)
		return act_reply_stop(act, ACT_CONFLICT, err,
		                      "the primary changed while it was adopted");
	if (!kube_config_list(template_of(act, KEY_TARGET), &references, err))
		return act_reply_stop(act, ACT_FAILED, err, "%s", err->text);
	act_reply_keep(act, KEY_ENTRIES, kube_tree_list());
	act_reply_keep(act, KEY_CURRENT, kube_tree_list());
	if (act->world->options->track_configs) {
		act_reply_keep(act, KEY_REFERENCES, references);
		return next_config(act, err);
	}
	list_unread(act, references);
	json_decref(references);
	return conclude(act, err);
}

static enum talk_step on_target(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = ref_of(act, SUBJECT_TARGET);
	struct kube_ref primary = ref_of(act, SUBJECT_PRIMARY);
	char digest[DIGEST_MAX] = "";
	json_t *target;

	if (act_reply_read(act, &ref, reply, &target) != ACT_OK)
		return act_reply_end(act, err);
	act_reply_keep(act, KEY_TARGET, target);
	(void)kube_pod_template_digest(template_of(act, KEY_TARGET), digest, NULL);
	if (strcmp(digest, act->effect->digest) != 0)
		return act_reply_stop(act, ACT_CONFLICT, err,
		                      "the target's template changed while it was adopted");
	return act_reply_get(act, STEP_PRIMARY, &primary);
}

static enum talk_step on_canary(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = ref_of(act, SUBJECT_CANARY);
	struct kube_ref target = ref_of(act, SUBJECT_TARGET);
	json_t *canary;

	if (act_reply_read(act, &ref, reply, &canary) != ACT_OK)
		return act_reply_end(act, err);
	act_reply_keep(act, KEY_CANARY, canary);
	if (strcmp(kube_tree_text(canary, "metadata/uid"), act->world->uid) != 0 ||
	    !kube_adoption_is_same(kube_tree_find(canary, "status"), &act->effect->adoption))
		return act_reply_stop(act, ACT_CONFLICT, err,
		                      "the Canary changed while it was adopted");
	return act_reply_get(act, STEP_TARGET, &target);
}

static enum talk_step on_created(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = release_ref(act);

	return act_reply_last_or_get(act, STEP_EXISTING, &ref, reply, err);
}

/* There is one of that name: one of this Canary's is the one we wanted. */
static enum talk_step on_existing(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = release_ref(act);
	json_t *object;

	if (act_reply_read(act, &ref, reply, &object) != ACT_OK)
		return act_reply_end(act, err);
	if (strcmp(kube_tree_text(object, "spec/canary/uid"), act->world->uid) == 0)
		return act_reply_done(act, object);
	json_decref(object);
	return act_reply_stop(act, ACT_CONFLICT, err, "release %.150s is of another Canary",
	                      ref.name);
}

enum talk_step act_adopt_release_next(struct talk *talk, const struct http_reply *reply,
                                      struct err *err)
{
	struct act *act = act_reply_owner(talk);
	struct kube_ref canary = ref_of(act, SUBJECT_CANARY);

	if (act->world->label[0] == '\0')
		return act_reply_stop(act, ACT_FAILED, err,
		                      "the target's selector label is not known yet");
	if (!reply)
		return act_reply_get(act, STEP_CANARY, &canary);
	switch ((enum step)talk->step) {
	case STEP_CANARY:
		return on_canary(act, reply, err);
	case STEP_TARGET:
		return on_target(act, reply, err);
	case STEP_PRIMARY:
		return on_primary(act, reply, err);
	case STEP_SOURCE:
		return on_source(act, reply, err);
	case STEP_COPY:
		return on_copy(act, reply, err);
	case STEP_CREATE:
		return on_created(act, reply, err);
	case STEP_EXISTING:
	case STEP_NONE:
	case STEP_WRITE:
	case STEP_MOUNTED:
	case STEP_TAKEN:
		break;
	}
	return on_existing(act, reply, err);
}

/* Primary -------------------------------------------------------------------------------------- */

/* Its copies are taken over: now it is. */
static enum talk_step take(struct act *act)
{
	const struct canary_world *world = act->world;
	struct kube_ref ref = ref_of(act, SUBJECT_PRIMARY);
	const json_t *primary = act_reply_kept(act, KEY_PRIMARY);
	json_t *patch = kube_tree_list();
	json_t *labels = kube_tree_copy(kube_tree_find(primary, "metadata/labels"));

	kube_tree_set_text(labels, KUBE_LABEL_UID, world->uid);
	kube_tree_patch_text(patch, "test", "/metadata/resourceVersion",
	                     kube_tree_text(primary, "metadata/resourceVersion"));
	kube_owner_remove(patch, primary, world->spec->name);
	kube_tree_patch(patch, "add", "/metadata/labels", labels);
	return act_reply_patch(act, STEP_WRITE, &ref, patch);
}

static struct kube_ref mounted_ref(struct act *act)
{
	return kube_config_ref(act->world, json_array_get(act_reply_kept(act, KEY_REFERENCES), 0),
	                       false);
}

static enum talk_step next_mounted(struct act *act)
{
	struct kube_ref ref;

	if (json_array_size(act_reply_kept(act, KEY_REFERENCES)) == 0)
		return take(act);
	ref = mounted_ref(act);
	return act_reply_get(act, STEP_MOUNTED, &ref);
}

static enum talk_step skip_mounted(struct act *act)
{
	(void)json_array_remove(act_reply_kept(act, KEY_REFERENCES), 0);
	return next_mounted(act);
}

/* Flagger's copies would go with the Canary under the pods that need them, as its primary would
 * (D-5). What the agent may not touch is left to Flagger's owner. */
static enum talk_step on_mounted(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = mounted_ref(act);
	json_t *patch;
	json_t *steps;
	json_t *copy;

	if (act_reply_read(act, &ref, reply, &copy) == ACT_ABSENT ||
	    reply->status == STATUS_FORBIDDEN)
		return skip_mounted(act);
	if (act->result.outcome != ACT_OK)
		return act_reply_end(act, err);
	if (!kube_owner_is_canary(copy, act->world->spec->name)) {
		json_decref(copy);
		return skip_mounted(act);
	}
	patch = kube_tree_list();
	kube_tree_patch_text(patch, "test", "/metadata/resourceVersion",
	                     kube_tree_text(copy, "metadata/resourceVersion"));
	steps = kube_config_shared_patch(act->world, copy, NULL);
	(void)json_array_extend(patch, steps);
	json_decref(steps);
	json_decref(copy);
	return act_reply_patch(act, STEP_TAKEN, &ref, patch);
}

static enum talk_step on_taken(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = mounted_ref(act);
	enum act_outcome outcome;
	json_t *copy;

	outcome = act_reply_read(act, &ref, reply, &copy);
	json_decref(copy);
	if (outcome == ACT_CONFLICT)
		return act_reply_get(act, STEP_MOUNTED, &ref);
	if (outcome != ACT_OK && outcome != ACT_ABSENT && reply->status != STATUS_FORBIDDEN)
		return act_reply_end(act, err);
	return skip_mounted(act);
}

static enum talk_step on_owned(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = ref_of(act, SUBJECT_PRIMARY);
	json_t *references;
	json_t *primary;

	if (act_reply_read(act, &ref, reply, &primary) != ACT_OK)
		return act_reply_end(act, err);
	if (!kube_owner_is_canary(primary, act->world->spec->name))
		return act_reply_done(act, primary);
	act_reply_keep(act, KEY_PRIMARY, primary);
	if (!kube_config_list(template_of(act, KEY_PRIMARY), &references, err))
		return act_reply_stop(act, ACT_FAILED, err, "%s", err->text);
	act_reply_keep(act, KEY_REFERENCES, references);
	return next_mounted(act);
}

enum talk_step act_adopt_take_next(struct talk *talk, const struct http_reply *reply,
                                   struct err *err)
{
	struct act *act = act_reply_owner(talk);
	struct kube_ref ref = ref_of(act, SUBJECT_PRIMARY);

	if (!reply)
		return act_reply_get(act, STEP_PRIMARY, &ref);
	switch (talk->step) {
	case STEP_PRIMARY:
		return on_owned(act, reply, err);
	case STEP_MOUNTED:
		return on_mounted(act, reply, err);
	case STEP_TAKEN:
		return on_taken(act, reply, err);
	default:
		return act_reply_last(act, &ref, reply, err);
	}
}

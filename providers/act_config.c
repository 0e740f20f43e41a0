#include "providers/act_config.h"

#include "analysis/base/text.h"
#include "analysis/target.h"
#include "providers/act_reply.h"
#include "providers/kube/config.h"
#include "providers/kube/config_shared.h"
#include "providers/kube/list.h"
#include "providers/kube/pod_template.h"
#include "providers/kube/tree.h"

#include <string.h>

/* What was kept: references that are still to be read, and entries of those that were; entries
 * whose copies are still to be made; copies that are still to go. */
#define KEY_REFERENCES "config references"
#define KEY_ENTRIES    "config entries"
#define KEY_COPIES     "config copies"
#define KEY_SOURCE     "config source"
#define KEY_USERS      "config users"
#define KEY_LIVE       "config copy" /* that has Flagger's name and other contents; or null */

static enum talk_step part_done(struct act *act)
{
	act->result.outcome = ACT_OK;
	act->result.text[0] = '\0';
	return TALK_DONE;
}

static const json_t *first(const struct act *act, const char *key)
{
	return json_array_get(act_reply_kept(act, key), 0);
}

/* Reading -------------------------------------------------------------------------------------- */

static enum talk_step read_first(struct act *act)
{
	const json_t *reference = first(act, KEY_REFERENCES);
	struct kube_ref ref;

	if (!reference)
		return part_done(act);
	ref = kube_config_ref(act->world, reference, false);
	return act_reply_get(act, act->talk.step, &ref);
}

enum talk_step act_config_read_begin(struct act *act, int step, const json_t *template,
                                     struct err *err)
{
	json_t *references = kube_tree_list();

	act->talk.step = step;
	act_reply_keep(act, KEY_ENTRIES, kube_tree_list());
	if (act->world->options->track_configs) {
		json_decref(references);
		if (!kube_config_list(template, &references, err))
			return act_reply_stop(act, ACT_FAILED, err, "%s", err->text);
	}
	act_reply_keep(act, KEY_REFERENCES, references);
	return read_first(act);
}

enum talk_step act_config_read(struct act *act, const struct http_reply *reply, struct err *err)
{
	const json_t *reference = first(act, KEY_REFERENCES);
	struct kube_ref ref = kube_config_ref(act->world, reference, false);
	enum act_outcome outcome;
	json_t *object;

	outcome = act_reply_read(act, &ref, reply, &object);
	if (outcome == ACT_ABSENT && !json_is_true(json_object_get(reference, "optional")))
		return act_reply_stop(act, ACT_FAILED, err,
		                      "%s %.100s.%.63s not found, and %s %.63s needs it",
		                      ref.kind == KUBE_SECRET ? "secret" : "configmap", ref.name,
		                      ref.k8s_namespace,
		                      target_kind_word(act->world->spec->target_kind),
		                      act->world->spec->target);
	if (outcome != ACT_OK && outcome != ACT_ABSENT)
		return act_reply_end(act, err);
	if (!object || kube_config_is_tracked(object))
		kube_tree_append(act_reply_kept(act, KEY_ENTRIES),
		                 kube_config_entry(act->world, reference, object));
	json_decref(object);
	(void)json_array_remove(act_reply_kept(act, KEY_REFERENCES), 0);
	return read_first(act);
}

const json_t *act_config_entries(const struct act *act)
{
	return act_reply_kept(act, KEY_ENTRIES);
}

/* Observing ------------------------------------------------------------------------------------ */

enum observe_step {
	OBSERVE_NONE,
	OBSERVE_TARGET,
	OBSERVE_CONFIGS,
};

static enum talk_step observed(struct act *act, enum talk_step step)
{
	struct config_fact *configs = &act->result.configs;

	if (step != TALK_DONE || act->result.outcome != ACT_OK)
		return step;
	kube_config_digest_all(act_config_entries(act), configs->digest);
	return act_reply_done(act, NULL);
}

enum talk_step act_config_observe_next(struct talk *talk, const struct http_reply *reply,
                                       struct err *err)
{
	struct act *act = act_reply_owner(talk);
	struct kube_ref ref = act_reply_ref(act->world, SUBJECT_TARGET, talk->arena);
	const json_t *template;
	json_t *target;

	if (!reply)
		return act_reply_get(act, OBSERVE_TARGET, &ref);
	if (talk->step == OBSERVE_CONFIGS)
		return observed(act, act_config_read(act, reply, err));
	if (act_reply_read(act, &ref, reply, &target) != ACT_OK)
		return act_reply_end(act, err);
	act_reply_keep(act, "target", target);
	template = kube_tree_find(target, "spec/template");
	if (!kube_pod_template_digest(template, act->result.configs.template, err))
		return act_reply_stop(act, ACT_FAILED, err, "%s", err->text);
	return observed(act, act_config_read_begin(act, OBSERVE_CONFIGS, template, err));
}

/* Copying -------------------------------------------------------------------------------------- */

enum copy_step {
	COPY_LOOK,
	COPY_SOURCE,
	COPY_WRITE,
};

static enum talk_step copy_first(struct act *act, int step)
{
	const json_t *entry;
	struct kube_ref ref;

	while ((entry = first(act, KEY_COPIES)) != NULL) {
		/* One that was not there stays away; one without copy is shared. */
		if (kube_tree_text(entry, "digest")[0] && kube_tree_text(entry, "copy")[0])
			break;
		(void)json_array_remove(act_reply_kept(act, KEY_COPIES), 0);
	}
	if (!entry)
		return part_done(act);
	act_reply_keep(act, KEY_LIVE, json_null());
	ref = kube_config_ref(act->world, entry, true);
	return act_reply_get(act, step + COPY_LOOK, &ref);
}

enum talk_step act_config_copy_begin(struct act *act, int step, const json_t *entries)
{
	act_reply_keep(act, KEY_COPIES, entries ? kube_tree_copy(entries) : kube_tree_list());
	return copy_first(act, step);
}

static enum talk_step next_copy(struct act *act, int step)
{
	(void)json_array_remove(act_reply_kept(act, KEY_COPIES), 0);
	return copy_first(act, step);
}

/* OBJECT holds what ENTRY says. */
static bool is_same(const json_t *object, const json_t *entry)
{
	char digest[DIGEST_MAX];

	kube_config_digest(object, digest);
	return strcmp(digest, kube_tree_text(entry, "digest")) == 0;
}

static enum talk_step refuse_copy(struct act *act, struct err *err)
{
	struct kube_ref ref = kube_config_ref(act->world, first(act, KEY_COPIES), true);

	return act_reply_stop(act, ACT_FAILED, err,
	                      "%s %.150s.%.63s does not hold what it is the copy of: delete it",
	                      kube_api_kind(ref.kind), ref.name, ref.k8s_namespace);
}

/* The copy LIVE is to be this Canary's, and to hold what SOURCE does; NULL: as it does. */
static enum talk_step correct(struct act *act, int step, const json_t *live, const json_t *source)
{
	struct kube_ref ref = kube_config_ref(act->world, first(act, KEY_COPIES), true);
	json_t *steps = kube_config_shared_patch(act->world, live, source);
	json_t *patch;

	if (json_array_size(steps) == 0) {
		json_decref(steps);
		return next_copy(act, step);
	}
	patch = kube_tree_list();
	kube_tree_patch_text(patch, "test", "/metadata/resourceVersion",
	                     kube_tree_text(live, "metadata/resourceVersion"));
	(void)json_array_extend(patch, steps);
	json_decref(steps);
	return act_reply_patch(act, step + COPY_WRITE, &ref, patch);
}

/* There is one of Flagger's name. */
static enum talk_step take_named(struct act *act, int step, const json_t *live, struct err *err)
{
	const json_t *entry = first(act, KEY_COPIES);
	struct kube_ref source = kube_config_ref(act->world, entry, false);

	if (is_same(live, entry))
		return correct(act, step, live, NULL);
	if (!kube_config_shared_is_made(live))
		return refuse_copy(act, err);
	act_reply_keep(act, KEY_LIVE, kube_tree_copy(live));
	return act_reply_get(act, step + COPY_SOURCE, &source);
}

/* There is one of that name: with these contents it is as good as made. */
static enum talk_step on_look(struct act *act, int step, const struct http_reply *reply,
                              struct err *err)
{
	const json_t *entry = first(act, KEY_COPIES);
	struct kube_ref ref = kube_config_ref(act->world, entry, true);
	struct kube_ref source = kube_config_ref(act->world, entry, false);
	bool is_named = kube_config_is_found(entry);
	enum talk_step ret;
	json_t *object;

	if (act_reply_read(act, &ref, reply, &object) == ACT_ABSENT)
		return act_reply_get(act, step + COPY_SOURCE, &source);
	if (act->result.outcome != ACT_OK)
		return act_reply_end(act, err);
	if (is_named && act->world->options->keeps_copy_names)
		ret = take_named(act, step, object, err);
	else if (is_named || is_same(object, entry))
		ret = next_copy(act, step);
	else
		ret = refuse_copy(act, err);
	json_decref(object);
	return ret;
}

/* What an undo goes back to, and a primary that is made anew, has only its template where Flagger's
 * name has other contents by now. */
static bool takes_any(const struct act *act)
{
	const char *cause = kube_tree_text(act_reply_kept(act, "release"), "spec/cause");

	return json_is_object(act_reply_kept(act, KEY_LIVE)) &&
	       (act->effect->kind == EFFECT_CREATE_PRIMARY ||
	        strcmp(cause, release_cause_name(CAUSE_UNDO)) == 0);
}

static enum talk_step create_copy(struct act *act, int step, const json_t *source)
{
	const json_t *entry = first(act, KEY_COPIES);
	const json_t *live = act_reply_kept(act, KEY_LIVE);
	struct kube_ref copy = kube_config_ref(act->world, entry, true);

	if (json_is_object(live))
		return correct(act, step, live, source);
	return act_reply_create(act, step + COPY_WRITE, &copy,
	                        kube_config_copy(act->world, entry, source));
}

/* What the Release recorded is what is copied, or nothing is. */
static enum talk_step on_source(struct act *act, int step, const struct http_reply *reply,
                                struct err *err)
{
	const json_t *entry = first(act, KEY_COPIES);
	struct kube_ref ref = kube_config_ref(act->world, entry, false);
	enum talk_step ret;
	json_t *source;

	if (act_reply_read(act, &ref, reply, &source) != ACT_OK &&
	    act->result.outcome != ACT_ABSENT)
		return act_reply_end(act, err);
	if (source && is_same(source, entry))
		ret = create_copy(act, step, source);
	else if (takes_any(act))
		ret = next_copy(act, step);
	else
		ret = act_reply_stop(
			act, ACT_FAILED, err,
			"%s %.100s.%.63s is not what was recorded any more: no copy of it can be made",
			kube_api_kind(ref.kind), ref.name, ref.k8s_namespace);
	json_decref(source);
	return ret;
}

static enum talk_step on_copied(struct act *act, int step, const struct http_reply *reply,
                                struct err *err)
{
	struct kube_ref ref = kube_config_ref(act->world, first(act, KEY_COPIES), true);
	enum act_outcome outcome;
	json_t *object;

	outcome = act_reply_read(act, &ref, reply, &object);
	json_decref(object);
	if (outcome == ACT_OK)
		return next_copy(act, step);
	if (outcome == ACT_CONFLICT)
		return act_reply_get(act, step + COPY_LOOK, &ref);
	return act_reply_end(act, err);
}

enum talk_step act_config_copy(struct act *act, int step, const struct http_reply *reply,
                               struct err *err)
{
	switch (act->talk.step - step) {
	case COPY_LOOK:
		return on_look(act, step, reply, err);
	case COPY_SOURCE:
		return on_source(act, step, reply, err);
	default:
		return on_copied(act, step, reply, err);
	}
}

/* Removing ------------------------------------------------------------------------------------- */

enum remove_step {
	REMOVE_USERS, /* ReplicaSets of the primary */
	REMOVE_CONFIG_MAPS,
	REMOVE_SECRETS,
	REMOVE_ONE,
};

/* Copies by the Canary's name: one that was made anew goes on with those of the one before. */
static enum talk_step list(struct act *act, int step, enum kube_kind kind)
{
	const struct canary_world *world = act->world;
	struct arena *arena = act->talk.arena;
	struct kube_ref ref = act_reply_ref(world, SUBJECT_CANARY, arena);
	struct kube_query query = {
		.labels = arena_format(arena, "%s=%s", KUBE_LABEL_CANARY, ref.name)};

	ref.kind = kind;
	ref.name = NULL;
	if (kind == KUBE_REPLICA_SET) {
		query.labels = arena_format(arena, "%s=%s%s", world->label, world->label_value,
		                            KUBE_TEMPLATE_SUFFIX);
		kube_api_list(&act->talk.request, arena, &ref, &query);
	} else {
		kube_api_list_metadata(&act->talk.request, arena, &ref, &query);
	}
	return act_reply_send(act, step);
}

enum talk_step act_config_remove_begin(struct act *act, int step, const json_t *kept)
{
	act_reply_keep(act, KEY_USERS, kube_tree_copy(kept));
	act_reply_keep(act, KEY_COPIES, kube_tree_list());
	if (json_array_size(kept) == 0 || act->world->label[0] == '\0')
		return list(act, step + REMOVE_CONFIG_MAPS, KUBE_CONFIG_MAP);
	return list(act, step + REMOVE_USERS, KUBE_REPLICA_SET);
}

/* USER, a Release or a ReplicaSet, uses the copy NAME. */
static bool is_user(const json_t *user, const char *kind, const char *name)
{
	const json_t *entries = kube_tree_find(user, "spec/configs");

	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);

		if (strcmp(kube_tree_text(entry, "copy"), name) == 0 &&
		    strcmp(kube_tree_text(entry, "kind"), kind) == 0)
			return true;
	}
	return kube_config_is_used(kube_tree_find(user, "spec/template"), kind, name) &&
	       !json_is_object(kube_tree_find(user, "spec/canary"));
}

static bool has_user(const struct act *act, const char *kind, const char *name)
{
	const json_t *users = act_reply_kept(act, KEY_USERS);

	for (size_t i = 0; i < json_array_size(users); i++) {
		if (is_user(json_array_get(users, i), kind, name))
			return true;
	}
	return false;
}

/* Of ITEMS, those that nothing uses are to go. */
static void choose(struct act *act, enum kube_kind kind, const json_t *items)
{
	json_t *copies = act_reply_kept(act, KEY_COPIES);

	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *metadata = json_object_get(json_array_get(items, i), "metadata");
		const char *name = kube_tree_text(metadata, "name");
		json_t *copy;

		if (has_user(act, kube_api_kind(kind), name))
			continue;
		copy = kube_tree_object();
		kube_tree_set_text(copy, "kind", kube_api_kind(kind));
		kube_tree_set_text(copy, "copy", name);
		kube_tree_set_text(copy, "uid", kube_tree_text(metadata, "uid"));
		kube_tree_append(copies, copy);
	}
}

static enum talk_step remove_first(struct act *act, int step)
{
	const json_t *copy = first(act, KEY_COPIES);
	struct kube_ref ref;

	if (!copy)
		return part_done(act);
	ref = kube_config_ref(act->world, copy, true);
	kube_api_delete(&act->talk.request, act->talk.arena, &ref, kube_tree_text(copy, "uid"));
	return act_reply_send(act, step + REMOVE_ONE);
}

static enum talk_step on_removed(struct act *act, int step, const struct http_reply *reply,
                                 struct err *err)
{
	struct kube_ref ref = kube_config_ref(act->world, first(act, KEY_COPIES), true);

	if (!act_reply_is_settled(act, &ref, reply))
		return act_reply_end(act, err);
	(void)json_array_remove(act_reply_kept(act, KEY_COPIES), 0);
	return remove_first(act, step);
}

/* What the agent may not list it has not made. */
static bool is_forbidden(const struct http_reply *reply)
{
	return reply->error.kind == ERR_NONE && reply->status == 403;
}

enum talk_step act_config_remove(struct act *act, int step, const struct http_reply *reply,
                                 struct err *err)
{
	static const enum kube_kind kinds[] = {KUBE_REPLICA_SET, KUBE_CONFIG_MAP, KUBE_SECRET};
	int at = act->talk.step - step;
	struct kube_ref ref = act_reply_ref(act->world, SUBJECT_CANARY, act->talk.arena);
	json_t *page = NULL;

	if (at == REMOVE_ONE)
		return on_removed(act, step, reply, err);
	ref.kind = kinds[at];
	ref.name = NULL;
	if (act_reply_read(act, &ref, reply, &page) != ACT_OK &&
	    (at == REMOVE_USERS || !is_forbidden(reply)))
		return act_reply_end(act, err);
	if (at == REMOVE_USERS && kube_tree_text(page, "metadata/continue")[0]) {
		json_decref(page);
		return part_done(act); /* who uses them is not known */
	}
	if (at == REMOVE_USERS)
		(void)json_array_extend(act_reply_kept(act, KEY_USERS),
		                        json_object_get(page, "items"));
	else
		choose(act, kinds[at], json_object_get(page, "items"));
	json_decref(page);
	if (at == REMOVE_SECRETS)
		return remove_first(act, step);
	return list(act, step + at + 1, kinds[at + 1]);
}

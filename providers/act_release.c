#include "providers/act_release.h"

#include "analysis/target.h"
#include "providers/act_config.h"
#include "providers/act_observe.h"
#include "providers/act_reply.h"
#include "providers/kube/config.h"
#include "providers/kube/pod_template.h"
#include "providers/kube/release.h"
#include "providers/kube/tree.h"

#include <string.h>

#define KEPT_PROMOTED 2

/* What was sent last. */
enum step {
	STEP_NONE,
	STEP_TARGET,
	STEP_CONFIGS,
	STEP_EARLIER,
	STEP_CREATE,
	STEP_EXISTING,
	STEP_PAGE,
	STEP_DELETE,
	STEP_MARK,
	STEP_COPIES, /* and those of act_config.h */
};

static struct kube_ref release_ref(struct act *act, const char *name)
{
	struct kube_ref ref = act_reply_ref(act->world, SUBJECT_RELEASES, act->talk.arena);

	ref.name = name;
	return ref;
}

/* The Release that the effect makes. */
static struct kube_ref new_ref(struct act *act)
{
	char name[NAME_MAX_K8S];

	kube_release_name(act->world->spec->name, act->effect->number, name);
	return release_ref(act, arena_text(act->talk.arena, name));
}

/* What is released is known: TEMPLATE and the ENTRIES of its configs. */
static enum talk_step create(struct act *act, const json_t *template, const json_t *entries,
                             struct err *err)
{
	struct kube_ref ref = new_ref(act);
	char configs[DIGEST_MAX];

	kube_config_digest_all(entries, configs);
	if (strcmp(configs, act->effect->configs) != 0)
		return act_reply_stop(act, ACT_CONFLICT, err,
		                      "a ConfigMap or Secret changed while its Release was made");
	return act_reply_create(act, STEP_CREATE, &ref,
	                        kube_release_new(act->world, act->effect,
	                                         act_reply_kept(act, "target"), template, entries));
}

/* The target and its configs were read, if STEP says so. */
static enum talk_step with_configs(struct act *act, enum talk_step step, struct err *err)
{
	if (step != TALK_DONE || act->result.outcome != ACT_OK)
		return step;
	return create(act, kube_tree_find(act_reply_kept(act, "target"), "spec/template"),
	              act_config_entries(act), err);
}

static enum talk_step on_target(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref target_ref = act_reply_ref(act->world, SUBJECT_TARGET, act->talk.arena);
	struct kube_ref earlier;
	const json_t *template;
	char digest[DIGEST_MAX];
	json_t *target;

	if (act_reply_read(act, &target_ref, reply, &target) != ACT_OK)
		return act_reply_end(act, err);
	act_reply_keep(act, "target", target);
	template = kube_tree_find(target, "spec/template");
	if (!kube_pod_template_digest(template, digest, err))
		return act_reply_stop(act, ACT_FAILED, err,
		                      "%s %.100s.%.63s: spec.template is larger than %zu bytes",
		                      target_kind_word(act->world->spec->target_kind),
		                      act->world->spec->target, act->world->spec->k8s_namespace,
		                      KUBE_TEMPLATE_MAX);
	/* What goes on is in the earlier one, whatever is in the target by now. */
	if (act->effect->cause == CAUSE_ADOPTED && act->effect->earlier[0]) {
		earlier = release_ref(act, act->effect->earlier);
		return act_reply_get(act, STEP_EARLIER, &earlier);
	}
	if (strcmp(digest, act->effect->handled[0] ? act->effect->handled : act->effect->digest) !=
	    0) {
		act->result.object = json_incref(target);
		return act_reply_stop(act, ACT_CONFLICT, err,
		                      "the target's template changed while its Release was made");
	}
	if (act->effect->earlier[0] == '\0')
		return with_configs(act, act_config_read_begin(act, STEP_CONFIGS, template, err),
		                    err);
	earlier = release_ref(act, act->effect->earlier);
	return act_reply_get(act, STEP_EARLIER, &earlier);
}

/* What an undo brings back. */
static enum talk_step on_earlier(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = release_ref(act, act->effect->earlier);
	enum act_outcome outcome;
	json_t *release;

	outcome = act_reply_read(act, &ref, reply, &release);
	if (outcome == ACT_ABSENT)
		return act_reply_stop(act, ACT_CONFLICT, err, "release %.150s is gone", ref.name);
	if (outcome != ACT_OK)
		return act_reply_end(act, err);
	act_reply_keep(act, "earlier", release);
	if (strcmp(kube_tree_text(release, "metadata/uid"), act->effect->earlier_uid) != 0)
		return act_reply_stop(act, ACT_CONFLICT, err, "release %.150s is another one now",
		                      ref.name);
	return create(act, kube_tree_find(release, "spec/template"),
	              kube_tree_find(release, "spec/configs"), err);
}

static enum talk_step on_created(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = new_ref(act);

	return act_reply_last_or_get(act, STEP_EXISTING, &ref, reply, err);
}

/* There is one of that name: of the same template and Canary it is the one we wanted. */
static enum talk_step on_existing(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = new_ref(act);
	char configs[DIGEST_MAX];
	json_t *object;

	if (act_reply_read(act, &ref, reply, &object) != ACT_OK)
		return act_reply_end(act, err);
	kube_config_digest_all(kube_tree_find(object, "spec/configs"), configs);
	if (strcmp(kube_tree_text(object, "spec/digest"), act->effect->digest) == 0 &&
	    strcmp(configs, act->effect->configs) == 0 &&
	    strcmp(kube_tree_text(object, "spec/canary/uid"), act->world->uid) == 0)
		return act_reply_done(act, object);
	json_decref(object);
	return act_reply_stop(act, ACT_CONFLICT, err, "release %.150s exists with another template",
	                      ref.name);
}

enum talk_step act_release_create_next(struct talk *talk, const struct http_reply *reply,
                                       struct err *err)
{
	struct act *act = act_reply_owner(talk);
	struct kube_ref target = act_reply_ref(act->world, SUBJECT_TARGET, talk->arena);

	if (!reply)
		return act_reply_get(act, STEP_TARGET, &target);
	if (talk->step == STEP_TARGET)
		return on_target(act, reply, err);
	if (talk->step == STEP_CONFIGS)
		return with_configs(act, act_config_read(act, reply, err), err);
	if (talk->step == STEP_EARLIER)
		return on_earlier(act, reply, err);
	return talk->step == STEP_CREATE ? on_created(act, reply, err)
	                                 : on_existing(act, reply, err);
}

enum talk_step act_release_save_next(struct talk *talk, const struct http_reply *reply,
                                     struct err *err)
{
	struct act *act = act_reply_owner(talk);
	struct kube_ref ref = release_ref(act, act->effect->release);

	ref.subresource = "status";
	if (reply)
		return act_reply_last(act, &ref, reply, err);
	return act_reply_patch(act, STEP_CREATE, &ref, kube_release_patch(act->world, act->effect));
}

static bool is_promoted(const json_t *release)
{
	enum release_outcome outcome =
		release_outcome_find(kube_tree_text(release, "status/outcome"));

	return outcome == OUTCOME_PROMOTED || outcome == OUTCOME_SKIPPED;
}

/* How many of ITEMS are newer than NUMBER; with PROMOTED, only those that were promoted. */
static size_t count_newer(const json_t *items, int number, bool promoted)
{
	size_t n_newer = 0;

	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *release = json_array_get(items, i);

		if (kube_release_number(release) > number && (!promoted || is_promoted(release)))
			n_newer++;
	}
	return n_newer;
}

static bool stays(const struct act *act, const json_t *release, const json_t *all)
{
	int number = kube_release_number(release);

	if (act->effect->number <= 0)
		return false;
	if (kube_tree_text(release, "status/outcome")[0] == '\0' ||
	    count_newer(all, number, false) < (size_t)act->effect->number)
		return true;
	return is_promoted(release) && count_newer(all, number, true) < KEPT_PROMOTED;
}

/* Of all that were read, those that go. */
static json_t *choose(struct act *act)
{
	const json_t *all = act_reply_kept(act, "items");
	json_t *chosen = kube_tree_list();

	for (size_t i = 0; i < json_array_size(all); i++) {
		json_t *release = json_array_get(all, i);

		if (!stays(act, release, all))
			kube_tree_append(chosen, json_incref(release));
	}
	return chosen;
}

/* Some of RELEASES has configs: there may be copies. */
static bool has_copies(const json_t *releases)
{
	for (size_t i = 0; i < json_array_size(releases); i++) {
		if (json_array_size(kube_tree_find(json_array_get(releases, i), "spec/configs")) >
		    0)
			return true;
	}
	return false;
}

/* Which of ITEMS, at least one, goes next: the oldest, but the newest that was promoted last of
 * all. Whoever finds the rest, a Canary that is made anew while they go, finds what was served. */
static size_t find_next(const json_t *items)
{
	const json_t *last = NULL;
	const json_t *next = NULL;
	size_t ret = 0;

	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *release = json_array_get(items, i);

		if (is_promoted(release) &&
		    (!last || kube_release_number(release) > kube_release_number(last)))
			last = release;
	}
	for (size_t i = 0; i < json_array_size(items); i++) {
		const json_t *release = json_array_get(items, i);

		if (release == last ||
		    (next && kube_release_number(release) > kube_release_number(next)))
			continue;
		next = release;
		ret = i;
	}
	return ret;
}

static struct kube_ref found_ref(struct act *act, const json_t *release)
{
	return release_ref(act,
	                   arena_text(act->talk.arena, kube_tree_text(release, "metadata/name")));
}

static enum talk_step delete_next(struct act *act)
{
	json_t *items = act_reply_kept(act, "items");
	const json_t *release;
	struct kube_ref ref;
	size_t next;

	if (json_array_size(items) == 0)
		return act_reply_done(act, NULL);
	next = find_next(items);
	release = json_array_get(items, next);
	ref = found_ref(act, release);
	kube_api_delete(&act->talk.request, act->talk.arena, &ref,
	                kube_tree_text(release, "metadata/uid"));
	(void)json_array_remove(items, next);
	return act_reply_send(act, STEP_DELETE);
}

/* In a teardown nothing has a use of them. */
static enum talk_step remove_copies(struct act *act)
{
	json_t *none = kube_tree_list();
	enum talk_step step = act_config_remove_begin(act, STEP_COPIES, none);

	json_decref(none);
	return step;
}

/*
 * A teardown comes to the last Release: its copies go before it, by which whoever comes after a
 * crash finds them; but from then on its primary cannot be made anew. It says so first, or a Canary
 * that is made anew in between would try that for good.
 */
static enum talk_step take_down(struct act *act, const json_t *last)
{
	struct kube_ref ref = found_ref(act, last);

	if (!is_promoted(last) || kube_release_is_taken_down(last))
		return remove_copies(act);
	ref.subresource = "status";
	return act_reply_merge(act, STEP_MARK, &ref, kube_release_patch_taken_down());
}

static enum talk_step remove_one(struct act *act)
{
	const json_t *items = act_reply_kept(act, "items");
	bool is_teardown = act->effect->number <= 0;

	if (is_teardown && json_array_size(items) == 1 && has_copies(act_reply_kept(act, "all")))
		return take_down(act, json_array_get(items, 0));
	return delete_next(act);
}

/* Beside Releases that stay, copies that none of them names go first. What is cut off in the middle
 * is taken up by the next removal, and a Release that is there has its copies. */
static enum talk_step begin_removal(struct act *act)
{
	json_t *all = json_incref(act_reply_kept(act, "items"));
	bool is_teardown = act->effect->number <= 0;

	act_reply_keep(act, "all", all);
	act_reply_keep(act, "items", choose(act));
	return !is_teardown && has_copies(all) ? act_config_remove_begin(act, STEP_COPIES, all)
	                                       : remove_one(act);
}

static enum talk_step on_removed(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = release_ref(act, "one of them");
	bool is_marked = act->talk.step == STEP_MARK;

	if (!act_reply_is_settled(act, &ref, reply))
		return act_reply_end(act, err);
	return is_marked ? remove_copies(act) : remove_one(act);
}

enum talk_step act_release_remove_next(struct talk *talk, const struct http_reply *reply,
                                       struct err *err)
{
	struct act *act = act_reply_owner(talk);
	enum talk_step step;

	if (talk->step == STEP_DELETE || talk->step == STEP_MARK)
		return on_removed(act, reply, err);
	if (talk->step >= STEP_COPIES) {
		step = act_config_remove(act, STEP_COPIES, reply, err);
		return step == TALK_DONE && act->result.outcome == ACT_OK ? delete_next(act) : step;
	}
	step = act_observe_page(act, STEP_PAGE, reply, err);
	if (step != TALK_DONE || act->result.outcome != ACT_OK)
		return step;
	return begin_removal(act);
}

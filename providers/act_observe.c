#include "providers/act_observe.h"

#include "analysis/base/text.h"
#include "providers/act_action.h"
#include "providers/act_config.h"
#include "providers/act_reply.h"
#include "providers/kube/list.h"
#include "providers/kube/pod_template.h"
#include "providers/kube/release.h"
#include "providers/kube/tree.h"

#include <stdlib.h>
#include <string.h>

#define REVISION "deployment.kubernetes.io/revision"

/* What was sent last. */
enum step {
	STEP_NONE,
	STEP_OBJECT,
	STEP_PAGE,
	STEP_TARGET,
	STEP_NEWEST,
	STEP_OTHER,
};

static enum talk_step ask_page(struct act *act, int step, const char *token)
{
	struct kube_ref ref = act_reply_ref(act->world, SUBJECT_RELEASES, act->talk.arena);
	struct kube_query query = {.continue_token = token};

	query.labels =
		arena_format(act->talk.arena, "%s=%s", KUBE_LABEL_CANARY,
	                     act_reply_ref(act->world, SUBJECT_CANARY, act->talk.arena).name);
	kube_api_list(&act->talk.request, act->talk.arena, &ref, &query);
	return act_reply_send(act, step);
}

/* Add PAGE, which is taken, to what was read. */
static enum talk_step add_page(struct act *act, int step, json_t *page, struct err *err)
{
	struct kube_list list;
	const char *token;
	json_t *items = act_reply_kept(act, "items");

	if (!kube_list_read(page, &list, err)) {
		json_decref(page);
		return act_reply_stop(act, ACT_FAILED, err, "list releases: a page that is none");
	}
	if (!items) {
		act_reply_keep(act, "items", kube_tree_list());
		items = act_reply_kept(act, "items");
	}
	if (json_array_extend(items, list.items) != 0)
		abort();
	token = list.continue_token ? arena_text(act->talk.arena, list.continue_token) : NULL;
	act_reply_keep(act, "metadata", kube_tree_copy(json_object_get(page, "metadata")));
	json_decref(page);
	if (json_array_size(items) > ACT_OBSERVE_RELEASES_MAX)
		return act_reply_stop(act, ACT_FAILED, err,
		                      "list releases: more than %d of one canary; delete old ones",
		                      ACT_OBSERVE_RELEASES_MAX);
	return token ? ask_page(act, step, token) : TALK_DONE;
}

enum talk_step act_observe_page(struct act *act, int step, const struct http_reply *reply,
                                struct err *err)
{
	struct kube_ref ref = act_reply_ref(act->world, SUBJECT_RELEASES, act->talk.arena);
	json_t *page;

	if (!reply)
		return ask_page(act, step, NULL);
	if (act_reply_read(act, &ref, reply, &page) != ACT_OK)
		return act_reply_end(act, err);
	return add_page(act, step, page, err);
}

static enum talk_step observe_releases(struct act *act, const struct http_reply *reply,
                                       struct err *err)
{
	enum talk_step step = act_observe_page(act, STEP_PAGE, reply, err);
	json_t *all;

	if (step != TALK_DONE || act->result.outcome != ACT_OK)
		return step;
	all = act->read;
	act->read = NULL;
	return act_reply_done(act, all);
}

enum talk_step act_observe_next(struct talk *talk, const struct http_reply *reply, struct err *err)
{
	struct act *act = act_reply_owner(talk);
	struct kube_ref ref = act_reply_ref(act->world, act->effect->subject, talk->arena);

	if (act->effect->subject == SUBJECT_CONFIGS)
		return act_config_observe_next(talk, reply, err);
	if (ref.kind == KUBE_NONE)
		return act_reply_done(act, NULL);
	if (ref.kind == KUBE_ACTION)
		return act_action_observe_next(talk, reply, err);
	if (ref.kind == KUBE_RELEASE)
		return observe_releases(act, reply, err);
	if (!reply)
		return act_reply_get(act, STEP_OBJECT, &ref);
	return act_reply_last(act, &ref, reply, err);
}

/* LIVE, the target, differs from RELEASE's template only by what a newer API server filled in. */
static bool is_filled_in(const json_t *release, const json_t *live)
{
	const char *before = kube_tree_value(kube_tree_find(release, "metadata/annotations"),
	                                     KUBE_RELEASE_REVISION);
	const char *now = kube_tree_value(kube_tree_find(live, "metadata/annotations"), REVISION);

	return before[0] && strcmp(before, now) == 0 &&
	       kube_pod_template_is_grown(kube_tree_find(release, "spec/template"),
	                                  kube_tree_find(live, "spec/template"));
}

static enum talk_step compared(struct act *act, enum change_kind kind)
{
	struct change_fact *change = &act->result.change;

	change->kind = kind;
	change->slot.state = FACT_KNOWN;
	return act_reply_done(act, NULL);
}

static enum talk_step ask_release(struct act *act, int step, const char *name)
{
	struct kube_ref ref = act_reply_ref(act->world, SUBJECT_RELEASES, act->talk.arena);

	ref.name = arena_text(act->talk.arena, name);
	return act_reply_get(act, step, &ref);
}

static enum talk_step on_target(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = act_reply_ref(act->world, SUBJECT_TARGET, act->talk.arena);
	char digest[DIGEST_MAX];
	char name[NAME_MAX_K8S];
	json_t *target;

	if (act_reply_read(act, &ref, reply, &target) != ACT_OK)
		return act_reply_end(act, err);
	act_reply_keep(act, "target", target);
	if (!kube_pod_template_digest(kube_tree_find(target, "spec/template"), digest, err))
		return act_reply_stop(act, ACT_FAILED, err, "the target's template is too large");
	text_copy(act->result.change.digest, digest);
	kube_release_name(act->world->spec->name, act->effect->number, name);
	return ask_release(act, STEP_NEWEST, name);
}

/* The Deployment controller has numbered the target's present template: its revision means
 * something. */
static bool is_numbered(const json_t *target)
{
	json_int_t wanted = json_integer_value(kube_tree_find(target, "metadata/generation"));
	json_int_t seen = json_integer_value(kube_tree_find(target, "status/observedGeneration"));

	return seen >= wanted;
}

static enum talk_step on_release(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = act_reply_ref(act->world, SUBJECT_RELEASES, act->talk.arena);
	const json_t *target = act_reply_kept(act, "target");
	const char *other = act->effect->release;
	bool is_newest = act->talk.step == STEP_NEWEST;
	json_t *release;
	bool is_same;

	ref.name = is_newest ? "the newest" : other;
	if (act_reply_read(act, &ref, reply, &release) != ACT_OK)
		return act_reply_end(act, err);
	is_same = is_filled_in(release, target);
	json_decref(release);
	if (is_same && !is_numbered(target))
		return act_reply_stop(
			act, ACT_FAILED, err,
			"the target's template was not numbered by its controller yet");
	if (is_same)
		return compared(act, CHANGE_DEFAULTS);
	if (is_newest && other[0])
		return ask_release(act, STEP_OTHER, other);
	return compared(act, CHANGE_REAL);
}

enum talk_step act_observe_compare_next(struct talk *talk, const struct http_reply *reply,
                                        struct err *err)
{
	struct act *act = act_reply_owner(talk);
	struct kube_ref ref = act_reply_ref(act->world, SUBJECT_TARGET, talk->arena);

	if (!reply)
		return act_reply_get(act, STEP_TARGET, &ref);
	return talk->step == STEP_TARGET ? on_target(act, reply, err) : on_release(act, reply, err);
}

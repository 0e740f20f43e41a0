#include "providers/kube/action.h"

#include "analysis/base/text.h"
#include "providers/kube/api.h"
#include "providers/kube/tree.h"

#include <string.h>

#define ACCEPTED "accepted"
#define REFUSED  "refused"

const char *kube_action_canary(const json_t *object)
{
	return kube_tree_text(object, "spec/canary/name");
}

bool kube_action_is_answered(const json_t *object)
{
	return kube_tree_text(object, "status/answer")[0] != '\0';
}

/* The text at PATH into RET; one that is longer than it can be is refused, the first of them told.
 */
static void read_text(const json_t *object, const char *path, char *ret, size_t size, char *refusal)
{
	const char *text = kube_tree_text(object, path);

	if (strlen(text) >= size && refusal[0] == '\0')
		text_format(refusal, SENTENCE_MAX, "%s: more than %zu bytes", path, size - 1);
	text_cut(ret, size, strlen(text) < size ? text : "");
}

static void read_verb(const json_t *object, struct action_fact *ret)
{
	const char *word = kube_tree_text(object, "spec/verb");
	int to = kube_tree_whole(object, "spec/to", 0);

	ret->verb = verb_find(word);
	if (ret->verb == VERB_NONE)
		text_format(ret->refusal, sizeof(ret->refusal),
		            "spec.verb: \"%.40s\" is no word that this version knows", word);
	else if (to < 0)
		text_format(ret->refusal, sizeof(ret->refusal),
		            "spec.to: expected the number of a release, got %d", to);
	ret->to = to > 0 ? to : 0;
	ret->is_full = json_is_true(kube_tree_find(object, "spec/full"));
}

bool kube_action_read(const json_t *object, struct action_fact *ret, struct err *err)
{
	struct action_fact action = {.slot.state = FACT_KNOWN};
	char wrong[SENTENCE_MAX] = "";

	read_text(object, "metadata/name", action.name, sizeof(action.name), wrong);
	read_text(object, "metadata/uid", action.uid, sizeof(action.uid), wrong);
	read_text(object, "metadata/resourceVersion", action.resource_version,
	          sizeof(action.resource_version), wrong);
	if (wrong[0] || !action.name[0] || !action.uid[0] || !action.resource_version[0])
		return err_set(err, ERR_INVALID,
		               "an action without name, uid or resourceVersion%s%s",
		               wrong[0] ? ": " : "", wrong);
	read_verb(object, &action);
	read_text(object, "spec/requestedBy", action.by, sizeof(action.by), action.refusal);
	read_text(object, "spec/canary/uid", action.canary_uid, sizeof(action.canary_uid),
	          action.refusal);
	read_text(object, "spec/release/name", action.release, sizeof(action.release),
	          action.refusal);
	read_text(object, "spec/release/uid", action.release_uid, sizeof(action.release_uid),
	          action.refusal);
	if (!action.by[0] && !action.refusal[0])
		text_copy(action.refusal, "spec.requestedBy: expected who asks, got nothing");
	text_copy(action.why, kube_tree_text(object, "spec/reason"));
	*ret = action;
	return true;
}

static json_t *named(const char *name, const char *uid)
{
	json_t *object = kube_tree_object();

	kube_tree_set_text(object, "name", name);
	kube_tree_set_text(object, "uid", uid);
	return object;
}

static json_t *owners_of(const struct kube_action *action)
{
	json_t *list = kube_tree_list();
	json_t *owner = named(action->canary, action->canary_uid);

	kube_tree_set_text(owner, "apiVersion", kube_api_version(KUBE_CANARY));
	kube_tree_set_text(owner, "kind", kube_api_kind(KUBE_CANARY));
	kube_tree_append(list, owner);
	return list;
}

/* The server completes the name. */
static void set_prefix(json_t *metadata, const struct kube_action *action)
{
	char prefix[NAME_MAX_K8S];

	text_format(prefix, sizeof(prefix), "%.200s-%s-", action->canary, verb_name(action->verb));
	kube_tree_set_text(metadata, "generateName", prefix);
}

static json_t *metadata_of(const struct kube_action *action)
{
	json_t *metadata = kube_tree_object();
	json_t *labels = kube_tree_object();

	kube_tree_set_text(labels, KUBE_LABEL_CANARY, action->canary);
	kube_tree_set_text(labels, KUBE_LABEL_UID, action->canary_uid);
	if (action->name[0])
		kube_tree_set_text(metadata, "name", action->name);
	else
		set_prefix(metadata, action);
	kube_tree_set_text(metadata, "namespace", action->k8s_namespace);
	kube_tree_set(metadata, "labels", labels);
	kube_tree_set(metadata, "ownerReferences", owners_of(action));
	return metadata;
}

json_t *kube_action_new(const struct kube_action *action)
{
	json_t *object = kube_tree_object();
	json_t *spec = kube_tree_object();

	kube_tree_set_text(spec, "verb", verb_name(action->verb));
	kube_tree_set(spec, "canary", named(action->canary, action->canary_uid));
	kube_tree_set(spec, "release", named(action->release, action->release_uid));
	if (action->is_full)
		kube_tree_set(spec, "full", json_true());
	if (action->to > 0)
		kube_tree_set_whole(spec, "to", action->to);
	if (action->why[0])
		kube_tree_set_text(spec, "reason", action->why);
	kube_tree_set_text(spec, "requestedBy", action->by);
	kube_tree_set_text(object, "apiVersion", kube_api_version(KUBE_ACTION));
	kube_tree_set_text(object, "kind", kube_api_kind(KUBE_ACTION));
	kube_tree_set(object, "metadata", metadata_of(action));
	kube_tree_set(object, "spec", spec);
	return object;
}

json_t *kube_action_patch(const struct effect *effect)
{
	json_t *patch = kube_tree_list();
	json_t *status = kube_tree_object();
	char at[INSTANT_TEXT_MAX];

	kube_tree_set_text(status, "answer", effect->answer.is_refused ? REFUSED : ACCEPTED);
	kube_tree_set_text(status, "message", effect->answer.text);
	kube_tree_set_text(status, "answeredAt", instant_format(effect->check, at));
	kube_tree_patch_text(patch, "test", "/metadata/uid", effect->answer.uid);
	/* The spec never changes: another version has an answer. */
	kube_tree_patch_text(patch, "test", "/metadata/resourceVersion", effect->resource_version);
	kube_tree_patch(patch, "add", "/status", status);
	return patch;
}

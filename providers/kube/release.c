#include "providers/kube/release.h"

#include "analysis/base/text.h"
#include "providers/flagger_hash.h"
#include "providers/kube/api.h"
#include "providers/kube/config.h"
#include "providers/kube/release_status.h"
#include "providers/kube/scaler.h"
#include "providers/kube/tree.h"
#include "providers/kube/workload.h"
#include "providers/traffic_provider.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define REVISION "deployment.kubernetes.io/revision"

static int number_of(const char *name)
{
	const char *dash = strrchr(name, '-');
	char *end;
	long number;

	if (!dash || dash[1] < '1' || dash[1] > '9')
		return 0;
	number = strtol(dash + 1, &end, 10);
	return *end != '\0' || number > INT_MAX ? 0 : (int)number;
}

int kube_release_number(const json_t *object)
{
	return number_of(kube_tree_text(object, "metadata/name"));
}

bool kube_release_is_taken_down(const json_t *object)
{
	return json_is_true(kube_tree_find(object, "status/takenDown"));
}

json_t *kube_release_patch_taken_down(void)
{
	json_t *status = kube_tree_object();
	json_t *patch = kube_tree_object();

	kube_tree_set(status, "takenDown", json_true());
	kube_tree_set(patch, "status", status);
	return patch;
}

void kube_release_name(const char *canary, int number, char ret[NAME_MAX_K8S])
{
	text_format(ret, NAME_MAX_K8S, "%.200s-%d", canary, number);
}

/* The text at PATH into RET; refused when it is longer than it can be. */
static bool read_text(const json_t *object, const char *path, char *ret, size_t size,
                      struct err *err)
{
	const char *text = kube_tree_text(object, path);

	if (strlen(text) >= size)
		return err_set(err, ERR_LIMIT, "%s: more than %zu bytes", path, size - 1);
	text_format(ret, size, "%s", text);
	return true;
}

static bool read_adopted(const json_t *object, struct adoption *ret, struct err *err)
{
	const char *due = kube_tree_text(object, "spec/adopted/nextCheckAt");

	if (due[0] && !instant_parse(due, &ret->next_check_at, err))
		return err_wrap(err, "spec.adopted.nextCheckAt");
	ret->weight = kube_tree_whole(object, "spec/adopted/weight", 0);
	ret->iterations = kube_tree_whole(object, "spec/adopted/iterations", 0);
	ret->failed_checks = kube_tree_whole(object, "spec/adopted/failedChecks", 0);
	return read_text(object, "spec/adopted/phase", ret->phase, sizeof(ret->phase), err) &&
	       read_text(object, "spec/adopted/lastAppliedSpec", ret->last_applied,
	                 sizeof(ret->last_applied), err) &&
	       read_text(object, "spec/adopted/lastPromotedSpec", ret->last_promoted,
	                 sizeof(ret->last_promoted), err) &&
	       read_text(object, "spec/adopted/primaryId", ret->primary_id, sizeof(ret->primary_id),
	                 err);
}

/* What Flagger's status would say of ENTRIES. */
static void read_tracked(const json_t *entries, char ret[DIGEST_MAX])
{
	json_t *map;

	text_format(ret, DIGEST_MAX, RELEASE_UNTRACKED);
	if (!kube_config_tracked(entries, &map))
		return;
	kube_config_tracked_digest(map, ret);
	json_decref(map);
}

static bool read_spec(const json_t *object, struct release *ret, struct err *err)
{
	const char *cause = kube_tree_text(object, "spec/cause");

	ret->cause = release_cause_find(cause);
	if (ret->cause == CAUSE_NONE)
		return err_set(
			err, ERR_INVALID,
			"spec.cause: expected init, revision, config, retry, undo or adopted, got \"%.40s\"",
			cause);
	if (!read_text(object, "spec/canary/uid", ret->canary_uid, sizeof(ret->canary_uid), err) ||
	    !read_text(object, "spec/digest", ret->digest, sizeof(ret->digest), err) ||
	    !read_text(object, "spec/flaggerHash", ret->hash, sizeof(ret->hash), err) ||
	    !read_text(object, "spec/previous", ret->previous, sizeof(ret->previous), err))
		return false;
	kube_config_digest_all(kube_tree_find(object, "spec/configs"), ret->configs);
	read_tracked(kube_tree_find(object, "spec/configs"), ret->tracked);
	if (!read_text(object, "spec/target/digest", ret->handled, sizeof(ret->handled), err) ||
	    !read_text(object, "spec/target/configs", ret->handled_configs,
	               sizeof(ret->handled_configs), err) ||
	    !kube_release_status_action_read(kube_tree_find(object, "spec/action"), &ret->action,
	                                     err) ||
	    !read_adopted(object, &ret->adoption, err))
		return false;
	ret->target_replicas = kube_tree_whole(object, "spec/target/replicas", 0);
	ret->primary_replicas = kube_tree_whole(object, "spec/primaryReplicas", 0);
	return true;
}

bool kube_release_read(const json_t *object, struct release *ret, struct err *err)
{
	struct release release = {0};

	if (!read_text(object, "metadata/name", release.name, sizeof(release.name), err) ||
	    !read_text(object, "metadata/uid", release.uid, sizeof(release.uid), err) ||
	    !read_text(object, "metadata/resourceVersion", release.resource_version,
	               sizeof(release.resource_version), err))
		return false;
	release.number = number_of(release.name);
	if (release.number == 0)
		return err_set(
			err, ERR_INVALID,
			"metadata.name: expected a name that ends in -<number>, got \"%.100s\"",
			release.name);
	if (!read_spec(object, &release, err) ||
	    !kube_release_status_read(kube_tree_find(object, "status"), &release.status, err))
		return err_wrap(err, "release %.100s", release.name);
	*ret = release;
	return true;
}

static json_t *metadata_of(const struct canary_world *world, const struct effect *effect,
                           const json_t *target)
{
	json_t *metadata = kube_tree_object();
	json_t *labels = kube_tree_object();
	json_t *annotations = kube_tree_object();
	const char *revision =
		kube_tree_value(kube_tree_find(target, "metadata/annotations"), REVISION);
	char name[NAME_MAX_K8S];

	kube_release_name(world->spec->name, effect->number, name);
	kube_tree_set_text(labels, KUBE_LABEL_CANARY, world->spec->name);
	kube_tree_set_text(labels, KUBE_LABEL_UID, world->uid);
	kube_tree_set_text(metadata, "name", name);
	kube_tree_set_text(metadata, "namespace", world->spec->k8s_namespace);
	kube_tree_set(metadata, "labels", labels);
	if (revision[0])
		kube_tree_set_text(annotations, KUBE_RELEASE_REVISION, revision);
	kube_tree_set(metadata, "annotations", annotations);
	return metadata;
}

/* An undo says which template of the target counts as handled. */
static json_t *target_of(const struct canary_world *world, const json_t *target,
                         const struct effect *effect)
{
	enum kube_kind kind = kube_workload_kind(world->spec);
	json_t *ref = kube_tree_object();
	const json_t *generation = kube_tree_find(target, "metadata/generation");

	kube_tree_set_text(ref, "apiVersion", kube_api_version(kind));
	kube_tree_set_text(ref, "kind", kube_api_kind(kind));
	kube_tree_set_text(ref, "name", kube_tree_text(target, "metadata/name"));
	kube_tree_set_text(ref, "uid", kube_tree_text(target, "metadata/uid"));
	kube_tree_set_whole(ref, "generation", json_integer_value(generation));
	kube_tree_set_whole(ref, "replicas", kube_tree_whole(target, "spec/replicas", 1));
	if (effect->handled[0])
		kube_tree_set_text(ref, "digest", effect->handled);
	if (effect->handled_configs[0])
		kube_tree_set_text(ref, "configs", effect->handled_configs);
	return ref;
}

/* What Flagger left; of a Release that it has nothing to do with there is nothing. */
static json_t *adopted_of(const struct adoption *adoption)
{
	json_t *object = kube_tree_object();
	char time[INSTANT_TEXT_MAX];

	kube_tree_set_some(object, "phase", adoption->phase);
	kube_tree_set_whole(object, "weight", adoption->weight);
	kube_tree_set_whole(object, "iterations", adoption->iterations);
	kube_tree_set_whole(object, "failedChecks", adoption->failed_checks);
	if (instant_is_set(adoption->next_check_at))
		kube_tree_set_text(object, "nextCheckAt",
		                   instant_format(adoption->next_check_at, time));
	kube_tree_set_some(object, "lastAppliedSpec", adoption->last_applied);
	kube_tree_set_some(object, "lastPromotedSpec", adoption->last_promoted);
	kube_tree_set_some(object, "primaryId", adoption->primary_id);
	return object;
}

json_t *kube_release_new(const struct canary_world *world, const struct effect *effect,
                         const json_t *target, const json_t *template, const json_t *configs)
{
	json_t *object = kube_tree_object();
	json_t *canary = kube_tree_object();
	json_t *spec = kube_tree_object();
	char hash[FLAGGER_HASH_MAX];
	size_t length;

	kube_tree_set_text(canary, "name", world->spec->name);
	kube_tree_set_text(canary, "uid", world->uid);
	kube_tree_set(spec, "canary", canary);
	kube_tree_set_text(spec, "cause", release_cause_name(effect->cause));
	kube_tree_set(spec, "target", target_of(world, target, effect));
	kube_tree_set_whole(spec, "primaryReplicas", effect->primary_replicas);
	kube_tree_set(spec, "template", kube_tree_copy(template));
	kube_tree_set_text(spec, "digest", effect->digest);
	/* Of a Service it is not known. */
	if (world->spec->target_kind != TARGET_SERVICE) {
		(void)flagger_hash_template(template, kube_workload_is_daemon(target), hash,
		                            &length);
		kube_tree_set_some(spec, "flaggerHash", hash);
	}
	if (json_array_size(configs) > 0)
		kube_tree_set(spec, "configs", kube_tree_copy(configs));
	if (effect->release[0])
		kube_tree_set_text(spec, "previous", effect->release);
	if (effect->action.uid[0])
		kube_tree_set(spec, "action", kube_release_status_action_write(&effect->action));
	if (effect->cause == CAUSE_ADOPTED || effect->adoption.primary_id[0])
		kube_tree_set(spec, "adopted", adopted_of(&effect->adoption));
	kube_tree_set_text(object, "apiVersion", kube_api_version(KUBE_RELEASE));
	kube_tree_set_text(object, "kind", kube_api_kind(KUBE_RELEASE));
	kube_tree_set(object, "metadata", metadata_of(world, effect, target));
	kube_tree_set(object, "spec", spec);
	return object;
}

static json_t *former_scaler_of(const struct canary_world *world)
{
	enum kube_kind kind = kube_scaler_kind_of(world->former_scaler.kind);
	json_t *ref = kube_tree_object();

	kube_tree_set_text(ref, "apiVersion", kube_api_version(kind));
	kube_tree_set_text(ref, "kind", kube_api_kind(kind));
	kube_tree_set_text(ref, "name", world->former_scaler.name);
	return ref;
}

/* The last valid Canary spec: it rules the run, whatever becomes of the live one. */
static json_t *policy_of(const struct canary_world *world)
{
	const json_t *generation = kube_tree_find(world->object, "metadata/generation");
	json_t *policy = kube_tree_object();
	json_t *spec = kube_tree_copy(kube_tree_find(world->object, "spec"));

	/* What the Canary names no more stays noted until it is let go. */
	if (world->former_scaler.kind != SCALER_NONE)
		kube_tree_set(spec, "autoscalerRef", former_scaler_of(world));
	kube_tree_set_whole(policy, "generation", json_integer_value(generation));
	kube_tree_set(policy, "spec", spec);
	return policy;
}

static void add_made(json_t *made, enum kube_kind kind, const char *name)
{
	json_t *ref = kube_tree_object();

	kube_tree_set_text(ref, "apiVersion", kube_api_version(kind));
	kube_tree_set_text(ref, "kind", kube_api_kind(kind));
	kube_tree_set_text(ref, "name", name);
	kube_tree_append(made, ref);
}

/* What a run makes or takes over, for people and for whoever cleans up by hand. */
static json_t *made_of(const struct canary_world *world)
{
	struct traffic_beside beside[TRAFFIC_BESIDE_MAX];
	json_t *made = kube_tree_list();
	struct arena arena = {0};
	struct kube_ref route = world->traffic->ref(world, &arena);
	size_t n = world->traffic->beside ? world->traffic->beside(world, &arena, beside) : 0;

	add_made(made, kube_workload_kind(world->spec), world->spec->primary);
	if (world->spec->target_kind != TARGET_SERVICE) {
		add_made(made, KUBE_SERVICE, world->apex);
		add_made(made, KUBE_SERVICE, world->primary_service);
	}
	add_made(made, KUBE_SERVICE, world->canary_service);
	if (world->spec->scaler_kind != SCALER_NONE)
		add_made(made, kube_scaler_kind(world), world->spec->primary_scaler);
	if (world->spec->route.weighs && route.kind != KUBE_NONE)
		add_made(made, route.kind, route.name);
	for (size_t i = 0; i < n; i++) {
		if (!beside[i].is_source)
			add_made(made, beside[i].ref.kind, beside[i].ref.name);
	}
	arena_fini(&arena);
	return made;
}

static json_t *anchor_of(const struct canary_anchor *anchor)
{
	json_t *object = kube_tree_object();

	kube_tree_set_text(object, "chain", anchor->chain);
	kube_tree_set_whole(object, "seq", anchor->seq);
	kube_tree_set_text(object, "hash", anchor->hash);
	return object;
}

json_t *kube_release_status(const struct canary_world *world, const struct release_status *status)
{
	json_t *object = kube_release_status_write(status);

	kube_tree_set(object, "policy", policy_of(world));
	kube_tree_set(object, "made", made_of(world));
	if (world->anchor.seq > 0)
		kube_tree_set(object, "anchor", anchor_of(&world->anchor));
	return object;
}

/*
 * A retreat minds no version: whatever else was written to the Release, it goes on. But it never
 * takes the place of a write of ours that had not been seen when it was decided: that one may have
 * said that the run is over.
 */
json_t *kube_release_patch(const struct canary_world *world, const struct effect *effect)
{
	json_t *patch = kube_tree_list();
	bool is_second = effect->status.seq > 1;

	if (effect->release_uid[0])
		kube_tree_patch_text(patch, "test", "/metadata/uid", effect->release_uid);
	if (effect->is_retreat && is_second)
		kube_tree_patch(patch, "test", "/status/seq", json_integer(effect->status.seq - 1));
	else if (effect->resource_version[0])
		kube_tree_patch_text(patch, "test", "/metadata/resourceVersion",
		                     effect->resource_version);
	kube_tree_patch(patch, "add", "/status", kube_release_status(world, &effect->status));
	return patch;
}

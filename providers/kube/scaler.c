#include "providers/kube/scaler.h"

#include "analysis/base/text.h"
#include "providers/kube/owner.h"
#include "providers/kube/pod_template.h"
#include "providers/kube/scaler_query.h"
#include "providers/kube/tree.h"

#include <string.h>

#define KEDA_MOST  100 /* without maxReplicaCount */
#define PAUSE_PATH "/metadata/annotations/autoscaling.keda.sh~1paused-replicas"
#define HPA_NAME   "advanced/horizontalPodAutoscalerConfig"

/* Fields of the spec, by kind of autoscaler. */
struct form {
	enum kube_kind kind;
	const char *least;
	const char *most;
	int least_default;
	int most_default;
	/* A primary's own are removed when the target's has none; ends with NULL. */
	const char *const *known;
};

static const char *const known_hpa[] = {"metrics", "behavior", "minReplicas", NULL};
static const char *const known_keda[] = {
	"pollingInterval",  "cooldownPeriod",  "initialCooldownPeriod",
	"idleReplicaCount", "minReplicaCount", "maxReplicaCount",
	"advanced",         "fallback",        NULL,
};

static const struct form forms[] = {
	[SCALER_NONE] = {KUBE_NONE, "", "", 0, 0, NULL},
	[SCALER_HPA] = {KUBE_AUTOSCALER, "minReplicas", "maxReplicas", 1, 0, known_hpa},
	[SCALER_KEDA] = {KUBE_SCALED_OBJECT, "minReplicaCount", "maxReplicaCount", 0, KEDA_MOST,
                         known_keda},
};

static const struct form *form_of(const struct canary_world *world)
{
	return &forms[world->spec->scaler_kind];
}

enum kube_kind kube_scaler_kind_of(enum scaler_kind scaler)
{
	switch (scaler) {
	case SCALER_HPA:
		return KUBE_AUTOSCALER;
	case SCALER_KEDA:
		return KUBE_SCALED_OBJECT;
	case SCALER_NONE:
		break;
	}
	return KUBE_NONE;
}

struct canary_scaler kube_scaler_named(const json_t *ref)
{
	static const enum scaler_kind kinds[] = {SCALER_HPA, SCALER_KEDA};
	struct canary_scaler named = {0};

	for (size_t i = 0; i < array_length(kinds); i++) {
		if (strcmp(kube_tree_text(ref, "kind"),
		           kube_api_kind(kube_scaler_kind_of(kinds[i]))) == 0)
			named.kind = kinds[i];
	}
	if (named.kind != SCALER_NONE)
		text_copy(named.name, kube_tree_text(ref, "name"));
	return named;
}

enum kube_kind kube_scaler_kind(const struct canary_world *world)
{
	return form_of(world)->kind;
}

/* What the Canary says of the primary's, or FALLBACK. */
static int override(const struct canary_world *world, const char *path, int fallback)
{
	const json_t *replicas =
		kube_tree_find(world->object, "spec/autoscalerRef/primaryScalerReplicas");

	return kube_tree_whole(replicas, path, fallback);
}

/* The least pods that it keeps: KEDA's idle number is below its least one. */
static int least_of(const struct form *form, const json_t *spec)
{
	return kube_tree_whole(spec, "idleReplicaCount",
	                       kube_tree_whole(spec, form->least, form->least_default));
}

/* The spec of the primary's, before what this run needs at least. */
static json_t *wanted_spec(const struct canary_world *world, const json_t *source)
{
	const struct form *form = form_of(world);
	json_t *spec = kube_tree_copy(kube_tree_find(source, "spec"));
	int least = override(world, "minReplicas", 0);
	int most = override(world, "maxReplicas", 0);
	json_t *advanced = kube_tree_find(spec, HPA_NAME);
	const char *name = kube_tree_text(advanced, "name");
	char suffixed[NAME_MAX_K8S + 16];

	if (least > 0)
		kube_tree_set_whole(spec, form->least, least);
	if (most > 0)
		kube_tree_set_whole(spec, form->most, most);
	if (!json_is_object(json_object_get(spec, "scaleTargetRef")))
		kube_tree_set(spec, "scaleTargetRef", kube_tree_object());
	kube_tree_set_text(json_object_get(spec, "scaleTargetRef"), "name", world->spec->primary);
	if (form->kind != KUBE_SCALED_OBJECT)
		return spec;
	text_format(suffixed, sizeof(suffixed), "%s%s", name, KUBE_TEMPLATE_SUFFIX);
	if (*name)
		kube_tree_set_text(advanced, "name", suffixed);
	kube_scaler_query_rename(json_object_get(spec, "triggers"),
	                         kube_tree_find(world->object,
	                                        "spec/autoscalerRef/primaryScalerQueries"),
	                         world->spec->target);
	return spec;
}

/* The same with LEAST pods. */
static json_t *spec_with(const struct canary_world *world, const json_t *source, int least)
{
	const struct form *form = form_of(world);
	json_t *spec = wanted_spec(world, source);

	if (least_of(form, spec) == least)
		return spec;
	kube_tree_set_whole(spec, form->least, least);
	(void)json_object_del(spec, "idleReplicaCount");
	return spec;
}

static bool is_paused(const json_t *object)
{
	return strcmp(kube_tree_value(kube_tree_find(object, "metadata/annotations"),
	                              KUBE_SCALER_PAUSE),
	              "0") == 0;
}

static void read_source(const json_t *object, const struct canary_world *world,
                        struct scaler_fact *ret)
{
	const struct form *form = form_of(world);
	json_auto_t *wanted = wanted_spec(world, object);

	ret->least =
		kube_tree_whole(kube_tree_find(object, "spec"), form->least, form->least_default);
	ret->primary_least = least_of(form, wanted);
	ret->primary_most = kube_tree_whole(wanted, form->most, form->most_default);
}

static bool scales_primary(const json_t *object, const struct canary_world *world)
{
	return strcmp(kube_tree_text(object, "spec/scaleTargetRef/name"), world->spec->primary) ==
	       0;
}

bool kube_scaler_is_ours(const json_t *object, const struct canary_world *world)
{
	return kube_owner_is_ours(object, world) ||
	       (kube_owner_is_marked(object) && scales_primary(object, world));
}

static void read_primary(const json_t *object, const struct canary_world *world,
                         struct scaler_fact *ret)
{
	json_t *patch;

	ret->least = least_of(form_of(world), kube_tree_find(object, "spec"));
	ret->is_ours = kube_scaler_is_ours(object, world);
	ret->is_foreign = !kube_owner_is_marked(object) &&
	                  !kube_owner_is_canary(object, world->spec->name) &&
	                  !scales_primary(object, world);
	if (!world->scaler_object)
		return;
	patch = kube_scaler_patch(world, world->scaler_object, object, ret->least);
	ret->is_exact = json_array_size(patch) == 0;
	json_decref(patch);
}

void kube_scaler_read(const json_t *object, const struct canary_world *world, enum subject subject,
                      struct scaler_fact *ret)
{
	const struct form *form = form_of(world);
	struct scaler_fact fact = {.slot = ret->slot};

	text_copy(fact.uid, kube_tree_text(object, "metadata/uid"));
	text_copy(fact.resource_version, kube_tree_text(object, "metadata/resourceVersion"));
	fact.most = kube_tree_whole(kube_tree_find(object, "spec"), form->most, form->most_default);
	fact.is_pinned = form->kind == KUBE_SCALED_OBJECT && is_paused(object);
	if (subject == SUBJECT_SCALER)
		read_source(object, world, &fact);
	else
		read_primary(object, world, &fact);
	*ret = fact;
}

/* A copy of MAP, labels or annotations of the target's, without what speaks of that object alone.
 */
static json_t *copied(json_t *map)
{
	static const char *const prefixes[] = {
		"autoscaling.keda.sh/paused",
		"scaledobject.keda.sh/name",
		"kubectl.kubernetes.io/",
		"argocd.argoproj.io/",
		"serin.dev/",
	};
	json_t *copy = kube_pod_template_filter(map);
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(copy, next, key, value)
	{
		for (size_t i = 0; i < array_length(prefixes); i++) {
			if (kube_tree_is_prefix(prefixes[i], key)) {
				(void)json_object_del(copy, key);
				break;
			}
		}
	}
	return copy;
}

json_t *kube_scaler_new(const struct canary_world *world, const json_t *source, int least)
{
	enum kube_kind kind = kube_scaler_kind(world);
	json_t *object = kube_tree_object();
	json_t *metadata = kube_tree_object();
	json_t *labels = copied(kube_tree_find(source, "metadata/labels"));
	json_t *annotations = copied(kube_tree_find(source, "metadata/annotations"));

	kube_tree_set_text(labels, KUBE_LABEL_UID, world->uid);
	kube_tree_set_text(metadata, "name", world->spec->primary_scaler);
	kube_tree_set_text(metadata, "namespace", world->spec->k8s_namespace);
	kube_tree_set(metadata, "labels", labels);
	kube_tree_set(metadata, "annotations", annotations);
	kube_tree_set_text(object, "apiVersion", kube_api_version(kind));
	kube_tree_set_text(object, "kind", kube_api_kind(kind));
	kube_tree_set(object, "metadata", metadata);
	kube_tree_set(object, "spec", spec_with(world, source, least));
	return object;
}

/* "/spec/KEY" becomes what WANTED has, or goes. */
static void patch_field(json_t *patch, const char *key, json_t *wanted, const json_t *live)
{
	char path[NAME_MAX_K8S];

	text_format(path, sizeof(path), "/spec/%s", key);
	if (wanted && json_equal(wanted, live) == 0)
		kube_tree_patch(patch, "add", path, kube_tree_copy(wanted));
	else if (!wanted && live)
		kube_tree_patch(patch, "remove", path, NULL);
}

static void patch_metadata(json_t *patch, const struct canary_world *world, const json_t *live)
{
	json_t *labels;

	if (!kube_owner_is_ours(live, world)) {
		labels = kube_tree_copy(kube_tree_find(live, "metadata/labels"));
		kube_tree_set_text(labels, KUBE_LABEL_UID, world->uid);
		kube_tree_patch(patch, "add", "/metadata/labels", labels);
	}
	kube_owner_remove(patch, live, world->spec->name);
	if (is_paused(live))
		kube_tree_patch(patch, "remove", PAUSE_PATH, NULL);
}

json_t *kube_scaler_patch(const struct canary_world *world, const json_t *source,
                          const json_t *live, int least)
{
	json_auto_t *wanted = spec_with(world, source, least);
	const json_t *spec = kube_tree_find(live, "spec");
	json_t *patch = kube_tree_list();
	const char *key;
	json_t *value;

	json_object_foreach(wanted, key, value)
		patch_field(patch, key, value, json_object_get(spec, key));
	for (const char *const *known = form_of(world)->known; *known; known++) {
		if (!json_object_get(wanted, *known))
			patch_field(patch, *known, NULL, json_object_get(spec, *known));
	}
	patch_metadata(patch, world, live);
	return patch;
}

json_t *kube_scaler_patch_least(const struct canary_world *world, const json_t *live, int least)
{
	const struct form *form = form_of(world);
	const json_t *spec = kube_tree_find(live, "spec");
	json_auto_t *number = json_integer(least);
	json_t *patch = kube_tree_list();

	if (least_of(form, spec) == least)
		return patch;
	patch_field(patch, form->least, number, json_object_get(spec, form->least));
	patch_field(patch, "idleReplicaCount", NULL, json_object_get(spec, "idleReplicaCount"));
	return patch;
}

json_t *kube_scaler_patch_pause(const json_t *live, bool is_wanted)
{
	const json_t *annotations = kube_tree_find(live, "metadata/annotations");
	json_t *patch = kube_tree_list();

	if (is_paused(live) == is_wanted)
		return patch;
	if (!is_wanted) {
		kube_tree_patch(patch, "remove", PAUSE_PATH, NULL);
		return patch;
	}
	if (!annotations)
		kube_tree_patch(patch, "add", "/metadata/annotations", kube_tree_object());
	kube_tree_patch_text(patch, "add", PAUSE_PATH, "0");
	return patch;
}

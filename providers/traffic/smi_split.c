#include "providers/traffic/smi_split.h"

#include "analysis/base/text.h"
#include "providers/kube/owner.h"
#include "providers/kube/tree.h"
#include "providers/traffic/gateway_taken.h"
#include "providers/traffic/route_object.h"

#include <stdlib.h>
#include <string.h>

#define FULL        SPEC_WEIGHT_FULL
#define POINTER_MAX 96
#define MILLI       1000
#define WEIGHT_MAX  1000000000

enum place {
	PLACE_OTHER,
	PLACE_APEX,
	PLACE_PRIMARY,
	PLACE_CANARY,
};

struct kube_ref smi_split_ref(const struct canary_world *world)
{
	const char *provider = world->spec->provider;
	enum kube_kind kind = KUBE_SPLIT_ALPHA1;

	if (strcmp(provider, "smi:v1alpha2") == 0 || strcmp(provider, "osm") == 0)
		kind = KUBE_SPLIT_ALPHA2;
	else if (strcmp(provider, "smi:v1alpha3") == 0)
		kind = KUBE_SPLIT_ALPHA3;
	return (struct kube_ref){
		.kind = kind,
		.k8s_namespace = world->spec->k8s_namespace,
		.name = world->apex,
	};
}

/* NAME is SERVICE, or that with the namespace and any domain behind it. */
static bool is_service(const struct canary_world *world, const char *name, const char *service)
{
	const char *rest = name + strlen(service);
	const char *space = world->spec->k8s_namespace;

	if (!kube_tree_is_prefix(service, name) || *rest == '\0')
		return strcmp(name, service) == 0;
	if (*rest != '.' || !kube_tree_is_prefix(space, rest + 1))
		return false;
	rest += 1 + strlen(space);
	return *rest == '\0' || strcmp(rest, ".svc") == 0 || kube_tree_is_prefix(".svc.", rest);
}

static enum place place_of(const struct canary_world *world, const json_t *backend)
{
	const char *name = kube_tree_text(backend, "service");

	if (is_service(world, name, world->canary_service))
		return PLACE_CANARY;
	if (is_service(world, name, world->primary_service))
		return PLACE_PRIMARY;
	return is_service(world, name, world->apex) ? PLACE_APEX : PLACE_OTHER;
}

static const json_t *backends_of(const json_t *object)
{
	return kube_tree_find(object, "spec/backends");
}

/* Weights ---------------------------------------------------------------------------------------
 */

/* Version 1 writes quantities as texts. */
static json_t *weight_new(const struct canary_world *world, int weight)
{
	char text[16];

	if (smi_split_ref(world).kind != KUBE_SPLIT_ALPHA1)
		return json_integer(weight);
	text_format(text, sizeof(text), "%d", weight);
	return json_string(text);
}

int64_t smi_split_weight(const json_t *backend)
{
	const json_t *weight = kube_tree_find(backend, "weight");
	const char *text = json_string_value(weight);
	long long number = json_integer_value(weight);
	bool is_milli = false;
	char *end;

	if (text) {
		number = strtoll(text, &end, 10);
		is_milli = strcmp(end, "m") == 0;
		if (end == text || (*end && !is_milli))
			return 0;
	}
	if (number < 0 || number > WEIGHT_MAX)
		return number < 0 ? 0 : (int64_t)WEIGHT_MAX * MILLI;
	return is_milli ? number : number * MILLI;
}

int smi_split_share(const struct canary_world *world, const json_t *live)
{
	const json_t *backends = backends_of(live);
	int64_t canary = 0;
	int64_t all = 0;

	for (size_t i = 0; i < json_array_size(backends); i++) {
		const json_t *backend = json_array_get(backends, i);

		all += smi_split_weight(backend);
		if (place_of(world, backend) == PLACE_CANARY)
			canary += smi_split_weight(backend);
	}
	return route_object_share(canary, all);
}

/* Generated -------------------------------------------------------------------------------------
 */

bool smi_split_is_made(const struct canary_world *world, const json_t *live)
{
	return json_object_get(kube_tree_find(live, "metadata/labels"), KUBE_LABEL_UID) ||
	       kube_owner_is_canary(live, world->spec->name);
}

bool smi_split_is_taken(const struct canary_world *world, const json_t *live)
{
	return !smi_split_is_made(world, live) && gateway_taken_is(live);
}

/* The Service that clients call. Open Service Mesh names it with its namespace. */
static void name_root(const struct canary_world *world, char ret[NAME_MAX_K8S])
{
	const json_t *hosts = kube_tree_find(world->object, "spec/service/hosts");
	const char *host = json_string_value(json_array_get(hosts, 0));

	if (host && *host)
		text_format(ret, NAME_MAX_K8S, "%s", host);
	else if (strcmp(world->spec->provider, "osm") == 0)
		text_format(ret, NAME_MAX_K8S, "%s.%s", world->apex, world->spec->k8s_namespace);
	else
		text_format(ret, NAME_MAX_K8S, "%s", world->apex);
}

static json_t *backend_new(const struct canary_world *world, const char *service, int weight)
{
	json_t *backend = kube_tree_object();

	kube_tree_set_text(backend, "service", service);
	kube_tree_set(backend, "weight", weight_new(world, weight));
	return backend;
}

static json_t *backends_new(const struct canary_world *world, int weight)
{
	json_t *backends = kube_tree_list();

	kube_tree_append(backends, backend_new(world, world->canary_service, weight));
	kube_tree_append(backends, backend_new(world, world->primary_service, FULL - weight));
	return backends;
}

json_t *smi_split_new(const struct canary_world *world, int weight)
{
	struct kube_ref ref = smi_split_ref(world);
	json_t *object = kube_tree_object();
	json_t *metadata = kube_tree_object();
	json_t *labels = kube_tree_object();
	json_t *spec = kube_tree_object();
	char root[NAME_MAX_K8S];

	name_root(world, root);
	kube_tree_set_text(labels, KUBE_LABEL_UID, world->uid);
	kube_tree_set_text(metadata, "name", ref.name);
	kube_tree_set_text(metadata, "namespace", ref.k8s_namespace);
	kube_tree_set(metadata, "labels", labels);
	kube_tree_set_text(spec, "service", root);
	kube_tree_set(spec, "backends", backends_new(world, weight));
	kube_tree_set_text(object, "apiVersion", kube_api_version(ref.kind));
	kube_tree_set_text(object, "kind", kube_api_kind(ref.kind));
	kube_tree_set(object, "metadata", metadata);
	kube_tree_set(object, "spec", spec);
	return object;
}

/* The canary and the primary are there once each, and nobody else. */
static bool is_pair(const struct canary_world *world, const json_t *backends)
{
	size_t n[PLACE_CANARY + 1] = {0};

	for (size_t i = 0; i < json_array_size(backends); i++)
		n[place_of(world, json_array_get(backends, i))]++;
	return json_array_size(backends) == 2 && n[PLACE_CANARY] == 1 && n[PLACE_PRIMARY] == 1;
}

static void patch_weight(json_t *patch, const struct canary_world *world, size_t index,
                         const json_t *backend, int weight)
{
	char path[POINTER_MAX];

	text_format(path, sizeof(path), "/spec/backends/%zu/service", index);
	kube_tree_patch_text(patch, "test", path, kube_tree_text(backend, "service"));
	text_format(path, sizeof(path), "/spec/backends/%zu/weight", index);
	kube_tree_patch(patch, "add", path, weight_new(world, weight));
}

void smi_split_weigh(json_t *patch, const struct canary_world *world, const json_t *live,
                     int weight)
{
	const json_t *backends = backends_of(live);
	bool has_canary = false;

	for (size_t i = 0; i < json_array_size(backends); i++)
		has_canary |= place_of(world, json_array_get(backends, i)) == PLACE_CANARY;
	for (size_t i = 0; i < json_array_size(backends) && has_canary; i++) {
		const json_t *backend = json_array_get(backends, i);
		enum place place = place_of(world, backend);

		if (place != PLACE_OTHER)
			patch_weight(patch, world, i, backend,
			             place == PLACE_CANARY ? weight : FULL - weight);
	}
}

/* The weights of a pair that are not as wanted. */
static void repair_weights(json_t *patch, const struct canary_world *world, const json_t *live,
                           int weight)
{
	json_auto_t *steps = kube_tree_list();

	if (smi_split_share(world, live) == weight)
		return;
	smi_split_weigh(steps, world, live, weight);
	(void)json_array_extend(patch, steps);
}

static void repair_made(json_t *patch, const struct canary_world *world, const json_t *live,
                        int weight)
{
	const char *root = kube_tree_text(live, "spec/service");
	json_t *labels;
	char wanted[NAME_MAX_K8S];

	name_root(world, wanted);
	if (!kube_tree_find(live, "spec"))
		kube_tree_patch(patch, "add", "/spec", kube_tree_object());
	if (strcmp(root, wanted) != 0 && !is_service(world, root, wanted) &&
	    !is_service(world, root, world->apex))
		kube_tree_patch_text(patch, "add", "/spec/service", wanted);
	if (is_pair(world, backends_of(live)))
		repair_weights(patch, world, live, weight);
	else
		kube_tree_patch(patch, "add", "/spec/backends", backends_new(world, weight));
	if (!kube_owner_is_ours(live, world)) {
		labels = kube_tree_copy(kube_tree_find(live, "metadata/labels"));
		kube_tree_set_text(labels, KUBE_LABEL_UID, world->uid);
		kube_tree_patch(patch, "add", "/metadata/labels", labels);
	}
	kube_owner_remove(patch, live, world->spec->name);
}

/* Taken over ------------------------------------------------------------------------------------
 */

static bool repair_taken(json_t *patch, const struct canary_world *world, const json_t *live,
                         int weight, struct err *err)
{
	const json_t *backends = backends_of(live);
	json_t *annotations;
	size_t n_ours = 0;

	for (size_t i = 0; i < json_array_size(backends); i++)
		n_ours += place_of(world, json_array_get(backends, i)) != PLACE_OTHER;
	if (n_ours == 0 || n_ours < json_array_size(backends))
		return err_set(err, ERR_INVALID,
		               "spec.backends: expected %s alone, or its primary and canary, got "
		               "others",
		               world->apex);
	if (is_pair(world, backends))
		repair_weights(patch, world, live, weight);
	else
		kube_tree_patch(patch, "add", "/spec/backends", backends_new(world, weight));
	annotations = gateway_taken_annotations(live, NULL);
	if (!json_equal(annotations, kube_tree_find(live, "metadata/annotations")))
		kube_tree_patch(patch, "add", "/metadata/annotations", json_incref(annotations));
	json_decref(annotations);
	return true;
}

bool smi_split_repair(json_t *patch, const struct canary_world *world, const json_t *live,
                      int weight, struct err *err)
{
	if (!smi_split_is_made(world, live))
		return repair_taken(patch, world, live, weight, err);
	repair_made(patch, world, live, weight);
	return true;
}

json_t *smi_split_restore(const struct canary_world *world, const json_t *live)
{
	json_auto_t *original = gateway_taken_original(live);
	const json_t *was = kube_tree_find(original, "backends");
	const json_t *backends = backends_of(live);
	json_t *patch = kube_tree_list();

	if (was && backends && is_pair(world, backends) && !json_equal(was, backends))
		kube_tree_patch(patch, "replace", "/spec/backends", kube_tree_copy(was));
	gateway_taken_restore(patch, live);
	return patch;
}

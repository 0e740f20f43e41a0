#include "providers/traffic/route_object.h"

#include "analysis/base/text.h"
#include "providers/kube/owner.h"
#include "providers/kube/tree.h"

#include <string.h>

/* The labels or annotations (KEY) of service.apex over PRESENT, a new object. */
static json_t *marks_over(const struct canary_world *world, const char *key, const json_t *present)
{
	json_t *merged = kube_tree_copy(present);
	json_t *given = json_object_get(kube_tree_find(world->object, "spec/service/apex"), key);
	const char *name;
	json_t *value;

	json_object_foreach(given, name, value)
	{
		kube_tree_set(merged, name, json_incref(value));
	}
	if (strcmp(key, "labels") == 0)
		kube_tree_set_text(merged, KUBE_LABEL_UID, world->uid);
	else
		kube_owner_set_flux(merged);
	return merged;
}

json_t *route_object_new(const struct canary_world *world, const struct kube_ref *ref, json_t *spec)
{
	json_t *metadata = kube_tree_object();
	json_t *object = kube_tree_object();

	kube_tree_set_text(metadata, "name", ref->name);
	kube_tree_set_text(metadata, "namespace", ref->k8s_namespace);
	kube_tree_set(metadata, "labels", marks_over(world, "labels", NULL));
	kube_tree_set(metadata, "annotations", marks_over(world, "annotations", NULL));
	kube_tree_set_text(object, "apiVersion", kube_api_version(ref->kind));
	kube_tree_set_text(object, "kind", kube_api_kind(ref->kind));
	kube_tree_set(object, "metadata", metadata);
	kube_tree_set(object, "spec", spec);
	return object;
}

void route_object_repair_map(json_t *patch, const json_t *live, const char *path, json_t *wanted)
{
	if (json_equal(live, wanted))
		json_decref(wanted);
	else
		kube_tree_patch(patch, "add", path, wanted);
}

void route_object_repair(json_t *patch, const struct canary_world *world, const json_t *live)
{
	const json_t *labels = kube_tree_find(live, "metadata/labels");
	const json_t *annotations = kube_tree_find(live, "metadata/annotations");

	route_object_repair_map(patch, labels, "/metadata/labels",
	                        marks_over(world, "labels", labels));
	route_object_repair_map(patch, annotations, "/metadata/annotations",
	                        marks_over(world, "annotations", annotations));
	kube_owner_remove(patch, live, world->spec->name);
}

void route_object_look(const json_t *object, const struct canary_world *world, const char *field,
                       struct route_fact *ret)
{
	text_copy(ret->uid, kube_tree_text(object, "metadata/uid"));
	text_copy(ret->resource_version, kube_tree_text(object, "metadata/resourceVersion"));
	ret->is_ours = kube_owner_wrote_last(object, world->options->field_manager, field);
}

int route_object_share(int64_t canary, int64_t all)
{
	int share;

	if (canary == 0 || all == 0)
		return 0;
	share = (int)((canary * SPEC_WEIGHT_FULL + all / 2) / all);
	if (share == 0)
		return 1;
	return share == SPEC_WEIGHT_FULL && canary < all ? SPEC_WEIGHT_FULL - 1 : share;
}

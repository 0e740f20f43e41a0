#include "providers/traffic/gateway_backend.h"

#include "providers/kube/tree.h"
#include "providers/traffic/route_object.h"

#include <limits.h>
#include <string.h>

#define FULL SPEC_WEIGHT_FULL

enum gateway_place gateway_backend_place(const struct canary_world *world, const json_t *ref)
{
	const char *group = kube_tree_text(ref, "group");
	const char *kind = kube_tree_text(ref, "kind");
	const char *space = kube_tree_text(ref, "namespace");
	const char *name = kube_tree_text(ref, "name");

	if ((*group && strcmp(group, "core") != 0) || (*kind && strcmp(kind, "Service") != 0) ||
	    (*space && strcmp(space, world->spec->k8s_namespace) != 0))
		return GATEWAY_OTHER;
	if (strcmp(name, world->canary_service) == 0)
		return GATEWAY_CANARY;
	if (strcmp(name, world->primary_service) == 0)
		return GATEWAY_PRIMARY;
	return strcmp(name, world->apex) == 0 ? GATEWAY_APEX : GATEWAY_OTHER;
}

const json_t *gateway_backend_find(const struct canary_world *world, const json_t *rule,
                                   enum gateway_place place)
{
	const json_t *refs = kube_tree_find(rule, "backendRefs");

	for (size_t i = 0; i < json_array_size(refs); i++) {
		if (gateway_backend_place(world, json_array_get(refs, i)) == place)
			return json_array_get(refs, i);
	}
	return NULL;
}

bool gateway_backend_is_ours(const struct canary_world *world, const json_t *rule)
{
	return gateway_backend_find(world, rule, GATEWAY_APEX) ||
	       gateway_backend_find(world, rule, GATEWAY_PRIMARY) ||
	       gateway_backend_find(world, rule, GATEWAY_CANARY);
}

int gateway_backend_share(const struct canary_world *world, const json_t *rule)
{
	const json_t *refs = kube_tree_find(rule, "backendRefs");
	int64_t canary = 0;
	int64_t all = 0;

	for (size_t i = 0; i < json_array_size(refs); i++) {
		const json_t *ref = json_array_get(refs, i);
		int weight = kube_tree_whole(ref, "weight", 1);

		if (weight < 0)
			weight = 0;
		all += weight;
		if (gateway_backend_place(world, ref) == GATEWAY_CANARY)
			canary += weight;
	}
	return route_object_share(canary, all);
}

json_t *gateway_backend_new(const char *service, int port, int weight)
{
	json_t *ref = kube_tree_object();

	kube_tree_set_text(ref, "group", "");
	kube_tree_set_text(ref, "kind", "Service");
	kube_tree_set_text(ref, "name", service);
	if (port > 0)
		kube_tree_set_whole(ref, "port", port);
	kube_tree_set_whole(ref, "weight", weight);
	return ref;
}

/* MODEL leading to SERVICE instead, with WEIGHT. */
static json_t *moved(const json_t *model, const char *service, int weight)
{
	json_t *ref = kube_tree_copy(model);

	kube_tree_set_text(ref, "name", service);
	kube_tree_set_whole(ref, "weight", weight);
	return ref;
}

/* Whom the rule leads to beside the canary: the primary, else the apex, else nobody. */
static const json_t *stable_of(const struct canary_world *world, const json_t *rule)
{
	const json_t *primary = gateway_backend_find(world, rule, GATEWAY_PRIMARY);

	return primary ? primary : gateway_backend_find(world, rule, GATEWAY_APEX);
}

json_t *gateway_backend_fit(const struct canary_world *world, const json_t *rule, int weight)
{
	const json_t *refs = kube_tree_find(rule, "backendRefs");
	const json_t *stable = stable_of(world, rule);
	const json_t *canary = gateway_backend_find(world, rule, GATEWAY_CANARY);
	json_t *list = kube_tree_list();

	if (!stable)
		kube_tree_append(list, moved(canary, world->primary_service, FULL - weight));
	for (size_t i = 0; i < json_array_size(refs); i++) {
		const json_t *ref = json_array_get(refs, i);

		if (ref == stable)
			kube_tree_append(list, moved(ref, world->primary_service, FULL - weight));
		else if (ref == canary)
			kube_tree_append(list, moved(ref, world->canary_service, weight));
	}
	if (!canary)
		kube_tree_append(list, moved(stable, world->canary_service, weight));
	return list;
}

json_t *gateway_backend_apex(const struct canary_world *world, const json_t *rule)
{
	const json_t *stable = stable_of(world, rule);
	json_t *list = kube_tree_list();

	if (!stable)
		stable = gateway_backend_find(world, rule, GATEWAY_CANARY);
	kube_tree_append(list, moved(stable, world->apex, 1));
	return list;
}

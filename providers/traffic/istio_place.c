#include "providers/traffic/istio_place.h"

#include "analysis/base/text.h"
#include "providers/kube/tree.h"

#include <string.h>

#define FULL     SPEC_WEIGHT_FULL
#define HOST_MAX 256

/* HOST is SERVICE, "SERVICE.NAMESPACE", or that with ".svc" and any domain behind it. */
static bool is_host(const char *host, const char *service, const char *k8s_namespace)
{
	const char *rest;

	if (!kube_tree_is_prefix(service, host))
		return false;
	rest = host + strlen(service);
	if (*rest == '\0')
		return true;
	if (*rest != '.' || !kube_tree_is_prefix(k8s_namespace, rest + 1))
		return false;
	rest += 1 + strlen(k8s_namespace);
	return *rest == '\0' || strcmp(rest, ".svc") == 0 || kube_tree_is_prefix(".svc.", rest);
}

enum istio_place istio_place_of_host(const struct canary_world *world, const char *host)
{
	const char *space = world->spec->k8s_namespace;

	if (is_host(host, world->canary_service, space))
		return ISTIO_PLACE_CANARY;
	if (is_host(host, world->primary_service, space))
		return ISTIO_PLACE_PRIMARY;
	return is_host(host, world->apex, space) ? ISTIO_PLACE_APEX : ISTIO_PLACE_OTHER;
}

enum istio_place istio_place_of(const struct canary_world *world, const json_t *destination)
{
	return istio_place_of_host(world, kube_tree_text(destination, "destination/host"));
}

const char *istio_place_service(const struct canary_world *world, enum istio_place place)
{
	if (place == ISTIO_PLACE_APEX)
		return world->apex;
	return place == ISTIO_PLACE_CANARY ? world->canary_service : world->primary_service;
}

json_t *istio_place_moved(const struct canary_world *world, const json_t *model,
                          enum istio_place place, int weight)
{
	json_t *entry = kube_tree_copy(model);
	json_t *destination = kube_tree_find(entry, "destination");
	const char *host = kube_tree_text(destination, "host");
	const char *domain = strchr(host, '.');
	char name[HOST_MAX];

	if (istio_place_of(world, model) != place) {
		text_format(name, sizeof(name), "%s%s", istio_place_service(world, place),
		            domain ? domain : "");
		kube_tree_set_text(destination, "host", name);
		(void)json_object_del(destination, "subset");
	}
	if (weight < 0)
		(void)json_object_del(entry, "weight");
	else
		kube_tree_set_whole(entry, "weight", weight);
	return entry;
}

struct istio_place_counts istio_place_count(const struct canary_world *world, const json_t *rule)
{
	const json_t *route = kube_tree_find(rule, "route");
	struct istio_place_counts counts = {0};

	for (size_t i = 0; i < json_array_size(route); i++) {
		const json_t *entry = json_array_get(route, i);
		int weight = kube_tree_whole(entry, "weight", 0);
		enum istio_place place = istio_place_of(world, entry);

		if (json_array_size(route) == 1)
			weight = FULL; /* it gets all, whatever it says */
		counts.n[place]++;
		counts.weight[place] += weight > 0 ? weight : 0;
		if (place != ISTIO_PLACE_OTHER && !counts.first)
			counts.first = entry;
	}
	return counts;
}

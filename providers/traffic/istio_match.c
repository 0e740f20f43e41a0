#include "providers/traffic/istio_match.h"

#include "providers/kube/tree.h"

#include <stdint.h>

/* INTO gets what FROM has; of objects of names (headers, labels) each name. */
static void lay_over(json_t *into, const json_t *from)
{
	const char *key;
	json_t *value;

	/* jansson's iteration macro wants a mutable object; nothing is changed */
	json_object_foreach((json_t *)(uintptr_t)from, key, value)
	{
		json_t *present = json_object_get(into, key);
		const char *name;
		json_t *member;

		if (!json_is_object(value) || !json_is_object(present)) {
			kube_tree_set(into, key, kube_tree_copy(value));
			continue;
		}
		json_object_foreach(value, name, member)
		{
			kube_tree_set(present, name, kube_tree_copy(member));
		}
	}
}

json_t *istio_match_merge(const json_t *analysis, const json_t *service)
{
	size_t n_service = json_array_size(service);
	json_t *merged;

	if (n_service == 0)
		return kube_tree_copy(analysis);
	merged = kube_tree_list();
	for (size_t i = 0; i < json_array_size(analysis); i++) {
		for (size_t j = 0; j < n_service; j++) {
			json_t *entry = kube_tree_copy(json_array_get(service, j));

			lay_over(entry, json_array_get(analysis, i));
			kube_tree_append(merged, entry);
		}
	}
	return merged;
}

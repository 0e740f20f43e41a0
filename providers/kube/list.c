#include "providers/kube/list.h"

#include "analysis/base/text.h"
#include "providers/kube/api.h"
#include "providers/kube/tree.h"

#include <string.h>

bool kube_list_read(const json_t *page, struct kube_list *ret, struct err *err)
{
	json_t *items = json_object_get(page, "items");
	const char *version = kube_tree_text(page, "metadata/resourceVersion");
	const char *token = kube_tree_text(page, "metadata/continue");

	/* A page of metadata that has none says null. */
	if (json_is_null(items))
		items = NULL;
	else if (!json_is_array(items))
		return err_set(err, ERR_MALFORMED, "items: expected a list");
	for (size_t i = 0; i < json_array_size(items); i++) {
		if (!json_is_object(json_array_get(items, i)))
			return err_set(err, ERR_MALFORMED, "items[%zu]: expected an object", i);
	}
	if (strlen(version) >= sizeof(ret->resource_version))
		return err_set(err, ERR_LIMIT, "metadata.resourceVersion: more than %zu bytes",
		               sizeof(ret->resource_version) - 1);
	if (strlen(token) > KUBE_API_CONTINUE_MAX)
		return err_set(err, ERR_LIMIT, "metadata.continue: more than %d bytes",
		               KUBE_API_CONTINUE_MAX);
	ret->items = items;
	text_copy(ret->resource_version, version);
	ret->continue_token = token[0] ? token : NULL;
	return true;
}

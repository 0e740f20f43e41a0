#include "providers/kube/scaler_query.h"

#include "analysis/base/buf.h"
#include "providers/kube/pod_template.h"
#include "providers/kube/tree.h"

#include <assert.h>
#include <string.h>

#define CANARY_SUFFIX "-canary"

/* How much of AT, where TARGET begins, names the target, the canary or the primary. */
static size_t name_length(const char *at, const char *target)
{
	size_t length = strlen(target);

	if (kube_tree_is_prefix(CANARY_SUFFIX, at + length))
		return length + strlen(CANARY_SUFFIX);
	if (kube_tree_is_prefix(KUBE_TEMPLATE_SUFFIX, at + length))
		return length + strlen(KUBE_TEMPLATE_SUFFIX);
	return length;
}

static json_t *renamed(const char *query, const char *target)
{
	/* No name is shorter than a letter, and none gets longer than by the suffix. */
	struct buf text = {.max = strlen(query) * (1 + strlen(KUBE_TEMPLATE_SUFFIX)) + 1};
	bool is_whole = true;
	const char *at;
	json_t *ret;

	while ((at = strstr(query, target)) != NULL) {
		is_whole &= buf_format(&text, "%.*s%s%s", (int)(at - query), query, target,
		                       KUBE_TEMPLATE_SUFFIX);
		query = at + name_length(at, target);
	}
	is_whole &= buf_format(&text, "%s", query);
	assert(is_whole);
	ret = json_string(buf_text(&text));
	buf_fini(&text);
	return ret;
}

void kube_scaler_query_rename(json_t *triggers, const json_t *queries, const char *target)
{
	size_t index;
	json_t *trigger;

	json_array_foreach(triggers, index, trigger)
	{
		json_t *metadata = json_object_get(trigger, "metadata");
		json_t *query = json_object_get(metadata, "query");
		json_t *own = json_object_get(queries, kube_tree_text(trigger, "name"));

		if (!json_is_string(query))
			continue;
		if (json_is_string(own))
			json_object_set(metadata, "query", own);
		else if (*target)
			json_object_set_new(metadata, "query",
			                    renamed(json_string_value(query), target));
	}
}

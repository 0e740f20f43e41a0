#include "providers/kube/config_shared.h"

#include "analysis/base/text.h"
#include "providers/kube/api.h"
#include "providers/kube/owner.h"
#include "providers/kube/tree.h"

#include <string.h>

static const json_t *labels_of(const json_t *copy)
{
	return kube_tree_find(copy, "metadata/labels");
}

/* Some Canary owns COPY; not CANARY, unless that is NULL. */
static bool is_owned(const json_t *copy, const char *canary)
{
	const json_t *owners = kube_tree_find(copy, "metadata/ownerReferences");

	for (size_t i = 0; i < json_array_size(owners); i++) {
		const json_t *owner = json_array_get(owners, i);

		if (kube_tree_is_prefix("flagger.app/", kube_tree_text(owner, "apiVersion")) &&
		    strcmp(kube_tree_text(owner, "kind"), "Canary") == 0 &&
		    !(canary && strcmp(kube_tree_text(owner, "name"), canary) == 0))
			return true;
	}
	return false;
}

bool kube_config_shared_is_made(const json_t *copy)
{
	return kube_owner_is_marked(copy) || is_owned(copy, NULL);
}

/* Another Canary uses COPY, too; one of the same name that was made anew is this one. */
static bool is_shared(const struct canary_world *world, const json_t *copy)
{
	const char *canary = kube_tree_value(labels_of(copy), KUBE_LABEL_CANARY);
	const char *mark = kube_tree_value(labels_of(copy), KUBE_LABEL_UID);

	return strcmp(mark, KUBE_CONFIG_SHARED_MARK) == 0 || is_owned(copy, world->spec->name) ||
	       (mark[0] && strcmp(canary, world->spec->name) != 0);
}

static void hold(json_t *patch, const json_t *copy, const json_t *source)
{
	static const char *const keys[] = {"data", "binaryData"};
	char path[16];

	for (size_t i = 0; i < array_length(keys); i++) {
		json_t *live = json_object_get(copy, keys[i]);
		const json_t *wanted = json_object_get(source, keys[i]);

		text_format(path, sizeof(path), "/%s", keys[i]);
		if (wanted && !json_equal(live, wanted))
			kube_tree_patch(patch, "add", path, kube_tree_copy(wanted));
		else if (live && !wanted)
			kube_tree_patch(patch, "remove", path, NULL);
	}
}

static void mark(json_t *patch, const struct canary_world *world, const json_t *copy)
{
	bool is_of_two = is_shared(world, copy);
	json_t *labels = labels_of(copy) ? kube_tree_copy(labels_of(copy)) : kube_tree_object();

	kube_tree_set_text(labels, KUBE_LABEL_CANARY, world->spec->name);
	kube_tree_set_text(labels, KUBE_LABEL_UID,
	                   is_of_two ? KUBE_CONFIG_SHARED_MARK : world->uid);
	if (is_of_two)
		(void)json_object_del(labels, KUBE_LABEL_CANARY);
	if (json_equal(labels, labels_of(copy)))
		json_decref(labels);
	else
		kube_tree_patch(patch, "add", "/metadata/labels", labels);
	kube_owner_remove(patch, copy, world->spec->name);
}

json_t *kube_config_shared_patch(const struct canary_world *world, const json_t *copy,
                                 const json_t *source)
{
	json_t *patch = kube_tree_list();

	if (source)
		hold(patch, copy, source);
	if (kube_config_shared_is_made(copy))
		mark(patch, world, copy);
	return patch;
}

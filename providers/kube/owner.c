#include "providers/kube/owner.h"

#include "analysis/base/text.h"
#include "providers/kube/api.h"
#include "providers/kube/tree.h"

#include <string.h>

static bool is_reference(const json_t *reference, const char *canary)
{
	return kube_tree_is_prefix("flagger.app/", kube_tree_text(reference, "apiVersion")) &&
	       strcmp(kube_tree_text(reference, "kind"), "Canary") == 0 &&
	       strcmp(kube_tree_text(reference, "name"), canary) == 0;
}

bool kube_owner_is_canary(const json_t *object, const char *canary)
{
	const json_t *owners = kube_tree_find(object, "metadata/ownerReferences");

	for (size_t i = 0; i < json_array_size(owners); i++) {
		if (is_reference(json_array_get(owners, i), canary))
			return true;
	}
	return false;
}

bool kube_owner_is_ours(const json_t *object, const struct canary_world *world)
{
	const json_t *labels = kube_tree_find(object, "metadata/labels");

	return world->uid[0] != '\0' &&
	       strcmp(kube_tree_value(labels, KUBE_LABEL_UID), world->uid) == 0;
}

bool kube_owner_is_marked(const json_t *object)
{
	return kube_tree_value(kube_tree_find(object, "metadata/labels"), KUBE_LABEL_UID)[0] !=
	       '\0';
}

void kube_owner_remove(json_t *patch, const json_t *object, const char *canary)
{
	const json_t *owners = kube_tree_find(object, "metadata/ownerReferences");
	json_t *kept;

	if (!kube_owner_is_canary(object, canary))
		return;
	kept = kube_tree_list();
	for (size_t i = 0; i < json_array_size(owners); i++) {
		json_t *owner = json_array_get(owners, i);

		if (!is_reference(owner, canary))
			kube_tree_append(kept, json_incref(owner));
	}
	kube_tree_patch(patch, "replace", "/metadata/ownerReferences", kept);
}

static bool has_field(const json_t *entry, const char *field)
{
	const json_t *fields = json_object_get(entry, "fieldsV1");

	return json_object_size(fields) == 0 || kube_tree_find(fields, field);
}

bool kube_owner_wrote_last(const json_t *object, const char *manager, const char *field)
{
	const json_t *entries = kube_tree_find(object, "metadata/managedFields");
	const char *newest = "";
	bool is_last = false;

	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		const char *time = kube_tree_text(entry, "time");
		bool is_ours = strcmp(kube_tree_text(entry, "manager"), manager) == 0;
		int order = strcmp(time, newest); /* RFC 3339 in UTC, whole seconds */

		if (!has_field(entry, field) || order < 0)
			continue;
		is_last = order == 0 ? is_last || is_ours : is_ours;
		newest = time;
	}
	return is_last;
}

const char *kube_owner_last_write(const json_t *object, const char *field)
{
	const json_t *entries = kube_tree_find(object, "metadata/managedFields");
	const char *newest = "";

	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		const char *time = kube_tree_text(entry, "time");

		if (has_field(entry, field) && strcmp(time, newest) > 0)
			newest = time;
	}
	return newest;
}

void kube_owner_last_other(const json_t *object, const char *manager, char *ret, size_t size)
{
	const json_t *entries = kube_tree_find(object, "metadata/managedFields");
	const char *newest = "";

	ret[0] = '\0';
	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		const char *name = kube_tree_text(entry, "manager");
		const char *time = kube_tree_text(entry, "time");

		if (strcmp(name, manager) == 0 || kube_tree_text(entry, "subresource")[0] != '\0' ||
		    strcmp(time, newest) < 0)
			continue;
		text_format(ret, size, "%s", name);
		newest = time;
	}
}

struct instant kube_owner_wrote_status(const json_t *object, const char *manager)
{
	const json_t *entries = kube_tree_find(object, "metadata/managedFields");
	struct instant last = {0};

	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		struct instant time;

		if (strcmp(kube_tree_text(entry, "manager"), manager) == 0 &&
		    strcmp(kube_tree_text(entry, "subresource"), "status") == 0 &&
		    instant_parse(kube_tree_text(entry, "time"), &time, NULL) &&
		    instant_is_before(last, time))
			last = time;
	}
	return last;
}

void kube_owner_set_flux(json_t *annotations)
{
	kube_tree_set_text(annotations, "kustomize.toolkit.fluxcd.io/reconcile", "disabled");
	kube_tree_set_text(annotations, "helm.toolkit.fluxcd.io/driftDetection", "disabled");
}

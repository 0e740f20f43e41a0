#include "providers/kube/lease.h"

#include "analysis/base/text.h"
#include "providers/kube/api.h"
#include "providers/kube/tree.h"

#include <string.h>

#define MICRO_TEXT_MAX (INSTANT_TEXT_MAX + 4)

static bool read_time(const json_t *object, const char *path, struct instant *ret, struct err *err)
{
	const char *text = kube_tree_text(object, path);

	*ret = (struct instant){0};
	if (text[0] == '\0')
		return true;
	return instant_parse(text, ret, err) || err_wrap(err, "%s", path);
}

bool kube_lease_read(const json_t *object, struct kube_lease *ret, struct err *err)
{
	struct kube_lease lease = {
		.duration = span_seconds(kube_tree_whole(object, "spec/leaseDurationSeconds", 0)),
		.transitions = kube_tree_whole(object, "spec/leaseTransitions", 0),
	};
	const char *holder = kube_tree_text(object, "spec/holderIdentity");
	const char *version = kube_tree_text(object, "metadata/resourceVersion");

	if (strlen(holder) >= sizeof(lease.holder))
		return err_set(err, ERR_LIMIT, "spec.holderIdentity: more than %zu bytes",
		               sizeof(lease.holder) - 1);
	if (strlen(version) >= sizeof(lease.resource_version))
		return err_set(err, ERR_LIMIT, "metadata.resourceVersion: more than %zu bytes",
		               sizeof(lease.resource_version) - 1);
	if (!read_time(object, "spec/acquireTime", &lease.acquired, err) ||
	    !read_time(object, "spec/renewTime", &lease.renewed, err))
		return false;
	text_copy(lease.holder, holder);
	text_copy(lease.resource_version, version);
	*ret = lease;
	return true;
}

/* metav1.MicroTime: exactly six digits after the second. */
static json_t *micro(struct instant instant)
{
	char text[INSTANT_TEXT_MAX];

	instant_format(instant, text);
	text[strcspn(text, "Z")] = '\0';
	return json_sprintf("%s000Z", text);
}

static json_t *spec_of(const struct kube_lease *lease)
{
	json_t *spec = kube_tree_object();

	kube_tree_set_text(spec, "holderIdentity", lease->holder);
	if (lease->duration.ms >= 1000) /* the API server takes no zero */
		kube_tree_set_whole(spec, "leaseDurationSeconds", lease->duration.ms / 1000);
	if (instant_is_set(lease->acquired))
		kube_tree_set(spec, "acquireTime", micro(lease->acquired));
	if (instant_is_set(lease->renewed))
		kube_tree_set(spec, "renewTime", micro(lease->renewed));
	kube_tree_set_whole(spec, "leaseTransitions", lease->transitions);
	return spec;
}

json_t *kube_lease_new(const char *k8s_namespace, const char *name, const struct kube_lease *lease)
{
	json_t *object = kube_tree_object();
	json_t *metadata = kube_tree_object();

	kube_tree_set_text(metadata, "name", name);
	kube_tree_set_text(metadata, "namespace", k8s_namespace);
	kube_tree_set_text(object, "apiVersion", kube_api_version(KUBE_LEASE));
	kube_tree_set_text(object, "kind", kube_api_kind(KUBE_LEASE));
	kube_tree_set(object, "metadata", metadata);
	kube_tree_set(object, "spec", spec_of(lease));
	return object;
}

json_t *kube_lease_patch(const struct kube_lease *lease)
{
	json_t *patch = kube_tree_list();
	json_t *spec = spec_of(lease);
	const char *key;
	json_t *value;
	char path[64];

	kube_tree_patch_text(patch, "test", "/metadata/resourceVersion", lease->resource_version);
	json_object_foreach(spec, key, value)
	{
		text_format(path, sizeof(path), "/spec/%s", key);
		kube_tree_patch(patch, "add", path, json_incref(value));
	}
	json_decref(spec);
	return patch;
}

#include "providers/traffic/istio_policy.h"

#include "providers/kube/api.h"
#include "providers/kube/owner.h"
#include "providers/kube/tree.h"

#include <string.h>

static const json_t *policy_of(const struct canary_world *world)
{
	const json_t *policy = kube_tree_find(world->object, "spec/service/trafficPolicy");

	return json_object_size(policy) > 0 ? policy : NULL;
}

json_t *istio_policy_new(const struct canary_world *world, const char *service)
{
	json_t *object = kube_tree_object();
	json_t *metadata = kube_tree_object();
	json_t *labels = kube_tree_object();
	json_t *spec = kube_tree_object();

	kube_tree_set_text(labels, KUBE_LABEL_UID, world->uid);
	kube_tree_set_text(metadata, "name", service);
	kube_tree_set_text(metadata, "namespace", world->spec->k8s_namespace);
	kube_tree_set(metadata, "labels", labels);
	kube_tree_set_text(spec, "host", service);
	if (policy_of(world))
		kube_tree_set(spec, "trafficPolicy", kube_tree_copy(policy_of(world)));
	kube_tree_set_text(object, "apiVersion", kube_api_version(KUBE_DESTINATION_RULE));
	kube_tree_set_text(object, "kind", kube_api_kind(KUBE_DESTINATION_RULE));
	kube_tree_set(object, "metadata", metadata);
	kube_tree_set(object, "spec", spec);
	return object;
}

bool istio_policy_is_made(const struct canary_world *world, const json_t *live)
{
	return json_object_get(kube_tree_find(live, "metadata/labels"), KUBE_LABEL_UID) ||
	       kube_owner_is_canary(live, world->spec->name);
}

/* What LIVE says is what the Canary says. */
static bool has_policy(const struct canary_world *world, const json_t *live)
{
	const json_t *wanted = policy_of(world);
	const json_t *is = kube_tree_find(live, "spec/trafficPolicy");

	return wanted ? json_equal(wanted, is) : json_object_size(is) == 0;
}

static bool check_foreign(const struct canary_world *world, const char *service, const json_t *live,
                          struct err *err)
{
	const char *host = kube_tree_text(live, "spec/host");
	size_t length = strlen(service);

	if (strncmp(host, service, length) != 0 || (host[length] != '\0' && host[length] != '.'))
		return err_set(err, ERR_INVALID,
		               "spec.host: expected %s, got \"%.100s\", and it is not this "
		               "Canary's: it is left alone; rename or delete it",
		               service, host);
	if (policy_of(world) && !has_policy(world, live))
		return err_set(
			err, ERR_INVALID,
			"spec.trafficPolicy: expected that of the Canary's "
			"spec.service.trafficPolicy, and it is not this Canary's: it is left "
			"alone; delete it, or take the policy out of the Canary");
	return true;
}

bool istio_policy_repair(json_t *patch, const struct canary_world *world, const char *service,
                         const json_t *live, struct err *err)
{
	json_t *labels;

	if (!istio_policy_is_made(world, live))
		return check_foreign(world, service, live, err);
	if (strcmp(kube_tree_text(live, "spec/host"), service) != 0)
		kube_tree_patch_text(patch, "add", "/spec/host", service);
	if (!has_policy(world, live) && policy_of(world))
		kube_tree_patch(patch, "add", "/spec/trafficPolicy",
		                kube_tree_copy(policy_of(world)));
	else if (!has_policy(world, live))
		kube_tree_patch(patch, "remove", "/spec/trafficPolicy", NULL);
	if (!kube_owner_is_ours(live, world)) {
		labels = kube_tree_copy(kube_tree_find(live, "metadata/labels"));
		kube_tree_set_text(labels, KUBE_LABEL_UID, world->uid);
		kube_tree_patch(patch, "add", "/metadata/labels", labels);
	}
	kube_owner_remove(patch, live, world->spec->name);
	return true;
}

bool istio_policy_is_exact(const struct canary_world *world, const char *service,
                           const json_t *live)
{
	json_auto_t *patch = kube_tree_list();
	struct err err;

	return json_is_object(live) && istio_policy_repair(patch, world, service, live, &err) &&
	       json_array_size(patch) == 0;
}

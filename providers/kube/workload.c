#include "providers/kube/workload.h"

#include "analysis/base/text.h"
#include "providers/kube/api.h"
#include "providers/kube/config.h"
#include "providers/kube/pod_template.h"
#include "providers/kube/service_target.h"
#include "providers/kube/tree.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define LABEL_KEY_MAX 317 /* a prefix of 253, a slash, a name of 63 */

#define LABEL_VALUE_MAX 63

enum kube_kind kube_workload_kind(const struct canary_spec *spec)
{
	switch (spec->target_kind) {
	case TARGET_DAEMON_SET:
		return KUBE_DAEMON_SET;
	case TARGET_SERVICE:
		return KUBE_SERVICE;
	case TARGET_DEPLOYMENT:
		break;
	}
	return KUBE_DEPLOYMENT;
}

/* Lists show their items without kind; every DaemonSet that is served has this. */
bool kube_workload_is_daemon(const json_t *object)
{
	return kube_tree_find(object, "spec/updateStrategy") != NULL;
}

static const json_t *nowhere(const json_t *object)
{
	return json_object_get(kube_tree_find(object, "spec/template/spec/nodeSelector"),
	                       KUBE_TEMPLATE_NOWHERE);
}

bool kube_workload_label(const json_t *object, const struct provider_options *options,
                         const char **ret_label, const char **ret_value, struct err *err)
{
	const json_t *labels = kube_tree_find(object, "spec/selector/matchLabels");
	char names[160] = "";
	size_t length = 0;

	/* No pods are told from others. */
	if (kube_service_target_is_view(object)) {
		*ret_label = options->selector_labels[0];
		*ret_value = kube_tree_text(object, "metadata/name");
		return true;
	}
	for (const char *const *label = options->selector_labels; *label; label++) {
		const char *value = kube_tree_value(labels, *label);

		text_format(names + length, sizeof(names) - length, "%s%s", length ? " " : "",
		            *label);
		length = strlen(names);
		if (value[0] == '\0')
			continue;
		if (strlen(value) + strlen(KUBE_TEMPLATE_SUFFIX) > LABEL_VALUE_MAX)
			return err_set(
				err, ERR_INVALID,
				"spec.selector.matchLabels.%s: with \"%s\" it has more than %d characters",
				*label, KUBE_TEMPLATE_SUFFIX, LABEL_VALUE_MAX);
		*ret_label = *label;
		*ret_value = value;
		return true;
	}
	return err_set(err, ERR_INVALID,
	               "getSelectorLabel failed: %s %.63s.%.63s spec.selector.matchLabels must "
	               "contain one of [%s]",
	               kube_workload_is_daemon(object) ? "daemonset" : "deployment",
	               kube_tree_text(object, "metadata/name"),
	               kube_tree_text(object, "metadata/namespace"), names);
}

bool kube_workload_trim(const char *value, char *ret, size_t size)
{
	size_t length = strlen(value);
	size_t suffix = strlen(KUBE_TEMPLATE_SUFFIX);

	if (length <= suffix || strcmp(value + length - suffix, KUBE_TEMPLATE_SUFFIX) != 0)
		return false;
	text_format(ret, size, "%.*s", (int)(length - suffix), value);
	return true;
}

/* VALUE, a number or a percentage, of REPLICAS; 25% when it is absent. */
static int resolve(const json_t *value, int replicas, bool rounds_up)
{
	const char *text = json_string_value(value);
	long percent = 25; /* the API server's default */
	long product;

	if (json_is_integer(value)) {
		json_int_t number = json_integer_value(value);

		return number < 0 || number > INT_MAX ? 0 : (int)number;
	}
	if (text)
		percent = strtol(text, NULL, 10);
	if (percent < 0 || percent > 100)
		percent = percent < 0 ? 0 : 100;
	product = percent * replicas;
	return (int)(rounds_up ? (product + 99) / 100 : product / 100);
}

/* Its rollout may take away every pod before a new one is ready. */
static bool may_empty(const json_t *object, int replicas)
{
	const json_t *rolling = kube_tree_find(object, "spec/strategy/rollingUpdate");
	int wanted = replicas > 0 ? replicas : 1;
	int unavailable = resolve(json_object_get(rolling, "maxUnavailable"), wanted, false);
	int surge = resolve(json_object_get(rolling, "maxSurge"), wanted, true);

	if (strcmp(kube_tree_text(object, "spec/strategy/type"), "Recreate") == 0)
		return true;
	if (unavailable == 0 && surge == 0)
		unavailable = 1;
	return unavailable >= wanted;
}

/* A DaemonSet's: without maxSurge a pod goes before its successor comes. */
static bool may_empty_daemon(const json_t *object, int wanted)
{
	const json_t *rolling = kube_tree_find(object, "spec/updateStrategy/rollingUpdate");
	const json_t *most = json_object_get(rolling, "maxUnavailable");
	const json_t *surge = json_object_get(rolling, "maxSurge");

	if (surge && resolve(surge, wanted, true) > 0)
		return false;
	return (most ? resolve(most, wanted, true) : 1) >= wanted;
}

/* How many nodes are to have a pod is its controller's to say; before it did, one at least. */
static void read_daemon(const json_t *object, struct workload_fact *ret)
{
	int wanted = kube_tree_whole(object, "status/desiredNumberScheduled", 0);

	ret->is_daemon = true;
	ret->replicas = wanted > 0 ? wanted : 1;
	ret->updated = kube_tree_whole(object, "status/updatedNumberScheduled", 0);
	ret->total = kube_tree_whole(object, "status/currentNumberScheduled", 0) +
	             kube_tree_whole(object, "status/numberMisscheduled", 0);
	ret->ready = kube_tree_whole(object, "status/numberReady", 0);
	ret->available = kube_tree_whole(object, "status/numberAvailable", 0);
	ret->may_empty = may_empty_daemon(object, ret->replicas);
	if (nowhere(object))
		ret->replicas = 0;
}

static void read_deployment(const json_t *object, struct workload_fact *ret)
{
	ret->replicas = kube_tree_whole(object, "spec/replicas", 1);
	ret->updated = kube_tree_whole(object, "status/updatedReplicas", 0);
	ret->total = kube_tree_whole(object, "status/replicas", 0);
	ret->ready = kube_tree_whole(object, "status/readyReplicas", 0);
	ret->available = kube_tree_whole(object, "status/availableReplicas", 0);
	ret->may_empty = may_empty(object, ret->replicas);
}

static bool is_observed(const json_t *object)
{
	json_int_t wanted = json_integer_value(kube_tree_find(object, "metadata/generation"));
	json_int_t seen = json_integer_value(kube_tree_find(object, "status/observedGeneration"));

	return seen >= wanted;
}

/* Why this target cannot be served, into `ret->refusal`. */
static void refuse(const json_t *object, const struct provider_options *options,
                   struct workload_fact *ret)
{
	const char *label;
	const char *value;
	struct err err;
	json_t *configs = NULL;
	const char *update = kube_tree_text(object, "spec/updateStrategy/type");

	if (!kube_workload_label(object, options, &label, &value, &err)) {
		text_copy(ret->refusal, err.text);
		return;
	}
	if (ret->is_daemon && strcmp(update, "RollingUpdate") != 0) {
		text_format(ret->refusal, sizeof(ret->refusal),
		            "spec.updateStrategy.type: daemonset %.63s.%.63s must have "
		            "RollingUpdate strategy but have %.40s",
		            kube_tree_text(object, "metadata/name"),
		            kube_tree_text(object, "metadata/namespace"), update);
		return;
	}
	if (!ret->has_configs)
		return;
	if (!kube_config_list(kube_tree_find(object, "spec/template"), &configs, &err))
		text_copy(ret->refusal, err.text);
	json_decref(configs);
}

static void read_template(const json_t *object, struct workload_fact *ret)
{
	const json_t *template = kube_tree_find(object, "spec/template");
	const json_t *containers = kube_tree_find(template, "spec/containers");
	struct err err;

	if (!kube_pod_template_digest(template, ret->digest, &err))
		text_copy(ret->refusal, err.text);
	text_copy(ret->release_uid,
	          kube_tree_value(kube_tree_find(template, "metadata/annotations"),
	                          KUBE_TEMPLATE_ID));
	text_copy(ret->image, kube_tree_text(json_array_get(containers, 0), "image"));
}

void kube_workload_read(const json_t *object, const struct provider_options *options,
                        bool is_target, struct workload_fact *ret)
{
	struct workload_fact fact = {.slot = ret->slot};

	text_copy(fact.uid, kube_tree_text(object, "metadata/uid"));
	text_copy(fact.resource_version, kube_tree_text(object, "metadata/resourceVersion"));
	fact.is_observed = is_observed(object);
	if (kube_workload_is_daemon(object))
		read_daemon(object, &fact);
	else
		read_deployment(object, &fact);
	read_template(object, &fact);
	fact.has_configs = is_target && options->track_configs &&
	                   kube_config_is_referred(kube_tree_find(object, "spec/template"));
	if (is_target && fact.refusal[0] == '\0')
		refuse(object, options, &fact);
	*ret = fact;
}

/* "cart-primary" */
static void set_label(const struct canary_world *world, json_t *labels)
{
	char value[SERVICE_NAME_MAX + 8];

	assert(world->label[0] != '\0');
	text_format(value, sizeof(value), "%s%s", world->label_value, KUBE_TEMPLATE_SUFFIX);
	kube_tree_set_text(labels, world->label, value);
}

/* A label of the target, by its key, that its primary has, too. */
static bool is_included(const struct provider_options *options, const char *key)
{
	const char *const *prefix = options->label_prefixes;

	if (!prefix || strlen(key) > LABEL_KEY_MAX || strstr(key, KUBE_TEMPLATE_TOOLKIT) ||
	    strcmp(key, KUBE_LABEL_UID) == 0)
		return false;
	while (*prefix && strcmp(*prefix, "*") != 0 && !kube_tree_is_prefix(*prefix, key))
		prefix++;
	return *prefix != NULL;
}

/* Those labels of TARGET, but for the one that tells whose pods they are; a new object. */
static json_t *included_labels(const struct canary_world *world, const json_t *target)
{
	json_t *labels = kube_tree_object();
	const char *key;
	json_t *value;

	json_object_foreach(kube_tree_find(target, "metadata/labels"), key, value)
	{
		if (is_included(world->options, key) && strcmp(key, world->label) != 0)
			kube_tree_set(labels, key, json_incref(value));
	}
	return labels;
}

/* The target's, without what speaks of the target itself. */
static json_t *annotations_of(const json_t *target)
{
	json_t *annotations =
		kube_pod_template_filter(kube_tree_find(target, "metadata/annotations"));

	(void)json_object_del(annotations, "kubectl.kubernetes.io/last-applied-configuration");
	(void)json_object_del(annotations, "deployment.kubernetes.io/revision");
	(void)json_object_del(annotations, "deprecated.daemonset.template.generation");
	return annotations;
}

static json_t *metadata_of(const struct canary_world *world, const json_t *target)
{
	json_t *metadata = kube_tree_object();
	json_t *labels = included_labels(world, target);

	set_label(world, labels);
	kube_tree_set_text(labels, KUBE_LABEL_UID, world->uid);
	kube_tree_set_text(metadata, "name", world->spec->primary);
	kube_tree_set_text(metadata, "namespace", world->spec->k8s_namespace);
	kube_tree_set(metadata, "labels", labels);
	kube_tree_set(metadata, "annotations", annotations_of(target));
	return metadata;
}

static const char *const copied[] = {
	"progressDeadlineSeconds", "minReadySeconds", "revisionHistoryLimit", "strategy",
	"updateStrategy",
};

json_t *kube_workload_primary(const struct canary_world *world, const struct kube_primary *primary)
{
	json_t *object = kube_tree_object();
	json_t *spec = kube_tree_object();
	json_t *selector = kube_tree_object();
	enum kube_kind kind = kube_workload_kind(world->spec);
	int replicas = primary->replicas;

	if (replicas <= 0)
		replicas = kube_tree_whole(primary->target, "spec/replicas", 1);
	set_label(world, selector);
	if (kind == KUBE_DEPLOYMENT)
		kube_tree_set_whole(spec, "replicas", replicas > 0 ? replicas : 1);
	kube_tree_set(spec, "selector", kube_tree_object());
	kube_tree_set(json_object_get(spec, "selector"), "matchLabels", selector);
	kube_tree_set(spec, "template",
	              kube_pod_template_primary(world, primary->template, primary->configs,
	                                        primary->release_uid));
	for (size_t i = 0; i < array_length(copied); i++) {
		const json_t *value =
			json_object_get(kube_tree_find(primary->target, "spec"), copied[i]);

		if (value)
			kube_tree_set(spec, copied[i], kube_tree_copy(value));
	}
	kube_tree_set_text(object, "apiVersion", kube_api_version(kind));
	kube_tree_set_text(object, "kind", kube_api_kind(kind));
	kube_tree_set(object, "metadata", metadata_of(world, primary->target));
	kube_tree_set(object, "spec", spec);
	return object;
}

/* PATCH gets a step for each label that the primary is to have of its target, which has changed
 * since it was made, perhaps. */
static void patch_labels(const struct canary_world *world, const json_t *target, json_t *patch)
{
	json_t *labels = included_labels(world, target);
	const char *key;
	json_t *value;

	json_object_foreach(labels, key, value)
	{
		char path[KUBE_TREE_POINTER_MAX];

		kube_tree_pointer(path, "/metadata/labels/", key);
		kube_tree_patch(patch, "add", path, json_incref(value));
	}
	json_decref(labels);
}

json_t *kube_workload_primary_patch(const struct canary_world *world,
                                    const struct kube_primary *primary)
{
	json_t *patch = kube_tree_list();
	char path[64];

	kube_tree_patch(patch, "replace", "/spec/template",
	                kube_pod_template_primary(world, primary->template, primary->configs,
	                                          primary->release_uid));
	for (size_t i = 0; i < array_length(copied); i++) {
		const json_t *value =
			json_object_get(kube_tree_find(primary->target, "spec"), copied[i]);

		text_format(path, sizeof(path), "/spec/%s", copied[i]);
		if (value)
			kube_tree_patch(patch, "add", path, kube_tree_copy(value));
	}
	patch_labels(world, primary->target, patch);
	if (primary->replicas > 0)
		kube_tree_patch(patch, "add", "/spec/replicas", json_integer(primary->replicas));
	return patch;
}

json_t *kube_workload_daemon_patch(const json_t *live, bool has_pods)
{
	static const char path[] = "/spec/template/spec/nodeSelector";
	json_t *patch = kube_tree_list();
	json_t *selector;

	if (has_pods == !nowhere(live))
		return patch;
	selector = kube_tree_copy(kube_tree_find(live, path + 1));
	if (has_pods)
		(void)json_object_del(selector, KUBE_TEMPLATE_NOWHERE);
	else
		kube_tree_set_text(selector, KUBE_TEMPLATE_NOWHERE, "true");
	kube_tree_patch(patch, "add", path, selector);
	return patch;
}

#include "providers/kube/pod_template.h"

#include "analysis/base/text.h"
#include "providers/kube/config.h"
#include "providers/kube/tree.h"
#include "providers/wire/digest.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define OWN_PREFIX "serin.dev/"

static bool is_own(const char *key)
{
	return kube_tree_is_prefix(OWN_PREFIX, key) || strcmp(key, KUBE_TEMPLATE_ID) == 0;
}

/* A copy of TEMPLATE without what is not compared. */
static json_t *bare(const json_t *template)
{
	json_t *copy = kube_tree_copy(template);
	json_t *metadata = json_object_get(copy, "metadata");
	json_t *annotations = json_object_get(metadata, "annotations");
	json_t *selector = kube_tree_find(copy, "spec/nodeSelector");
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(annotations, next, key, value)
	{
		if (is_own(key))
			(void)json_object_del(annotations, key);
	}
	if (annotations && json_object_size(annotations) == 0)
		(void)json_object_del(metadata, "annotations");
	if (selector) {
		(void)json_object_del(selector, KUBE_TEMPLATE_NOWHERE);
		if (json_object_size(selector) == 0)
			(void)json_object_del(json_object_get(copy, "spec"), "nodeSelector");
	}
	if (json_is_null(json_object_get(metadata, "creationTimestamp")))
		(void)json_object_del(metadata, "creationTimestamp");
	return copy;
}

bool kube_pod_template_digest(const json_t *template, char ret[DIGEST_MAX], struct err *err)
{
	json_auto_t *copy = bare(template);
	char *text = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
	size_t length;

	if (!text)
		abort();
	length = strlen(text);
	if (length <= KUBE_TEMPLATE_MAX)
		(void)digest_sha256(text, length, ret);
	free(text);
	if (length > KUBE_TEMPLATE_MAX)
		return err_set(err, ERR_LIMIT, "spec.template: %zu bytes, at most %zu are served",
		               length, KUBE_TEMPLATE_MAX);
	return true;
}

json_t *kube_pod_template_filter(json_t *map)
{
	json_t *kept = kube_tree_object();
	const char *key;
	json_t *value;

	json_object_foreach(map, key, value)
	{
		if (!strstr(key, KUBE_TEMPLATE_TOOLKIT))
			kube_tree_set(kept, key, json_incref(value));
	}
	return kept;
}

static bool is_selector_label(const struct provider_options *options, const char *key)
{
	for (const char *const *label = options->selector_labels; *label; label++) {
		if (strcmp(*label, key) == 0)
			return true;
	}
	return false;
}

/* TEXT with the suffix. */
static json_t *suffixed(const char *text)
{
	json_t *string = json_sprintf("%s%s", text, KUBE_TEMPLATE_SUFFIX);

	if (!string)
		abort();
	return string;
}

/* Selectors that name one workload's pods are to name another's. */
struct renaming {
	const struct provider_options *options;
	const char *from;
	const char *to;
};

static json_t *text_json(const char *text)
{
	json_t *string = json_string(text);

	if (!string)
		abort();
	return string;
}

/* In the list VALUES, the first that is the one name becomes the other. */
static void rename_first(const struct renaming *renaming, json_t *values)
{
	for (size_t i = 0; i < json_array_size(values); i++) {
		const char *value = json_string_value(json_array_get(values, i));

		if (!value || strcmp(value, renaming->from) != 0)
			continue;
		if (json_array_set_new(values, i, text_json(renaming->to)) != 0)
			abort();
		return;
	}
}

static void rename_selector(const struct renaming *renaming, json_t *selector)
{
	json_t *labels = json_object_get(selector, "matchLabels");
	json_t *expressions = json_object_get(selector, "matchExpressions");
	const char *key;
	json_t *value;

	json_object_foreach(labels, key, value)
	{
		if (is_selector_label(renaming->options, key) && json_is_string(value) &&
		    strcmp(json_string_value(value), renaming->from) == 0)
			kube_tree_set(labels, key, text_json(renaming->to));
	}
	for (size_t i = 0; i < json_array_size(expressions); i++) {
		json_t *expression = json_array_get(expressions, i);

		if (is_selector_label(renaming->options, kube_tree_text(expression, "key")))
			rename_first(renaming, json_object_get(expression, "values"));
	}
}

/* Pods that keep away from their likes keep away from the primary's (2.4.3). */
static void rename_spread(const struct renaming *renaming, json_t *spec)
{
	json_t *spread = json_object_get(spec, "topologySpreadConstraints");
	json_t *anti = kube_tree_find(spec, "affinity/podAntiAffinity");
	json_t *required = json_object_get(anti, "requiredDuringSchedulingIgnoredDuringExecution");
	json_t *preferred =
		json_object_get(anti, "preferredDuringSchedulingIgnoredDuringExecution");

	for (size_t i = 0; i < json_array_size(spread); i++)
		rename_selector(renaming,
		                kube_tree_find(json_array_get(spread, i), "labelSelector"));
	for (size_t i = 0; i < json_array_size(required); i++)
		rename_selector(renaming,
		                kube_tree_find(json_array_get(required, i), "labelSelector"));
	for (size_t i = 0; i < json_array_size(preferred); i++)
		rename_selector(renaming, kube_tree_find(json_array_get(preferred, i),
		                                         "podAffinityTerm/labelSelector"));
}

/* Deployments' names are longer than Services', whose label value it may be. */
#define PRIMARY_NAME_MAX (NAME_MAX_K8S + sizeof(KUBE_TEMPLATE_SUFFIX))

static void primary_name(const char *target, char ret[PRIMARY_NAME_MAX])
{
	text_format(ret, PRIMARY_NAME_MAX, "%.253s%s", target, KUBE_TEMPLATE_SUFFIX);
}

json_t *kube_pod_template_primary(const struct canary_world *world, const json_t *template,
                                  const json_t *configs, const char *release_uid)
{
	json_t *copy = bare(template);
	json_t *metadata;
	json_t *labels;
	json_t *annotations;
	char primary[PRIMARY_NAME_MAX];
	struct renaming renaming = {world->options, world->spec->target, primary};

	assert(world->label[0] != '\0');
	primary_name(world->spec->target, primary);
	if (!json_is_object(json_object_get(copy, "metadata")))
		kube_tree_set(copy, "metadata", kube_tree_object());
	metadata = json_object_get(copy, "metadata");
	labels = kube_pod_template_filter(json_object_get(metadata, "labels"));
	kube_tree_set(labels, world->label, suffixed(world->label_value));
	annotations = kube_pod_template_filter(json_object_get(metadata, "annotations"));
	kube_tree_set_text(annotations, KUBE_TEMPLATE_ID, release_uid);
	kube_tree_set(metadata, "labels", labels);
	kube_tree_set(metadata, "annotations", annotations);
	rename_spread(&renaming, json_object_get(copy, "spec"));
	kube_config_rename(json_object_get(copy, "spec"), configs);
	return copy;
}

json_t *kube_pod_template_target(const struct canary_world *world, const json_t *template)
{
	json_t *copy = bare(template);
	json_t *labels = kube_tree_find(copy, "metadata/labels");
	char primary[PRIMARY_NAME_MAX];
	struct renaming renaming = {world->options, primary, world->spec->target};

	assert(world->label[0] != '\0');
	primary_name(world->spec->target, primary);
	if (labels)
		kube_tree_set_text(labels, world->label, world->label_value);
	rename_spread(&renaming, json_object_get(copy, "spec"));
	return copy;
}

bool kube_pod_template_is_same(const json_t *a, const json_t *b)
{
	json_auto_t *left = bare(a);
	json_auto_t *right = bare(b);

	return json_equal(left, right);
}

bool kube_pod_template_is_grown(const json_t *recorded, const json_t *live)
{
	json_auto_t *before = bare(recorded);
	json_auto_t *after = bare(live);

	return kube_tree_is_grown(before, after);
}

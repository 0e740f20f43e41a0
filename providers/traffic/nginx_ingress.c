#include "providers/traffic/nginx_ingress.h"

#include "analysis/base/text.h"
#include "providers/kube/api.h"
#include "providers/kube/owner.h"
#include "providers/kube/tree.h"
#include "providers/traffic/nginx_rule.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define INGRESS_CLASS "kubernetes.io/ingress.class"
#define LAST_APPLIED  "kubectl.kubernetes.io/last-applied-configuration"

/* The paths of RULE whose backend is the apex, leading to the canary, a new list. */
static json_t *paths_of(const struct canary_world *world, const json_t *rule)
{
	const json_t *paths = kube_tree_find(rule, "http/paths");
	json_t *kept = kube_tree_list();

	for (size_t i = 0; i < json_array_size(paths); i++) {
		const json_t *path = json_array_get(paths, i);
		json_t *copy;

		if (strcmp(kube_tree_text(path, "backend/service/name"), world->apex) != 0)
			continue;
		copy = kube_tree_copy(path);
		kube_tree_set_text(kube_tree_find(copy, "backend/service"), "name",
		                   world->canary_service);
		kube_tree_append(kept, copy);
	}
	return kept;
}

/*
 * Nothing that leads elsewhere is in it. Where the user's Ingress is made anew the clone is the
 * older one, and ingress-nginx takes each Service that it names for a canary's: its paths were then
 * answered 404, seen on the real one.
 */
json_t *nginx_ingress_spec(const struct canary_world *world, const json_t *source, struct err *err)
{
	json_t *spec = kube_tree_copy(kube_tree_find(source, "spec"));
	const json_t *rules = kube_tree_find(kube_tree_find(source, "spec"), "rules");
	json_t *kept = kube_tree_list();

	for (size_t i = 0; i < json_array_size(rules); i++) {
		json_t *paths = paths_of(world, json_array_get(rules, i));
		json_t *rule = kube_tree_copy(json_array_get(rules, i));

		if (json_array_size(paths) > 0) {
			kube_tree_set(kube_tree_find(rule, "http"), "paths", json_incref(paths));
			kube_tree_append(kept, json_incref(rule));
		}
		json_decref(paths);
		json_decref(rule);
	}
	kube_tree_set(spec, "rules", kept);
	(void)json_object_del(spec, "defaultBackend");
	if (json_array_size(kept) > 0)
		return spec;
	json_decref(spec);
	(void)err_set(err, ERR_INVALID, "backend %s not found in ingress %s", world->apex,
	              kube_tree_text(source, "metadata/name"));
	return NULL;
}

static json_t *annotations_of(const struct canary_world *world, const json_t *source, int weight)
{
	json_t *from = kube_tree_find(source, "metadata/annotations");
	json_t *annotations = kube_tree_object();
	const char *key;
	json_t *value;

	json_object_foreach(from, key, value)
	{
		if (!nginx_rule_is_canary(world, key) && strcmp(key, LAST_APPLIED) != 0)
			kube_tree_set(annotations, key, json_incref(value));
	}
	kube_owner_set_flux(annotations);
	nginx_rule_set(annotations, world, weight);
	return annotations;
}

static void set_label(json_t *labels, const struct canary_world *world)
{
	kube_tree_set_text(labels, KUBE_LABEL_UID, world->uid);
}

json_t *nginx_ingress_new(const struct canary_world *world, const json_t *source, int weight,
                          struct err *err)
{
	json_t *spec = nginx_ingress_spec(world, source, err);
	json_t *object;
	json_t *metadata;
	json_t *labels;
	char name[NAME_MAX_K8S];

	if (!spec)
		return NULL;
	object = kube_tree_object();
	metadata = kube_tree_object();
	labels = kube_tree_copy(kube_tree_find(source, "metadata/labels"));
	set_label(labels, world);
	text_format(name, sizeof(name), "%s", world->ingress_clone);
	kube_tree_set_text(metadata, "name", name);
	kube_tree_set_text(metadata, "namespace", world->spec->k8s_namespace);
	kube_tree_set(metadata, "labels", labels);
	kube_tree_set(metadata, "annotations", annotations_of(world, source, weight));
	kube_tree_set_text(object, "apiVersion", kube_api_version(KUBE_INGRESS));
	kube_tree_set_text(object, "kind", kube_api_kind(KUBE_INGRESS));
	kube_tree_set(object, "metadata", metadata);
	kube_tree_set(object, "spec", spec);
	return object;
}

/* Some path of CLONE leads to this Canary's canary Service. */
static bool leads_to_canary(const struct canary_world *world, const json_t *clone)
{
	const json_t *rules = kube_tree_find(clone, "spec/rules");

	for (size_t i = 0; i < json_array_size(rules); i++) {
		const json_t *paths = kube_tree_find(json_array_get(rules, i), "http/paths");

		for (size_t j = 0; j < json_array_size(paths); j++) {
			if (strcmp(kube_tree_text(json_array_get(paths, j), "backend/service/name"),
			           world->canary_service) == 0)
				return true;
		}
	}
	return false;
}

bool nginx_ingress_is_ours(const struct canary_world *world, const json_t *clone)
{
	const json_t *labels = kube_tree_find(clone, "metadata/labels");

	if (kube_owner_is_ours(clone, world) || kube_owner_is_canary(clone, world->spec->name))
		return true;
	/* A Canary that was deleted and made again has another UID, and the same Services. */
	return json_object_get(labels, KUBE_LABEL_UID) && leads_to_canary(world, clone);
}

/* What says how the controller serves an Ingress, the canary's share of it apart. */
static bool is_kept_in_step(const struct canary_world *world, const char *key)
{
	size_t length = strlen(world->options->ingress_annotation_prefix);

	if (strcmp(key, INGRESS_CLASS) == 0)
		return true;
	return strncmp(key, world->options->ingress_annotation_prefix, length) == 0 &&
	       key[length] == '/' && !nginx_rule_is_canary(world, key);
}

/* managedFields: it was us who put KEY there. */
static bool is_put_by_us(const struct canary_world *world, const json_t *clone, const char *key)
{
	const json_t *entries = kube_tree_find(clone, "metadata/managedFields");
	char field[NAME_MAX_K8S];

	text_format(field, sizeof(field), "f:%s", key);
	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);

		if (strcmp(kube_tree_text(entry, "manager"), world->options->field_manager) == 0 &&
		    json_object_get(kube_tree_find(entry, "fieldsV1/f:metadata/f:annotations"),
		                    field))
			return true;
	}
	return false;
}

/* The steps that bring CLONE's annotations in step with SOURCE's: values, and null for what goes.
 */
static json_t *steps_of(const struct canary_world *world, const json_t *source, const json_t *clone)
{
	json_t *wanted = kube_tree_find(source, "metadata/annotations");
	json_t *live = kube_tree_find(clone, "metadata/annotations");
	json_t *steps = kube_tree_object();
	const char *key;
	json_t *value;

	if (!source)
		return steps;
	json_object_foreach(wanted, key, value)
	{
		if (is_kept_in_step(world, key) && !json_equal(value, json_object_get(live, key)))
			kube_tree_set(steps, key, json_incref(value));
	}
	json_object_foreach(live, key, value)
	{
		if (is_kept_in_step(world, key) && !json_object_get(wanted, key) &&
		    is_put_by_us(world, clone, key))
			kube_tree_set(steps, key, json_null());
	}
	return steps;
}

/* CLONE's annotations with those of WEIGHT, in step with SOURCE's; rules that are not wanted are
 * gone. */
static json_t *annotations_with(const struct canary_world *world, const json_t *source,
                                const json_t *clone, int weight)
{
	json_auto_t *steps = steps_of(world, source, clone);
	json_t *from = kube_tree_find(clone, "metadata/annotations");
	json_t *annotations = kube_tree_object();
	const char *key;
	json_t *value;

	json_object_foreach(from, key, value)
	{
		if (!nginx_rule_is_canary(world, key) && !json_object_get(steps, key))
			kube_tree_set(annotations, key, json_incref(value));
	}
	json_object_foreach(steps, key, value)
	{
		if (!json_is_null(value))
			kube_tree_set(annotations, key, json_incref(value));
	}
	nginx_rule_set(annotations, world, weight);
	return annotations;
}

bool nginx_ingress_says(const struct canary_world *world, const json_t *source, const json_t *clone,
                        int weight)
{
	json_auto_t *wanted = annotations_with(world, source, clone, weight);

	return json_equal(wanted, kube_tree_find(clone, "metadata/annotations")) == 1;
}

json_t *nginx_ingress_merge(const struct canary_world *world, const json_t *source,
                            const json_t *clone, int weight)
{
	json_t *live = kube_tree_find(clone, "metadata/annotations");
	json_t *annotations = steps_of(world, source, clone);
	json_t *metadata = kube_tree_object();
	json_t *patch = kube_tree_object();
	const char *key;
	json_t *value;

	if (!clone)
		nginx_rule_clear(annotations, world);
	json_object_foreach(live, key, value)
	{
		if (nginx_rule_is_canary(world, key))
			kube_tree_set(annotations, key, json_null());
	}
	nginx_rule_set(annotations, world, weight);
	kube_tree_set(metadata, "annotations", annotations);
	kube_tree_set(patch, "metadata", metadata);
	return patch;
}

json_t *nginx_ingress_repair(const struct canary_world *world, const json_t *clone,
                             const json_t *spec)
{
	json_t *patch = kube_tree_list();
	json_t *labels;

	if (!json_equal(spec, kube_tree_find(clone, "spec")))
		kube_tree_patch(patch, "replace", "/spec", kube_tree_copy(spec));
	if (!kube_owner_is_ours(clone, world)) {
		labels = kube_tree_copy(kube_tree_find(clone, "metadata/labels"));
		set_label(labels, world);
		kube_tree_patch(patch, "add", "/metadata/labels", labels);
	}
	kube_owner_remove(patch, clone, world->spec->name);
	return patch;
}

void nginx_ingress_weigh(json_t *patch, const struct canary_world *world, const json_t *source,
                         const json_t *clone, int weight)
{
	if (!nginx_ingress_says(world, source, clone, weight))
		kube_tree_patch(patch, "add", "/metadata/annotations",
		                annotations_with(world, source, clone, weight));
}

int nginx_ingress_weight(const struct canary_world *world, const json_t *clone)
{
	const json_t *annotations = kube_tree_find(clone, "metadata/annotations");

	if (world->spec->strategy == STRATEGY_AB && nginx_rule_is_any(annotations, world))
		return SPEC_WEIGHT_FULL;
	return nginx_rule_weight(annotations, world);
}

/* The fieldsV1 of a managedFields entry have the weight's annotation, or do not say what they have.
 */
static bool has_weight(const struct canary_world *world, const json_t *entry)
{
	const json_t *fields = kube_tree_find(entry, "fieldsV1/f:metadata/f:annotations");
	char key[NAME_MAX_K8S];

	text_format(key, sizeof(key), "f:%s/canary-weight",
	            world->options->ingress_annotation_prefix);
	return json_object_get(fields, key) ||
	       json_object_size(json_object_get(entry, "fieldsV1")) == 0;
}

bool nginx_ingress_is_weighed_by_us(const struct canary_world *world, const json_t *clone)
{
	const json_t *entries = kube_tree_find(clone, "metadata/managedFields");
	const char *newest = "";
	bool is_ours = false;

	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		const char *time = kube_tree_text(entry, "time");
		bool is_us = strcmp(kube_tree_text(entry, "manager"),
		                    world->options->field_manager) == 0;
		int order = strcmp(
			time, newest); /* RFC 3339 in UTC, whole seconds: order is text order */

		if (!has_weight(world, entry) || order < 0)
			continue;
		is_ours = order == 0 ? is_ours || is_us : is_us;
		newest = time;
	}
	return is_ours;
}

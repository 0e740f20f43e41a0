#include "providers/kube/service.h"

#include "analysis/base/text.h"
#include "providers/kube/api.h"
#include "providers/kube/owner.h"
#include "providers/kube/pod_template.h"
#include "providers/kube/service_port.h"
#include "providers/kube/service_target.h"
#include "providers/kube/tree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const char *kube_service_name(const struct canary_world *world, enum subject subject)
{
	if (subject == SUBJECT_APEX)
		return world->apex;
	assert(subject == SUBJECT_PRIMARY_SERVICE || subject == SUBJECT_CANARY_SERVICE);
	return subject == SUBJECT_PRIMARY_SERVICE ? world->primary_service : world->canary_service;
}

/* spec.service.{apex,primary,canary}/KEY */
static json_t *block(const struct canary_world *world, enum subject subject, const char *key)
{
	const char *name = subject == SUBJECT_APEX              ? "apex"
	                   : subject == SUBJECT_PRIMARY_SERVICE ? "primary"
	                                                        : "canary";
	const json_t *service = kube_tree_find(world->object, "spec/service");

	return json_object_get(json_object_get(service, name), key);
}

/* Of a target that is a Service the canary's is a copy, as it is. */
static bool is_copy(const struct canary_world *world)
{
	return world->spec->target_kind == TARGET_SERVICE;
}

bool kube_service_needs_template(const struct canary_world *world)
{
	return is_copy(world) ||
	       json_is_true(kube_tree_find(world->object, "spec/service/portDiscovery"));
}

static json_t *selector_of(const struct canary_world *world, enum backend backend)
{
	json_t *selector = kube_tree_object();
	char value[SERVICE_NAME_MAX + 8];

	assert(world->label[0] != '\0' && backend != BACKEND_NONE);
	text_format(value, sizeof(value), "%s%s", world->label_value,
	            backend == BACKEND_PRIMARY ? KUBE_TEMPLATE_SUFFIX : "");
	kube_tree_set_text(selector, world->label, value);
	return selector;
}

static enum backend backend_of(const struct canary_world *world, const json_t *selector)
{
	json_auto_t *primary = NULL;
	json_auto_t *canary = NULL;

	if (world->label[0] == '\0')
		return BACKEND_NONE;
	primary = selector_of(world, BACKEND_PRIMARY);
	canary = selector_of(world, BACKEND_CANARY);
	if (json_equal(selector, primary))
		return BACKEND_PRIMARY;
	return json_equal(selector, canary) ? BACKEND_CANARY : BACKEND_NONE;
}

/* We made LIVE, or Flagger did: its metadata is ours to say. */
static bool is_made(const struct canary_world *world, const json_t *live)
{
	const json_t *annotations = kube_tree_find(live, "metadata/annotations");
	const json_t *labels = kube_tree_find(live, "metadata/labels");

	if (json_object_get(annotations, KUBE_SERVICE_ORIGINAL))
		return false;
	return json_object_get(labels, KUBE_LABEL_UID) ||
	       kube_owner_is_canary(live, world->spec->name);
}

/* Copy from LIVE the keys that spec.service.unmanagedMetadata lists. */
static void keep_unmanaged(const struct canary_world *world, const char *which, json_t *map,
                           const json_t *live)
{
	const json_t *service = kube_tree_find(world->object, "spec/service/unmanagedMetadata");
	const json_t *keys = json_object_get(service, which);

	for (size_t i = 0; i < json_array_size(keys); i++) {
		const char *key = json_string_value(json_array_get(keys, i));
		json_t *value = key ? json_object_get(live, key) : NULL;

		if (value)
			kube_tree_set(map, key, json_incref(value));
	}
}

/* Labels and annotations from the Canary; LIVE's are only those that it leaves alone. */
static json_t *made_labels(const struct canary_world *world, enum subject subject,
                           const json_t *live)
{
	json_t *labels = kube_tree_copy(block(world, subject, "labels"));

	kube_tree_set_text(labels, world->label, kube_service_name(world, subject));
	kube_tree_set_text(labels, KUBE_LABEL_UID, world->uid);
	keep_unmanaged(world, "labels", labels, live);
	return labels;
}

static json_t *made_annotations(const struct canary_world *world, enum subject subject,
                                const json_t *live)
{
	json_t *annotations = kube_tree_copy(block(world, subject, "annotations"));

	kube_owner_set_flux(annotations);
	keep_unmanaged(world, "annotations", annotations, live);
	return annotations;
}

/* The user's, with our marks added. */
static json_t *taken_labels(const struct canary_world *world, const json_t *live)
{
	json_t *labels = kube_tree_copy(live);

	kube_tree_set_text(labels, KUBE_LABEL_UID, world->uid);
	return labels;
}

static json_t *taken_annotations(const json_t *annotations, const json_t *object)
{
	json_t *kept = kube_tree_copy(annotations);
	json_t *selector = kube_tree_find(object, "spec/selector");
	char *text;

	kube_owner_set_flux(kept);
	if (json_object_get(kept, KUBE_SERVICE_ORIGINAL))
		return kept;
	text = json_dumps(selector, JSON_COMPACT | JSON_SORT_KEYS);
	kube_tree_set_text(kept, KUBE_SERVICE_ORIGINAL, text ? text : "{}");
	free(text);
	return kept;
}

/* Append the step that makes the map at PATH say WANTED, which is taken; none when LIVE does. */
static void patch_map(json_t *patch, const char *path, json_t *wanted, const json_t *live)
{
	if (json_equal(wanted, live) || (!live && json_object_size(wanted) == 0))
		json_decref(wanted);
	else
		kube_tree_patch(patch, "add", path, wanted);
}

static void patch_metadata(json_t *patch, const struct canary_world *world, enum subject subject,
                           const json_t *live)
{
	const json_t *labels = kube_tree_find(live, "metadata/labels");
	const json_t *annotations = kube_tree_find(live, "metadata/annotations");

	if (is_made(world, live)) {
		patch_map(patch, "/metadata/labels", made_labels(world, subject, labels), labels);
		patch_map(patch, "/metadata/annotations",
		          made_annotations(world, subject, annotations), annotations);
	} else {
		patch_map(patch, "/metadata/labels", taken_labels(world, labels), labels);
		patch_map(patch, "/metadata/annotations", taken_annotations(annotations, live),
		          annotations);
	}
	kube_owner_remove(patch, live, world->spec->name);
}

static void patch_ports(json_t *patch, const struct canary_world *world, const json_t *live,
                        const json_t *template)
{
	const json_t *ports = kube_tree_find(live, "spec/ports");
	json_t *wanted = kube_service_port_list(world, template);
	bool is_part = kube_service_needs_template(world) && !template;

	kube_service_port_keep(wanted, ports);
	if (kube_service_port_is_same(wanted, ports, is_part))
		json_decref(wanted);
	else
		kube_tree_patch(patch, "add", "/spec/ports", wanted);
}

json_t *kube_service_patch(const struct canary_world *world, enum subject subject,
                           enum backend backend, const json_t *live, const json_t *template)
{
	json_t *patch;

	if (is_copy(world))
		return kube_service_target_patch(world, live, template, NULL);
	patch = kube_tree_list();
	if (backend != BACKEND_NONE &&
	    backend_of(world, kube_tree_find(live, "spec/selector")) != backend)
		kube_tree_patch(patch, "add", "/spec/selector", selector_of(world, backend));
	patch_ports(patch, world, live, template);
	patch_metadata(patch, world, subject, live);
	return patch;
}

json_t *kube_service_patch_selector(const struct canary_world *world, enum backend backend)
{
	json_t *patch = kube_tree_list();

	kube_tree_patch(patch, "replace", "/spec/selector", selector_of(world, backend));
	return patch;
}

void kube_service_read(const json_t *object, const struct canary_world *world, enum subject subject,
                       struct service_fact *ret)
{
	struct service_fact fact = {.slot = ret->slot, .since = ret->since};
	json_auto_t *patch = NULL;

	text_copy(fact.uid, kube_tree_text(object, "metadata/uid"));
	text_copy(fact.resource_version, kube_tree_text(object, "metadata/resourceVersion"));
	fact.is_ours = kube_owner_is_marked(object);
	fact.backend = is_copy(world) ? BACKEND_CANARY
	                              : backend_of(world, kube_tree_find(object, "spec/selector"));
	if (world->label[0] != '\0' && (!is_copy(world) || world->target_template)) {
		patch = kube_service_patch(world, subject, BACKEND_NONE, object,
		                           world->target_template);
		fact.is_exact = json_array_size(patch) == 0;
	}
	*ret = fact;
}

json_t *kube_service_new(const struct canary_world *world, enum subject subject,
                         enum backend backend, const json_t *template)
{
	const json_t *service = kube_tree_find(world->object, "spec/service");
	const char *distribution = kube_tree_text(service, "trafficDistribution");
	json_t *object;
	json_t *metadata;
	json_t *spec;

	if (is_copy(world))
		return kube_service_target_new(world, kube_service_name(world, subject), template,
		                               NULL, NULL);
	object = kube_tree_object();
	metadata = kube_tree_object();
	spec = kube_tree_object();
	kube_tree_set_text(metadata, "name", kube_service_name(world, subject));
	kube_tree_set_text(metadata, "namespace", world->spec->k8s_namespace);
	kube_tree_set(metadata, "labels", made_labels(world, subject, NULL));
	kube_tree_set(metadata, "annotations", made_annotations(world, subject, NULL));
	kube_tree_set_text(spec, "type", "ClusterIP");
	if (json_is_true(kube_tree_find(service, "headless")))
		kube_tree_set_text(spec, "clusterIP", "None");
	if (distribution[0])
		kube_tree_set_text(spec, "trafficDistribution", distribution);
	kube_tree_set(spec, "selector", selector_of(world, backend));
	kube_tree_set(spec, "ports", kube_service_port_list(world, template));
	kube_tree_set_text(object, "apiVersion", kube_api_version(KUBE_SERVICE));
	kube_tree_set_text(object, "kind", kube_api_kind(KUBE_SERVICE));
	kube_tree_set(object, "metadata", metadata);
	kube_tree_set(object, "spec", spec);
	return object;
}

/* The selector that LIVE had before it was taken over; NULL when it was not, or that is not
 * readable. */
static json_t *original_of(const json_t *annotations)
{
	json_t *selector = json_loads(kube_tree_value(annotations, KUBE_SERVICE_ORIGINAL), 0, NULL);

	if (json_is_object(selector))
		return selector;
	json_decref(selector);
	return NULL;
}

json_t *kube_service_patch_restore(const struct canary_world *world, const json_t *live)
{
	const json_t *annotations = kube_tree_find(live, "metadata/annotations");
	json_t *selector = original_of(annotations);
	json_t *labels = kube_tree_copy(kube_tree_find(live, "metadata/labels"));
	json_t *kept = kube_pod_template_filter(kube_tree_find(live, "metadata/annotations"));
	json_t *patch = kube_tree_list();

	/* It had none, or one of pods that are not there any more; those of a target that was never
	 * seen cannot be named. */
	if (world->label[0] != '\0' &&
	    (!selector || backend_of(world, selector) == BACKEND_PRIMARY)) {
		json_decref(selector);
		selector = selector_of(world, BACKEND_CANARY);
	}
	(void)json_object_del(labels, KUBE_LABEL_UID);
	(void)json_object_del(kept, KUBE_SERVICE_ORIGINAL);
	if (selector)
		kube_tree_patch(patch, "add", "/spec/selector", selector);
	kube_tree_patch(patch, "add", "/metadata/labels", labels);
	kube_tree_patch(patch, "add", "/metadata/annotations", kept);
	return patch;
}

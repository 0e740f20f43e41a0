#include "providers/kube/service_target.h"

#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "providers/kube/api.h"
#include "providers/kube/owner.h"
#include "providers/kube/pod_template.h"
#include "providers/kube/tree.h"

#include <string.h>

#define APPLIED "kubectl.kubernetes.io/last-applied-configuration"
#define FLAGGER "flagger"
#define COPIED  "serin.dev/copied" /* annotation of a primary: the digest of where it leads */
#define EDITED  "edited"           /* the id of one that leads elsewhere by another hand */

/* Of one Service alone: a copy with them would be refused, or take the original's clients. */
static const char *const own[] = {
	"clusterIP",
	"clusterIPs",
	"ipFamilies",
	"externalIPs",
	"externalTrafficPolicy",
	"healthCheckNodePort",
	"loadBalancerIP",
	"loadBalancerClass",
	"loadBalancerSourceRanges",
	"allocateLoadBalancerNodePorts",
};

/* What a copy has of SPEC, a Service's; a new object. */
static json_t *copied(const json_t *spec)
{
	json_t *copy = kube_tree_copy(spec);
	bool is_headless = strcmp(kube_tree_text(spec, "clusterIP"), "None") == 0;
	json_t *ports;

	for (size_t i = 0; i < array_length(own); i++)
		(void)json_object_del(copy, own[i]);
	if (is_headless)
		kube_tree_set_text(copy, "clusterIP", "None");
	if (strcmp(kube_tree_text(spec, "type"), "ExternalName") != 0)
		kube_tree_set_text(copy, "type", "ClusterIP");
	ports = json_object_get(copy, "ports");
	for (size_t i = 0; i < json_array_size(ports); i++)
		(void)json_object_del(json_array_get(ports, i), "nodePort");
	return copy;
}

/* Where SPEC, a Service's, leads; nothing that a newer API server could fill in. */
static void essence(const json_t *spec, char ret[DIGEST_MAX])
{
	static const char *const of_port[] = {"name", "port", "targetPort"};
	const json_t *ports = json_object_get(spec, "ports");
	json_t *leads = kube_tree_object();
	json_t *list = kube_tree_list();

	kube_tree_set(leads, "selector", kube_tree_copy(json_object_get(spec, "selector")));
	kube_tree_set_some(leads, "externalName", kube_tree_text(spec, "externalName"));
	for (size_t i = 0; i < json_array_size(ports); i++) {
		json_t *port = kube_tree_object();

		for (size_t j = 0; j < array_length(of_port); j++) {
			json_t *value = json_object_get(json_array_get(ports, i), of_port[j]);

			if (value)
				kube_tree_set(port, of_port[j], json_incref(value));
		}
		kube_tree_append(list, port);
	}
	kube_tree_set(leads, "ports", list);
	if (!kube_pod_template_digest(leads, ret, NULL))
		ret[0] = '\0';
	json_decref(leads);
}

/* OBJECT, a primary, was made to lead elsewhere since we wrote it. */
static bool is_edited(const json_t *object)
{
	const char *noted = kube_tree_value(kube_tree_find(object, "metadata/annotations"), COPIED);
	char digest[DIGEST_MAX];

	if (noted[0] == '\0')
		return false;
	essence(json_object_get(object, "spec"), digest);
	return strcmp(noted, digest) != 0;
}

/* What the Release is called whose template it has; "": nobody says. */
static void find_id(const struct canary_world *world, const json_t *object, const json_t *template,
                    char ret[DIGEST_MAX + 8])
{
	const json_t *annotations = kube_tree_find(object, "metadata/annotations");
	char digest[DIGEST_MAX];

	text_format(ret, DIGEST_MAX + 8, "%s",
	            is_edited(object) ? EDITED : kube_tree_value(annotations, KUBE_TEMPLATE_ID));
	if (ret[0] || strcmp(kube_tree_text(object, "metadata/name"), world->spec->primary) != 0 ||
	    (!kube_owner_is_canary(object, world->spec->name) &&
	     !kube_owner_wrote_last(object, FLAGGER, "f:spec")) ||
	    !kube_pod_template_digest(template, digest, NULL))
		return;
	text_format(ret, DIGEST_MAX + 8, "spec-%.16s", digest);
}

bool kube_service_target_is_view(const json_t *object)
{
	return kube_tree_find(object, "spec/service") != NULL;
}

static json_t *template_of(const struct canary_world *world, const json_t *object)
{
	const char *distribution =
		kube_tree_text(world->object, "spec/service/trafficDistribution");
	json_t *template = kube_tree_object();
	json_t *spec = copied(json_object_get(object, "spec"));
	char id[DIGEST_MAX + 8];

	if (distribution[0])
		kube_tree_set_text(spec, "trafficDistribution", distribution);
	kube_tree_set(template, "spec", spec);
	find_id(world, object, template, id);
	if (id[0]) {
		json_t *metadata = kube_tree_object();

		kube_tree_set(metadata, "annotations", kube_tree_object());
		kube_tree_set_text(json_object_get(metadata, "annotations"), KUBE_TEMPLATE_ID, id);
		kube_tree_set(template, "metadata", metadata);
	}
	return template;
}

json_t *kube_service_target_view(const struct canary_world *world, const json_t *object)
{
	static const char *const counts[] = {"replicas", "updatedReplicas", "readyReplicas",
	                                     "availableReplicas"};
	static const char *const heads[] = {"apiVersion", "kind", "metadata"};
	json_t *view;
	json_t *spec;
	json_t *status;

	/* The cast drops const only to count another reference. */
	if (kube_service_target_is_view(object))
		return json_incref((json_t *)(uintptr_t)object);
	view = kube_tree_object();
	spec = kube_tree_object();
	status = kube_tree_object();
	for (size_t i = 0; i < array_length(heads); i++) {
		json_t *head = json_object_get(object, heads[i]);

		if (head)
			kube_tree_set(view, heads[i], json_incref(head));
	}
	for (size_t i = 0; i < array_length(counts); i++)
		kube_tree_set_whole(status, counts[i], 1);
	kube_tree_set_whole(status, "observedGeneration",
	                    json_integer_value(kube_tree_find(object, "metadata/generation")));
	kube_tree_set_whole(spec, "replicas", 1);
	kube_tree_set(spec, "service", kube_tree_copy(json_object_get(object, "spec")));
	kube_tree_set(spec, "template", template_of(world, object));
	kube_tree_set(view, "spec", spec);
	kube_tree_set(view, "status", status);
	return view;
}

static json_t *annotations_of(json_t *live, const json_t *spec, const char *id)
{
	json_t *annotations = kube_pod_template_filter(live);
	char digest[DIGEST_MAX];

	(void)json_object_del(annotations, APPLIED);
	(void)json_object_del(annotations, KUBE_TEMPLATE_ID);
	kube_owner_set_flux(annotations);
	if (!id)
		return annotations;
	essence(spec, digest);
	kube_tree_set_text(annotations, KUBE_TEMPLATE_ID, id);
	kube_tree_set_text(annotations, COPIED, digest);
	return annotations;
}

static json_t *labels_of(const struct canary_world *world, json_t *live)
{
	json_t *labels = kube_pod_template_filter(live);

	kube_tree_set_text(labels, KUBE_LABEL_UID, world->uid);
	return labels;
}

json_t *kube_service_target_new(const struct canary_world *world, const char *name,
                                const json_t *template, const json_t *target, const char *id)
{
	json_t *object = kube_tree_object();
	json_t *metadata = kube_tree_object();

	kube_tree_set_text(metadata, "name", name);
	kube_tree_set_text(metadata, "namespace", world->spec->k8s_namespace);
	kube_tree_set(metadata, "labels",
	              labels_of(world, kube_tree_find(target, "metadata/labels")));
	kube_tree_set(metadata, "annotations",
	              annotations_of(kube_tree_find(target, "metadata/annotations"),
	                             json_object_get(template, "spec"), id));
	kube_tree_set_text(object, "apiVersion", kube_api_version(KUBE_SERVICE));
	kube_tree_set_text(object, "kind", kube_api_kind(KUBE_SERVICE));
	kube_tree_set(object, "metadata", metadata);
	kube_tree_set(object, "spec", kube_tree_copy(json_object_get(template, "spec")));
	return object;
}

/* Append the step that makes the map at PATH say WANTED, which is taken; none when LIVE does. */
static void patch_map(json_t *patch, const char *path, json_t *wanted, const json_t *live)
{
	if (json_equal(wanted, live))
		json_decref(wanted);
	else
		kube_tree_patch(patch, "add", path, wanted);
}

/* What LIVE has for itself stays. */
static void patch_spec(json_t *patch, const json_t *live, json_t *wanted)
{
	json_t *now = copied(live);
	char path[128];
	const char *key;
	json_t *value;

	json_object_foreach(now, key, value)
	{
		text_format(path, sizeof(path), "/spec/%s", key);
		if (!json_object_get(wanted, key))
			kube_tree_patch(patch, "remove", path, NULL);
	}
	json_object_foreach(wanted, key, value)
	{
		text_format(path, sizeof(path), "/spec/%s", key);
		if (!json_equal(value, json_object_get(now, key)))
			kube_tree_patch(patch, "add", path, kube_tree_copy(value));
	}
	json_decref(now);
}

json_t *kube_service_target_patch(const struct canary_world *world, const json_t *live,
                                  const json_t *template, const char *id)
{
	const json_t *service = kube_tree_find(live, "spec/service");
	json_t *labels = kube_tree_find(live, "metadata/labels");
	json_t *annotations = kube_tree_find(live, "metadata/annotations");
	json_t *patch = kube_tree_list();

	patch_spec(patch, service ? service : kube_tree_find(live, "spec"),
	           json_object_get(template, "spec"));
	patch_map(patch, "/metadata/labels", labels_of(world, labels), labels);
	patch_map(patch, "/metadata/annotations",
	          annotations_of(annotations, json_object_get(template, "spec"), id), annotations);
	kube_owner_remove(patch, live, world->spec->name);
	return patch;
}

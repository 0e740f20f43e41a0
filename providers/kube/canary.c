#include "providers/kube/canary.h"

#include "analysis/base/text.h"
#include "providers/kube/canary_analysis.h"
#include "providers/kube/mirror.h"
#include "providers/kube/node.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define NAME_LENGTH_MAX      253 /* of an object */
#define SUFFIXED_NAME_MAX    (NAME_LENGTH_MAX - (sizeof("-primary") - 1))
#define SUFFIXED_SERVICE_MAX (SERVICE_NAME_MAX - 1 - (sizeof("-primary") - 1))
#define URL_LENGTH_MAX       2048
#define METADATA_KEYS_MAX    64
#define PROGRESS_DEADLINE    600 /* seconds */

static bool head_texts_read(const struct kube_node *metadata, struct kube_canary_head *ret,
                            struct err *err)
{
	struct kube_node name = kube_node_field(metadata, "name");
	struct kube_node name_space = kube_node_field(metadata, "namespace");

	if (!kube_node_name(&name, NAME_LENGTH_MAX, &ret->name, err) ||
	    !kube_node_label(&name_space, KUBE_CANARY_NAME_MAX, &ret->k8s_namespace, err))
		return false;
	if (!ret->name)
		return kube_node_expect(&name, err, "a name");
	if (!ret->k8s_namespace)
		return kube_node_expect(&name_space, err, "a name");
	return true;
}

bool kube_canary_head_read(const json_t *object, struct arena *arena, struct kube_canary_head *ret,
                           struct err *err)
{
	struct kube_node root = kube_node_root(object);
	struct kube_node metadata = kube_node_field(&root, "metadata");
	struct kube_canary_head head = {0};
	const char *uid = json_string_value(json_object_get(metadata.json, "uid"));
	const char *version = json_string_value(json_object_get(metadata.json, "resourceVersion"));

	if (!json_is_object(object))
		return kube_node_expect(&root, err, "a Canary");
	if (!head_texts_read(&metadata, &head, err))
		return false;
	head.name = arena_text(arena, head.name);
	head.k8s_namespace = arena_text(arena, head.k8s_namespace);
	text_copy(head.uid, uid ? uid : "");
	text_copy(head.resource_version, version ? version : "");
	head.generation = json_integer_value(json_object_get(metadata.json, "generation"));
	head.is_deleted = json_is_string(json_object_get(metadata.json, "deletionTimestamp"));
	kube_mirror_read(json_object_get(object, "status"), &head.mirror);
	*ret = head;
	return true;
}

static bool refuse_unserved(const struct kube_node *spec, struct err *err)
{
	struct kube_node autoscaler = kube_node_field(spec, "autoscalerRef");
	struct kube_node revert = kube_node_field(spec, "revertOnDeletion");
	bool reverts = false;

	if (autoscaler.json)
		return kube_node_refuse(&autoscaler, err, ERR_INVALID, "not served yet");
	if (!kube_node_flag(&revert, &reverts, err))
		return false;
	if (reverts)
		return kube_node_refuse(&revert, err, ERR_INVALID, "true is not served yet");
	return true;
}

static bool provider_read(const struct kube_node *spec, const struct provider_options *options,
                          struct arena *arena, struct canary_spec *ret, struct err *err)
{
	/* The providers this version serves; any other name is refused, never a fallback. */
	static const char *const served[] = {"nginx", "kubernetes"};
	struct kube_node node = kube_node_field(spec, "provider");
	const char *provider = "";

	if (!kube_node_text(&node, NAME_LENGTH_MAX, &provider, err))
		return false;
	if (!*provider)
		provider = options->default_provider;
	for (size_t i = 0; i < array_length(served); i++) {
		if (strcmp(provider, served[i]) == 0) {
			ret->provider = arena_text(arena, provider);
			return true;
		}
	}
	if (node.json && *json_string_value(node.json))
		return kube_node_expect(&node, err,
		                        "nginx or kubernetes (others are not served yet)");
	return kube_node_refuse(&node, err, ERR_INVALID,
	                        "expected nginx or kubernetes (others are not served yet), "
	                        "got the default \"%.40s\"",
	                        provider);
}

static bool target_read(const struct kube_node *spec, struct arena *arena, struct canary_spec *ret,
                        struct err *err)
{
	struct kube_node target = kube_node_field(spec, "targetRef");
	struct kube_node kind = kube_node_field(&target, "kind");
	struct kube_node name = kube_node_field(&target, "name");
	const char *kind_text = "";
	const char *name_text = NULL;

	if (!json_is_object(target.json))
		return kube_node_expect(&target, err, "an object with apiVersion, kind and name");
	if (!kube_node_text(&kind, NAME_LENGTH_MAX, &kind_text, err))
		return false;
	if (strcmp(kind_text, "Deployment") != 0)
		return kube_node_expect(&kind, err, "Deployment (others are not served yet)");
	if (!kube_node_name(&name, SUFFIXED_NAME_MAX, &name_text, err))
		return false;
	if (!name_text)
		return kube_node_expect(&name, err, "the Deployment's name");
	ret->target = arena_text(arena, name_text);
	ret->primary = arena_format(arena, "%s-primary", name_text);
	return true;
}

static bool ingress_read(const struct kube_node *spec, struct arena *arena,
                         struct kube_canary *canary, struct err *err)
{
	struct kube_node ref = kube_node_field(spec, "ingressRef");
	struct kube_node kind = kube_node_field(&ref, "kind");
	struct kube_node name = kube_node_field(&ref, "name");
	const char *kind_text = "Ingress";
	const char *name_text = NULL;

	if (!kube_node_object(&ref, err) ||
	    !kube_node_text(&kind, NAME_LENGTH_MAX, &kind_text, err) ||
	    !kube_node_name(&name, SUFFIXED_NAME_MAX, &name_text, err))
		return false;
	if (strcmp(kind_text, "Ingress") != 0)
		return kube_node_expect(&kind, err, "Ingress");
	if (!name_text && strcmp(canary->spec.provider, "nginx") == 0)
		return kube_node_expect(&name, err, "the Ingress's name (provider nginx needs it)");
	canary->ingress = arena_text(arena, name_text);
	return true;
}

/* A port's number or name. 0 and "0" are Flagger's words for "not set". */
static bool target_port_check(const struct kube_node *service, struct err *err)
{
	struct kube_node port = kube_node_field(service, "targetPort");
	const char *name = NULL;
	int number;

	if (!json_is_string(port.json))
		return kube_node_whole(&port, 0, 65535, &number, err);
	if (strcmp(json_string_value(port.json), "0") == 0)
		return true;
	if (!kube_node_label(&port, 15, &name, err))
		return false;
	if (strspn(name, "0123456789-") == strlen(name))
		return kube_node_expect(&port, err,
		                        "a port's number or a name with a letter in it");
	return true;
}

static bool metadata_check(const struct kube_node *service, const char *key, struct err *err)
{
	struct kube_node metadata = kube_node_field(service, key);
	struct kube_node labels = kube_node_field(&metadata, "labels");
	struct kube_node annotations = kube_node_field(&metadata, "annotations");

	return kube_node_object(&metadata, err) && kube_node_text_map(&labels, err) &&
	       kube_node_text_map(&annotations, err);
}

static bool service_fields_check(const struct kube_node *service, struct err *err)
{
	static const char *const kept[] = {"labels", "annotations"};
	struct kube_node port_name = kube_node_field(service, "portName");
	struct kube_node protocol = kube_node_field(service, "appProtocol");
	struct kube_node distribution = kube_node_field(service, "trafficDistribution");
	struct kube_node headless = kube_node_field(service, "headless");
	struct kube_node discovery = kube_node_field(service, "portDiscovery");
	struct kube_node unmanaged = kube_node_field(service, "unmanagedMetadata");
	const char *text;
	bool flag;

	if (!target_port_check(service, err) ||
	    !kube_node_label(&port_name, KUBE_CANARY_NAME_MAX, &text, err) ||
	    !kube_node_text(&protocol, NAME_LENGTH_MAX, &text, err) ||
	    !kube_node_text(&distribution, NAME_LENGTH_MAX, &text, err) ||
	    !kube_node_flag(&headless, &flag, err) || !kube_node_flag(&discovery, &flag, err) ||
	    !metadata_check(service, "apex", err) || !metadata_check(service, "primary", err) ||
	    !metadata_check(service, "canary", err) || !kube_node_object(&unmanaged, err))
		return false;
	for (size_t i = 0; i < array_length(kept); i++) {
		struct kube_node list = kube_node_field(&unmanaged, kept[i]);

		if (!kube_node_text_list(&list, METADATA_KEYS_MAX, err))
			return false;
	}
	return true;
}

static bool service_names_read(const struct kube_node *spec, const struct kube_node *service,
                               struct kube_canary *canary, struct err *err)
{
	struct kube_node name = kube_node_field(service, "name");
	struct kube_node target = kube_node_field(spec, "targetRef");
	struct kube_node target_name = kube_node_field(&target, "name");
	const char *given = json_string_value(name.json);
	const struct kube_node *used = !name.json || (given && !*given) ? &target_name : &name;
	const char *apex = NULL;

	if (!kube_node_label(used, SUFFIXED_SERVICE_MAX, &apex, err))
		return used == &name ? false
		                     : err_wrap(err,
		                                "spec.service.name: not set, so Services are named "
		                                "after the target");
	text_copy(canary->apex, apex);
	snprintf(canary->primary_service, sizeof(canary->primary_service), "%s-primary", apex);
	snprintf(canary->canary_service, sizeof(canary->canary_service), "%s-canary", apex);
	return true;
}

static bool service_read(const struct kube_node *spec, struct kube_canary *canary, struct err *err)
{
	struct kube_node service = kube_node_field(spec, "service");
	struct kube_node port = kube_node_field(&service, "port");
	int number = 0;

	if (!json_is_object(service.json))
		return kube_node_expect(&service, err, "an object with a port");
	if (!port.json)
		return kube_node_expect(&port, err, "a whole number from 1 to 65535");
	return kube_node_whole(&port, 1, 65535, &number, err) &&
	       service_fields_check(&service, err) &&
	       service_names_read(spec, &service, canary, err);
}

static bool metrics_server_read(const struct kube_node *spec,
                                const struct provider_options *options, struct arena *arena,
                                const char **ret, struct err *err)
{
	struct kube_node node = kube_node_field(spec, "metricsServer");
	const char *url = "";

	if (!kube_node_text(&node, URL_LENGTH_MAX, &url, err))
		return false;
	if (*url && strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return kube_node_expect(&node, err, "a URL that begins with http:// or https://");
	*ret = arena_text(arena, *url ? url : options->metrics_server);
	return true;
}

static bool scalars_read(const struct kube_node *spec, struct canary_spec *ret, struct err *err)
{
	struct kube_node deadline = kube_node_field(spec, "progressDeadlineSeconds");
	struct kube_node skip = kube_node_field(spec, "skipAnalysis");
	struct kube_node suspend = kube_node_field(spec, "suspend");
	int seconds = PROGRESS_DEADLINE;

	if (!kube_node_whole(&deadline, 1, INT_MAX, &seconds, err) ||
	    !kube_node_flag(&skip, &ret->skip_analysis, err) ||
	    !kube_node_flag(&suspend, &ret->suspend, err))
		return false;
	ret->progress_deadline = span_seconds(seconds);
	return true;
}

static bool size_check(const json_t *object, const char *name, struct err *err)
{
	size_t size = json_dumpb(object, NULL, 0, JSON_COMPACT);

	if (strlen(name) > KUBE_CANARY_NAME_MAX)
		return err_set(err, ERR_LIMIT,
		               "metadata.name: expected at most %d characters, got %zu",
		               KUBE_CANARY_NAME_MAX, strlen(name));
	if (size > KUBE_CANARY_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "expected a Canary of at most %d bytes, got %zu",
		               KUBE_CANARY_BYTES_MAX, size);
	return true;
}

bool kube_canary_read(const json_t *object, const struct provider_options *options,
                      struct arena *arena, struct kube_canary *ret, struct err *err)
{
	struct kube_node root = kube_node_root(object);
	struct kube_node spec = kube_node_field(&root, "spec");
	struct kube_canary canary = {0};

	if (!kube_canary_head_read(object, arena, &canary.head, err) ||
	    !size_check(object, canary.head.name, err))
		return false;
	if (!json_is_object(spec.json))
		return kube_node_expect(&spec, err, "an object");
	canary.spec.name = canary.head.name;
	canary.spec.k8s_namespace = canary.head.k8s_namespace;
	if (!provider_read(&spec, options, arena, &canary.spec, err) ||
	    !target_read(&spec, arena, &canary.spec, err) || !refuse_unserved(&spec, err) ||
	    !service_read(&spec, &canary, err) || !ingress_read(&spec, arena, &canary, err) ||
	    !metrics_server_read(&spec, options, arena, &canary.metrics_server, err) ||
	    !scalars_read(&spec, &canary.spec, err) ||
	    !kube_canary_analysis_read(&spec, arena, &canary, err))
		return false;
	*ret = canary;
	return true;
}

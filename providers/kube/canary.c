#include "providers/kube/canary.h"

#include "analysis/base/text.h"
#include "analysis/target.h"
#include "providers/kube/canary_affinity.h"
#include "providers/kube/canary_analysis.h"
#include "providers/kube/canary_refs.h"
#include "providers/kube/canary_scaler.h"
#include "providers/kube/canary_warning.h"
#include "providers/kube/mirror.h"
#include "providers/kube/node.h"
#include "providers/kube/owner.h"
#include "providers/traffic.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define NAME_LENGTH_MAX      253 /* of an object */
#define SUFFIXED_NAME_MAX    (NAME_LENGTH_MAX - (sizeof("-primary") - 1))
#define SUFFIXED_SERVICE_MAX (SERVICE_NAME_MAX - 1 - (sizeof("-primary") - 1))
#define URL_LENGTH_MAX       2048
#define METADATA_KEYS_MAX    64
#define PROGRESS_DEADLINE    600 /* seconds */

static bool head_texts_read(const struct field *metadata, struct kube_canary_head *ret,
                            struct err *err)
{
	struct field name = field_member(metadata, "name");
	struct field name_space = field_member(metadata, "namespace");

	if (!kube_node_name(&name, NAME_LENGTH_MAX, &ret->name, err) ||
	    !kube_node_label(&name_space, KUBE_CANARY_NAME_MAX, &ret->k8s_namespace, err))
		return false;
	if (!ret->name)
		return field_expect(&name, "a name", err);
	if (!ret->k8s_namespace)
		return field_expect(&name_space, "a name", err);
	return true;
}

size_t kube_canary_finalizer(const json_t *object)
{
	const json_t *list = json_object_get(json_object_get(object, "metadata"), "finalizers");
	const char *name;
	size_t at = 0;

	for (; at < json_array_size(list); at++) {
		name = json_string_value(json_array_get(list, at));
		if (name && strcmp(name, KUBE_CANARY_FINALIZER) == 0)
			break;
	}
	return at;
}

bool kube_canary_head_read(const json_t *object, struct arena *arena, struct kube_canary_head *ret,
                           struct err *err)
{
	struct field root = field_root(object, "");
	struct field metadata = field_member(&root, "metadata");
	struct kube_canary_head head = {0};
	const char *uid = json_string_value(json_object_get(metadata.json, "uid"));
	const char *version = json_string_value(json_object_get(metadata.json, "resourceVersion"));

	if (!json_is_object(object))
		return field_expect(&root, "a Canary", err);
	if (!head_texts_read(&metadata, &head, err))
		return false;
	head.name = arena_text(arena, head.name);
	head.k8s_namespace = arena_text(arena, head.k8s_namespace);
	text_copy(head.uid, uid ? uid : "");
	text_copy(head.resource_version, version ? version : "");
	head.generation = json_integer_value(json_object_get(metadata.json, "generation"));
	head.is_deleted = json_is_string(json_object_get(metadata.json, "deletionTimestamp"));
	head.has_finalizer = kube_canary_finalizer(object) <
	                     json_array_size(json_object_get(metadata.json, "finalizers"));
	kube_mirror_read(json_object_get(object, "status"), &head.mirror);
	head.flagger_wrote = kube_owner_wrote_status(object, "flagger");
	*ret = head;
	return true;
}

/* A deleted Canary always gives back what it took; this asks for an object that stays until then.
 */
static bool revert_read(const struct field *spec, struct canary_spec *ret, struct err *err)
{
	struct field revert = field_member(spec, "revertOnDeletion");

	return field_optional_flag(&revert, &ret->reverts, err);
}

static bool provider_read(const struct field *spec, const struct provider_options *options,
                          struct arena *arena, struct canary_spec *ret, struct err *err)
{
	struct field node = field_member(spec, "provider");
	const char *provider = "";
	char names[TRAFFIC_NAMES_SIZE];

	if (!kube_node_text(&node, NAME_LENGTH_MAX, &provider, err))
		return false;
	if (!*provider)
		provider = options->default_provider;
	/* Any other name is refused, never a fallback. */
	if (traffic_find(provider, &(struct err){0})) {
		ret->provider = arena_text(arena, provider);
		return true;
	}
	traffic_names(names, sizeof(names));
	if (node.json && *json_string_value(node.json))
		return field_expect(
			&node, arena_format(arena, "one of %s (others are not served yet)", names),
			err);
	return field_refuse(&node, err, ERR_INVALID,
	                    "expected one of %s (others are not served yet), got the default "
	                    "\"%.40s\"",
	                    names, provider);
}

/* A Service of the core, not Knative's. */
static bool target_kind_read(const struct field *target, const char *text, struct canary_spec *ret,
                             struct err *err)
{
	struct field kind = field_member(target, "kind");
	struct field version = field_member(target, "apiVersion");
	const char *version_text = "";

	if (!kube_node_text(&version, NAME_LENGTH_MAX, &version_text, err))
		return false;
	if (!target_kind_parse(text, &ret->target_kind))
		return field_expect(
			&kind, "Deployment, DaemonSet or Service (others are not served yet)", err);
	if (ret->target_kind == TARGET_SERVICE && strstr(version_text, "knative"))
		return field_expect(&version, "v1 (Knative Services are not served yet)", err);
	return true;
}

static bool target_read(const struct field *spec, struct arena *arena, struct canary_spec *ret,
                        struct err *err)
{
	struct field target = field_member(spec, "targetRef");
	struct field kind = field_member(&target, "kind");
	struct field name = field_member(&target, "name");
	const char *kind_text = "";
	const char *name_text = NULL;

	if (!json_is_object(target.json))
		return field_expect(&target, "an object with apiVersion, kind and name", err);
	if (!kube_node_text(&kind, NAME_LENGTH_MAX, &kind_text, err) ||
	    !target_kind_read(&target, kind_text, ret, err))
		return false;
	if (!kube_node_name(&name, SUFFIXED_NAME_MAX, &name_text, err))
		return false;
	if (!name_text)
		return field_expect(&name, "the workload's name", err);
	ret->target = arena_text(arena, name_text);
	ret->primary = arena_format(arena, "%s-primary", name_text);
	return true;
}

static bool ingress_read(const struct field *spec, struct arena *arena, struct kube_canary *canary,
                         struct err *err)
{
	struct field ref = field_member(spec, "ingressRef");
	struct field kind = field_member(&ref, "kind");
	struct field name = field_member(&ref, "name");
	struct field clone = field_member(&ref, "canaryName");
	const char *kind_text = "Ingress";
	const char *name_text = NULL;
	const char *clone_text = NULL;

	if (!kube_node_object(&ref, err) ||
	    !kube_node_text(&kind, NAME_LENGTH_MAX, &kind_text, err) ||
	    !kube_node_name(&name, SUFFIXED_NAME_MAX, &name_text, err) ||
	    !kube_node_name(&clone, SUFFIXED_NAME_MAX, &clone_text, err))
		return false;
	if (strcmp(kind_text, "Ingress") != 0)
		return field_expect(&kind, "Ingress", err);
	canary->ingress = arena_text(arena, name_text);
	if (clone_text && name_text && strcmp(clone_text, name_text) == 0)
		return field_expect(&clone, "another name than the Ingress's own", err);
	if (clone_text)
		canary->ingress_clone = arena_text(arena, clone_text);
	else if (name_text)
		canary->ingress_clone = arena_format(arena, "%s-canary", name_text);
	return true;
}

/* A port's number or name. 0 and "0" are Flagger's words for "not set". */
static bool target_port_check(const struct field *service, struct err *err)
{
	struct field port = field_member(service, "targetPort");
	const char *name = NULL;
	int number = 0;

	if (!json_is_string(port.json))
		return kube_node_whole(&port, 0, 65535, &number, err);
	if (strcmp(json_string_value(port.json), "0") == 0)
		return true;
	if (!kube_node_label(&port, 15, &name, err))
		return false;
	if (strspn(name, "0123456789-") == strlen(name))
		return field_expect(&port, "a port's number or a name with a letter in it", err);
	return true;
}

static bool metadata_check(const struct field *service, const char *key, struct err *err)
{
	struct field metadata = field_member(service, key);
	struct field labels = field_member(&metadata, "labels");
	struct field annotations = field_member(&metadata, "annotations");

	return kube_node_object(&metadata, err) && kube_node_text_map(&labels, err) &&
	       kube_node_text_map(&annotations, err);
}

static bool service_fields_check(const struct field *service, struct err *err)
{
	static const char *const kept[] = {"labels", "annotations"};
	struct field port_name = field_member(service, "portName");
	struct field protocol = field_member(service, "appProtocol");
	struct field distribution = field_member(service, "trafficDistribution");
	struct field headless = field_member(service, "headless");
	struct field discovery = field_member(service, "portDiscovery");
	struct field unmanaged = field_member(service, "unmanagedMetadata");
	const char *text;
	bool flag;

	if (!target_port_check(service, err) ||
	    !kube_node_label(&port_name, KUBE_CANARY_NAME_MAX, &text, err) ||
	    !kube_node_text(&protocol, NAME_LENGTH_MAX, &text, err) ||
	    !kube_node_text(&distribution, NAME_LENGTH_MAX, &text, err) ||
	    !field_optional_flag(&headless, &flag, err) ||
	    !field_optional_flag(&discovery, &flag, err) || !metadata_check(service, "apex", err) ||
	    !metadata_check(service, "primary", err) || !metadata_check(service, "canary", err) ||
	    !kube_node_object(&unmanaged, err))
		return false;
	for (size_t i = 0; i < array_length(kept); i++) {
		struct field list = field_member(&unmanaged, kept[i]);

		if (!kube_node_text_list(&list, METADATA_KEYS_MAX, err))
			return false;
	}
	return true;
}

static bool service_names_read(const struct field *spec, const struct field *service,
                               struct kube_canary *canary, struct err *err)
{
	struct field name = field_member(service, "name");
	struct field target = field_member(spec, "targetRef");
	struct field target_name = field_member(&target, "name");
	const char *given = json_string_value(name.json);
	const struct field *used = !name.json || (given && !*given) ? &target_name : &name;
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

static bool service_read(const struct field *spec, struct kube_canary *canary, struct err *err)
{
	struct field service = field_member(spec, "service");
	struct field port = field_member(&service, "port");
	int number = 0;

	if (!json_is_object(service.json))
		return field_expect(&service, "an object with a port", err);
	if (!port.json)
		return field_expect(&port, "a whole number from 1 to 65535", err);
	return kube_node_whole(&port, 1, 65535, &number, err) &&
	       service_fields_check(&service, err) &&
	       service_names_read(spec, &service, canary, err);
}

static bool metrics_server_read(const struct field *spec, const struct provider_options *options,
                                struct arena *arena, const char **ret, struct err *err)
{
	struct field node = field_member(spec, "metricsServer");
	const char *url = "";

	if (!kube_node_text(&node, URL_LENGTH_MAX, &url, err))
		return false;
	if (*url && strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return field_expect(&node, "a URL that begins with http:// or https://", err);
	*ret = arena_text(arena, *url ? url : options->metrics_server);
	return true;
}

static bool scalars_read(const struct field *spec, struct canary_spec *ret, struct err *err)
{
	struct field deadline = field_member(spec, "progressDeadlineSeconds");
	struct field skip = field_member(spec, "skipAnalysis");
	struct field suspend = field_member(spec, "suspend");
	int seconds = PROGRESS_DEADLINE;

	if (!kube_node_whole(&deadline, 1, INT_MAX, &seconds, err) ||
	    !field_optional_flag(&skip, &ret->skip_analysis, err) ||
	    !field_optional_flag(&suspend, &ret->suspend, err))
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

/* A target that is a Service is the apex. Clients whose route leads to it, or who have none, would
 * get each edit of it as it is; and routes name Services after the apex, copies after the target.
 */
static bool service_target_check(const struct field *spec, const struct kube_canary *canary,
                                 struct err *err)
{
	struct field provider = field_member(spec, "provider");
	struct field service = field_member(spec, "service");
	struct field name = field_member(&service, "name");

	if (canary->spec.target_kind != TARGET_SERVICE)
		return true;
	if (!canary->spec.route.names_primary)
		return field_refuse(&provider, err, ERR_INVALID,
		                    "expected one whose routes lead to the primary's Service, "
		                    "since the target is a Service, got \"%.40s\"",
		                    canary->spec.provider);
	return strcmp(canary->apex, canary->spec.target) == 0 ||
	       field_refuse(
		       &name, err, ERR_INVALID,
		       "expected the target's, \"%.63s\", since it is a Service, got \"%.63s\"",
		       canary->spec.target, canary->apex);
}

/* What the provider cannot do is refused before anything moves. */
static bool provider_check(const struct field *spec, struct arena *arena,
                           struct kube_canary *canary, struct err *err)
{
	const struct traffic_provider *traffic = traffic_find(canary->spec.provider, err);
	struct field analysis = kube_canary_analysis_find(spec);
	struct field mirror = field_member(&analysis, "mirror");

	assert(traffic);
	canary->spec.route = traffic->ability(&canary->spec);
	if (!service_target_check(spec, canary, err))
		return false;
	if ((traffic->check && !traffic->check(spec, arena, canary, err)) ||
	    !kube_canary_affinity_check(spec, &analysis, canary, err))
		return false;
	return !canary->spec.mirror || canary->spec.route.mirrors ||
	       field_refuse(&mirror, err, ERR_INVALID,
	                    "expected false: provider %s cannot send copies of requests",
	                    canary->spec.provider);
}

bool kube_canary_read(const json_t *object, const struct provider_options *options,
                      struct arena *arena, struct kube_canary *ret, struct err *err)
{
	struct field root = field_root(object, "");
	struct field spec = field_member(&root, "spec");
	struct kube_canary canary = {0};

	if (!kube_canary_head_read(object, arena, &canary.head, err) ||
	    !size_check(object, canary.head.name, err))
		return false;
	if (!json_is_object(spec.json))
		return field_expect(&spec, "an object", err);
	canary.spec.name = canary.head.name;
	canary.spec.k8s_namespace = canary.head.k8s_namespace;
	if (!provider_read(&spec, options, arena, &canary.spec, err) ||
	    !target_read(&spec, arena, &canary.spec, err) ||
	    !revert_read(&spec, &canary.spec, err) ||
	    !kube_canary_scaler_read(&spec, arena, &canary.spec, err) ||
	    !service_read(&spec, &canary, err) || !ingress_read(&spec, arena, &canary, err) ||
	    !metrics_server_read(&spec, options, arena, &canary.metrics_server, err) ||
	    !scalars_read(&spec, &canary.spec, err) ||
	    !kube_canary_analysis_read(&spec, options, arena, &canary, err) ||
	    !provider_check(&spec, arena, &canary, err))
		return false;
	if (options->blocks_refs && !kube_canary_refs_check(&spec, canary.head.k8s_namespace, err))
		return false;
	*ret = canary;
	return true;
}

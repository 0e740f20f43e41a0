#include "agent/command/explain_collect.h"

#include "agent/options.h"
#include "analysis/base/buf.h"
#include "analysis/base/text.h"
#include "analysis/target.h"
#include "providers/kube/pod_template.h"
#include "providers/kube/service_target.h"
#include "providers/kube/tree.h"
#include "providers/kube/workload.h"
#include "providers/wire/url.h"

#include <stdlib.h>
#include <string.h>

#define LEASE_NAME   "flagger-leader-election"
#define SELECTOR_MAX 2048
#define PAGE         "limit=500"

struct collect {
	struct command_client *client;
	struct explain_world *world;
};

static void miss(struct collect *collect, const char *what, const struct err *err)
{
	struct explain_world *world = collect->world;

	if (world->n_missing < EXPLAIN_MISSING_MAX)
		world->missing[world->n_missing++] =
			arena_format(&world->arena, "%s: %s", what, err->text);
}

/* One object; false when it could not be asked for, which is noted. */
static bool find(struct collect *collect, enum kube_kind kind, const char *name, json_t **ret)
{
	struct kube_ref ref = {
		.kind = kind, .k8s_namespace = collect->world->k8s_namespace, .name = name};
	struct err err = {0};

	if (!name || !*name)
		return false;
	if (command_client_find(collect->client, &ref, ret, &err))
		return true;
	miss(collect, arena_format(&collect->world->arena, "%s %s", kube_api_plural(kind), name),
	     &err);
	return false;
}

/* The Deployment's selector as the API server takes it, escaped; "" when it has none. */
static const char *selector_of(const json_t *deployment, struct arena *arena)
{
	json_t *labels = kube_tree_find(deployment, "spec/selector/matchLabels");
	struct buf text = {.max = SELECTOR_MAX};
	struct buf escaped = {.max = SELECTOR_MAX * 3};
	const char *ret = "";
	const char *key;
	json_t *value;
	bool has_room = true;

	json_object_foreach(labels, key, value)
	{
		has_room = has_room &&
		           buf_format(&text, "%s%s=%s", text.length ? "," : "", key,
		                      json_string_value(value) ? json_string_value(value) : "");
	}
	if (has_room && text.length > 0 && url_escape(text.bytes, text.length, &escaped))
		ret = arena_text(arena, buf_text(&escaped));
	buf_fini(&text);
	buf_fini(&escaped);
	return ret;
}

/* A page of what the selector takes; NULL when it cannot be read, which is noted. */
static json_t *list(struct collect *collect, const char *group, const char *plural,
                    const char *selector)
{
	struct explain_world *world = collect->world;
	const char *path =
		arena_format(&world->arena, "%s/namespaces/%s/%s?" PAGE "&labelSelector=%s", group,
	                     world->k8s_namespace, plural, selector);
	struct err err = {0};
	json_t *page = NULL;
	json_t *items;

	if (!command_client_get(collect->client, path, &page, &err)) {
		miss(collect, plural, &err);
		return NULL;
	}
	items = json_incref(json_object_get(page, "items"));
	json_decref(page);
	return items;
}

static enum kube_kind workload_kind(const struct explain_world *world)
{
	struct canary_spec spec = {0};

	(void)target_kind_parse(kube_tree_text(world->canary, "spec/targetRef/kind"),
	                        &spec.target_kind);
	return kube_workload_kind(&spec);
}

/* A Service is looked at as the agent does. */
static void see_service(const struct explain_world *world, json_t **object)
{
	const char *target = kube_tree_text(world->canary, "spec/targetRef/name");
	char primary[NAME_MAX_K8S];
	struct canary_spec spec = {.name = world->name, .target = target, .primary = primary};
	struct canary_world seen = {.spec = &spec, .object = world->canary};
	json_t *view;

	text_format(primary, sizeof(primary), "%s%s", target, KUBE_TEMPLATE_SUFFIX);
	view = kube_service_target_view(&seen, *object);
	json_decref(*object);
	*object = view;
}

static void collect_workload(struct collect *collect, const char *name,
                             struct explain_workload *ret)
{
	enum kube_kind kind = workload_kind(collect->world);
	const char *selector;

	ret->name = name;
	ret->is_known = find(collect, kind, name, &ret->deployment);
	if (!ret->deployment)
		return;
	if (kind == KUBE_SERVICE)
		see_service(collect->world, &ret->deployment);
	selector = selector_of(ret->deployment, &collect->world->arena);
	if (!*selector)
		return;
	ret->replica_sets = list(collect, "/apis/apps/v1", "replicasets", selector);
	ret->pods = list(collect, "/api/v1", "pods", selector);
}

static void collect_releases(struct collect *collect)
{
	struct explain_world *world = collect->world;
	struct command_client_list releases = {
		.kind = KUBE_RELEASE,
		.k8s_namespace = world->k8s_namespace,
		.labels = arena_format(&world->arena, KUBE_LABEL_CANARY "=%s", world->name),
	};
	struct err err = {0};

	if (!command_client_read(collect->client, &releases, &err)) {
		miss(collect, "releases", &err);
		return;
	}
	world->releases = json_incref(releases.items);
	command_client_list_fini(&releases);
}

/* True when there is one, or this cannot be known. */
static bool find_lease(struct collect *collect, const char *lease_namespace)
{
	struct explain_world *world = collect->world;
	struct kube_ref ref = {
		.kind = KUBE_LEASE, .k8s_namespace = lease_namespace, .name = LEASE_NAME};
	struct err err = {0};

	world->lease_name = arena_format(&world->arena, "%s/%s", lease_namespace, LEASE_NAME);
	world->is_lease_known = command_client_find(collect->client, &ref, &world->lease, &err);
	if (!world->is_lease_known)
		miss(collect, "lease", &err);
	return !world->is_lease_known || world->lease;
}

/* Where the manifests put it, else where Flagger has it when nothing is said. */
static void collect_lease(struct collect *collect, const char *lease_namespace)
{
	static const char *const usual[] = {"serin", "kube-system"};

	if (lease_namespace) {
		(void)find_lease(collect, lease_namespace);
		return;
	}
	for (size_t i = 0; i < array_length(usual); i++)
		if (find_lease(collect, usual[i]))
			return;
}

/* The VirtualService or route of a Canary that has one. */
static void collect_mesh(struct collect *collect, const char *target)
{
	struct explain_world *world = collect->world;
	const char *provider = kube_tree_text(world->canary, "spec/provider");
	const char *apex = kube_tree_text(world->canary, "spec/service/name");
	const char *own = kube_tree_text(world->canary, "spec/routeRef/name");
	const char *kind = kube_tree_text(world->canary, "spec/routeRef/kind");

	if (*provider == '\0' && world->default_provider)
		provider = world->default_provider;
	if (strcmp(provider, "istio") == 0)
		(void)find(collect, KUBE_VIRTUAL_SERVICE,
		           arena_text(&world->arena, *apex ? apex : target), &world->route);
	if (strncmp(provider, "gatewayapi", strlen("gatewayapi")) == 0)
		(void)find(collect,
		           strcmp(kind, "GRPCRoute") == 0 ? KUBE_GRPC_ROUTE : KUBE_HTTP_ROUTE,
		           arena_text(&world->arena, *own    ? own
		                                     : *apex ? apex
		                                             : target),
		           &world->route);
}

bool explain_collect(struct command_client *client, const char *lease_namespace,
                     struct explain_world *ret, struct err *err)
{
	struct collect collect = {.client = client, .world = ret};
	struct kube_ref ref = {
		.kind = KUBE_CANARY, .k8s_namespace = ret->k8s_namespace, .name = ret->name};
	const char *target;
	const char *clone;

	if (!command_client_find(client, &ref, &ret->canary, err))
		return false;
	if (!ret->canary)
		return true;
	collect_lease(&collect, lease_namespace);
	collect_releases(&collect);
	target = arena_text(&ret->arena, kube_tree_text(ret->canary, "spec/targetRef/name"));
	if (*target) {
		collect_workload(&collect, target, &ret->target);
		collect_workload(&collect, arena_format(&ret->arena, "%s-primary", target),
		                 &ret->primary);
	}
	collect_mesh(&collect, target);
	ret->ingress_name =
		arena_text(&ret->arena, kube_tree_text(ret->canary, "spec/ingressRef/name"));
	if (!*ret->ingress_name) {
		ret->ingress_name = NULL;
		return true;
	}
	ret->is_ingress_known = find(&collect, KUBE_INGRESS, ret->ingress_name, &ret->ingress);
	clone = arena_text(&ret->arena, kube_tree_text(ret->canary, "spec/ingressRef/canaryName"));
	if (!*clone)
		clone = arena_format(&ret->arena, "%s-canary", ret->ingress_name);
	if (!ret->route)
		(void)find(&collect, KUBE_INGRESS, clone, &ret->route);
	return true;
}

#include "agent/command/plan_names.h"

#include "providers/kube/tree.h"

#include <string.h>

static void add(struct plan_names *names, enum kube_kind kind, const char *k8s_namespace,
                const char *name, bool is_needed)
{
	if (names->n_rows == PLAN_NAMES_MAX || !*name)
		return;
	names->rows[names->n_rows].ref =
		(struct kube_ref){.kind = kind, .k8s_namespace = k8s_namespace, .name = name};
	names->rows[names->n_rows++].is_needed = is_needed;
}

/* The MetricTemplates of its checks. */
static void add_templates(struct plan_names *names, const json_t *canary, const char *k8s_namespace,
                          struct arena *arena)
{
	const json_t *metrics = kube_tree_find(canary, "spec/analysis/metrics");

	for (size_t i = 0; i < json_array_size(metrics); i++) {
		const json_t *ref = json_object_get(json_array_get(metrics, i), "templateRef");
		const char *space = kube_tree_text(ref, "namespace");

		add(names, KUBE_METRIC_TEMPLATE, *space ? arena_text(arena, space) : k8s_namespace,
		    arena_text(arena, kube_tree_text(ref, "name")), true);
	}
}

static void add_target(struct plan_names *names, const json_t *canary, const char *k8s_namespace,
                       struct arena *arena)
{
	const char *kind = kube_tree_text(canary, "spec/targetRef/kind");
	const char *name = arena_text(arena, kube_tree_text(canary, "spec/targetRef/name"));
	enum kube_kind as = strcmp(kind, "DaemonSet") == 0 ? KUBE_DAEMON_SET : KUBE_DEPLOYMENT;

	if ((as == KUBE_DEPLOYMENT && strcmp(kind, "Deployment") != 0) || !*name)
		return;
	add(names, as, k8s_namespace, name, true);
	add(names, as, k8s_namespace, arena_format(arena, "%s-primary", name), false);
}

static void add_scaler(struct plan_names *names, const json_t *canary, const char *k8s_namespace,
                       struct arena *arena)
{
	const char *kind = kube_tree_text(canary, "spec/autoscalerRef/kind");
	const char *name = arena_text(arena, kube_tree_text(canary, "spec/autoscalerRef/name"));
	enum kube_kind as =
		strcmp(kind, "ScaledObject") == 0 ? KUBE_SCALED_OBJECT : KUBE_AUTOSCALER;

	if (!*name)
		return;
	add(names, as, k8s_namespace, name, true);
	add(names, as, k8s_namespace, arena_format(arena, "%s-primary", name), false);
}

/* By name; one that names no provider may be Istio's by default. */
static bool is_istio(const json_t *canary)
{
	const char *provider = kube_tree_text(canary, "spec/provider");

	return strcmp(provider, "istio") == 0 ||
	       (*provider == '\0' && !kube_tree_find(canary, "spec/ingressRef"));
}

/* The route of the Gateway API: spec.routeRef, else named as the apex. */
static void add_route(struct plan_names *names, const json_t *canary, const char *k8s_namespace,
                      const char *apex, struct arena *arena)
{
	const char *name = kube_tree_text(canary, "spec/routeRef/name");
	bool is_grpc = strcmp(kube_tree_text(canary, "spec/routeRef/kind"), "GRPCRoute") == 0;

	add(names, is_grpc ? KUBE_GRPC_ROUTE : KUBE_HTTP_ROUTE, k8s_namespace,
	    arena_text(arena, *name ? name : apex), false);
}

void plan_names_read(const json_t *canary, const char *k8s_namespace, struct arena *arena,
                     struct plan_names *ret)
{
	const char *space = kube_tree_text(canary, "metadata/namespace");
	const char *target = arena_text(arena, kube_tree_text(canary, "spec/targetRef/name"));
	const char *ingress = arena_text(arena, kube_tree_text(canary, "spec/ingressRef/name"));
	const char *apex = arena_text(arena, kube_tree_text(canary, "spec/service/name"));
	const char *clone;

	ret->n_rows = 0;
	space = arena_text(arena, *space ? space : k8s_namespace);
	if (!*apex)
		apex = target;
	add_target(ret, canary, space, arena);
	if (*apex) {
		add(ret, KUBE_SERVICE, space, apex, false);
		add(ret, KUBE_SERVICE, space, arena_format(arena, "%s-primary", apex), false);
		add(ret, KUBE_SERVICE, space, arena_format(arena, "%s-canary", apex), false);
	}
	if (*ingress) {
		add(ret, KUBE_INGRESS, space, ingress, true);
		clone = arena_text(arena, kube_tree_text(canary, "spec/ingressRef/canaryName"));
		if (!*clone)
			clone = arena_format(arena, "%s-canary", ingress);
		add(ret, KUBE_INGRESS, space, clone, false);
	}
	add_scaler(ret, canary, space, arena);
	if (*apex && is_istio(canary)) {
		add(ret, KUBE_VIRTUAL_SERVICE, space, apex, false);
		add(ret, KUBE_DESTINATION_RULE, space, arena_format(arena, "%s-primary", apex),
		    false);
		add(ret, KUBE_DESTINATION_RULE, space, arena_format(arena, "%s-canary", apex),
		    false);
	}
	if (kube_tree_is_prefix("gatewayapi", kube_tree_text(canary, "spec/provider")))
		add_route(ret, canary, space, apex, arena);
	add_templates(ret, canary, space, arena);
}

#include "agent/demo/cluster_inside.h"

#include <string.h>

#define TEMPLATES_MAX 64

/* One endpoint for each pod; the addresses only tell them apart. */
static json_t *endpoints_of(const struct cluster *cluster, const char *namespace, json_t *selector)
{
	struct cluster_pods pods[TEMPLATES_MAX];
	size_t n = cluster_select(cluster, namespace, selector, pods, TEMPLATES_MAX);
	json_t *endpoints = json_array();
	struct arena arena = {0};
	unsigned number = 0;

	for (size_t i = 0; i < n && i < TEMPLATES_MAX; i++) {
		for (size_t j = 0; j < pods[i].n_pods; j++, number++) {
			const char *address = arena_format(&arena, "10.244.%u.%u", number / 250,
			                                   number % 250 + 1);
			int is_ready = j < pods[i].n_ready;

			json_array_append_new(endpoints,
			                      json_pack("{s:[s], s:{s:b, s:b, s:b}}", "addresses",
			                                address, "conditions", "ready", is_ready,
			                                "serving", is_ready, "terminating", 0));
		}
	}
	arena_fini(&arena);
	return endpoints;
}

static void write_slice(struct cluster *cluster, const char *namespace, const char *service,
                        const char *uid, json_t *endpoints)
{
	struct arena arena = {0};
	const char *folder = arena_format(
		&arena, "/apis/discovery.k8s.io/v1/namespaces/%s/endpointslices", namespace);
	const char *name = arena_format(&arena, "%s-sim", service);
	const json_t *slice =
		apiserver_find(cluster->options.server, "endpointslices", namespace, name);

	bool is_done = true;

	if (!slice)
		is_done = cluster_send(
			cluster, HTTP_POST, folder, "application/json",
			json_pack("{s:{s:s, s:{s:s}, s:[{s:s, s:s, s:s, s:s, s:b}]}, s:s, s:O}",
		                  "metadata", "name", name, "labels", "kubernetes.io/service-name",
		                  service, "ownerReferences", "apiVersion", "v1", "kind", "Service",
		                  "name", service, "uid", uid, "controller", 1, "addressType",
		                  "IPv4", "endpoints", endpoints));
	else if (!json_equal(json_object_get(slice, "endpoints"), endpoints))
		is_done = cluster_send(cluster, HTTP_PATCH,
		                       arena_format(&arena, "%s/%s", folder, name),
		                       "application/merge-patch+json",
		                       json_pack("{s:O}", "endpoints", endpoints));
	if (!is_done)
		cluster->is_endpoints_due = true; /* again in the next step */
	arena_fini(&arena);
}

bool cluster_endpoints_concerned(const struct apiserver_news *news)
{
	return strcmp(news->resource->plural, "services") == 0 ||
	       strcmp(news->resource->plural, "endpointslices") == 0;
}

void cluster_endpoints_write(struct cluster *cluster)
{
	const struct apiserver *server = cluster->options.server;
	const json_t *service;

	if (!cluster->is_endpoints_due)
		return;
	cluster->is_endpoints_due = false;
	for (size_t i = 0; (service = apiserver_at(server, "services", i)); i++) {
		const json_t *metadata = json_object_get(service, "metadata");
		json_t *selector = json_object_get(json_object_get(service, "spec"), "selector");
		const char *namespace = json_string_value(json_object_get(metadata, "namespace"));
		json_t *endpoints;

		if (json_object_size(selector) == 0)
			continue;
		endpoints = endpoints_of(cluster, namespace, selector);
		write_slice(cluster, namespace,
		            json_string_value(json_object_get(metadata, "name")),
		            json_string_value(json_object_get(metadata, "uid")), endpoints);
		json_decref(endpoints);
	}
}

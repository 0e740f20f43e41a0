#include "agent/demo/cluster_inside.h"

#include <string.h>

static const char *const plurals[] = {"httproutes", "grpcroutes"};

bool cluster_routes_concerned(const struct apiserver_news *news)
{
	for (size_t i = 0; i < array_length(plurals); i++) {
		if (strcmp(news->resource->plural, plurals[i]) == 0)
			return true;
	}
	return false;
}

static json_t *condition_of(const char *type, int64_t generation)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:I, s:s}", "type", type, "status", "True", "reason",
	                 type, "message", "", "observedGeneration", (json_int_t)generation,
	                 "lastTransitionTime", "2026-11-18T09:00:00Z");
}

/* Every parent has a controller that takes every route in. */
static json_t *parents_of(const json_t *object)
{
	const json_t *metadata = json_object_get(object, "metadata");
	int64_t generation = json_integer_value(json_object_get(metadata, "generation"));
	const json_t *refs = json_object_get(json_object_get(object, "spec"), "parentRefs");
	json_t *parents = json_array();

	for (size_t i = 0; i < json_array_size(refs); i++)
		json_array_append_new(parents, json_pack("{s:O, s:s, s:[o, o]}", "parentRef",
		                                         json_array_get(refs, i), "controllerName",
		                                         "example.com/gateway", "conditions",
		                                         condition_of("Accepted", generation),
		                                         condition_of("ResolvedRefs", generation)));
	return parents;
}

static void write_one(struct cluster *cluster, const char *plural, const json_t *object)
{
	const json_t *metadata = json_object_get(object, "metadata");
	json_t *parents = parents_of(object);
	struct arena arena = {0};
	bool is_done = true;

	if (!json_equal(json_object_get(json_object_get(object, "status"), "parents"), parents))
		is_done = cluster_send(
			cluster, HTTP_PATCH,
			arena_format(
				&arena,
				"/apis/gateway.networking.k8s.io/v1/namespaces/%s/%s/%s/status",
				json_string_value(json_object_get(metadata, "namespace")), plural,
				json_string_value(json_object_get(metadata, "name"))),
			"application/merge-patch+json",
			json_pack("{s:{s:O}}", "status", "parents", parents));
	if (!is_done)
		cluster->are_routes_due = true; /* again in the next step */
	json_decref(parents);
	arena_fini(&arena);
}

void cluster_routes_write(struct cluster *cluster)
{
	const struct apiserver *server = cluster->options.server;
	const json_t *object;

	if (!cluster->are_routes_due)
		return;
	cluster->are_routes_due = false;
	for (size_t i = 0; i < array_length(plurals); i++) {
		for (size_t j = 0; (object = apiserver_at(server, plurals[i], j)); j++)
			write_one(cluster, plurals[i], object);
	}
}

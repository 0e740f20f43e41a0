#include "agent/demo/cluster_inside.h"
#include "providers/kube/tree.h"

#include <stdlib.h>
#include <string.h>

static const json_t *metadata_of(const json_t *object)
{
	return json_object_get(object, "metadata");
}

static bool is_bound(const json_t *object)
{
	const json_t *metadata = metadata_of(object);

	return json_array_size(json_object_get(metadata, "ownerReferences")) > 0 ||
	       json_array_size(json_object_get(metadata, "finalizers")) > 0;
}

static size_t *n_bound_of(struct cluster *cluster, const struct apiserver_resource *resource)
{
	return &cluster->garbage
	                .n_bound[resource - apiserver_resource_at(cluster->options.server, 0)];
}

static void note_object(struct cluster *cluster, const struct apiserver_resource *resource,
                        const json_t *object)
{
	json_object_set(cluster->garbage.owners, kube_tree_value(metadata_of(object), "uid"),
	                json_object_get(object, "metadata"));
	*n_bound_of(cluster, resource) += is_bound(object);
}

static bool is_same(const struct apiserver_news *news, const char *key)
{
	const json_t *before = json_object_get(metadata_of(news->before), key);
	const json_t *after = json_object_get(metadata_of(news->after), key);

	return before == after || json_equal(before, after);
}

void cluster_gc_note(struct cluster *cluster, const struct apiserver_news *news)
{
	struct cluster_garbage *garbage = &cluster->garbage;

	*n_bound_of(cluster, news->resource) -= is_bound(news->before);
	if (news->is_deletion)
		json_object_del(garbage->owners, kube_tree_value(metadata_of(news->after), "uid"));
	else
		note_object(cluster, news->resource, news->after);
	if (news->is_deletion || !is_same(news, "ownerReferences") || !is_same(news, "finalizers"))
		garbage->is_due = true;
}

void cluster_gc_note_all(struct cluster *cluster)
{
	struct cluster_garbage *garbage = &cluster->garbage;
	const struct apiserver *server = cluster->options.server;
	const struct apiserver_resource *resource;

	json_object_clear(garbage->owners);
	for (size_t i = 0; (resource = apiserver_resource_at(server, i)); i++) {
		const json_t *object;

		garbage->n_bound[i] = 0;
		for (size_t j = 0; (object = apiserver_at(server, resource->plural, j)); j++)
			note_object(cluster, resource, object);
	}
	garbage->is_due = true;
}

void cluster_gc_init(struct cluster *cluster)
{
	struct cluster_garbage *garbage = &cluster->garbage;
	size_t n = 0;

	while (apiserver_resource_at(cluster->options.server, n))
		n++;
	garbage->owners = json_object();
	garbage->n_bound = calloc(n + 1, sizeof(*garbage->n_bound));
	if (!garbage->owners || !garbage->n_bound)
		abort();
}

void cluster_gc_fini(struct cluster *cluster)
{
	json_decref(cluster->garbage.owners);
	free(cluster->garbage.n_bound);
}

/* A write of the collector; what fails is tried again in the next step. Takes the body. */
static bool change(struct cluster *cluster, enum http_method method, const char *url,
                   const char *type, json_t *body)
{
	bool is_done = cluster_send(cluster, method, url, type, body);

	if (!is_done)
		cluster->garbage.is_due = true;
	return is_done;
}

static const char *url_of(struct arena *arena, const struct apiserver_resource *resource,
                          const json_t *object)
{
	const json_t *metadata = metadata_of(object);
	const char *root = *resource->group ? arena_format(arena, "/apis/%s/%s", resource->group,
	                                                   resource->version)
	                                    : "/api/v1";

	if (!resource->is_namespaced)
		return arena_format(arena, "%s/%s/%s", root, resource->plural,
		                    kube_tree_value(metadata, "name"));
	return arena_format(arena, "%s/namespaces/%s/%s/%s", root,
	                    kube_tree_value(metadata, "namespace"), resource->plural,
	                    kube_tree_value(metadata, "name"));
}

static bool has_finalizer(const json_t *metadata, const char *finalizer)
{
	const json_t *value;
	size_t i;

	json_array_foreach(json_object_get(metadata, "finalizers"), i, value)
	{
		if (strcmp(json_string_value(value), finalizer) == 0)
			return true;
	}
	return false;
}

/* The references to owners that are there and stay, or go without taking their dependents along. */
static json_t *kept_references(const json_t *map, const json_t *references, bool *ret_is_orphan)
{
	json_t *kept = json_array();
	json_t *reference;
	size_t i;

	*ret_is_orphan = false;
	json_array_foreach(references, i, reference)
	{
		const json_t *owner = json_object_get(map, kube_tree_value(reference, "uid"));

		if (owner && has_finalizer(owner, "orphan"))
			*ret_is_orphan = true;
		else if (owner && !has_finalizer(owner, "foregroundDeletion"))
			json_array_append(kept, reference);
	}
	return kept;
}

/* Delete what lost all its owners; drop references to those that are gone. True when it wrote. */
static bool collect(struct cluster *cluster, const struct apiserver_resource *resource,
                    const json_t *object)
{
	const json_t *metadata = metadata_of(object);
	const json_t *references = json_object_get(metadata, "ownerReferences");
	struct arena arena = {0};
	const char *url;
	json_t *kept;
	bool is_orphan;
	bool is_done = false;

	if (json_array_size(references) == 0 || *kube_tree_value(metadata, "deletionTimestamp"))
		return false;
	url = url_of(&arena, resource, object);
	kept = kept_references(cluster->garbage.owners, references, &is_orphan);
	if (json_array_size(kept) == 0 && !is_orphan)
		is_done = change(cluster, HTTP_DELETE, url, "application/json",
		                 json_pack("{s:{s:s}}", "preconditions", "uid",
		                           kube_tree_value(metadata, "uid")));
	else if (json_array_size(kept) < json_array_size(references))
		is_done = change(cluster, HTTP_PATCH, url, "application/merge-patch+json",
		                 json_pack("{s:{s:O}}", "metadata", "ownerReferences", kept));
	json_decref(kept);
	arena_fini(&arena);
	return is_done;
}

static bool has_dependents(const struct apiserver *server, const char *uid)
{
	const struct apiserver_resource *resource;
	const json_t *object;
	const json_t *reference;
	size_t k;

	for (size_t i = 0; (resource = apiserver_resource_at(server, i)); i++) {
		for (size_t j = 0; (object = apiserver_at(server, resource->plural, j)); j++) {
			json_array_foreach(json_object_get(metadata_of(object), "ownerReferences"),
			                   k, reference)
			{
				if (strcmp(kube_tree_value(reference, "uid"), uid) == 0)
					return true;
			}
		}
	}
	return false;
}

/* Let go of an owner whose dependents are dealt with. True when it wrote. */
static bool release(struct cluster *cluster, const struct apiserver_resource *resource,
                    const json_t *object)
{
	const json_t *metadata = metadata_of(object);
	struct arena arena = {0};
	json_t *left;
	json_t *value;
	bool is_done;
	size_t i;

	if (!has_finalizer(metadata, "orphan") && !has_finalizer(metadata, "foregroundDeletion"))
		return false;
	if (has_dependents(cluster->options.server, kube_tree_value(metadata, "uid")))
		return false;
	left = json_array();
	json_array_foreach(json_object_get(metadata, "finalizers"), i, value)
	{
		const char *text = json_string_value(value);

		if (strcmp(text, "orphan") != 0 && strcmp(text, "foregroundDeletion") != 0)
			json_array_append(left, value);
	}
	is_done = change(cluster, HTTP_PATCH, url_of(&arena, resource, object),
	                 "application/merge-patch+json",
	                 json_pack("{s:{s:o}}", "metadata", "finalizers", left));
	arena_fini(&arena);
	return is_done;
}

bool cluster_gc_pass(struct cluster *cluster)
{
	struct cluster_garbage *garbage = &cluster->garbage;
	const struct apiserver *server = cluster->options.server;
	const struct apiserver_resource *resource;
	bool is_done = false;

	if (!garbage->is_due)
		return false;
	garbage->is_due = false;
	for (size_t i = 0; !is_done && (resource = apiserver_resource_at(server, i)); i++) {
		const json_t *object;

		for (size_t j = 0; !is_done && garbage->n_bound[i] > 0 &&
		                   (object = apiserver_at(server, resource->plural, j));
		     j++)
			is_done = collect(cluster, resource, object) ||
			          release(cluster, resource, object);
	}
	garbage->is_due = garbage->is_due || is_done;
	return is_done;
}

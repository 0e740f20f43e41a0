#include "agent/command/plan_live.h"

#include "agent/command/plan_names.h"
#include "providers/kube/tree.h"

#include <string.h>

struct load {
	struct plan_world *world;
	struct command_client *client;
	const char *k8s_namespace;
	struct arena arena;
};

static bool put(struct load *load, json_t *object, enum kube_kind kind, struct err *err)
{
	kube_tree_set_text(object, "apiVersion", kube_api_version(kind));
	kube_tree_set_text(object, "kind", kube_api_kind(kind));
	return plan_world_put_live(load->world, object, err);
}

static bool load_one(struct load *load, const struct kube_ref *ref, struct err *err)
{
	json_t *object = NULL;
	bool is_done = command_client_find(load->client, ref, &object, err) &&
	               (!object || put(load, object, ref->kind, err));

	json_decref(object);
	return is_done;
}

static bool load_releases(struct load *load, const char *k8s_namespace, const char *canary,
                          struct err *err)
{
	struct command_client_list list = {
		.kind = KUBE_RELEASE,
		.k8s_namespace = k8s_namespace,
		.labels = arena_format(&load->arena, KUBE_LABEL_CANARY "=%s", canary),
	};
	bool is_done = command_client_read(load->client, &list, err);

	for (size_t i = 0; is_done && i < json_array_size(list.items); i++)
		is_done = put(load, json_array_get(list.items, i), KUBE_RELEASE, err);
	command_client_list_fini(&list);
	return is_done;
}

/* CANARY is as the cluster or a manifest has it: what both name is loaded. */
static bool load_names(struct load *load, const json_t *canary, struct err *err)
{
	struct plan_names names;

	plan_names_read(canary, load->k8s_namespace, &load->arena, &names);
	for (size_t i = 0; i < names.n_rows; i++) {
		if (!load_one(load, &names.rows[i].ref, err))
			return false;
	}
	return true;
}

static const char *space_of(const struct load *load, const json_t *object)
{
	const char *space = kube_tree_text(object, "metadata/namespace");

	return *space ? space : load->k8s_namespace;
}

/* Its Releases follow the Canary, whose UID they carry; the rest follows them. */
static bool load_canary(struct load *load, const json_t *manifest, struct err *err)
{
	const char *name = kube_tree_text(manifest, "metadata/name");
	const char *space = space_of(load, manifest);
	struct kube_ref ref = {.kind = KUBE_CANARY, .k8s_namespace = space, .name = name};
	json_t *live = NULL;
	bool is_done;

	if (!*name)
		return true;
	is_done =
		command_client_find(load->client, &ref, &live, err) &&
		(!live || (put(load, live, KUBE_CANARY, err) &&
	                   load_releases(load, space, name, err) && load_names(load, live, err))) &&
		load_names(load, manifest, err);
	json_decref(live);
	return is_done;
}

/* The live Canaries of the Deployment TARGET. */
static bool load_canaries_of(struct load *load, const json_t *target, struct err *err)
{
	struct command_client_list list = {
		.kind = KUBE_CANARY,
		.k8s_namespace = space_of(load, target),
	};
	const char *name = kube_tree_text(target, "metadata/name");
	bool is_done = command_client_read(load->client, &list, err);

	for (size_t i = 0; is_done && i < json_array_size(list.items); i++) {
		const json_t *canary = json_array_get(list.items, i);

		if (strcmp(kube_tree_text(canary, "spec/targetRef/name"), name) == 0)
			is_done = load_canary(load, canary, err);
	}
	command_client_list_fini(&list);
	return is_done;
}

bool plan_live_load(struct plan_world *world, struct command_client *client,
                    const json_t *manifests, const char *k8s_namespace, struct err *err)
{
	struct load load = {.world = world, .client = client, .k8s_namespace = k8s_namespace};
	bool is_done = true;

	for (size_t i = 0; is_done && i < json_array_size(manifests); i++) {
		const json_t *manifest = json_array_get(manifests, i);
		const char *kind = kube_tree_text(manifest, "kind");

		if (strcmp(kind, "Canary") == 0)
			is_done = load_canary(&load, manifest, err);
		else if (strcmp(kind, "Deployment") == 0)
			is_done = load_canaries_of(&load, manifest, err);
	}
	arena_fini(&load.arena);
	return is_done;
}

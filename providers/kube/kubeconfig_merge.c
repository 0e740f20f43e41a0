#include "providers/kube/kubeconfig_merge.h"

#include "providers/kube/tree.h"

#include <string.h>

/* A list of a kubeconfig, what each element holds, and which of its fields are paths. */
struct list {
	const char *name;
	const char *body;
	const char *paths[3]; /* NULL: no more */
};

static const struct list lists[] = {
	{"clusters", "cluster", {"certificate-authority"}},
	{"users", "user", {"client-certificate", "client-key", "tokenFile"}},
	{"contexts", "context", {NULL}},
};

/* A path in a file of FOLDER means one below it. */
static void place_path(json_t *object, const char *key, const char *folder, struct arena *arena)
{
	const char *path = kube_tree_value(object, key);

	if (!*path || path[0] == '/' || !*folder)
		return;
	kube_tree_set_text(object, key, arena_format(arena, "%s/%s", folder, path));
}

/* A plugin with a slash in its name is a path, else it is looked for in $PATH. */
static void place_command(json_t *user, const char *folder, struct arena *arena)
{
	json_t *exec = json_object_get(user, "exec");

	if (strchr(kube_tree_value(exec, "command"), '/'))
		place_path(exec, "command", folder, arena);
}

static bool has_name(const json_t *elements, const char *name)
{
	for (size_t i = 0; i < json_array_size(elements); i++)
		if (strcmp(kube_tree_text(json_array_get(elements, i), "name"), name) == 0)
			return true;
	return false;
}

static bool merge_list(json_t *merged, const json_t *root, const struct list *list,
                       const char *folder, struct err *err)
{
	const json_t *elements = json_object_get(root, list->name);
	json_t *all = json_object_get(merged, list->name);
	struct arena arena = {0};

	if (!all) {
		all = kube_tree_list();
		kube_tree_set(merged, list->name, all);
	}
	if (json_array_size(elements) + json_array_size(all) > KUBE_KUBECONFIG_ENTRIES_MAX)
		return err_set(err, ERR_LIMIT, "$.%s: more than %d in all files", list->name,
		               KUBE_KUBECONFIG_ENTRIES_MAX);
	for (size_t i = 0; i < json_array_size(elements); i++) {
		json_t *element = json_array_get(elements, i);
		json_t *body = json_object_get(element, list->body);

		if (has_name(all, kube_tree_text(element, "name")))
			continue;
		for (size_t k = 0; k < array_length(list->paths) && list->paths[k]; k++)
			place_path(body, list->paths[k], folder, &arena);
		if (strcmp(list->body, "user") == 0)
			place_command(body, folder, &arena);
		kube_tree_append(all, json_incref(element));
	}
	arena_fini(&arena);
	return true;
}

/* What says nothing; a value of a wrong type says something, and is refused when it is read. */
static bool is_empty(const json_t *value)
{
	return json_is_null(value) || (json_is_string(value) && !*json_string_value(value));
}

bool kube_kubeconfig_merge(json_t *merged, json_t *root, const char *folder, struct err *err)
{
	json_t *current = json_object_get(root, "current-context");

	if (!json_is_object(root))
		return err_set(err, ERR_INVALID, "$: expected a kubeconfig");
	for (size_t i = 0; i < array_length(lists); i++)
		if (!merge_list(merged, root, &lists[i], folder, err))
			return false;
	if (current && !is_empty(current) && !json_object_get(merged, "current-context"))
		kube_tree_set(merged, "current-context", json_incref(current));
	return true;
}

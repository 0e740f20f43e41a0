#include "agent/command/plan_clean.h"

#include "providers/kube/tree.h"

#include <string.h>

#define NOT_YET   "(known when it is made)"
#define DEPTH_MAX 64

void plan_clean_fini(struct plan_clean *clean)
{
	json_decref(clean->here);
	json_decref(clean->there);
	*clean = (struct plan_clean){0};
}

void plan_clean_note(struct plan_clean *clean, const char *live, const char *here)
{
	if (!clean->here) {
		clean->here = kube_tree_object();
		clean->there = kube_tree_object();
	}
	if (!*live || !*here)
		return;
	kube_tree_set_text(clean->here, live, here);
	kube_tree_set_text(clean->there, here, live);
}

/* VALUE, when it is a text that MAP has another for, as that one; else itself. A new reference. */
static json_t *translate(json_t *value, const json_t *map, int depth)
{
	json_t *other =
		json_is_string(value) ? json_object_get(map, json_string_value(value)) : NULL;
	json_t *ret;
	const char *key;
	json_t *member;
	size_t i;

	if (other)
		return json_incref(other);
	if (depth == DEPTH_MAX || !(json_is_object(value) || json_is_array(value)))
		return json_incref(value);
	if (json_is_array(value)) {
		ret = kube_tree_list();
		json_array_foreach(value, i, member)
			json_array_append_new(ret, translate(member, map, depth + 1));
		return ret;
	}
	ret = kube_tree_object();
	json_object_foreach(value, key, member)
		json_object_set_new(ret, key, translate(member, map, depth + 1));
	return ret;
}

json_t *plan_clean_enter(const struct plan_clean *clean, json_t *object)
{
	json_t *ret = translate(object, clean->here, 0);

	json_decref(object);
	return ret;
}

/* Leave out ------------------------------------------------------------------------------------ */

/* Resources that controllers keep, or that say when something was. */
static bool is_shown(const char *plural)
{
	static const char *const hidden[] = {"events", "leases",      "endpointslices", "pods",
	                                     "nodes",  "replicasets", "namespaces"};

	for (size_t i = 0; i < array_length(hidden); i++) {
		if (strcmp(hidden[i], plural) == 0)
			return false;
	}
	return true;
}

/* Delete what stands at PATH ("status/times"). */
static void leave_out(json_t *object, const char *path)
{
	const char *slash = strrchr(path, '/');
	char parent[128];

	if (!slash) {
		json_object_del(object, path);
		return;
	}
	if ((size_t)(slash - path) >= sizeof(parent))
		return;
	memcpy(parent, path, (size_t)(slash - path));
	parent[slash - path] = '\0';
	json_object_del(kube_tree_find(object, parent), slash + 1);
}

static void drop_empty(json_t *object, const char *path)
{
	const json_t *map = kube_tree_find(object, path);

	if (json_is_object(map) && json_object_size(map) == 0)
		leave_out(object, path);
}

static void clean_conditions(json_t *object)
{
	json_t *list = kube_tree_find(object, "status/conditions");

	for (size_t i = 0; i < json_array_size(list); i++) {
		json_object_del(json_array_get(list, i), "lastTransitionTime");
		json_object_del(json_array_get(list, i), "lastUpdateTime");
	}
}

/* What a Secret holds is for nobody's terminal. */
static void hide(json_t *object)
{
	json_t *held = json_object_get(object, "data");
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(held, next, key, value)
	{
		kube_tree_set_text(held, key, "(not shown)");
	}
}

/* OBJECT, a copy of its own, without noise. */
static void clean_object(json_t *object, const struct apiserver_resource *resource)
{
	static const char *const everywhere[] = {
		"metadata/uid",           "metadata/resourceVersion", "metadata/generation",
		"metadata/managedFields", "metadata/selfLink",        "metadata/creationTimestamp",
	};
	static const char *const times[] = {
		"status/lastTransitionTime",
		"status/times",
		"status/seq",
		"status/policy",
		"status/notices",
		"spec/target/uid",
		"spec/target/generation",
	};
	static const char *const filled[] = {"spec/clusterIP", "spec/clusterIPs"};

	for (size_t i = 0; i < array_length(everywhere); i++)
		leave_out(object, everywhere[i]);
	for (size_t i = 0; resource->is_custom && i < array_length(times); i++)
		leave_out(object, times[i]);
	for (size_t i = 0; i < array_length(filled); i++)
		leave_out(object, filled[i]);
	json_object_del(kube_tree_find(object, "metadata/annotations"),
	                "deployment.kubernetes.io/revision");
	json_object_del(kube_tree_find(object, "metadata/annotations"),
	                "serin.dev/target-revision");
	drop_empty(object, "metadata/annotations");
	if (!resource->is_custom)
		json_object_del(object, "status");
	clean_conditions(object);
	if (strcmp(resource->plural, "secrets") == 0)
		hide(object);
}

/* UIDs here: live ones, and words for what the live cluster does not have. */
static json_t *name_uids(const struct plan_clean *clean, const struct apiserver *server)
{
	json_t *uids = kube_tree_object();
	const struct apiserver_resource *resource;

	for (size_t i = 0; (resource = apiserver_resource_at(server, i)); i++) {
		const json_t *object;

		for (size_t j = 0; (object = apiserver_at(server, resource->plural, j)); j++)
			kube_tree_set_text(uids, kube_tree_text(object, "metadata/uid"), NOT_YET);
	}
	if (clean->there)
		json_object_update(uids, clean->there);
	return uids;
}

json_t *plan_clean_describe(const struct plan_clean *clean, const struct apiserver *server)
{
	json_t *uids = name_uids(clean, server);
	json_t *ret = kube_tree_object();
	const struct apiserver_resource *resource;

	for (size_t i = 0; (resource = apiserver_resource_at(server, i)); i++) {
		const json_t *object;

		for (size_t j = 0; (object = apiserver_at(server, resource->plural, j)); j++) {
			json_t *copy = json_deep_copy(object);
			json_t *named;

			if (!is_shown(resource->plural)) {
				json_decref(copy);
				break;
			}
			clean_object(copy, resource);
			named = json_sprintf("%s/%s/%s", resource->plural,
			                     kube_tree_text(copy, "metadata/namespace"),
			                     kube_tree_text(copy, "metadata/name"));
			kube_tree_set(ret, json_string_value(named), translate(copy, uids, 0));
			json_decref(named);
			json_decref(copy);
		}
	}
	json_decref(uids);
	return ret;
}

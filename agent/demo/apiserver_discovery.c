/* What there is: /api, /apis and the lists of resources below them, for clients that ask. */
#include "agent/demo/apiserver_inside.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const struct short_name {
	const char *plural;
	const char *name;
} short_names[] = {
	{"deployments", "deploy"}, {"daemonsets", "ds"}, {"replicasets", "rs"},
	{"services", "svc"},       {"events", "ev"},     {"pods", "po"},
	{"configmaps", "cm"},      {"namespaces", "ns"}, {"nodes", "no"},
	{"ingresses", "ing"},
};

static bool is_known(const struct apiserver *server, const char *group, const char *version)
{
	for (size_t i = 0; i < server->options.n_resources; i++) {
		const struct apiserver_resource *resource = &server->options.resources[i];

		if (strcmp(resource->group, group) == 0 &&
		    (!version || strcmp(resource->version, version) == 0))
			return true;
	}
	return false;
}

/* Every group here has one version. */
static const char *version_of(const struct apiserver *server, const char *group)
{
	for (size_t i = 0; i < server->options.n_resources; i++) {
		if (strcmp(server->options.resources[i].group, group) == 0)
			return server->options.resources[i].version;
	}
	return "";
}

static json_t *group_of(const struct apiserver_call *call, const char *group)
{
	const char *version = version_of(call->server, group);
	const char *both = arena_format(call->arena, "%s/%s", group, version);

	return json_pack("{ss s[{ss ss}] s{ss ss}}", "name", group, "versions", "groupVersion",
	                 both, "version", version, "preferredVersion", "groupVersion", both,
	                 "version", version);
}

static json_t *groups_of(const struct apiserver_call *call)
{
	const struct apiserver *server = call->server;
	json_t *groups = json_array();

	for (size_t i = 0; i < server->options.n_resources; i++) {
		const char *group = server->options.resources[i].group;
		bool is_told = !*group;

		for (size_t k = 0; k < i; k++)
			is_told = is_told || strcmp(server->options.resources[k].group, group) == 0;
		if (!is_told)
			json_array_append_new(groups, group_of(call, group));
	}
	return json_pack("{ss ss so}", "kind", "APIGroupList", "apiVersion", "v1", "groups",
	                 groups);
}

static json_t *resource_of(const struct apiserver_resource *resource)
{
	json_t *object =
		json_pack("{ss ss sb ss s[ssssss]}", "name", resource->plural, "singularName", "",
	                  "namespaced", resource->is_namespaced, "kind", resource->kind, "verbs",
	                  "create", "delete", "get", "list", "patch", "watch");
	char *singular = strdup(resource->kind);

	if (!object || !singular)
		abort();
	for (char *at = singular; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	json_object_set_new(object, "singularName", json_string(singular));
	free(singular);
	json_array_append_new(json_object_get(object, "verbs"), json_string("update"));
	for (size_t i = 0; i < array_length(short_names); i++) {
		if (strcmp(short_names[i].plural, resource->plural) == 0)
			json_object_set_new(object, "shortNames",
			                    json_pack("[s]", short_names[i].name));
	}
	return object;
}

static json_t *resources_of(const struct apiserver_call *call, const char *group,
                            const char *version)
{
	const struct apiserver *server = call->server;
	json_t *list = json_array();

	for (size_t i = 0; i < server->options.n_resources; i++) {
		const struct apiserver_resource *resource = &server->options.resources[i];

		if (strcmp(resource->group, group) != 0)
			continue;
		json_array_append_new(list, resource_of(resource));
		if (resource->has_status)
			json_array_append_new(
				list, json_pack("{so ss sb ss s[sss]}", "name",
			                        json_sprintf("%s/status", resource->plural),
			                        "singularName", "", "namespaced",
			                        resource->is_namespaced, "kind", resource->kind,
			                        "verbs", "get", "patch", "update"));
	}
	return json_pack("{ss ss ss so}", "kind", "APIResourceList", "apiVersion", "v1",
	                 "groupVersion",
	                 *group ? arena_format(call->arena, "%s/%s", group, version) : version,
	                 "resources", list);
}

bool apiserver_discovery_serve(struct apiserver_call *call, const char *path)
{
	char *text = arena_text(call->arena, path);
	char *parts[4] = {NULL};
	size_t n = 0;
	char *part;
	json_t *body = NULL;

	while (n < array_length(parts) && (part = strsep(&text, "/")) != NULL) {
		if (*part)
			parts[n++] = part;
	}
	if (n == 0 || n > 3 || text)
		return false;
	if (strcmp(parts[0], "api") == 0 && n == 1)
		body = json_pack("{ss s[s] s[]}", "kind", "APIVersions", "versions", "v1",
		                 "serverAddressByClientCIDRs");
	else if (strcmp(parts[0], "api") == 0 && n == 2 && is_known(call->server, "", parts[1]))
		body = resources_of(call, "", parts[1]);
	else if (strcmp(parts[0], "apis") == 0 && n == 1)
		body = groups_of(call);
	else if (strcmp(parts[0], "apis") == 0 && is_known(call->server, parts[1], parts[2]))
		body = n == 2 ? group_of(call, parts[1]) : resources_of(call, parts[1], parts[2]);
	if (!body)
		return false;
	if (n == 2 && strcmp(parts[0], "apis") == 0) {
		json_object_set_new(body, "kind", json_string("APIGroup"));
		json_object_set_new(body, "apiVersion", json_string("v1"));
	}
	apiserver_status_reply(call, 200, body);
	return true;
}

#include "providers/traffic/gateway_parent.h"

#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"

#include <string.h>

#define GROUP "gateway.networking.k8s.io"

/* Linkerd's clients call the apex Service; the group as its documents spell it. */
static json_t *parent_of_linkerd(const struct canary_world *world)
{
	json_t *parent = kube_tree_object();

	kube_tree_set_text(parent, "group", "core");
	kube_tree_set_text(parent, "kind", "Service");
	kube_tree_set_text(parent, "namespace", world->spec->k8s_namespace);
	kube_tree_set_text(parent, "name", world->apex);
	kube_tree_set_whole(parent, "port", kube_tree_whole(world->object, "spec/service/port", 0));
	return parent;
}

json_t *gateway_parent_refs(const struct canary_world *world)
{
	static const char *const texts[] = {"group", "kind", "namespace", "name", "sectionName"};
	const json_t *given = kube_tree_find(world->object, "spec/service/gatewayRefs");
	json_t *parents = kube_tree_list();

	for (size_t i = 0; i < json_array_size(given); i++) {
		const json_t *from = json_array_get(given, i);
		int port = kube_tree_whole(from, "port", 0);
		json_t *parent = kube_tree_object();

		kube_tree_set_text(parent, "group", GROUP);
		kube_tree_set_text(parent, "kind", "Gateway");
		for (size_t j = 0; j < array_length(texts); j++) {
			const json_t *text = kube_tree_find(from, texts[j]);

			/* "" is a group: the core's */
			if (json_is_string(text))
				kube_tree_set_text(parent, texts[j], json_string_value(text));
		}
		if (port > 0)
			kube_tree_set_whole(parent, "port", port);
		kube_tree_append(parents, parent);
	}
	if (json_array_size(parents) == 0 && strcmp(world->spec->provider, "linkerd") == 0)
		kube_tree_append(parents, parent_of_linkerd(world));
	return parents;
}

/* The text of KEY, FALLBACK where there is none. */
static const char *text_or(const json_t *ref, const char *key, const char *fallback)
{
	const json_t *text = kube_tree_find(ref, key);

	return json_is_string(text) ? json_string_value(text) : fallback;
}

static const char *group_of(const json_t *ref)
{
	const char *group = text_or(ref, "group", GROUP);

	return strcmp(group, "core") == 0 ? "" : group;
}

/* A and B name the same parent of a route in SPACE. */
static bool is_same(const json_t *a, const json_t *b, const char *space)
{
	return strcmp(group_of(a), group_of(b)) == 0 &&
	       strcmp(text_or(a, "kind", "Gateway"), text_or(b, "kind", "Gateway")) == 0 &&
	       strcmp(text_or(a, "namespace", space), text_or(b, "namespace", space)) == 0 &&
	       strcmp(text_or(a, "name", ""), text_or(b, "name", "")) == 0 &&
	       strcmp(text_or(a, "sectionName", ""), text_or(b, "sectionName", "")) == 0 &&
	       kube_tree_whole(a, "port", 0) == kube_tree_whole(b, "port", 0);
}

static const json_t *find_condition(const json_t *status, const char *type)
{
	const json_t *conditions = kube_tree_find(status, "conditions");

	for (size_t i = 0; i < json_array_size(conditions); i++) {
		const json_t *condition = json_array_get(conditions, i);

		if (strcmp(kube_tree_text(condition, "type"), type) == 0)
			return condition;
	}
	return NULL;
}

/* What one controller says of the route for one parent; RET_WHY when it has not taken it in. */
static bool has_taken(const json_t *route, const json_t *status, const char *parent, char *ret_why)
{
	static const char *const types[] = {"Accepted", "ResolvedRefs"};
	json_int_t wanted = json_integer_value(kube_tree_find(route, "metadata/generation"));

	for (size_t i = 0; i < array_length(types); i++) {
		const json_t *condition = find_condition(status, types[i]);
		json_int_t seen =
			json_integer_value(kube_tree_find(condition, "observedGeneration"));

		if (!condition) {
			text_format(ret_why, SENTENCE_MAX, "%.120s has not said %s of it", parent,
			            types[i]);
			return false;
		}
		if (strcmp(kube_tree_text(condition, "status"), "True") != 0) {
			text_format(ret_why, SENTENCE_MAX, "%.80s says %s is %.10s: %.40s: %.120s",
			            parent, types[i], kube_tree_text(condition, "status"),
			            kube_tree_text(condition, "reason"),
			            kube_tree_text(condition, "message"));
			return false;
		}
		if (seen < wanted) {
			text_format(ret_why, SENTENCE_MAX,
			            "%.120s has seen generation %lld of it, not %lld yet", parent,
			            (long long)seen, (long long)wanted);
			return false;
		}
	}
	return true;
}

/* Some controller has taken the route in for PARENT. */
static bool is_taken_by(const json_t *route, const json_t *parent, char *ret_why)
{
	const json_t *statuses = kube_tree_find(route, "status/parents");
	const char *space = kube_tree_text(route, "metadata/namespace");
	char name[160];

	text_format(name, sizeof(name), "%.40s %.100s", text_or(parent, "kind", "Gateway"),
	            text_or(parent, "name", ""));
	text_format(ret_why, SENTENCE_MAX, "%s has not answered: is there a controller for it?",
	            name);
	for (size_t i = 0; i < json_array_size(statuses); i++) {
		const json_t *status = json_array_get(statuses, i);

		if (is_same(kube_tree_find(status, "parentRef"), parent, space) &&
		    has_taken(route, status, name, ret_why))
			return true;
	}
	return false;
}

bool gateway_parent_took(const json_t *route, char *ret_why)
{
	const json_t *parents = kube_tree_find(route, "spec/parentRefs");

	for (size_t i = 0; i < json_array_size(parents); i++) {
		if (!is_taken_by(route, json_array_get(parents, i), ret_why))
			return false;
	}
	ret_why[0] = '\0';
	return true;
}

/* Istio's, where it has an ambient mesh: its message alone tells, its status is True. */
#define WAYPOINTS   "ResolvedWaypoints"
#define NO_WAYPOINT "use-waypoint label missing"

void gateway_parent_doubt(const json_t *route, char *ret, size_t size)
{
	const json_t *statuses = kube_tree_find(route, "status/parents");

	ret[0] = '\0';
	for (size_t i = 0; i < json_array_size(statuses) && !ret[0]; i++) {
		const json_t *status = json_array_get(statuses, i);
		const json_t *parent = kube_tree_find(status, "parentRef");
		const json_t *condition = find_condition(status, WAYPOINTS);
		const char *message = kube_tree_text(condition, "message");

		if (strcmp(text_or(parent, "kind", "Gateway"), "Service") == 0 && condition &&
		    (strcmp(kube_tree_text(condition, "status"), "True") != 0 ||
		     strstr(message, NO_WAYPOINT)))
			text_format(ret, size, "Service %.40s: %.130s", text_or(parent, "name", ""),
			            message);
	}
}

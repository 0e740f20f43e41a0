#include "agent/command/explain_route.h"

#include "providers/kube/tree.h"

#include <stdlib.h>
#include <string.h>

#define SUFFIX "/canary-weight"

/* The annotation with the weight: its key ends so, whatever its prefix; NULL: there is none. */
static const char *find_key(const json_t *route)
{
	json_t *annotations = kube_tree_find(route, "metadata/annotations");
	const char *key;
	json_t *value;

	json_object_foreach(annotations, key, value)
	{
		size_t length = strlen(key);

		if (length > strlen(SUFFIX) && json_is_string(value) &&
		    strcmp(key + length - strlen(SUFFIX), SUFFIX) == 0)
			return key;
	}
	return NULL;
}

static int weight_of(const json_t *route, const char *key)
{
	return (int)strtol(kube_tree_value(kube_tree_find(route, "metadata/annotations"), key),
	                   NULL, 10);
}

/* The field manager that wrote the weight last; NULL when managedFields do not say. */
static const json_t *find_writer(const json_t *route, const char *key, struct arena *arena)
{
	const json_t *entries = kube_tree_find(route, "metadata/managedFields");
	const char *field = arena_format(arena, "f:%s", key);
	const json_t *newest = NULL;

	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		const json_t *fields = kube_tree_find(entry, "fieldsV1/f:metadata/f:annotations");

		/* A server that keeps no fields names the manager at least. */
		bool has_weight = json_object_get(fields, field) ||
		                  json_object_size(json_object_get(entry, "fieldsV1")) == 0;

		if (has_weight && (!newest || strcmp(kube_tree_text(entry, "time"),
		                                     kube_tree_text(newest, "time")) >= 0))
			newest = entry;
	}
	return newest;
}

/* "kubectl-edit wrote it 2m ago" */
static const char *name_writer(const struct explain_world *world, const char *key,
                               struct arena *arena)
{
	const json_t *writer = find_writer(world->route, key, arena);
	struct instant then = {0};
	char age[EXPLAIN_AGE_MAX];

	if (!writer)
		return "managedFields do not say who wrote it";
	if (!instant_parse(kube_tree_text(writer, "time"), &then, NULL))
		then = (struct instant){0};
	explain_age(world->now, then, age);
	return arena_format(arena, "%.100s wrote it%s%s%s", kube_tree_text(writer, "manager"),
	                    *age ? " " : "", age, *age ? " ago" : "");
}

void explain_route(const struct explain_world *world, struct explain_answer *ret, int from, int to)
{
	const char *key = find_key(world->route);
	int weight = key ? weight_of(world->route, key) : 0;

	if (!key || weight == from || weight == to)
		return;
	explain_say(ret, "fight",
	            "ingress %.200s gives the canary weight %d, where the agent wants %d: %s",
	            kube_tree_text(world->route, "metadata/name"), weight, to,
	            name_writer(world, key, &ret->arena));
}

void explain_route_tell(const struct explain_world *world, struct explain_answer *ret)
{
	const char *key = find_key(world->route);
	const char *about;

	if (!world->route)
		return;
	about = arena_format(&ret->arena, "Ingress %s",
	                     kube_tree_text(world->route, "metadata/name"));
	if (key)
		explain_fact_add(ret, about, "%s: %d; %s", key, weight_of(world->route, key),
		                 name_writer(world, key, &ret->arena));
	else
		explain_fact_add(ret, about, "has no weight");
}

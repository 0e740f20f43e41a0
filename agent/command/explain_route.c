#include "agent/command/explain_route.h"

#include "analysis/base/text.h"
#include "providers/kube/tree.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX "/canary-weight"

/* Where a route says the canary's weight. */
struct place {
	const char *name; /* as people are told; NULL: nowhere */
	int weight;
	const char *fields; /* of managedFields: the path to it, and its name there */
	const char *field;
};

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

/* An Ingress: its annotation. */
static struct place annotation_place(const json_t *route, struct arena *arena)
{
	const char *key = find_key(route);

	if (!key)
		return (struct place){0};
	return (struct place){
		.name = key,
		.weight = (int)strtol(kube_tree_value(kube_tree_find(route, "metadata/annotations"),
	                                              key),
	                              NULL, 10),
		.fields = "fieldsV1/f:metadata/f:annotations",
		.field = arena_format(arena, "f:%s", key),
	};
}

/* The kinds of routes: where their rules are, and in a rule the Services and their names. */
struct form {
	const char *rules;
	const char *entries;
	const char *name;
	int weight; /* where none is said */
};

static const struct form forms[] = {
	{"http", "route", "destination/host", 0}, /* a VirtualService */
	{"tcp", "route", "destination/host", 0},
	{"rules", "backendRefs", "name", 1}, /* a route of the Gateway API */
};

/* The name of the canary's Service; the apex Service has the route's name unless the Canary says
 * more. */
static const char *service_of(const struct explain_world *world, struct arena *arena)
{
	const char *apex = kube_tree_text(world->canary, "spec/service/name");
	const char *target = kube_tree_text(world->canary, "spec/targetRef/name");
	const char *route = kube_tree_text(world->route, "metadata/name");

	return arena_format(arena, "%s-canary", *apex ? apex : *target ? target : route);
}

/* The entry for the canary's Service, of the first rule that has one. */
static struct place rule_place(const struct explain_world *world, const struct form *form,
                               struct arena *arena)
{
	const json_t *rules = json_object_get(kube_tree_find(world->route, "spec"), form->rules);
	const char *service = service_of(world, arena);
	size_t length = strlen(service);

	for (size_t i = 0; i < json_array_size(rules); i++) {
		const json_t *route = kube_tree_find(json_array_get(rules, i), form->entries);

		for (size_t j = 0; j < json_array_size(route); j++) {
			const json_t *entry = json_array_get(route, j);
			const char *host = kube_tree_text(entry, form->name);

			if (strncmp(host, service, length) != 0 ||
			    (host[length] != '\0' && host[length] != '.'))
				continue;
			return (struct place){
				.name = arena_format(arena, "weight of %.100s", host),
				.weight = kube_tree_whole(entry, "weight", form->weight),
				.fields = "fieldsV1/f:spec",
				.field = arena_format(arena, "f:%s", form->rules),
			};
		}
	}
	return (struct place){0};
}

static struct place find_place(const struct explain_world *world, struct arena *arena)
{
	struct place place = annotation_place(world->route, arena);

	for (size_t i = 0; i < array_length(forms) && !place.name; i++)
		place = rule_place(world, &forms[i], arena);
	return place;
}

/* The field manager that wrote the weight last; NULL when managedFields do not say. */
static const json_t *find_writer(const json_t *route, const struct place *place)
{
	const json_t *entries = kube_tree_find(route, "metadata/managedFields");
	const json_t *newest = NULL;

	for (size_t i = 0; i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);
		const json_t *fields = kube_tree_find(entry, place->fields);

		/* A server that keeps no fields names the manager at least. */
		bool has_weight = json_object_get(fields, place->field) ||
		                  json_object_size(json_object_get(entry, "fieldsV1")) == 0;

		if (has_weight && (!newest || strcmp(kube_tree_text(entry, "time"),
		                                     kube_tree_text(newest, "time")) >= 0))
			newest = entry;
	}
	return newest;
}

/* "kubectl-edit wrote it 2m ago" */
static const char *name_writer(const struct explain_world *world, const struct place *place,
                               struct arena *arena)
{
	const json_t *writer = find_writer(world->route, place);
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

/* The route's kind, for people. */
static const char *kind_of(const json_t *route)
{
	const char *kind = kube_tree_text(route, "kind");

	return *kind ? kind : "Ingress";
}

/* … as kubectl has it. */
static const char *word_of(const json_t *route, struct arena *arena)
{
	char *word = arena_copy(arena, kind_of(route), strlen(kind_of(route)));

	for (char *at = word; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return word;
}

void explain_route(const struct explain_world *world, struct explain_answer *ret, int from, int to)
{
	struct place place = find_place(world, &ret->arena);

	if (!place.name || place.weight == from || place.weight == to)
		return;
	explain_say(ret, "fight",
	            "%s %.200s gives the canary weight %d, where the agent wants %d: %s",
	            word_of(world->route, &ret->arena),
	            kube_tree_text(world->route, "metadata/name"), place.weight, to,
	            name_writer(world, &place, &ret->arena));
}

void explain_route_tell(const struct explain_world *world, struct explain_answer *ret)
{
	struct place place = find_place(world, &ret->arena);
	const char *about;

	if (!world->route)
		return;
	about = arena_format(&ret->arena, "%s %s", kind_of(world->route),
	                     kube_tree_text(world->route, "metadata/name"));
	if (place.name)
		explain_fact_add(ret, about, "%s: %d; %s", place.name, place.weight,
		                 name_writer(world, &place, &ret->arena));
	else
		explain_fact_add(ret, about, "has no weight");
}

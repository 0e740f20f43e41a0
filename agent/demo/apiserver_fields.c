/*
 * Sets of fields, as fieldsV1 of managedFields has them: an object with a member "f:NAME" for each
 * field, {} for one that is held whole. What Serin asks about lies above lists and in the first
 * three levels: what is below is held whole, and so is the status.
 */
#include "agent/demo/apiserver_inside.h"

#include <string.h>

#define DEPTH_MAX 3

/* What every object has, and nobody owns. */
static bool is_stripped(const char *key)
{
	static const char *const stripped[] = {
		"name",          "namespace",         "uid",
		"generation",    "creationTimestamp", "deletionTimestamp",
		"managedFields", "resourceVersion",   "deletionGracePeriodSeconds",
		"selfLink",
	};

	for (size_t i = 0; i < array_length(stripped); i++) {
		if (strcmp(key, stripped[i]) == 0)
			return true;
	}
	return false;
}

static const char *field_of(struct apiserver_call *call, const char *key)
{
	return arena_format(call->arena, "f:%s", key);
}

static bool has_members(const json_t *value)
{
	return json_is_object(value) && json_object_size(value) > 0;
}

static void add(json_t **set, const char *field, json_t *below)
{
	if (!below)
		return;
	if (!*set)
		*set = json_object();
	json_object_set_new(*set, field, below);
}

/* The fields of a value, DEPTH levels of them; never NULL. */
static json_t *fields_of(struct apiserver_call *call, const json_t *value, int depth)
{
	json_t *set = json_object();
	const char *key;
	json_t *member;

	if (depth == 0)
		return set;
	json_object_foreach((json_t *)(uintptr_t)value, key, member)
	{
		json_object_set_new(set, field_of(call, key), fields_of(call, member, depth - 1));
	}
	return set;
}

static json_t *changes_of(struct apiserver_call *call, const json_t *old, const json_t *now,
                          int depth);

/* How one member changed; NULL: not at all. */
static json_t *change_of(struct apiserver_call *call, const json_t *old, const json_t *now,
                         int depth)
{
	if (old == now)
		return NULL;
	if (depth > 0 && has_members(old) && has_members(now))
		return changes_of(call, old, now, depth);
	if (old && json_equal(old, now))
		return NULL;
	return fields_of(call, now, depth);
}

/* The fields of NOW that are not the same in OLD; NULL when there are none. */
static json_t *changes_of(struct apiserver_call *call, const json_t *old, const json_t *now,
                          int depth)
{
	json_t *set = NULL;
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)now, key, value)
	{
		add(&set, field_of(call, key),
		    change_of(call, json_object_get(old, key), value, depth - 1));
	}
	return set;
}

json_t *apiserver_fields_changed(struct apiserver_call *call, const json_t *old, const json_t *now)
{
	json_t *set = NULL;
	json_t *metadata = NULL;
	const json_t *before = json_object_get(old, "metadata");
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)now, key, value)
	{
		int depth = strcmp(key, "status") == 0 ? 0 : DEPTH_MAX - 1;

		if (strcmp(key, "apiVersion") != 0 && strcmp(key, "kind") != 0 &&
		    strcmp(key, "metadata") != 0)
			add(&set, field_of(call, key),
			    change_of(call, json_object_get(old, key), value, depth));
	}
	json_object_foreach(json_object_get(now, "metadata"), key, value)
	{
		if (!is_stripped(key))
			add(&metadata, field_of(call, key),
			    change_of(call, json_object_get(before, key), value, DEPTH_MAX - 2));
	}
	add(&set, "f:metadata", metadata);
	return set;
}

json_t *apiserver_fields_join(json_t *set, json_t *more)
{
	json_t *joined;
	const char *field;
	json_t *below;

	if (!set || json_object_size(more) == 0)
		return json_incref(more);
	joined = json_copy(set);
	json_object_foreach(more, field, below)
	{
		json_t *mine = json_object_get(joined, field);

		json_object_set_new(joined, field,
		                    mine ? apiserver_fields_join(mine, below) : json_incref(below));
	}
	return joined;
}

json_t *apiserver_fields_keep(json_t *set, const json_t *taken, const json_t *object)
{
	json_t *kept = NULL;
	const char *field;
	json_t *below;

	json_object_foreach(set, field, below)
	{
		const json_t *lost = json_object_get(taken, field);
		const json_t *value = json_object_get(object, field + 2);
		json_t *left = NULL;

		if (!value || (lost && json_object_size(lost) == 0))
			continue;
		if (json_object_size(below) == 0)
			left = lost ? NULL : json_incref(below);
		else
			left = apiserver_fields_keep(below, lost, value);
		add(&kept, field, left);
	}
	return kept;
}

/*
 * Strategic merge patch, of which kubectl's set, edit and scale make use: a merge patch in which
 * lists of objects that all have a name (containers, env, volumes) are merged by it. Directives
 * about order are passed over, "$patch: delete" is obeyed; lists with other keys are replaced.
 */
#include "agent/demo/apiserver_patch.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void merge(json_t *target, const json_t *patch);

static const char *name_of(const json_t *object)
{
	return json_string_value(json_object_get(object, "name"));
}

static bool is_named(const json_t *list)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
	{
		if (!name_of(item))
			return false;
	}
	return json_array_size(list) > 0;
}

static size_t find(const json_t *list, const char *name)
{
	size_t i = 0;

	while (i < json_array_size(list) && strcmp(name_of(json_array_get(list, i)), name) != 0)
		i++;
	return i;
}

static bool is_deletion(const json_t *item)
{
	const char *directive = json_string_value(json_object_get(item, "$patch"));

	return directive && strcmp(directive, "delete") == 0;
}

static void merge_list(json_t *target, const json_t *patch)
{
	const json_t *item;
	size_t i;

	json_array_foreach(patch, i, item)
	{
		size_t at = find(target, name_of(item));

		if (is_deletion(item)) {
			if (at < json_array_size(target))
				json_array_remove(target, at);
			continue;
		}
		if (at == json_array_size(target))
			json_array_append_new(target, json_object());
		merge(json_array_get(target, at), item);
	}
}

static void set_member(json_t *target, const char *key, json_t *value)
{
	json_t *old = json_object_get(target, key);

	if (json_is_null(value)) {
		json_object_del(target, key);
	} else if (json_is_object(value)) {
		if (!json_is_object(old)) {
			old = json_object();
			json_object_set_new(target, key, old);
		}
		merge(old, value);
	} else if (is_named(value) && is_named(old)) {
		merge_list(old, value);
	} else {
		json_object_set_new(target, key, json_deep_copy(value));
	}
}

static void merge(json_t *target, const json_t *patch)
{
	const char *key;
	json_t *value;

	/* jansson's iteration macro wants a mutable object; nothing is changed */
	json_object_foreach((json_t *)(uintptr_t)patch, key, value)
	{
		if (key[0] != '$')
			set_member(target, key, value);
	}
}

json_t *apiserver_strategic_merge(const json_t *document, const json_t *patch)
{
	json_t *merged = json_deep_copy(document);

	if (!merged)
		abort();
	merge(merged, patch);
	return merged;
}

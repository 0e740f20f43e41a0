#include "providers/wire/tree.h"

#include <stdint.h>
#include <stdlib.h>

void tree_freep(json_t **tree)
{
	json_decref(*tree);
	*tree = NULL;
}

char *tree_text(const json_t *tree)
{
	return json_dumps(tree, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
}

void tree_text_freep(char **text)
{
	free(*text);
	*text = NULL;
}

static bool is_shallow_list(const json_t *list, size_t max)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (!tree_is_shallow(json_array_get(list, i), max))
			return false;
	}
	return true;
}

/* jansson's iterators want an object that may change; nothing is changed here. */
static bool is_shallow_object(const json_t *object, size_t max)
{
	json_t *open = (json_t *)(uintptr_t)object;

	for (void *at = json_object_iter(open); at; at = json_object_iter_next(open, at)) {
		if (!tree_is_shallow(json_object_iter_value(at), max))
			return false;
	}
	return true;
}

bool tree_is_shallow(const json_t *tree, size_t max)
{
	if (!json_is_array(tree) && !json_is_object(tree))
		return true;
	if (max == 0)
		return false;
	return json_is_array(tree) ? is_shallow_list(tree, max - 1)
	                           : is_shallow_object(tree, max - 1);
}

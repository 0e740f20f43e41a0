#include "tests/providers/merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *merge_parse(const char *text)
{
	char *quoted = strdup(text);
	json_error_t where;
	json_t *json;

	for (char *at = quoted; *at; at++) {
		if (*at == '\'')
			*at = '"';
	}
	json = json_loads(quoted, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &where);
	if (!json) {
		fprintf(stderr, "%s: %s\n", where.text, quoted);
		abort();
	}
	free(quoted);
	return json;
}

void merge_apply(json_t **object, const json_t *patch)
{
	const char *key;
	json_t *value;
	json_t *copy;

	if (!json_is_object(patch)) {
		json_decref(*object);
		*object = json_deep_copy(patch);
		return;
	}
	if (!json_is_object(*object)) {
		json_decref(*object);
		*object = json_object();
	}
	copy = json_deep_copy(patch);
	json_object_foreach(copy, key, value)
	{
		json_t *member = json_incref(json_object_get(*object, key));

		if (json_is_null(value)) {
			json_decref(member);
			json_object_del(*object, key);
			continue;
		}
		merge_apply(&member, value);
		json_object_set_new(*object, key, member);
	}
	json_decref(copy);
}

json_t *merge_text(const char *base, const char *patch)
{
	json_t *object = merge_parse(base);
	json_t *laid = merge_parse(patch);

	if (json_is_object(object))
		merge_apply(&object, laid);
	json_decref(laid);
	return object;
}

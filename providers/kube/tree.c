#include "providers/kube/tree.h"

#include <assert.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MAX 64

/* Memory is never short here: see c-style, out of memory aborts. */
static json_t *must(json_t *value)
{
	if (!value)
		abort();
	return value;
}

json_t *kube_tree_find(const json_t *root, const char *path)
{
	char key[KEY_MAX];
	const char *end;
	json_t *found;
	size_t length;

	for (;; path = end + 1) {
		end = strchr(path, '/');
		length = end ? (size_t)(end - path) : strlen(path);
		if (length >= sizeof(key))
			return NULL;
		memcpy(key, path, length);
		key[length] = '\0';
		found = json_object_get(root, key);
		if (!found || json_is_null(found))
			return NULL;
		if (!end)
			return found;
		root = found;
	}
}

const char *kube_tree_text(const json_t *root, const char *path)
{
	const char *text = json_string_value(kube_tree_find(root, path));

	return text ? text : "";
}

const json_t *kube_tree_condition(const json_t *object, const char *type, const char *status)
{
	const json_t *conditions = kube_tree_find(object, "status/conditions");

	for (size_t i = 0; i < json_array_size(conditions); i++) {
		const json_t *condition = json_array_get(conditions, i);

		if (strcmp(kube_tree_text(condition, "type"), type) == 0 &&
		    (!status || strcmp(kube_tree_text(condition, "status"), status) == 0))
			return condition;
	}
	return NULL;
}

const char *kube_tree_value(const json_t *map, const char *key)
{
	const char *text = json_string_value(json_object_get(map, key));

	return text ? text : "";
}

void kube_tree_number(const json_t *object, const char *key, bool *ret_has, double *ret)
{
	const json_t *number = json_object_get(object, key);

	*ret_has = json_is_number(number);
	*ret = json_number_value(number);
}

int kube_tree_whole(const json_t *root, const char *path, int fallback)
{
	const json_t *value = kube_tree_find(root, path);
	double number = json_number_value(value);

	if (!json_is_number(value) || number < INT_MIN || number > INT_MAX)
		return fallback;
	return (int)number;
}

void kube_tree_set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, must(value)) != 0)
		abort();
}

/* TEXT as a JSON string, whatever its bytes. */
static json_t *string_of(const char *text)
{
	json_t *string = json_string(text);
	char *plain;

	if (string)
		return string;
	plain = strdup(text);
	if (!plain)
		abort();
	for (char *at = plain; *at; at++) {
		if ((unsigned char)*at >= 0x80)
			*at = '?';
	}
	string = must(json_string(plain));
	free(plain);
	return string;
}

void kube_tree_set_text(json_t *object, const char *key, const char *text)
{
	kube_tree_set(object, key, string_of(text));
}

void kube_tree_set_some(json_t *object, const char *key, const char *text)
{
	if (text && text[0] != '\0')
		kube_tree_set_text(object, key, text);
}

void kube_tree_set_whole(json_t *object, const char *key, json_int_t value)
{
	kube_tree_set(object, key, json_integer(value));
}

json_t *kube_tree_object(void)
{
	return must(json_object());
}

json_t *kube_tree_list(void)
{
	return must(json_array());
}

void kube_tree_append(json_t *list, json_t *value)
{
	if (json_array_append_new(list, must(value)) != 0)
		abort();
}

/* Lists and objects are copied, texts and numbers, which nobody changes in place, are shared. */
static json_t *copy(json_t *value)
{
	json_t *ret = json_is_object(value) || json_is_array(value) ? must(json_copy(value))
	                                                            : json_incref(value);
	const char *key;
	json_t *member;

	for (size_t i = 0; i < json_array_size(ret); i++) {
		if (json_array_set_new(ret, i, copy(json_array_get(ret, i))) != 0)
			abort();
	}
	json_object_foreach(ret, key, member)
	{
		if (json_is_object(member) || json_is_array(member))
			kube_tree_set(ret, key, copy(member));
	}
	return ret;
}

json_t *kube_tree_copy(const json_t *object)
{
	return object ? copy((json_t *)(uintptr_t)object) : kube_tree_object();
}

bool kube_tree_is_prefix(const char *prefix, const char *text)
{
	return strncmp(prefix, text, strlen(prefix)) == 0;
}

void kube_tree_pointer(char path[KUBE_TREE_POINTER_MAX], const char *prefix, const char *key)
{
	size_t length = strlen(prefix);

	assert(length + 2 * strlen(key) < KUBE_TREE_POINTER_MAX);
	memcpy(path, prefix, length);
	for (; *key; key++) {
		if (*key == '~' || *key == '/') {
			path[length++] = '~';
			path[length++] = *key == '~' ? '0' : '1';
		} else {
			path[length++] = *key;
		}
	}
	path[length] = '\0';
}

void kube_tree_patch(json_t *patch, const char *op, const char *path, json_t *value)
{
	json_t *step = kube_tree_object();

	kube_tree_set_text(step, "op", op);
	kube_tree_set_text(step, "path", path);
	if (value)
		kube_tree_set(step, "value", value);
	kube_tree_append(patch, step);
}

void kube_tree_patch_text(json_t *patch, const char *op, const char *path, const char *value)
{
	kube_tree_patch(patch, op, path, string_of(value));
}

static bool is_grown(json_t *recorded, json_t *live);

static bool is_grown_object(json_t *recorded, json_t *live)
{
	const char *key;
	json_t *value;

	json_object_foreach(recorded, key, value)
	{
		json_t *now = json_object_get(live, key);

		if (!now || !is_grown(value, now))
			return false;
	}
	return true;
}

/* Lists keep their length: a new element is a change that somebody made. */
static bool is_grown_list(json_t *recorded, json_t *live)
{
	if (json_array_size(recorded) != json_array_size(live))
		return false;
	for (size_t i = 0; i < json_array_size(recorded); i++) {
		if (!is_grown(json_array_get(recorded, i), json_array_get(live, i)))
			return false;
	}
	return true;
}

static bool is_grown(json_t *recorded, json_t *live)
{
	if (json_is_object(recorded) && json_is_object(live))
		return is_grown_object(recorded, live);
	if (json_is_array(recorded) && json_is_array(live))
		return is_grown_list(recorded, live);
	return json_equal(recorded, live) == 1;
}

bool kube_tree_is_grown(const json_t *before, const json_t *after)
{
	/* jansson's iteration macro wants mutable objects; nothing is changed */
	return is_grown((json_t *)(uintptr_t)before, (json_t *)(uintptr_t)after);
}

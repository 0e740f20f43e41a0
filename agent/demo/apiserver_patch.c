#include "agent/demo/apiserver_patch.h"

#include "analysis/base/arena.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Where an operation points: a member of an object or an element of an array. */
struct place {
	json_t *parent;   /* NULL: the document itself */
	const char *key;  /* the last token, unescaped */
	const char *path; /* as written, for messages */
	bool is_end;      /* the place behind the last element */
	size_t index;     /* in an array; may be the array's length */
};

struct patching {
	json_t *document;
	struct arena arena;
};

/* Unescape one token of a pointer. */
static char *token_text(struct arena *arena, const char *at, size_t length)
{
	char *text = arena_alloc(arena, length + 1);
	size_t n = 0;

	for (size_t i = 0; i < length; i++) {
		if (at[i] == '~' && i + 1 < length && (at[i + 1] == '0' || at[i + 1] == '1'))
			text[n++] = at[++i] == '1' ? '/' : '~';
		else
			text[n++] = at[i];
	}
	return text;
}

/* An array index without sign and leading zeros. */
static bool parse_index(const char *text, size_t *ret)
{
	size_t length = strspn(text, "0123456789");

	if (length == 0 || length > 9 || text[length] || (length > 1 && text[0] == '0'))
		return false;
	*ret = (size_t)strtoul(text, NULL, 10);
	return true;
}

static json_t *child(const json_t *parent, const char *key)
{
	size_t index;

	if (json_is_array(parent))
		return parse_index(key, &index) ? json_array_get(parent, index) : NULL;
	return json_object_get(parent, key);
}

/* The same, made the document's own where it is to be changed: it shares what did not change with
 * the document before. */
static json_t *own_child(json_t *parent, const char *key)
{
	json_t *own = json_copy(child(parent, key));
	size_t index;

	if (own && json_is_object(parent))
		json_object_set_new(parent, key, own);
	else if (own && parse_index(key, &index))
		json_array_set_new(parent, index, own);
	return own;
}

static bool place_find(struct patching *patching, const char *op, const char *path, bool is_change,
                       struct place *ret, struct err *err)
{
	json_t *at = patching->document;
	const char *slash = path;

	*ret = (struct place){.path = path};
	if (*path == '\0')
		return true;
	if (*path != '/')
		return err_set(
			err, ERR_INVALID,
			"%s operation does not apply: doc is missing path: %s: missing value", op,
			path);
	for (;;) {
		size_t length = strcspn(slash + 1, "/");

		ret->key = token_text(&patching->arena, slash + 1, length);
		if (!slash[1 + length])
			break;
		at = is_change ? own_child(at, ret->key) : child(at, ret->key);
		slash += 1 + length;
	}
	ret->parent = at;
	if (!json_is_array(at) && !json_is_object(at))
		return err_set(
			err, ERR_INVALID,
			"%s operation does not apply: doc is missing path: %s: missing value", op,
			path);
	ret->is_end = strcmp(ret->key, "-") == 0;
	ret->index = ret->is_end ? json_array_size(at) : 0;
	if (json_is_array(at) && !ret->is_end && !parse_index(ret->key, &ret->index))
		return err_set(err, ERR_INVALID, "error in %s for path: '%s': invalid index \"%s\"",
		               op, path, ret->key);
	return true;
}

/* What is there now; NULL: nothing. */
static json_t *place_get(const struct patching *patching, const struct place *place)
{
	if (!place->parent)
		return patching->document;
	if (json_is_array(place->parent))
		return json_array_get(place->parent, place->index);
	return json_object_get(place->parent, place->key);
}

static void document_set(struct patching *patching, json_t *value)
{
	json_decref(patching->document);
	patching->document = json_copy(value);
}

static bool place_add(struct patching *patching, const struct place *place, json_t *value,
                      struct err *err)
{
	if (!place->parent) {
		document_set(patching, value);
	} else if (json_is_object(place->parent)) {
		json_object_set(place->parent, place->key, value);
	} else {
		if (place->index > json_array_size(place->parent))
			return err_set(
				err, ERR_INVALID,
				"add operation does not apply: Unable to access invalid index: "
				"%zu: invalid index referenced: '%s'",
				place->index, place->path);
		json_array_insert(place->parent, place->index, value);
	}
	return true;
}

static bool place_remove(const struct patching *patching, const struct place *place, const char *op,
                         struct err *err)
{
	if (!place->parent || !place_get(patching, place))
		return err_set(err, ERR_INVALID,
		               "%s operation does not apply: doc is missing key: %s: missing value",
		               op, place->path);
	if (json_is_array(place->parent))
		json_array_remove(place->parent, place->index);
	else
		json_object_del(place->parent, place->key);
	return true;
}

static bool apply_replace(struct patching *patching, const struct place *place, json_t *value,
                          struct err *err)
{
	/* As the server has it: a member that is not there is added, an element is not. */
	if (!place_get(patching, place) && !json_is_object(place->parent))
		return err_set(
			err, ERR_INVALID,
			"replace operation does not apply: doc is missing key: %s: missing value",
			place->path);
	if (!place->parent)
		document_set(patching, value);
	else if (json_is_array(place->parent))
		json_array_set(place->parent, place->index, value);
	else
		json_object_set(place->parent, place->key, value);
	return true;
}

static bool apply_test(const struct patching *patching, const struct place *place,
                       const json_t *value, struct err *err)
{
	const json_t *found = place_get(patching, place);

	/* As the server has it: a member that is not there equals null. */
	if (!found && json_is_object(place->parent) && json_is_null(value))
		return true;
	if (!found)
		return err_set(err, ERR_INVALID,
		               "error in test for path: '%s': unable to get nonexistent key: %s",
		               place->path, place->key);
	if (!json_equal(found, value))
		return err_set(err, ERR_INVALID, "testing value %s failed: test failed",
		               place->path);
	return true;
}

/* move and copy: add what is at FROM; what moves is taken away first. */
static bool apply_from(struct patching *patching, const char *op, const char *from,
                       const char *path, struct err *err)
{
	struct place source;
	struct place target;
	json_t *value;
	bool is_done;

	bool is_move = op[0] == 'm';

	if (!place_find(patching, op, from, is_move, &source, err))
		return false;
	if (!place_get(patching, &source))
		return err_set(err, ERR_INVALID,
		               "%s operation does not apply: doc is missing from path: %s: missing "
		               "value",
		               op, from);
	value = json_deep_copy(place_get(patching, &source));
	is_done = !is_move || place_remove(patching, &source, op, err);
	is_done = is_done && place_find(patching, op, path, true, &target, err) &&
	          place_add(patching, &target, value, err);
	json_decref(value);
	return is_done;
}

static bool apply_value(struct patching *patching, const char *op, const struct place *place,
                        json_t *given, struct err *err)
{
	json_t *value = given ? json_incref(given) : json_null();
	bool is_done;

	if (strcmp(op, "add") == 0)
		is_done = place_add(patching, place, value, err);
	else if (strcmp(op, "replace") == 0)
		is_done = apply_replace(patching, place, value, err);
	else
		is_done = apply_test(patching, place, value, err);
	json_decref(value);
	return is_done;
}

static bool apply_operation(struct patching *patching, const json_t *operation, struct err *err)
{
	const char *op = json_string_value(json_object_get(operation, "op"));
	const char *path = json_string_value(json_object_get(operation, "path"));
	const char *from = json_string_value(json_object_get(operation, "from"));
	struct place place;

	op = op ? op : "unknown";
	if (strcmp(op, "add") != 0 && strcmp(op, "replace") != 0 && strcmp(op, "test") != 0 &&
	    strcmp(op, "remove") != 0 && strcmp(op, "move") != 0 && strcmp(op, "copy") != 0)
		return err_set(err, ERR_INVALID, "Unexpected kind: %s", op);
	if (!path)
		return err_set(err, ERR_INVALID,
		               "%s operation failed to decode path: missing value", op);
	if (strcmp(op, "move") == 0 || strcmp(op, "copy") == 0) {
		if (!from)
			return err_set(err, ERR_INVALID,
			               "%s operation failed to decode from: missing value", op);
		return apply_from(patching, op, from, path, err);
	}
	if (!place_find(patching, op, path, strcmp(op, "test") != 0, &place, err))
		return false;
	if (strcmp(op, "remove") == 0)
		return place_remove(patching, &place, op, err);
	return apply_value(patching, op, &place, json_object_get(operation, "value"), err);
}

static bool check_shape(const json_t *patch, struct err *err)
{
	const json_t *operation;
	size_t i;

	if (!json_is_array(patch))
		return err_set(err, ERR_MALFORMED,
		               "error decoding patch: expected an array of operations");
	if (json_array_size(patch) > APISERVER_PATCH_OPERATIONS_MAX)
		return err_set(err, ERR_LIMIT,
		               "The allowed maximum operations in a JSON patch is %d, got %zu",
		               APISERVER_PATCH_OPERATIONS_MAX, json_array_size(patch));
	json_array_foreach(patch, i, operation)
	{
		if (!json_is_object(operation))
			return err_set(err, ERR_MALFORMED,
			               "error decoding patch: operation %zu is no object", i);
	}
	return true;
}

json_t *apiserver_patch_json(const json_t *document, const json_t *patch, struct err *err)
{
	struct patching patching = {0};
	const json_t *operation;
	bool is_applied = true;
	size_t i;

	if (!check_shape(patch, err))
		return NULL;
	patching.document = json_copy((json_t *)(uintptr_t)document);
	json_array_foreach(patch, i, operation)
	{
		is_applied = apply_operation(&patching, operation, err);
		if (!is_applied)
			break;
	}
	arena_fini(&patching.arena);
	if (is_applied)
		return patching.document;
	json_decref(patching.document);
	return NULL;
}

static void merge_into(json_t *target, json_t *patch)
{
	const char *key;
	json_t *value;

	json_object_foreach(patch, key, value)
	{
		if (json_is_null(value)) {
			json_object_del(target, key);
		} else if (!json_is_object(value)) {
			json_object_set(target, key, value);
		} else {
			json_t *before = json_object_get(target, key);
			json_t *own = json_is_object(before) ? json_copy(before) : json_object();

			json_object_set_new(target, key, own);
			merge_into(own, value);
		}
	}
}

json_t *apiserver_patch_merge(const json_t *document, json_t *patch)
{
	json_t *merged;

	if (!json_is_object(patch))
		return json_deep_copy(patch);
	merged =
		json_is_object(document) ? json_copy((json_t *)(uintptr_t)document) : json_object();
	merge_into(merged, patch);
	return merged;
}

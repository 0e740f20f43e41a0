#include "providers/traffic/gateway_match.h"

#include "providers/kube/tree.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int compare_keys(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* One condition {exact} or {regex} on NAME. */
static json_t *condition_new(const char *name, const json_t *text)
{
	const char *exact = kube_tree_text(text, "exact");
	const char *regex = kube_tree_text(text, "regex");
	json_t *condition = kube_tree_object();

	kube_tree_set_text(condition, "type", *regex ? "RegularExpression" : "Exact");
	kube_tree_set_text(condition, "name", name);
	kube_tree_set_text(condition, "value", *regex ? regex : exact);
	return condition;
}

/* Put CONDITION, which is taken, into LIST, in place of one on the same name. */
static void put_condition(json_t *list, json_t *condition)
{
	const char *name = kube_tree_text(condition, "name");

	for (size_t i = 0; i < json_array_size(list); i++) {
		if (strcasecmp(kube_tree_text(json_array_get(list, i), "name"), name) != 0)
			continue;
		if (json_array_set_new(list, i, condition) != 0)
			abort();
		return;
	}
	kube_tree_append(list, condition);
}

/* The conditions of MAP under KEY of MATCH, by name: an order that changed would be a difference.
 */
static void put_conditions(json_t *match, const char *key, const json_t *map)
{
	size_t n_keys = json_object_size(map);
	const char **keys = calloc(n_keys + 1, sizeof(*keys));
	json_t *list = json_object_get(match, key);
	size_t n = 0;
	const char *name;
	json_t *value;

	if (!keys)
		abort();
	/* jansson's iteration macro wants a mutable object; nothing is changed */
	json_object_foreach((json_t *)(uintptr_t)map, name, value)
	{
		keys[n++] = name;
	}
	qsort(keys, n, sizeof(*keys), compare_keys);
	if (n > 0 && !list) {
		list = kube_tree_list();
		kube_tree_set(match, key, list);
	}
	for (size_t i = 0; i < n; i++)
		put_condition(list, condition_new(keys[i], json_object_get(map, keys[i])));
	free(keys);
}

static void put_path(json_t *match, const json_t *uri)
{
	static const char *const rows[][2] = {
		{"regex", "RegularExpression"}, {"exact", "Exact"}, {"prefix", "PathPrefix"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *value = kube_tree_text(uri, rows[i][0]);
		json_t *path;

		if (!*value)
			continue;
		path = kube_tree_object();
		kube_tree_set_text(path, "type", rows[i][1]);
		kube_tree_set_text(path, "value", value);
		kube_tree_set(match, "path", path);
		return;
	}
}

bool gateway_match_split(const char *path, const char **ret_service, size_t *ret_length,
                         const char **ret_method)
{
	size_t length = strcspn(path + (*path == '/'), "/");
	const char *rest = path + 1 + length;

	if (*path != '/' || length == 0 || (*rest == '/' && strchr(rest + 1, '/')))
		return false;
	*ret_service = path + 1;
	*ret_length = length;
	*ret_method = *rest == '/' ? rest + 1 : "";
	return true;
}

static void put_method(json_t *match, const json_t *uri)
{
	const char *exact = kube_tree_text(uri, "exact");
	const char *path = *exact ? exact : kube_tree_text(uri, "prefix");
	const char *service;
	const char *method;
	size_t length;
	json_t *called;

	if (!gateway_match_split(path, &service, &length, &method))
		return;
	called = kube_tree_object();
	kube_tree_set_text(called, "type", "Exact");
	kube_tree_set(called, "service", json_stringn(service, length));
	if (*method)
		kube_tree_set_text(called, "method", method);
	kube_tree_set(match, "method", called);
}

static json_t *match_of(const json_t *entry, bool is_grpc)
{
	const char *method = kube_tree_text(entry, "method/exact");
	json_t *match = kube_tree_object();

	if (is_grpc)
		put_method(match, kube_tree_find(entry, "uri"));
	else
		put_path(match, kube_tree_find(entry, "uri"));
	if (*method && !is_grpc)
		kube_tree_set_text(match, "method", method);
	put_conditions(match, "headers", kube_tree_find(entry, "headers"));
	if (!is_grpc)
		put_conditions(match, "queryParams", kube_tree_find(entry, "queryParams"));
	return match;
}

/* What the API fills in where a match names no path. */
static void put_root(json_t *match)
{
	json_t *path;

	if (json_object_get(match, "path"))
		return;
	path = kube_tree_object();
	kube_tree_set_text(path, "type", "PathPrefix");
	kube_tree_set_text(path, "value", "/");
	kube_tree_set(match, "path", path);
}

json_t *gateway_match_new(const json_t *service, bool is_grpc)
{
	json_t *matches = kube_tree_list();

	for (size_t i = 0; i < json_array_size(service); i++) {
		json_t *match = match_of(json_array_get(service, i), is_grpc);

		if (json_object_size(match) == 0) {
			json_decref(match);
			continue;
		}
		if (!is_grpc)
			put_root(match);
		kube_tree_append(matches, match);
	}
	if (json_array_size(matches) == 0 && !is_grpc) {
		kube_tree_append(matches, kube_tree_object());
		put_root(json_array_get(matches, 0));
	}
	return matches;
}

json_t *gateway_match_merge(const json_t *analysis, const json_t *matches, bool is_grpc)
{
	json_t *all = json_array_size(matches) > 0 ? kube_tree_copy(matches)
	                                           : gateway_match_new(NULL, is_grpc);
	json_t *merged = kube_tree_list();

	if (json_array_size(all) == 0)
		kube_tree_append(all, kube_tree_object());
	for (size_t i = 0; i < json_array_size(analysis); i++) {
		const json_t *entry = json_array_get(analysis, i);

		for (size_t j = 0; j < json_array_size(all); j++) {
			json_t *match = kube_tree_copy(json_array_get(all, j));

			put_conditions(match, "headers", kube_tree_find(entry, "headers"));
			if (!is_grpc)
				put_conditions(match, "queryParams",
				               kube_tree_find(entry, "queryParams"));
			kube_tree_append(merged, match);
		}
	}
	json_decref(all);
	return merged;
}

#include "providers/traffic/gateway_filter.h"

#include "analysis/base/compiler.h"
#include "analysis/base/instant.h"
#include "providers/kube/tree.h"

#include <stdlib.h>
#include <string.h>

#define MAX_AGE 5 /* seconds, as the API has it */

static json_t *filter_new(const char *type, const char *key, json_t *content)
{
	json_t *filter = kube_tree_object();

	kube_tree_set_text(filter, "type", type);
	kube_tree_set(filter, key, content);
	return filter;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* {name: value, …} → [{name, value}, …], by name; NULL for none. */
static json_t *pairs_of(const json_t *map)
{
	size_t n_names = json_object_size(map);
	const char **names;
	json_t *pairs;
	const char *name;
	json_t *value;
	size_t n = 0;

	if (n_names == 0)
		return NULL;
	names = calloc(n_names, sizeof(*names));
	if (!names)
		abort();
	/* jansson's iteration macro wants a mutable object; nothing is changed */
	json_object_foreach((json_t *)(uintptr_t)map, name, value)
	{
		names[n++] = name;
	}
	qsort(names, n, sizeof(*names), compare_names);
	pairs = kube_tree_list();
	for (size_t i = 0; i < n; i++) {
		json_t *pair = kube_tree_object();

		kube_tree_set_text(pair, "name", names[i]);
		kube_tree_set_text(pair, "value", kube_tree_value(map, names[i]));
		kube_tree_append(pairs, pair);
	}
	free(names);
	return pairs;
}

/* service.headers.request or .response as a modifier, a new object; NULL: it changes nothing. */
static json_t *modifier_of(const json_t *headers)
{
	static const char *const maps[] = {"add", "set"};
	const json_t *removed = kube_tree_find(headers, "remove");
	json_t *modifier = kube_tree_object();

	for (size_t i = 0; i < array_length(maps); i++) {
		json_t *pairs = pairs_of(kube_tree_find(headers, maps[i]));

		if (pairs)
			kube_tree_set(modifier, maps[i], pairs);
	}
	if (json_array_size(removed) > 0)
		kube_tree_set(modifier, "remove", kube_tree_copy(removed));
	if (json_object_size(modifier) > 0)
		return modifier;
	json_decref(modifier);
	return NULL;
}

static void add_modifiers(json_t *filters, const json_t *service)
{
	json_t *request = modifier_of(kube_tree_find(service, "headers/request"));
	json_t *response = modifier_of(kube_tree_find(service, "headers/response"));

	if (request)
		kube_tree_append(filters, filter_new("RequestHeaderModifier",
		                                     "requestHeaderModifier", request));
	if (response)
		kube_tree_append(filters, filter_new("ResponseHeaderModifier",
		                                     "responseHeaderModifier", response));
}

static void add_rewrite(json_t *filters, const json_t *rewrite)
{
	const char *authority = kube_tree_text(rewrite, "authority");
	const char *uri = kube_tree_text(rewrite, "uri");
	bool is_prefix = strcmp(kube_tree_text(rewrite, "type"), "ReplacePrefixMatch") == 0;
	json_t *content;
	json_t *path;

	if (!*authority && !*uri)
		return;
	content = kube_tree_object();
	if (*authority)
		kube_tree_set_text(content, "hostname", authority);
	if (*uri) {
		path = kube_tree_object();
		kube_tree_set_text(path, "type",
		                   is_prefix ? "ReplacePrefixMatch" : "ReplaceFullPath");
		kube_tree_set_text(path, is_prefix ? "replacePrefixMatch" : "replaceFullPath", uri);
		kube_tree_set(content, "path", path);
	}
	kube_tree_append(filters, filter_new("URLRewrite", "urlRewrite", content));
}

json_t *gateway_filter_mirror(json_t *ref, int percent)
{
	json_t *content = kube_tree_object();

	kube_tree_set(content, "backendRef", ref);
	if (percent > 0 && percent < SPEC_WEIGHT_FULL)
		kube_tree_set_whole(content, "percent", percent);
	return filter_new("RequestMirror", "requestMirror", content);
}

/* service.mirror: copies for somebody else, all the time. */
static void add_mirrors(json_t *filters, const json_t *mirrors)
{
	static const char *const texts[] = {"group", "kind", "name", "namespace"};

	for (size_t i = 0; i < json_array_size(mirrors); i++) {
		const json_t *from = kube_tree_find(json_array_get(mirrors, i), "backendRef");
		int port = kube_tree_whole(from, "port", 0);
		json_t *ref = kube_tree_object();

		kube_tree_set_text(ref, "group", "");
		kube_tree_set_text(ref, "kind", "Service");
		for (size_t j = 0; j < array_length(texts); j++) {
			if (*kube_tree_text(from, texts[j]))
				kube_tree_set_text(ref, texts[j], kube_tree_text(from, texts[j]));
		}
		if (port > 0)
			kube_tree_set_whole(ref, "port", port);
		kube_tree_append(filters, gateway_filter_mirror(ref, 0));
	}
}

/* corsPolicy.allowOrigin, or the exact ones of allowOrigins. */
static json_t *origins_of(const json_t *policy)
{
	const json_t *matches = kube_tree_find(policy, "allowOrigins");
	json_t *origins = kube_tree_list();

	json_array_extend(origins, kube_tree_find(policy, "allowOrigin"));
	for (size_t i = 0; i < json_array_size(matches); i++) {
		const char *exact = kube_tree_text(json_array_get(matches, i), "exact");

		if (*exact)
			kube_tree_append(origins, json_string(exact));
	}
	return origins;
}

static void add_cors(json_t *filters, const json_t *policy)
{
	static const char *const lists[] = {"allowMethods", "allowHeaders", "exposeHeaders"};
	const char *age = kube_tree_text(policy, "maxAge");
	struct span span = {0};
	json_t *content;
	json_t *origins;

	if (!json_is_object(policy))
		return;
	content = kube_tree_object();
	origins = origins_of(policy);
	if (json_array_size(origins) > 0)
		kube_tree_set(content, "allowOrigins", json_incref(origins));
	json_decref(origins);
	for (size_t i = 0; i < array_length(lists); i++) {
		const json_t *list = kube_tree_find(policy, lists[i]);

		if (json_array_size(list) > 0)
			kube_tree_set(content, lists[i], kube_tree_copy(list));
	}
	if (json_is_true(kube_tree_find(policy, "allowCredentials")))
		kube_tree_set(content, "allowCredentials", json_true());
	kube_tree_set_whole(content, "maxAge",
	                    span_parse(age, &span, NULL) && span.ms >= 1000 ? span.ms / 1000
	                                                                    : MAX_AGE);
	kube_tree_append(filters, filter_new("CORS", "cors", content));
}

json_t *gateway_filter_new(const json_t *service, bool is_grpc)
{
	json_t *filters = kube_tree_list();

	add_modifiers(filters, service);
	if (!is_grpc)
		add_rewrite(filters, kube_tree_find(service, "rewrite"));
	add_mirrors(filters, kube_tree_find(service, "mirror"));
	if (!is_grpc)
		add_cors(filters, kube_tree_find(service, "corsPolicy"));
	return filters;
}

json_t *gateway_filter_timeouts(const json_t *service)
{
	const char *request = kube_tree_text(service, "timeout");
	const char *backend = kube_tree_text(service, "backendTimeout");
	json_t *timeouts;

	if (!*request && !*backend)
		return NULL;
	timeouts = kube_tree_object();
	if (*request)
		kube_tree_set_text(timeouts, "request", request);
	if (*backend)
		kube_tree_set_text(timeouts, "backendRequest", backend);
	return timeouts;
}

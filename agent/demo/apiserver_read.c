#include "agent/demo/apiserver_inside.h"
#include "analysis/base/buf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One page of a LIST. */
struct page {
	struct apiserver_select select;
	uint64_t revision; /* as of which */
	size_t limit;      /* 0: none */
	const char *after; /* "NAMESPACE/NAME" of the last object of the page before; NULL: from the
	                      start */
};

bool apiserver_read_is_partial(const struct http_request *request)
{
	const char *accept = apiserver_url_header(request, "Accept");

	return accept && strstr(accept, "as=PartialObjectMetadata");
}

json_t *apiserver_read_partial(const json_t *object)
{
	return json_pack("{s:s, s:s, s:O}", "kind", "PartialObjectMetadata", "apiVersion",
	                 "meta.k8s.io/v1", "metadata", json_object_get(object, "metadata"));
}

void apiserver_read_reply(struct apiserver_call *call, int status, const json_t *object)
{
	json_t *shown = (json_t *)(uintptr_t)object; /* only read */
	const struct apiserver_text *text;

	if (apiserver_table_asked(call->request)) {
		const json_t *metadata = json_object_get(object, "metadata");
		json_t *list = json_pack("{sO}", "resourceVersion",
		                         json_object_get(metadata, "resourceVersion"));

		apiserver_status_reply(call, status,
		                       apiserver_table_new(call->route.shelf->resource, list,
		                                           call->now, &shown, 1));
		json_decref(list);
		return;
	}
	if (apiserver_read_is_partial(call->request)) {
		apiserver_status_reply(call, status, apiserver_read_partial(object));
		return;
	}
	text = apiserver_text_of(call->server, (json_t *)(uintptr_t)object, APISERVER_WHOLE);
	call->reply.status = status;
	call->reply.body_length = text->length;
	call->reply.body = arena_copy(call->arena, text->bytes, text->length);
}

static bool parse_number(const char *text, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	return errno == 0 && strspn(text, "0123456789") == strlen(text);
}

bool apiserver_read_revision(struct apiserver_call *call, uint64_t *ret, bool *ret_is_set)
{
	const char *text = apiserver_url_param(call, "resourceVersion");

	*ret = 0;
	*ret_is_set = text && *text;
	if (*ret_is_set && !parse_number(text, ret))
		return apiserver_status_fail(call, 400, "BadRequest",
		                             "invalid resource version: resourceVersion: Invalid "
		                             "value: \"%s\": strconv.ParseUint: parsing \"%s\": "
		                             "invalid syntax",
		                             text, text);
	if (*ret > call->server->revision && !apiserver_watch_asked(call->request)) {
		json_t *body = apiserver_status_body(
			504, "Timeout",
			arena_format(call->arena,
		                     "Timeout: Too large resource version: %" PRIu64
		                     ", current: %" PRIu64,
		                     *ret, call->server->revision));

		json_object_set_new(body, "details",
		                    json_pack("{s:[{s:s, s:s}], s:i}", "causes", "reason",
		                              "ResourceVersionTooLarge", "message",
		                              "Too large resource version", "retryAfterSeconds",
		                              1));
		apiserver_status_reply(call, 504, body);
		return false;
	}
	return true;
}

/* The revision of the cache that lags, never one that was compacted. */
static uint64_t cached_revision(const struct apiserver *server)
{
	if (!server->lag)
		return server->revision;
	return server->lag < server->compacted ? server->compacted : server->lag;
}

void apiserver_read_get(struct apiserver_call *call)
{
	const struct apiserver *server = call->server;
	const json_t *object = NULL;
	uint64_t revision;
	bool is_set;
	json_t **items;
	size_t n;

	if (!apiserver_read_revision(call, &revision, &is_set))
		return;
	if (!is_set || revision > 0 || !server->lag) {
		object = apiserver_store_find(call->route.shelf, call->route.namespace,
		                              call->route.name);
	} else {
		items = apiserver_store_snapshot(server, call->route.shelf, cached_revision(server),
		                                 call->arena, &n);
		for (size_t i = 0; i < n; i++) {
			if (strcmp(apiserver_meta_text(items[i], "name"), call->route.name) == 0 &&
			    (!call->route.namespace ||
			     strcmp(apiserver_meta_text(items[i], "namespace"),
			            call->route.namespace) == 0))
				object = items[i];
		}
	}
	if (object)
		apiserver_read_reply(call, 200, object);
	else
		(void)apiserver_status_not_found(call, call->route.name);
}

/* Continue tokens: the revision and the last key, as hexadecimal so that nobody is tempted to read
 * them. */
static const char *token_write(struct arena *arena, uint64_t revision, const json_t *last)
{
	const char *plain = arena_format(arena, "%" PRIu64 "/%s/%s", revision,
	                                 apiserver_meta_text(last, "namespace"),
	                                 apiserver_meta_text(last, "name"));
	char *token = arena_alloc(arena, 2 * strlen(plain) + 1);

	for (size_t i = 0; plain[i]; i++)
		(void)snprintf(token + 2 * i, 3, "%02x", (unsigned char)plain[i]);
	return token;
}

static bool token_read(struct arena *arena, const char *token, struct page *page)
{
	size_t length = strlen(token) / 2;
	char *plain = arena_alloc(arena, length + 1);
	char *end;

	for (size_t i = 0; i < length; i++) {
		char digits[3] = {token[2 * i], token[2 * i + 1], '\0'};

		plain[i] = (char)strtoul(digits, &end, 16);
		if (*end)
			return false;
	}
	page->revision = strtoull(plain, &end, 10);
	page->after = end + 1;
	return end != plain && *end == '/' && strchr(end + 1, '/');
}

static bool read_continue(struct apiserver_call *call, struct page *page)
{
	const char *token = apiserver_url_param(call, "continue");
	const char *version = apiserver_url_param(call, "resourceVersion");
	json_t *body;

	if (!token || !*token)
		return true;
	if (version && *version && strcmp(version, "0") != 0)
		return apiserver_status_fail(
			call, 400, "BadRequest",
			"specifying resource version is not allowed when using continue");
	if (!token_read(call->arena, token, page))
		return apiserver_status_fail(call, 400, "BadRequest",
		                             "continue key is not valid: %s", token);
	if (page->revision >= call->server->compacted && page->revision <= call->server->revision)
		return true;
	body = apiserver_status_body(
		410, "Expired",
		"The provided continue parameter is too old to display a consistent list result. "
		"You can start a new list without the continue parameter.");
	apiserver_status_reply(call, 410, body);
	return false;
}

static bool forbidden(struct apiserver_call *call, const char *text)
{
	return apiserver_status_fail(call, 422, "Invalid",
	                             "ListOptions.meta.k8s.io \"\" is invalid: "
	                             "resourceVersionMatch: %s",
	                             text);
}

/* As of which revision: the newest, the cache's, or an exact one. */
static bool read_versions(struct apiserver_call *call, struct page *page)
{
	const char *match = apiserver_url_param(call, "resourceVersionMatch");
	struct apiserver *server = call->server;
	uint64_t revision;
	bool is_set;

	page->revision = server->revision;
	if (!apiserver_read_revision(call, &revision, &is_set))
		return false;
	if (match && *match && !is_set)
		return forbidden(call,
		                 "Forbidden: resourceVersionMatch is forbidden unless "
		                 "resourceVersion is provided");
	if (is_set && revision == 0)
		page->revision = cached_revision(server);
	if (!match || !*match || strcmp(match, "NotOlderThan") == 0)
		return true;
	if (strcmp(match, "Exact") != 0)
		return forbidden(call,
		                 "Unsupported value: supported values: \"Exact\", "
		                 "\"NotOlderThan\"");
	if (revision == 0)
		return forbidden(call,
		                 "Forbidden: resourceVersionMatch \"Exact\" is forbidden for "
		                 "resourceVersion \"0\"");
	page->revision = revision;
	if (revision >= server->compacted)
		return true;
	return apiserver_status_fail(call, 410, "Expired",
	                             "The resourceVersion for the provided list is too old.");
}

static bool read_page(struct apiserver_call *call, struct page *page)
{
	const char *limit = apiserver_url_param(call, "limit");
	struct err err = {0};
	uint64_t number = 0;

	if (limit && *limit && !parse_number(limit, &number))
		return apiserver_status_fail(call, 400, "BadRequest",
		                             "strconv.ParseInt: parsing \"%s\": invalid syntax",
		                             limit);
	page->limit = (size_t)number;
	if (!apiserver_select_labels(&page->select, call->arena,
	                             apiserver_url_param(call, "labelSelector"), &err) ||
	    !apiserver_select_fields(&page->select, call->arena,
	                             apiserver_url_param(call, "fieldSelector"),
	                             call->route.shelf->resource->plural, &err))
		return apiserver_status_fail(call, 400, "BadRequest", "%s", err.text);
	return read_versions(call, page) && read_continue(call, page);
}

/* Is the object behind the key "NAMESPACE/NAME"? */
static bool is_behind(const json_t *object, const char *key)
{
	const char *slash = strchr(key, '/');
	const char *namespace = apiserver_meta_text(object, "namespace");
	size_t length = (size_t)(slash - key);
	int order = strncmp(namespace, key, length);

	if (order == 0 && namespace[length])
		return true;
	return order ? order > 0 : strcmp(apiserver_meta_text(object, "name"), slash + 1) > 0;
}

static bool is_wanted(const struct apiserver_call *call, const struct page *page,
                      const json_t *object)
{
	if (call->route.namespace &&
	    strcmp(apiserver_meta_text(object, "namespace"), call->route.namespace) != 0)
		return false;
	if (page->after && !is_behind(object, page->after))
		return false;
	return apiserver_select_matches(&page->select, object);
}

static enum apiserver_form form_of(const struct apiserver_call *call)
{
	if (apiserver_read_is_partial(call->request))
		return APISERVER_PARTIAL;
	return call->route.shelf->resource->is_custom ? APISERVER_WHOLE : APISERVER_ITEM;
}

/* A list as kubectl prints it. */
static void reply_table(struct apiserver_call *call, const json_t *items, json_t *metadata)
{
	size_t n = json_array_size(items);
	json_t **objects = arena_alloc(call->arena, (n + 1) * sizeof(json_t *));

	for (size_t i = 0; i < n; i++)
		objects[i] = apiserver_text_shown(json_array_get(items, i), form_of(call));
	apiserver_status_reply(call, 200,
	                       apiserver_table_new(call->route.shelf->resource, metadata, call->now,
	                                           objects, n));
	for (size_t i = 0; i < n; i++)
		json_decref(objects[i]);
	json_decref(metadata);
}

/* A list without its items. */
static json_t *list_of(struct apiserver_call *call, json_t *metadata)
{
	const struct apiserver_resource *resource = call->route.shelf->resource;
	const char *kind = arena_format(call->arena, "%sList", resource->kind);
	const char *version = resource->version;

	if (*resource->group)
		version = arena_format(call->arena, "%s/%s", resource->group, version);
	if (apiserver_read_is_partial(call->request)) {
		kind = "PartialObjectMetadataList";
		version = "meta.k8s.io/v1";
	}
	return json_pack("{s:s, s:s, s:o, s:[]}", "kind", kind, "apiVersion", version, "metadata",
	                 metadata, "items");
}

/* Answer with a list of items, each of which never changes again. */
static void reply_list(struct apiserver_call *call, const json_t *items, json_t *metadata)
{
	struct buf body = {.max = SIZE_MAX};
	json_t *list = list_of(call, metadata);
	const struct apiserver_text *text = apiserver_text_of(call->server, list, APISERVER_WHOLE);
	bool is_null = json_array_size(items) == 0 && apiserver_read_is_partial(call->request);
	bool is_added = buf_add(&body, text->bytes, text->length - strlen("[]}")) &&
	                (is_null || buf_add(&body, "[", 1));

	for (size_t i = 0; is_added && i < json_array_size(items); i++) {
		text = apiserver_text_of(call->server, json_array_get(items, i), form_of(call));
		is_added = (i == 0 || buf_add(&body, ",", 1)) &&
		           buf_add(&body, text->bytes, text->length);
	}
	/* As the real one: a list of metadata without items says null. */
	if (!is_added || !buf_add(&body, is_null ? "null}" : "]}", is_null ? 5 : 2))
		abort();
	call->reply.status = 200;
	call->reply.body_length = body.length;
	call->reply.body = arena_copy(call->arena, body.bytes, body.length);
	buf_fini(&body);
	json_decref(list);
}

void apiserver_read_list(struct apiserver_call *call)
{
	struct page page = {0};
	const json_t *last = NULL;
	json_t *items;
	json_t *metadata;
	json_t **objects;
	size_t n_left = 0;
	size_t n;

	if (!read_page(call, &page))
		return;
	objects = apiserver_store_snapshot(call->server, call->route.shelf, page.revision,
	                                   call->arena, &n);
	items = json_array();
	for (size_t i = 0; i < n; i++) {
		if (!is_wanted(call, &page, objects[i]))
			continue;
		if (page.limit && json_array_size(items) == page.limit) {
			n_left++;
			continue;
		}
		json_array_append(items, objects[i]);
		last = objects[i];
	}
	metadata = json_object();
	json_object_set_new(metadata, "resourceVersion",
	                    json_string(arena_format(call->arena, "%" PRIu64, page.revision)));
	if (call->route.shelf->resource->is_custom && !apiserver_read_is_partial(call->request))
		json_object_set_new(metadata, "continue", json_string(""));
	if (n_left) {
		json_object_set_new(metadata, "continue",
		                    json_string(token_write(call->arena, page.revision, last)));
		if (apiserver_select_is_empty(&page.select))
			json_object_set_new(metadata, "remainingItemCount",
			                    json_integer((json_int_t)n_left));
	}
	if (apiserver_table_asked(call->request))
		reply_table(call, items, metadata);
	else
		reply_list(call, items, metadata);
	json_decref(items);
}

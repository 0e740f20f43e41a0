#include "agent/demo/apiserver_inside.h"

#include <string.h>
#include <strings.h>

#define SEGMENTS_MAX 9

static int hex_value(char digit)
{
	const char *digits = "0123456789abcdef";
	const char *found;

	if (digit >= 'A' && digit <= 'F')
		digit = (char)(digit - 'A' + 'a');
	found = digit ? strchr(digits, digit) : NULL;
	return found ? (int)(found - digits) : -1;
}

/* Decode %XX, and '+' in a query. */
static const char *decoded(struct arena *arena, const char *text, size_t length, bool is_query)
{
	char *copy = arena_alloc(arena, length + 1);
	size_t n = 0;

	for (size_t i = 0; i < length; i++) {
		int high = text[i] == '%' && i + 2 < length ? hex_value(text[i + 1]) : -1;
		int low = high >= 0 ? hex_value(text[i + 2]) : -1;

		if (low >= 0) {
			copy[n++] = (char)(high * 16 + low);
			i += 2;
		} else {
			copy[n++] = is_query && text[i] == '+' ? ' ' : text[i];
		}
	}
	return copy;
}

static size_t split_path(struct arena *arena, const char *path, const char *segments[SEGMENTS_MAX])
{
	size_t n = 0;

	while (*path && n < SEGMENTS_MAX) {
		size_t length;

		path += strspn(path, "/");
		length = strcspn(path, "/?");
		if (length == 0)
			break;
		segments[n++] = decoded(arena, path, length, false);
		path += length;
	}
	return n;
}

static bool parse_query(struct apiserver_call *call, const char *query)
{
	struct apiserver_route *route = &call->route;

	while (*query) {
		size_t length = strcspn(query, "&");
		size_t name = strcspn(query, "=&");

		if (route->n_query == APISERVER_QUERY_MAX)
			return apiserver_status_fail(call, 400, "BadRequest",
			                             "more than %d query parameters",
			                             APISERVER_QUERY_MAX);
		route->query[route->n_query++] = (struct apiserver_param){
			decoded(call->arena, query, name, true),
			name < length
				? decoded(call->arena, query + name + 1, length - name - 1, true)
				: "",
		};
		query += length;
		query += *query == '&';
	}
	return true;
}

static struct apiserver_shelf *shelf_find(const struct apiserver *server, const char *group,
                                          const char *version, const char *plural)
{
	for (size_t i = 0; i < server->options.n_resources; i++) {
		const struct apiserver_resource *resource = server->shelves[i].resource;

		if (strcmp(resource->group, group) == 0 &&
		    strcmp(resource->version, version) == 0 &&
		    strcmp(resource->plural, plural) == 0)
			return &server->shelves[i];
	}
	return NULL;
}

static bool no_such_path(struct apiserver_call *call)
{
	(void)apiserver_status_plain(call, 404, (struct span){0});
	return false;
}

/* What is asked of a group that nobody installed. */
static bool no_such_page(struct apiserver_call *call)
{
	call->reply.status = 404;
	call->reply.body = "404 page not found\n";
	call->reply.body_length = strlen(call->reply.body);
	return false;
}

static bool is_built_in(const struct apiserver *server, const char *group)
{
	for (size_t i = 0; i < server->options.n_resources; i++) {
		const struct apiserver_resource *resource = &server->options.resources[i];

		if (!resource->is_custom && strcmp(resource->group, group) == 0)
			return true;
	}
	return false;
}

/* PLURAL[/NAME[/status]], behind the version and perhaps a namespace */
static bool parse_object(struct apiserver_call *call, const char *const *segments, size_t n)
{
	const struct apiserver_resource *resource = call->route.shelf->resource;

	if (n > 1)
		call->route.name = segments[1];
	call->route.is_status = n == 3 && strcmp(segments[2], "status") == 0;
	if (n > 3 || (n == 3 && !(call->route.is_status && resource->has_status)))
		return no_such_path(call);
	if (!resource->is_namespaced && call->route.namespace)
		return no_such_path(call);
	if (resource->is_namespaced && call->route.name && !call->route.namespace)
		return no_such_path(call);
	return true;
}

bool apiserver_url_parse(struct apiserver_call *call)
{
	const char *url = call->request->url;
	const char *segments[SEGMENTS_MAX];
	size_t n = split_path(call->arena, url, segments);
	size_t at = 3;
	const char *group;

	if (n < 1 || (strcmp(segments[0], "api") != 0 && strcmp(segments[0], "apis") != 0))
		return no_such_path(call);
	if (strcmp(segments[0], "api") == 0)
		at = 2;
	if (n <= at)
		return no_such_path(call);
	group = at == 2 ? "" : segments[1];
	if (n >= at + 3 && strcmp(segments[at], "namespaces") == 0 &&
	    strcmp(segments[at + 2], "status") != 0) {
		call->route.namespace = segments[at + 1];
		at += 2;
	}
	call->route.shelf =
		shelf_find(call->server, group, *group ? segments[2] : segments[1], segments[at]);
	if (!call->route.shelf)
		return *group && !is_built_in(call->server, group) ? no_such_page(call)
		                                                   : no_such_path(call);
	url += strcspn(url, "?");
	return parse_object(call, segments + at, n - at) && parse_query(call, *url ? url + 1 : url);
}

const char *apiserver_url_param(const struct apiserver_call *call, const char *name)
{
	for (size_t i = 0; i < call->route.n_query; i++) {
		if (strcmp(call->route.query[i].name, name) == 0)
			return call->route.query[i].value;
	}
	return NULL;
}

bool apiserver_url_flag(const struct apiserver_call *call, const char *name)
{
	const char *value = apiserver_url_param(call, name);

	return value && strcasecmp(value, "false") != 0 && strcmp(value, "0") != 0;
}

const char *apiserver_url_header(const struct http_request *request, const char *name)
{
	for (size_t i = 0; i < request->n_headers; i++) {
		if (strcasecmp(request->headers[i].name, name) == 0)
			return request->headers[i].value;
	}
	return NULL;
}

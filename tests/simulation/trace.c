#include "tests/simulation/trace.h"

#include "analysis/base/text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const json_t *at(const json_t *object, const char *path)
{
	char key[64];

	while (*path && object) {
		size_t length = strcspn(path, "/");

		text_format(key, sizeof(key), "%.*s", (int)length, path);
		object = json_is_array(object)
		                 ? json_array_get(object, (size_t)strtoul(key, NULL, 10))
		                 : json_object_get(object, key);
		path += length + (path[length] == '/');
	}
	return object;
}

static int whole(const json_t *object, const char *path)
{
	return (int)json_integer_value(at(object, path));
}

static const char *words(const json_t *object, const char *path)
{
	const char *text = json_string_value(at(object, path));

	return text ? text : "";
}

/* The weights in the first rule of a VirtualService; one destination alone has all. */
static void istio_weights(const json_t *route, char *ret, size_t size)
{
	const json_t *rule = at(route, "spec/http/0");
	const json_t *list = at(rule, "route");
	int weights[2] = {0, 0};

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *destination = json_array_get(list, i);
		bool is_canary = strcmp(words(destination, "destination/host"), "cart-canary") == 0;

		weights[is_canary] =
			json_array_size(list) == 1 ? 100 : whole(destination, "weight");
	}
	text_format(ret, size, "w%d/%d%s", weights[0], weights[1],
	            at(rule, "mirror") ? " mirrored" : "");
}

static bool is_mirrored(const struct apiserver *server)
{
	return at(apiserver_find(server, "virtualservices", "shop", "cart"),
	          "spec/http/0/mirror") != NULL;
}

/* "w80/20"; without a route whom the apex Service selects. */
static void weights(const struct apiserver *server, char *ret, size_t size)
{
	const json_t *route = apiserver_find(server, "virtualservices", "shop", "cart");
	const json_t *apex = apiserver_find(server, "services", "shop", "cart");

	if (route)
		istio_weights(route, ret, size);
	else
		text_format(ret, size, "%s", words(apex, "spec/selector/app"));
}

static void put(struct buf *buf, const char *line)
{
	if (!buf_format(buf, "%s\n", line))
		abort();
}

static void note_state(struct trace *trace, const struct apiserver *server)
{
	const json_t *status = at(apiserver_find(server, "canaries", "shop", "cart"), "status");
	char route[64];
	char line[128];

	weights(server, route, sizeof(route));
	text_format(line, sizeof(line), "%s %s i%d f%d s%d", words(status, "phase"), route,
	            whole(status, "iterations"), whole(status, "failedChecks"),
	            whole(status, "canaryWeight"));
	if (strcmp(line, trace->last) == 0)
		return;
	text_copy(trace->last, line);
	put(&trace->states, line);
}

static void note_event(struct trace *trace, const struct http_request *request)
{
	json_t *event = json_loadb(request->body, request->body_length, 0, NULL);
	char line[1024];

	text_format(line, sizeof(line), "%.1s %s", words(event, "type"), words(event, "message"));
	put(&trace->events, line);
	json_decref(event);
}

void trace_note(struct trace *trace, const struct apiserver *server,
                const struct http_request *request)
{
	/* The status follows the route; but of copies it says nothing. */
	if (strstr(request->url, "/canaries/cart/status") ||
	    (strstr(request->url, "/virtualservices/") && is_mirrored(server)))
		note_state(trace, server);
	else if (request->method == HTTP_POST && strstr(request->url, "/events"))
		note_event(trace, request);
}

void trace_clear(struct trace *trace)
{
	trace_fini(trace);
	trace->last[0] = '\0';
}

void trace_fini(struct trace *trace)
{
	size_t max = trace->states.max;

	buf_fini(&trace->states);
	buf_fini(&trace->events);
	trace->states.max = max;
	trace->events.max = max;
}

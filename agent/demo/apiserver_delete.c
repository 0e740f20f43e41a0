#include "agent/demo/apiserver_inside.h"

#include <stdlib.h>
#include <string.h>

/* The DeleteOptions of body and query. */
struct delete_options {
	const char *propagation; /* "" when not given */
	const char *uid;
	const char *version;
};

static const char *text_of(const struct apiserver_call *call, const json_t *body, const char *key)
{
	const char *text = json_string_value(json_object_get(body, key));

	return text ? arena_text(call->arena, text) : "";
}

static bool read_options(struct apiserver_call *call, struct delete_options *ret)
{
	const struct http_request *request = call->request;
	const char *query = apiserver_url_param(call, "propagationPolicy");
	json_error_t where;
	json_t *body;

	*ret = (struct delete_options){query ? query : "", "", ""};
	if (!request->body || request->body_length == 0)
		return true;
	body = json_loadb(request->body, request->body_length, 0, &where);
	if (!json_is_object(body)) {
		json_decref(body);
		return apiserver_status_fail(call, 400, "BadRequest",
		                             "couldn't get version/kind; json parse error: %s",
		                             where.text);
	}
	if (!*ret->propagation)
		ret->propagation = text_of(call, body, "propagationPolicy");
	ret->uid = text_of(call, json_object_get(body, "preconditions"), "uid");
	ret->version = text_of(call, json_object_get(body, "preconditions"), "resourceVersion");
	json_decref(body);
	return true;
}

static bool check_options(struct apiserver_call *call, const struct delete_options *options,
                          const json_t *object)
{
	const char *uid = apiserver_meta_text(object, "uid");
	const char *version = apiserver_meta_text(object, "resourceVersion");
	const char *why = NULL;

	if (*options->propagation && strcmp(options->propagation, "Background") != 0 &&
	    strcmp(options->propagation, "Foreground") != 0 &&
	    strcmp(options->propagation, "Orphan") != 0)
		return apiserver_status_fail(
			call, 422, "Invalid",
			"DeleteOptions.meta.k8s.io \"\" is invalid: propagationPolicy: Unsupported "
			"value: \"%s\": supported values: \"Background\", \"Foreground\", "
			"\"Orphan\", \"nil\"",
			options->propagation);
	if (*options->uid && strcmp(options->uid, uid) != 0)
		why = arena_format(call->arena,
		                   "the UID in the precondition (%s) does not match the UID in "
		                   "record (%s). The object might have been deleted and then "
		                   "recreated",
		                   options->uid, uid);
	else if (*options->version && strcmp(options->version, version) != 0)
		why = arena_format(call->arena,
		                   "the ResourceVersion in the precondition (%s) does not match "
		                   "the ResourceVersion in record (%s). The object might have been "
		                   "modified",
		                   options->version, version);
	if (!why)
		return true;
	return apiserver_status_conflict(call, call->route.name, why);
}

/* Add the finalizer by which the garbage collector is told what to do with the dependents. */
static void add_finalizer(json_t *object, const char *finalizer)
{
	json_t *metadata = json_object_get(object, "metadata");
	json_t *finalizers = json_object_get(metadata, "finalizers");
	const json_t *value;
	size_t i;

	json_array_foreach(finalizers, i, value)
	{
		if (strcmp(json_string_value(value), finalizer) == 0)
			return;
	}
	if (!finalizers) {
		finalizers = json_array();
		json_object_set_new(metadata, "finalizers", finalizers);
	}
	json_array_append_new(finalizers, json_string(finalizer));
}

/* Mark an object that still has finalizers. */
static void mark(struct apiserver_call *call, const json_t *old, json_t *object)
{
	json_t *metadata = json_object_get(object, "metadata");
	const json_t *generation = json_object_get(metadata, "generation");
	char text[INSTANT_TEXT_MAX];

	if (!*apiserver_meta_text(object, "deletionTimestamp")) {
		json_object_set_new(metadata, "deletionTimestamp",
		                    json_string(instant_format_seconds(call->now, text)));
		json_object_set_new(metadata, "deletionGracePeriodSeconds", json_integer(0));
		if (generation)
			json_object_set_new(metadata, "generation",
			                    json_integer(json_integer_value(generation) + 1));
	}
	if (!json_equal(old, object))
		call->written =
			apiserver_store_put(call->server, call->route.shelf, json_incref(object));
	apiserver_read_reply(call, 200, object);
}

static void remove_now(struct apiserver_call *call, const json_t *object)
{
	const struct apiserver_resource *resource = call->route.shelf->resource;
	json_t *last = apiserver_store_remove(call->server, call->route.shelf, object);
	json_t *details;
	json_t *body;

	call->written = call->server->revision;
	if (strcmp(resource->plural, "services") == 0 || strcmp(resource->plural, "pods") == 0) {
		apiserver_read_reply(call, 200, last);
		json_decref(last);
		return;
	}
	details = json_pack("{s:s, s:s, s:s}", "name", call->route.name, "kind", resource->plural,
	                    "uid", apiserver_meta_text(last, "uid"));
	if (*resource->group)
		json_object_set_new(details, "group", json_string(resource->group));
	body = json_pack("{s:s, s:s, s:{}, s:s, s:o}", "kind", "Status", "apiVersion", "v1",
	                 "metadata", "status", "Success", "details", details);
	if (!body)
		abort();
	apiserver_status_reply(call, 200, body);
	json_decref(last);
}

void apiserver_delete_one(struct apiserver_call *call)
{
	struct delete_options options;
	const json_t *old;
	json_t *object;

	if (!call->route.name || call->route.is_status) {
		(void)apiserver_status_plain(call, 405, (struct span){0});
		return;
	}
	old = apiserver_store_find(call->route.shelf, call->route.namespace, call->route.name);
	if (!read_options(call, &options))
		return;
	if (!old) {
		(void)apiserver_status_not_found(call, call->route.name);
		return;
	}
	if (!check_options(call, &options, old))
		return;
	object = json_deep_copy(old);
	if (strcmp(options.propagation, "Foreground") == 0)
		add_finalizer(object, "foregroundDeletion");
	if (strcmp(options.propagation, "Orphan") == 0)
		add_finalizer(object, "orphan");
	if (apiserver_meta_has_finalizers(object))
		mark(call, old, object);
	else
		remove_now(call, object);
	json_decref(object);
}

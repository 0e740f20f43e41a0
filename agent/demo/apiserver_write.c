#include "agent/demo/apiserver_inside.h"
#include "agent/demo/apiserver_patch.h"

#include <stdlib.h>
#include <string.h>

#define STRATEGIC "application/strategic-merge-patch+json" /* not for custom resources */

/* The body as JSON, a new reference, or NULL when it was refused. */
static json_t *read_body(struct apiserver_call *call)
{
	const struct http_request *request = call->request;
	json_error_t where;
	json_t *body;

	body = json_loadb(request->body ? request->body : "", request->body_length, 0, &where);
	if (!body)
		(void)apiserver_status_fail(call, 400, "BadRequest",
		                            "couldn't get version/kind; json parse error: line %d "
		                            "column %d: %s",
		                            where.line, where.column, where.text);
	return body;
}

/* Is there one of these media types? */
static bool check_media(struct apiserver_call *call, const char *const *known, size_t n)
{
	const char *type = apiserver_url_header(call->request, "Content-Type");
	size_t length = type ? strcspn(type, "; ") : 0;
	const char *list = "";

	for (size_t i = 0; i < n; i++) {
		if (length == strlen(known[i]) && strncmp(type, known[i], length) == 0)
			return true;
		list = arena_format(call->arena, "%s%s%s", list, i ? ", " : "", known[i]);
	}
	return apiserver_status_fail(
		call, 415, "UnsupportedMediaType",
		"the body of the request was in an unknown format - accepted media types include: "
		"%s",
		list);
}

/* kind and apiVersion are those of the resource; they are filled in where the server does so. */
static bool check_kind(struct apiserver_call *call, json_t *object)
{
	const struct apiserver_resource *resource = call->route.shelf->resource;
	const char *version = *resource->group ? arena_format(call->arena, "%s/%s", resource->group,
	                                                      resource->version)
	                                       : resource->version;
	const char *given = json_string_value(json_object_get(object, "apiVersion"));
	const char *kind = json_string_value(json_object_get(object, "kind"));

	if (!json_is_object(object))
		return apiserver_status_fail(
			call, 400, "BadRequest",
			"couldn't get version/kind; json parse error: expected an object");
	if (resource->is_custom && (!kind || !*kind))
		return apiserver_status_fail(call, 400, "BadRequest",
		                             "Object 'Kind' is missing in the request's body");
	given = given || !resource->is_custom ? given : "";
	if (given && (*given || resource->is_custom) && strcmp(given, version) != 0)
		return apiserver_status_fail(call, 400, "BadRequest",
		                             "the API version in the data (%s) does not match the "
		                             "expected API version (%s)",
		                             given, version);
	if (kind && *kind && strcmp(kind, resource->kind) != 0)
		return apiserver_status_fail(
			call, 400, "BadRequest",
			"%s in version \"%s\" cannot be handled as a %s: no kind \"%s\" is "
			"registered for version \"%s\"",
			kind, resource->version, resource->kind, kind, version);
	json_object_set_new(object, "apiVersion", json_string(version));
	json_object_set_new(object, "kind", json_string(resource->kind));
	return true;
}

static bool is_dry(const struct apiserver_call *call)
{
	const char *dry = apiserver_url_param(call, "dryRun");

	return dry && strcmp(dry, "All") == 0;
}

/* Store the object and answer with it. */
static void store(struct apiserver_call *call, int status, json_t *object)
{
	if (!is_dry(call))
		call->written =
			apiserver_store_put(call->server, call->route.shelf, json_incref(object));
	apiserver_read_reply(call, status, object);
}

static void create(struct apiserver_call *call, json_t *object)
{
	const struct apiserver_resource *resource = call->route.shelf->resource;
	const char *name;

	if (!check_kind(call, object) || !apiserver_meta_create(call, object))
		return;
	name = apiserver_meta_text(object, "name");
	if (resource->has_status)
		json_object_del(object, "status");
	apiserver_defaults_fill(call->server, resource, NULL, object);
	if (!apiserver_validate_object(call, NULL, object))
		return;
	if (apiserver_store_find(call->route.shelf, call->route.namespace, name)) {
		(void)apiserver_status_exists(call, name);
		return;
	}
	apiserver_meta_manage(call, NULL, object);
	store(call, 201, object);
}

/* What a POST or PUT has; NULL when it was refused. */
static json_t *read_object(struct apiserver_call *call)
{
	static const char *const known[] = {"application/json"};

	if (apiserver_url_header(call->request, "Content-Type") &&
	    !check_media(call, known, array_length(known)))
		return NULL;
	return read_body(call);
}

void apiserver_write_post(struct apiserver_call *call)
{
	json_t *object;

	if (call->route.name ||
	    (call->route.shelf->resource->is_namespaced && !call->route.namespace)) {
		(void)apiserver_status_plain(call, 405, (struct span){0});
		return;
	}
	object = read_object(call);
	if (object)
		create(call, object);
	json_decref(object);
}

/*
 * What an update of the status may change: the status, and annotations of Deployments. Returns a
 * new reference.
 */
static json_t *only_status(const struct apiserver_resource *resource, const json_t *old,
                           const json_t *object)
{
	json_t *merged = json_copy((json_t *)(uintptr_t)old);
	json_t *status = json_object_get(object, "status");
	json_t *metadata = apiserver_meta_own(merged);
	json_t *annotations = json_object_get(json_object_get(object, "metadata"), "annotations");

	if (status)
		json_object_set(merged, "status", status);
	else
		json_object_del(merged, "status");
	if (resource->generation != APISERVER_GENERATION_SPEC_OR_ANNOTATIONS)
		return merged;
	if (annotations)
		json_object_set(metadata, "annotations", annotations);
	else
		json_object_del(metadata, "annotations");
	return merged;
}

/* The main resource keeps the status that is there. */
static void keep_status(const struct apiserver_resource *resource, const json_t *old,
                        json_t *object)
{
	json_t *status = json_object_get(old, "status");

	if (!resource->has_status)
		return;
	if (status)
		json_object_set(object, "status", status);
	else
		json_object_del(object, "status");
}

/* Write what has been checked, unless it changes nothing or completes a deletion. */
static void settle(struct apiserver_call *call, const json_t *old, json_t *object)
{
	json_t *last;

	if (json_equal(old, object)) {
		apiserver_read_reply(call, 200, old);
		return;
	}
	if (!call->route.is_status)
		apiserver_meta_generation(call->route.shelf->resource, old, object);
	apiserver_meta_manage(call, old, object);
	if (*apiserver_meta_text(object, "deletionTimestamp") &&
	    !apiserver_meta_has_finalizers(object) && !is_dry(call)) {
		last = apiserver_store_remove(call->server, call->route.shelf, object);
		call->written = call->server->revision;
		apiserver_read_reply(call, 200, last);
		json_decref(last);
		return;
	}
	store(call, 200, object);
}

/* Replace old by object. */
static void update(struct apiserver_call *call, const json_t *old, json_t *object)
{
	const struct apiserver_resource *resource = call->route.shelf->resource;

	if (!check_kind(call, object) || !apiserver_meta_update(call, old, object))
		return;
	if (call->route.is_status)
		object = only_status(resource, old, object);
	else
		keep_status(resource, old, json_incref(object));
	apiserver_defaults_fill(call->server, resource, old, object);
	if (apiserver_validate_object(call, old, object))
		settle(call, old, object);
	json_decref(object);
}

static bool check_put(struct apiserver_call *call, const json_t *object)
{
	const struct apiserver_resource *resource = call->route.shelf->resource;
	const char *version = apiserver_meta_text(object, "resourceVersion");

	if (!*version && resource->has_version_need)
		return apiserver_status_fail(
			call, 422, "Invalid",
			"%s \"%s\" is invalid: metadata.resourceVersion: Invalid value: 0: must be "
			"specified for an update",
			apiserver_status_resource(call), call->route.name);
	return true;
}

static void put(struct apiserver_call *call, json_t *object)
{
	const struct apiserver_resource *resource = call->route.shelf->resource;
	json_t *old =
		apiserver_store_find(call->route.shelf, call->route.namespace, call->route.name);
	const char *name = apiserver_meta_text(object, "name");

	if (!*name) {
		(void)apiserver_status_fail(
			call, 400, "BadRequest",
			"the name of the object (%s based on URL) was undeterminable: name must be "
			"provided",
			call->route.name);
		return;
	}
	if (old) {
		if (check_put(call, object))
			update(call, old, object);
	} else if (!resource->has_put_create || call->route.is_status) {
		(void)apiserver_status_not_found(call, call->route.name);
	} else {
		create(call, object);
	}
}

void apiserver_write_put(struct apiserver_call *call)
{
	json_t *object;

	if (!call->route.name) {
		(void)apiserver_status_plain(call, 405, (struct span){0});
		return;
	}
	object = read_object(call);
	if (object)
		put(call, object);
	json_decref(object);
}

/* The object as the patch would have it, a new reference; NULL when it was refused. */
static json_t *patched(struct apiserver_call *call, const json_t *old, json_t *patch)
{
	const char *type = apiserver_url_header(call->request, "Content-Type");
	struct err err = {0};
	json_t *object;

	if (strncmp(type, "application/merge-patch+json", 28) == 0) {
		if (json_is_object(patch))
			return apiserver_patch_merge(old, patch);
		(void)apiserver_status_fail(call, 400, "BadRequest",
		                            "error decoding patch: expected an object");
		return NULL;
	}
	if (strncmp(type, STRATEGIC, strlen(STRATEGIC)) == 0) {
		if (json_is_object(patch))
			return apiserver_strategic_merge(old, patch);
		(void)apiserver_status_fail(call, 400, "BadRequest",
		                            "error decoding patch: expected an object");
		return NULL;
	}
	object = apiserver_patch_json(old, patch, &err);
	if (object)
		return object;
	if (err.kind == ERR_MALFORMED)
		(void)apiserver_status_fail(call, 400, "BadRequest", "%s", err.text);
	else if (err.kind == ERR_LIMIT)
		(void)apiserver_status_fail(call, 413, "RequestEntityTooLarge",
		                            "Request entity too large: %s", err.text);
	else
		(void)apiserver_status_plain(call, 422, (struct span){0});
	return NULL;
}

void apiserver_write_patch(struct apiserver_call *call)
{
	static const char *const known[] = {"application/json-patch+json",
	                                    "application/merge-patch+json", STRATEGIC};
	size_t n_known = array_length(known);
	const json_t *old;
	json_t *patch;
	json_t *object;

	if (!call->route.name) {
		(void)apiserver_status_plain(call, 405, (struct span){0});
		return;
	}
	if (call->route.shelf->resource->is_custom)
		n_known--;
	if (!check_media(call, known, n_known)) {
		(void)apiserver_status_fail(call, 415, "UnsupportedMediaType",
		                            "415: Unsupported Media Type");
		return;
	}
	old = apiserver_store_find(call->route.shelf, call->route.namespace, call->route.name);
	if (!old) {
		(void)apiserver_status_not_found(call, call->route.name);
		return;
	}
	patch = read_body(call);
	object = patch ? patched(call, old, patch) : NULL;
	if (object)
		update(call, old, object);
	json_decref(object);
	json_decref(patch);
}

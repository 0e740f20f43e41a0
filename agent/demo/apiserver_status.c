#include "agent/demo/apiserver_inside.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX 8192

const char *apiserver_status_resource(const struct apiserver_call *call)
{
	const struct apiserver_resource *resource = call->route.shelf->resource;

	if (!*resource->group)
		return resource->plural;
	return arena_format(call->arena, "%s.%s", resource->plural, resource->group);
}

const char *apiserver_status_kind(const struct apiserver_call *call)
{
	const struct apiserver_resource *resource = call->route.shelf->resource;

	if (!*resource->group)
		return resource->kind;
	return arena_format(call->arena, "%s.%s", resource->kind, resource->group);
}

json_t *apiserver_status_body(int code, const char *reason, const char *message)
{
	json_t *body =
		json_pack("{s:s, s:s, s:{}, s:s, s:s, s:i}", "kind", "Status", "apiVersion", "v1",
	                  "metadata", "status", "Failure", "message", message, "code", code);

	if (!body)
		abort();
	if (*reason)
		json_object_set_new(body, "reason", json_string(reason));
	return body;
}

void apiserver_status_reply(struct apiserver_call *call, int status, json_t *body)
{
	char *text = json_dumps(body, JSON_COMPACT);

	if (!text)
		abort();
	call->reply.status = status;
	call->reply.body_length = strlen(text);
	call->reply.body = arena_copy(call->arena, text, call->reply.body_length);
	free(text);
	json_decref(body);
}

static json_t *details_of(const struct apiserver_call *call, const char *kind, const char *name)
{
	json_t *details = json_object();

	if (name && *name)
		json_object_set_new(details, "name", json_string(name));
	if (*call->route.shelf->resource->group)
		json_object_set_new(details, "group",
		                    json_string(call->route.shelf->resource->group));
	json_object_set_new(details, "kind", json_string(kind));
	return details;
}

/* Answer with a Status about one object. */
static bool fail_about(struct apiserver_call *call, int code, const char *reason,
                       const char *message, json_t *details)
{
	json_t *body = apiserver_status_body(code, reason, message);

	json_object_set_new(body, "details", details);
	apiserver_status_reply(call, code, body);
	return false;
}

bool apiserver_status_fail(struct apiserver_call *call, int code, const char *reason,
                           const char *format, ...)
{
	char message[MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	apiserver_status_reply(call, code, apiserver_status_body(code, reason, message));
	return false;
}

bool apiserver_status_not_found(struct apiserver_call *call, const char *name)
{
	return fail_about(call, 404, "NotFound",
	                  arena_format(call->arena, "%s \"%s\" not found",
	                               apiserver_status_resource(call), name),
	                  details_of(call, call->route.shelf->resource->plural, name));
}

bool apiserver_status_exists(struct apiserver_call *call, const char *name)
{
	return fail_about(call, 409, "AlreadyExists",
	                  arena_format(call->arena, "%s \"%s\" already exists",
	                               apiserver_status_resource(call), name),
	                  details_of(call, call->route.shelf->resource->plural, name));
}

bool apiserver_status_conflict(struct apiserver_call *call, const char *name, const char *why)
{
	return fail_about(call, 409, "Conflict",
	                  arena_format(call->arena,
	                               "Operation cannot be fulfilled on %s \"%s\": %s",
	                               apiserver_status_resource(call), name, why),
	                  details_of(call, call->route.shelf->resource->plural, name));
}

bool apiserver_status_invalid(struct apiserver_call *call, const char *name, const char *field,
                              const char *cause, const char *text)
{
	json_t *details = details_of(call, call->route.shelf->resource->kind, name);
	json_t *causes =
		json_pack("[{s:s, s:s, s:s}]", "reason", cause, "message", text, "field", field);

	json_object_set_new(details, "causes", causes);
	return fail_about(call, 422, "Invalid",
	                  arena_format(call->arena, "%s \"%s\" is invalid: %s: %s",
	                               apiserver_status_kind(call), name, field, text),
	                  details);
}

bool apiserver_status_plain(struct apiserver_call *call, int code, struct span retry_after)
{
	static const struct {
		int code;
		const char *reason;
		const char *message;
	} known[] = {
		{400, "BadRequest", "the server rejected our request for an unknown reason"},
		{401, "Unauthorized", "Unauthorized"},
		{403, "Forbidden", "forbidden: not allowed"},
		{404, "NotFound", "the server could not find the requested resource"},
		{405, "MethodNotAllowed",
	         "the server does not allow this method on the requested resource"},
		{409, "Conflict",
	         "Operation cannot be fulfilled: the object has been modified; please apply your "
	         "changes to the latest version and try again"},
		{410, "Expired", "The resourceVersion for the provided watch is too old."},
		{422, "Invalid", "the server rejected our request due to an error in our request"},
		{429, "TooManyRequests",
	         "the server has received too many requests and has asked us to try again later"},
		{500, "InternalError", "Internal error occurred: etcdserver: leader changed"},
		{503, "ServiceUnavailable", "the server is currently unable to handle the request"},
		{504, "Timeout", "Timeout: request did not complete within the allotted timeout"},
	};
	const char *reason = "";
	const char *message = "unknown";
	json_t *details = json_object();

	for (size_t i = 0; i < array_length(known); i++) {
		if (known[i].code == code) {
			reason = known[i].reason;
			message = known[i].message;
		}
	}
	if (retry_after.ms > 0)
		json_object_set_new(details, "retryAfterSeconds",
		                    json_integer((retry_after.ms + 999) / 1000));
	call->reply.retry_after = retry_after;
	return fail_about(call, code, reason, message, details);
}

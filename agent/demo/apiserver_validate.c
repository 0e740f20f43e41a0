#include "agent/demo/apiserver_inside.h"

#include <string.h>

#define NAME_MAX_LENGTH 253

/* A DNS subdomain; Services: a DNS label that begins with a letter. */
static bool name_is_valid(const char *name, bool is_service)
{
	const char *lower = "abcdefghijklmnopqrstuvwxyz";
	const char *digits = "0123456789";
	size_t length = strlen(name);
	char before = '.';

	if (length == 0 || length > (is_service ? 63 : NAME_MAX_LENGTH))
		return false;
	for (const char *at = name; *at; before = *at++) {
		bool is_plain = strchr(lower, *at) || strchr(digits, *at);

		if (!is_plain && *at != '-' && (*at != '.' || is_service))
			return false;
		if (!is_plain && (before == '.' || (before == '-' && *at == '.')))
			return false;
	}
	return before != '-' && before != '.' && (!is_service || strchr(lower, *name));
}

static bool check_name(struct apiserver_call *call, const json_t *object)
{
	const char *name = apiserver_meta_text(object, "name");
	bool is_service = strcmp(call->route.shelf->resource->plural, "services") == 0;

	if (name_is_valid(name, is_service))
		return true;
	return apiserver_status_invalid(
		call, name, "metadata.name", "FieldValueInvalid",
		arena_format(
			call->arena,
			is_service ? "Invalid value: \"%s\": a DNS-1035 label must consist of "
				     "lower case alphanumeric characters or '-', start with an "
				     "alphabetic character, and end with an alphanumeric character"
				   : "Invalid value: \"%s\": a lowercase RFC 1123 subdomain must "
				     "consist of lower case alphanumeric characters, '-' or '.', "
				     "and must start and end with an alphanumeric character",
			name));
}

/* Label and annotation values are texts. */
static bool check_texts(struct apiserver_call *call, const json_t *object, const char *field)
{
	json_t *map = json_object_get(json_object_get(object, "metadata"), field);
	const char *key;
	json_t *value;

	if (map && !json_is_object(map))
		return apiserver_status_fail(call, 400, "BadRequest",
		                             "metadata.%s: expected an object", field);
	json_object_foreach(map, key, value)
	{
		if (!json_is_string(value))
			return apiserver_status_fail(
				call, 400, "BadRequest",
				"json: cannot unmarshal into Go struct field ObjectMeta.metadata.%s "
				"of type string: key %s",
				field, key);
	}
	return true;
}

static bool check_integer(struct apiserver_call *call, const json_t *spec, const char *field)
{
	const json_t *value = json_object_get(spec, field);

	if (!value || json_is_integer(value))
		return true;
	if (call->request->method == HTTP_PATCH)
		return apiserver_status_fail(
			call, 422, "Invalid",
			" \"\" is invalid: patch: Invalid value: json: cannot "
			"unmarshal into Go struct field .spec.%s of type int32",
			field);
	return apiserver_status_fail(
		call, 400, "BadRequest",
		"json: cannot unmarshal into Go struct field .spec.%s of type int32", field);
}

/* The selector of a Deployment selects its own template, and never changes. */
static bool check_deployment(struct apiserver_call *call, const json_t *old, const json_t *object)
{
	const char *name = apiserver_meta_text(object, "name");
	const json_t *spec = json_object_get(object, "spec");
	const json_t *selector = json_object_get(spec, "selector");
	json_t *wanted = json_object_get(selector, "matchLabels");
	const json_t *labels = json_object_get(
		json_object_get(json_object_get(spec, "template"), "metadata"), "labels");
	const json_t *before = json_object_get(json_object_get(old, "spec"), "selector");
	const char *key;
	json_t *value;

	if (!check_integer(call, spec, "replicas"))
		return false;
	if (json_integer_value(json_object_get(spec, "replicas")) < 0)
		return apiserver_status_invalid(
			call, name, "spec.replicas", "FieldValueInvalid",
			"Invalid value: must be greater than or equal to 0");
	if (!selector)
		return apiserver_status_invalid(call, name, "spec.selector", "FieldValueRequired",
		                                "Required value");
	json_object_foreach(wanted, key, value)
	{
		if (!json_equal(json_object_get(labels, key), value))
			return apiserver_status_invalid(
				call, name, "spec.template.metadata.labels", "FieldValueInvalid",
				"Invalid value: `selector` does not match template `labels`");
	}
	if (old && !json_equal(before, selector))
		return apiserver_status_invalid(call, name, "spec.selector", "FieldValueInvalid",
		                                "Invalid value: field is immutable");
	return true;
}

static bool check_service(struct apiserver_call *call, const json_t *old, const json_t *object)
{
	const char *name = apiserver_meta_text(object, "name");
	const json_t *before = json_object_get(json_object_get(old, "spec"), "clusterIP");
	const json_t *after = json_object_get(json_object_get(object, "spec"), "clusterIP");

	if (!before || !after || json_equal(before, after))
		return true;
	return apiserver_status_invalid(call, name, "spec.clusterIPs[0]", "FieldValueInvalid",
	                                "Invalid value: may not change once set");
}

static bool check_immutable(struct apiserver_call *call, const json_t *old, const json_t *object)
{
	const char *field = call->route.shelf->resource->immutable;
	const json_t *before;
	const json_t *after;

	if (!old || !field)
		return true;
	before = json_object_get(old, field);
	after = json_object_get(object, field);
	if (before == after || json_equal(before, after))
		return true;
	return apiserver_status_invalid(call, apiserver_meta_text(object, "name"), field,
	                                "FieldValueInvalid", "Invalid value: spec is immutable");
}

static bool check_admission(struct apiserver_call *call, const json_t *old, const json_t *object)
{
	const struct apiserver_hooks *hooks = &call->server->options.hooks;
	struct err err = {0};

	if (!hooks->admit ||
	    hooks->admit(hooks->user, call->route.shelf->resource, old, object, &err))
		return true;
	return apiserver_status_invalid(call, apiserver_meta_text(object, "name"), "<nil>",
	                                "FieldValueInvalid", err.text);
}

/* As the ValidatingAdmissionPolicy has it that the manifests ship. */
static bool check_person(struct apiserver_call *call, const json_t *old, const json_t *object)
{
	const char *person = call->server->options.person;
	const char *by =
		json_string_value(json_object_get(json_object_get(object, "spec"), "requestedBy"));

	if (old || !person || (by && strcmp(by, person) == 0))
		return true;
	return apiserver_status_fail(
		call, 422, "Invalid",
		"actions.serin.dev \"%s\" is forbidden: ValidatingAdmissionPolicy 'actions.serin.dev' "
		"with binding 'actions.serin.dev' denied request: spec.requestedBy: expected \"%s\", "
		"who asks, got \"%s\"",
		apiserver_meta_text(object, "name"), person, by ? by : "");
}

bool apiserver_validate_object(struct apiserver_call *call, const json_t *old, const json_t *object)
{
	const char *plural = call->route.shelf->resource->plural;

	if (!check_name(call, object) || !check_texts(call, object, "labels") ||
	    !check_texts(call, object, "annotations") || !check_immutable(call, old, object))
		return false;
	if (strcmp(plural, "actions") == 0 && !check_person(call, old, object))
		return false;
	if ((strcmp(plural, "deployments") == 0 || strcmp(plural, "daemonsets") == 0) &&
	    !check_deployment(call, old, object))
		return false;
	if (strcmp(plural, "services") == 0 && !check_service(call, old, object))
		return false;
	return check_admission(call, old, object);
}

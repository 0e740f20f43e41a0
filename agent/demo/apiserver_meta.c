#include "agent/demo/apiserver_inside.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX_LENGTH 5

const char *apiserver_meta_text(const json_t *object, const char *field)
{
	const char *text =
		json_string_value(json_object_get(json_object_get(object, "metadata"), field));

	return text ? text : "";
}

uint64_t apiserver_meta_revision(const json_t *object)
{
	return strtoull(apiserver_meta_text(object, "resourceVersion"), NULL, 10);
}

json_t *apiserver_meta_own(json_t *object)
{
	json_t *metadata = json_copy(json_object_get(object, "metadata"));

	json_object_set_new(object, "metadata", metadata);
	return metadata;
}

bool apiserver_meta_has_finalizers(const json_t *object)
{
	return json_array_size(json_object_get(json_object_get(object, "metadata"), "finalizers")) >
	       0;
}

uint64_t apiserver_meta_random(struct apiserver *server)
{
	uint64_t bits = server->random += 0x9e3779b97f4a7c15U;

	bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9U;
	bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebU;
	return bits ^ (bits >> 31);
}

static const char *new_uid(struct apiserver_call *call)
{
	uint64_t high = apiserver_meta_random(call->server);
	uint64_t low = apiserver_meta_random(call->server);

	return arena_format(call->arena, "%08x-%04x-4%03x-%04x-%012" PRIx64, (unsigned)(high >> 32),
	                    (unsigned)(high >> 16 & 0xffff), (unsigned)(high & 0xfff),
	                    (unsigned)(low >> 50) | 0x8000U, low & 0xffffffffffffU);
}

static const char *new_suffix(struct apiserver_call *call)
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
	uint64_t bits = apiserver_meta_random(call->server);
	char *suffix = arena_alloc(call->arena, SUFFIX_LENGTH + 1);

	for (size_t i = 0; i < SUFFIX_LENGTH; i++, bits /= sizeof(letters) - 1)
		suffix[i] = letters[bits % (sizeof(letters) - 1)];
	return suffix;
}

static json_t *now_text(const struct apiserver_call *call)
{
	char text[INSTANT_TEXT_MAX];

	return json_string(instant_format_seconds(call->now, text));
}

/* Metadata never holds empty maps and lists, nor nulls. */
static void drop_empty(json_t *metadata)
{
	const char *key;
	json_t *value;
	void *next;

	json_object_foreach_safe(metadata, next, key, value)
	{
		bool is_empty = json_is_null(value) ||
		                (json_is_object(value) && json_object_size(value) == 0) ||
		                (json_is_array(value) && json_array_size(value) == 0) ||
		                (json_is_string(value) && json_string_length(value) == 0);

		if (is_empty)
			json_object_del(metadata, key);
	}
}

/* The metadata, made when it is not there; it must be an object. */
static json_t *metadata_of(struct apiserver_call *call, json_t *object)
{
	json_t *metadata = json_object_get(object, "metadata");

	if (!metadata || json_is_null(metadata)) {
		json_object_set_new(object, "metadata", json_object());
		return json_object_get(object, "metadata");
	}
	if (!json_is_object(metadata)) {
		(void)apiserver_status_fail(call, 400, "BadRequest",
		                            "metadata: expected an object");
		return NULL;
	}
	return metadata;
}

/* The namespace is the one of the request. */
static bool check_namespace(struct apiserver_call *call, json_t *metadata)
{
	const char *given = json_string_value(json_object_get(metadata, "namespace"));

	if (!call->route.namespace) {
		json_object_del(metadata, "namespace");
		return true;
	}
	if (given && *given && strcmp(given, call->route.namespace) != 0)
		return apiserver_status_fail(
			call, 400, "BadRequest",
			"the namespace of the provided object does not match the namespace sent on "
			"the request");
	json_object_set_new(metadata, "namespace", json_string(call->route.namespace));
	return true;
}

/* The name given, that of the URL, or a generated one. */
static bool fill_name(struct apiserver_call *call, json_t *metadata)
{
	const char *name = json_string_value(json_object_get(metadata, "name"));
	const char *prefix = json_string_value(json_object_get(metadata, "generateName"));

	if (call->route.name && name && *name && strcmp(call->route.name, name) != 0)
		return apiserver_status_fail(
			call, 400, "BadRequest",
			"the name of the object (%s) does not match the name on the URL (%s)", name,
			call->route.name);
	if (call->route.name)
		name = call->route.name;
	else if ((!name || !*name) && prefix && *prefix)
		name = arena_format(call->arena, "%s%s", prefix, new_suffix(call));
	if (!name || !*name)
		return apiserver_status_invalid(call, "", "metadata.name", "FieldValueRequired",
		                                "Required value: name or generateName is required");
	json_object_set_new(metadata, "name", json_string(name));
	return true;
}

bool apiserver_meta_create(struct apiserver_call *call, json_t *object)
{
	json_t *metadata = metadata_of(call, object);

	if (!metadata || !check_namespace(call, metadata) || !fill_name(call, metadata))
		return false;
	if (*apiserver_meta_text(object, "resourceVersion"))
		return apiserver_status_fail(
			call, 500, "",
			"resourceVersion should not be set on objects to be created");
	json_object_del(metadata, "deletionTimestamp");
	json_object_del(metadata, "deletionGracePeriodSeconds");
	json_object_del(metadata, "managedFields");
	json_object_del(metadata, "selfLink");
	json_object_del(metadata, "generation");
	drop_empty(metadata);
	json_object_set_new(metadata, "uid", json_string(new_uid(call)));
	json_object_set_new(metadata, "creationTimestamp", now_text(call));
	if (call->route.shelf->resource->generation != APISERVER_GENERATION_NONE)
		json_object_set_new(metadata, "generation", json_integer(1));
	return true;
}

/* What a client cannot change comes from the object as it was. */
static void keep_fields(const json_t *old, json_t *metadata)
{
	static const char *const kept[] = {
		"name",          "namespace",         "uid",
		"generation",    "creationTimestamp", "deletionTimestamp",
		"managedFields", "resourceVersion",   "deletionGracePeriodSeconds",
		"generateName",
	};
	const json_t *before = json_object_get(old, "metadata");

	for (size_t i = 0; i < array_length(kept); i++) {
		json_t *value = json_object_get(before, kept[i]);

		if (value)
			json_object_set(metadata, kept[i], value);
		else
			json_object_del(metadata, kept[i]);
	}
	json_object_del(metadata, "selfLink");
	drop_empty(metadata);
}

static bool is_in(const json_t *array, const json_t *wanted)
{
	const json_t *value;
	size_t i;

	json_array_foreach(array, i, value)
	{
		if (json_equal(value, wanted))
			return true;
	}
	return false;
}

/* An object on its way out gets no new finalizers. */
static bool check_finalizers(struct apiserver_call *call, const json_t *old, const json_t *metadata)
{
	const json_t *before = json_object_get(json_object_get(old, "metadata"), "finalizers");
	const json_t *after = json_object_get(metadata, "finalizers");
	const json_t *value;
	size_t i;

	if (!*apiserver_meta_text(old, "deletionTimestamp"))
		return true;
	json_array_foreach(after, i, value)
	{
		if (!is_in(before, value))
			return apiserver_status_invalid(
				call, call->route.name, "metadata.finalizers",
				"FieldValueForbidden",
				arena_format(call->arena,
			                     "Forbidden: no new finalizers can be added if the "
			                     "object is being deleted, found new finalizers "
			                     "[]string{\"%s\"}",
			                     json_string_value(value)));
	}
	return true;
}

/* uid and resourceVersion in a body are preconditions. */
static bool check_preconditions(struct apiserver_call *call, const json_t *old,
                                const json_t *object)
{
	const char *uid = apiserver_meta_text(object, "uid");
	const char *version = apiserver_meta_text(object, "resourceVersion");

	if (*uid && strcmp(uid, apiserver_meta_text(old, "uid")) != 0 &&
	    call->request->method == HTTP_PATCH)
		return apiserver_status_invalid(
			call, call->route.name, "metadata.uid", "FieldValueInvalid",
			arena_format(call->arena, "Invalid value: \"%s\": field is immutable",
		                     uid));
	if (*uid && strcmp(uid, apiserver_meta_text(old, "uid")) != 0)
		return apiserver_status_conflict(
			call, call->route.name,
			arena_format(call->arena,
		                     "Precondition failed: UID in precondition: %s, UID in object "
		                     "meta: %s",
		                     uid, apiserver_meta_text(old, "uid")));
	if (*version && strcmp(version, apiserver_meta_text(old, "resourceVersion")) != 0)
		return apiserver_status_conflict(
			call, call->route.name,
			"the object has been modified; please apply your changes to the latest "
			"version and try again");
	return true;
}

bool apiserver_meta_update(struct apiserver_call *call, const json_t *old, json_t *object)
{
	json_t *metadata = metadata_of(call, object);
	const char *name = apiserver_meta_text(object, "name");

	if (!metadata)
		return false;
	metadata = apiserver_meta_own(object);
	if (!check_namespace(call, metadata))
		return false;
	if (*name && strcmp(name, call->route.name) != 0)
		return apiserver_status_fail(
			call, 400, "BadRequest",
			"the name of the object (%s) does not match the name on the URL (%s)", name,
			call->route.name);
	if (!check_preconditions(call, old, object) || !check_finalizers(call, old, metadata))
		return false;
	keep_fields(old, metadata);
	return true;
}

static bool is_entry_of(const json_t *entry, const struct apiserver_call *call)
{
	const char *name = json_string_value(json_object_get(entry, "manager"));

	return name && strcmp(name, call->manager) == 0 &&
	       call->route.is_status == (json_object_get(entry, "subresource") != NULL);
}

static json_t *new_entry(const struct apiserver_call *call, const json_t *object)
{
	json_t *entry =
		json_pack("{s:s, s:s, s:O, s:s, s:{}}", "manager", call->manager, "operation",
	                  "Update", "apiVersion", json_object_get(object, "apiVersion"),
	                  "fieldsType", "FieldsV1", "fieldsV1");

	if (!entry)
		abort();
	if (call->route.is_status)
		json_object_set_new(entry, "subresource", json_string("status"));
	return entry;
}

/* The entry as it is after this write, into RET; one that holds nothing any more goes. */
static void append_entry(struct apiserver_call *call, json_t *ret, json_t *entry, json_t *changed,
                         const json_t *object)
{
	json_t *fields = json_object_get(entry, "fieldsV1");
	bool is_writers = changed && is_entry_of(entry, call);
	json_t *kept = apiserver_fields_keep(fields, is_writers ? NULL : changed, object);
	json_t *now = json_copy(entry);

	if (is_writers) {
		json_object_set_new(now, "time", now_text(call));
		json_object_set_new(now, "fieldsV1", apiserver_fields_join(kept, changed));
		json_decref(kept);
	} else if (kept) {
		json_object_set_new(now, "fieldsV1", kept);
	}
	if (is_writers || kept)
		json_array_append(ret, now);
	json_decref(now);
}

void apiserver_meta_manage(struct apiserver_call *call, const json_t *old, json_t *object)
{
	json_t *metadata = json_object_get(object, "metadata");
	json_t *changed = apiserver_fields_changed(call, old, object);
	json_t *entries = json_array();
	bool is_known = false;
	json_t *entry;
	size_t i;

	json_array_foreach(json_object_get(metadata, "managedFields"), i, entry)
	{
		is_known = is_known || is_entry_of(entry, call);
		append_entry(call, entries, entry, changed, object);
	}
	if (changed && !is_known) {
		entry = new_entry(call, object);
		append_entry(call, entries, entry, changed, object);
		json_decref(entry);
	}
	if (json_array_size(entries) > 0)
		json_object_set(metadata, "managedFields", entries);
	else
		json_object_del(metadata, "managedFields");
	json_decref(entries);
	json_decref(changed);
}

static bool is_equal_outside(const json_t *old, json_t *object, const char *const *ignored)
{
	json_t *before = json_copy(json_incref((json_t *)(uintptr_t)old));
	json_t *after = json_copy(object);
	bool is_equal;

	json_decref((json_t *)(uintptr_t)old);
	for (; *ignored; ignored++) {
		json_object_del(before, *ignored);
		json_object_del(after, *ignored);
	}
	is_equal = json_equal(before, after);
	json_decref(before);
	json_decref(after);
	return is_equal;
}

void apiserver_meta_generation(const struct apiserver_resource *resource, const json_t *old,
                               json_t *object)
{
	static const char *const without_status[] = {"metadata", "status", NULL};
	static const char *const with_status[] = {"metadata", NULL};
	const char *const *ignored =
		resource->has_status || !resource->is_custom ? without_status : with_status;
	json_t *metadata = json_object_get(object, "metadata");
	const json_t *annotations = json_object_get(metadata, "annotations");
	const json_t *before = json_object_get(json_object_get(old, "metadata"), "annotations");
	bool is_moved;

	if (resource->generation == APISERVER_GENERATION_NONE)
		return;
	is_moved = !is_equal_outside(old, object, ignored);
	if (resource->generation == APISERVER_GENERATION_SPEC_OR_ANNOTATIONS)
		is_moved = is_moved || (annotations != before && !json_equal(annotations, before));
	if (is_moved)
		json_object_set_new(metadata, "generation",
		                    json_integer(1 + json_integer_value(json_object_get(
							     metadata, "generation"))));
}

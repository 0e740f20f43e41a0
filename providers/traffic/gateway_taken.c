#include "providers/traffic/gateway_taken.h"

#include "analysis/base/compiler.h"
#include "providers/kube/owner.h"
#include "providers/kube/tree.h"

#include <stdlib.h>

static const char *const notes[] = {
	GATEWAY_TAKEN_ORIGINAL,
	GATEWAY_TAKEN_BEFORE,
	GATEWAY_TAKEN_RULES,
};

static json_t *annotations_of(const json_t *object)
{
	return kube_tree_find(object, "metadata/annotations");
}

bool gateway_taken_is(const json_t *live)
{
	return json_object_get(annotations_of(live), GATEWAY_TAKEN_BEFORE) != NULL;
}

static void note(json_t *annotations, const char *key, const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);

	if (!text)
		abort();
	kube_tree_set_text(annotations, key, text);
	free(text);
}

static json_t *read_note(const json_t *live, const char *key)
{
	return json_loads(kube_tree_value(annotations_of(live), key), 0, NULL);
}

json_t *gateway_taken_annotations(const json_t *live, const json_t *rules)
{
	json_t *annotations = kube_tree_copy(annotations_of(live));
	json_t *flux = kube_tree_object();
	json_t *before = kube_tree_object();
	const char *key;
	json_t *value;

	kube_owner_set_flux(flux);
	json_object_foreach(flux, key, value)
	{
		json_t *was = json_object_get(annotations, key);

		kube_tree_set(before, key, was ? json_incref(was) : json_null());
	}
	kube_owner_set_flux(annotations);
	if (!gateway_taken_is(live)) {
		note(annotations, GATEWAY_TAKEN_BEFORE, before);
		note(annotations, GATEWAY_TAKEN_ORIGINAL, kube_tree_find(live, "spec"));
	}
	if (json_array_size(rules) > 0)
		note(annotations, GATEWAY_TAKEN_RULES, rules);
	else
		(void)json_object_del(annotations, GATEWAY_TAKEN_RULES);
	json_decref(before);
	json_decref(flux);
	return annotations;
}

json_t *gateway_taken_rules(const json_t *live)
{
	return read_note(live, GATEWAY_TAKEN_RULES);
}

json_t *gateway_taken_original(const json_t *live)
{
	return read_note(live, GATEWAY_TAKEN_ORIGINAL);
}

void gateway_taken_restore(json_t *patch, const json_t *live)
{
	json_auto_t *before = read_note(live, GATEWAY_TAKEN_BEFORE);
	json_t *annotations = kube_tree_copy(annotations_of(live));
	const char *key;
	json_t *was;

	json_object_foreach(before, key, was)
	{
		if (json_is_string(was))
			kube_tree_set(annotations, key, json_incref(was));
		else
			(void)json_object_del(annotations, key);
	}
	for (size_t i = 0; i < array_length(notes); i++)
		(void)json_object_del(annotations, notes[i]);
	if (json_object_size(annotations) > 0) {
		kube_tree_patch(patch, "add", "/metadata/annotations", annotations);
		return;
	}
	json_decref(annotations);
	if (annotations_of(live))
		kube_tree_patch(patch, "remove", "/metadata/annotations", NULL);
}

#include "providers/traffic/istio_route.h"

#include "providers/kube/api.h"
#include "providers/kube/owner.h"
#include "providers/kube/tree.h"
#include "providers/traffic/istio_fit.h"
#include "providers/traffic/route_object.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LAST_APPLIED "kubectl.kubernetes.io/last-applied-configuration"

static const json_t *service_of(const struct canary_world *world)
{
	return kube_tree_find(world->object, "spec/service");
}

static json_t *rules_of(const struct canary_world *world, const json_t *spec)
{
	return json_object_get(spec, istio_rules_key(world));
}

static json_t *annotations_of(const json_t *object)
{
	return kube_tree_find(object, "metadata/annotations");
}

bool istio_route_is_made(const struct canary_world *world, const json_t *live)
{
	return json_object_get(kube_tree_find(live, "metadata/labels"), KUBE_LABEL_UID) ||
	       kube_owner_is_canary(live, world->spec->name);
}

bool istio_route_is_taken(const struct canary_world *world, const json_t *live)
{
	const json_t *annotations = annotations_of(live);

	return !istio_route_is_made(world, live) &&
	       (json_object_get(annotations, ISTIO_ROUTE_BEFORE) ||
	        json_object_get(annotations, ISTIO_ROUTE_ORIGINAL));
}

/* Generated ------------------------------------------------------------------------------------ */

static bool is_delegate(const struct canary_world *world)
{
	return json_is_true(kube_tree_find(service_of(world), "delegation"));
}

/* Hosts and gateways; a delegate has none. */
static json_t *hosts_of(const struct canary_world *world)
{
	const json_t *given = kube_tree_find(service_of(world), "hosts");
	json_t *hosts = kube_tree_list();
	bool is_named = is_delegate(world);

	for (size_t i = 0; i < json_array_size(given) && !is_delegate(world); i++) {
		json_t *host = json_array_get(given, i);
		const char *text = json_string_value(host);

		is_named |= text && (strcmp(text, world->apex) == 0 || strcmp(text, "*") == 0);
		kube_tree_append(hosts, json_incref(host));
	}
	if (!is_named)
		kube_tree_append(hosts, json_string(world->apex));
	return hosts;
}

static json_t *gateways_of(const struct canary_world *world)
{
	const json_t *given = kube_tree_find(service_of(world), "gateways");
	json_t *gateways;

	if (!is_delegate(world) && json_array_size(given) > 0)
		return kube_tree_copy(given);
	gateways = kube_tree_list();
	if (!is_delegate(world))
		kube_tree_append(gateways, json_string("mesh"));
	return gateways;
}

json_t *istio_route_new(const struct canary_world *world, struct istio_rules_split split)
{
	const struct kube_ref ref = {.kind = KUBE_VIRTUAL_SERVICE,
	                             .k8s_namespace = world->spec->k8s_namespace,
	                             .name = world->apex};
	json_t *spec = kube_tree_object();
	json_t *hosts = hosts_of(world);
	json_t *gateways = gateways_of(world);

	if (json_array_size(hosts) > 0)
		kube_tree_set(spec, "hosts", json_incref(hosts));
	if (json_array_size(gateways) > 0)
		kube_tree_set(spec, "gateways", json_incref(gateways));
	json_decref(hosts);
	json_decref(gateways);
	kube_tree_set(spec, istio_rules_key(world), istio_rules_new(world, split));
	return route_object_new(world, &ref, spec);
}

/* A list of the spec that is generated; an empty one is as good as none. WANTED is taken. */
static void repair_list(json_t *patch, const json_t *spec, const char *path, json_t *wanted)
{
	const json_t *live = json_object_get(spec, strrchr(path, '/') + 1);

	if (json_equal(live, wanted) ||
	    (json_array_size(live) == 0 && json_array_size(wanted) == 0)) {
		json_decref(wanted);
	} else if (json_array_size(wanted) > 0) {
		kube_tree_patch(patch, "add", path, wanted);
	} else {
		kube_tree_patch(patch, "remove", path, NULL);
		json_decref(wanted);
	}
}

static void repair_made(json_t *patch, const struct canary_world *world, const json_t *live,
                        struct istio_rules_split split)
{
	const json_t *spec = kube_tree_find(live, "spec");
	const char *other = strcmp(istio_rules_key(world), "tcp") == 0 ? "/spec/http" : "/spec/tcp";
	json_auto_t *rules = istio_rules_new(world, split);

	if (!spec) {
		json_auto_t *whole = istio_route_new(world, split);

		kube_tree_patch(patch, "add", "/spec", json_incref(json_object_get(whole, "spec")));
	} else {
		repair_list(patch, spec, "/spec/hosts", hosts_of(world));
		repair_list(patch, spec, "/spec/gateways", gateways_of(world));
		if (istio_rules_is_ours(world, json_object_get(spec, strrchr(other, '/') + 1)))
			kube_tree_patch(patch, "remove", other, NULL);
		istio_rules_patch(patch, world, rules_of(world, spec), rules, false, false);
	}
	route_object_repair(patch, world, live);
}

/* Taken over ----------------------------------------------------------------------------------- */

static char *text_of(const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);

	if (!text)
		abort();
	return text;
}

static void set_json(json_t *annotations, const char *key, const json_t *value)
{
	char *text = text_of(value);

	kube_tree_set_text(annotations, key, text);
	free(text);
}

/* What the annotation KEY holds, as JSON, a new reference; NULL: none, or no object or list. */
static json_t *parse(const json_t *object, const char *key)
{
	return json_loads(kube_tree_value(annotations_of(object), key), 0, NULL);
}

/* The annotations of a VirtualService that is taken over. */
static json_t *annotations_taken(const struct canary_world *world, const json_t *live)
{
	const json_t *spec = kube_tree_find(live, "spec");
	json_t *annotations = kube_tree_copy(annotations_of(live));
	json_t *flux = kube_tree_object();
	json_t *before;
	const char *key;
	json_t *value;
	bool is_flaggers = istio_rules_is_ours(world, rules_of(world, spec)) &&
	                   json_object_get(annotations, LAST_APPLIED);

	kube_owner_set_flux(flux);
	if (!json_object_get(annotations, ISTIO_ROUTE_BEFORE)) {
		before = kube_tree_object();
		json_object_foreach(flux, key, value)
		{
			json_t *was = json_object_get(annotations, key);

			kube_tree_set(before, key, was ? json_incref(was) : json_null());
		}
		/* Flagger's stays, or it took what kubectl applied for the original. */
		if (!is_flaggers && !json_object_get(annotations, ISTIO_ROUTE_ORIGINAL)) {
			kube_tree_set(before, ISTIO_ROUTE_ORIGINAL, json_null());
			set_json(annotations, ISTIO_ROUTE_ORIGINAL, spec);
		}
		set_json(annotations, ISTIO_ROUTE_BEFORE, before);
		json_decref(before);
	}
	kube_owner_set_flux(annotations);
	json_decref(flux);
	return annotations;
}

static bool repair_taken(json_t *patch, const struct canary_world *world, const json_t *live,
                         struct istio_rules_split split, struct err *err)
{
	const json_t *rules = rules_of(world, kube_tree_find(live, "spec"));
	json_t *wanted = istio_fit_rules(world, rules, split, err);

	if (!wanted)
		return false;
	istio_rules_patch(patch, world, rules, wanted, false, false);
	json_decref(wanted);
	route_object_repair_map(patch, annotations_of(live), "/metadata/annotations",
	                        annotations_taken(world, live));
	return true;
}

bool istio_route_repair(json_t *patch, const struct canary_world *world, const json_t *live,
                        struct istio_rules_split split, struct err *err)
{
	if (!istio_route_is_made(world, live))
		return repair_taken(patch, world, live, split, err);
	repair_made(patch, world, live, split);
	return true;
}

json_t *istio_route_retreat(const struct canary_world *world, const json_t *live,
                            struct istio_rules_split split)
{
	const json_t *rules = rules_of(world, kube_tree_find(live, "spec"));
	bool is_made = istio_route_is_made(world, live);
	json_t *wanted =
		is_made ? istio_rules_new(world, split) : istio_fit_cut(world, rules, split.weight);
	json_t *patch = kube_tree_list();

	istio_rules_patch(patch, world, rules, wanted, !is_made, true);
	json_decref(wanted);
	return patch;
}

/* Given back ----------------------------------------------------------------------------------- */

static void restore_annotations(json_t *patch, const json_t *live, const json_t *before)
{
	json_t *annotations = kube_tree_copy(annotations_of(live));
	const char *key;
	json_t *value;

	/* jansson's iteration macro wants a mutable object; nothing is changed */
	json_object_foreach((json_t *)(uintptr_t)before, key, value)
	{
		if (json_is_string(value))
			kube_tree_set(annotations, key, json_incref(value));
		else
			(void)json_object_del(annotations, key);
	}
	(void)json_object_del(annotations, ISTIO_ROUTE_BEFORE);
	(void)json_object_del(annotations, ISTIO_ROUTE_ORIGINAL);
	if (json_object_size(annotations) > 0) {
		route_object_repair_map(patch, annotations_of(live), "/metadata/annotations",
		                        annotations);
		return;
	}
	json_decref(annotations);
	if (annotations_of(live))
		kube_tree_patch(patch, "remove", "/metadata/annotations", NULL);
}

json_t *istio_route_restore(const struct canary_world *world, const json_t *live)
{
	json_auto_t *before = parse(live, ISTIO_ROUTE_BEFORE);
	json_auto_t *applied = parse(live, LAST_APPLIED);
	json_auto_t *original = parse(live, ISTIO_ROUTE_ORIGINAL);
	const json_t *spec = kube_tree_find(applied, "spec");
	const json_t *rules = rules_of(world, kube_tree_find(live, "spec"));
	const json_t *originals[2] = {rules_of(world, spec), rules_of(world, original)};
	const char *path = strcmp(istio_rules_key(world), "tcp") == 0 ? "/spec/tcp" : "/spec/http";
	bool is_flaggers = before && !json_object_get(before, ISTIO_ROUTE_ORIGINAL);
	json_t *patch = kube_tree_list();
	json_t *given;

	if (!spec)
		spec = original;
	if (is_flaggers && spec) {
		/* Flagger had put its own spec in place of the user's. */
		kube_tree_patch(patch, "replace", "/spec", kube_tree_copy(spec));
	} else {
		given = istio_fit_restore(world, rules, originals);
		if (rules && !json_equal(rules, given))
			kube_tree_patch(patch, "replace", path, json_incref(given));
		json_decref(given);
	}
	restore_annotations(patch, live, before);
	return patch;
}

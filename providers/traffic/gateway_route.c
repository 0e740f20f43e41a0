#include "providers/traffic/gateway_route.h"

#include "providers/kube/owner.h"
#include "providers/kube/tree.h"
#include "providers/traffic/gateway_parent.h"
#include "providers/traffic/gateway_taken.h"
#include "providers/traffic/route_object.h"

static const json_t *service_of(const struct canary_world *world)
{
	return kube_tree_find(world->object, "spec/service");
}

struct kube_ref gateway_route_ref(const struct canary_world *world)
{
	const char *name = kube_tree_text(world->object, "spec/routeRef/name");
	enum kube_kind http = world->options && world->options->has_old_routes
	                              ? KUBE_HTTP_ROUTE_BETA
	                              : KUBE_HTTP_ROUTE;

	return (struct kube_ref){
		.kind = gateway_rules_is_grpc(world) ? KUBE_GRPC_ROUTE : http,
		.k8s_namespace = world->spec->k8s_namespace,
		.name = *name ? name : world->apex,
	};
}

bool gateway_route_is_made(const struct canary_world *world, const json_t *live)
{
	return json_object_get(kube_tree_find(live, "metadata/labels"), KUBE_LABEL_UID) ||
	       kube_owner_is_canary(live, world->spec->name);
}

bool gateway_route_is_taken(const struct canary_world *world, const json_t *live)
{
	return !gateway_route_is_made(world, live) && gateway_taken_is(live);
}

/* Generated -------------------------------------------------------------------------------------
 */

json_t *gateway_route_new(const struct canary_world *world, struct gateway_rules_split split,
                          struct err *err)
{
	struct kube_ref ref = gateway_route_ref(world);
	json_t *hosts = kube_tree_find(service_of(world), "hosts");
	json_t *parents = gateway_parent_refs(world);
	json_t *spec;

	if (json_array_size(parents) == 0) {
		json_decref(parents);
		(void)err_set(err, ERR_INVALID,
		              "not found, and spec.service.gatewayRefs has no parents to make it "
		              "for");
		return NULL;
	}
	spec = kube_tree_object();
	kube_tree_set(spec, "parentRefs", parents);
	if (json_array_size(hosts) > 0)
		kube_tree_set(spec, "hostnames", kube_tree_copy(hosts));
	kube_tree_set(spec, "rules", gateway_rules_new(world, NULL, split));
	return route_object_new(world, &ref, spec);
}

/* A list of the spec that is generated; an empty one is as good as none. WANTED is taken. */
static void repair_list(json_t *patch, const json_t *live, const char *path, json_t *wanted)
{
	size_t n_live = json_array_size(live);
	size_t n_wanted = json_array_size(wanted);

	if ((n_live == 0 && n_wanted == 0) || (live && kube_tree_is_grown(wanted, live))) {
		json_decref(wanted);
	} else if (n_wanted > 0) {
		kube_tree_patch(patch, "add", path, wanted);
	} else {
		kube_tree_patch(patch, "remove", path, NULL);
		json_decref(wanted);
	}
}

static void repair_made(json_t *patch, const struct canary_world *world, const json_t *live,
                        struct gateway_rules_split split)
{
	const json_t *rules = kube_tree_find(live, "spec/rules");
	json_t *hosts = kube_tree_find(service_of(world), "hosts");
	json_auto_t *wanted = gateway_rules_new(world, rules, split);
	json_t *parents = gateway_parent_refs(world);

	if (json_array_size(parents) > 0)
		repair_list(patch, kube_tree_find(live, "spec/parentRefs"), "/spec/parentRefs",
		            parents);
	else
		json_decref(parents);
	repair_list(patch, kube_tree_find(live, "spec/hostnames"), "/spec/hostnames",
	            hosts ? kube_tree_copy(hosts) : kube_tree_list());
	gateway_rules_patch(patch, rules, wanted);
	route_object_repair(patch, world, live);
}

/* Taken over ------------------------------------------------------------------------------------
 */

static bool repair_taken(json_t *patch, const struct canary_world *world, const json_t *live,
                         struct gateway_rules_split split, struct err *err)
{
	const json_t *rules = kube_tree_find(live, "spec/rules");
	json_auto_t *added = gateway_taken_rules(live);
	json_auto_t *notes = NULL;
	json_auto_t *wanted = gateway_rules_fit(world, rules, added, split, &notes, err);

	if (!wanted)
		return false;
	gateway_rules_patch(patch, rules, wanted);
	route_object_repair_map(patch, kube_tree_find(live, "metadata/annotations"),
	                        "/metadata/annotations", gateway_taken_annotations(live, notes));
	return true;
}

bool gateway_route_repair(json_t *patch, const struct canary_world *world, const json_t *live,
                          struct gateway_rules_split split, struct err *err)
{
	if (!gateway_route_is_made(world, live))
		return repair_taken(patch, world, live, split, err);
	repair_made(patch, world, live, split);
	return true;
}

json_t *gateway_route_restore(const struct canary_world *world, const json_t *live)
{
	const json_t *rules = kube_tree_find(live, "spec/rules");
	json_auto_t *added = gateway_taken_rules(live);
	json_auto_t *original = gateway_taken_original(live);
	json_auto_t *given =
		gateway_rules_restore(world, rules, added, kube_tree_find(original, "rules"));
	json_t *patch = kube_tree_list();

	if (rules && !json_equal(rules, given))
		kube_tree_patch(patch, "replace", "/spec/rules", json_incref(given));
	gateway_taken_restore(patch, live);
	return patch;
}

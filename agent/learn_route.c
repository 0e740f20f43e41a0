#include "agent/learn_route.h"

#include "agent/learn_rival.h"
#include "agent/learn_slot.h"
#include "analysis/base/text.h"
#include "providers/kube/owner.h"
#include "providers/traffic.h"

#include <string.h>

/* What providers compare and write of a traffic object, without what changes for other reasons. */
static json_t *part_of(const json_t *object)
{
	json_t *metadata = json_object_get(object, "metadata");

	return json_pack("{s:{s:o*, s:o*, s:o*, s:o*, s:o*}, s:o*}", "metadata", "name",
	                 json_deep_copy(json_object_get(metadata, "name")), "uid",
	                 json_deep_copy(json_object_get(metadata, "uid")), "labels",
	                 json_deep_copy(json_object_get(metadata, "labels")), "annotations",
	                 json_deep_copy(json_object_get(metadata, "annotations")),
	                 "ownerReferences",
	                 json_deep_copy(json_object_get(metadata, "ownerReferences")), "spec",
	                 json_deep_copy(json_object_get(object, "spec")));
}

static void keep_route(struct canary_edition *edition, json_t *part)
{
	json_decref(edition->route);
	edition->route = part;
	edition->world.route_object = part && edition->world.traffic->keeps_route ? part : NULL;
}

void learn_route_forget(struct canary *canary)
{
	canary->facts.route = (struct route_fact){0};
	canary->wish = (struct route_wish){0};
	keep_route(canary->edition, NULL);
}

/* What we made beside the route and was not seen may be there. */
static bool has_more(const struct canary_world *world)
{
	struct traffic_beside beside[TRAFFIC_BESIDE_MAX];
	struct arena arena = {0};
	size_t n = world->traffic->beside ? world->traffic->beside(world, &arena, beside) : 0;
	bool has_any = false;

	for (size_t i = 0; i < n; i++)
		has_any |= !beside[i].is_source &&
		           (!world->beside[i] || kube_owner_is_marked(world->beside[i]));
	arena_fini(&arena);
	return has_any;
}

void learn_route_object(struct canary *canary, const json_t *object)
{
	/* Asked first: when the clock jumped it shifts the facts, which are copied next. */
	struct instant now = canary_now(canary);
	struct route_fact *route = &canary->facts.route;
	struct route_fact before = *route;
	json_t *part;

	if (!canary->edition->spec.route.weighs)
		return;
	if (!object) {
		learn_slot_bury(canary, &route->slot, route->uid);
		*route = (struct route_fact){
			.slot = route->slot,
			.since = before.slot.state == FACT_KNOWN ? now : before.since,
			.has_more = has_more(&canary->edition->world)};
		learn_rival_removed(canary, &before);
		keep_route(canary->edition, NULL);
		return;
	}
	if (learn_slot_is_gone(&route->slot, object) ||
	    learn_slot_is_older(route->uid, route->resource_version, object))
		return;
	canary->edition->world.traffic->read(object, &canary->edition->world, route);
	part = part_of(object);
	learn_rival_compare(canary, &before, object, part);
	keep_route(canary->edition, part);
	route->has_more = has_more(&canary->edition->world);
	if (!instant_is_set(before.since) || before.weight != route->weight ||
	    before.slot.state == FACT_ABSENT || (before.is_made && !route->is_made) ||
	    before.is_mirrored != route->is_mirrored || (!before.is_exact && route->is_exact) ||
	    (before.pending[0] != '\0' && route->pending[0] == '\0')) {
		route->since = now;
		canary->edition->world.weight_since =
			instant_after(route->since, canary->edition->spec.route.hold);
	}
	learn_slot_known(canary, &route->slot);
}

/* What the route says is compared with the objects beside it. */
void learn_route_beside(struct canary *canary, size_t index, const json_t *object)
{
	struct canary_edition *edition = canary->edition;
	struct canary_world *world = &edition->world;
	json_t *part;

	if (object && json_is_object(edition->beside[index]) &&
	    learn_slot_is_older(learn_slot_uid(edition->beside[index]),
	                        world->beside_versions[index], object))
		return;
	text_copy(world->beside_versions[index], object ? learn_slot_version(object) : "");
	part = object ? part_of(object) : json_null();
	if (json_equal(part, edition->beside[index])) {
		json_decref(part);
		return;
	}
	json_decref(edition->beside[index]);
	edition->beside[index] = part;
	world->beside[index] = part;
	canary->facts.route.slot.state = FACT_UNKNOWN;
	canary->facts.route.has_more = has_more(world);
}

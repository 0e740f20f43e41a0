#include "providers/traffic/smi.h"

#include "providers/kube/canary.h"
#include "providers/kube/canary_analysis.h"
#include "providers/kube/owner.h"
#include "providers/kube/tree.h"
#include "providers/traffic/route_object.h"
#include "providers/traffic/route_talk.h"
#include "providers/traffic/smi_split.h"

/* Not measured: no proxy that follows a TrafficSplit was at hand. */
#define HOLD  span_seconds(5)
#define REACH span_seconds(5)

#define HOSTS_MAX 16

struct route_ability smi_ability(const struct canary_spec *spec)
{
	return (struct route_ability){
		.weighs = true, .names_primary = true, .reach = REACH, .hold = HOLD};
}

/* It knows weights alone: with a match everybody would get the canary. */
bool smi_check(const struct field *spec, struct arena *arena, struct kube_canary *canary,
               struct err *err)
{
	struct field service = field_member(spec, "service");
	struct field hosts = field_member(&service, "hosts");
	struct field analysis = kube_canary_analysis_find(spec);
	struct field match = field_member(&analysis, "match");

	if (!kube_node_text_list(&hosts, HOSTS_MAX, err))
		return false;
	return json_array_size(match.json) == 0 ||
	       field_refuse(&match, err, ERR_INVALID,
	                    "expected none: provider %s cannot match requests",
	                    canary->spec.provider);
}

static struct kube_ref split_ref(const struct canary_world *world, struct arena *arena)
{
	return smi_split_ref(world);
}

/* Reading -------------------------------------------------------------------------------------- */

void smi_look(const json_t *object, const struct canary_world *world, struct route_fact *ret)
{
	struct route_fact fact = {.slot = ret->slot, .since = ret->since};
	json_auto_t *patch = kube_tree_list();
	struct err err;

	route_object_look(object, world, "f:spec/f:backends", &fact);
	fact.weight = smi_split_share(world, object);
	fact.is_exact = smi_split_repair(patch, world, object, fact.weight, &err) &&
	                json_array_size(patch) == 0;
	fact.is_made = kube_owner_is_marked(object) || smi_split_is_taken(world, object);
	*ret = fact;
}

/* Writing -------------------------------------------------------------------------------------- */

static json_t *make(const struct act *act, struct err *err)
{
	return smi_split_new(act->world, act->effect->weight);
}

static bool repair(json_t *patch, const struct act *act, const json_t *live, struct err *err)
{
	return smi_split_repair(patch, act->world, live, act->effect->weight, err);
}

static json_t *retreat(const struct act *act, const json_t *live)
{
	json_t *patch = kube_tree_list();

	smi_split_weigh(patch, act->world, live, act->effect->weight);
	return patch;
}

static const struct route_kind split = {
	.ref = smi_split_ref,
	.make = make,
	.repair = repair,
	.retreat = retreat,
	.is_made = smi_split_is_made,
	.is_taken = smi_split_is_taken,
	.restore = smi_split_restore,
};

enum talk_step smi_weigh(struct act *act, const struct http_reply *reply, struct err *err)
{
	return route_talk_weigh(&split, act, reply, err);
}

enum talk_step smi_remove(struct act *act, const struct http_reply *reply, struct err *err)
{
	return route_talk_remove(&split, act, reply, err);
}

#define ROW(text)                                                                                  \
 {                                                                                                 \
  .name = text, .keeps_route = true, .ability = smi_ability, .check = smi_check, .ref = split_ref, \
  .read = smi_look, .write = smi_weigh, .remove = smi_remove,                                      \
 }

const struct traffic_provider traffic_provider_smi_v1alpha1 = ROW("smi:v1alpha1");
const struct traffic_provider traffic_provider_smi_v1alpha2 = ROW("smi:v1alpha2");
const struct traffic_provider traffic_provider_smi_v1alpha3 = ROW("smi:v1alpha3");
const struct traffic_provider traffic_provider_smi_osm = ROW("osm");

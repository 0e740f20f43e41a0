#include "providers/traffic/gateway_api.h"

#include "providers/kube/owner.h"
#include "providers/kube/tree.h"
#include "providers/traffic/gateway_check.h"
#include "providers/traffic/gateway_parent.h"
#include "providers/traffic/gateway_route.h"
#include "providers/traffic/route_object.h"
#include "providers/traffic/route_talk.h"

/* Beside a parent that says when it has the route: how long its proxies may take to follow. */
#define HOLD span_seconds(3)

/* EndpointSlices may follow pods only after a second, and a proxy would answer 503 at once. */
#define REACH span_seconds(3)

static struct route_ability ability(const struct canary_spec *spec)
{
	return (struct route_ability){.weighs = true,
	                              .matches = true,
	                              .sticks = true,
	                              .mirrors = true,
	                              .names_primary = true,
	                              .reach = REACH,
	                              .hold = HOLD};
}

struct kube_ref gateway_api_ref(const struct canary_world *world, struct arena *arena)
{
	return gateway_route_ref(world);
}

/* Reading -------------------------------------------------------------------------------------- */

static bool is_exact(const json_t *object, const struct canary_world *world,
                     struct gateway_rules_split split)
{
	json_auto_t *patch = kube_tree_list();
	struct err err;

	return gateway_route_repair(patch, world, object, split, &err) &&
	       json_array_size(patch) == 0;
}

void gateway_api_look(const json_t *object, const struct canary_world *world,
                      struct route_fact *ret)
{
	struct gateway_rules_split split =
		gateway_rules_read(world, kube_tree_find(object, "spec/rules"));
	struct route_fact fact = {.slot = ret->slot, .since = ret->since};

	route_object_look(object, world, "f:spec/f:rules", &fact);
	fact.weight = split.weight;
	fact.is_mirrored = split.is_mirrored;
	fact.cookies = split.cookies;
	fact.is_exact = is_exact(object, world, split);
	fact.is_made = kube_owner_is_marked(object) || gateway_route_is_taken(world, object);
	(void)gateway_parent_took(object, fact.pending);
	gateway_parent_doubt(object, fact.doubt, sizeof(fact.doubt));
	*ret = fact;
}

/* Writing -------------------------------------------------------------------------------------- */

static struct gateway_rules_split split_of(const struct act *act)
{
	return (struct gateway_rules_split){
		.weight = act->effect->weight,
		.is_mirrored = act->effect->is_mirrored,
		.cookies = act->effect->cookies,
	};
}

static json_t *make(const struct act *act, struct err *err)
{
	return gateway_route_new(act->world, split_of(act), err);
}

static bool repair(json_t *patch, const struct act *act, const json_t *live, struct err *err)
{
	return gateway_route_repair(patch, act->world, live, split_of(act), err);
}

/* The canary's weight in LIVE and no copies. */
static json_t *retreat(const struct act *act, const json_t *live)
{
	json_t *patch = kube_tree_list();

	gateway_rules_weigh(patch, act->world, kube_tree_find(live, "spec/rules"),
	                    act->effect->weight);
	return patch;
}

static const struct route_kind route = {
	.ref = gateway_route_ref,
	.make = make,
	.repair = repair,
	.retreat = retreat,
	.is_made = gateway_route_is_made,
	.is_taken = gateway_route_is_taken,
	.restore = gateway_route_restore,
};

enum talk_step gateway_api_weigh(struct act *act, const struct http_reply *reply, struct err *err)
{
	return route_talk_weigh(&route, act, reply, err);
}

enum talk_step gateway_api_remove(struct act *act, const struct http_reply *reply, struct err *err)
{
	return route_talk_remove(&route, act, reply, err);
}

#define ROW(text)                                                                \
 {                                                                               \
  .name = text, .keeps_route = true, .ability = ability, .check = gateway_check, \
  .ref = gateway_api_ref, .read = gateway_api_look, .write = gateway_api_weigh,  \
  .remove = gateway_api_remove,                                                  \
 }

const struct traffic_provider traffic_provider_gateway_api = ROW("gatewayapi");
const struct traffic_provider traffic_provider_gateway_api_v1 = ROW("gatewayapi:v1");
const struct traffic_provider traffic_provider_gateway_api_v1beta1 = ROW("gatewayapi:v1beta1");

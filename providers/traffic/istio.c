#include "providers/traffic/istio.h"

#include "analysis/base/text.h"
#include "providers/kube/canary_analysis.h"
#include "providers/kube/canary_istio.h"
#include "providers/kube/owner.h"
#include "providers/kube/tree.h"
#include "providers/traffic/istio_policy.h"
#include "providers/traffic/istio_route.h"
#include "providers/traffic/route_object.h"
#include "providers/traffic/route_talk.h"

/* Measured with one istiod and its debounce of 100 ms: at most 0.27 s after the API server's
 * answer. A mesh whose endpoints churn debounces longer. */
#define HOLD span_seconds(2)

/* EndpointSlices may follow pods only after a second, and Envoy would answer 503 at once. */
#define REACH span_seconds(3)

/* What was sent last. Those of the DestinationRules are followed by one for each more. */
enum step {
	STEP_RETURN = ROUTE_STEP_OWN,                   /* the route is deleted or given back */
	STEP_POLICY,                                    /* read DestinationRule 0, 1 */
	STEP_REPAIR = STEP_POLICY + TRAFFIC_BESIDE_MAX, /* write it */
	STEP_LOOK = STEP_REPAIR + TRAFFIC_BESIDE_MAX,   /* read it, to delete it if it is ours */
	STEP_DELETE = STEP_LOOK + TRAFFIC_BESIDE_MAX,   /* delete it */
	STEP_END = STEP_DELETE + TRAFFIC_BESIDE_MAX,
};

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

static bool check(const struct field *spec, struct arena *arena, struct kube_canary *canary,
                  struct err *err)
{
	struct field analysis = kube_canary_analysis_find(spec);

	return kube_canary_istio_check(spec, &analysis, canary, err);
}

static struct kube_ref route_ref(const struct canary_world *world)
{
	return (struct kube_ref){
		.kind = KUBE_VIRTUAL_SERVICE,
		.k8s_namespace = world->spec->k8s_namespace,
		.name = world->apex,
	};
}

static struct kube_ref ref_of(const struct canary_world *world, struct arena *arena)
{
	return route_ref(world);
}

static const char *service_at(const struct canary_world *world, size_t index)
{
	return index == 0 ? world->primary_service : world->canary_service;
}

static struct kube_ref policy_ref(const struct canary_world *world, size_t index)
{
	return (struct kube_ref){
		.kind = KUBE_DESTINATION_RULE,
		.k8s_namespace = world->spec->k8s_namespace,
		.name = service_at(world, index),
	};
}

static size_t beside(const struct canary_world *world, struct arena *arena,
                     struct traffic_beside ret[TRAFFIC_BESIDE_MAX])
{
	for (size_t i = 0; i < TRAFFIC_BESIDE_MAX; i++)
		ret[i] = (struct traffic_beside){.ref = policy_ref(world, i)};
	return TRAFFIC_BESIDE_MAX;
}

/* Reading -------------------------------------------------------------------------------------- */

static bool is_exact(const json_t *object, const struct canary_world *world,
                     struct istio_rules_split split)
{
	json_auto_t *patch = kube_tree_list();
	struct err err;

	for (size_t i = 0; i < TRAFFIC_BESIDE_MAX; i++) {
		if (!istio_policy_is_exact(world, service_at(world, i), world->beside[i]))
			return false;
	}
	return istio_route_repair(patch, world, object, split, &err) && json_array_size(patch) == 0;
}

static void look(const json_t *object, const struct canary_world *world, struct route_fact *ret)
{
	const char *key = istio_rules_key(world);
	struct istio_rules_split split =
		istio_rules_read(world, json_object_get(kube_tree_find(object, "spec"), key));
	struct route_fact fact = {.slot = ret->slot, .since = ret->since};
	char field[32];

	text_format(field, sizeof(field), "f:spec/f:%s", key);
	route_object_look(object, world, field, &fact);
	fact.weight = split.weight;
	fact.is_mirrored = split.is_mirrored;
	fact.cookies = split.cookies;
	fact.is_exact = is_exact(object, world, split);
	fact.is_made = kube_owner_is_marked(object) || istio_route_is_taken(world, object);
	*ret = fact;
}

/* Writing -------------------------------------------------------------------------------------- */

static struct istio_rules_split split_of(const struct act *act)
{
	return (struct istio_rules_split){
		.weight = act->effect->weight,
		.is_mirrored = act->effect->is_mirrored,
		.cookies = act->effect->cookies,
	};
}

static void keep_policy(struct act *act, size_t index, json_t *object)
{
	json_decref(act->result.beside[index]);
	act->result.beside[index] = object;
}

/* DestinationRules from INDEX on that are not known to be right, then the route. */
static enum talk_step next(struct act *act, size_t index)
{
	const struct canary_world *world = act->world;
	struct kube_ref ref;

	for (; index < TRAFFIC_BESIDE_MAX; index++) {
		ref = policy_ref(world, index);
		if (!istio_policy_is_exact(world, ref.name, world->beside[index]))
			return act_reply_get(act, STEP_POLICY + (int)index, &ref);
	}
	ref = route_ref(world);
	return act_reply_get(act, ROUTE_STEP_READ, &ref);
}

static enum talk_step on_policy(struct act *act, size_t index, const struct http_reply *reply,
                                struct err *err)
{
	const struct canary_world *world = act->world;
	struct kube_ref ref = policy_ref(world, index);
	int step = STEP_REPAIR + (int)index;
	json_t *patch;
	json_t *live;
	enum act_outcome outcome = act_reply_read(act, &ref, reply, &live);

	if (outcome == ACT_ABSENT)
		return act_reply_create(act, step, &ref, istio_policy_new(world, ref.name));
	if (outcome != ACT_OK)
		return act_reply_end(act, err);
	keep_policy(act, index, live);
	patch = kube_tree_list();
	if (!istio_policy_repair(patch, world, ref.name, live, err)) {
		json_decref(patch);
		return route_talk_refuse(act, "destinationrule", &ref, err);
	}
	if (json_array_size(patch) > 0)
		return act_reply_patch(act, step, &ref, patch);
	json_decref(patch);
	return next(act, index + 1);
}

static enum talk_step on_repaired(struct act *act, size_t index, const struct http_reply *reply,
                                  struct err *err)
{
	struct kube_ref ref = policy_ref(act->world, index);
	json_t *object;

	if (act_reply_read(act, &ref, reply, &object) != ACT_OK)
		return act_reply_end(act, err);
	keep_policy(act, index, object);
	return next(act, index + 1);
}

static json_t *make(const struct act *act, struct err *err)
{
	return istio_route_new(act->world, split_of(act));
}

static bool repair(json_t *patch, const struct act *act, const json_t *live, struct err *err)
{
	return istio_route_repair(patch, act->world, live, split_of(act), err);
}

static json_t *retreat(const struct act *act, const json_t *live)
{
	return istio_route_retreat(act->world, live, split_of(act));
}

static const struct route_kind route = {
	.word = "virtualservice",
	.ref = route_ref,
	.make = make,
	.repair = repair,
	.retreat = retreat,
	.is_made = istio_route_is_made,
	.is_taken = istio_route_is_taken,
	.restore = istio_route_restore,
};

static enum talk_step weigh(struct act *act, const struct http_reply *reply, struct err *err)
{
	int step = act->talk.step;

	if (!reply && !act->effect->is_retreat)
		return next(act, 0);
	if (step >= STEP_POLICY && step < STEP_REPAIR)
		return on_policy(act, (size_t)(step - STEP_POLICY), reply, err);
	if (step >= STEP_REPAIR && step < STEP_LOOK)
		return on_repaired(act, (size_t)(step - STEP_REPAIR), reply, err);
	return route_talk_weigh(&route, act, reply, err);
}

/* Removing ------------------------------------------------------------------------------------- */

/* The DestinationRules from INDEX on, then the end. */
static enum talk_step clear(struct act *act, size_t index)
{
	struct kube_ref ref = policy_ref(act->world, index);

	if (index < TRAFFIC_BESIDE_MAX)
		return act_reply_get(act, STEP_LOOK + (int)index, &ref);
	return act_reply_done(act, json_incref(act_reply_kept(act, "given")));
}

static enum talk_step on_look(struct act *act, size_t index, const struct http_reply *reply,
                              struct err *err)
{
	struct kube_ref ref = policy_ref(act->world, index);
	json_t *live;
	enum act_outcome outcome = act_reply_read(act, &ref, reply, &live);

	if (outcome != ACT_OK && outcome != ACT_ABSENT)
		return act_reply_end(act, err);
	if (outcome == ACT_ABSENT || !istio_policy_is_made(act->world, live)) {
		keep_policy(act, index, live ? live : json_null());
		return clear(act, index + 1);
	}
	kube_api_delete(&act->talk.request, act->talk.arena, &ref,
	                arena_text(act->talk.arena, kube_tree_text(live, "metadata/uid")));
	json_decref(live);
	return act_reply_send(act, STEP_DELETE + (int)index);
}

/* LIVE, which is taken; anything else than ours is left alone. */
static enum talk_step give_back(struct act *act, json_t *live)
{
	act_reply_keep(act, "route", live);
	if (istio_route_is_made(act->world, live) || istio_route_is_taken(act->world, live))
		return route_talk_give_back(&route, act, STEP_RETURN, live);
	act_reply_keep(act, "given", json_incref(live));
	return clear(act, 0);
}

static enum talk_step on_removed(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = route_ref(act->world);
	json_t *object;
	enum act_outcome outcome = act_reply_read(act, &ref, reply, &object);

	if (outcome == ACT_OK && act->talk.step == ROUTE_STEP_READ)
		return give_back(act, object);
	if (outcome == ACT_OK && !istio_route_is_made(act->world, act_reply_kept(act, "route")))
		act_reply_keep(act, "given", json_incref(object));
	json_decref(object);
	if (outcome == ACT_OK || outcome == ACT_ABSENT)
		return clear(act, 0);
	return act_reply_end(act, err);
}

static enum talk_step on_deleted(struct act *act, size_t index, const struct http_reply *reply,
                                 struct err *err)
{
	struct kube_ref ref = policy_ref(act->world, index);
	json_t *object;
	enum act_outcome outcome = act_reply_read(act, &ref, reply, &object);

	json_decref(object);
	if (outcome != ACT_OK && outcome != ACT_ABSENT)
		return act_reply_end(act, err);
	keep_policy(act, index, json_null());
	return clear(act, index + 1);
}

static enum talk_step remove_all(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = route_ref(act->world);
	int step = act->talk.step;

	if (!reply)
		return act_reply_get(act, ROUTE_STEP_READ, &ref);
	if (step >= STEP_LOOK && step < STEP_DELETE)
		return on_look(act, (size_t)(step - STEP_LOOK), reply, err);
	if (step >= STEP_DELETE && step < STEP_END)
		return on_deleted(act, (size_t)(step - STEP_DELETE), reply, err);
	return on_removed(act, reply, err);
}

const struct traffic_provider traffic_provider_istio = {
	.name = "istio",
	.keeps_route = true,
	.ability = ability,
	.check = check,
	.ref = ref_of,
	.beside = beside,
	.read = look,
	.write = weigh,
	.remove = remove_all,
};

#include "providers/traffic/istio.h"

#include "analysis/base/text.h"
#include "providers/act_reply.h"
#include "providers/kube/canary_analysis.h"
#include "providers/kube/canary_istio.h"
#include "providers/kube/owner.h"
#include "providers/kube/tree.h"
#include "providers/traffic/istio_policy.h"
#include "providers/traffic/istio_route.h"

#include <stdint.h>
#include <string.h>

/* Measured with one istiod and its debounce of 100 ms: at most 0.27 s after the API server's
 * answer. A mesh whose endpoints churn debounces longer. */
#define HOLD span_seconds(2)

/* EndpointSlices may follow pods only after a second, and Envoy would answer 503 at once. */
#define REACH span_seconds(3)

/* What was sent last. Those of the DestinationRules are followed by one for each more. */
enum step {
	STEP_NONE,
	STEP_ROUTE,  /* read it */
	STEP_WRITE,  /* the last request */
	STEP_BLIND,  /* a retreat, from the route as it was last seen */
	STEP_RETURN, /* the route is deleted or given back */
	STEP_POLICY, /* read DestinationRule 0, 1 */
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

static struct kube_ref route_ref(const struct canary_world *world, struct arena *arena)
{
	return (struct kube_ref){
		.kind = KUBE_VIRTUAL_SERVICE,
		.k8s_namespace = world->spec->k8s_namespace,
		.name = world->apex,
	};
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
	text_copy(fact.uid, kube_tree_text(object, "metadata/uid"));
	text_copy(fact.resource_version, kube_tree_text(object, "metadata/resourceVersion"));
	fact.weight = split.weight;
	fact.is_mirrored = split.is_mirrored;
	fact.cookies = split.cookies;
	fact.is_exact = is_exact(object, world, split);
	fact.is_ours = kube_owner_wrote_last(object, world->options->field_manager, field);
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

static enum talk_step send_new(struct act *act, int step, const struct kube_ref *ref,
                               json_t *object)
{
	kube_api_create(&act->talk.request, act->talk.arena, ref,
	                act->world->options->field_manager, object);
	return act_reply_send(act, step);
}

static enum talk_step refuse(struct act *act, const char *kind, const char *name, struct err *err)
{
	char why[SENTENCE_MAX];

	text_copy(why, err->text);
	return act_reply_stop(act, ACT_FAILED, err, "%s %.80s.%.63s: %.300s", kind, name,
	                      act->world->spec->k8s_namespace, why);
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
	ref = route_ref(world, act->talk.arena);
	return act_reply_get(act, STEP_ROUTE, &ref);
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
		return send_new(act, step, &ref, istio_policy_new(world, ref.name));
	if (outcome != ACT_OK)
		return act_reply_end(act, err);
	keep_policy(act, index, live);
	patch = kube_tree_list();
	if (!istio_policy_repair(patch, world, ref.name, live, err)) {
		json_decref(patch);
		return refuse(act, "destinationrule", ref.name, err);
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

static enum talk_step create(struct act *act)
{
	struct kube_ref ref = route_ref(act->world, act->talk.arena);

	return send_new(act, STEP_WRITE, &ref, istio_route_new(act->world, split_of(act)));
}

/* The canary's part in LIVE, nothing else. */
static enum talk_step retreat(struct act *act, int step, json_t *live)
{
	struct kube_ref ref = route_ref(act->world, act->talk.arena);
	json_t *patch = istio_route_retreat(act->world, live, split_of(act));

	if (json_array_size(patch) > 0)
		return act_reply_patch(act, step, &ref, patch);
	json_decref(patch);
	if (step == STEP_BLIND) /* as last seen nothing leads to it: that may be old */
		return act_reply_get(act, STEP_ROUTE, &ref);
	return act_reply_done(act, json_incref(live));
}

static enum talk_step on_route(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = route_ref(act->world, act->talk.arena);
	json_t *patch;
	json_t *live;
	enum act_outcome outcome = act_reply_read(act, &ref, reply, &live);

	if (outcome == ACT_ABSENT && !act->effect->is_retreat)
		return create(act);
	if (outcome != ACT_OK)
		return act_reply_end(act, err);
	act_reply_keep(act, "route", live);
	if (act->effect->is_retreat)
		return retreat(act, STEP_WRITE, live);
	patch = kube_tree_list();
	if (istio_route_repair(patch, act->world, live, split_of(act), err))
		return act_reply_correct(act, STEP_WRITE, &ref, live, patch, "virtualservice");
	json_decref(patch);
	return refuse(act, "virtualservice", ref.name, err);
}

/* What a retreat rests on had changed: it is read. */
static enum talk_step on_blind(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = route_ref(act->world, act->talk.arena);
	json_t *object;
	enum act_outcome outcome = act_reply_read(act, &ref, reply, &object);

	if (outcome == ACT_OK)
		return act_reply_done(act, object);
	if (outcome == ACT_CONFLICT)
		return act_reply_get(act, STEP_ROUTE, &ref);
	return act_reply_end(act, err);
}

/* A retreat writes at once, from the route as it was last seen. */
static enum talk_step begin(struct act *act)
{
	struct kube_ref ref = route_ref(act->world, act->talk.arena);

	if (!act->effect->is_retreat)
		return next(act, 0);
	if (!act->world->route_object)
		return act_reply_get(act, STEP_ROUTE, &ref);
	return retreat(act, STEP_BLIND, (json_t *)(uintptr_t)act->world->route_object);
}

static enum talk_step weigh(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = route_ref(act->world, act->talk.arena);
	int step = act->talk.step;

	if (!reply)
		return begin(act);
	if (step == STEP_ROUTE)
		return on_route(act, reply, err);
	if (step == STEP_BLIND)
		return on_blind(act, reply, err);
	if (step >= STEP_POLICY && step < STEP_REPAIR)
		return on_policy(act, (size_t)(step - STEP_POLICY), reply, err);
	if (step >= STEP_REPAIR && step < STEP_LOOK)
		return on_repaired(act, (size_t)(step - STEP_REPAIR), reply, err);
	return act_reply_last(act, &ref, reply, err);
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

/* Delete what was made, give back what was taken over, leave anything else alone. */
static enum talk_step give_back(struct act *act, json_t *live)
{
	struct kube_ref ref = route_ref(act->world, act->talk.arena);
	json_t *patch;

	act_reply_keep(act, "route", live);
	if (istio_route_is_made(act->world, live)) {
		kube_api_delete(&act->talk.request, act->talk.arena, &ref,
		                act->effect->release_uid);
		return act_reply_send(act, STEP_RETURN);
	}
	if (!istio_route_is_taken(act->world, live)) {
		act_reply_keep(act, "given", json_incref(live));
		return clear(act, 0);
	}
	patch = istio_route_restore(act->world, live);
	if (act_reply_test_version(act, patch, live))
		return act_reply_patch(act, STEP_RETURN, &ref, patch);
	json_decref(patch);
	return act_reply_stop(act, ACT_CONFLICT, NULL, "virtualservice %s changed", ref.name);
}

static enum talk_step on_removed(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = route_ref(act->world, act->talk.arena);
	json_t *object;
	enum act_outcome outcome = act_reply_read(act, &ref, reply, &object);

	if (outcome == ACT_OK && act->talk.step == STEP_ROUTE)
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
	struct kube_ref ref = route_ref(act->world, act->talk.arena);
	int step = act->talk.step;

	if (!reply)
		return act_reply_get(act, STEP_ROUTE, &ref);
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
	.ref = route_ref,
	.beside = beside,
	.read = look,
	.write = weigh,
	.remove = remove_all,
};

#include "providers/traffic/gateway_api.h"

#include "analysis/base/text.h"
#include "providers/act_reply.h"
#include "providers/kube/owner.h"
#include "providers/kube/tree.h"
#include "providers/traffic/gateway_check.h"
#include "providers/traffic/gateway_parent.h"
#include "providers/traffic/gateway_route.h"

#include <string.h>

/* Beside a parent that says when it has the route: how long its proxies may take to follow. */
#define HOLD span_seconds(3)

/* EndpointSlices may follow pods only after a second, and a proxy would answer 503 at once. */
#define REACH span_seconds(3)

/* What was sent last. */
enum step {
	STEP_NONE,
	STEP_ROUTE, /* read it */
	STEP_BLIND, /* a retreat, from the route as it was last seen */
	STEP_WRITE, /* the last request */
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

struct kube_ref gateway_api_ref(const struct canary_world *world, struct arena *arena)
{
	return gateway_route_ref(world);
}

/* Reading ---------------------------------------------------------------------------------------
 */

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

	text_copy(fact.uid, kube_tree_text(object, "metadata/uid"));
	text_copy(fact.resource_version, kube_tree_text(object, "metadata/resourceVersion"));
	fact.weight = split.weight;
	fact.is_mirrored = split.is_mirrored;
	fact.cookies = split.cookies;
	fact.is_exact = is_exact(object, world, split);
	fact.is_ours =
		kube_owner_wrote_last(object, world->options->field_manager, "f:spec/f:rules");
	fact.is_made = kube_owner_is_marked(object) || gateway_route_is_taken(world, object);
	(void)gateway_parent_took(object, fact.pending);
	*ret = fact;
}

/* Writing ---------------------------------------------------------------------------------------
 */

static struct gateway_rules_split split_of(const struct act *act)
{
	return (struct gateway_rules_split){
		.weight = act->effect->weight,
		.is_mirrored = act->effect->is_mirrored,
		.cookies = act->effect->cookies,
	};
}

static enum talk_step refuse(struct act *act, struct err *err)
{
	struct kube_ref ref = gateway_route_ref(act->world);
	char why[SENTENCE_MAX];

	text_copy(why, err->text);
	return act_reply_stop(act, ACT_FAILED, err, "%s %.80s.%.63s: %.300s",
	                      kube_api_kind(ref.kind), ref.name, ref.k8s_namespace, why);
}

static enum talk_step conflict(struct act *act)
{
	struct kube_ref ref = gateway_route_ref(act->world);

	return act_reply_stop(act, ACT_CONFLICT, NULL, "%s %.100s changed", kube_api_kind(ref.kind),
	                      ref.name);
}

static enum talk_step create(struct act *act, struct err *err)
{
	struct kube_ref ref = gateway_route_ref(act->world);
	json_t *object = gateway_route_new(act->world, split_of(act), err);

	if (!object)
		return refuse(act, err);
	kube_api_create(&act->talk.request, act->talk.arena, &ref,
	                act->world->options->field_manager, object);
	return act_reply_send(act, STEP_WRITE);
}

/* The canary's weight in LIVE and no copies, nothing else. */
static enum talk_step retreat(struct act *act, int step, const json_t *live)
{
	struct kube_ref ref = gateway_route_ref(act->world);
	json_t *patch = kube_tree_list();

	gateway_rules_weigh(patch, act->world, kube_tree_find(live, "spec/rules"),
	                    act->effect->weight);
	if (json_array_size(patch) > 0)
		return act_reply_patch(act, step, &ref, patch);
	json_decref(patch);
	/* As it was last seen it does not know the canary: it is asked for; then it is so. */
	if (step == STEP_BLIND)
		return act_reply_get(act, STEP_ROUTE, &ref);
	return act_reply_done(act, kube_tree_copy(live));
}

/* LIVE, which is taken, with the canary's part as it is wanted. */
static enum talk_step correct(struct act *act, json_t *live, struct err *err)
{
	struct kube_ref ref = gateway_route_ref(act->world);
	json_t *patch;

	act_reply_keep(act, "route", live);
	if (act->effect->is_retreat)
		return retreat(act, STEP_WRITE, live);
	patch = kube_tree_list();
	if (!gateway_route_repair(patch, act->world, live, split_of(act), err)) {
		json_decref(patch);
		return refuse(act, err);
	}
	return act_reply_correct(act, STEP_WRITE, &ref, live, patch, kube_api_kind(ref.kind));
}

static enum talk_step on_route(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = gateway_route_ref(act->world);
	json_t *live;
	enum act_outcome outcome = act_reply_read(act, &ref, reply, &live);

	if (outcome == ACT_ABSENT && !act->effect->is_retreat)
		return create(act, err);
	return outcome == ACT_OK ? correct(act, live, err) : act_reply_end(act, err);
}

/* What a retreat rests on had changed: the route is read. */
static enum talk_step on_blind(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = gateway_route_ref(act->world);
	json_t *object;
	enum act_outcome outcome = act_reply_read(act, &ref, reply, &object);

	if (outcome == ACT_OK)
		return act_reply_done(act, object);
	if (outcome == ACT_CONFLICT)
		return act_reply_get(act, STEP_ROUTE, &ref);
	return act_reply_end(act, err);
}

enum talk_step gateway_api_weigh(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = gateway_route_ref(act->world);

	if (!reply && act->effect->is_retreat && act->world->route_object)
		return retreat(act, STEP_BLIND, act->world->route_object);
	if (!reply)
		return act_reply_get(act, STEP_ROUTE, &ref);
	if (act->talk.step == STEP_ROUTE)
		return on_route(act, reply, err);
	if (act->talk.step == STEP_BLIND)
		return on_blind(act, reply, err);
	return act_reply_last(act, &ref, reply, err);
}

/* Removing --------------------------------------------------------------------------------------
 */

/* Delete what was made, give back what was taken over, leave anything else alone. LIVE is taken. */
static enum talk_step give_back(struct act *act, json_t *live)
{
	struct kube_ref ref = gateway_route_ref(act->world);
	json_t *patch;

	act_reply_keep(act, "route", live);
	if (gateway_route_is_made(act->world, live)) {
		kube_api_delete(&act->talk.request, act->talk.arena, &ref,
		                act->effect->release_uid);
		return act_reply_send(act, STEP_WRITE);
	}
	if (!gateway_route_is_taken(act->world, live))
		return act_reply_done(act, NULL);
	patch = gateway_route_restore(act->world, live);
	if (act_reply_test_version(act, patch, live))
		return act_reply_patch(act, STEP_WRITE, &ref, patch);
	json_decref(patch);
	return conflict(act);
}

enum talk_step gateway_api_remove(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = gateway_route_ref(act->world);
	enum act_outcome outcome;
	json_t *object;

	if (!reply)
		return act_reply_get(act, STEP_ROUTE, &ref);
	outcome = act_reply_read(act, &ref, reply, &object);
	if (outcome == ACT_OK && act->talk.step == STEP_ROUTE)
		return give_back(act, object);
	json_decref(object);
	if (outcome == ACT_OK || outcome == ACT_ABSENT)
		return act_reply_done(act, NULL);
	return act_reply_end(act, err);
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

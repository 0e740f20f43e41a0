#include "providers/traffic/smi.h"

#include "analysis/base/text.h"
#include "providers/act_reply.h"
#include "providers/kube/canary.h"
#include "providers/kube/canary_analysis.h"
#include "providers/kube/owner.h"
#include "providers/kube/tree.h"
#include "providers/traffic/smi_split.h"

#include <string.h>

/* Not measured: no proxy that follows a TrafficSplit was at hand. */
#define HOLD  span_seconds(5)
#define REACH span_seconds(5)

#define HOSTS_MAX 16

/* What was sent last. */
enum step {
	STEP_NONE,
	STEP_SPLIT, /* read it */
	STEP_BLIND, /* a retreat, from the split as it was last seen */
	STEP_WRITE, /* the last request */
};

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

/* Reading ---------------------------------------------------------------------------------------
 */

void smi_look(const json_t *object, const struct canary_world *world, struct route_fact *ret)
{
	struct route_fact fact = {.slot = ret->slot, .since = ret->since};
	json_auto_t *patch = kube_tree_list();
	struct err err;

	text_copy(fact.uid, kube_tree_text(object, "metadata/uid"));
	text_copy(fact.resource_version, kube_tree_text(object, "metadata/resourceVersion"));
	fact.weight = smi_split_share(world, object);
	fact.is_exact = smi_split_repair(patch, world, object, fact.weight, &err) &&
	                json_array_size(patch) == 0;
	fact.is_ours =
		kube_owner_wrote_last(object, world->options->field_manager, "f:spec/f:backends");
	fact.is_made = kube_owner_is_marked(object) || smi_split_is_taken(world, object);
	*ret = fact;
}

/* Writing ---------------------------------------------------------------------------------------
 */

static enum talk_step conflict(struct act *act)
{
	return act_reply_stop(act, ACT_CONFLICT, NULL, "trafficsplit %s changed", act->world->apex);
}

static enum talk_step create(struct act *act)
{
	struct kube_ref ref = smi_split_ref(act->world);

	kube_api_create(&act->talk.request, act->talk.arena, &ref,
	                act->world->options->field_manager,
	                smi_split_new(act->world, act->effect->weight));
	return act_reply_send(act, STEP_WRITE);
}

static enum talk_step retreat(struct act *act, int step, const json_t *live)
{
	struct kube_ref ref = smi_split_ref(act->world);
	json_t *patch = kube_tree_list();

	smi_split_weigh(patch, act->world, live, act->effect->weight);
	if (json_array_size(patch) > 0)
		return act_reply_patch(act, step, &ref, patch);
	json_decref(patch);
	/* As it was last seen it does not know the canary: it is asked for; then it is so. */
	if (step == STEP_BLIND)
		return act_reply_get(act, STEP_SPLIT, &ref);
	return act_reply_done(act, kube_tree_copy(live));
}

/* LIVE, which is taken, with the weight that is wanted. */
static enum talk_step correct(struct act *act, json_t *live, struct err *err)
{
	struct kube_ref ref = smi_split_ref(act->world);
	json_t *patch;
	char why[SENTENCE_MAX];

	act_reply_keep(act, "split", live);
	if (act->effect->is_retreat)
		return retreat(act, STEP_WRITE, live);
	patch = kube_tree_list();
	if (!smi_split_repair(patch, act->world, live, act->effect->weight, err)) {
		json_decref(patch);
		text_copy(why, err->text);
		return act_reply_stop(act, ACT_FAILED, err, "TrafficSplit %.80s.%.63s: %.300s",
		                      act->world->apex, act->world->spec->k8s_namespace, why);
	}
	return act_reply_correct(act, STEP_WRITE, &ref, live, patch, "trafficsplit");
}

static enum talk_step on_split(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = smi_split_ref(act->world);
	json_t *live;
	enum act_outcome outcome = act_reply_read(act, &ref, reply, &live);

	if (outcome == ACT_ABSENT && !act->effect->is_retreat)
		return create(act);
	return outcome == ACT_OK ? correct(act, live, err) : act_reply_end(act, err);
}

/* What a retreat rests on had changed: the split is read. */
static enum talk_step on_blind(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = smi_split_ref(act->world);
	json_t *object;
	enum act_outcome outcome = act_reply_read(act, &ref, reply, &object);

	if (outcome == ACT_OK)
		return act_reply_done(act, object);
	if (outcome == ACT_CONFLICT)
		return act_reply_get(act, STEP_SPLIT, &ref);
	return act_reply_end(act, err);
}

enum talk_step smi_weigh(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = smi_split_ref(act->world);

	if (!reply && act->effect->is_retreat && act->world->route_object)
		return retreat(act, STEP_BLIND, act->world->route_object);
	if (!reply)
		return act_reply_get(act, STEP_SPLIT, &ref);
	if (act->talk.step == STEP_SPLIT)
		return on_split(act, reply, err);
	if (act->talk.step == STEP_BLIND)
		return on_blind(act, reply, err);
	return act_reply_last(act, &ref, reply, err);
}

/* Removing --------------------------------------------------------------------------------------
 */

/* Delete what was made, give back what was taken over, leave anything else alone. LIVE is taken. */
static enum talk_step give_back(struct act *act, json_t *live)
{
	struct kube_ref ref = smi_split_ref(act->world);
	json_t *patch;

	act_reply_keep(act, "split", live);
	if (smi_split_is_made(act->world, live)) {
		kube_api_delete(&act->talk.request, act->talk.arena, &ref,
		                act->effect->release_uid);
		return act_reply_send(act, STEP_WRITE);
	}
	if (!smi_split_is_taken(act->world, live))
		return act_reply_done(act, NULL);
	patch = smi_split_restore(act->world, live);
	if (act_reply_test_version(act, patch, live))
		return act_reply_patch(act, STEP_WRITE, &ref, patch);
	json_decref(patch);
	return conflict(act);
}

enum talk_step smi_remove(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = smi_split_ref(act->world);
	enum act_outcome outcome;
	json_t *object;

	if (!reply)
		return act_reply_get(act, STEP_SPLIT, &ref);
	outcome = act_reply_read(act, &ref, reply, &object);
	if (outcome == ACT_OK && act->talk.step == STEP_SPLIT)
		return give_back(act, object);
	json_decref(object);
	if (outcome == ACT_OK || outcome == ACT_ABSENT)
		return act_reply_done(act, NULL);
	return act_reply_end(act, err);
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

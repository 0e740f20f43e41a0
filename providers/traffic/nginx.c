#include "providers/traffic/nginx.h"

#include "analysis/base/text.h"
#include "providers/act_reply.h"
#include "providers/act_service.h"
#include "providers/kube/canary_analysis.h"
#include "providers/kube/canary_match.h"
#include "providers/kube/owner.h"
#include "providers/kube/tree.h"
#include "providers/traffic/nginx_ingress.h"

#include <string.h>

/* A second change soon after another takes up to 3.7 s with the controller's default sync rate. */
#define HOLD span_seconds(5)

/* What was sent last. */
enum step {
	STEP_NONE,
	STEP_SOURCE,
	STEP_CLONE,
	STEP_WRITE,
	STEP_LIST = 100, /* none of act_service.c's */
	STEP_OTHER,
};

static struct route_ability ability(const struct canary_spec *spec)
{
	return (struct route_ability){.weighs = true, .matches = true, .hold = HOLD};
}

static bool check(const struct field *spec, struct arena *arena, struct kube_canary *canary,
                  struct err *err)
{
	struct field ingress = field_member(spec, "ingressRef");
	struct field name = field_member(&ingress, "name");
	struct field analysis = kube_canary_analysis_find(spec);
	struct field match = field_member(&analysis, "match");

	if (!canary->ingress)
		return field_expect(&name, "the Ingress's name (provider nginx needs it)", err);
	return kube_canary_match_check(&match, err);
}

static struct kube_ref source_ref(const struct canary_world *world)
{
	return (struct kube_ref){
		.kind = KUBE_INGRESS,
		.k8s_namespace = world->spec->k8s_namespace,
		.name = world->ingress,
	};
}

static struct kube_ref clone_ref(const struct canary_world *world, struct arena *arena)
{
	struct kube_ref ref = source_ref(world);

	ref.name = arena_text(arena, world->ingress_clone ? world->ingress_clone : "-canary");
	return ref;
}

/* The Ingress that the clone is made from. */
static size_t beside(const struct canary_world *world, struct arena *arena,
                     struct traffic_beside ret[TRAFFIC_BESIDE_MAX])
{
	ret[0] = (struct traffic_beside){.ref = source_ref(world), .is_source = true};
	return world->ingress ? 1 : 0;
}

/* Everything beside the weight is right, as far as it can be seen without the source. */
static bool is_exact(const json_t *clone, const struct canary_world *world, int weight)
{
	json_auto_t *wanted = NULL;
	json_auto_t *repair = NULL;
	const json_t *source = json_is_object(world->beside[0]) ? world->beside[0] : NULL;

	if (!nginx_ingress_says(world, source, clone, weight))
		return false;
	if (source)
		wanted = nginx_ingress_spec(world, source, NULL);
	repair =
		nginx_ingress_repair(world, clone, wanted ? wanted : kube_tree_find(clone, "spec"));
	return json_array_size(repair) == 0;
}

static void look(const json_t *object, const struct canary_world *world, struct route_fact *ret)
{
	struct route_fact fact = {.slot = ret->slot, .since = ret->since};

	text_copy(fact.uid, kube_tree_text(object, "metadata/uid"));
	text_copy(fact.resource_version, kube_tree_text(object, "metadata/resourceVersion"));
	fact.weight = nginx_ingress_weight(world, object);
	fact.is_exact = is_exact(object, world, fact.weight);
	fact.is_ours = nginx_ingress_is_weighed_by_us(world, object);
	fact.is_made = kube_owner_is_marked(object) && nginx_ingress_is_ours(world, object);
	*ret = fact;
}

static enum talk_step patch_json(struct act *act, const json_t *live, json_t *patch)
{
	const struct canary_world *world = act->world;
	struct kube_ref ref = clone_ref(world, act->talk.arena);

	nginx_ingress_weigh(patch, world, act_reply_kept(act, "source"), live, act->effect->weight);
	if (!act_reply_test_version(act, patch, live)) {
		json_decref(patch);
		return act_reply_stop(act, ACT_CONFLICT, NULL, "ingress %s changed", ref.name);
	}
	return act_reply_patch(act, STEP_WRITE, &ref, patch);
}

/* Only the annotations move: a merge patch, bound to the version that was decided on. */
static enum talk_step patch_merge(struct act *act, const json_t *live)
{
	const struct canary_world *world = act->world;
	struct kube_ref ref = clone_ref(world, act->talk.arena);
	const char *version = kube_tree_text(live, "metadata/resourceVersion");
	json_t *patch;

	if (act->effect->resource_version[0] && strcmp(act->effect->resource_version, version) != 0)
		return act_reply_stop(act, ACT_CONFLICT, NULL, "ingress %s changed", ref.name);
	patch = nginx_ingress_merge(world, act_reply_kept(act, "source"), live,
	                            act->effect->weight);
	kube_tree_set_text(json_object_get(patch, "metadata"), "resourceVersion", version);
	return act_reply_merge(act, STEP_WRITE, &ref, patch);
}

static enum talk_step correct(struct act *act, json_t *live, struct err *err)
{
	const struct canary_world *world = act->world;
	json_t *spec;
	json_t *repair;

	if (!nginx_ingress_is_ours(world, live))
		return act_reply_stop(
			act, ACT_FAILED, err,
			"ingress %.100s.%.63s exists and is not this Canary's: it is left "
			"alone; rename or delete it",
			kube_tree_text(live, "metadata/name"), world->spec->k8s_namespace);
	spec = nginx_ingress_spec(world, act_reply_kept(act, "source"), err);
	if (!spec)
		return act_reply_stop(act, ACT_FAILED, err,
		                      "backend %s not found in ingress %.150s", world->apex,
		                      world->ingress);
	repair = nginx_ingress_repair(world, live, spec);
	json_decref(spec);
	if (json_array_size(repair) > 0)
		return patch_json(act, live, repair);
	json_decref(repair);
	if (nginx_ingress_says(world, act_reply_kept(act, "source"), live, act->effect->weight))
		return act_reply_done(act, json_incref(live));
	return patch_merge(act, live);
}

static enum talk_step create(struct act *act, struct err *err)
{
	const struct canary_world *world = act->world;
	struct kube_ref ref = clone_ref(world, act->talk.arena);
	json_t *clone =
		nginx_ingress_new(world, act_reply_kept(act, "source"), act->effect->weight, err);

	if (!clone)
		return act_reply_stop(act, ACT_FAILED, err,
		                      "backend %s not found in ingress %.150s", world->apex,
		                      world->ingress);
	return act_reply_create(act, STEP_WRITE, &ref, clone);
}

/* One write, nothing read: the canary gets no request, whatever stands there; or no more than so
 * many of 100, when it stands as it did. */
static enum talk_step retreat(struct act *act)
{
	struct kube_ref ref = clone_ref(act->world, act->talk.arena);
	json_t *patch = nginx_ingress_merge(act->world, NULL, NULL, act->effect->weight);

	if (!act_reply_is_blind(act) && act->effect->resource_version[0])
		kube_tree_set_text(kube_tree_find(patch, "metadata"), "resourceVersion",
		                   act->effect->resource_version);
	return act_reply_merge(act, STEP_WRITE, &ref, patch);
}

static enum talk_step begin(struct act *act, struct err *err)
{
	struct kube_ref source = source_ref(act->world);

	if (!act->world->ingress)
		return act_reply_stop(act, ACT_FAILED, err, "ingress selector is empty");
	if (act->effect->is_retreat)
		return retreat(act);
	return act_reply_get(act, STEP_SOURCE, &source);
}

static enum talk_step on_source(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref source = source_ref(act->world);
	struct kube_ref clone = clone_ref(act->world, act->talk.arena);
	json_t *object;

	switch (act_reply_read(act, &source, reply, &object)) {
	case ACT_OK:
		act_reply_keep(act, "source", object);
		return act_reply_get(act, STEP_CLONE, &clone);
	case ACT_ABSENT:
		return act_reply_stop(act, ACT_FAILED, err, "ingress %.150s.%.63s not found",
		                      act->world->ingress, act->world->spec->k8s_namespace);
	case ACT_NONE:
	case ACT_CONFLICT:
	case ACT_UNKNOWN:
	case ACT_FAILED:
		break;
	}
	return act_reply_end(act, err);
}

static enum talk_step on_clone(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref = clone_ref(act->world, act->talk.arena);
	json_t *object;
	enum act_outcome outcome = act_reply_read(act, &ref, reply, &object);

	if (outcome == ACT_ABSENT)
		return create(act, err);
	if (outcome != ACT_OK)
		return act_reply_end(act, err);
	act_reply_keep(act, "clone", object);
	return correct(act, object, err);
}

static enum talk_step weigh(struct act *act, const struct http_reply *reply, struct err *err)
{
	struct kube_ref ref;

	if (!reply)
		return begin(act, err);
	switch ((enum step)act->talk.step) {
	case STEP_SOURCE:
		return on_source(act, reply, err);
	case STEP_CLONE:
		return on_clone(act, reply, err);
	case STEP_WRITE:
	case STEP_LIST:
	case STEP_OTHER:
	case STEP_NONE:
		break;
	}
	ref = clone_ref(act->world, act->talk.arena);
	return act_reply_last(act, &ref, reply, err);
}

/* Removing --------------------------------------------------------------------------------------
 */

/* What the edit of spec.ingressRef left of this Canary: OBJECT is a clone under another name. */
static bool is_left(const struct canary_world *world, const json_t *object)
{
	const json_t *annotations = kube_tree_find(object, "metadata/annotations");
	char key[128];

	text_format(key, sizeof(key), "%.100s/canary", world->options->ingress_annotation_prefix);
	return kube_owner_is_ours(object, world) &&
	       strcmp(kube_tree_value(annotations, key), "true") == 0 &&
	       strcmp(kube_tree_text(object, "metadata/name"), world->ingress_clone) != 0;
}

/* The next clone of another name, or, when there is none any more, the one of now. */
static enum talk_step remove_next(struct act *act, struct err *err)
{
	const json_t *items = kube_tree_find(act_reply_kept(act, "list"), "items");
	struct kube_ref ref = clone_ref(act->world, act->talk.arena);
	size_t at = (size_t)json_integer_value(act_reply_kept(act, "at"));

	for (; at < json_array_size(items); at++) {
		const json_t *item = json_array_get(items, at);

		if (!is_left(act->world, item))
			continue;
		act_reply_keep(act, "at", json_integer((json_int_t)at + 1));
		ref.name = kube_tree_text(item, "metadata/name");
		kube_api_delete(&act->talk.request, act->talk.arena, &ref,
		                kube_tree_text(item, "metadata/uid"));
		return act_reply_send(act, STEP_OTHER);
	}
	return act_service_remove_next(&act->talk, NULL, err);
}

/* All clones that carry this Canary's label go, the one of now last: what is interrupted begins
 * anew with it. */
static enum talk_step remove_clones(struct act *act, const struct http_reply *reply,
                                    struct err *err)
{
	struct kube_ref ref = clone_ref(act->world, act->talk.arena);
	struct kube_query query = {0};
	enum act_outcome outcome;
	json_t *object;

	if (reply && act->talk.step != STEP_LIST && act->talk.step != STEP_OTHER)
		return act_service_remove_next(&act->talk, reply, err);
	if (!reply && !act->world->ingress_clone)
		return act_service_remove_next(&act->talk, NULL, err);
	if (act->talk.step != STEP_OTHER)
		ref.name = NULL;
	if (!reply) {
		query.labels = arena_format(act->talk.arena, KUBE_LABEL_UID "=%s", act->world->uid);
		kube_api_list(&act->talk.request, act->talk.arena, &ref, &query);
		return act_reply_send(act, STEP_LIST);
	}
	outcome = act_reply_read(act, &ref, reply, &object);
	if (act->talk.step == STEP_LIST && outcome == ACT_OK) {
		act_reply_keep(act, "list", object);
		return remove_next(act, err);
	}
	json_decref(object);
	/* One that is another by now is not ours. */
	if (act->talk.step == STEP_OTHER &&
	    (outcome == ACT_OK || outcome == ACT_ABSENT || outcome == ACT_CONFLICT))
		return remove_next(act, err);
	return act_reply_end(act, err);
}

const struct traffic_provider traffic_provider_nginx = {
	.name = "nginx",
	.ability = ability,
	.check = check,
	.ref = clone_ref,
	.beside = beside,
	.read = look,
	.write = weigh,
	.remove = remove_clones,
};

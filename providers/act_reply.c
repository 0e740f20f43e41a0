#include "providers/act_reply.h"

#include "analysis/base/text.h"
#include "providers/kube/scaler.h"
#include "providers/kube/service.h"
#include "providers/kube/service_target.h"
#include "providers/kube/tree.h"
#include "providers/kube/workload.h"
#include "providers/traffic_provider.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct act *act_reply_owner(struct talk *talk)
{
	return container_of(talk, struct act, talk);
}

/* The Canary's own name; a Canary whose spec was always invalid has it only in its object. */
static struct kube_ref canary_ref(const struct canary_world *world)
{
	struct kube_ref ref = {
		.kind = KUBE_CANARY,
		.k8s_namespace = world->spec->k8s_namespace,
		.name = world->spec->name,
	};

	if (!ref.name)
		ref.name = kube_tree_text(world->object, "metadata/name");
	if (!ref.k8s_namespace)
		ref.k8s_namespace = kube_tree_text(world->object, "metadata/namespace");
	return ref;
}

struct kube_ref act_reply_ref(const struct canary_world *world, enum subject subject,
                              struct arena *arena)
{
	struct kube_ref ref = {.k8s_namespace = world->spec->k8s_namespace};

	switch (subject) {
	case SUBJECT_CANARY:
		return canary_ref(world);
	case SUBJECT_TARGET:
	case SUBJECT_PRIMARY:
		ref.kind = kube_workload_kind(world->spec);
		ref.name = subject == SUBJECT_TARGET ? world->spec->target : world->spec->primary;
		break;
	case SUBJECT_APEX:
	case SUBJECT_PRIMARY_SERVICE:
		if (world->spec->target_kind == TARGET_SERVICE)
			break; /* the target and the primary */
		ref.kind = KUBE_SERVICE;
		ref.name = kube_service_name(world, subject);
		break;
	case SUBJECT_CANARY_SERVICE:
		ref.kind = KUBE_SERVICE;
		ref.name = kube_service_name(world, subject);
		break;
	case SUBJECT_ROUTE:
		return world->traffic->ref(world, arena);
	case SUBJECT_SCALER:
	case SUBJECT_PRIMARY_SCALER:
		ref.kind = kube_scaler_kind(world);
		ref.name = subject == SUBJECT_SCALER ? world->spec->scaler
		                                     : world->spec->primary_scaler;
		break;
	case SUBJECT_RELEASES:
		ref = canary_ref(world);
		ref.kind = KUBE_RELEASE;
		ref.name = NULL;
		break;
	case SUBJECT_EVENTS:
		ref = canary_ref(world);
		ref.kind = KUBE_EVENT;
		ref.name = NULL;
		break;
	case SUBJECT_ACTION:
		ref = canary_ref(world);
		ref.kind = KUBE_ACTION;
		ref.name = NULL;
		break;
	case SUBJECT_EARLIER:
	case SUBJECT_FORMER_SCALER:
	case SUBJECT_CHANGE:
	case SUBJECT_CONFIGS:
	case SUBJECT_NONE:
	case SUBJECT_MAX:
		break;
	}
	return ref;
}

/* The target or the primary, where they are Services: these are read as workloads. */
static bool is_workload(const struct canary_world *world, const struct kube_ref *ref)
{
	return ref->kind == KUBE_SERVICE && ref->name &&
	       world->spec->target_kind == TARGET_SERVICE &&
	       (strcmp(ref->name, world->spec->target) == 0 ||
	        strcmp(ref->name, world->spec->primary) == 0);
}

enum act_outcome act_reply_read(struct act *act, const struct kube_ref *ref,
                                const struct http_reply *reply, json_t **ret_object)
{
	struct kube_answer answer;

	kube_api_read(act->talk.request.method, ref, reply, &answer);
	act->result.outcome = answer.outcome;
	act->result.retry_after = answer.retry_after;
	text_copy(act->result.text, answer.text);
	*ret_object = answer.object;
	if (answer.object && is_workload(act->world, ref)) {
		*ret_object = kube_service_target_view(act->world, answer.object);
		json_decref(answer.object);
	}
	return answer.outcome;
}

bool act_reply_is_settled(struct act *act, const struct kube_ref *ref,
                          const struct http_reply *reply)
{
	json_t *object;
	enum act_outcome outcome = act_reply_read(act, ref, reply, &object);

	json_decref(object);
	return outcome == ACT_OK || outcome == ACT_ABSENT;
}

void act_reply_keep(struct act *act, const char *key, json_t *object)
{
	if (!act->read)
		act->read = kube_tree_object();
	kube_tree_set(act->read, key, object);
}

json_t *act_reply_kept(const struct act *act, const char *key)
{
	return json_object_get(act->read, key);
}

enum talk_step act_reply_end(struct act *act, struct err *err)
{
	assert(act->result.outcome != ACT_NONE);
	if (act->result.outcome != ACT_FAILED && act->result.outcome != ACT_UNKNOWN)
		return TALK_DONE;
	(void)err_set(err, act->result.outcome == ACT_FAILED ? ERR_STATUS : ERR_TRANSPORT, "%s",
	              act->result.text);
	return TALK_FAILED;
}

enum talk_step act_reply_done(struct act *act, json_t *object)
{
	json_decref(act->result.object);
	act->result.object = object;
	act->result.outcome = ACT_OK;
	act->result.text[0] = '\0';
	return TALK_DONE;
}

enum talk_step act_reply_stop(struct act *act, enum act_outcome outcome, struct err *err,
                              const char *format, ...)
{
	char text[SENTENCE_MAX];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text_copy(act->result.text, text);
	act->result.outcome = outcome;
	return act_reply_end(act, err);
}

enum talk_step act_reply_last(struct act *act, const struct kube_ref *ref,
                              const struct http_reply *reply, struct err *err)
{
	json_t *object;

	if (act_reply_read(act, ref, reply, &object) == ACT_OK)
		return act_reply_done(act, object);
	return act_reply_end(act, err);
}

enum talk_step act_reply_last_or_get(struct act *act, int step, const struct kube_ref *ref,
                                     const struct http_reply *reply, struct err *err)
{
	json_t *object;
	enum act_outcome outcome = act_reply_read(act, ref, reply, &object);

	if (outcome == ACT_OK)
		return act_reply_done(act, object);
	if (outcome == ACT_CONFLICT)
		return act_reply_get(act, step, ref);
	return act_reply_end(act, err);
}

enum talk_step act_reply_send(struct act *act, int step)
{
	act->talk.step = step;
	return TALK_SEND;
}

enum talk_step act_reply_get(struct act *act, int step, const struct kube_ref *ref)
{
	kube_api_get(&act->talk.request, act->talk.arena, ref);
	return act_reply_send(act, step);
}

bool act_reply_is_blind(const struct act *act)
{
	return act->effect->is_retreat && act->effect->weight == 0;
}

bool act_reply_test_version(const struct act *act, json_t *patch, const json_t *live)
{
	const char *decided = act->effect->resource_version;
	const char *version = kube_tree_text(live, "metadata/resourceVersion");
	json_t *test = kube_tree_object();

	/* As it was last seen it is kept without. */
	if (version[0] == '\0')
		version = decided;
	if (decided[0] && strcmp(decided, version) != 0 && !act_reply_is_blind(act)) {
		json_decref(test);
		return false;
	}
	kube_tree_set_text(test, "op", "test");
	kube_tree_set_text(test, "path", "/metadata/resourceVersion");
	kube_tree_set_text(test, "value", version);
	if (act_reply_is_blind(act))
		json_decref(test);
	else if (json_array_insert_new(patch, 0, test) != 0)
		abort();
	return true;
}

enum talk_step act_reply_create(struct act *act, int step, const struct kube_ref *ref,
                                json_t *object)
{
	kube_api_create(&act->talk.request, act->talk.arena, ref,
	                act->world->options->field_manager, object);
	return act_reply_send(act, step);
}

enum talk_step act_reply_merge(struct act *act, int step, const struct kube_ref *ref, json_t *patch)
{
	kube_api_patch(&act->talk.request, act->talk.arena, ref, act->world->options->field_manager,
	               KUBE_PATCH_MERGE, patch);
	return act_reply_send(act, step);
}

enum talk_step act_reply_patch(struct act *act, int step, const struct kube_ref *ref, json_t *patch)
{
	kube_api_patch(&act->talk.request, act->talk.arena, ref, act->world->options->field_manager,
	               KUBE_PATCH_JSON, patch);
	return act_reply_send(act, step);
}

enum talk_step act_reply_correct(struct act *act, int step, const struct kube_ref *ref,
                                 json_t *live, json_t *patch, const char *what)
{
	if (json_array_size(patch) == 0) {
		json_decref(patch);
		return act_reply_done(act, json_incref(live));
	}
	if (act_reply_test_version(act, patch, live))
		return act_reply_patch(act, step, ref, patch);
	json_decref(patch);
	act->result.object = json_incref(live);
	return act_reply_stop(act, ACT_CONFLICT, NULL, "%s %.100s changed", what, ref->name);
}

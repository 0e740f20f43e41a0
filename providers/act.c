#include "providers/act.h"

#include "analysis/base/text.h"
#include "providers/act_action.h"
#include "providers/act_adopt.h"
#include "providers/act_alert.h"
#include "providers/act_hook.h"
#include "providers/act_observe.h"
#include "providers/act_release.h"
#include "providers/act_reply.h"
#include "providers/act_scaler.h"
#include "providers/act_service.h"
#include "providers/act_tell.h"
#include "providers/act_workload.h"
#include "providers/measure.h"
#include "providers/traffic_provider.h"

#include <assert.h>

typedef enum talk_step act_step(struct talk *talk, const struct http_reply *reply, struct err *err);

/* One check, or the canary's share of the requests. */
static enum talk_step measure(struct talk *talk, const struct http_reply *reply, struct err *err)
{
	struct act *act = act_reply_owner(talk);
	enum talk_step step;

	if (!act->measure) {
		act->measure = arena_alloc(talk->arena, sizeof(*act->measure));
		if (act->effect->kind == EFFECT_MEASURE_SHARE)
			measure_share_init(act->measure, act->world, act->effect->check);
		else
			measure_init(act->measure, act->world, act->effect->index,
			             act->effect->check);
	}
	step = measure_next(act->measure, talk, reply);
	if (step != TALK_DONE)
		return step;
	act->result.sample = act->measure->sample;
	text_copy(act->result.query, act->measure->query);
	return act_reply_done(act, NULL);
}

static enum talk_step write_route(struct talk *talk, const struct http_reply *reply,
                                  struct err *err)
{
	struct act *act = act_reply_owner(talk);

	return act->world->traffic->write(act, reply, err);
}

/* A route may stand with others, or be somebody's that is given back. */
static enum talk_step remove_subject(struct talk *talk, const struct http_reply *reply,
                                     struct err *err)
{
	struct act *act = act_reply_owner(talk);

	if (act->effect->subject == SUBJECT_FORMER_SCALER)
		return act_scaler_leave_next(talk, reply, err);
	if (act->effect->subject == SUBJECT_ROUTE && act->world->traffic->remove)
		return act->world->traffic->remove(act, reply, err);
	return act_service_remove_next(talk, reply, err);
}

/* The first Release of an adoption says what the primary runs, which is to be found out. */
static enum talk_step create_release(struct talk *talk, const struct http_reply *reply,
                                     struct err *err)
{
	const struct effect *effect = act_reply_owner(talk)->effect;

	if (effect->old_release_uid[0])
		return act_adopt_release_next(talk, reply, err);
	return act_release_create_next(talk, reply, err);
}

static enum talk_step scale(struct talk *talk, const struct http_reply *reply, struct err *err)
{
	enum subject subject = act_reply_owner(talk)->effect->subject;

	if (subject == SUBJECT_SCALER || subject == SUBJECT_PRIMARY_SCALER)
		return act_scaler_next(talk, reply, err);
	return act_workload_scale_next(talk, reply, err);
}

static act_step *const steps[] = {
	[EFFECT_NONE] = NULL,
	[EFFECT_OBSERVE] = act_observe_next,
	[EFFECT_MEASURE] = measure,
	[EFFECT_MEASURE_SHARE] = measure,
	[EFFECT_FIND_RELEASE] = act_action_find_next,
	[EFFECT_ASK_HOOK] = act_hook_next,
	[EFFECT_COMPARE] = act_observe_compare_next,
	[EFFECT_CREATE_RELEASE] = create_release,
	[EFFECT_SAVE_RELEASE] = act_release_save_next,
	[EFFECT_WRITE_SERVICE] = act_service_write_next,
	[EFFECT_WRITE_ROUTE] = write_route,
	[EFFECT_CREATE_PRIMARY] = act_workload_primary_next,
	[EFFECT_WRITE_PRIMARY] = act_workload_primary_next,
	[EFFECT_TAKE_PRIMARY] = act_adopt_take_next,
	[EFFECT_SCALE] = scale,
	[EFFECT_WRITE_SCALER] = act_scaler_next,
	[EFFECT_WRITE_MIRROR] = act_tell_mirror_next,
	[EFFECT_WRITE_FINALIZER] = act_tell_finalizer_next,
	[EFFECT_NOTIFY] = act_tell_notice_next,
	[EFFECT_TELL_HOOK] = act_hook_next,
	[EFFECT_ALERT] = act_alert_next,
	[EFFECT_REMOVE] = remove_subject,
	[EFFECT_RESTORE] = act_service_restore_next,
	[EFFECT_ANSWER] = act_action_answer_next,
	[EFFECT_REMOVE_RELEASES] = act_release_remove_next,
};

void act_init(struct act *act, const struct canary_world *world, const struct effect *effect,
              struct arena *arena)
{
	assert((size_t)effect->kind < array_length(steps) && steps[effect->kind]);
	*act = (struct act){
		.talk = {.next = steps[effect->kind], .arena = arena},
		.world = world,
		.effect = effect,
	};
}

void act_fini(struct act *act)
{
	for (size_t i = 0; i < TRAFFIC_BESIDE_MAX; i++) {
		json_decref(act->result.beside[i]);
		act->result.beside[i] = NULL;
	}
	json_decref(act->result.object);
	json_decref(act->read);
	act->result.object = NULL;
	act->read = NULL;
}

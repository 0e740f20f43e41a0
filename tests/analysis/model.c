#include "tests/analysis/model.h"

#include "analysis/base/text.h"
#include "tests/analysis/model_action.h"
#include "tests/analysis/model_decide.h"
#include "tests/analysis/model_scaler.h"
#include "tests/analysis/model_tell.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START 1000000000
#define TURNS 200 /* decisions at one time: more is a loop that never rests */

static void put_pods(struct workload_fact *workload, int replicas)
{
	workload->slot.state = FACT_KNOWN;
	workload->is_observed = true;
	workload->replicas = replicas;
	workload->updated = replicas;
	workload->total = replicas;
	workload->ready = replicas;
	workload->available = replicas;
}

/* The agent starts: of all there is, it has seen the Canary. */
static void restart(struct model *model)
{
	const struct facts *truth = &model->truth;
	bool is_this = strcmp(model->view.notices_release, truth->newest.uid) == 0;
	/* Posting an Event again is no change; but who forgets each time would do nothing else. */
	int64_t delivered = is_this ? model->view.notices_delivered : 0;
	char hooks_release[UID_MAX];
	char alerts_release[UID_MAX];
	struct alert_fact alerts[SPEC_ALERTS_MAX];

	memcpy(alerts, model->view.alerts, sizeof(alerts));
	text_copy(alerts_release, model->is_forgetful ? model->view.alerts_release : "");
	text_copy(hooks_release, model->view.hooks_release);
	model->view = (struct facts){.has_spec = truth->has_spec,
	                             .canary = truth->canary,
	                             .canary_generation = truth->canary_generation,
	                             .is_deleted = truth->is_deleted,
	                             .mirror = truth->mirror,
	                             .notices_delivered = model->is_forgetful ? delivered : 0,
	                             .hooks_told = model->is_forgetful ? model->view.hooks_told : 0,
	                             .hooks_next = model->view.hooks_next};
	memcpy(model->view.alerts, alerts, sizeof(alerts));
	text_copy(model->view.alerts_release, alerts_release);
	text_copy(model->view.canary_uid, truth->canary_uid);
	text_copy(model->view.notices_release, model->is_forgetful ? truth->newest.uid : "");
	text_copy(model->view.hooks_release, model->is_forgetful ? hooks_release : "");
}

void model_init(struct model *model)
{
	*model = (struct model){
		.spec = {.name = "cart",
	                 .k8s_namespace = "shop",
	                 .target = "cart",
	                 .primary = "cart-primary",
	                 .provider = "nginx",
	                 .route = {.weighs = true, .matches = true, .hold = {1000}},
	                 .strategy = STRATEGY_CANARY,
	                 .step_weight = 20,
	                 .max_weight = 40,
	                 .threshold = 2,
	                 .interval = {10000},
	                 .progress_deadline = {60000},
	                 .primary_ready_percent = 100,
	                 .canary_ready_percent = 100,
	                 .checks = {{.name = "request-success-rate",
	                             .kind = CHECK_SUCCESS_RATE,
	                             .has_min = true,
	                             .min = 99}},
	                 .n_checks = 1},
		.success_rate = 100,
		.ear = "",
	};
	for (enum hook_type type = HOOK_CONFIRM_ROLLOUT; type <= HOOK_EVENT; type++)
		model->says[type] = type == HOOK_ROLLBACK ? HOOK_FAIL : HOOK_PASS;
	model->effects = calloc(PLAN_EFFECTS_MAX, sizeof(*model->effects));
	assert(model->effects);
	model->truth.now = (struct instant){START};
	model->truth.has_spec = true;
	model->truth.canary.state = FACT_KNOWN;
	text_copy(model->truth.canary_uid, "canary-1");
	model->truth.canary_generation = 1;
	model->truth.releases.state = FACT_ABSENT;
	model->truth.primary.slot.state = FACT_ABSENT;
	model->truth.apex = (struct service_fact){.slot.state = FACT_KNOWN,
	                                          .backend = BACKEND_CANARY,
	                                          .is_exact = true,
	                                          .since = {START - 60000}};
	model->truth.primary_service.slot.state = FACT_ABSENT;
	model->truth.canary_service.slot.state = FACT_ABSENT;
	model->truth.route.slot.state = FACT_ABSENT;
	put_pods(&model->truth.target, 2);
	text_copy(model->truth.target.digest, "v1");
	restart(model);
}

void model_hook(struct model *model, enum hook_type type, const char *name)
{
	struct hook_spec *hook = &model->spec.hooks[model->spec.n_hooks++];

	*hook = (struct hook_spec){
		.name = name ? name : "gate",
		.type = type,
		.question = 1000 + model->spec.n_hooks,
	};
}

void model_receiver(struct model *model, enum severity severity)
{
	struct alert_spec *alert = &model->spec.alerts[model->spec.n_alerts++];

	*alert = (struct alert_spec){
		.severity = severity,
		.receiver = 2000 + model->spec.n_alerts,
	};
}

void model_fini(struct model *model)
{
	free(model->effects);
}

/* What is known of a subject is what is true. */
static void observe(struct model *model, enum subject subject)
{
	struct facts *view = &model->view;
	const struct facts *truth = &model->truth;
	bool is_new = facts_slot(view, subject)->state == FACT_UNKNOWN;
	struct instant read_at = facts_slot(view, subject)->read_at;

	if (subject == SUBJECT_TARGET)
		view->target = truth->target;
	if (subject == SUBJECT_PRIMARY)
		view->primary = truth->primary;
	if (subject == SUBJECT_APEX)
		view->apex = truth->apex;
	if (subject == SUBJECT_PRIMARY_SERVICE)
		view->primary_service = truth->primary_service;
	if (subject == SUBJECT_CANARY_SERVICE)
		view->canary_service = truth->canary_service;
	if (subject == SUBJECT_ROUTE)
		view->route = truth->route;
	if (subject == SUBJECT_SCALER)
		view->scaler = truth->scaler;
	if (subject == SUBJECT_PRIMARY_SCALER)
		view->primary_scaler = truth->primary_scaler;
	if (subject == SUBJECT_RELEASES) {
		view->releases = truth->releases;
		view->newest = truth->newest;
		view->promoted = truth->promoted;
		view->former = truth->former;
	}
	/* When something was first seen, or asked for, is of this process. */
	facts_slot(view, subject)->read_at = read_at;
	if (is_new && subject == SUBJECT_APEX)
		view->apex.since = truth->now;
	if (is_new && subject == SUBJECT_PRIMARY_SERVICE)
		view->primary_service.since = truth->now;
	if (is_new && subject == SUBJECT_ROUTE)
		view->route.since = truth->now;
}

/* The watches tell what changed. */
static void watch(struct model *model)
{
	model->view.action = model->truth.action;
	for (enum subject subject = SUBJECT_TARGET; subject <= SUBJECT_RELEASES; subject++) {
		if (facts_slot(&model->view, subject)->state != FACT_UNKNOWN)
			observe(model, subject);
	}
	model->view.now = model->truth.now;
	model->view.is_deleted = model->truth.is_deleted;
	model->view.mirror = model->truth.mirror;
	model->view.flagger_wrote = model->truth.flagger_wrote;
}

static void begin_pods(struct model *model, enum subject subject, int replicas)
{
	bool is_target = subject == SUBJECT_TARGET;
	struct workload_fact *workload = is_target ? &model->truth.target : &model->truth.primary;

	workload->slot.state = FACT_KNOWN;
	workload->is_observed = true;
	workload->replicas = replicas;
	workload->updated = 0;
	if (workload->may_empty || workload->ready > replicas) {
		workload->ready = workload->may_empty ? 0 : replicas;
		workload->available = workload->ready;
	}
	*(is_target ? &model->target_ready_ms : &model->primary_ready_ms) =
		model->truth.now.ms + MODEL_READY_MS;
}

void model_apply(struct model *model, const char *digest)
{
	text_copy(model->truth.target.digest, digest);
	if (model->truth.target.replicas > 0)
		begin_pods(model, SUBJECT_TARGET, model->truth.target.replicas);
}

static void put_ready(struct model *model, struct workload_fact *workload)
{
	if (workload->ready == 0)
		workload->ready_since = model->truth.now;
	put_pods(workload, workload->replicas);
}

static void settle_pods(struct model *model)
{
	int64_t now = model->truth.now.ms;

	if (model->target_ready_ms && model->target_ready_ms <= now) {
		model->target_ready_ms = 0;
		if (!model->is_canary_broken || model->truth.target.replicas == 0)
			put_ready(model, &model->truth.target);
	}
	if (model->primary_ready_ms && model->primary_ready_ms <= now) {
		model->primary_ready_ms = 0;
		if (!model->is_primary_broken ||
		    strcmp(model->truth.primary.release_uid,
		           release_ref_id(&model->truth.promoted)) == 0)
			put_ready(model, &model->truth.primary);
	}
}

static void create_release(struct model *model, const struct effect *effect)
{
	struct release *newest = &model->truth.newest;

	if (cookie_is_set(&newest->status.cookies.canary))
		model->truth.former = (struct former_fact){.number = newest->number,
		                                           .cookies = newest->status.cookies};
	*newest = (struct release){.number = effect->number,
	                           .cause = effect->cause,
	                           .target_replicas = effect->replicas,
	                           .primary_replicas = effect->primary_replicas};
	text_format(newest->name, sizeof(newest->name), "cart-%d", effect->number);
	text_format(newest->uid, sizeof(newest->uid), "release-%d", effect->number);
	text_copy(newest->digest, effect->digest);
	text_copy(newest->handled, effect->handled);
	text_copy(newest->previous, effect->release);
	newest->action = effect->action;
	newest->adoption = effect->adoption;
	if (effect->old_release_uid[0]) {
		text_copy(newest->handled, model->is_unseen ? "" : effect->digest);
		text_copy(newest->digest, model->found);
	}
	model->truth.releases.state = FACT_KNOWN;
}

static void save_release(struct model *model, const struct effect *effect)
{
	struct release *newest = &model->truth.newest;

	if (strcmp(effect->release, newest->name) != 0)
		return; /* the last word of the Release before: nobody reads it */
	assert(effect->status.seq == newest->status.seq + 1); /* the server refuses the rest */
	newest->status = effect->status;
	model->n_saves++;
	assert(newest->number < MODEL_RELEASES_MAX);
	model->kept[newest->number] = *newest;
	if (release_is_promoted(newest))
		model->truth.promoted = release_ref_of(newest);
}

static void write_service(struct model *model, const struct effect *effect)
{
	struct service_fact *service = effect->subject == SUBJECT_APEX ? &model->truth.apex
	                               : effect->subject == SUBJECT_CANARY_SERVICE
	                                       ? &model->truth.canary_service
	                                       : &model->truth.primary_service;

	*service = (struct service_fact){.slot.state = FACT_KNOWN,
	                                 .backend = effect->backend,
	                                 .is_exact = true,
	                                 .is_ours = true,
	                                 .since = model->truth.now};
	if (effect->subject == SUBJECT_APEX)
		model_write_down(model, "apex",
		                 effect->backend == BACKEND_CANARY ? "canary" : "primary");
}

static void write_route(struct model *model, const struct effect *effect)
{
	int edits = model->truth.route.rival.edits;
	char text[16];

	model->truth.route = (struct route_fact){.slot.state = FACT_KNOWN,
	                                         .rival = {.edits = edits},
	                                         .weight = effect->weight,
	                                         .is_mirrored = effect->is_mirrored,
	                                         .cookies = effect->cookies,
	                                         .is_exact = true,
	                                         .is_ours = true,
	                                         .is_made = true,
	                                         .since = model->truth.now};
	if (model->route_pending_from > 0 && effect->weight >= model->route_pending_from)
		text_copy(model->truth.route.pending, "Gateway public says no");
	text_format(text, sizeof(text), "%d%s", effect->weight,
	            effect->is_mirrored ? " mirrored" : "");
	model_write_down(model, "route", text);
	if (effect->weight > model->max_weight_seen)
		model->max_weight_seen = effect->weight;
	if (model->meddles)
		model->meddles(model);
}

static void write_primary(struct model *model, const struct effect *effect)
{
	int replicas = effect->replicas > 0 ? effect->replicas : model->truth.primary.replicas;

	if (effect->kind == EFFECT_TAKE_PRIMARY) {
		model->truth.primary.is_owned = false;
		model_write_down(model, "take primary", "");
		return;
	}
	text_copy(model->truth.primary.release_uid, effect->release_uid);
	for (int number = 1; number < MODEL_RELEASES_MAX; number++) {
		if (strcmp(model->kept[number].uid, effect->release_uid) == 0)
			text_copy(model->truth.primary.release_uid,
			          release_id(&model->kept[number]));
	}
	model_write_down(model, "primary", effect->release_uid);
	begin_pods(model, SUBJECT_PRIMARY, replicas);
}

static void scale(struct model *model, const struct effect *effect)
{
	char text[32];

	if (effect->subject == SUBJECT_SCALER || effect->subject == SUBJECT_PRIMARY_SCALER) {
		model_scaler(model, effect);
		return;
	}
	begin_pods(model, effect->subject, effect->replicas);
	text_format(text, sizeof(text), "%s %d", subject_name(effect->subject), effect->replicas);
	model_write_down(model, "scale", text);
}

static void removed(struct model *model, const struct effect *effect)
{
	struct facts *truth = &model->truth;

	model_write_down(model, "remove", subject_name(effect->subject));
	if (effect->kind == EFFECT_REMOVE_RELEASES) {
		truth->newest = (struct release){0};
		truth->promoted = (struct release_ref){0};
	}
	if (effect->subject == SUBJECT_PRIMARY)
		truth->primary = (struct workload_fact){0};
	facts_slot(truth, effect->subject)->state = FACT_ABSENT;
}

static void carry_out(struct model *model, const struct effect *effect)
{
	struct facts *view = &model->view;

	switch (effect->kind) {
	case EFFECT_OBSERVE:
		observe(model, effect->subject);
		facts_slot(view, effect->subject)->read_at = model->truth.now;
		return;
	case EFFECT_MEASURE:
		model_measure(model, effect);
		return;
	case EFFECT_MEASURE_SHARE:
		view->share = (struct sample_fact){.check = effect->check,
		                                   .kind = SAMPLE_VALUE,
		                                   .value = model->truth.route.weight / 100.0};
		return;
	case EFFECT_COMPARE:
		view->change = (struct change_fact){.slot.state = FACT_KNOWN, .kind = CHANGE_REAL};
		text_copy(view->change.digest, effect->digest);
		return;
	case EFFECT_FIND_RELEASE:
		model_find_release(model, effect);
		return;
	case EFFECT_ANSWER:
		model_answer(model, effect);
		return;
	case EFFECT_CREATE_RELEASE:
		create_release(model, effect);
		return;
	case EFFECT_SAVE_RELEASE:
		save_release(model, effect);
		return;
	case EFFECT_WRITE_SERVICE:
		write_service(model, effect);
		return;
	case EFFECT_WRITE_ROUTE:
		write_route(model, effect);
		return;
	case EFFECT_CREATE_PRIMARY:
	case EFFECT_WRITE_PRIMARY:
	case EFFECT_TAKE_PRIMARY:
		write_primary(model, effect);
		return;
	case EFFECT_SCALE:
	case EFFECT_WRITE_SCALER:
		scale(model, effect);
		return;
	case EFFECT_WRITE_MIRROR:
		model_write_mirror(model, effect);
		return;
	case EFFECT_WRITE_FINALIZER:
		model->truth.has_finalizer = effect->number != 0;
		view->has_finalizer = model->truth.has_finalizer;
		model_write_down(model, "finalizer", effect->number ? "on" : "off");
		return;
	case EFFECT_NOTIFY:
		model_notify(model, effect);
		return;
	case EFFECT_REMOVE:
	case EFFECT_REMOVE_RELEASES:
		removed(model, effect);
		return;
	case EFFECT_ASK_HOOK:
		model_ask_hook(model, effect);
		return;
	case EFFECT_TELL_HOOK:
		model_tell_hook(model, effect);
		return;
	case EFFECT_ALERT:
		model_alert(model, effect);
		return;
	case EFFECT_RESTORE:
		model->truth.apex.is_ours = false;
		model_write_down(model, "restore", "apex");
		return;
	case EFFECT_NONE:
		break;
	}
	assert(false && "an effect that no phase wants");
}

static void count_unserved(struct model *model)
{
	const struct facts *truth = &model->truth;
	bool is_canary = truth->apex.backend == BACKEND_CANARY;
	int ready = is_canary ? truth->target.ready : truth->primary.ready;
	int other = is_canary ? truth->primary.ready : truth->target.ready;

	model->n_unserved += ready == 0 && other > 0;
	if (!model->spec.route.names_primary || truth->primary_service.slot.state != FACT_KNOWN)
		return;
	is_canary = truth->primary_service.backend == BACKEND_CANARY;
	ready = is_canary ? truth->target.ready : truth->primary.ready;
	other = is_canary ? truth->primary.ready : truth->target.ready;
	model->n_unserved += ready == 0 && other > 0;
}

/* Something was begun that was not under way before. */
static bool is_moving(const struct model *model, const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_effects; i++) {
		if (!model_is_hung(model, &plan->effects[i]))
			return true;
	}
	return false;
}

/* Random enough: no two are the same. */
static void draw(struct model *model)
{
	struct facts *view = &model->view;

	if (!model->spec.affinity.cookie ||
	    (view->draw[0] && !cookie_is_drawn(&view->newest.status.cookies, view->draw)))
		return;
	text_format(view->draw, sizeof(view->draw), "%032d", ++model->n_draws);
}

/* One decision, carried out; the time to decide again, or 0 when something happened. */
static int64_t turn(struct model *model)
{
	struct plan plan = {.effects = model->effects};
	int n_questions = 0;

	model->n_decisions++;
	if (model->is_forgetful || model->n_decisions == model->restart_at)
		restart(model);
	watch(model);
	draw(model);
	do { /* a new agent looks around before anything else can happen */
		model_decide(model, &plan);
		for (size_t i = 0; i < plan.n_effects; i++)
			carry_out(model, &plan.effects[i]);
		watch(model);
		assert(n_questions++ < TURNS);
	} while (is_moving(model, &plan) && effect_is_question(&plan.effects[0]));
	count_unserved(model);
	if (is_moving(model, &plan))
		return 0;
	return instant_is_set(plan.wake) ? plan.wake.ms : INT64_MAX;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return b != 0 && b < a ? b : a;
}

void model_run(struct model *model, int64_t for_ms, const struct model_event *events)
{
	int64_t end = model->truth.now.ms + for_ms;
	int n_turns = 0;

	model->started_ms = model->truth.now.ms;
	while (model->truth.now.ms < end) {
		int64_t wake = 0;

		settle_pods(model);
		for (; events && events->happens &&
		       model->started_ms + events->at_ms <= model->truth.now.ms;
		     events++)
			events->happens(model);
		wake = turn(model);
		assert(n_turns++ < TURNS);
		if (wake == 0)
			continue;
		n_turns = 0;
		if (model_scaler_settle(model))
			continue;
		wake = sooner(sooner(sooner(wake, end), model->target_ready_ms),
		              model->primary_ready_ms);
		if (events && events->happens)
			wake = sooner(wake, model->started_ms + events->at_ms);
		model->truth.now.ms = wake > model->truth.now.ms ? wake : model->truth.now.ms + 1;
	}
}

void model_initialise(struct model *model)
{
	model_run(model, 30000, NULL);
	model->trace[0] = '\0';
	model->n_decisions = 0;
	model->n_unserved = 0;
	model->n_checks = 0;
	model->max_weight_seen = 0;
}

#include "agent/learn.h"

#include "agent/journal.h"
#include "agent/learn_action.h"
#include "agent/learn_alert.h"
#include "agent/learn_before.h"
#include "agent/learn_config.h"
#include "agent/learn_hook.h"
#include "agent/learn_route.h"
#include "agent/learn_scaler.h"
#include "agent/learn_slot.h"
#include "agent/learn_workload.h"
#include "agent/log.h"
#include "agent/poison.h"
#include "agent/tally.h"
#include "analysis/backoff.h"
#include "analysis/base/text.h"
#include "analysis/target.h"
#include "providers/kube/owner.h"
#include "providers/kube/release.h"
#include "providers/kube/service.h"
#include "providers/kube/tree.h"
#include "providers/kube/workload.h"
#include "providers/traffic.h"

#include <stdlib.h>
#include <string.h>

/* A Service is read again so long after it was seen before the label of the pods. */
#define LABEL_MS 1000

/* The next effect on the subject waits for DELAY. */
static void fail(struct canary *canary, struct fact_slot *slot, struct span delay, const char *text)
{
	slot->is_forward = true;
	slot->retry_at = instant_after(canary_now(canary), delay);
	text_copy(slot->error, text);
}

/* Services ------------------------------------------------------------------------------------- */

static struct service_fact *service_of(struct facts *facts, enum subject subject)
{
	if (subject == SUBJECT_APEX)
		return &facts->apex;
	return subject == SUBJECT_PRIMARY_SERVICE ? &facts->primary_service
	                                          : &facts->canary_service;
}

static void wait_for_label(struct canary *canary, struct fact_slot *slot)
{
	slot->state = FACT_FAILED;
	slot->failures = 1;
	fail(canary, slot, span_ms(LABEL_MS), "the target's selector label is not known yet");
}

static void learn_service(struct canary *canary, enum subject subject, const json_t *object)
{
	struct service_fact *service = service_of(&canary->facts, subject);
	struct service_fact before = *service;

	if (!object) {
		learn_slot_bury(canary, &service->slot, service->uid);
		*service = (struct service_fact){.slot = service->slot};
		return;
	}
	if (learn_slot_is_gone(&service->slot, object) ||
	    learn_slot_is_older(service->uid, service->resource_version, object))
		return;
	kube_service_read(object, &canary->edition->world, subject, service);
	if (!instant_is_set(before.since) || before.backend != service->backend)
		service->since = canary_now(canary);
	/* Without the label nothing is said of a selector; a target without one is not awaited. */
	if (canary->edition->world.label[0] != '\0' ||
	    canary->facts.target.slot.state != FACT_UNKNOWN)
		learn_slot_known(canary, &service->slot);
	else
		wait_for_label(canary, &service->slot);
}

/* Any object ----------------------------------------------------------------------------------- */

void learn_beside(struct canary *canary, size_t index, const json_t *object)
{
	if (!canary->edition || !canary->facts.has_spec)
		return;
	poison_enter(canary->host->poison, canary->k8s_namespace, canary->name);
	learn_route_beside(canary, index, json_is_object(object) ? object : NULL);
	poison_leave(canary->host->poison);
}

void learn_object(struct canary *canary, enum subject subject, const json_t *object)
{
	/* Without a valid spec nothing is known of what it names, but of the Canary itself. */
	if (!canary->edition || (!canary->facts.has_spec && subject != SUBJECT_CANARY))
		return;
	poison_enter(canary->host->poison, canary->k8s_namespace, canary->name);
	switch (subject) {
	case SUBJECT_TARGET:
	case SUBJECT_PRIMARY:
		learn_workload(canary, subject, object);
		break;
	case SUBJECT_APEX:
	case SUBJECT_PRIMARY_SERVICE:
	case SUBJECT_CANARY_SERVICE:
		learn_service(canary, subject, object);
		break;
	case SUBJECT_ROUTE:
		learn_route_object(canary, object);
		break;
	case SUBJECT_SCALER:
	case SUBJECT_PRIMARY_SCALER:
		learn_scaler(canary, subject, object);
		break;
	case SUBJECT_CANARY:
		/* A reply that the deletion overtook does not bring the Canary back. */
		if (object && (!canary->facts.is_deleted ||
		               strcmp(canary->facts.canary_uid, learn_slot_uid(object)) != 0))
			canary_see(canary, object);
		else if (!object) /* the watch will say so, or has */
			canary->facts.canary.state = FACT_ABSENT;
		break;
	case SUBJECT_NONE:
	case SUBJECT_RELEASES:
	case SUBJECT_CHANGE:
	case SUBJECT_CONFIGS:
	case SUBJECT_EVENTS:
	case SUBJECT_ACTION:
	case SUBJECT_EARLIER:
	case SUBJECT_FORMER_SCALER:
	case SUBJECT_MAX:
		break;
	}
	poison_leave(canary->host->poison);
}

/* Releases ------------------------------------------------------------------------------------- */

/* One that was taken down makes no primary any more. */
static void promote(struct facts *facts, const struct release *release)
{
	if (!release_is_promoted(release) || release->number < facts->promoted.number)
		return;
	if (!release->status.is_taken_down)
		facts->promoted = release_ref_of(release);
	else if (strcmp(facts->promoted.uid, release->uid) == 0)
		facts->promoted = (struct release_ref){0};
}

/* Its clients may still have its cookies when it is not the newest any more. */
static void pass_on(struct facts *facts, const struct release *release)
{
	if (!cookie_is_set(&release->status.cookies.canary) ||
	    release->number < facts->former.number)
		return;
	facts->former.number = release->number;
	facts->former.cookies = release->status.cookies;
}

/* A Release that was deleted by hand: what is left is read again. */
static void lose(struct facts *facts, const struct release *release)
{
	bool is_newest = strcmp(facts->newest.uid, release->uid) == 0;
	bool is_promoted = strcmp(facts->promoted.uid, release->uid) == 0;

	if (is_newest)
		facts->newest = (struct release){0};
	if (is_promoted)
		facts->promoted = (struct release_ref){0};
	if (is_newest || is_promoted)
		facts->releases.state = FACT_UNKNOWN;
}

/* Releases are of one target; a spec that was read before and names another is refused. */
static void learn_target(struct canary *canary, const json_t *object)
{
	const json_t *target = kube_tree_find(object, "spec/target");
	const char *name = kube_tree_text(target, "name");

	learn_scaler_policy(canary, object);
	text_copy(canary->released_target, name);
	canary->released_kind = TARGET_DEPLOYMENT;
	(void)target_kind_parse(kube_tree_text(target, "kind"), &canary->released_kind);
	if (canary->facts.has_spec && !release_is_open(&canary->facts.newest) &&
	    !canary_is_released(canary, &canary->edition->spec))
		canary_refuse_target(canary);
}

/* Count a Release in, or out. */
static void count(struct canary *canary, int number, bool is_deleted)
{
	struct facts *facts = &canary->facts;
	int at = 0;

	while (at < facts->n_releases && canary->numbers[at] != number)
		at++;
	if (is_deleted && at < facts->n_releases)
		canary->numbers[at] = canary->numbers[--facts->n_releases];
	else if (!is_deleted && at == facts->n_releases && at < RELEASES_SEEN_MAX)
		canary->numbers[facts->n_releases++] = number;
}

void learn_release(struct canary *canary, const json_t *object, bool is_deleted)
{
	struct facts *facts = &canary->facts;
	struct release *release = calloc(1, sizeof(*release));
	struct err err = {0};
	bool was_open;

	if (!release)
		abort();
	if (!kube_release_read(object, release, &err)) {
		facts->releases.state = FACT_FAILED;
		facts->releases.failures++;
		fail(canary, &facts->releases,
		     backoff_delay(facts->releases.failures, loop_random(canary->host->seams.loop)),
		     err.text);
		log_event(canary->host->log, LOG_ERROR, "release.unreadable", err.text,
		          LOG_FIELDS({"canary", canary->name},
		                     {"namespace", canary->k8s_namespace}));
	} else if (is_deleted) {
		count(canary, release->number, true);
		lose(facts, release);
	} else {
		learn_before_check(canary, object, release);
		count(canary, release->number, false);
		if (release->number != facts->newest.number)
			pass_on(facts,
			        release->number < facts->newest.number ? release : &facts->newest);
		if (release->number > facts->newest.number ||
		    (strcmp(release->name, facts->newest.name) == 0 &&
		     !learn_slot_is_older(facts->newest.uid, facts->newest.resource_version,
		                          object))) {
			was_open = release_is_open(&facts->newest) &&
			           strcmp(facts->newest.uid, release->uid) == 0;
			facts->newest = *release;
			if (was_open && !release_is_open(release))
				tally_outcome(canary);
			learn_target(canary, object);
			canary_restore(canary, object);
			journal_release(canary, object);
		}
		promote(facts, release);
		/* One Release says nothing of the others: a list that is to be read still is. */
		if (!canary->is_partial &&
		    (facts->releases.state == FACT_KNOWN || facts->releases.state == FACT_ABSENT))
			learn_slot_known(canary, &facts->releases);
	}
	free(release);
}

void learn_releases_begin(struct canary *canary)
{
	struct facts *facts = &canary->facts;

	canary->is_partial = true;
	learn_before_keep(canary);
	facts->n_releases = 0;
	facts->newest = (struct release){0};
	facts->promoted = (struct release_ref){0};
	facts->former = (struct former_fact){0};
	facts->releases.state = FACT_ABSENT;
}

void learn_releases_end(struct canary *canary)
{
	struct facts *facts = &canary->facts;

	canary->is_partial = false;
	learn_before_forget(canary);
	if (facts->newest.name[0] != '\0' && facts->releases.state != FACT_FAILED)
		learn_slot_known(canary, &facts->releases);
}

void learn_releases_anew(struct canary *canary)
{
	learn_releases_begin(canary);
	learn_releases_end(canary);
	canary->facts.releases.state = FACT_UNKNOWN;
}

/* NULL: there is none. */
static void learn_list(struct canary *canary, const json_t *list)
{
	json_t *items = json_object_get(list, "items");
	json_t *item;
	size_t index;

	learn_releases_begin(canary);
	json_array_foreach(items, index, item) learn_release(canary, item, false);
	learn_releases_end(canary);
}

/* Results -------------------------------------------------------------------------------------- */

void learn_doubt(struct canary *canary, enum subject subject)
{
	if (subject == SUBJECT_NONE || subject == SUBJECT_EVENTS || subject == SUBJECT_CHANGE)
		return;
	facts_slot(&canary->facts, subject)->state = FACT_UNKNOWN;
}

/* A newer revision may have clients until it is known to be one, and until it is known whether the
 * promotion before it reached the primary. */
static bool keeps_clients(const struct canary *canary, const struct effect *effect,
                          const struct act_result *result)
{
	if (!release_is_open(&canary->facts.newest))
		return false;
	return effect->kind == EFFECT_COMPARE ||
	       (effect->subject == SUBJECT_PRIMARY &&
	        (effect->kind == EFFECT_OBSERVE || result->outcome == ACT_UNKNOWN));
}

static struct span delay_of(struct canary *canary, const struct effect *effect,
                            const struct act_result *result, int failures)
{
	if (result->retry_after.ms > 0 && !effect->is_retreat)
		return result->retry_after;
	if (result->outcome == ACT_CONFLICT)
		return backoff_conflict(failures);
	if (result->outcome == ACT_UNKNOWN && failures == 1)
		return span_ms(0);
	if (keeps_clients(canary, effect, result))
		return backoff_retreat(failures);
	if (effect->is_retreat)
		return backoff_retreat(failures);
	return backoff_delay(failures, loop_random(canary->host->seams.loop));
}

static void learn_failure(struct canary *canary, const struct effect *effect,
                          const struct act_result *result)
{
	struct fact_slot *slot = facts_slot(&canary->facts, effect->subject);

	slot->failures++;
	fail(canary, slot, delay_of(canary, effect, result, slot->failures), result->text);
	slot->is_forward = !effect->is_retreat;
	/* What an undo wanted to bring back may be gone. */
	if (effect->earlier[0] != '\0')
		canary->facts.earlier.slot.state = FACT_UNKNOWN;
	if (effect->kind == EFFECT_OBSERVE)
		slot->state = FACT_FAILED;
	else if (result->outcome == ACT_CONFLICT || result->outcome == ACT_UNKNOWN)
		learn_doubt(canary, effect->subject);
	learn_config_failure(canary, effect);
}

/* The reply's object is the newest observation. */
static void learn_reply(struct canary *canary, const struct effect *effect,
                        const struct act_result *result)
{
	for (size_t i = 0; i < TRAFFIC_BESIDE_MAX; i++) {
		if (result->beside[i])
			learn_beside(canary, i, result->beside[i]);
	}
	if (effect->subject == SUBJECT_FORMER_SCALER) {
		learn_scaler_left(canary);
		return;
	}
	/* Without an object there is none; with one it was given back. */
	if (effect->kind == EFFECT_REMOVE || effect->kind == EFFECT_RESTORE) {
		learn_object(canary, effect->subject, result->object);
		return;
	}
	if (effect->kind == EFFECT_REMOVE_RELEASES) {
		/* All of them: the watch, which may be late, need not say so first. */
		if (effect->number <= 0)
			learn_list(canary, NULL);
		else
			canary->facts.releases.state = FACT_UNKNOWN;
		return;
	}
	if (effect->subject == SUBJECT_CONFIGS)
		learn_config(canary, &result->configs);
	if (!result->object)
		return;
	if (effect->subject == SUBJECT_ACTION)
		learn_action_reply(canary, effect, result->object);
	else if (effect->subject == SUBJECT_EARLIER)
		learn_action_earlier(canary, effect, result->object);
	else if (effect->subject == SUBJECT_RELEASES && effect->kind == EFFECT_OBSERVE)
		learn_list(canary, result->object);
	else if (effect->subject == SUBJECT_RELEASES)
		learn_release(canary, result->object, false);
	else
		learn_object(canary, effect->subject, result->object);
}

static void learn_success(struct canary *canary, const struct effect *effect,
                          const struct act_result *result)
{
	struct facts *facts = &canary->facts;

	if (effect->kind != EFFECT_OBSERVE)
		facts_slot(facts, effect->subject)->failures = 0;
	switch (effect->kind) {
	case EFFECT_COMPARE:
		facts->change = result->change;
		facts->change.slot = (struct fact_slot){.state = FACT_KNOWN};
		/* The target changed meanwhile, and its watch is late. */
		if (strcmp(result->change.digest, effect->digest) != 0)
			learn_doubt(canary, SUBJECT_TARGET);
		return;
	case EFFECT_NOTIFY:
		if (effect->notice.id < 0)
			facts->warned_generation = -effect->notice.id;
		if (strcmp(effect->release_uid, facts->newest.uid) != 0)
			return;
		text_copy(facts->notices_release, effect->release_uid);
		facts->notices_delivered = effect->notice.id;
		return;
	case EFFECT_WRITE_FINALIZER:
		facts->has_finalizer = effect->number != 0;
		break;
	case EFFECT_NONE:
	case EFFECT_OBSERVE:
	case EFFECT_MEASURE:
	case EFFECT_MEASURE_SHARE:
	case EFFECT_CREATE_RELEASE:
	case EFFECT_SAVE_RELEASE:
	case EFFECT_WRITE_SERVICE:
	case EFFECT_WRITE_ROUTE:
	case EFFECT_CREATE_PRIMARY:
	case EFFECT_WRITE_PRIMARY:
	case EFFECT_TAKE_PRIMARY:
	case EFFECT_SCALE:
	case EFFECT_WRITE_SCALER:
	case EFFECT_WRITE_MIRROR:
	case EFFECT_ASK_HOOK:
	case EFFECT_TELL_HOOK:
	case EFFECT_ALERT:
	case EFFECT_REMOVE:
	case EFFECT_RESTORE:
	case EFFECT_REMOVE_RELEASES:
	case EFFECT_FIND_RELEASE:
	case EFFECT_ANSWER:
		break;
	}
	learn_reply(canary, effect, result);
}

/* A measurement always has an answer: what failed was not measured. */
static void learn_sample(struct canary *canary, const struct effect *effect,
                         const struct act_result *result)
{
	struct sample_fact *sample = effect->kind == EFFECT_MEASURE
	                                     ? &canary->facts.samples[effect->index]
	                                     : &canary->facts.share;

	*sample = result->sample;
	sample->check = effect->check;
	if (effect->kind == EFFECT_MEASURE) {
		tally_sample(canary, effect->index);
		tally_check(canary, effect->check);
	}
	if (sample->kind == SAMPLE_NONE) {
		sample->kind = SAMPLE_ERROR;
		text_copy(sample->text, result->text);
	}
}

/* What was asked about is not there. */
static void learn_absence(struct canary *canary, const struct effect *effect,
                          const struct act_result *result)
{
	if (effect->subject == SUBJECT_ACTION) {
		learn_action_reply(canary, effect, NULL);
		return;
	}
	if (effect->subject == SUBJECT_EARLIER) {
		learn_action_earlier(canary, effect, NULL);
		return;
	}
	if (effect->subject == SUBJECT_RELEASES)
		learn_doubt(canary, effect->subject);
	else if (effect->subject == SUBJECT_CONFIGS) /* the target was read first */
		learn_object(canary, SUBJECT_TARGET, NULL);
	else
		learn_object(canary, effect->subject, NULL);
	if (effect->kind != EFFECT_OBSERVE)
		learn_failure(canary, effect, result);
}

void learn_result(struct canary *canary, const struct effect *effect,
                  const struct act_result *result)
{
	if (effect->kind == EFFECT_MEASURE || effect->kind == EFFECT_MEASURE_SHARE) {
		learn_sample(canary, effect, result);
		return;
	}
	if (learn_hook_result(canary, effect, result) || learn_alert_result(canary, effect, result))
		return;
	if (effect->kind == EFFECT_OBSERVE &&
	    (result->outcome == ACT_OK || result->outcome == ACT_ABSENT))
		facts_slot(&canary->facts, effect->subject)->read_at = canary_now(canary);
	switch (result->outcome) {
	case ACT_OK:
		learn_success(canary, effect, result);
		return;
	case ACT_ABSENT:
		learn_absence(canary, effect, result);
		return;
	case ACT_CONFLICT:
	case ACT_UNKNOWN:
	case ACT_FAILED:
	case ACT_NONE:
		learn_failure(canary, effect, result);
		return;
	}
}

#include "agent/learn.h"

#include "agent/log.h"
#include "agent/poison.h"
#include "agent/tally.h"
#include "analysis/backoff.h"
#include "analysis/base/text.h"
#include "providers/kube/list.h"
#include "providers/kube/release.h"
#include "providers/kube/service.h"
#include "providers/kube/workload.h"
#include "providers/traffic.h"

#include <stdlib.h>
#include <string.h>

/* Failures of an item are forgotten when it was well for so long. */
#define FORGIVEN_MS 60000

/* A Service is read again so long after it was seen before the label of the pods. */
#define LABEL_MS 1000

static const char *version_of(const json_t *object)
{
	const char *version = json_string_value(
		json_object_get(json_object_get(object, "metadata"), "resourceVersion"));

	return version ? version : "";
}

static const char *uid_of(const json_t *object)
{
	const char *uid =
		json_string_value(json_object_get(json_object_get(object, "metadata"), "uid"));

	return uid ? uid : "";
}

/* VERSION of the object UID is older than what is known of the same object. */
static bool is_older(const char *known_uid, const char *known_version, const json_t *object)
{
	if (known_version[0] == '\0' || strcmp(known_uid, uid_of(object)) != 0)
		return false;
	return strtoull(version_of(object), NULL, 10) < strtoull(known_version, NULL, 10);
}

static void known(struct canary *canary, struct fact_slot *slot)
{
	struct instant now = canary_now(canary);

	slot->state = FACT_KNOWN;
	slot->error[0] = '\0';
	if (slot->failures > 0 && instant_between(slot->retry_at, now).ms > FORGIVEN_MS)
		slot->failures = 0;
}

/* The next effect on the subject waits for DELAY. */
static void fail(struct canary *canary, struct fact_slot *slot, struct span delay, const char *text)
{
	slot->is_forward = true;
	slot->retry_at = instant_after(canary_now(canary), delay);
	text_copy(slot->error, text);
}

/* The object that was known is gone. */
static void bury(struct fact_slot *slot, const char *uid)
{
	slot->state = FACT_ABSENT;
	if (uid[0] != '\0')
		text_copy(slot->gone_uid, uid);
}

/*
 * OBJECT was seen to be gone: what speaks of it now, the reply of a write that its deletion
 * overtook, is older. Once it is read again, since an etcd restore brings objects back.
 */
static bool is_gone(struct fact_slot *slot, const json_t *object)
{
	if (slot->gone_uid[0] == '\0' || strcmp(slot->gone_uid, uid_of(object)) != 0)
		return false;
	slot->gone_uid[0] = '\0';
	slot->state = FACT_UNKNOWN;
	return true;
}

/* Deployments ---------------------------------------------------------------------------------- */

static void ask_anew(struct fact_slot *slot)
{
	slot->state = FACT_UNKNOWN;
	slot->failures = 0;
}

/* The label that tells the canary's pods from the primary's; Services must be compared anew when it
 * changes. While the target was not seen, the primary tells it. */
static void learn_label(struct canary *canary, const json_t *object, bool is_target)
{
	struct canary_world *world = &canary->edition->world;
	struct facts *facts = &canary->facts;
	char trimmed[sizeof(world->label_value)];
	const char *label;
	const char *value;
	struct err err = {0};

	if (!is_target && world->label[0] != '\0')
		return;
	if (!kube_workload_label(object, canary->host->options, &label, &value, &err))
		return; /* the target is refused, kube_workload_read says why */
	if (!is_target && !kube_workload_trim(value, trimmed, sizeof(trimmed)))
		return;
	value = is_target ? value : trimmed;
	if (strcmp(world->label, label) == 0 && strcmp(world->label_value, value) == 0)
		return;
	text_copy(world->label, label);
	text_copy(world->label_value, value);
	ask_anew(&facts->apex.slot);
	ask_anew(&facts->primary_service.slot);
	ask_anew(&facts->canary_service.slot);
}

/* Services with discovered ports are compared with the target's containers. */
static void learn_template(struct canary *canary, const json_t *object)
{
	struct canary_edition *edition = canary->edition;
	json_t *template = json_object_get(json_object_get(object, "spec"), "template");

	if (!kube_service_needs_template(&edition->world) ||
	    json_equal(template, edition->target_template))
		return;
	json_decref(edition->target_template);
	edition->target_template = json_deep_copy(template);
	edition->world.target_template = edition->target_template;
	canary->facts.apex.slot.state = FACT_UNKNOWN;
	canary->facts.primary_service.slot.state = FACT_UNKNOWN;
	canary->facts.canary_service.slot.state = FACT_UNKNOWN;
}

static void learn_workload(struct canary *canary, enum subject subject, const json_t *object)
{
	bool is_target = subject == SUBJECT_TARGET;
	struct workload_fact *workload = is_target ? &canary->facts.target : &canary->facts.primary;
	struct instant since = workload->ready_since;

	if (!object) {
		bury(&workload->slot, workload->uid);
		*workload = (struct workload_fact){.slot = workload->slot};
		return;
	}
	if (is_gone(&workload->slot, object) ||
	    is_older(workload->uid, workload->resource_version, object))
		return;
	learn_label(canary, object, is_target);
	if (is_target)
		learn_template(canary, object);
	kube_workload_read(object, canary->host->options, is_target, workload);
	if (workload->ready > 0)
		workload->ready_since = instant_is_set(since) ? since : canary_now(canary);
	known(canary, &workload->slot);
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
		bury(&service->slot, service->uid);
		*service = (struct service_fact){.slot = service->slot};
		return;
	}
	if (is_gone(&service->slot, object) ||
	    is_older(service->uid, service->resource_version, object))
		return;
	kube_service_read(object, &canary->edition->world, subject, service);
	if (!instant_is_set(before.since) || before.backend != service->backend)
		service->since = canary_now(canary);
	/* Before the label is known nothing can be said of a selector: it is read again then, or
	 * after a while. But a target that is not there, or shows no label, is not waited for. */
	if (canary->edition->world.label[0] != '\0' ||
	    canary->facts.target.slot.state != FACT_UNKNOWN)
		known(canary, &service->slot);
	else
		wait_for_label(canary, &service->slot);
}

/* The route ------------------------------------------------------------------------------------ */

/* What providers compare and write of a traffic object, without what changes for other reasons. */
static json_t *part_of(const json_t *object)
{
	json_t *metadata = json_object_get(object, "metadata");

	return json_pack("{s:{s:o*, s:o*, s:o*, s:o*, s:o*}, s:o*}", "metadata", "name",
	                 json_deep_copy(json_object_get(metadata, "name")), "uid",
	                 json_deep_copy(json_object_get(metadata, "uid")), "labels",
	                 json_deep_copy(json_object_get(metadata, "labels")), "annotations",
	                 json_deep_copy(json_object_get(metadata, "annotations")),
	                 "ownerReferences",
	                 json_deep_copy(json_object_get(metadata, "ownerReferences")), "spec",
	                 json_deep_copy(json_object_get(object, "spec")));
}

static void keep_route(struct canary_edition *edition, json_t *part)
{
	json_decref(edition->route);
	edition->route = part;
	edition->world.route_object = part;
}

static void learn_route(struct canary *canary, const json_t *object)
{
	struct route_fact *route = &canary->facts.route;
	struct route_fact before = *route;

	if (!canary->edition->spec.route.weighs)
		return;
	if (!object) {
		bury(&route->slot, route->uid);
		*route = (struct route_fact){.slot = route->slot};
		keep_route(canary->edition, NULL);
		return;
	}
	if (is_gone(&route->slot, object) || is_older(route->uid, route->resource_version, object))
		return;
	if (canary->edition->world.traffic->keeps_route)
		keep_route(canary->edition, part_of(object));
	canary->edition->world.traffic->read(object, &canary->edition->world, route);
	if (!instant_is_set(before.since) || before.weight != route->weight ||
	    before.is_mirrored != route->is_mirrored ||
	    (before.pending[0] != '\0' && route->pending[0] == '\0')) {
		route->since = canary_now(canary);
		canary->edition->world.weight_since =
			instant_after(route->since, canary->edition->spec.route.hold);
	}
	known(canary, &route->slot);
}

/* What the route says is compared with the objects beside it. */
static void take_beside(struct canary *canary, size_t index, const json_t *object)
{
	struct canary_edition *edition = canary->edition;
	struct canary_world *world = &edition->world;
	json_t *part;

	if (object && json_is_object(edition->beside[index]) &&
	    is_older(uid_of(edition->beside[index]), world->beside_versions[index], object))
		return;
	text_copy(world->beside_versions[index], object ? version_of(object) : "");
	part = object ? part_of(object) : json_null();
	if (json_equal(part, edition->beside[index])) {
		json_decref(part);
		return;
	}
	json_decref(edition->beside[index]);
	edition->beside[index] = part;
	world->beside[index] = part;
	canary->facts.route.slot.state = FACT_UNKNOWN;
}

void learn_beside(struct canary *canary, size_t index, const json_t *object)
{
	if (!canary->edition || !canary->facts.has_spec)
		return;
	poison_enter(canary->host->poison, canary->k8s_namespace, canary->name);
	take_beside(canary, index, json_is_object(object) ? object : NULL);
	poison_leave(canary->host->poison);
}

void learn_object(struct canary *canary, enum subject subject, const json_t *object)
{
	if (!canary->edition || !canary->facts.has_spec)
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
		learn_route(canary, object);
		break;
	case SUBJECT_CANARY:
		/* A reply that the deletion overtook does not bring the Canary back. */
		if (object && (!canary->facts.is_deleted ||
		               strcmp(canary->facts.canary_uid, uid_of(object)) != 0))
			canary_see(canary, object);
		else if (!object) /* the watch will say so, or has */
			canary->facts.canary.state = FACT_ABSENT;
		break;
	case SUBJECT_NONE:
	case SUBJECT_RELEASES:
	case SUBJECT_CHANGE:
	case SUBJECT_EVENTS:
	case SUBJECT_MAX:
		break;
	}
	poison_leave(canary->host->poison);
}

/* Releases ------------------------------------------------------------------------------------- */

static void promote(struct facts *facts, const struct release *release)
{
	if (!release_is_promoted(release) || release->number < facts->promoted.number)
		return;
	text_copy(facts->promoted.name, release->name);
	text_copy(facts->promoted.uid, release->uid);
	text_copy(facts->promoted.digest, release->digest);
	facts->promoted.number = release->number;
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
	const char *name = json_string_value(json_object_get(
		json_object_get(json_object_get(object, "spec"), "target"), "name"));

	text_copy(canary->released_target, name ? name : "");
	if (name && canary->facts.has_spec && !release_is_open(&canary->facts.newest) &&
	    strcmp(canary->edition->spec.target, name) != 0)
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
		count(canary, release->number, false);
		if (release->number > facts->newest.number ||
		    (strcmp(release->name, facts->newest.name) == 0 &&
		     !is_older(facts->newest.uid, facts->newest.resource_version, object))) {
			was_open = release_is_open(&facts->newest) &&
			           strcmp(facts->newest.uid, release->uid) == 0;
			facts->newest = *release;
			if (was_open && !release_is_open(release))
				tally_outcome(canary);
			learn_target(canary, object);
			canary_restore(canary, object);
		}
		promote(facts, release);
		/* One Release says nothing of the others: a list that is to be read still is. */
		if (!canary->is_partial &&
		    (facts->releases.state == FACT_KNOWN || facts->releases.state == FACT_ABSENT))
			known(canary, &facts->releases);
	}
	free(release);
}

void learn_releases_begin(struct canary *canary)
{
	struct facts *facts = &canary->facts;

	canary->is_partial = true;
	facts->n_releases = 0;
	facts->newest = (struct release){0};
	facts->promoted = (struct release_ref){0};
	facts->releases.state = FACT_ABSENT;
}

void learn_releases_end(struct canary *canary)
{
	struct facts *facts = &canary->facts;

	canary->is_partial = false;
	if (facts->newest.name[0] != '\0' && facts->releases.state != FACT_FAILED)
		known(canary, &facts->releases);
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

void learn_forget_version(struct canary *canary, enum subject subject)
{
	struct facts *facts = &canary->facts;

	switch (subject) {
	case SUBJECT_TARGET:
		facts->target.resource_version[0] = '\0';
		return;
	case SUBJECT_PRIMARY:
		facts->primary.resource_version[0] = '\0';
		return;
	case SUBJECT_APEX:
	case SUBJECT_PRIMARY_SERVICE:
	case SUBJECT_CANARY_SERVICE:
		service_of(facts, subject)->resource_version[0] = '\0';
		return;
	case SUBJECT_ROUTE:
		facts->route.resource_version[0] = '\0';
		return;
	case SUBJECT_NONE:
		for (size_t i = 0; i < TRAFFIC_BESIDE_MAX && canary->edition; i++)
			canary->edition->world.beside_versions[i][0] = '\0';
		return;
	case SUBJECT_CANARY:
	case SUBJECT_RELEASES:
	case SUBJECT_CHANGE:
	case SUBJECT_EVENTS:
	case SUBJECT_MAX:
		return;
	}
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
	if (effect->kind == EFFECT_OBSERVE)
		slot->state = FACT_FAILED;
	else if (result->outcome == ACT_CONFLICT || result->outcome == ACT_UNKNOWN)
		learn_doubt(canary, effect->subject);
}

/* The reply's object is the newest observation. */
static void learn_reply(struct canary *canary, const struct effect *effect,
                        const struct act_result *result)
{
	if (effect->kind == EFFECT_REMOVE) {
		learn_object(canary, effect->subject, NULL);
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
	for (size_t i = 0; i < TRAFFIC_BESIDE_MAX; i++) {
		if (result->beside[i])
			learn_beside(canary, i, result->beside[i]);
	}
	if (!result->object)
		return;
	if (effect->subject == SUBJECT_RELEASES && effect->kind == EFFECT_OBSERVE)
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
	case EFFECT_SCALE:
	case EFFECT_WRITE_MIRROR:
	case EFFECT_ASK_HOOK:
	case EFFECT_TELL_HOOK:
	case EFFECT_ALERT:
	case EFFECT_REMOVE:
	case EFFECT_RESTORE:
	case EFFECT_REMOVE_RELEASES:
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

static bool is_hook(const struct effect *effect)
{
	return effect->kind == EFFECT_ASK_HOOK || effect->kind == EFFECT_TELL_HOOK;
}

/* A hook always has an answer: one that could not be called said no. */
static void learn_hook(struct canary *canary, const struct effect *effect,
                       const struct act_result *result)
{
	struct facts *facts = &canary->facts;
	struct hook_fact *fact = &facts->hooks[effect->index];
	bool is_pass = result->outcome == ACT_OK && result->hook == HOOK_PASS;
	struct instant refused =
		fact->question == effect->question ? fact->refused : (struct instant){0};

	if (effect->kind == EFFECT_TELL_HOOK) {
		text_copy(facts->hooks_release, effect->release_uid);
		facts->hooks_told = effect->notice.id;
		facts->hooks_next = effect->index + 1;
		facts->is_hook_deaf = !is_pass;
		return;
	}
	*fact = (struct hook_fact){
		.question = effect->question,
		.check = effect->check,
		.refused = is_pass ? refused : canary_now(canary),
		.result = is_pass ? HOOK_PASS : HOOK_FAIL,
	};
	text_copy(fact->text, result->text);
}

/* What is known of that receiver; a new one takes the place of none, or of one that is no more. */
static struct alert_fact *alert_of(struct facts *facts, const struct effect *effect)
{
	size_t at = 0;

	if (strcmp(facts->alerts_release, effect->release_uid) != 0) {
		text_copy(facts->alerts_release, effect->release_uid);
		memset(facts->alerts, 0, sizeof(facts->alerts));
	}
	while (at < SPEC_ALERTS_MAX && facts->alerts[at].receiver != effect->question &&
	       facts->alerts[at].receiver != 0)
		at++;
	return &facts->alerts[at < SPEC_ALERTS_MAX ? at : effect->index];
}

/* An alert that could not be told was given up. */
static void learn_alert(struct canary *canary, const struct effect *effect,
                        const struct act_result *result)
{
	struct alert_fact *fact = alert_of(&canary->facts, effect);

	if (fact->receiver != effect->question)
		*fact = (struct alert_fact){.receiver = effect->question};
	fact->told = effect->notice.id;
	fact->is_deaf = result->outcome != ACT_OK;
	if (!fact->is_deaf)
		return;
	fact->failed = effect->notice.id;
	text_copy(fact->text, result->text);
}

void learn_result(struct canary *canary, const struct effect *effect,
                  const struct act_result *result)
{
	if (effect->kind == EFFECT_MEASURE || effect->kind == EFFECT_MEASURE_SHARE) {
		learn_sample(canary, effect, result);
		return;
	}
	if (is_hook(effect)) {
		learn_hook(canary, effect, result);
		return;
	}
	if (effect->kind == EFFECT_ALERT) {
		learn_alert(canary, effect, result);
		return;
	}
	if (effect->kind == EFFECT_OBSERVE &&
	    (result->outcome == ACT_OK || result->outcome == ACT_ABSENT))
		facts_slot(&canary->facts, effect->subject)->read_at = canary_now(canary);
	switch (result->outcome) {
	case ACT_OK:
		learn_success(canary, effect, result);
		return;
	case ACT_ABSENT:
		if (effect->subject == SUBJECT_RELEASES)
			learn_doubt(canary, effect->subject);
		else
			learn_object(canary, effect->subject, NULL);
		if (effect->kind != EFFECT_OBSERVE)
			learn_failure(canary, effect, result);
		return;
	case ACT_CONFLICT:
	case ACT_UNKNOWN:
	case ACT_FAILED:
	case ACT_NONE:
		learn_failure(canary, effect, result);
		return;
	}
}

#include "agent/canary.h"

#include "agent/history.h"
#include "agent/learn_scaler.h"
#include "agent/learn_slot.h"
#include "agent/log.h"
#include "agent/poison.h"
#include "agent/tick.h"
#include "analysis/base/text.h"
#include "analysis/target.h"
#include "providers/kube/canary.h"
#include "providers/traffic.h"
#include "providers/wire/digest.h"

#include <stdlib.h>
#include <string.h>

#define JUMP_MS 1000 /* a wall clock that is corrected by less did not jump */

static struct canary_edition *edition_free(struct canary_edition *edition)
{
	if (!edition)
		return NULL;
	json_decref(edition->object);
	json_decref(edition->target_template);
	json_decref(edition->scaler);
	for (size_t i = 0; i < TRAFFIC_BESIDE_MAX; i++)
		json_decref(edition->beside[i]);
	json_decref(edition->route);
	free(edition->journal);
	arena_fini(&edition->arena);
	free(edition);
	return NULL;
}

static struct canary_edition *edition_new(const struct canary *canary, json_t *object)
{
	struct canary_edition *edition = calloc(1, sizeof(*edition));

	if (!edition)
		abort();
	edition->object = object;
	edition->spec.name = canary->name;
	edition->spec.k8s_namespace = canary->k8s_namespace;
	edition->world.options = canary->host->options;
	edition->world.spec = &edition->spec;
	edition->world.object = object;
	text_copy(edition->world.uid, canary->facts.canary_uid);
	return edition;
}

/* Read a Canary whole; NULL when it is not valid. */
static struct canary_edition *edition_read(const struct canary *canary, const json_t *object,
                                           struct err *err)
{
	struct canary_edition *edition = edition_new(canary, json_deep_copy(object));
	struct kube_canary read;
	char digest[DIGEST_TEXT_SIZE];
	char *service;

	if (!kube_canary_read(edition->object, canary->host->options, &edition->arena, &read, err))
		return edition_free(edition);
	edition->world.traffic = traffic_find(read.spec.provider, err);
	if (!edition->world.traffic)
		return edition_free(edition);
	edition->spec = read.spec;
	text_copy(edition->world.apex, read.apex);
	text_copy(edition->world.primary_service, read.primary_service);
	text_copy(edition->world.canary_service, read.canary_service);
	edition->world.ingress = read.ingress;
	edition->world.ingress_clone = read.ingress_clone;
	service = json_dumps(json_object_get(json_object_get(object, "spec"), "service"),
	                     JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	text_format(edition->identity, sizeof(edition->identity), "%s|%s|%s|%s|%s|%s",
	            target_kind_name(read.spec.target_kind), read.spec.target, read.spec.provider,
	            read.ingress ? read.ingress : "", read.ingress_clone ? read.ingress_clone : "",
	            digest_text(service ? service : "", digest));
	free(service);
	for (size_t i = 0; i < read.n_warnings; i++) {
		size_t used = strlen(edition->warning);

		text_format(edition->warning + used, sizeof(edition->warning) - used, "%s%s",
		            used ? "; " : "", read.warnings[i]);
		log_event(canary->host->log, LOG_WARNING, "canary.warning", read.warnings[i],
		          LOG_FIELDS({"canary", canary->name},
		                     {"namespace", canary->k8s_namespace}));
	}
	return edition;
}

static void on_think(struct alarm *alarm)
{
	tick_think(container_of(alarm, struct canary, think));
}

static void on_gate(struct alarm *alarm)
{
	tick_release(container_of(alarm, struct canary, gate), NULL);
}

struct canary *canary_new(const struct canary_host *host, const char *k8s_namespace,
                          const char *name)
{
	struct canary *canary = calloc(1, sizeof(*canary));

	if (!canary)
		abort();
	canary->host = host;
	text_copy(canary->k8s_namespace, k8s_namespace);
	text_copy(canary->name, name);
	canary->think.ring = on_think;
	canary->gate.ring = on_gate;
	canary->clock = loop_now(host->seams.loop).ms - loop_uptime(host->seams.loop).ms;
	canary->facts.is_quarantined = poison_is_quarantined(host->poison, k8s_namespace, name);
	return canary;
}

static void shift(struct instant *instant, struct span by)
{
	if (instant_is_set(*instant))
		*instant = instant_after(*instant, by);
}

/* The clock jumped. When something was asked for is not carried over: a deadline that is over by
 * the new time is decided on what is asked for now. */
static void shift_facts(struct canary *canary, struct span by)
{
	struct facts *facts = &canary->facts;

	for (enum subject subject = SUBJECT_CANARY; subject < SUBJECT_MAX; subject++) {
		shift(&facts_slot(facts, subject)->retry_at, by);
		facts_slot(facts, subject)->read_at = (struct instant){0};
	}
	shift(&facts->route.since, by);
	shift(&facts->route.rival.last, by);
	shift(&facts->target.ready_since, by);
	shift(&facts->primary.ready_since, by);
	shift(&facts->apex.since, by);
	shift(&facts->primary_service.since, by);
	shift(&facts->canary_service.since, by);
	for (size_t i = 0; i < SPEC_HOOKS_MAX; i++)
		shift(&facts->hooks[i].refused, by);
}

struct instant canary_now(struct canary *canary)
{
	struct loop *loop = canary->host->seams.loop;
	struct instant now = loop_now(loop);
	int64_t clock = now.ms - loop_uptime(loop).ms;
	int64_t jump = clock - canary->clock;

	if (jump > -JUMP_MS && jump < JUMP_MS)
		return now;
	shift_facts(canary, span_ms(jump));
	canary->clock = clock;
	return now;
}

static void cancel_flights(struct canary *canary)
{
	for (size_t i = 0; i < canary->n_flights; i++)
		flight_free(canary->flights[i]);
	canary->n_flights = 0;
}

struct canary *canary_free(struct canary *canary)
{
	if (!canary)
		return NULL;
	cancel_flights(canary);
	alarm_cancel(&canary->think);
	alarm_cancel(&canary->gate);
	history_forget(canary->host->history, canary);
	wishes_clear(&canary->wishes);
	json_decref(canary->rival_edit);
	json_decref(canary->made);
	json_decref(canary->config_refs);
	history_facts_base_fini(&canary->facts_base);
	free(canary->before);
	edition_free(canary->edition);
	edition_free(canary->pending);
	free(canary);
	return NULL;
}

void canary_stir(struct canary *canary)
{
	alarm_start(canary->host->seams.loop, &canary->think, span_ms(0));
}

void canary_rest(struct canary *canary)
{
	cancel_flights(canary);
	alarm_cancel(&canary->think);
	alarm_cancel(&canary->gate);
	history_forget(canary->host->history, canary);
	memset(canary->facts.samples, 0, sizeof(canary->facts.samples));
	memset(&canary->facts.share, 0, sizeof(canary->facts.share));
	memset(canary->facts.hooks, 0, sizeof(canary->facts.hooks));
	canary->wish = (struct route_wish){0}; /* from now on another agent says what it is to be */
}

void canary_settle_writes(struct canary *canary)
{
	size_t kept = 0;

	for (size_t i = 0; i < canary->n_flights; i++) {
		if (flight_has_written(canary->flights[i]))
			canary->flights[kept++] = canary->flights[i];
		else
			flight_free(canary->flights[i]);
	}
	canary->n_flights = kept;
}

/* Nothing is known of the objects that the edition names. */
static void forget_world(struct canary *canary)
{
	struct facts *facts = &canary->facts;

	facts->target = (struct workload_fact){0};
	facts->primary = (struct workload_fact){0};
	facts->apex = (struct service_fact){0};
	facts->primary_service = (struct service_fact){0};
	facts->canary_service = (struct service_fact){0};
	facts->route = (struct route_fact){0};
	facts->scaler = (struct scaler_fact){0};
	facts->primary_scaler = (struct scaler_fact){0};
	canary->wish = (struct route_wish){0};
	facts->configs = (struct config_fact){0};
}

/* What is known of the objects beside the route, and of the route, stays known. */
static void hand_over(struct canary_edition *from, struct canary_edition *to)
{
	for (size_t i = 0; i < TRAFFIC_BESIDE_MAX; i++) {
		to->beside[i] = json_incref(from->beside[i]);
		to->world.beside[i] = to->beside[i];
		text_copy(to->world.beside_versions[i], from->world.beside_versions[i]);
	}
	to->scaler = json_incref(from->scaler);
	to->world.scaler_object = to->scaler;
	to->route = json_incref(from->route);
	to->world.route_object = to->world.traffic->keeps_route ? to->route : NULL;
}

/* What is under way speaks of another edition. Only what flight_leave names is waited for. */
static void leave_flights(struct canary *canary)
{
	size_t kept = 0;

	for (size_t i = 0; i < canary->n_flights; i++) {
		if (flight_leave(canary->flights[i]))
			canary->flights[kept++] = canary->flights[i];
		else
			flight_free(canary->flights[i]);
	}
	canary->n_flights = kept;
}

bool canary_is_left(const struct canary *canary)
{
	for (size_t i = 0; i < canary->n_flights; i++) {
		if (flight_is_left(canary->flights[i]))
			return true;
	}
	return false;
}

/* Put an edition in force. What is under way speaks of the old one and ends; a write that left is
 * read again. */
static void enforce(struct canary *canary, struct canary_edition *edition)
{
	struct canary_edition *old = canary->edition;
	bool is_moved =
		!old || !canary->facts.has_spec || strcmp(old->identity, edition->identity) != 0;

	for (size_t i = 0; i < canary->n_flights; i++) {
		if (flight_has_written(canary->flights[i]))
			facts_slot(&canary->facts, flight_effect(canary->flights[i])->subject)
				->state = FACT_UNKNOWN;
	}
	leave_flights(canary);
	memset(canary->facts.samples, 0, sizeof(canary->facts.samples));
	canary->edition = edition;
	canary->facts.has_spec = edition->identity[0] != '\0';
	canary->facts.is_moved = false;
	if (is_moved) {
		forget_world(canary);
	} else {
		text_copy(edition->world.label, old->world.label);
		text_copy(edition->world.label_value, old->world.label_value);
		hand_over(old, edition);
		canary->facts.primary_service.slot.state = FACT_UNKNOWN;
		canary->facts.canary_service.slot.state = FACT_UNKNOWN;
		canary->facts.apex.slot.state = FACT_UNKNOWN;
		canary->facts.route.slot.state = FACT_UNKNOWN;
		canary->facts.scaler.slot.state = FACT_UNKNOWN;
		canary->facts.primary_scaler.slot.state = FACT_UNKNOWN;
	}
	if (!edition->spec.route.weighs && canary->facts.has_spec) {
		canary->facts.route.slot.state = FACT_KNOWN;
		canary->facts.route.is_exact = true;
	}
	if (old)
		learn_scaler_edit(canary, old);
	edition_free(old);
	canary->host->bind(canary->host->fleet, canary);
}

/* A metric, or a hook that the check fails by; a gate waits for people, and is asked anew. */
static bool is_of_check(const struct canary *canary, const struct effect *effect)
{
	const struct canary_spec *spec = &canary->edition->spec;

	return effect->kind == EFFECT_MEASURE ||
	       (effect->kind == EFFECT_ASK_HOOK && effect->index < spec->n_hooks &&
	        spec->hooks[effect->index].type == HOOK_ROLLOUT);
}

/* A check is under way: some of its answers are here or on their way. */
static bool is_checking(const struct canary *canary)
{
	const struct release *newest = &canary->facts.newest;
	struct instant check = newest->status.times.next_check_at;

	if (!release_is_open(newest) || (newest->status.phase != PHASE_PROGRESSING &&
	                                 newest->status.phase != PHASE_WAITING_PROMOTION))
		return false;
	for (size_t i = 0; i < canary->n_flights; i++) {
		if (is_of_check(canary, flight_effect(canary->flights[i])))
			return true;
	}
	return instant_is_set(check) && canary->facts.samples[0].check.ms == check.ms;
}

bool canary_is_released(const struct canary *canary, const struct canary_spec *spec)
{
	return canary->released_target[0] == '\0' ||
	       (strcmp(canary->released_target, spec->target) == 0 &&
	        canary->released_kind == spec->target_kind);
}

void canary_refuse_target(struct canary *canary)
{
	const struct canary_edition *edition = canary->pending ? canary->pending : canary->edition;
	const struct canary_spec *spec = &edition->spec;
	bool is_other_kind = spec->target_kind != canary->released_kind;

	text_format(canary->facts.refusal, sizeof(canary->facts.refusal),
	            "spec.targetRef.%s: expected \"%.100s\", which the Releases are of, got "
	            "\"%.100s\": make another Canary for another target",
	            is_other_kind ? "kind" : "name",
	            is_other_kind ? target_kind_name(canary->released_kind)
	                          : canary->released_target,
	            is_other_kind ? target_kind_name(spec->target_kind) : spec->target);
	text_copy(canary->facts.refusal_reason, "InvalidSpec");
	if (!canary->pending)
		canary->facts.has_spec = false;
	canary->pending = edition_free(canary->pending);
	canary->facts.is_moved = false;
}

void canary_settle(struct canary *canary)
{
	struct canary_edition *edition = canary->pending;
	bool is_moving;

	if (!edition)
		return;
	if (!canary_is_released(canary, &edition->spec) &&
	    !release_is_open(&canary->facts.newest)) {
		canary_refuse_target(canary);
		return;
	}
	is_moving =
		canary->facts.has_spec && strcmp(canary->edition->identity, edition->identity) != 0;
	if (is_moving && release_is_open(&canary->facts.newest)) {
		canary->facts.is_moved = true;
		return;
	}
	if (is_checking(canary))
		return;
	canary->pending = NULL;
	enforce(canary, edition);
}

/* The live spec is refused: say so, and go on under the last valid one. */
static void refuse(struct canary *canary, const json_t *object, const struct err *err)
{
	text_copy(canary->facts.refusal, err->text);
	canary->facts.warning[0] = '\0';
	text_copy(canary->facts.refusal_reason, "InvalidSpec");
	canary->pending = edition_free(canary->pending);
	canary->facts.is_moved = false;
	if (!canary->edition)
		canary->edition = edition_new(canary, json_deep_copy(object));
}

/* A spec that was changed may try again, quarantined or not. */
static void notice_generation(struct canary *canary, int64_t generation)
{
	if (canary->facts.canary_generation != 0 && canary->facts.canary_generation != generation &&
	    canary->facts.is_quarantined) {
		poison_pardon(canary->host->poison, canary->k8s_namespace, canary->name);
		canary->facts.is_quarantined = false;
	}
	canary->facts.canary_generation = generation;
}

void canary_see(struct canary *canary, const json_t *object)
{
	struct facts *facts = &canary->facts;
	struct arena arena = {0};
	struct kube_canary_head head;
	struct canary_edition *edition;
	struct err err = {0};
	bool is_same;

	/* A reply that the watch overtook says what was. */
	if (learn_slot_is_older(facts->canary_uid, canary->seen_version, object))
		return;
	if (!kube_canary_head_read(object, &arena, &head, &err)) {
		log_event(canary->host->log, LOG_ERROR, "canary.unreadable", err.text,
		          LOG_FIELDS({"canary", canary->name},
		                     {"namespace", canary->k8s_namespace}));
		arena_fini(&arena);
		return;
	}
	text_copy(canary->seen_version, head.resource_version);
	is_same = facts->canary_generation == head.generation &&
	          strcmp(facts->canary_uid, head.uid) == 0 && canary->edition;
	facts->canary.state = FACT_KNOWN;
	facts->mirror = head.mirror;
	facts->flagger_wrote = head.flagger_wrote;
	facts->is_deleted = head.is_deleted;
	facts->has_finalizer = head.has_finalizer;
	text_copy(facts->canary_uid, head.uid);
	notice_generation(canary, head.generation);
	arena_fini(&arena);
	if (is_same)
		return;
	edition = edition_read(canary, object, &err);
	if (!edition) {
		refuse(canary, object, &err);
		return;
	}
	facts->refusal[0] = '\0';
	facts->refusal_reason[0] = '\0';
	canary->is_recalled = false;
	text_copy(facts->warning, edition->warning);
	edition_free(canary->pending);
	canary->pending = edition;
	canary_settle(canary);
}

/* The spec that the open Release keeps: EDITION is owned, and put in force if another one is. */
static void restore(struct canary *canary, struct canary_edition *edition)
{
	struct canary_edition *pending = canary->pending;

	if (canary->facts.has_spec && strcmp(edition->identity, canary->edition->identity) == 0) {
		edition_free(edition);
		return;
	}
	/* The live spec waited for a run to end that another agent has ended: it is this run's. */
	if (pending && strcmp(edition->identity, pending->identity) == 0) {
		edition_free(edition);
		edition = pending;
		canary->pending = NULL;
	} else if (canary->facts.has_spec && !pending) {
		/* It names something else, or is invalid: it waits until this run is over. */
		canary->pending = canary->edition;
		canary->edition = NULL;
	}
	enforce(canary, edition);
}

/* Its spec is refused, and no valid one was seen before: what the newest Release keeps is the last
 * valid one, whether it is open or not. */
static bool wants_recall(const struct canary *canary)
{
	return canary->is_recalled ||
	       (!canary->facts.has_spec && canary->edition->identity[0] == '\0' &&
	        strcmp(canary->facts.refusal_reason, "InvalidSpec") == 0);
}

void canary_restore(struct canary *canary, const json_t *release)
{
	const json_t *policy = json_object_get(
		json_object_get(json_object_get(release, "status"), "policy"), "spec");
	struct canary_edition *edition;
	struct err err = {0};
	json_t *object;

	if (!policy || !canary->edition ||
	    !(release_is_open(&canary->facts.newest) || wants_recall(canary)) ||
	    strcmp(canary->restored, canary->facts.newest.uid) == 0)
		return;
	text_copy(canary->restored, canary->facts.newest.uid);
	object = json_copy(canary->edition->object);
	json_object_set_new(object, "spec", json_deep_copy(policy));
	edition = edition_read(canary, object, &err);
	json_decref(object);
	if (!edition)
		return;
	if (!wants_recall(canary)) {
		restore(canary, edition);
		return;
	}
	/* A later one takes the place of an earlier one. */
	canary->is_recalled = true;
	enforce(canary, edition);
}

const char *canary_subject_name(const struct canary *canary, enum subject subject)
{
	const struct canary_edition *edition = canary->edition;

	if (!edition || !canary->facts.has_spec)
		return "";
	switch (subject) {
	case SUBJECT_TARGET:
		return edition->spec.target;
	case SUBJECT_PRIMARY:
		return edition->spec.primary;
	case SUBJECT_APEX:
		return edition->world.apex;
	case SUBJECT_PRIMARY_SERVICE:
		return edition->world.primary_service;
	case SUBJECT_CANARY_SERVICE:
		return edition->world.canary_service;
	case SUBJECT_SCALER:
		return edition->spec.scaler ? edition->spec.scaler : "";
	case SUBJECT_PRIMARY_SCALER:
		return edition->spec.primary_scaler ? edition->spec.primary_scaler : "";
	case SUBJECT_ROUTE:
	case SUBJECT_NONE:
	case SUBJECT_CANARY:
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
	return "";
}

#include "analysis/thought.h"

#include "analysis/alert.h"
#include "analysis/base/text.h"
#include "analysis/outbox.h"
#include "analysis/scaler.h"
#include "analysis/workload.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

bool thought_because(struct thought *thought, const char *format, ...)
{
	va_list args;

	if (thought->plan->reason[0] != '\0')
		return true;
	va_start(args, format);
	(void)vsnprintf(thought->plan->reason, sizeof(thought->plan->reason), format, args);
	va_end(args);
	return true;
}

void thought_wake(struct thought *thought, struct instant at)
{
	thought->plan->wake = instant_earlier(thought->plan->wake, at);
}

static const struct fact_slot *slot_of(const struct thought *thought, enum subject subject)
{
	/* The slot is only read; facts_slot serves writers too. */
	return facts_slot((struct facts *)(uintptr_t)thought->facts, subject);
}

/* Of these there is one per subject and plan. */
static bool is_single(enum effect_kind kind)
{
	return kind == EFFECT_WRITE_SERVICE || kind == EFFECT_WRITE_ROUTE ||
	       kind == EFFECT_SAVE_RELEASE || kind == EFFECT_SCALE || kind == EFFECT_WRITE_SCALER ||
	       kind == EFFECT_CREATE_PRIMARY || kind == EFFECT_WRITE_PRIMARY;
}

void thought_want(struct thought *thought, const struct effect *effect)
{
	struct plan *plan = thought->plan;

	if (effect->subject != SUBJECT_NONE) {
		const struct fact_slot *slot = slot_of(thought, effect->subject);

		if (slot->failures > 0 && instant_is_before(thought->facts->now, slot->retry_at) &&
		    !(effect->is_retreat && slot->is_forward)) {
			thought_wake(thought, slot->retry_at);
			return;
		}
	}
	for (size_t i = 0; i < plan->n_effects && is_single(effect->kind); i++) {
		if (plan->effects[i].kind == effect->kind &&
		    plan->effects[i].subject == effect->subject) {
			plan->effects[i] = *effect;
			return;
		}
	}
	assert(plan->n_effects < PLAN_EFFECTS_MAX);
	plan->effects[plan->n_effects++] = *effect;
}

void thought_observe(struct thought *thought, enum subject subject)
{
	struct effect effect = {.kind = EFFECT_OBSERVE, .subject = subject};

	thought_want(thought, &effect);
}

bool thought_knows(struct thought *thought, enum subject subject)
{
	enum fact_state state = slot_of(thought, subject)->state;

	if (state == FACT_KNOWN || state == FACT_ABSENT)
		return true;
	thought_because(thought, "the %s was not seen yet", subject_name(subject));
	return false;
}

struct span thought_since(const struct thought *thought, struct instant instant)
{
	return instant_is_set(instant) ? instant_between(instant, thought->facts->now) : span_ms(0);
}

bool thought_passed(struct thought *thought, struct instant from, struct span duration)
{
	struct instant end = instant_after(from, duration);

	if (!instant_is_before(thought->facts->now, end))
		return true;
	thought_wake(thought, end);
	return false;
}

/* Notices of this Release that were delivered need not be kept. */
static void drop_delivered(const struct thought *thought, struct release_status *status)
{
	const struct facts *facts = thought->facts;
	size_t kept = 0;

	if (strcmp(facts->notices_release, facts->newest.uid) != 0)
		return;
	for (size_t i = 0; i < status->n_notices; i++) {
		if (status->notices[i].id > facts->notices_delivered ||
		    !outbox_was_told(thought->spec, facts, status->notices[i].id))
			status->notices[kept++] = status->notices[i];
	}
	status->n_notices = kept;
}

struct release_status thought_next_status(const struct thought *thought)
{
	struct release_status status = thought->facts->newest.status;

	status.seq++;
	drop_delivered(thought, &status);
	alert_drop(thought, &status);
	return status;
}

void thought_notice(struct release_status *status, bool is_warning, const char *format, ...)
{
	struct notice *notice;
	int64_t id = status->seq * NOTICES_MAX;
	va_list args;

	if (status->n_notices == NOTICES_MAX) {
		memmove(&status->notices[0], &status->notices[1],
		        (NOTICES_MAX - 1) * sizeof(status->notices[0]));
		status->n_notices--;
	}
	if (status->n_notices > 0 && status->notices[status->n_notices - 1].id >= id)
		id = status->notices[status->n_notices - 1].id + 1;
	notice = &status->notices[status->n_notices++];
	*notice = (struct notice){.id = id, .is_warning = is_warning};
	va_start(args, format);
	(void)vsnprintf(notice->text, sizeof(notice->text), format, args);
	va_end(args);
}

void thought_save(struct thought *thought, const struct release_status *status, bool is_retreat)
{
	const struct release *newest = &thought->facts->newest;
	struct effect effect = {
		.kind = EFFECT_SAVE_RELEASE,
		.subject = SUBJECT_RELEASES,
		.is_retreat = is_retreat,
		.status = *status,
	};

	text_copy(effect.release, newest->name);
	text_copy(effect.release_uid, newest->uid);
	text_copy(effect.resource_version, newest->resource_version);
	/* Forward saves start from the Release as it is; a retreat waits for no look at it. */
	if (is_retreat || thought->facts->releases.state == FACT_KNOWN)
		thought_want(thought, &effect);
}

int thought_run_replicas(const struct thought *thought)
{
	const struct release *newest = &thought->facts->newest;

	if (newest->target_replicas > 0)
		return newest->target_replicas;
	return newest->primary_replicas > 0 ? newest->primary_replicas : 1;
}

/* Pods that were sent away a moment ago may still be counted, and a status that speaks of the next
 * generation repeats that count: with new pods asked for now it would call those ready that are
 * gone. While nobody else serves, those that are left are needed at once. */
static bool are_old_pods_gone(struct thought *thought, const struct workload_fact *workload)
{
	if (workload->replicas > 0 || workload->is_daemon || workload_is_empty(workload) ||
	    !workload_serves(&thought->facts->primary))
		return true;
	thought_because(thought, "waiting until the pods of before are gone");
	return false;
}

bool thought_is_answered(struct thought *thought, enum subject subject)
{
	if (!slot_of(thought, subject)->is_written)
		return true;
	thought_because(thought, "waiting for the answer to a change of the %s",
	                subject_name(subject));
	return false;
}

bool thought_is_saved(struct thought *thought)
{
	const struct fact_slot *releases = &thought->facts->releases;

	if (releases->state == FACT_KNOWN && !releases->is_written)
		return true;
	thought_because(thought, "waiting for the answer to a save of the Release");
	return false;
}

bool thought_is_sure(struct thought *thought)
{
	if (thought->is_unsure)
		thought_because(thought,
		                "whether the target has a newer revision is not known yet");
	return !thought->is_unsure;
}

bool thought_scaled(struct thought *thought, enum subject subject, int replicas)
{
	const struct workload_fact *workload =
		subject == SUBJECT_TARGET ? &thought->facts->target : &thought->facts->primary;
	struct effect effect = {.kind = EFFECT_SCALE, .subject = subject, .replicas = replicas};
	bool is_turned;
	bool is_there;

	if (!thought_knows(thought, subject))
		return false;
	is_there = workload->replicas == replicas || thought->spec->target_kind == TARGET_SERVICE ||
	           (thought->spec->target_kind == TARGET_DAEMON_SET && workload->replicas > 0 &&
	            replicas > 0);
	is_turned = scaler_is_turned(thought, replicas > 0);
	if (workload->slot.state == FACT_ABSENT)
		return true;
	if (is_there && is_turned)
		return replicas > 0 || thought_is_answered(thought, subject);
	if (replicas == 0 && !thought_is_sure(thought))
		return false;
	/* The run may be over: then its pods are not ours to take. */
	if (replicas == 0 && !thought_is_saved(thought))
		return false;
	if (replicas > 0 && !are_old_pods_gone(thought, workload))
		return false;
	/* What it is told first it would else undo. */
	if (!scaler_turns(thought, replicas > 0))
		return false;
	text_copy(effect.resource_version, workload->resource_version);
	thought_want(thought, &effect);
	thought_because(thought, "scaling the %s to %d", subject_name(subject), replicas);
	return false;
}

struct effect thought_release(const struct thought *thought, enum release_cause cause)
{
	const struct facts *facts = thought->facts;
	struct effect effect = {
		.kind = EFFECT_CREATE_RELEASE,
		.subject = SUBJECT_RELEASES,
		.cause = cause,
		.number = facts->newest.number + 1,
		.replicas = facts->target.replicas,
		.primary_replicas =
			facts->primary.slot.state == FACT_KNOWN ? facts->primary.replicas : 0,
	};

	text_copy(effect.release, facts->promoted.name);
	text_copy(effect.digest, facts->target.digest);
	return effect;
}

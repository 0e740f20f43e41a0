#include "analysis/mirror.h"

#include "analysis/adoption.h"
#include "analysis/alert.h"
#include "analysis/base/text.h"
#include "analysis/hooks.h"
#include "analysis/outbox.h"
#include "analysis/scaler.h"
#include "analysis/workload.h"

#include <string.h>

#define UNREAD_LEAST 3 /* times in a row that configs could not be read */

/* Flagger's phase for a Release that is over. */
static const char *phase_after(const struct release *newest)
{
	switch (newest->status.outcome) {
	case OUTCOME_ROLLED_BACK:
	case OUTCOME_FAILED_PROMOTION:
		return "Failed";
	case OUTCOME_SUPERSEDED:
		return newest->cause == CAUSE_INIT ? "Initializing" : "Progressing";
	case OUTCOME_CANCELLED:
		return newest->cause == CAUSE_INIT ? "Initializing" : "Succeeded";
	case OUTCOME_PROMOTED:
	case OUTCOME_SKIPPED:
	case OUTCOME_NONE: /* not asked */
		break;
	}
	return newest->cause == CAUSE_INIT ? "Initialized" : "Succeeded";
}

static const char *phase_of(const struct release *newest)
{
	if (newest->status.outcome != OUTCOME_NONE)
		return phase_after(newest);
	if (newest->cause == CAUSE_INIT)
		return "Initializing";
	switch (newest->status.phase) {
	case PHASE_WAITING:
		return "Waiting";
	case PHASE_WAITING_PROMOTION:
		return "WaitingPromotion";
	case PHASE_PROMOTING:
		return "Promoting";
	case PHASE_FINALISING:
		return "Finalising";
	case PHASE_NONE:
	case PHASE_STARTING:
	case PHASE_PROGRESSING:
	case PHASE_RETREATING:
	case PHASE_DONE:
		break;
	}
	return "Progressing";
}

static const char *message_of(const struct canary_spec *spec, const char *phase)
{
	static const struct {
		const char *phase;
		const char *messages[TARGET_SERVICE + 1]; /* NULL: the first */
	} rows[] = {
		{"Initializing",
	         {"New Deployment detected, starting initialization.",
	          "New DaemonSet detected, starting initialization.",
	          "New Service detected, starting initialization."}},
		{"Initialized",
	         {"Deployment initialization completed.", "DaemonSet initialization completed.",
	          "Service initialization completed."}},
		{"Waiting", {"Waiting for approval."}},
		{"WaitingPromotion", {"Waiting for approval."}},
		{"Progressing", {"New revision detected, progressing canary analysis."}},
		{"Promoting", {"Canary analysis completed, starting primary rolling update."}},
		{"Finalising", {"Canary analysis completed, routing all traffic to primary."}},
		{"Succeeded", {"Canary analysis completed successfully, promotion finished."}},
		{"Failed",
	         {"Canary analysis failed, Deployment scaled to zero.",
	          "Canary analysis failed, DaemonSet scaled to zero.",
	          "Canary analysis failed, Service scaled to zero."}},
	};

	size_t i = 0;

	while (i < array_length(rows) - 1 && strcmp(rows[i].phase, phase) != 0)
		i++;
	if (rows[i].messages[spec->target_kind])
		return rows[i].messages[spec->target_kind];
	return rows[i].messages[TARGET_DEPLOYMENT];
}

/* Why the Canary is not served: a refused spec, a refused target, a quarantine; "" when it is. */
static const char *refusal_of(const struct facts *facts, const char **ret_reason)
{
	if (facts->is_quarantined) {
		*ret_reason = "Quarantined";
		return "the agent aborted twice while this canary was in hand; it is left alone until its spec changes";
	}
	if (facts->refusal[0] != '\0') {
		*ret_reason = facts->refusal_reason;
		return facts->refusal;
	}
	if (facts->target.refusal[0] != '\0') {
		*ret_reason = "InvalidTarget";
		return facts->target.refusal;
	}
	*ret_reason = "";
	return "";
}

/* A new revision waits for a primary that is not ready: it is not lost, and people are told why
 * (D-4). */
static void tell_waiting(const struct thought *thought, struct mirror *mirror)
{
	const struct facts *facts = thought->facts;
	char why[SENTENCE_MAX];

	if (mirror->refusal[0] != '\0' || !thought->is_newer || release_is_open(&facts->newest) ||
	    facts->primary.slot.state != FACT_KNOWN ||
	    workload_is_ready(&facts->primary, thought->spec->primary_ready_percent, why))
		return;
	text_format(mirror->refusal, sizeof(mirror->refusal),
	            "a new revision waits until %.100s.%.63s is ready", thought->spec->primary,
	            thought->spec->k8s_namespace);
	text_copy(mirror->refusal_reason, "PrimaryNotReady");
}

/* Without its configs no run can begin: people are told which, but not of an answer that failed
 * just once. */
static void tell_unread(const struct thought *thought, struct mirror *mirror)
{
	const struct facts *facts = thought->facts;

	if (mirror->refusal[0] != '\0' || release_is_open(&facts->newest) ||
	    !facts->target.has_configs || facts_knows_configs(facts) ||
	    facts->configs.slot.failures < UNREAD_LEAST)
		return;
	text_copy(mirror->refusal, facts->configs.slot.error);
	text_copy(mirror->refusal_reason, "ConfigNotRead");
}

static void tell_scaler(const struct thought *thought, struct mirror *mirror)
{
	char why[SENTENCE_MAX];

	if (mirror->refusal[0] != '\0' || release_is_open(&thought->facts->newest) ||
	    !scaler_prevents(thought, why))
		return;
	text_format(mirror->refusal, sizeof(mirror->refusal), "spec.autoscalerRef: %.250s", why);
	text_copy(mirror->refusal_reason, "InvalidAutoscaler");
}

/* A run that was not let in yet: nothing of it is to be seen but its Release. */
static bool is_unadmitted(const struct canary_spec *spec, const struct release *newest)
{
	return (newest->cause == CAUSE_REVISION || newest->cause == CAUSE_CONFIG) &&
	       newest->status.outcome == OUTCOME_NONE && newest->status.phase == PHASE_NONE &&
	       hooks_has(spec, HOOK_CONFIRM_ROLLOUT);
}

const char *mirror_phase(const struct canary_spec *spec, const struct facts *facts)
{
	const struct release *newest = &facts->newest;

	if (release_is_found(newest))
		return newest->adoption.phase;
	if (is_unadmitted(spec, newest) || adoption_is_raw(newest))
		return facts->mirror.phase[0] ? facts->mirror.phase : "Initialized";
	if (newest->status.outcome == OUTCOME_SUPERSEDED && newest->cause != CAUSE_INIT &&
	    facts_is_back(facts)) /* no run follows: as if it had been cancelled */
		return "Succeeded";
	return phase_of(newest);
}

/* As it is. */
static void leave(const struct canary_spec *spec, const struct mirror_fact *live,
                  struct mirror *ret)
{
	text_copy(ret->phase, live->phase);
	ret->weight = live->weight;
	ret->failed_checks = live->failed_checks;
	ret->iterations = live->iterations;
	text_copy(ret->last_applied, live->last_applied);
	text_copy(ret->last_promoted, live->last_promoted);
	text_copy(ret->tracked, live->tracked);
	ret->cookies = live->cookies;
	text_copy(ret->message, message_of(spec, live->phase));
}

/* As Flagger left it, to the last word. */
static void restore(const struct canary_spec *spec, const struct adoption *adoption,
                    struct mirror *ret)
{
	text_copy(ret->phase, adoption->phase);
	ret->weight = adoption->weight;
	ret->failed_checks = adoption->failed_checks;
	ret->iterations = adoption->iterations;
	text_copy(ret->last_applied, adoption->last_applied);
	text_copy(ret->last_promoted, adoption->last_promoted);
	text_copy(ret->message, message_of(spec, adoption->phase));
}

/* Flagger's hash where it is known: going back to it begins no run then. */
static const char *hash_of(const char *hash, const char *digest)
{
	return hash[0] ? hash : digest;
}

static void name_cookie(const struct cookie *cookie, char ret[COOKIE_NAME_SIZE + COOKIE_VALUE_SIZE])
{
	ret[0] = '\0';
	if (cookie_is_set(cookie))
		text_format(ret, COOKIE_NAME_SIZE + COOKIE_VALUE_SIZE, "%s=%s", cookie->name,
		            cookie->value);
}

/* Those that routes hand out, and the one that they take away. */
static void tell_cookies(const struct facts *facts, struct mirror_cookies *ret)
{
	const struct release_status *status = &facts->newest.status;
	const struct cookies *cookies = &status->cookies;
	bool is_over = status->weight.to == 0 || status->outcome != OUTCOME_NONE;
	bool has_some = cookie_is_set(&cookies->canary);

	name_cookie(&cookies->primary, ret->primary);
	if (has_some && !is_over)
		name_cookie(&cookies->canary, ret->present);
	name_cookie(has_some && is_over ? &cookies->canary : &facts->former.cookies.canary,
	            ret->previous);
}

/* What Flagger would have tracked: of the newest revision that it saw, or, where the target went
 * back to it, of the promoted one. So it finds no change when it is there again. */
static void tell_tracked(const struct facts *facts, struct mirror *mirror)
{
	const struct release *newest = &facts->newest;
	bool was_taken_back = newest->status.outcome == OUTCOME_CANCELLED ||
	                      newest->status.outcome == OUTCOME_SUPERSEDED;
	bool is_back = was_taken_back && facts_is_back(facts);

	text_copy(mirror->tracked, is_back ? facts->promoted.tracked : newest->tracked);
	text_copy(mirror->tracked_by, is_back ? facts->promoted.name : newest->name);
	if (strcmp(mirror->tracked, RELEASE_UNTRACKED) != 0)
		return;
	text_copy(mirror->tracked, facts->mirror.tracked);
	mirror->tracked_by[0] = '\0';
}

struct mirror mirror_of(const struct canary_spec *spec, const struct facts *facts)
{
	const struct release *newest = &facts->newest;
	const struct release_status *status = &newest->status;
	struct mirror mirror = {0};
	const char *reason;

	text_copy(mirror.refusal, refusal_of(facts, &reason));
	text_copy(mirror.refusal_reason, reason);
	if (newest->name[0] == '\0') {
		text_copy(mirror.phase, facts->mirror.phase);
		text_copy(mirror.tracked, facts->mirror.tracked);
		return mirror;
	}
	if (is_unadmitted(spec, newest) || adoption_is_raw(newest)) {
		leave(spec, &facts->mirror, &mirror);
		return mirror;
	}
	if (release_is_found(newest)) {
		restore(spec, &newest->adoption, &mirror);
		mirror.cookies = facts->mirror.cookies;
		text_copy(mirror.tracked, facts->mirror.tracked);
		return mirror;
	}
	text_copy(mirror.phase, mirror_phase(spec, facts));
	text_copy(mirror.message, message_of(spec, mirror.phase));
	text_copy(mirror.last_applied,
	          newest->handled[0] ? newest->handled : hash_of(newest->hash, newest->digest));
	text_copy(mirror.last_promoted, hash_of(facts->promoted.hash, facts->promoted.digest));
	tell_tracked(facts, &mirror);
	if (spec->affinity.cookie)
		tell_cookies(facts, &mirror.cookies);
	if (status->outcome == OUTCOME_NONE && spec->strategy == STRATEGY_CANARY)
		mirror.weight = status->weight.to;
	if (status->outcome == OUTCOME_NONE && status->phase != PHASE_FINALISING)
		mirror.iterations = status->iteration;
	if (release_is_promoted(newest) || status->outcome == OUTCOME_NONE)
		mirror.failed_checks = status->failed_checks;
	return mirror;
}

static bool is_different(const struct mirror *wanted, const struct facts *facts)
{
	const struct mirror_fact *live = &facts->mirror;

	if (strcmp(wanted->refusal, live->refusal) != 0 ||
	    strcmp(wanted->refusal_reason, live->refusal_reason) != 0)
		return true;
	if (facts->newest.name[0] == '\0')
		return false;
	return strcmp(wanted->phase, live->phase) != 0 || wanted->weight != live->weight ||
	       wanted->failed_checks != live->failed_checks ||
	       wanted->iterations != live->iterations ||
	       strcmp(wanted->last_applied, live->last_applied) != 0 ||
	       strcmp(wanted->tracked, live->tracked) != 0 ||
	       strcmp(wanted->cookies.present, live->cookies.present) != 0 ||
	       strcmp(wanted->cookies.previous, live->cookies.previous) != 0 ||
	       strcmp(wanted->cookies.primary, live->cookies.primary) != 0 ||
	       strcmp(wanted->last_promoted, live->last_promoted) != 0;
}

/* A refusal is told once as an Event: its name is made from the Canary's generation. */
static void tell_refusal(struct thought *thought, const struct mirror *wanted)
{
	const struct facts *facts = thought->facts;
	struct effect effect = {
		.kind = EFFECT_NOTIFY,
		.subject = SUBJECT_EVENTS,
		.check = facts->now,
		.notice = {.id = facts->canary_generation, .is_warning = true},
	};

	if (wanted->refusal[0] == '\0' || strcmp(wanted->refusal, facts->mirror.refusal) == 0)
		return;
	text_copy(effect.release_uid, facts->canary_uid);
	text_copy(effect.notice.text, wanted->refusal);
	thought_want(thought, &effect);
}

static void want_warning(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	struct effect effect = {
		.kind = EFFECT_NOTIFY,
		.subject = SUBJECT_EVENTS,
		.check = facts->now,
		.notice = {.id = -facts->canary_generation, .is_warning = true},
	};

	text_copy(effect.release_uid, facts->canary_uid);
	text_copy(effect.notice.text, facts->warning);
	thought_want(thought, &effect);
}

/* What is accepted, but hardly meant, is told once as an Event; after a restart the API server
 * knows its name: made from the generation, below zero to differ from a refusal's. */
static void tell_warning(struct thought *thought)
{
	const struct facts *facts = thought->facts;

	if (facts->warning[0] == '\0' || facts->warned_generation == facts->canary_generation ||
	    facts->is_deleted || facts->canary.state != FACT_KNOWN || thought->spec->suspend)
		return;
	want_warning(thought);
}

static void want_mirror(struct thought *thought, const struct mirror *wanted)
{
	struct effect effect = {
		.kind = EFFECT_WRITE_MIRROR,
		.subject = SUBJECT_CANARY,
		.check = thought->facts->now,
		.mirror = *wanted,
	};

	thought_want(thought, &effect);
}

static void keep_status(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	struct mirror wanted = mirror_of(thought->spec, facts);

	tell_waiting(thought, &wanted);
	tell_unread(thought, &wanted);
	tell_scaler(thought, &wanted);
	if (facts->is_deleted || facts->canary.state != FACT_KNOWN || !is_different(&wanted, facts))
		return;
	want_mirror(thought, &wanted);
	tell_refusal(thought, &wanted);
}

static void want_notice(struct thought *thought, const struct notice *notice)
{
	struct effect effect = {
		.kind = EFFECT_NOTIFY,
		.subject = SUBJECT_EVENTS,
		.check = thought->facts->now,
		.notice = *notice,
	};

	text_copy(effect.release_uid, thought->facts->newest.uid);
	thought_want(thought, &effect);
}

static void clear_notices(struct thought *thought)
{
	struct release_status cleared = thought_next_status(thought);

	thought_save(thought, &cleared, false);
}

/* Each notice that is not delivered becomes an Event; the last ones of a run that is over are then
 * cleared, unless a hook is still to be told them: nobody waits for it, but they stay. A save names
 * what was made, which only a valid spec tells: without one they stay. */
static void keep_notices(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	const struct release_status *status = &facts->newest.status;
	bool is_this = strcmp(facts->notices_release, facts->newest.uid) == 0;
	bool is_delivered = outbox_is_empty(thought);

	for (size_t i = 0; i < status->n_notices; i++) {
		if (is_this && status->notices[i].id <= facts->notices_delivered)
			continue;
		is_delivered = false;
		want_notice(thought, &status->notices[i]);
		break;
	}
	if (is_delivered && status->n_notices > 0 && status->outcome != OUTCOME_NONE &&
	    !facts->is_deleted && facts->has_spec && outbox_is_told(thought))
		clear_notices(thought);
}

/* The world comes first: what the plan changes in it is mirrored when it is done. */
static bool is_changing(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_effects; i++) {
		if (!effect_is_question(&plan->effects[i]))
			return true;
	}
	return false;
}

void mirror_keep(struct thought *thought)
{
	bool is_first = !is_changing(thought->plan);

	alert_tell(thought);
	if (!is_first)
		return;
	keep_status(thought);
	tell_warning(thought);
	outbox_keep(thought);
	if (thought->facts->newest.name[0] != '\0')
		keep_notices(thought);
	alert_keep(thought);
}

#include "analysis/scaler.h"

#include "analysis/base/text.h"

#define LEAVE_TRIES 8 /* to let a former one go */

static const char *kind_name(const struct thought *thought)
{
	return thought->spec->scaler_kind == SCALER_KEDA ? "ScaledObject"
	                                                 : "HorizontalPodAutoscaler";
}

static bool has_none(const struct thought *thought)
{
	return thought->spec->scaler_kind == SCALER_NONE;
}

static int larger(int a, int b)
{
	return a > b ? a : b;
}

/* The run has a canary, or is about to: the primary keeps what it had. */
static bool is_under_way(const struct release *newest)
{
	return release_is_open(newest) && newest->cause != CAUSE_INIT &&
	       newest->status.phase != PHASE_NONE && newest->status.phase != PHASE_WAITING;
}

/* LEAST, as people want it, or what the run needs; a run needs one pod at least, also to begin. */
static int least_of(const struct thought *thought, int least, int most)
{
	const struct release *newest = &thought->facts->newest;

	if (release_is_open(newest) || thought->is_newer)
		least = larger(least, 1);
	if (is_under_way(newest))
		least = larger(least, newest->primary_replicas);
	return most > 0 && least > most ? most : least;
}

bool scaler_prevents(const struct thought *thought, char *ret)
{
	const struct facts *facts = thought->facts;
	const struct canary_spec *spec = thought->spec;
	const struct scaler_fact *primary = &facts->primary_scaler;

	if (has_none(thought))
		return false;
	if (facts->scaler.slot.state == FACT_ABSENT)
		text_format(ret, SENTENCE_MAX, "%s %.100s.%.63s not found", kind_name(thought),
		            spec->scaler, spec->k8s_namespace);
	else if (primary->slot.state == FACT_KNOWN && primary->is_foreign)
		text_format(ret, SENTENCE_MAX,
		            "%s %.100s.%.63s scales something else than %.80s: it is not touched",
		            kind_name(thought), spec->primary_scaler, spec->k8s_namespace,
		            spec->primary);
	else
		return false;
	return true;
}

static bool is_prevented(struct thought *thought)
{
	char why[SENTENCE_MAX];

	return scaler_prevents(thought, why) && thought_because(thought, "%s", why);
}

bool scaler_is_there(struct thought *thought)
{
	return has_none(thought) ||
	       (thought_knows(thought, SUBJECT_SCALER) && !is_prevented(thought));
}

static void want_write(struct thought *thought, int least)
{
	struct effect effect = {
		.kind = EFFECT_WRITE_SCALER,
		.subject = SUBJECT_PRIMARY_SCALER,
		.replicas = least,
	};

	thought_want(thought, &effect);
	thought_because(thought, "%s %.100s.%.63s follows %.100s", kind_name(thought),
	                thought->spec->primary_scaler, thought->spec->k8s_namespace,
	                thought->spec->scaler);
}

bool scaler_follows(struct thought *thought)
{
	const struct scaler_fact *target = &thought->facts->scaler;
	const struct scaler_fact *primary = &thought->facts->primary_scaler;
	int least = least_of(thought, target->primary_least, target->primary_most);

	if (has_none(thought))
		return true;
	if (!thought_knows(thought, SUBJECT_SCALER) ||
	    !thought_knows(thought, SUBJECT_PRIMARY_SCALER) || is_prevented(thought))
		return false;
	if (primary->slot.state == FACT_KNOWN && primary->is_exact && primary->least == least)
		return true;
	want_write(thought, least);
	return false;
}

bool scaler_holds(struct thought *thought)
{
	const struct scaler_fact *target = &thought->facts->scaler;
	const struct scaler_fact *primary = &thought->facts->primary_scaler;
	struct effect effect = {.kind = EFFECT_SCALE, .subject = SUBJECT_PRIMARY_SCALER};

	if (has_none(thought))
		return true;
	if (!thought_knows(thought, SUBJECT_PRIMARY_SCALER))
		return false;
	if (primary->slot.state == FACT_KNOWN && primary->is_foreign) {
		(void)is_prevented(thought);
		return false;
	}
	if (primary->slot.state == FACT_ABSENT) {
		if (!thought_knows(thought, SUBJECT_SCALER))
			return false;
		if (target->slot.state == FACT_ABSENT)
			return true;
		want_write(thought, least_of(thought, target->primary_least, target->primary_most));
		return false;
	}
	effect.replicas = least_of(thought, primary->least, primary->most);
	if (primary->least >= effect.replicas)
		return true;
	thought_want(thought, &effect);
	thought_because(thought, "%s %.100s.%.63s keeps the primary at %d pods at least",
	                kind_name(thought), thought->spec->primary_scaler,
	                thought->spec->k8s_namespace, effect.replicas);
	return false;
}

bool scaler_is_turned(const struct thought *thought, bool is_up)
{
	const struct scaler_fact *scaler = &thought->facts->scaler;

	return thought->spec->scaler_kind != SCALER_KEDA || scaler->slot.state == FACT_ABSENT ||
	       (scaler->slot.state == FACT_KNOWN && scaler->is_pinned != is_up);
}

bool scaler_turns(struct thought *thought, bool is_up)
{
	struct effect effect = {
		.kind = EFFECT_SCALE,
		.subject = SUBJECT_SCALER,
		.replicas = is_up ? 1 : 0,
	};

	if (scaler_is_turned(thought, is_up))
		return true;
	if (!thought_knows(thought, SUBJECT_SCALER))
		return false;
	text_copy(effect.resource_version, thought->facts->scaler.resource_version);
	thought_want(thought, &effect);
	thought_because(thought, "ScaledObject %.100s.%.63s %s", thought->spec->scaler,
	                thought->spec->k8s_namespace,
	                is_up ? "may scale the target again" : "is to hold the target at no pods");
	return false;
}

static void want_removal(struct thought *thought)
{
	struct effect effect = {.kind = EFFECT_REMOVE, .subject = SUBJECT_FORMER_SCALER};

	thought_want(thought, &effect);
}

void scaler_leave(struct thought *thought)
{
	const struct former_scaler_fact *former = &thought->facts->former_scaler;

	if (former->kind == SCALER_NONE || former->slot.failures >= LEAVE_TRIES ||
	    thought->facts->is_quarantined || !thought->facts->has_spec)
		return;
	for (size_t i = 0; i < thought->plan->n_effects; i++) {
		if (thought->plan->effects[i].is_retreat)
			return;
	}
	want_removal(thought);
}

int scaler_first(const struct thought *thought)
{
	if (has_none(thought))
		return thought_run_replicas(thought);
	return larger(thought->facts->scaler.least, 1);
}

int scaler_cap(const struct thought *thought, int replicas)
{
	const struct scaler_fact *scaler = &thought->facts->scaler;

	if (thought->spec->target_kind == TARGET_DAEMON_SET)
		return replicas > 1 ? 1 : replicas;
	if (has_none(thought) || scaler->slot.state != FACT_KNOWN || scaler->most <= 0)
		return replicas;
	return replicas > scaler->most ? scaler->most : replicas;
}

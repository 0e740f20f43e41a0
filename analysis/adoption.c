#include "analysis/adoption.h"

#include "analysis/base/text.h"
#include "analysis/configs.h"
#include "analysis/retreat.h"
#include "analysis/traffic.h"
#include "analysis/workload.h"

#include <string.h>

#define INTERVALS_QUIET 2

/* Flagger's phases with a run under way; a gate before the run is none. */
static const struct {
	const char *name;
	enum release_phase phase;
} runs[] = {
	{"Progressing", PHASE_PROGRESSING},
	{"WaitingPromotion", PHASE_WAITING_PROMOTION},
	{"Promoting", PHASE_PROMOTING},
	{"Finalising", PHASE_FINALISING},
};

static enum release_phase phase_of(const struct adoption *adoption)
{
	for (size_t i = 0; i < array_length(runs); i++) {
		if (strcmp(runs[i].name, adoption->phase) == 0)
			return runs[i].phase;
	}
	return PHASE_NONE;
}

bool adoption_is_raw(const struct release *release)
{
	return release->cause == CAUSE_ADOPTED && release_is_open(release) &&
	       release->status.phase == PHASE_NONE;
}

bool adoption_waits(struct thought *thought)
{
	struct instant wrote = thought->facts->flagger_wrote;
	struct span quiet = span_ms(INTERVALS_QUIET * thought->spec->interval.ms);
	char time[INSTANT_TEXT_MAX];

	/* A time that is to come is another clock's. */
	if (!instant_is_set(wrote) || thought->facts->is_quarantined || !thought->facts->has_spec ||
	    instant_is_before(instant_after(thought->facts->now, quiet), wrote) ||
	    thought_passed(thought, wrote, quiet))
		return false;
	thought_because(thought,
	                "Flagger wrote the status of %.100s.%.63s at %s: Serin stands by and "
	                "writes nothing",
	                thought->spec->name, thought->spec->k8s_namespace,
	                instant_format_seconds(wrote, time));
	return true;
}

/* The first Release -------------------------------------------------------------------------- */

/* Some client is not on the primary: what it runs must be able to take them before it counts as
 * promoted. */
static bool is_away(const struct thought *thought)
{
	const struct facts *facts = thought->facts;

	return traffic_live_weight(thought) > 0 || (thought->spec->target_kind != TARGET_SERVICE &&
	                                            facts->apex.backend != BACKEND_PRIMARY);
}

/* After a failed promotion Flagger leaves clients with the canary and the primary broken: nothing
 * tells what to go back to. */
static bool is_stranded(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	char why[SENTENCE_MAX];

	if (strcmp(facts->mirror.phase, "Failed") != 0 || !is_away(thought) ||
	    workload_is_ready(&facts->primary, thought->spec->primary_ready_percent, why))
		return false;
	thought_because(thought,
	                "Flagger's promotion failed and left the clients with the canary: adopted "
	                "once %.80s.%.63s is ready: %.120s",
	                thought->spec->primary, thought->spec->k8s_namespace, why);
	return true;
}

static struct adoption adoption_of(const struct thought *thought)
{
	const struct mirror_fact *mirror = &thought->facts->mirror;
	struct adoption adoption = {
		.weight = mirror->weight,
		.iterations = mirror->iterations,
		.failed_checks = mirror->failed_checks,
	};

	if (instant_is_set(mirror->moved))
		adoption.next_check_at = instant_after(mirror->moved, thought->spec->interval);
	text_copy(adoption.phase, mirror->phase);
	text_copy(adoption.last_applied, mirror->last_applied);
	text_copy(adoption.last_promoted, mirror->last_promoted);
	text_copy(adoption.primary_id, thought->facts->primary.release_uid);
	return adoption;
}

static bool is_initial(const char *phase)
{
	return phase[0] == '\0' || strcmp(phase, "Initializing") == 0;
}

bool adoption_begin(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	bool is_init = is_initial(facts->mirror.phase);
	struct effect effect = thought_release(thought, is_init ? CAUSE_INIT : CAUSE_ADOPTED);

	if (facts->primary.release_uid[0] == '\0')
		return false;
	if (!traffic_knows_apex(thought) || !thought_knows(thought, SUBJECT_RELEASES) ||
	    (thought->spec->route.weighs && !thought_knows(thought, SUBJECT_ROUTE)) ||
	    is_stranded(thought))
		return true;
	effect.adoption = adoption_of(thought);
	/* Clients that are with the first primary keep what it runs. */
	if (is_init)
		effect.backend = facts->apex.backend;
	text_copy(effect.old_release_uid, facts->primary.release_uid);
	thought_want(thought, &effect);
	thought_because(thought, "adopting %.100s.%.63s from Flagger, phase %.24s",
	                thought->spec->name, thought->spec->k8s_namespace,
	                is_init ? "Initializing" : facts->mirror.phase);
	return true;
}

/* The run under way ---------------------------------------------------------------------------- */

/* The primary has the template of the run already, or is getting it. */
static bool is_promoting(const struct facts *facts)
{
	const struct release *found = &facts->newest;
	enum release_phase phase = phase_of(&found->adoption);

	return phase == PHASE_PROMOTING || phase == PHASE_FINALISING ||
	       (strcmp(found->handled, found->digest) == 0 &&
	        strcmp(found->handled_configs, found->configs) == 0);
}

bool adoption_resume(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	const struct release *found = &facts->newest;
	struct effect effect = thought_release(thought, CAUSE_ADOPTED);

	if (!release_is_found(found) || phase_of(&found->adoption) == PHASE_NONE)
		return false;
	effect.adoption = found->adoption;
	if (is_promoting(facts)) {
		/* What the primary runs is what was analysed. */
		text_copy(effect.earlier, found->name);
		text_copy(effect.earlier_uid, found->uid);
		text_copy(effect.digest, found->digest);
		text_copy(effect.configs, found->configs);
		if (phase_of(&found->adoption) != PHASE_FINALISING)
			text_copy(effect.adoption.phase, "Promoting");
	} else {
		effect.adoption.primary_id[0] = '\0';
		if (!configs_known(thought))
			return true;
		/* Another revision than the one that was analysed: a run of its own, from 0. */
		if (!facts_is_undone(facts))
			return false;
		text_copy(effect.configs, configs_digest(facts));
	}
	if (!thought_knows(thought, SUBJECT_RELEASES))
		return true;
	thought_want(thought, &effect);
	thought_because(thought, "going on with the run that Flagger had in phase %.24s",
	                found->adoption.phase);
	return true;
}

/* The first saves ------------------------------------------------------------------------------ */

static void settle_found(struct thought *thought)
{
	struct release_status status = thought_next_status(thought);

	status.phase = PHASE_DONE;
	status.outcome = OUTCOME_PROMOTED;
	status.times.started = thought->facts->now;
	status.times.finished = thought->facts->now;
	text_format(status.reason, sizeof(status.reason),
	            "adopted from Flagger in phase %.24s: what %.100s.%.63s runs",
	            thought->facts->newest.adoption.phase, thought->spec->primary,
	            thought->spec->k8s_namespace);
	thought_save(thought, &status, false);
	thought_because(thought, "%s", status.reason);
}

/* When Flagger would have looked next, at most one interval from now. */
static struct instant due_of(const struct thought *thought)
{
	const struct facts *facts = thought->facts;
	struct instant due = facts->newest.adoption.next_check_at;
	struct instant latest = instant_after(facts->now, thought->spec->interval);

	if (instant_is_before(due, facts->now))
		return facts->now;
	return instant_is_before(latest, due) ? latest : due;
}

/* Flagger counts a step back while it waits for approval. */
static int waiting_iteration(const struct thought *thought, int weight)
{
	const struct canary_spec *spec = thought->spec;

	if (spec->strategy == STRATEGY_CANARY)
		return 0;
	return spec->strategy == STRATEGY_BLUE_GREEN && weight == SPEC_WEIGHT_FULL
	               ? spec->iterations + 1
	               : spec->iterations;
}

/* The step that is in force: the route tells, the status may be one behind it or, once the weights
 * are taken back, ahead of it. False: nothing is in force, the run is before its first step. */
static bool has_step(const struct thought *thought, struct release_status *status)
{
	const struct canary_spec *spec = thought->spec;
	const struct facts *facts = thought->facts;
	int weight = traffic_live_weight(thought);
	bool is_mirrored = spec->route.weighs && facts->route.is_mirrored && weight == 0;

	status->weight.from = weight;
	status->weight.to = weight;
	status->weight.is_mirrored = is_mirrored;
	if (status->phase == PHASE_WAITING_PROMOTION)
		status->iteration = waiting_iteration(thought, weight);
	else if (spec->strategy != STRATEGY_CANARY && facts->newest.adoption.iterations > 0)
		status->iteration = facts->newest.adoption.iterations;
	if (spec->strategy == STRATEGY_BLUE_GREEN)
		return status->iteration > 0 &&
		       (status->iteration <= spec->iterations || !spec->route.weighs || weight > 0);
	return weight > 0 || is_mirrored;
}

static void resume_analysis(struct thought *thought, struct release_status *status)
{
	const struct canary_spec *spec = thought->spec;
	int failed = thought->facts->newest.adoption.failed_checks;

	status->failed_checks = failed > 0 ? failed : 0;
	if (failed >= spec->threshold) {
		thought_notice(status, true,
		               "Rolling back %.100s.%.63s failed checks threshold reached %d",
		               spec->name, spec->k8s_namespace, failed);
		thought_notice(status, true, "Canary failed! Scaling down %.100s.%.63s", spec->name,
		               spec->k8s_namespace);
		retreat_begin(thought, status, OUTCOME_ROLLED_BACK,
		              "adopted from Flagger with %d failed checks of %d", failed,
		              spec->threshold);
		return;
	}
	if (!has_step(thought, status)) {
		status->phase = PHASE_STARTING;
		status->iteration = 0;
		status->weight.from = 0;
		status->weight.to = 0;
		status->times.not_ready_since = thought->facts->now;
	}
	status->times.next_check_at = due_of(thought);
	thought_save(thought, status, false);
}

static void resume_promotion(struct thought *thought, struct release_status *status)
{
	int weight = traffic_live_weight(thought);

	status->weight.from = weight;
	status->weight.to = status->phase == PHASE_PROMOTING ? weight : 0;
	thought_save(thought, status, false);
}

static void settle_run(struct thought *thought)
{
	struct release_status status = thought_next_status(thought);
	const char *phase = thought->facts->newest.adoption.phase;

	status.phase = phase_of(&thought->facts->newest.adoption);
	status.times.started = thought->facts->now;
	if (thought->spec->affinity.cookie && traffic_live_weight(thought) > 0)
		status.cookies = thought->facts->route.cookies; /* who has one stays where it is */
	text_format(status.reason, sizeof(status.reason),
	            "adopted from Flagger in phase %.24s, canary weight %d", phase,
	            traffic_live_weight(thought));
	thought_notice(&status, false, "%.100s.%.63s %.120s", thought->spec->name,
	               thought->spec->k8s_namespace, status.reason);
	if (status.phase == PHASE_PROMOTING || status.phase == PHASE_FINALISING)
		resume_promotion(thought, &status);
	else
		resume_analysis(thought, &status);
	thought_because(thought, "%s", status.reason);
}

bool adoption_settle(struct thought *thought)
{
	const struct release *newest = &thought->facts->newest;

	if (!adoption_is_raw(newest) || thought->facts->is_quarantined || !thought->facts->has_spec)
		return false;
	if (!thought_knows(thought, SUBJECT_RELEASES))
		return true;
	if (release_is_found(newest))
		settle_found(thought);
	else if (!thought->spec->route.weighs || thought_knows(thought, SUBJECT_ROUTE))
		settle_run(thought);
	return true;
}

static void want_primary(struct thought *thought)
{
	struct effect effect = {.kind = EFFECT_TAKE_PRIMARY, .subject = SUBJECT_PRIMARY};

	text_copy(effect.resource_version, thought->facts->primary.resource_version);
	thought_want(thought, &effect);
	thought_because(thought, "taking over %.100s.%.63s", thought->spec->primary,
	                thought->spec->k8s_namespace);
}

void adoption_take(struct thought *thought)
{
	const struct facts *facts = thought->facts;
	const struct workload_fact *primary = &facts->primary;

	if (facts->newest.name[0] == '\0' || primary->slot.state != FACT_KNOWN ||
	    !primary->is_owned || plan_changes(thought->plan, SUBJECT_PRIMARY) ||
	    adoption_is_raw(&facts->newest) || facts->is_quarantined || !facts->has_spec)
		return;
	want_primary(thought);
}

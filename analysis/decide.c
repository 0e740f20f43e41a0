#include "analysis/decide.h"

#include "analysis/actions.h"
#include "analysis/adoption.h"
#include "analysis/finalizer.h"
#include "analysis/guards.h"
#include "analysis/mirror.h"
#include "analysis/phase/phase.h"
#include "analysis/ruling.h"
#include "analysis/scaler.h"

typedef void phase(struct thought *thought);

/* The phase table. A run that is over is at rest. */
static phase *const phases[] = {
	[PHASE_NONE] = phase_starting,
	[PHASE_WAITING] = phase_starting,
	[PHASE_STARTING] = phase_starting,
	[PHASE_PROGRESSING] = phase_progressing,
	[PHASE_WAITING_PROMOTION] = phase_progressing,
	[PHASE_PROMOTING] = phase_promoting,
	[PHASE_FINALISING] = phase_finalising,
	[PHASE_RETREATING] = phase_retreating,
	[PHASE_DONE] = phase_resting,
};

/* Whether something about the subject is wanted already: then it need not be read first. But a
 * retreat's save starts from the Release as it was known: whether it was written already is told by
 * reading alone. */
static bool is_wanted(const struct plan *plan, enum subject subject)
{
	for (size_t i = 0; i < plan->n_effects; i++) {
		const struct effect *effect = &plan->effects[i];

		if (effect->subject == subject &&
		    !(effect->kind == EFFECT_SAVE_RELEASE && effect->is_retreat))
			return true;
	}
	return false;
}

/* Read once what is unknown or failed. */
static void observe_unknown(struct thought *thought)
{
	enum subject last = thought->facts->has_spec ? SUBJECT_RELEASES : SUBJECT_CANARY;

	for (enum subject subject = SUBJECT_CANARY; subject <= last; subject++) {
		/* The cast drops const only to share facts_slot with writers. */
		const struct fact_slot *slot =
			facts_slot((struct facts *)(uintptr_t)thought->facts, subject);

		if (slot->state == FACT_KNOWN || slot->state == FACT_ABSENT ||
		    is_wanted(thought->plan, subject))
			continue;
		if (subject == SUBJECT_ROUTE && thought->facts->has_spec &&
		    !thought->spec->route.weighs)
			continue; /* there is none to read */
		if ((subject == SUBJECT_APEX || subject == SUBJECT_PRIMARY_SERVICE) &&
		    thought->facts->has_spec && thought->spec->target_kind == TARGET_SERVICE)
			continue; /* the target and the primary are they */
		if ((subject == SUBJECT_SCALER || subject == SUBJECT_PRIMARY_SCALER) &&
		    thought->facts->has_spec && thought->spec->scaler_kind == SCALER_NONE)
			continue;
		thought_observe(thought, subject);
	}
}

/* What is to be done, and what is to be told of it. */
static void decide_for(struct thought *thought)
{
	const struct facts *facts = thought->facts;

	if (!facts->is_quarantined)
		guards_compare(thought);
	ruling_find(thought);
	if (!adoption_settle(thought) && !guards_hold(thought)) {
		if (release_is_open(&facts->newest))
			phases[facts->newest.status.phase](thought);
		else
			phase_resting(thought);
	}
	adoption_take(thought);
	scaler_leave(thought);
	actions_save(thought);
	mirror_keep(thought);
	finalizer_keep(thought);
	actions_answer(thought);
}

void decide(const struct canary_spec *spec, const struct facts *facts, struct plan *plan)
{
	struct thought thought = {.spec = spec, .facts = facts, .plan = plan};

	plan->n_effects = 0;
	plan->wake = (struct instant){0};
	plan->reason[0] = '\0';
	if (!adoption_waits(&thought))
		decide_for(&thought);
	if (!facts->is_quarantined)
		observe_unknown(&thought);
	if (plan->reason[0] == '\0')
		thought_because(&thought, "nothing to do");
}

#include "tests/analysis/walk_adoption.h"

#include "analysis/adoption.h"
#include "analysis/base/text.h"

#include <string.h>

/* How far the adoption is. */
enum stage {
	STAGE_NONE,  /* no Release */
	STAGE_FOUND, /* the first one, not saved yet */
	STAGE_REST,  /* … saved */
	STAGE_RUN,   /* that of the run under way, not saved yet */
	STAGE_MAX,
};

static const char *const phases[] = {
	"Initialized", "Failed",     "Progressing", "WaitingPromotion",
	"Promoting",   "Finalising", "Waiting",     "",
};

static void put_found(struct facts *facts, const char *phase)
{
	struct release *newest = &facts->newest;

	*newest = (struct release){.number = 1, .cause = CAUSE_ADOPTED, .primary_replicas = 2};
	text_copy(newest->name, "cart-1");
	text_copy(newest->uid, "release-1");
	text_copy(newest->resource_version, "9");
	text_copy(newest->digest, "v1");
	text_copy(newest->handled, "v2");
	text_copy(newest->adoption.phase, phase);
	text_copy(newest->adoption.primary_id, "flaggers");
	newest->adoption.failed_checks = facts->mirror.failed_checks;
}

static void put_run(struct facts *facts)
{
	struct release *newest = &facts->newest;

	facts->promoted = release_ref_of(newest);
	newest->number = 2;
	text_copy(newest->name, "cart-2");
	text_copy(newest->uid, "release-2");
	text_copy(newest->previous, "cart-1");
	text_copy(newest->digest, "v2");
	newest->handled[0] = '\0';
	newest->adoption.primary_id[0] = '\0';
}

void walk_adoption_put(struct world *world, uint64_t number)
{
	struct facts *facts = &world->facts;
	const char *phase = phases[number / STAGE_MAX % array_length(phases)];
	enum stage stage = (enum stage)(number % STAGE_MAX);

	facts->releases.state = FACT_KNOWN;
	facts->newest = (struct release){0};
	facts->promoted = (struct release_ref){0};
	text_copy(facts->mirror.phase, phase);
	facts->mirror.failed_checks = number / 64 % 2 ? world->spec.threshold : 0;
	text_copy(facts->primary.release_uid, "flaggers");
	facts->primary.is_owned = true;
	text_copy(facts->target.digest, number / 128 % 4 ? "v2" : "v3");
	facts->target.has_configs = false;
	facts->flagger_wrote.ms = number / 512 % 8 ? 0 : facts->now.ms - 1000;
	if (stage == STAGE_NONE) {
		facts->releases.state = FACT_ABSENT;
		return;
	}
	put_found(facts, phase);
	if (stage == STAGE_FOUND)
		return;
	facts->newest.status.phase = PHASE_DONE;
	facts->newest.status.outcome = OUTCOME_PROMOTED;
	facts->newest.status.seq = 1;
	facts->promoted = release_ref_of(&facts->newest);
	if (stage == STAGE_REST)
		return;
	facts->newest.status = (struct release_status){0};
	put_run(facts);
}

/* What clients, or the pods that serve them, notice. */
static bool is_world(const struct effect *effect)
{
	return effect->kind == EFFECT_WRITE_SERVICE || effect->kind == EFFECT_WRITE_ROUTE ||
	       effect->kind == EFFECT_CREATE_PRIMARY || effect->kind == EFFECT_WRITE_PRIMARY ||
	       effect->kind == EFFECT_SCALE || effect->kind == EFFECT_REMOVE ||
	       effect->kind == EFFECT_RESTORE || effect->kind == EFFECT_TAKE_PRIMARY;
}

static bool has_world(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_effects; i++) {
		if (is_world(&plan->effects[i]))
			return true;
	}
	return false;
}

/* The run that was adopted ends at once; the save that says so may have to wait for another try. */
static bool is_retreat(const struct plan *plan)
{
	bool is_forward = false;

	for (size_t i = 0; i < plan->n_effects; i++) {
		if (plan->effects[i].is_retreat)
			return true;
		is_forward |= is_world(&plan->effects[i]) && !plan->effects[i].is_retreat;
	}
	return !is_forward;
}

static bool has_change(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_effects; i++) {
		if (!effect_is_question(&plan->effects[i]))
			return true;
	}
	return false;
}

static bool is_running(const char *phase)
{
	return strcmp(phase, "Progressing") == 0 || strcmp(phase, "WaitingPromotion") == 0 ||
	       strcmp(phase, "Promoting") == 0 || strcmp(phase, "Finalising") == 0;
}

const char *walk_adoption_check(const struct world *world, const struct plan *plan)
{
	const struct facts *facts = &world->facts;
	const struct release *newest = &facts->newest;

	if (instant_is_set(facts->flagger_wrote) && facts->has_spec && !facts->is_quarantined &&
	    has_change(plan))
		return "something written while Flagger writes";
	if (newest->name[0] == '\0' && has_world(plan))
		return "something moved before a Release says what the primary runs";
	if (adoption_is_raw(newest) && facts->has_spec && has_world(plan) &&
	    (release_is_found(newest) || !is_retreat(plan)))
		return "something moved before the Release says where the run is";
	if (release_is_found(newest) && newest->status.phase == PHASE_DONE &&
	    is_running(newest->adoption.phase) && facts_is_undone(facts) && !facts->is_deleted &&
	    has_world(plan)) {
		for (size_t i = 0; i < plan->n_effects; i++) {
			if (is_world(&plan->effects[i]) &&
			    plan->effects[i].kind != EFFECT_TAKE_PRIMARY)
				return "something moved before the run has its Release";
		}
	}
	return NULL;
}

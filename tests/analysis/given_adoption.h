/* Where tables about Canaries that Flagger left begin, and what several of them give. */
#ifndef TESTS_ANALYSIS_GIVEN_ADOPTION_H
#define TESTS_ANALYSIS_GIVEN_ADOPTION_H

#include "analysis/base/text.h"
#include "tests/analysis/decisions.h"
#include "tests/analysis/given_workload.h"

/* Succeeded, of v1, and no Release yet. */
static inline void left(struct model *model)
{
	struct facts *facts = &model->truth;

	decisions_rest(model);
	facts->newest = (struct release){0};
	facts->promoted = (struct release_ref){0};
	facts->n_releases = 0;
	facts->releases.state = FACT_ABSENT;
	text_copy(facts->primary.release_uid, "flaggers");
	facts->primary.is_owned = true;
	text_copy(facts->mirror.phase, "Succeeded");
	text_copy(facts->mirror.last_applied, "applied");
	text_copy(facts->mirror.last_promoted, "promoted");
	facts->mirror.moved = facts->now;
}

/* The first Release says what the primary runs, and was not saved yet. */
static inline void found(struct model *model)
{
	struct facts *facts = &model->truth;

	left(model);
	facts->newest = (struct release){.number = 1,
	                                 .name = "cart-1",
	                                 .uid = "release-1",
	                                 .digest = "v1",
	                                 .handled = "v1",
	                                 .cause = CAUSE_ADOPTED,
	                                 .adoption = {.phase = "Succeeded",
	                                              .last_applied = "applied",
	                                              .last_promoted = "promoted",
	                                              .primary_id = "flaggers"}};
	facts->n_releases = 1;
	facts->releases.state = FACT_KNOWN;
}

/* It is over, and Flagger was analysing v2, which the target has. */
static inline void found_run(struct model *model)
{
	struct facts *facts = &model->truth;

	found(model);
	facts->newest.status.phase = PHASE_DONE;
	facts->newest.status.outcome = OUTCOME_PROMOTED;
	text_copy(facts->newest.handled, "v2");
	text_copy(facts->newest.adoption.phase, "Progressing");
	text_copy(facts->mirror.phase, "Progressing");
	facts->promoted = release_ref_of(&facts->newest);
	text_copy(facts->target.digest, "v2");
	put_pods(&facts->target, 2, 2);
	facts->route.weight = 20;
}

/* The second Release is that run, and was not saved yet: weight 20 is in force. */
static inline void run(struct model *model)
{
	struct facts *facts = &model->truth;

	found_run(model);
	facts->newest = (struct release){.number = 2,
	                                 .name = "cart-2",
	                                 .uid = "release-2",
	                                 .digest = "v2",
	                                 .previous = "cart-1",
	                                 .cause = CAUSE_ADOPTED,
	                                 .target_replicas = 2,
	                                 .primary_replicas = 2,
	                                 .adoption = {.phase = "Progressing", .weight = 20}};
	facts->n_releases = 2;
}

static inline void put_phase(struct model *model, const char *phase)
{
	text_copy(model->truth.mirror.phase, phase);
	text_copy(model->truth.newest.adoption.phase, phase);
}

static inline void phase_failed(struct model *model)
{
	put_phase(model, "Failed");
}

/* The first save was seen. */
static inline void settled(struct model *model)
{
	struct release *newest = &model->truth.newest;

	newest->status.phase = PHASE_DONE;
	newest->status.outcome = OUTCOME_PROMOTED;
	model->truth.promoted = release_ref_of(newest);
}

#endif

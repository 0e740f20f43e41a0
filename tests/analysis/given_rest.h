/* What rows are given about the last run, of v2, when it is over. */
#ifndef TESTS_ANALYSIS_GIVEN_REST_H
#define TESTS_ANALYSIS_GIVEN_REST_H

#include "analysis/base/text.h"
#include "tests/analysis/model.h"

static inline void newest_v2(struct model *model)
{
	struct facts *facts = &model->truth;

	facts->newest.number = 2;
	text_copy(facts->newest.name, "cart-2");
	text_copy(facts->newest.uid, "release-2");
	text_copy(facts->newest.digest, "v2");
	facts->newest.cause = CAUSE_REVISION;
	text_copy(facts->mirror.last_applied, "v2");
	text_copy(facts->mirror.phase, "Succeeded");
}

static inline void promoted(struct model *model)
{
	newest_v2(model);
	model->truth.promoted = release_ref_of(&model->truth.newest);
	text_copy(model->truth.primary.release_uid, "release-2");
	text_copy(model->truth.mirror.last_promoted, "v2");
}

static inline void rolled_back(struct model *model)
{
	newest_v2(model);
	model->truth.newest.status.outcome = OUTCOME_ROLLED_BACK;
	text_copy(model->truth.mirror.phase, "Failed");
}

#endif

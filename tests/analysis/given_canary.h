/* What rows are given about the Canary itself. */
#ifndef TESTS_ANALYSIS_GIVEN_CANARY_H
#define TESTS_ANALYSIS_GIVEN_CANARY_H

#include "analysis/base/text.h"
#include "tests/analysis/model.h"

static inline void ab(struct model *model)
{
	model->spec.strategy = STRATEGY_AB;
	model->spec.iterations = 2;
	model->truth.newest.status.weight.to = 100;
}

static inline void blue_green(struct model *model)
{
	model->spec.strategy = STRATEGY_BLUE_GREEN;
	model->spec.iterations = 2;
}

static inline void skipped(struct model *model)
{
	model->spec.skip_analysis = true;
}

static inline void suspended(struct model *model)
{
	model->spec.suspend = true;
}

static inline void quarantined(struct model *model)
{
	model->truth.is_quarantined = true;
}

static inline void deleted(struct model *model)
{
	model->truth.is_deleted = true;
}

static inline void moved(struct model *model)
{
	model->truth.is_moved = true;
}

static inline void no_spec(struct model *model)
{
	model->truth.has_spec = false;
	text_copy(model->truth.refusal, "spec.analysis: no");
}

static inline void refused(struct model *model)
{
	text_copy(model->truth.refusal, "spec.analysis: no");
}

/* … as Canary.status says. */
static inline void refused_told(struct model *model)
{
	refused(model);
	text_copy(model->truth.refusal_reason, "InvalidSpec");
	text_copy(model->truth.mirror.refusal, model->truth.refusal);
	text_copy(model->truth.mirror.refusal_reason, model->truth.refusal_reason);
}

#endif

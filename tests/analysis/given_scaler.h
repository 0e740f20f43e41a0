/* What rows are given about autoscalers. */
#ifndef TESTS_ANALYSIS_GIVEN_SCALER_H
#define TESTS_ANALYSIS_GIVEN_SCALER_H

#include "tests/analysis/model.h"

/* The target has an autoscaler, and the primary's follows it. */
static inline void put_scaler(struct model *model, enum scaler_kind kind)
{
	model->spec.scaler_kind = kind;
	model->spec.scaler = "cart";
	model->spec.primary_scaler = "cart-primary";
	model->truth.scaler = (struct scaler_fact){.slot.state = FACT_KNOWN,
	                                           .least = 2,
	                                           .most = 5,
	                                           .primary_least = 2,
	                                           .primary_most = 5};
	model->truth.primary_scaler = (struct scaler_fact){
		.slot.state = FACT_KNOWN, .is_exact = true, .least = 2, .most = 5};
}

static inline void scaler_absent(struct model *model)
{
	model->truth.scaler = (struct scaler_fact){.slot.state = FACT_ABSENT};
}

static inline void scaler_unknown(struct model *model)
{
	model->truth.scaler.slot.state = FACT_UNKNOWN;
}

static inline void primary_scaler_foreign(struct model *model)
{
	model->truth.primary_scaler.is_foreign = true;
}

static inline void primary_scaler_inexact(struct model *model)
{
	model->truth.primary_scaler.is_exact = false;
}

#endif

/* What happens in flows of the model, and what a plan has. */
#ifndef TESTS_ANALYSIS_HAPPEN_H
#define TESTS_ANALYSIS_HAPPEN_H

#include "tests/analysis/model.h"

static inline void apply_v1(struct model *model)
{
	model_apply(model, "v1");
}

static inline void apply_v2(struct model *model)
{
	model_apply(model, "v2");
}

static inline void apply_v3(struct model *model)
{
	model_apply(model, "v3");
}

static inline void fail_checks(struct model *model)
{
	model->success_rate = 50;
}

/* Pods of what is promoted from now on never get ready. */
static inline void break_primary(struct model *model)
{
	model->is_primary_broken = true;
}

/* None of its pods answers. */
static inline void lose_primary(struct model *model)
{
	model->truth.primary.available = 0;
	model->truth.primary.ready = 0;
}

static inline void close_gates(struct model *model)
{
	model->says[HOOK_CONFIRM_ROLLOUT] = HOOK_FAIL;
	model->says[HOOK_CONFIRM_PROMOTION] = HOOK_FAIL;
	model->says[HOOK_CONFIRM_TRAFFIC_INCREASE] = HOOK_FAIL;
}

static inline void delete_canary(struct model *model)
{
	model->truth.is_deleted = true;
}

static inline void delete_primary(struct model *model)
{
	model->truth.primary = (struct workload_fact){.slot.state = FACT_ABSENT};
}

/* The first effect of KIND; NULL: none. */
static inline const struct effect *find_effect(const struct plan *plan, enum effect_kind kind)
{
	for (size_t i = 0; i < plan->n_effects; i++) {
		if (plan->effects[i].kind == kind)
			return &plan->effects[i];
	}
	return NULL;
}

#endif

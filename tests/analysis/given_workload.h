/* What rows are given about the target and the primary: their pods and their templates. */
#ifndef TESTS_ANALYSIS_GIVEN_WORKLOAD_H
#define TESTS_ANALYSIS_GIVEN_WORKLOAD_H

#include "analysis/base/text.h"
#include "tests/analysis/model.h"

static inline void put_pods(struct workload_fact *workload, int replicas, int ready)
{
	workload->is_observed = true;
	workload->replicas = replicas;
	workload->total = replicas;
	workload->updated = replicas;
	workload->ready = ready;
	workload->available = ready;
}

static inline void target_absent(struct model *model)
{
	model->truth.target = (struct workload_fact){.slot.state = FACT_ABSENT};
}

static inline void target_unknown(struct model *model)
{
	model->truth.target.slot.state = FACT_UNKNOWN;
}

static inline void target_down(struct model *model)
{
	put_pods(&model->truth.target, 0, 0);
}

/* Scaled to none a moment ago: one is still counted. */
static inline void target_going(struct model *model)
{
	target_down(model);
	model->truth.target.total = 1;
}

static inline void target_unobserved(struct model *model)
{
	model->truth.target.is_observed = false;
}

static inline void target_waits(struct model *model)
{
	put_pods(&model->truth.target, 2, 0);
}

static inline void target_half(struct model *model)
{
	put_pods(&model->truth.target, 2, 1);
}

static inline void target_small(struct model *model)
{
	put_pods(&model->truth.target, 1, 1);
}

static inline void target_large(struct model *model)
{
	put_pods(&model->truth.target, 3, 3);
}

static inline void target_written(struct model *model)
{
	model->truth.target.slot.is_written = true;
}

static inline void target_refused(struct model *model)
{
	text_copy(model->truth.target.refusal, "no labels");
}

static inline void target_v2(struct model *model)
{
	text_copy(model->truth.target.digest, "v2");
}

static inline void target_v3(struct model *model)
{
	text_copy(model->truth.target.digest, "v3");
}

static inline void reverted(struct model *model)
{
	text_copy(model->truth.target.digest, "v1");
}

static inline void compared(struct model *model)
{
	text_copy(model->truth.change.digest, model->truth.target.digest);
	model->truth.change.kind = CHANGE_REAL;
}

static inline void grown(struct model *model)
{
	compared(model);
	model->truth.change.kind = CHANGE_DEFAULTS;
}

static inline void newer(struct model *model)
{
	text_copy(model->truth.target.digest, "v3");
	text_copy(model->truth.change.digest, "v3");
	model->truth.change.kind = CHANGE_REAL;
}

static inline void primary_absent(struct model *model)
{
	model->truth.primary = (struct workload_fact){.slot.state = FACT_ABSENT};
}

static inline void primary_unknown(struct model *model)
{
	model->truth.primary.slot.state = FACT_UNKNOWN;
}

static inline void primary_foreign(struct model *model)
{
	text_copy(model->truth.primary.release_uid, "somebody");
}

static inline void primary_dead(struct model *model)
{
	put_pods(&model->truth.primary, 2, 0);
}

static inline void primary_half(struct model *model)
{
	put_pods(&model->truth.primary, 2, 1);
}

static inline void primary_small(struct model *model)
{
	put_pods(&model->truth.primary, 1, 1);
}

static inline void primary_new(struct model *model)
{
	text_copy(model->truth.primary.release_uid, model->truth.newest.uid);
}

static inline void primary_may_empty(struct model *model)
{
	model->truth.primary.may_empty = true;
}

static inline void read_primary(struct model *model)
{
	model->truth.primary.slot.read_at = model->truth.now;
}

#endif

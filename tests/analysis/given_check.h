/* What rows are given about a check: when it is due, and what the metrics said. */
#ifndef TESTS_ANALYSIS_GIVEN_CHECK_H
#define TESTS_ANALYSIS_GIVEN_CHECK_H

#include "tests/analysis/model.h"

/* The check is due since MS. */
static inline void put_due(struct model *model, int64_t ms)
{
	model->truth.newest.status.times.next_check_at.ms = model->truth.now.ms - ms;
}

static inline void due(struct model *model)
{
	put_due(model, 0);
}

static inline void early(struct model *model)
{
	put_due(model, -1);
}

static inline void put_sample(struct model *model, enum sample_kind kind, double value)
{
	model->truth.samples[0] = (struct sample_fact){
		.check = model->truth.newest.status.times.next_check_at,
		.kind = kind,
		.value = value,
		.text = "silence",
	};
}

static inline void passed(struct model *model)
{
	put_sample(model, SAMPLE_VALUE, 100);
}

static inline void failed(struct model *model)
{
	put_sample(model, SAMPLE_VALUE, 50);
}

static inline void put_share(struct model *model, enum sample_kind kind)
{
	model->truth.share = (struct sample_fact){
		.check = model->truth.newest.status.times.next_check_at,
		.kind = kind,
		.value = 0.25,
	};
}

static inline void shared(struct model *model)
{
	put_share(model, SAMPLE_VALUE);
}

static inline void share_before(struct model *model)
{
	put_share(model, SAMPLE_VALUE);
	model->truth.share.check.ms--;
}

static inline void once_failed(struct model *model)
{
	model->truth.newest.status.failed_checks = 1;
}

static inline void unmeasured(struct model *model)
{
	model->truth.newest.status.times.unmeasured_since.ms = model->truth.now.ms - 10000;
}

#endif

/* What rows are given about the newest Release and those before it: how far its run is. */
#ifndef TESTS_ANALYSIS_GIVEN_RUN_H
#define TESTS_ANALYSIS_GIVEN_RUN_H

#include "analysis/base/text.h"
#include "tests/analysis/given_workload.h"
#include "tests/analysis/model.h"

static inline void init(struct model *model)
{
	model->truth.newest.cause = CAUSE_INIT;
	model->truth.promoted = (struct release_ref){0};
}

static inline void undo(struct model *model)
{
	model->truth.newest.cause = CAUSE_UNDO;
}

static inline void phase_none(struct model *model)
{
	model->truth.newest.status.phase = PHASE_NONE;
}

static inline void phase_waiting(struct model *model)
{
	model->truth.newest.status.phase = PHASE_WAITING;
}

static inline void starting(struct model *model)
{
	model->truth.newest.status.phase = PHASE_STARTING;
}

/* On the way from one weight to the next, which holds since MS. */
static inline void put_step(struct model *model, int from, int to, int64_t ms)
{
	model->truth.newest.status.weight.from = from;
	model->truth.newest.status.weight.to = to;
	model->truth.route.weight = to;
	model->truth.route.since.ms = model->truth.now.ms - ms;
	model->truth.newest.status.times.next_check_at.ms = model->truth.now.ms + 5000;
}

static inline void progressing(struct model *model)
{
	model->truth.newest.status.phase = PHASE_PROGRESSING;
	put_step(model, 0, 20, 60000);
}

static inline void second_step(struct model *model)
{
	model->truth.newest.status.phase = PHASE_PROGRESSING;
	put_step(model, 20, 40, 60000);
}

static inline void copies(struct model *model)
{
	model->spec.mirror = true;
	model->spec.route.mirrors = true;
	model->truth.newest.status.phase = PHASE_PROGRESSING;
	model->truth.newest.status.weight.is_mirrored = true;
	put_step(model, 0, 0, 60000);
}

static inline void waiting_promotion(struct model *model)
{
	model->truth.newest.status.phase = PHASE_WAITING_PROMOTION;
	put_step(model, 20, 40, 60000);
}

static inline void promoting(struct model *model)
{
	model->truth.newest.status.phase = PHASE_PROMOTING;
	put_step(model, 20, 40, 60000);
}

static inline void finalising(struct model *model)
{
	model->truth.newest.status.phase = PHASE_FINALISING;
	model->truth.newest.status.weight.from = 40;
	primary_new(model);
}

static inline void put_ending(struct model *model, enum release_outcome ending)
{
	model->truth.newest.status.phase = PHASE_RETREATING;
	model->truth.newest.status.ending = ending;
	text_copy(model->truth.newest.status.reason, "it failed");
}

static inline void retreating(struct model *model)
{
	put_ending(model, OUTCOME_ROLLED_BACK);
}

static inline void over(struct model *model)
{
	model->truth.newest.status.phase = PHASE_DONE;
	model->truth.newest.status.outcome = OUTCOME_ROLLED_BACK;
}

static inline void judged(struct model *model)
{
	over(model);
	text_copy(model->truth.mirror.last_applied, "v2");
}

static inline void full(struct model *model)
{
	text_copy(model->truth.newest.status.full.action, "action-9");
}

static inline void paused(struct model *model)
{
	text_copy(model->truth.newest.status.paused.action, "action-9");
	text_copy(model->truth.newest.status.paused.by, "bob");
}

static inline void unready_just(struct model *model)
{
	model->truth.newest.status.times.not_ready_since.ms = model->truth.now.ms - 59999;
}

static inline void unready_long(struct model *model)
{
	model->truth.newest.status.times.not_ready_since.ms = model->truth.now.ms - 60000;
}

static inline void unready_read(struct model *model)
{
	unready_long(model);
	model->truth.target.slot.read_at = model->truth.now;
	model->truth.primary.slot.read_at = model->truth.now;
	model->truth.route.slot.read_at = model->truth.now;
}

static inline void nothing_promoted(struct model *model)
{
	model->truth.promoted = (struct release_ref){0};
}

static inline void no_release(struct model *model)
{
	model->truth.newest = (struct release){0};
	model->truth.promoted = (struct release_ref){0};
}

static inline void releases_absent(struct model *model)
{
	model->truth.releases.state = FACT_ABSENT;
}

/* A save is on its way. */
static inline void releases_written(struct model *model)
{
	model->truth.releases.is_written = true;
}

static inline void releases_unknown(struct model *model)
{
	model->truth.releases.state = FACT_UNKNOWN;
}

#endif

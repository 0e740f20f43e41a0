/* What rows are given about hooks and receivers of alerts. */
#ifndef TESTS_ANALYSIS_GIVEN_HOOK_H
#define TESTS_ANALYSIS_GIVEN_HOOK_H

#include "analysis/hooks.h"
#include "tests/analysis/model.h"

static inline void gate_rollout(struct model *model)
{
	model_hook(model, HOOK_CONFIRM_ROLLOUT, NULL);
}

static inline void gate_increase(struct model *model)
{
	model_hook(model, HOOK_CONFIRM_TRAFFIC_INCREASE, NULL);
}

static inline void gate_promotion(struct model *model)
{
	model_hook(model, HOOK_CONFIRM_PROMOTION, NULL);
}

static inline void rollback(struct model *model)
{
	model_hook(model, HOOK_ROLLBACK, NULL);
}

static inline void post_rollout(struct model *model)
{
	model_hook(model, HOOK_POST_ROLLOUT, NULL);
}

static inline void muted(struct model *model)
{
	model->spec.hooks[0].is_muted = true;
}

/* The last hook's answer to what is asked now. */
static inline void put_answer(struct model *model, enum hook_result result)
{
	size_t i = model->spec.n_hooks - 1;
	struct thought thought = {.spec = &model->spec, .facts = &model->truth};

	model->truth.hooks[i] = (struct hook_fact){
		.question = hooks_question(&thought, i),
		.check = model->truth.newest.status.times.next_check_at,
		.result = result,
		.text = "no",
	};
	if (result == HOOK_FAIL)
		model->truth.hooks[i].refused = model->truth.now;
}

static inline void hook_yes(struct model *model)
{
	put_answer(model, HOOK_PASS);
}

static inline void hook_no(struct model *model)
{
	put_answer(model, HOOK_FAIL);
}

/* What came of the last hook, as the Release has it. */
static inline void put_record(struct model *model, enum hook_result result)
{
	size_t i = model->spec.n_hooks - 1;
	struct release_status *status = &model->truth.newest.status;
	struct thought thought = {.spec = &model->spec, .facts = &model->truth};

	status->hooks[status->n_hooks++] = (struct hook_record){
		.type = model->spec.hooks[i].type,
		.result = result,
		.question = hooks_question(&thought, i),
	};
}

static inline void hook_was_no(struct model *model)
{
	put_record(model, HOOK_FAIL);
}

static inline void receiver(struct model *model)
{
	model_receiver(model, SEVERITY_INFO);
}

#endif

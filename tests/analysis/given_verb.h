/* What rows are given about what people ask for. */
#ifndef TESTS_ANALYSIS_GIVEN_VERB_H
#define TESTS_ANALYSIS_GIVEN_VERB_H

#include "analysis/base/text.h"
#include "tests/analysis/model.h"

static inline void ask_promote(struct model *model)
{
	model_ask(model, VERB_PROMOTE, "hurry");
}

static inline void ask_full(struct model *model)
{
	model_ask(model, VERB_PROMOTE, "hurry");
	model->truth.action.is_full = true;
}

static inline void ask_abort(struct model *model)
{
	model_ask(model, VERB_ABORT, "it smells");
}

static inline void ask_pause(struct model *model)
{
	model_ask(model, VERB_PAUSE, "lunch");
}

static inline void ask_resume(struct model *model)
{
	model_ask(model, VERB_RESUME, "lunch is over");
}

static inline void ask_retry(struct model *model)
{
	model_ask(model, VERB_RETRY, "again");
}

static inline void ask_approve(struct model *model)
{
	model_ask(model, VERB_APPROVE, "fine");
}

static inline void ask_reject(struct model *model)
{
	model_ask(model, VERB_REJECT, "it smells");
}

static inline void done(struct model *model)
{
	model->truth.newest.status.actions[0].verb = model->truth.action.verb;
	text_copy(model->truth.newest.status.actions[0].uid, model->truth.action.uid);
	model->truth.newest.status.n_actions = 1;
}

#endif

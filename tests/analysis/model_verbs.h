/* What people ask the model's agent for, and what they are told. The part of model.c about Actions. */
#ifndef TESTS_ANALYSIS_MODEL_VERBS_H
#define TESTS_ANALYSIS_MODEL_VERBS_H

#include "tests/analysis/model.h"

/* Carry out EFFECT_ANSWER and EFFECT_FIND_RELEASE. */
void model_answer(struct model *model, const struct effect *effect);
void model_find_release(struct model *model, const struct effect *effect);

#endif

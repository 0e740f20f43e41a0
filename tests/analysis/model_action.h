/* What people ask of the model, and what they are answered. The part of model.c about them. */
#ifndef TESTS_ANALYSIS_MODEL_ACTION_H
#define TESTS_ANALYSIS_MODEL_ACTION_H

#include "tests/analysis/model.h"

/* Carry out EFFECT_ANSWER, EFFECT_FIND_RELEASE. */
void model_answer(struct model *model, const struct effect *effect);
void model_find_release(struct model *model, const struct effect *effect);

#endif

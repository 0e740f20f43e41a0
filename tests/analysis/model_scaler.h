/* The autoscalers of the model: the target's, which people made, and the primary's. */
#ifndef TESTS_ANALYSIS_MODEL_SCALER_H
#define TESTS_ANALYSIS_MODEL_SCALER_H

#include "tests/analysis/model.h"

/* The Canary names an autoscaler of that kind, with 1 to 10 pods. */
void model_autoscale(struct model *model, enum scaler_kind kind);

/* Carry out EFFECT_WRITE_SCALER, and EFFECT_SCALE of an autoscaler. */
void model_scaler(struct model *model, const struct effect *effect);

/* What the autoscalers do with their workloads, at once; false: nothing. */
bool model_scaler_settle(struct model *model);

#endif

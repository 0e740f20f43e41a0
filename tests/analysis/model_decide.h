/* A decision of the model's agent. */
#ifndef TESTS_ANALYSIS_MODEL_DECIDE_H
#define TESTS_ANALYSIS_MODEL_DECIDE_H

#include "tests/analysis/model.h"

/* Decide on what the agent sees. Fails the program when something is to be written that is so
 * already. */
void model_decide(struct model *model, struct plan *plan);

#endif

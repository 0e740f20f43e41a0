/* Who the model asks and tells: metrics, hooks, receivers of alerts, and the trace. The part of
 * model.c about them.
 */
#ifndef TESTS_ANALYSIS_MODEL_TELL_H
#define TESTS_ANALYSIS_MODEL_TELL_H

#include "tests/analysis/model.h"

/* One more line of the trace: "KIND TEXT". */
void model_write_down(struct model *model, const char *kind, const char *text);

/* The receiver took that very request before, and is silent. */
bool model_is_hung(const struct model *model, const struct effect *effect);

/* Carry out EFFECT_NOTIFY, EFFECT_ASK_HOOK, EFFECT_TELL_HOOK, EFFECT_ALERT. */
void model_notify(struct model *model, const struct effect *effect);
void model_ask_hook(struct model *model, const struct effect *effect);
void model_tell_hook(struct model *model, const struct effect *effect);
void model_alert(struct model *model, const struct effect *effect);

/* Carry out EFFECT_WRITE_MIRROR and EFFECT_MEASURE. */
void model_write_mirror(struct model *model, const struct effect *effect);
void model_measure(struct model *model, const struct effect *effect);

#define MODEL_PLAN_MAX 4096

/* The plan in words, for tables: its effects in order, joined by "; ", and nothing of the reason. A
 * retreat has a mark behind it: "route 0!; save release Retreating rolled_back!". */
const char *model_tell_plan(const struct plan *plan, char ret[MODEL_PLAN_MAX]);

#endif

/* A parsed template carried out. Private to template_*.c. */
#ifndef PROVIDERS_TEMPLATE_EVAL_H
#define PROVIDERS_TEMPLATE_EVAL_H

#include "analysis/base/arena.h"
#include "analysis/base/buf.h"
#include "analysis/base/err.h"
#include "providers/template.h"
#include "providers/template_tree.h"

/* Append what DEFINITIONS give. Inputs: sorted by key, no NULL. Errors begin with the line. */
bool template_eval_run(const struct template_definition *definitions,
                       const struct template_inputs *inputs, struct arena *arena, struct buf *ret,
                       struct err *err);

#endif

/* Values as Go's fmt writes them. Private to template_*.c. */
#ifndef PROVIDERS_TEMPLATE_PRINT_H
#define PROVIDERS_TEMPLATE_PRINT_H

#include "analysis/base/buf.h"
#include "analysis/base/err.h"
#include "providers/template.h"
#include "providers/template_tree.h"

/* Go's name of a value's type: "string", "int", …; "<nil>" when absent. */
const char *template_print_type(const struct template_value *value);

/* Append VALUE as %v; what is absent is written as ABSENT. False when the buffer is full. */
bool template_print_value(const struct template_inputs *inputs, const struct template_value *value,
                          const char *absent, struct buf *ret) MUST_USE;

/* Append as fmt.Sprint does: a blank between two values of which neither is a text. */
bool template_print_all(const struct template_inputs *inputs, const struct template_value *values,
                        size_t n_values, struct buf *ret) MUST_USE;

/* Append as fmt.Sprintln does. */
bool template_print_line(const struct template_inputs *inputs, const struct template_value *values,
                         size_t n_values, struct buf *ret) MUST_USE;

#endif

/* Go's fmt.Sprintf. Private to template_*.c. */
#ifndef PROVIDERS_TEMPLATE_PRINTF_H
#define PROVIDERS_TEMPLATE_PRINTF_H

#include "analysis/base/buf.h"
#include "analysis/base/err.h"
#include "providers/template.h"
#include "providers/template_tree.h"

#define TEMPLATE_PRINTF_WIDTH_MAX 9999

/*
 * Append VALUES as FORMAT says, with Go's own texts for what does not fit ("%!d(string=x)").
 * Refuses what is not supported: `*`, `[n]`, `%#…`, %U, %p of the variables and %q of numbers.
 */
bool template_printf_add(const struct template_inputs *inputs, const struct template_value *format,
                         const struct template_value *values, size_t n_values, struct buf *ret,
                         struct err *err);

#endif

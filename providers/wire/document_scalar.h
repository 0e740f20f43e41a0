/* Plain YAML 1.1 scalars as values. */
#ifndef PROVIDERS_WIRE_DOCUMENT_SCALAR_H
#define PROVIDERS_WIRE_DOCUMENT_SCALAR_H

#include <jansson.h>

/*
 * The value of a plain (unquoted) scalar: null, true, a number, else the text itself. NULL for
 * infinity and NaN, which JSON cannot hold, and for what is no UTF-8. The caller owns the result.
 */
json_t *document_scalar_new(const char *text);

#endif

/* JSON trees as YAML texts, which document.h reads back as the same trees. */
#ifndef PROVIDERS_WIRE_DOCUMENT_WRITE_H
#define PROVIDERS_WIRE_DOCUMENT_WRITE_H

#include "analysis/base/buf.h"
#include "analysis/base/err.h"

#include <jansson.h>
#include <stdbool.h>

/*
 * Append TREE as one YAML document in block style, keys in their order. Texts that would be read
 * as something else are quoted, those with line ends are written as blocks;
 * numbers have at most 15 digits. Aborts when memory runs
 * out. ERR_LIMIT: the buffer's maximum, or deeper than DOCUMENT_DEPTH_MAX; the buffer may then hold
 * a part.
 */
bool document_write_yaml(const json_t *tree, struct buf *ret, struct err *err);

#endif

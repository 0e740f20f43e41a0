/* JSON text to a tree: what json_loadb reads, as it reads it, in a third of its time. */
#ifndef PROVIDERS_WIRE_TREE_READ_H
#define PROVIDERS_WIRE_TREE_READ_H

#include <jansson.h>
#include <stddef.h>

/*
 * The object or array that BYTES hold, a new reference; of equal keys the last one counts. NULL
 * when they hold anything else: ret_where (may be NULL) says where and why, as jansson does.
 */
json_t *tree_read(const char *bytes, size_t length, json_error_t *ret_where);

#endif

/* A tree to JSON text without blanks: what json_dumps writes, byte by byte, in a fifth of its time.
 */
#ifndef PROVIDERS_WIRE_TREE_WRITE_H
#define PROVIDERS_WIRE_TREE_WRITE_H

#include <jansson.h>
#include <stddef.h>

/*
 * The text of an object or array, with the members in their order, or sorted by their keys. Freed
 * by the caller with free(). NULL when the tree is no such value, deeper than jansson writes
 * (2048), or holds texts that are not UTF-8. ret_length (may be NULL): without the NUL.
 */
char *tree_write(const json_t *tree, size_t *ret_length);
char *tree_write_sorted(const json_t *tree, size_t *ret_length);

#endif

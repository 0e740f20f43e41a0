/* JSON trees (jansson) with an owner: freeing at the end of a scope, and one text per value. */
#ifndef PROVIDERS_WIRE_TREE_H
#define PROVIDERS_WIRE_TREE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* For CLEANUP(tree_freep): gives up the reference; accepts NULL inside. */
void tree_freep(json_t **tree);

/*
 * The canonical text of any JSON value: keys sorted bytewise, no blanks, so that equal trees have
 * equal texts whatever the order of their fields. Freed by the caller with free(). NULL when the
 * tree is deeper than jansson writes (2048).
 */
char *tree_text(const json_t *tree);

/* For CLEANUP(tree_text_freep): frees what tree_text gave. */
void tree_text_freep(char **text);

/* Whether at most MAX lists and objects lie inside each other in TREE, which counts. */
bool tree_is_shallow(const json_t *tree, size_t max);

#endif

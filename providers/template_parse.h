/* A template's text as a tree. Private to template_*.c. */
#ifndef PROVIDERS_TEMPLATE_PARSE_H
#define PROVIDERS_TEMPLATE_PARSE_H

#include "analysis/base/arena.h"
#include "analysis/base/err.h"
#include "providers/template_tree.h"

/*
 * Read TEXT, which must outlive the tree, into definitions, the whole one first; all is owned by
 * the arena. Errors begin with the line.
 */
bool template_parse_text(const char *text, struct arena *arena, struct template_definition **ret,
                         struct err *err);

/* The definition NAME, or NULL. */
const struct template_definition *template_parse_find(const struct template_definition *definitions,
                                                      const char *name);

#endif

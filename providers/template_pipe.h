/* Pipelines of templates: terms, commands, assignments. Private to template_*.c. */
#ifndef PROVIDERS_TEMPLATE_PIPE_H
#define PROVIDERS_TEMPLATE_PIPE_H

#include "providers/template_word.h"

/*
 * The pipeline at this word, up to CLOSING, at which we then stand. CONTEXT is for errors; in
 * "range" two variables may be declared.
 */
bool template_pipe_parse(struct template_parser *parser, const char *context,
                         enum template_token_kind closing, struct template_pipe **ret);

/* The constant that this word, a quoted or raw text or a rune, means. */
bool template_pipe_text(struct template_parser *parser, struct template_term *ret);

#endif

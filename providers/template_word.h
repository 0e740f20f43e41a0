/* The state of a parser and its walk over the words. Private to template_*.c. */
#ifndef PROVIDERS_TEMPLATE_WORD_H
#define PROVIDERS_TEMPLATE_WORD_H

#include "analysis/base/arena.h"
#include "analysis/base/err.h"
#include "providers/template_lex.h"
#include "providers/template_tree.h"

#define TEMPLATE_SCOPE_MAX 256 /* variables in scope */
#define TEMPLATE_SHOWN_MAX 40  /* bytes of a word in an error */

/* The next word is always at hand. White space in actions is one: `a .b` and `a.b` differ. */
struct template_parser {
	struct template_lex lex;
	struct template_token token; /* the next word */
	struct arena *arena;
	struct err *err;
	struct template_definition *definitions;
	const char *variables[TEMPLATE_SCOPE_MAX]; /* in scope */
	size_t n_variables;
	int depth;       /* blocks and parentheses */
	int range_depth; /* blocks that break may leave */
};

/* Past this word. */
bool template_word_next(struct template_parser *parser);

/* To the next word that is no white space; stays where there is none. */
bool template_word_skip_space(struct template_parser *parser);

/* Past this word and the white space behind it. */
bool template_word_skip(struct template_parser *parser);

/* Set "line L: TEXT". Returns false. */
bool template_word_refuse(struct template_parser *parser, const char *text);

/* Set "line L: unexpected … in CONTEXT". Returns false. */
bool template_word_unexpected(struct template_parser *parser, const char *context);

bool template_word_is_at(const struct template_parser *parser, enum template_token_kind kind);

bool template_word_is_keyword(const struct template_parser *parser, const char *word);

/* A copy of this word without its first PREFIX bytes. */
const char *template_word_text(struct template_parser *parser, size_t prefix);

/* One block or parenthesis deeper; refuses to go too deep. */
bool template_word_enter(struct template_parser *parser);

#endif

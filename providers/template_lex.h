/* The words of a template. Private to template_*.c. */
#ifndef PROVIDERS_TEMPLATE_LEX_H
#define PROVIDERS_TEMPLATE_LEX_H

#include "analysis/base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum template_token_kind {
	TEMPLATE_TOKEN_NONE,
	TEMPLATE_TOKEN_END, /* of the template */
	TEMPLATE_TOKEN_TEXT,
	TEMPLATE_TOKEN_LEFT,  /* {{ */
	TEMPLATE_TOKEN_RIGHT, /* }} */
	TEMPLATE_TOKEN_SPACE,
	TEMPLATE_TOKEN_ASSIGN,  /* = */
	TEMPLATE_TOKEN_DECLARE, /* := */
	TEMPLATE_TOKEN_BAR,     /* | */
	TEMPLATE_TOKEN_OPEN,    /* ( */
	TEMPLATE_TOKEN_CLOSE,   /* ) */
	TEMPLATE_TOKEN_QUOTED,  /* "…" with its quotes */
	TEMPLATE_TOKEN_RAW,     /* `…` */
	TEMPLATE_TOKEN_RUNE,    /* '…' */
	TEMPLATE_TOKEN_NUMBER,
	TEMPLATE_TOKEN_FLAG, /* true, false */
	TEMPLATE_TOKEN_NIL,
	TEMPLATE_TOKEN_DOT,
	TEMPLATE_TOKEN_FIELD,    /* .name */
	TEMPLATE_TOKEN_VARIABLE, /* $name */
	TEMPLATE_TOKEN_WORD,     /* a function */
	TEMPLATE_TOKEN_KEYWORD,  /* if, end, … */
	TEMPLATE_TOKEN_CHAR,     /* any other character, such as , */
};

struct template_token {
	enum template_token_kind kind;
	const char *text;
	size_t length;
	int line;
};

enum template_place {
	TEMPLATE_OUTSIDE,
	TEMPLATE_BEFORE, /* an action */
	TEMPLATE_INSIDE,
};

/* Zero with text and length set is the beginning. */
struct template_lex {
	const char *text;
	size_t length;
	size_t at;
	int line; /* 0 for the first */
	enum template_place place;
	int parentheses;
};

/* The next word. Errors begin with the line. */
bool template_lex_next(struct template_lex *lex, struct template_token *ret, struct err *err);

/* Whether the token is WORD. */
bool template_lex_is(const struct template_token *token, const char *word);

#endif

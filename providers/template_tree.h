/*
 * What a parsed template is made of. Private to template_*.c.
 *
 *   node      text, or one action or block
 *   pipe      commands joined by `|`, perhaps assigned to variables
 *   command   terms beside each other: a function and its arguments, or one value
 *   term      a constant, `.`, $x, a function or (pipe), perhaps followed by .field.field
 */
#ifndef PROVIDERS_TEMPLATE_TREE_H
#define PROVIDERS_TEMPLATE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Values ------------------------------------------------------------------------------------- */

enum template_kind {
	TEMPLATE_ABSENT, /* no data, nil */
	TEMPLATE_FLAG,
	TEMPLATE_WHOLE, /* Go's int */
	TEMPLATE_BYTE,  /* Go's uint8: an element of a string */
	TEMPLATE_REAL,
	TEMPLATE_TEXT,
	TEMPLATE_VARIABLES, /* the map of variables, the only one there is */
};

struct template_value {
	enum template_kind kind;
	bool flag;
	int64_t whole; /* also of a byte */
	double real;
	const char *text; /* not NUL-terminated */
	size_t length;
};

/* Trees -------------------------------------------------------------------------------------- */

enum template_term_kind {
	TEMPLATE_TERM_NONE,
	TEMPLATE_TERM_DOT,
	TEMPLATE_TERM_NIL,
	TEMPLATE_TERM_CONSTANT,
	TEMPLATE_TERM_FUNCTION,
	TEMPLATE_TERM_VARIABLE,
	TEMPLATE_TERM_PIPE,
};

struct template_field {
	const char *name;
	struct template_field *next;
};

struct template_term {
	enum template_term_kind kind;
	struct template_value value; /* of a constant */
	const char *name;            /* of a function or variable ("$x") */
	struct template_pipe *pipe;
	struct template_field *fields; /* .a.b behind it */
	struct template_term *next;    /* of the command */
};

struct template_command {
	struct template_term *terms; /* at least one */
	struct template_command *next;
};

struct template_pipe {
	int line;
	bool is_assigned; /* `=` instead of `:=` */
	const char *variables[2];
	size_t n_variables;
	struct template_command *commands;
};

enum template_node_kind {
	TEMPLATE_NODE_NONE,
	TEMPLATE_NODE_TEXT,
	TEMPLATE_NODE_ACTION,
	TEMPLATE_NODE_IF,
	TEMPLATE_NODE_WITH,
	TEMPLATE_NODE_RANGE,
	TEMPLATE_NODE_BREAK,
	TEMPLATE_NODE_CONTINUE,
	TEMPLATE_NODE_TEMPLATE, /* {{ template "name" pipe }} */
};

struct template_node {
	enum template_node_kind kind;
	int line;
	const char *text; /* of a text; the name of a template */
	size_t length;
	struct template_pipe *pipe; /* NULL: none */
	struct template_node *body;
	struct template_node *other; /* {{ else }} */
	struct template_node *next;
};

/* A named template; the one with name "" is the whole. */
struct template_definition {
	const char *name;
	struct template_node *body;
	struct template_definition *next;
};

#endif

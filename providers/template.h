/*
 * Query templates: the part of Go's text/template that queries use, executed without data and with
 * missingkey=error.
 *
 * Actions, pipelines, variables, if, else, with, range, break, continue, define, template, block,
 * comments and trim markers; the functions name namespace target service ingress route interval
 * variables (the inputs) and and or not eq ne lt le gt ge index slice len print printf println html
 * urlquery. Not supported, and refused by name: call, js, complex numbers, and in printf `*`,
 * `[n]`,
 * `%#v` and the rarer verbs. No escaping is applied: a variable with a quote changes the query.
 */
#ifndef PROVIDERS_TEMPLATE_H
#define PROVIDERS_TEMPLATE_H

#include "analysis/base/buf.h"
#include "analysis/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define TEMPLATE_TEXT_MAX    65536  /* bytes of a template */
#define TEMPLATE_OUTPUT_MAX  262144 /* bytes of what it gives, and of each text on the way */
#define TEMPLATE_NESTING_MAX 64     /* blocks and parentheses inside each other; also calls */
#define TEMPLATE_STEPS_MAX   100000 /* nodes, calls and blocks of 256 bytes worked on */
#define TEMPLATE_MEMORY_MAX  (8 * 1024 * 1024)

struct template_variable {
	const char *key;
	const char *value;
};

/* What the zero-argument functions give; NULL counts as "". Variables in any order, keys once. */
struct template_inputs {
	const char *name;
	const char *k8s_namespace; /* function `namespace` */
	const char *target;
	const char *service;
	const char *ingress;
	const char *route;
	const char *interval;
	const struct template_variable *variables;
	size_t n_variables;
};

/*
 * Append what TEXT gives to RET, whose own maximum counts as well. Errors begin with "template
 * parsing failed: " or "template excution failed: " (Flagger's spelling); ERR_LIMIT for the limits
 * above. On failure RET is as before.
 */
bool template_render(const char *text, const struct template_inputs *inputs, struct buf *ret,
                     struct err *err);

/* Whether TEXT can be parsed. */
bool template_check(const char *text, struct err *err);

#endif

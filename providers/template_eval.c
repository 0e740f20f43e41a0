#include "providers/template_eval.h"

#include "providers/template_call.h"
#include "providers/template_parse.h"
#include "providers/template_print.h"

#include <assert.h>
#include <string.h>

#define SCOPE_MAX 512 /* variables at a time, in all templates under way */

struct binding {
	const char *name;
	struct template_value value;
};

/* Where the walk goes on. */
enum jump {
	JUMP_NONE,
	JUMP_BREAK,
	JUMP_CONTINUE,
};

struct eval {
	const struct template_definition *definitions;
	struct template_call call;
	struct buf *out;
	struct err *err;
	struct binding scope[SCOPE_MAX];
	size_t n_scope;
	size_t base; /* the first variable of the template under way: $ */
	size_t steps;
	int depth; /* of templates in templates */
	int line;
	enum jump jump;
};

static bool eval_pipe(struct eval *eval, const struct template_value *dot,
                      const struct template_pipe *pipe, struct template_value *ret);
static bool walk(struct eval *eval, const struct template_value *dot,
                 const struct template_node *node);

static bool refuse(struct eval *eval, const char *text)
{
	return err_set(eval->err, ERR_INVALID, "line %d: %s", eval->line, text);
}

/* Count work: one step, and one for each 256 bytes of a text. */
static bool spend(struct eval *eval, size_t length)
{
	eval->steps += 1 + length / 256;
	if (eval->steps > TEMPLATE_STEPS_MAX)
		return err_set(eval->err, ERR_LIMIT, "line %d: more than %d steps", eval->line,
		               TEMPLATE_STEPS_MAX);
	if (eval->call.arena->used > TEMPLATE_MEMORY_MAX)
		return err_set(eval->err, ERR_LIMIT, "line %d: more than %d bytes of memory",
		               eval->line, TEMPLATE_MEMORY_MAX);
	return true;
}

/* Variables ----------------------------------------------------------------------------------- */

static struct binding *find_binding(struct eval *eval, const char *name)
{
	for (size_t i = eval->n_scope; i > eval->base; i--) {
		if (strcmp(eval->scope[i - 1].name, name) == 0)
			return &eval->scope[i - 1];
	}
	return NULL;
}

static bool bind(struct eval *eval, const char *name, const struct template_value *value)
{
	if (eval->n_scope == SCOPE_MAX)
		return err_set(eval->err, ERR_LIMIT, "line %d: more than %d variables", eval->line,
		               SCOPE_MAX);
	eval->scope[eval->n_scope++] = (struct binding){.name = name, .value = *value};
	return true;
}

static bool assign(struct eval *eval, const char *name, const struct template_value *value)
{
	struct binding *binding = find_binding(eval, name);

	if (!binding)
		return err_set(eval->err, ERR_INVALID, "line %d: undefined variable: %.80s",
		               eval->line, name);
	binding->value = *value;
	return true;
}

/* Terms --------------------------------------------------------------------------------------- */

/* The entry FIELD of VALUE; HAS_ARGUMENTS: something follows the last field. */
static bool eval_field(struct eval *eval, const struct template_value *value,
                       const struct template_field *field, bool has_arguments,
                       struct template_value *ret)
{
	const struct template_variable *variable;

	if (value->kind == TEMPLATE_ABSENT)
		return err_set(eval->err, ERR_INVALID,
		               "line %d: nil data; no entry for key \"%.80s\"", eval->line,
		               field->name);
	if (value->kind != TEMPLATE_VARIABLES)
		return err_set(eval->err, ERR_INVALID,
		               "line %d: can't evaluate field %.80s in type %s", eval->line,
		               field->name, template_print_type(value));
	if (has_arguments && !field->next)
		return err_set(eval->err, ERR_INVALID,
		               "line %d: %.80s is not a method but has arguments", eval->line,
		               field->name);
	variable = template_call_find(eval->call.inputs, field->name, strlen(field->name));
	if (!variable)
		return err_set(eval->err, ERR_INVALID,
		               "line %d: map has no entry for key \"%.80s\"", eval->line,
		               field->name);
	*ret = (struct template_value){
		.kind = TEMPLATE_TEXT,
		.text = variable->value,
		.length = strlen(variable->value),
	};
	return true;
}

static bool eval_fields(struct eval *eval, const struct template_field *field, bool has_arguments,
                        struct template_value *value)
{
	for (; field; field = field->next) {
		struct template_value receiver = *value;

		if (!eval_field(eval, &receiver, field, has_arguments, value))
			return false;
	}
	return true;
}

static bool call_function(struct eval *eval, const char *name,
                          const struct template_value *arguments, size_t n_arguments,
                          struct template_value *ret)
{
	size_t length = 0;

	for (size_t i = 0; i < n_arguments; i++)
		length += arguments[i].kind == TEMPLATE_TEXT ? arguments[i].length : 0;
	if (!spend(eval, length))
		return false;
	if (!template_call_count(name, n_arguments, eval->err) ||
	    !template_call_function(&eval->call, name, arguments, n_arguments, ret, eval->err))
		return err_wrap(eval->err, "line %d", eval->line);
	return true;
}

/* A term by itself: what it is as an argument, or without any. */
static bool eval_term(struct eval *eval, const struct template_value *dot,
                      const struct template_term *term, bool has_arguments,
                      struct template_value *ret)
{
	const struct binding *binding;

	switch (term->kind) {
	case TEMPLATE_TERM_DOT:
		*ret = *dot;
		break;
	case TEMPLATE_TERM_CONSTANT:
		*ret = term->value;
		break;
	case TEMPLATE_TERM_FUNCTION:
		if (!call_function(eval, term->name, NULL, 0, ret))
			return false;
		break;
	case TEMPLATE_TERM_VARIABLE:
		binding = find_binding(eval, term->name);
		if (!binding)
			return refuse(eval, "undefined variable");
		*ret = binding->value;
		break;
	case TEMPLATE_TERM_PIPE:
		if (!eval_pipe(eval, dot, term->pipe, ret))
			return false;
		break;
	case TEMPLATE_TERM_NIL:
	case TEMPLATE_TERM_NONE:
		*ret = (struct template_value){0};
		break;
	}
	return eval_fields(eval, term->fields, has_arguments, ret);
}

/* Commands ------------------------------------------------------------------------------------ */

/* A function with its arguments; LAST, what came through the pipe, is one more. */
static bool eval_call(struct eval *eval, const struct template_value *dot,
                      const struct template_command *command, const struct template_value *last,
                      struct template_value *ret)
{
	struct template_value arguments[TEMPLATE_ARGUMENTS_MAX + 1];
	const char *name = command->terms->name;
	bool is_and = strcmp(name, "and") == 0;
	bool is_lazy = is_and || strcmp(name, "or") == 0;
	size_t n_arguments = 0;

	for (const struct template_term *term = command->terms->next; term; term = term->next) {
		struct template_value *argument = &arguments[n_arguments];

		assert(n_arguments < TEMPLATE_ARGUMENTS_MAX);
		if (!eval_term(eval, dot, term, false, argument))
			return false;
		n_arguments++;
		if (is_lazy && template_call_truth(eval->call.inputs, argument) != is_and) {
			last = NULL;
			break;
		}
	}
	if (last)
		arguments[n_arguments++] = *last;
	return call_function(eval, name, arguments, n_arguments, ret);
}

static bool eval_command(struct eval *eval, const struct template_value *dot,
                         const struct template_command *command, const struct template_value *last,
                         struct template_value *ret)
{
	const struct template_term *first = command->terms;
	bool has_arguments = first->next || last;

	if (!spend(eval, 0))
		return false;
	if (first->kind == TEMPLATE_TERM_FUNCTION && !first->fields)
		return eval_call(eval, dot, command, last, ret);
	if (first->kind == TEMPLATE_TERM_NIL)
		return refuse(eval, "nil is not a command");
	if (has_arguments && !first->fields)
		return refuse(eval, "can't give argument to non-function");
	return eval_term(eval, dot, first, has_arguments, ret);
}

static bool eval_pipe(struct eval *eval, const struct template_value *dot,
                      const struct template_pipe *pipe, struct template_value *ret)
{
	struct template_value value = {0};
	const struct template_value *last = NULL;

	eval->line = pipe->line;
	for (const struct template_command *command = pipe->commands; command;
	     command = command->next) {
		struct template_value next = {0};

		if (!eval_command(eval, dot, command, last, &next))
			return false;
		value = next;
		last = &value;
	}
	for (size_t i = 0; i < pipe->n_variables; i++) {
		const char *name = pipe->variables[i];

		if (pipe->is_assigned ? !assign(eval, name, &value) : !bind(eval, name, &value))
			return false;
	}
	*ret = value;
	return true;
}

/* Nodes --------------------------------------------------------------------------------------- */

static bool full(struct eval *eval)
{
	return err_set(eval->err, ERR_LIMIT, "line %d: more than %zu bytes of output", eval->line,
	               eval->out->max);
}

static bool walk_action(struct eval *eval, const struct template_value *dot,
                        const struct template_node *node)
{
	struct template_value value;

	if (!eval_pipe(eval, dot, node->pipe, &value))
		return false;
	if (node->pipe->n_variables > 0)
		return true;
	return template_print_value(eval->call.inputs, &value, "<no value>", eval->out) ||
	       full(eval);
}

static bool walk_if(struct eval *eval, const struct template_value *dot,
                    const struct template_node *node)
{
	size_t mark = eval->n_scope;
	struct template_value value;
	bool is_with = node->kind == TEMPLATE_NODE_WITH;
	bool is_true;

	if (!eval_pipe(eval, dot, node->pipe, &value))
		return false;
	is_true = template_call_truth(eval->call.inputs, &value);
	if (!walk(eval, is_true && is_with ? &value : dot, is_true ? node->body : node->other))
		return false;
	eval->n_scope = mark;
	return true;
}

/* One round of a range. KEY is absent for numbers. *ret_go_on is false after a break. */
static bool walk_round(struct eval *eval, const struct template_node *node,
                       const struct template_value *key, const struct template_value *value,
                       bool *ret_go_on)
{
	const struct template_pipe *pipe = node->pipe;
	size_t mark = eval->n_scope;
	size_t n_variables = pipe->n_variables;
	const struct template_value *values[2] = {n_variables == 2 ? key : value, value};

	for (size_t i = 0; i < n_variables; i++) {
		if (!pipe->is_assigned)
			eval->scope[mark - n_variables + i].value = *values[i];
		else if (!assign(eval, pipe->variables[i], values[i]))
			return false;
	}
	if (!spend(eval, 0) || !walk(eval, value, node->body))
		return false;
	eval->n_scope = mark;
	*ret_go_on = eval->jump != JUMP_BREAK;
	eval->jump = JUMP_NONE;
	return true;
}

static struct template_value text_value(const char *text)
{
	return (struct template_value){
		.kind = TEMPLATE_TEXT,
		.text = text,
		.length = strlen(text),
	};
}

static bool range_variables(struct eval *eval, const struct template_node *node)
{
	const struct template_inputs *inputs = eval->call.inputs;
	bool goes_on = true;

	for (size_t i = 0; goes_on && i < inputs->n_variables; i++) {
		struct template_value key = text_value(inputs->variables[i].key);
		struct template_value value = text_value(inputs->variables[i].value);

		if (!walk_round(eval, node, &key, &value, &goes_on))
			return false;
	}
	return true;
}

static bool range_number(struct eval *eval, const struct template_node *node,
                         const struct template_value *limit)
{
	struct template_value absent = {0};
	struct template_value value = {.kind = limit->kind};
	bool goes_on = true;

	for (; goes_on && value.whole < limit->whole; value.whole++) {
		if (!walk_round(eval, node, &absent, &value, &goes_on))
			return false;
	}
	return true;
}

static bool walk_range(struct eval *eval, const struct template_value *dot,
                       const struct template_node *node)
{
	size_t mark = eval->n_scope;
	struct template_value value;
	bool is_number;
	bool is_ok;

	if (!eval_pipe(eval, dot, node->pipe, &value))
		return false;
	is_number = value.kind == TEMPLATE_WHOLE || value.kind == TEMPLATE_BYTE;
	if (is_number && node->pipe->n_variables > 1)
		return refuse(eval, "can't use a number to iterate over more than one variable");
	if (!is_number && value.kind != TEMPLATE_VARIABLES && value.kind != TEMPLATE_ABSENT)
		return err_set(eval->err, ERR_INVALID, "line %d: range can't iterate over a %s",
		               eval->line, template_print_type(&value));
	if (is_number && value.whole > 0)
		is_ok = range_number(eval, node, &value);
	else if (value.kind == TEMPLATE_VARIABLES && eval->call.inputs->n_variables > 0)
		is_ok = range_variables(eval, node);
	else
		is_ok = walk(eval, dot, node->other);
	eval->n_scope = mark;
	return is_ok;
}

static bool walk_template(struct eval *eval, const struct template_value *dot,
                          const struct template_node *node)
{
	const struct template_definition *definition =
		template_parse_find(eval->definitions, node->text);
	struct template_value value = {0};
	size_t mark = eval->n_scope;
	size_t base = eval->base;
	bool is_ok;

	if (!definition)
		return err_set(eval->err, ERR_INVALID, "line %d: template \"%.80s\" not defined",
		               node->line, node->text);
	if (eval->depth == TEMPLATE_NESTING_MAX)
		return err_set(eval->err, ERR_LIMIT, "line %d: more than %d templates in templates",
		               node->line, TEMPLATE_NESTING_MAX);
	if (node->pipe && !eval_pipe(eval, dot, node->pipe, &value))
		return false;
	eval->base = eval->n_scope;
	eval->depth++;
	is_ok = bind(eval, "$", &value) && walk(eval, &value, definition->body);
	eval->depth--;
	eval->base = base;
	eval->n_scope = mark;
	return is_ok;
}

static bool walk_node(struct eval *eval, const struct template_value *dot,
                      const struct template_node *node)
{
	switch (node->kind) {
	case TEMPLATE_NODE_TEXT:
		return buf_add(eval->out, node->text, node->length) || full(eval);
	case TEMPLATE_NODE_ACTION:
		return walk_action(eval, dot, node);
	case TEMPLATE_NODE_IF:
	case TEMPLATE_NODE_WITH:
		return walk_if(eval, dot, node);
	case TEMPLATE_NODE_RANGE:
		return walk_range(eval, dot, node);
	case TEMPLATE_NODE_TEMPLATE:
		return walk_template(eval, dot, node);
	case TEMPLATE_NODE_BREAK:
	case TEMPLATE_NODE_CONTINUE:
		eval->jump = node->kind == TEMPLATE_NODE_BREAK ? JUMP_BREAK : JUMP_CONTINUE;
		break;
	case TEMPLATE_NODE_NONE:
		break;
	}
	return true;
}

/* NODE and those behind it. Variables that they bring stay: whoever opened the block ends them. */
static bool walk(struct eval *eval, const struct template_value *dot,
                 const struct template_node *node)
{
	for (; node && eval->jump == JUMP_NONE; node = node->next) {
		eval->line = node->line;
		if (!spend(eval, node->kind == TEMPLATE_NODE_TEXT ? node->length : 0) ||
		    !walk_node(eval, dot, node))
			return false;
	}
	return true;
}

bool template_eval_run(const struct template_definition *definitions,
                       const struct template_inputs *inputs, struct arena *arena, struct buf *ret,
                       struct err *err)
{
	struct eval *eval = arena_alloc(arena, sizeof(*eval));
	struct template_value dot = {0};

	eval->definitions = definitions;
	eval->call = (struct template_call){.inputs = inputs, .arena = arena};
	eval->out = ret;
	eval->err = err;
	eval->line = 1;
	return bind(eval, "$", &dot) && walk(eval, &dot, definitions->body);
}

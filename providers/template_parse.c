/*
 * A recursive descent over the words. The parser always has the next word at hand (`token`); white
 * space inside actions is a word, since `a .b` and `a.b` differ.
 */
#include "providers/template_parse.h"

#include "providers/template.h"
#include "providers/template_call.h"
#include "providers/template_lex.h"
#include "providers/template_quote.h"

#include <string.h>

#define VARIABLES_MAX 256
#define SHOWN_MAX     40

struct parser {
	struct template_lex lex;
	struct template_token token; /* the next word */
	struct arena *arena;
	struct err *err;
	struct template_definition *definitions;
	const char *variables[VARIABLES_MAX]; /* in scope */
	size_t n_variables;
	int depth;       /* blocks and parentheses */
	int range_depth; /* blocks that break may leave */
};

/* How a list of nodes ended. */
enum list_end {
	LIST_END_TEXT,
	LIST_END_END,
	LIST_END_ELSE,
};

static bool parse_pipe(struct parser *parser, const char *context, enum template_token_kind closing,
                       struct template_pipe **ret);
static bool parse_list(struct parser *parser, struct template_node **ret, enum list_end *ret_end);

/* Words --------------------------------------------------------------------------------------- */

static bool next(struct parser *parser)
{
	return template_lex_next(&parser->lex, &parser->token, parser->err);
}

static bool skip_space(struct parser *parser)
{
	while (parser->token.kind == TEMPLATE_TOKEN_SPACE) {
		if (!next(parser))
			return false;
	}
	return true;
}

/* Past this word and the space behind it. */
static bool next_word(struct parser *parser)
{
	return next(parser) && skip_space(parser);
}

static bool refuse(struct parser *parser, const char *text)
{
	return err_set(parser->err, ERR_INVALID, "line %d: %s", parser->token.line, text);
}

static bool unexpected(struct parser *parser, const char *context)
{
	const struct template_token *token = &parser->token;

	if (token->kind == TEMPLATE_TOKEN_END)
		return err_set(parser->err, ERR_INVALID,
		               "line %d: unexpected end of the text in %s", token->line, context);
	if (token->kind == TEMPLATE_TOKEN_RIGHT)
		return err_set(parser->err, ERR_INVALID, "line %d: unexpected \"}}\" in %s",
		               token->line, context);
	return err_set(parser->err, ERR_INVALID, "line %d: unexpected \"%.*s\" in %s", token->line,
	               (int)(token->length < SHOWN_MAX ? token->length : SHOWN_MAX), token->text,
	               context);
}

static bool is_at(const struct parser *parser, enum template_token_kind kind)
{
	return parser->token.kind == kind;
}

static bool is_at_keyword(const struct parser *parser, const char *word)
{
	return is_at(parser, TEMPLATE_TOKEN_KEYWORD) && template_lex_is(&parser->token, word);
}

static const char *word_text(struct parser *parser, size_t prefix)
{
	return arena_copy(parser->arena, parser->token.text + prefix,
	                  parser->token.length - prefix);
}

static bool enter(struct parser *parser)
{
	if (parser->depth == TEMPLATE_NESTING_MAX)
		return err_set(parser->err, ERR_LIMIT,
		               "line %d: more than %d blocks and parentheses inside each other",
		               parser->token.line, TEMPLATE_NESTING_MAX);
	parser->depth++;
	return true;
}

/* Variables ----------------------------------------------------------------------------------- */

static bool add_variable(struct parser *parser, const char *name)
{
	if (parser->n_variables == VARIABLES_MAX)
		return err_set(parser->err, ERR_LIMIT, "line %d: more than %d variables",
		               parser->token.line, VARIABLES_MAX);
	parser->variables[parser->n_variables++] = name;
	return true;
}

static bool has_variable(const struct parser *parser, const char *name)
{
	for (size_t i = 0; i < parser->n_variables; i++) {
		if (strcmp(parser->variables[i], name) == 0)
			return true;
	}
	return false;
}

/* Terms --------------------------------------------------------------------------------------- */

static bool parse_function(struct parser *parser, struct template_term *ret)
{
	const char *refusal;

	ret->kind = TEMPLATE_TERM_FUNCTION;
	ret->name = word_text(parser, 0);
	refusal = template_call_refusal(ret->name);
	if (refusal)
		return err_set(parser->err, ERR_INVALID, "line %d: function \"%.40s\": %s",
		               parser->token.line, ret->name, refusal);
	if (!template_call_is_known(ret->name))
		return err_set(parser->err, ERR_INVALID, "line %d: function \"%.80s\" not defined",
		               parser->token.line, ret->name);
	return true;
}

static bool parse_text(struct parser *parser, struct template_term *ret)
{
	const struct template_token *token = &parser->token;
	char *text = arena_alloc(parser->arena, token->length + 4);
	size_t length;
	size_t used;

	if (!template_quote_read(token->text, token->length, text, &length))
		return err_set(parser->err, ERR_INVALID,
		               "line %d: malformed text or character %.*s", token->line,
		               (int)(token->length < SHOWN_MAX ? token->length : SHOWN_MAX),
		               token->text);
	ret->kind = TEMPLATE_TERM_CONSTANT;
	if (token->kind != TEMPLATE_TOKEN_RUNE)
		ret->value = (struct template_value){
			.kind = TEMPLATE_TEXT,
			.text = text,
			.length = length,
		};
	else
		ret->value = (struct template_value){
			.kind = TEMPLATE_WHOLE,
			.whole = length == 1 ? (unsigned char)text[0]
		                             : template_quote_rune(text, length, &used),
		};
	return true;
}

static bool parse_number(struct parser *parser, struct template_term *ret)
{
	const struct template_token *token = &parser->token;

	ret->kind = TEMPLATE_TERM_CONSTANT;
	if (token->text[token->length - 1] == 'i')
		return refuse(parser, "complex numbers are not supported");
	if (!template_quote_number(token->text, token->length, &ret->value))
		return err_set(parser->err, ERR_INVALID,
		               "line %d: bad number syntax or out of range: \"%.*s\"", token->line,
		               (int)(token->length < SHOWN_MAX ? token->length : SHOWN_MAX),
		               token->text);
	return true;
}

static bool parse_variable(struct parser *parser, struct template_term *ret)
{
	ret->kind = TEMPLATE_TERM_VARIABLE;
	ret->name = word_text(parser, 0);
	if (!has_variable(parser, ret->name))
		return err_set(parser->err, ERR_INVALID, "line %d: undefined variable \"%.80s\"",
		               parser->token.line, ret->name);
	return true;
}

static bool add_field(struct parser *parser, struct template_field ***end)
{
	struct template_field *field = arena_alloc(parser->arena, sizeof(*field));

	field->name = word_text(parser, 1);
	**end = field;
	*end = &field->next;
	return next(parser);
}

/* (pipe), up to the closing parenthesis */
static bool parse_parentheses(struct parser *parser, struct template_term *ret)
{
	ret->kind = TEMPLATE_TERM_PIPE;
	if (!enter(parser) || !next(parser) ||
	    !parse_pipe(parser, "parenthesized pipeline", TEMPLATE_TOKEN_CLOSE, &ret->pipe))
		return false;
	parser->depth--;
	return true;
}

/* The term that this word begins, without fields; kind none when it begins none. */
static bool parse_operand(struct parser *parser, struct template_term *ret)
{
	switch (parser->token.kind) {
	case TEMPLATE_TOKEN_WORD:
		return parse_function(parser, ret);
	case TEMPLATE_TOKEN_DOT:
	case TEMPLATE_TOKEN_FIELD:
		ret->kind = TEMPLATE_TERM_DOT;
		return true;
	case TEMPLATE_TOKEN_NIL:
		ret->kind = TEMPLATE_TERM_NIL;
		return true;
	case TEMPLATE_TOKEN_VARIABLE:
		return parse_variable(parser, ret);
	case TEMPLATE_TOKEN_FLAG:
		ret->kind = TEMPLATE_TERM_CONSTANT;
		ret->value.kind = TEMPLATE_FLAG;
		ret->value.flag = template_lex_is(&parser->token, "true");
		return true;
	case TEMPLATE_TOKEN_NUMBER:
		return parse_number(parser, ret);
	case TEMPLATE_TOKEN_QUOTED:
	case TEMPLATE_TOKEN_RAW:
	case TEMPLATE_TOKEN_RUNE:
		return parse_text(parser, ret);
	case TEMPLATE_TOKEN_OPEN:
		return parse_parentheses(parser, ret);
	case TEMPLATE_TOKEN_NONE:
	case TEMPLATE_TOKEN_END:
	case TEMPLATE_TOKEN_TEXT:
	case TEMPLATE_TOKEN_LEFT:
	case TEMPLATE_TOKEN_RIGHT:
	case TEMPLATE_TOKEN_SPACE:
	case TEMPLATE_TOKEN_ASSIGN:
	case TEMPLATE_TOKEN_DECLARE:
	case TEMPLATE_TOKEN_BAR:
	case TEMPLATE_TOKEN_CLOSE:
	case TEMPLATE_TOKEN_KEYWORD:
	case TEMPLATE_TOKEN_CHAR:
		break;
	}
	return true;
}

/* A term with its fields; NULL in *ret when this word begins none. */
static bool parse_term(struct parser *parser, struct template_term **ret)
{
	struct template_term *term = arena_alloc(parser->arena, sizeof(*term));
	struct template_field **end = &term->fields;
	bool is_field = is_at(parser, TEMPLATE_TOKEN_FIELD);
	bool is_dot = is_at(parser, TEMPLATE_TOKEN_DOT);

	*ret = NULL;
	if (!parse_operand(parser, term))
		return false;
	if (term->kind == TEMPLATE_TERM_NONE)
		return true;
	if (!is_field && !next(parser))
		return false;
	if (is_at(parser, TEMPLATE_TOKEN_FIELD) && !is_field &&
	    (is_dot || term->kind == TEMPLATE_TERM_NIL || term->kind == TEMPLATE_TERM_CONSTANT))
		return refuse(parser, "unexpected . after a constant or .");
	while (is_at(parser, TEMPLATE_TOKEN_FIELD)) {
		if (!add_field(parser, &end))
			return false;
	}
	*ret = term;
	return true;
}

/* Pipelines ----------------------------------------------------------------------------------- */

/* Terms with space between them, up to a bar or the end of the pipeline. */
static bool parse_command(struct parser *parser, struct template_command *ret)
{
	struct template_term **end = &ret->terms;
	size_t n_terms = 0;

	for (;;) {
		struct template_term *term;

		if (!skip_space(parser) || !parse_term(parser, &term))
			return false;
		if (term) {
			*end = term;
			end = &term->next;
			if (++n_terms > TEMPLATE_ARGUMENTS_MAX)
				return err_set(parser->err, ERR_LIMIT,
				               "line %d: more than %d arguments",
				               parser->token.line, TEMPLATE_ARGUMENTS_MAX);
		}
		if (!is_at(parser, TEMPLATE_TOKEN_SPACE))
			break;
	}
	if (!is_at(parser, TEMPLATE_TOKEN_BAR) && !is_at(parser, TEMPLATE_TOKEN_RIGHT) &&
	    !is_at(parser, TEMPLATE_TOKEN_CLOSE))
		return unexpected(parser, "operand");
	return n_terms > 0 || refuse(parser, "empty command");
}

/* `$x :=`, `$x =` or, in a range, `$k, $v :=`, if the pipeline begins so. */
static bool parse_declaration(struct parser *parser, bool is_range, struct template_pipe *ret)
{
	while (is_at(parser, TEMPLATE_TOKEN_VARIABLE)) {
		struct parser before = *parser;
		const char *name = word_text(parser, 0);

		if (!next_word(parser))
			return false;
		if (is_at(parser, TEMPLATE_TOKEN_ASSIGN) || is_at(parser, TEMPLATE_TOKEN_DECLARE)) {
			ret->is_assigned = is_at(parser, TEMPLATE_TOKEN_ASSIGN);
			ret->variables[ret->n_variables++] = name;
			return add_variable(parser, name) && next_word(parser);
		}
		if (!is_at(parser, TEMPLATE_TOKEN_CHAR) || parser->token.text[0] != ',') {
			*parser = before;
			return true;
		}
		if (!is_range || ret->n_variables == 1)
			return refuse(parser, "too many declarations");
		ret->variables[ret->n_variables++] = name;
		if (!add_variable(parser, name) || !next_word(parser))
			return false;
		if (!is_at(parser, TEMPLATE_TOKEN_VARIABLE) && !is_at(parser, TEMPLATE_TOKEN_RIGHT))
			return refuse(parser, "range can only initialize variables");
	}
	return true;
}

/* Only functions, variables and fields can take what comes through a pipe. */
static bool check_stage(struct parser *parser, const struct template_command *command)
{
	const struct template_term *first = command->terms;

	if (first->kind == TEMPLATE_TERM_CONSTANT || first->kind == TEMPLATE_TERM_NIL ||
	    (first->kind == TEMPLATE_TERM_DOT && !first->fields))
		return refuse(parser, "non executable command in pipeline");
	return true;
}

static bool parse_pipe(struct parser *parser, const char *context, enum template_token_kind closing,
                       struct template_pipe **ret)
{
	struct template_pipe *pipe = arena_alloc(parser->arena, sizeof(*pipe));
	struct template_command **end = &pipe->commands;

	pipe->line = parser->token.line;
	if (!skip_space(parser) ||
	    !parse_declaration(parser, strcmp(context, "range") == 0, pipe) || !skip_space(parser))
		return false;
	if (is_at(parser, closing))
		return err_set(parser->err, ERR_INVALID, "line %d: missing value for %s",
		               parser->token.line, context);
	for (;;) {
		struct template_command *command = arena_alloc(parser->arena, sizeof(*command));

		if (!parse_command(parser, command))
			return false;
		if (end != &pipe->commands && !check_stage(parser, command))
			return false;
		*end = command;
		end = &command->next;
		if (!is_at(parser, TEMPLATE_TOKEN_BAR))
			break;
		if (!next_word(parser))
			return false;
	}
	if (!is_at(parser, closing))
		return unexpected(parser, context);
	*ret = pipe;
	return true;
}

/* Blocks -------------------------------------------------------------------------------------- */

static bool parse_block(struct parser *parser, enum template_node_kind kind, const char *context,
                        struct template_node *ret);

/* Behind {{ else: `if …` and `with …` chain, anything else is the other list up to {{ end }}. */
static bool parse_else(struct parser *parser, enum template_node_kind kind,
                       struct template_node *ret)
{
	const char *chained = kind == TEMPLATE_NODE_IF     ? "if"
	                      : kind == TEMPLATE_NODE_WITH ? "with"
	                                                   : "";
	enum list_end end;

	if (is_at_keyword(parser, chained)) {
		ret->other = arena_alloc(parser->arena, sizeof(*ret->other));
		ret->other->line = parser->token.line;
		return next(parser) && enter(parser) && /* left by parse_block */
		       parse_block(parser, kind, chained, ret->other);
	}
	if (!is_at(parser, TEMPLATE_TOKEN_RIGHT))
		return unexpected(parser, "else");
	if (!next(parser) || !parse_list(parser, &ret->other, &end))
		return false;
	return end == LIST_END_END || refuse(parser, "expected {{end}}");
}

/* Behind {{ if, up to and with {{ end }}. The caller has entered. */
static bool parse_block(struct parser *parser, enum template_node_kind kind, const char *context,
                        struct template_node *ret)
{
	size_t n_variables = parser->n_variables;
	bool is_range = kind == TEMPLATE_NODE_RANGE;
	enum list_end end;

	ret->kind = kind;
	if (!parse_pipe(parser, context, TEMPLATE_TOKEN_RIGHT, &ret->pipe) || !next(parser))
		return false;
	parser->range_depth += is_range;
	if (!parse_list(parser, &ret->body, &end))
		return false;
	parser->range_depth -= is_range;
	if (end == LIST_END_TEXT)
		return unexpected(parser, context);
	if (end == LIST_END_ELSE && !parse_else(parser, kind, ret))
		return false;
	parser->n_variables = n_variables;
	parser->depth--;
	return true;
}

/* The quoted name of a template, and past it. */
static bool parse_name(struct parser *parser, const char **ret)
{
	struct template_term term = {0};

	if (!is_at(parser, TEMPLATE_TOKEN_QUOTED) && !is_at(parser, TEMPLATE_TOKEN_RAW))
		return unexpected(parser, "template name");
	if (!parse_text(parser, &term))
		return false;
	*ret = arena_copy(parser->arena, term.value.text, term.value.length);
	return next_word(parser);
}

static bool is_empty(const struct template_node *node)
{
	for (; node; node = node->next) {
		if (node->kind != TEMPLATE_NODE_TEXT)
			return false;
		for (size_t i = 0; i < node->length; i++) {
			if (!strchr(" \t\r\n\v\f", node->text[i]))
				return false;
		}
	}
	return true;
}

/* An empty definition does not replace another one. */
static bool add_definition(struct parser *parser, const char *name, struct template_node *body)
{
	struct template_definition **end = &parser->definitions;

	for (; *end; end = &(*end)->next) {
		if (strcmp((*end)->name, name) != 0)
			continue;
		if (is_empty((*end)->body))
			(*end)->body = body;
		else if (!is_empty(body))
			return err_set(parser->err, ERR_INVALID,
			               "line %d: multiple definition of template \"%.80s\"",
			               parser->token.line, name);
		return true;
	}
	*end = arena_alloc(parser->arena, sizeof(**end));
	(*end)->name = name;
	(*end)->body = body;
	return true;
}

/* The body of a definition: its only variable is $. */
static bool parse_body(struct parser *parser, const char *name)
{
	struct parser outer = *parser;
	struct template_node *body;
	enum list_end end;

	parser->n_variables = 1;
	parser->range_depth = 0;
	if (!enter(parser) || !next(parser) || !parse_list(parser, &body, &end))
		return false;
	if (end != LIST_END_END)
		return refuse(parser, "expected {{end}}");
	memcpy(parser->variables, outer.variables, sizeof(outer.variables));
	parser->n_variables = outer.n_variables;
	parser->range_depth = outer.range_depth;
	parser->depth = outer.depth;
	return add_definition(parser, name, body);
}

/* {{ template "name" pipe }}, {{ block "name" pipe }}…{{ end }} */
static bool parse_call(struct parser *parser, bool is_block, struct template_node *ret)
{
	ret->kind = TEMPLATE_NODE_TEMPLATE;
	if (!parse_name(parser, &ret->text))
		return false;
	if ((is_block || !is_at(parser, TEMPLATE_TOKEN_RIGHT)) &&
	    !parse_pipe(parser, is_block ? "block clause" : "template clause", TEMPLATE_TOKEN_RIGHT,
	                &ret->pipe))
		return false;
	return is_block ? parse_body(parser, ret->text) : next(parser);
}

static bool parse_define(struct parser *parser)
{
	const char *name;

	if (!parse_name(parser, &name))
		return false;
	if (!is_at(parser, TEMPLATE_TOKEN_RIGHT))
		return unexpected(parser, "define clause");
	return parse_body(parser, name);
}

static bool parse_jump(struct parser *parser, struct template_node *ret)
{
	if (parser->range_depth == 0)
		return refuse(parser, "{{break}} or {{continue}} outside {{range}}");
	ret->kind = is_at_keyword(parser, "break") ? TEMPLATE_NODE_BREAK : TEMPLATE_NODE_CONTINUE;
	if (!next_word(parser))
		return false;
	return is_at(parser, TEMPLATE_TOKEN_RIGHT) ? next(parser) : unexpected(parser, "{{break}}");
}

struct keyword {
	const char *word;
	enum template_node_kind kind;
};

static const struct keyword blocks[] = {
	{"if", TEMPLATE_NODE_IF},
	{"with", TEMPLATE_NODE_WITH},
	{"range", TEMPLATE_NODE_RANGE},
};

/* The action of a keyword that is not `end` or `else`; kind none for one that leaves no node. */
static bool parse_keyword(struct parser *parser, struct template_node *ret)
{
	bool is_block = is_at_keyword(parser, "block");

	for (size_t i = 0; i < array_length(blocks); i++) {
		if (is_at_keyword(parser, blocks[i].word))
			return enter(parser) && next(parser) &&
			       parse_block(parser, blocks[i].kind, blocks[i].word, ret) &&
			       next(parser);
	}
	if (is_block || is_at_keyword(parser, "template"))
		return next_word(parser) && parse_call(parser, is_block, ret) &&
		       (!is_block || next(parser));
	if (is_at_keyword(parser, "break") || is_at_keyword(parser, "continue"))
		return parse_jump(parser, ret);
	if (!is_at_keyword(parser, "define") || parser->depth > 0)
		return unexpected(parser, "action");
	return next_word(parser) && parse_define(parser) && next(parser);
}

/* One action behind "{{ ". *ret_end says when it was the list's end; then we stand at "}}", or
 * behind `else`. */
static bool parse_action(struct parser *parser, struct template_node *ret, enum list_end *ret_end)
{
	ret->line = parser->token.line;
	*ret_end = LIST_END_TEXT;
	if (is_at_keyword(parser, "end") || is_at_keyword(parser, "else")) {
		*ret_end = is_at_keyword(parser, "end") ? LIST_END_END : LIST_END_ELSE;
		if (!next_word(parser))
			return false;
		if (*ret_end == LIST_END_END && !is_at(parser, TEMPLATE_TOKEN_RIGHT))
			return unexpected(parser, "end");
		return true;
	}
	if (is_at(parser, TEMPLATE_TOKEN_KEYWORD))
		return parse_keyword(parser, ret);
	ret->kind = TEMPLATE_NODE_ACTION;
	return parse_pipe(parser, "command", TEMPLATE_TOKEN_RIGHT, &ret->pipe) && next(parser);
}

/*
 * Nodes up to the end of the text, {{ end }} or {{ else. We then stand at its "}}" (end) or behind
 * the word (else).
 */
static bool parse_list(struct parser *parser, struct template_node **ret, enum list_end *ret_end)
{
	struct template_node **end = ret;

	*ret = NULL;
	*ret_end = LIST_END_TEXT;
	while (!is_at(parser, TEMPLATE_TOKEN_END)) {
		struct template_node *node = arena_alloc(parser->arena, sizeof(*node));

		node->line = parser->token.line;
		if (is_at(parser, TEMPLATE_TOKEN_TEXT)) {
			node->kind = TEMPLATE_NODE_TEXT;
			node->text = parser->token.text;
			node->length = parser->token.length;
			if (!next(parser))
				return false;
		} else if (!next_word(parser) || !parse_action(parser, node, ret_end)) {
			return false;
		}
		if (*ret_end != LIST_END_TEXT)
			return true;
		if (node->kind == TEMPLATE_NODE_NONE)
			continue;
		*end = node;
		end = &node->next;
	}
	return true;
}

bool template_parse_text(const char *text, struct arena *arena, struct template_definition **ret,
                         struct err *err)
{
	struct parser parser = {
		.lex = {.text = text, .length = strlen(text)},
		.arena = arena,
		.err = err,
		.variables = {"$"},
		.n_variables = 1,
	};
	struct template_definition *whole = arena_alloc(arena, sizeof(*whole));
	enum list_end end;

	if (!next(&parser) || !parse_list(&parser, &whole->body, &end))
		return false;
	if (end != LIST_END_TEXT)
		return refuse(&parser,
		              end == LIST_END_END ? "unexpected {{end}}" : "unexpected {{else}}");
	whole->name = "";
	whole->next = parser.definitions;
	*ret = whole;
	return true;
}

const struct template_definition *template_parse_find(const struct template_definition *definitions,
                                                      const char *name)
{
	/* The first one, the whole, has no name of its own here. */
	for (definitions = definitions->next; definitions; definitions = definitions->next) {
		if (strcmp(definitions->name, name) == 0)
			return definitions;
	}
	return NULL;
}

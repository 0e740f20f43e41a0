#include "providers/template_pipe.h"

#include "providers/template_call.h"
#include "providers/template_quote.h"

#include <string.h>

/* Variables ----------------------------------------------------------------------------------- */

static bool add_variable(struct template_parser *parser, const char *name)
{
	if (parser->n_variables == TEMPLATE_SCOPE_MAX)
		return err_set(parser->err, ERR_LIMIT, "line %d: more than %d variables",
		               parser->token.line, TEMPLATE_SCOPE_MAX);
	parser->variables[parser->n_variables++] = name;
	return true;
}

static bool has_variable(const struct template_parser *parser, const char *name)
{
	for (size_t i = 0; i < parser->n_variables; i++) {
		if (strcmp(parser->variables[i], name) == 0)
			return true;
	}
	return false;
}

/* Terms --------------------------------------------------------------------------------------- */

static bool parse_function(struct template_parser *parser, struct template_term *ret)
{
	const char *refusal;

	ret->kind = TEMPLATE_TERM_FUNCTION;
	ret->name = template_word_text(parser, 0);
	refusal = template_call_refusal(ret->name);
	if (refusal)
		return err_set(parser->err, ERR_INVALID, "line %d: function \"%.40s\": %s",
		               parser->token.line, ret->name, refusal);
	if (!template_call_is_known(ret->name))
		return err_set(parser->err, ERR_INVALID, "line %d: function \"%.80s\" not defined",
		               parser->token.line, ret->name);
	return true;
}

bool template_pipe_text(struct template_parser *parser, struct template_term *ret)
{
	const struct template_token *token = &parser->token;
	char *text = arena_alloc(parser->arena, token->length + 4);
	size_t length;
	size_t used;

	if (!template_quote_read(token->text, token->length, text, &length))
		return err_set(parser->err, ERR_INVALID,
		               "line %d: malformed text or character %.*s", token->line,
		               (int)(token->length < TEMPLATE_SHOWN_MAX ? token->length
		                                                        : TEMPLATE_SHOWN_MAX),
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

static bool parse_number(struct template_parser *parser, struct template_term *ret)
{
	const struct template_token *token = &parser->token;

	ret->kind = TEMPLATE_TERM_CONSTANT;
	if (token->text[token->length - 1] == 'i')
		return template_word_refuse(parser, "complex numbers are not supported");
	if (!template_quote_number(token->text, token->length, &ret->value))
		return err_set(parser->err, ERR_INVALID,
		               "line %d: bad number syntax or out of range: \"%.*s\"", token->line,
		               (int)(token->length < TEMPLATE_SHOWN_MAX ? token->length
		                                                        : TEMPLATE_SHOWN_MAX),
		               token->text);
	return true;
}

static bool parse_variable(struct template_parser *parser, struct template_term *ret)
{
	ret->kind = TEMPLATE_TERM_VARIABLE;
	ret->name = template_word_text(parser, 0);
	if (!has_variable(parser, ret->name))
		return err_set(parser->err, ERR_INVALID, "line %d: undefined variable \"%.80s\"",
		               parser->token.line, ret->name);
	return true;
}

static bool add_field(struct template_parser *parser, struct template_field ***end)
{
	struct template_field *field = arena_alloc(parser->arena, sizeof(*field));

	field->name = template_word_text(parser, 1);
	**end = field;
	*end = &field->next;
	return template_word_next(parser);
}

/* (pipe), up to the closing parenthesis */
static bool parse_parentheses(struct template_parser *parser, struct template_term *ret)
{
	ret->kind = TEMPLATE_TERM_PIPE;
	if (!template_word_enter(parser) || !template_word_next(parser) ||
	    !template_pipe_parse(parser, "parenthesized pipeline", TEMPLATE_TOKEN_CLOSE,
	                         &ret->pipe))
		return false;
	parser->depth--;
	return true;
}

/* The term that this word begins, without fields; kind none when it begins none. */
static bool parse_operand(struct template_parser *parser, struct template_term *ret)
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
		return template_pipe_text(parser, ret);
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
static bool parse_term(struct template_parser *parser, struct template_term **ret)
{
	struct template_term *term = arena_alloc(parser->arena, sizeof(*term));
	struct template_field **end = &term->fields;
	bool is_field = template_word_is_at(parser, TEMPLATE_TOKEN_FIELD);
	bool is_dot = template_word_is_at(parser, TEMPLATE_TOKEN_DOT);

	*ret = NULL;
	if (!parse_operand(parser, term))
		return false;
	if (term->kind == TEMPLATE_TERM_NONE)
		return true;
	if (!is_field && !template_word_next(parser))
		return false;
	if (template_word_is_at(parser, TEMPLATE_TOKEN_FIELD) && !is_field &&
	    (is_dot || term->kind == TEMPLATE_TERM_NIL || term->kind == TEMPLATE_TERM_CONSTANT))
		return template_word_refuse(parser, "unexpected . after a constant or .");
	while (template_word_is_at(parser, TEMPLATE_TOKEN_FIELD)) {
		if (!add_field(parser, &end))
			return false;
	}
	*ret = term;
	return true;
}

/* Pipelines ----------------------------------------------------------------------------------- */

/* Terms with space between them, up to a bar or the end of the pipeline. */
static bool parse_command(struct template_parser *parser, struct template_command *ret)
{
	struct template_term **end = &ret->terms;
	size_t n_terms = 0;

	for (;;) {
		struct template_term *term;

		if (!template_word_skip_space(parser) || !parse_term(parser, &term))
			return false;
		if (term) {
			*end = term;
			end = &term->next;
			if (++n_terms > TEMPLATE_ARGUMENTS_MAX)
				return err_set(parser->err, ERR_LIMIT,
				               "line %d: more than %d arguments",
				               parser->token.line, TEMPLATE_ARGUMENTS_MAX);
		}
		if (!template_word_is_at(parser, TEMPLATE_TOKEN_SPACE))
			break;
	}
	if (!template_word_is_at(parser, TEMPLATE_TOKEN_BAR) &&
	    !template_word_is_at(parser, TEMPLATE_TOKEN_RIGHT) &&
	    !template_word_is_at(parser, TEMPLATE_TOKEN_CLOSE))
		return template_word_unexpected(parser, "operand");
	return n_terms > 0 || template_word_refuse(parser, "empty command");
}

/* `$x :=`, `$x =` or, in a range, `$k, $v :=`, if the pipeline begins so. */
static bool parse_declaration(struct template_parser *parser, bool is_range,
                              struct template_pipe *ret)
{
	while (template_word_is_at(parser, TEMPLATE_TOKEN_VARIABLE)) {
		struct template_lex lex = parser->lex;
		struct template_token token = parser->token;
		const char *name = template_word_text(parser, 0);

		if (!template_word_skip(parser))
			return false;
		if (template_word_is_at(parser, TEMPLATE_TOKEN_ASSIGN) ||
		    template_word_is_at(parser, TEMPLATE_TOKEN_DECLARE)) {
			ret->is_assigned = template_word_is_at(parser, TEMPLATE_TOKEN_ASSIGN);
			ret->variables[ret->n_variables++] = name;
			return add_variable(parser, name) && template_word_skip(parser);
		}
		if (!template_word_is_at(parser, TEMPLATE_TOKEN_CHAR) ||
		    parser->token.text[0] != ',') {
			parser->lex = lex;
			parser->token = token;
			return true;
		}
		if (!is_range || ret->n_variables == 1)
			return template_word_refuse(parser, "too many declarations");
		ret->variables[ret->n_variables++] = name;
		if (!add_variable(parser, name) || !template_word_skip(parser))
			return false;
		if (!template_word_is_at(parser, TEMPLATE_TOKEN_VARIABLE) &&
		    !template_word_is_at(parser, TEMPLATE_TOKEN_RIGHT))
			return template_word_refuse(parser, "range can only initialize variables");
	}
	return true;
}

/* Only functions, variables and fields can take what comes through a pipe. */
static bool check_stage(struct template_parser *parser, const struct template_command *command)
{
	const struct template_term *first = command->terms;

	if (first->kind == TEMPLATE_TERM_CONSTANT || first->kind == TEMPLATE_TERM_NIL ||
	    (first->kind == TEMPLATE_TERM_DOT && !first->fields))
		return template_word_refuse(parser, "non executable command in pipeline");
	return true;
}

bool template_pipe_parse(struct template_parser *parser, const char *context,
                         enum template_token_kind closing, struct template_pipe **ret)
{
	struct template_pipe *pipe = arena_alloc(parser->arena, sizeof(*pipe));
	struct template_command **end = &pipe->commands;

	pipe->line = parser->token.line;
	if (!template_word_skip_space(parser) ||
	    !parse_declaration(parser, strcmp(context, "range") == 0, pipe) ||
	    !template_word_skip_space(parser))
		return false;
	if (template_word_is_at(parser, closing))
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
		if (!template_word_is_at(parser, TEMPLATE_TOKEN_BAR))
			break;
		if (!template_word_skip(parser))
			return false;
		if (template_word_is_at(parser, closing)) /* Go lets a last bar pass */
			break;
	}
	if (!template_word_is_at(parser, closing))
		return template_word_unexpected(parser, context);
	*ret = pipe;
	return true;
}

#include "providers/template_word.h"

#include "providers/template.h"

bool template_word_next(struct template_parser *parser)
{
	return template_lex_next(&parser->lex, &parser->token, parser->err);
}

bool template_word_skip_space(struct template_parser *parser)
{
	while (parser->token.kind == TEMPLATE_TOKEN_SPACE) {
		if (!template_word_next(parser))
			return false;
	}
	return true;
}

/* Past this word and the space behind it. */
bool template_word_skip(struct template_parser *parser)
{
	return template_word_next(parser) && template_word_skip_space(parser);
}

bool template_word_refuse(struct template_parser *parser, const char *text)
{
	return err_set(parser->err, ERR_INVALID, "line %d: %s", parser->token.line, text);
}

bool template_word_unexpected(struct template_parser *parser, const char *context)
{
	const struct template_token *token = &parser->token;

	if (token->kind == TEMPLATE_TOKEN_END)
		return err_set(parser->err, ERR_INVALID,
		               "line %d: unexpected end of the text in %s", token->line, context);
	if (token->kind == TEMPLATE_TOKEN_RIGHT)
		return err_set(parser->err, ERR_INVALID, "line %d: unexpected \"}}\" in %s",
		               token->line, context);
	return err_set(parser->err, ERR_INVALID, "line %d: unexpected \"%.*s\" in %s", token->line,
	               (int)(token->length < TEMPLATE_SHOWN_MAX ? token->length
	                                                        : TEMPLATE_SHOWN_MAX),
	               token->text, context);
}

bool template_word_is_at(const struct template_parser *parser, enum template_token_kind kind)
{
	return parser->token.kind == kind;
}

bool template_word_is_keyword(const struct template_parser *parser, const char *word)
{
	return template_word_is_at(parser, TEMPLATE_TOKEN_KEYWORD) &&
	       template_lex_is(&parser->token, word);
}

const char *template_word_text(struct template_parser *parser, size_t prefix)
{
	return arena_copy(parser->arena, parser->token.text + prefix,
	                  parser->token.length - prefix);
}

bool template_word_enter(struct template_parser *parser)
{
	if (parser->depth == TEMPLATE_NESTING_MAX)
		return err_set(parser->err, ERR_LIMIT,
		               "line %d: more than %d blocks and parentheses inside each other",
		               parser->token.line, TEMPLATE_NESTING_MAX);
	parser->depth++;
	return true;
}

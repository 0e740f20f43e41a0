#include "providers/template_parse.h"

#include "providers/template_pipe.h"
#include "providers/template_word.h"

#include <string.h>

/* How a list of nodes ended. */
enum list_end {
	LIST_END_TEXT,
	LIST_END_END,
	LIST_END_ELSE,
};

static bool parse_list(struct template_parser *parser, struct template_node **ret,
                       enum list_end *ret_end);

/* Blocks -------------------------------------------------------------------------------------- */

static bool parse_block(struct template_parser *parser, enum template_node_kind kind,
                        const char *context, struct template_node *ret);

/* Behind {{ else: `if …` and `with …` chain, anything else is the other list up to {{ end }}. */
static bool parse_else(struct template_parser *parser, enum template_node_kind kind,
                       struct template_node *ret)
{
	const char *chained = kind == TEMPLATE_NODE_IF     ? "if"
	                      : kind == TEMPLATE_NODE_WITH ? "with"
	                                                   : "";
	enum list_end end;

	if (template_word_is_keyword(parser, chained)) {
		ret->other = arena_alloc(parser->arena, sizeof(*ret->other));
		ret->other->line = parser->token.line;
		return template_word_next(parser) &&
		       template_word_enter(parser) && /* left by parse_block */
		       parse_block(parser, kind, chained, ret->other);
	}
	if (!template_word_is_at(parser, TEMPLATE_TOKEN_RIGHT))
		return template_word_unexpected(parser, "else");
	if (!template_word_next(parser) || !parse_list(parser, &ret->other, &end))
		return false;
	return end == LIST_END_END || template_word_refuse(parser, "expected {{end}}");
}

/* Behind {{ if, up to and with {{ end }}. The caller has entered. */
static bool parse_block(struct template_parser *parser, enum template_node_kind kind,
                        const char *context, struct template_node *ret)
{
	size_t n_variables = parser->n_variables;
	bool is_range = kind == TEMPLATE_NODE_RANGE;
	enum list_end end;

	ret->kind = kind;
	if (!template_pipe_parse(parser, context, TEMPLATE_TOKEN_RIGHT, &ret->pipe) ||
	    !template_word_next(parser))
		return false;
	parser->range_depth += is_range;
	if (!parse_list(parser, &ret->body, &end))
		return false;
	parser->range_depth -= is_range;
	if (end == LIST_END_TEXT)
		return template_word_unexpected(parser, context);
	if (end == LIST_END_ELSE && !parse_else(parser, kind, ret))
		return false;
	parser->n_variables = n_variables;
	parser->depth--;
	return true;
}

/* The quoted name of a template, and past it. */
static bool parse_name(struct template_parser *parser, const char **ret)
{
	struct template_term term = {0};

	if (!template_word_is_at(parser, TEMPLATE_TOKEN_QUOTED) &&
	    !template_word_is_at(parser, TEMPLATE_TOKEN_RAW))
		return template_word_unexpected(parser, "template name");
	if (!template_pipe_text(parser, &term))
		return false;
	*ret = arena_copy(parser->arena, term.value.text, term.value.length);
	return template_word_skip(parser);
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
static bool add_definition(struct template_parser *parser, const char *name,
                           struct template_node *body)
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
static bool parse_body(struct template_parser *parser, const char *name)
{
	struct template_parser outer = *parser;
	struct template_node *body;
	enum list_end end;

	parser->n_variables = 1;
	parser->range_depth = 0;
	if (!template_word_enter(parser) || !template_word_next(parser) ||
	    !parse_list(parser, &body, &end))
		return false;
	if (end != LIST_END_END)
		return template_word_refuse(parser, "expected {{end}}");
	memcpy(parser->variables, outer.variables, sizeof(outer.variables));
	parser->n_variables = outer.n_variables;
	parser->range_depth = outer.range_depth;
	parser->depth = outer.depth;
	return add_definition(parser, name, body);
}

/* {{ template "name" pipe }}, {{ block "name" pipe }}…{{ end }} */
static bool parse_call(struct template_parser *parser, bool is_block, struct template_node *ret)
{
	ret->kind = TEMPLATE_NODE_TEMPLATE;
	if (!parse_name(parser, &ret->text))
		return false;
	if ((is_block || !template_word_is_at(parser, TEMPLATE_TOKEN_RIGHT)) &&
	    !template_pipe_parse(parser, is_block ? "block clause" : "template clause",
	                         TEMPLATE_TOKEN_RIGHT, &ret->pipe))
		return false;
	return is_block ? parse_body(parser, ret->text) : template_word_next(parser);
}

static bool parse_define(struct template_parser *parser)
{
	const char *name;

	if (!parse_name(parser, &name))
		return false;
	if (!template_word_is_at(parser, TEMPLATE_TOKEN_RIGHT))
		return template_word_unexpected(parser, "define clause");
	return parse_body(parser, name);
}

static bool parse_jump(struct template_parser *parser, struct template_node *ret)
{
	if (parser->range_depth == 0)
		return template_word_refuse(parser, "{{break}} or {{continue}} outside {{range}}");
	ret->kind = template_word_is_keyword(parser, "break") ? TEMPLATE_NODE_BREAK
	                                                      : TEMPLATE_NODE_CONTINUE;
	if (!template_word_skip(parser))
		return false;
	return template_word_is_at(parser, TEMPLATE_TOKEN_RIGHT)
	               ? template_word_next(parser)
	               : template_word_unexpected(parser, "{{break}}");
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
static bool parse_keyword(struct template_parser *parser, struct template_node *ret)
{
	bool is_block = template_word_is_keyword(parser, "block");

	for (size_t i = 0; i < array_length(blocks); i++) {
		if (template_word_is_keyword(parser, blocks[i].word))
			return template_word_enter(parser) && template_word_next(parser) &&
			       parse_block(parser, blocks[i].kind, blocks[i].word, ret) &&
			       template_word_next(parser);
	}
	if (is_block || template_word_is_keyword(parser, "template"))
		return template_word_skip(parser) && parse_call(parser, is_block, ret) &&
		       (!is_block || template_word_next(parser));
	if (template_word_is_keyword(parser, "break") ||
	    template_word_is_keyword(parser, "continue"))
		return parse_jump(parser, ret);
	if (!template_word_is_keyword(parser, "define") || parser->depth > 0)
		return template_word_unexpected(parser, "action");
	return template_word_skip(parser) && parse_define(parser) && template_word_next(parser);
}

/* One action behind "{{ ". *ret_end says when it was the list's end; then we stand at "}}", or
 * behind `else`. */
static bool parse_action(struct template_parser *parser, struct template_node *ret,
                         enum list_end *ret_end)
{
	ret->line = parser->token.line;
	*ret_end = LIST_END_TEXT;
	if (template_word_is_keyword(parser, "end") || template_word_is_keyword(parser, "else")) {
		*ret_end = template_word_is_keyword(parser, "end") ? LIST_END_END : LIST_END_ELSE;
		if (!template_word_skip(parser))
			return false;
		if (*ret_end == LIST_END_END && !template_word_is_at(parser, TEMPLATE_TOKEN_RIGHT))
			return template_word_unexpected(parser, "end");
		return true;
	}
	if (template_word_is_at(parser, TEMPLATE_TOKEN_KEYWORD))
		return parse_keyword(parser, ret);
	ret->kind = TEMPLATE_NODE_ACTION;
	return template_pipe_parse(parser, "command", TEMPLATE_TOKEN_RIGHT, &ret->pipe) &&
	       template_word_next(parser);
}

/*
 * Nodes up to the end of the text, {{ end }} or {{ else. We then stand at its "}}" (end) or behind
 * the word (else).
 */
static bool parse_list(struct template_parser *parser, struct template_node **ret,
                       enum list_end *ret_end)
{
	struct template_node **end = ret;

	*ret = NULL;
	*ret_end = LIST_END_TEXT;
	while (!template_word_is_at(parser, TEMPLATE_TOKEN_END)) {
		struct template_node *node = arena_alloc(parser->arena, sizeof(*node));

		node->line = parser->token.line;
		if (template_word_is_at(parser, TEMPLATE_TOKEN_TEXT)) {
			node->kind = TEMPLATE_NODE_TEXT;
			node->text = parser->token.text;
			node->length = parser->token.length;
			if (!template_word_next(parser))
				return false;
		} else if (!template_word_skip(parser) || !parse_action(parser, node, ret_end)) {
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
	struct template_parser parser = {
		.lex = {.text = text, .length = strlen(text)},
		.arena = arena,
		.err = err,
		.variables = {"$"},
		.n_variables = 1,
	};
	struct template_definition *whole = arena_alloc(arena, sizeof(*whole));
	enum list_end end;

	if (!template_word_next(&parser) || !parse_list(&parser, &whole->body, &end))
		return false;
	if (end != LIST_END_TEXT)
		return template_word_refuse(&parser, end == LIST_END_END ? "unexpected {{end}}"
		                                                         : "unexpected {{else}}");
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

/*
 * A template is text with actions in {{ }}. "{{- " takes the white space before it away, " -}}" the
 * white space behind it.
 */
#include "providers/template_lex.h"

#include <stdint.h>
#include <string.h>

#define BLANKS    " \t\r\n"
#define SHOWN_MAX 40

static bool is_blank(char c)
{
	return c != '\0' && strchr(BLANKS, c);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Letters of other alphabets count, as in Go; no function has any. */
static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	       (unsigned char)c >= 0x80;
}

/* The character OFFSET behind the place where we are, NUL behind the end. */
static char look(const struct template_lex *lex, size_t offset)
{
	return lex->at + offset < lex->length ? lex->text[lex->at + offset] : '\0';
}

static bool starts_with(const struct template_lex *lex, size_t offset, const char *word)
{
	size_t length = strlen(word);

	return lex->at + offset <= lex->length && lex->length - lex->at - offset >= length &&
	       memcmp(lex->text + lex->at + offset, word, length) == 0;
}

static bool refuse(const struct template_lex *lex, struct err *err, const char *text)
{
	return err_set(err, ERR_INVALID, "line %d: %s", lex->line + 1, text);
}

static void advance(struct template_lex *lex, size_t length)
{
	for (size_t i = 0; i < length; i++)
		lex->line += lex->text[lex->at + i] == '\n';
	lex->at += length;
}

static void skip_blanks(struct template_lex *lex)
{
	while (is_blank(look(lex, 0)))
		advance(lex, 1);
}

/* LENGTH bytes from here on as a token. */
static bool emit(struct template_lex *lex, enum template_token_kind kind, size_t length,
                 struct template_token *ret)
{
	*ret = (struct template_token){
		.kind = kind,
		.text = lex->text + lex->at,
		.length = length,
		.line = lex->line + 1,
	};
	advance(lex, length);
	return true;
}

static bool has_left_trim(const struct template_lex *lex)
{
	return look(lex, 2) == '-' && is_blank(look(lex, 3));
}

static bool has_right_trim(const struct template_lex *lex, size_t offset)
{
	return is_blank(look(lex, offset)) && look(lex, offset + 1) == '-' &&
	       starts_with(lex, offset + 2, "}}");
}

/* The closing braces, with or without trim marker. */
static void close_action(struct template_lex *lex)
{
	bool is_trimmed = has_right_trim(lex, 0);

	advance(lex, is_trimmed ? 4 : 2);
	if (is_trimmed)
		skip_blanks(lex);
}

/* Behind "{{" and its trim marker stands a comment. */
static bool skip_comment(struct template_lex *lex, size_t offset, struct err *err)
{
	const char *start = lex->text + lex->at + offset + 2;
	const char *end = memmem(start, (size_t)(lex->text + lex->length - start), "*/", 2);

	if (!end)
		return refuse(lex, err, "unclosed comment");
	advance(lex, (size_t)(end + 2 - (lex->text + lex->at)));
	if (!starts_with(lex, 0, "}}") && !has_right_trim(lex, 0))
		return refuse(lex, err, "comment ends before closing delimiter");
	close_action(lex);
	return true;
}

/* Text up to the next action, comments left out. *ret has kind none when there is no text. */
static bool lex_text(struct template_lex *lex, struct template_token *ret, struct err *err)
{
	const char *here = lex->text + lex->at;
	const char *left = memmem(here, lex->length - lex->at, "{{", 2);
	size_t length = left ? (size_t)(left - here) : lex->length - lex->at;
	size_t offset = 2;

	(void)emit(lex, length ? TEMPLATE_TOKEN_TEXT : TEMPLATE_TOKEN_NONE, length, ret);
	if (!left)
		return true;
	if (has_left_trim(lex)) {
		while (ret->length > 0 && is_blank(ret->text[ret->length - 1]))
			ret->length--;
		offset = 4;
	}
	if (ret->length == 0)
		ret->kind = TEMPLATE_TOKEN_NONE;
	if (starts_with(lex, offset, "/*"))
		return skip_comment(lex, offset, err);
	lex->place = TEMPLATE_BEFORE;
	return true;
}

static bool lex_outside(struct template_lex *lex, struct template_token *ret, struct err *err)
{
	while (lex->place == TEMPLATE_OUTSIDE && lex->at < lex->length) {
		if (!lex_text(lex, ret, err))
			return false;
		if (ret->kind != TEMPLATE_TOKEN_NONE)
			return true;
	}
	if (lex->place == TEMPLATE_OUTSIDE)
		return emit(lex, TEMPLATE_TOKEN_END, 0, ret);
	lex->place = TEMPLATE_INSIDE;
	lex->parentheses = 0;
	return emit(lex, TEMPLATE_TOKEN_LEFT, has_left_trim(lex) ? 4 : 2, ret);
}

/* Inside actions ------------------------------------------------------------------------------- */

/* Whether a word may end here. */
static bool at_terminator(const struct template_lex *lex, size_t offset)
{
	char c = look(lex, offset);

	return c == '\0' || is_blank(c) || strchr(".,|:)(", c) || starts_with(lex, offset, "}}");
}

static bool refuse_character(const struct template_lex *lex, size_t offset, struct err *err)
{
	unsigned char c = (unsigned char)look(lex, offset);

	if (c < 0x20 || c >= 0x7f)
		return err_set(err, ERR_INVALID, "line %d: bad character 0x%02X", lex->line + 1, c);
	return err_set(err, ERR_INVALID, "line %d: bad character U+%04X '%c'", lex->line + 1, c, c);
}

static bool lex_blanks(struct template_lex *lex, struct template_token *ret)
{
	size_t length = 0;

	while (is_blank(look(lex, length)) && !has_right_trim(lex, length))
		length++;
	return emit(lex, TEMPLATE_TOKEN_SPACE, length, ret);
}

static bool lex_quoted(struct template_lex *lex, struct template_token *ret, struct err *err)
{
	char quote = look(lex, 0);
	bool is_raw = quote == '`';
	size_t length = 1;

	while (lex->at + length < lex->length && look(lex, length) != quote) {
		if (look(lex, length) == '\\' && !is_raw)
			length++;
		if (look(lex, length) == '\n' && !is_raw)
			break;
		length++;
	}
	if (lex->at + length >= lex->length || look(lex, length) != quote)
		return refuse(lex, err,
		              is_raw         ? "unterminated raw quoted string"
		              : quote == '"' ? "unterminated quoted string"
		                             : "unterminated character constant");
	return emit(lex,
	            is_raw         ? TEMPLATE_TOKEN_RAW
	            : quote == '"' ? TEMPLATE_TOKEN_QUOTED
	                           : TEMPLATE_TOKEN_RUNE,
	            length + 1, ret);
}

/* Digits and what may stand between them; their meaning is found later. */
static bool lex_number(struct template_lex *lex, struct template_token *ret, struct err *err)
{
	size_t length = look(lex, 0) == '+' || look(lex, 0) == '-';
	bool is_hex = look(lex, length) == '0' && (look(lex, length + 1) | 0x20) == 'x';
	const char *exponents = is_hex ? "pP" : "eE";

	for (;; length++) {
		char c = look(lex, length);
		char before = length ? look(lex, length - 1) : '\0';
		bool is_sign = (c == '+' || c == '-') && before && strchr(exponents, before);

		if (!is_sign && !is_word(c) && c != '.')
			break;
	}
	if (!at_terminator(lex, length) || length == 0)
		return err_set(err, ERR_INVALID, "line %d: bad number syntax: \"%.*s\"",
		               lex->line + 1, (int)(length < SHOWN_MAX ? length : SHOWN_MAX),
		               lex->text + lex->at);
	return emit(lex, TEMPLATE_TOKEN_NUMBER, length, ret);
}

bool template_lex_is(const struct template_token *token, const char *word)
{
	return token->length == strlen(word) && memcmp(token->text, word, token->length) == 0;
}

static bool is_keyword(const struct template_token *token)
{
	static const char *const keywords[] = {
		"block", "break", "continue", "define",   "else",
		"end",   "if",    "range",    "template", "with",
	};

	for (size_t i = 0; i < array_length(keywords); i++) {
		if (template_lex_is(token, keywords[i]))
			return true;
	}
	return false;
}

/* PREFIX characters ("." or "$") and the letters and digits behind them. */
static bool lex_word(struct template_lex *lex, enum template_token_kind kind, size_t prefix,
                     struct template_token *ret, struct err *err)
{
	size_t length = prefix;

	while (is_word(look(lex, length)))
		length++;
	if (!at_terminator(lex, length))
		return refuse_character(lex, length, err);
	(void)emit(lex, kind, length, ret);
	if (kind == TEMPLATE_TOKEN_FIELD && length == 1)
		ret->kind = TEMPLATE_TOKEN_DOT;
	if (kind != TEMPLATE_TOKEN_WORD)
		return true;
	if (is_keyword(ret))
		ret->kind = TEMPLATE_TOKEN_KEYWORD;
	else if (template_lex_is(ret, "true") || template_lex_is(ret, "false"))
		ret->kind = TEMPLATE_TOKEN_FLAG;
	else if (template_lex_is(ret, "nil"))
		ret->kind = TEMPLATE_TOKEN_NIL;
	return true;
}

static bool lex_sign(struct template_lex *lex, struct template_token *ret, struct err *err)
{
	switch (look(lex, 0)) {
	case '=':
		return emit(lex, TEMPLATE_TOKEN_ASSIGN, 1, ret);
	case ':':
		if (look(lex, 1) != '=')
			return refuse(lex, err, "expected :=");
		return emit(lex, TEMPLATE_TOKEN_DECLARE, 2, ret);
	case '|':
		return emit(lex, TEMPLATE_TOKEN_BAR, 1, ret);
	case '(':
		lex->parentheses++;
		return emit(lex, TEMPLATE_TOKEN_OPEN, 1, ret);
	case ')':
		if (--lex->parentheses < 0)
			return refuse(lex, err, "unexpected right paren");
		return emit(lex, TEMPLATE_TOKEN_CLOSE, 1, ret);
	default:
		if (look(lex, 0) <= 0x20 || look(lex, 0) == 0x7f)
			return refuse_character(lex, 0, err);
		return emit(lex, TEMPLATE_TOKEN_CHAR, 1, ret);
	}
}

static bool lex_inside(struct template_lex *lex, struct template_token *ret, struct err *err)
{
	char c = look(lex, 0);

	if (starts_with(lex, 0, "}}") || has_right_trim(lex, 0)) {
		if (lex->parentheses > 0)
			return refuse(lex, err, "unclosed left paren");
		(void)emit(lex, TEMPLATE_TOKEN_RIGHT, 0, ret);
		close_action(lex);
		lex->place = TEMPLATE_OUTSIDE;
		return true;
	}
	if (lex->at >= lex->length)
		return refuse(lex, err, "unclosed action");
	if (is_blank(c))
		return lex_blanks(lex, ret);
	if (c == '"' || c == '`' || c == '\'')
		return lex_quoted(lex, ret, err);
	if (c == '$')
		return lex_word(lex, TEMPLATE_TOKEN_VARIABLE, 1, ret, err);
	if (c == '.' && !is_digit(look(lex, 1)))
		return lex_word(lex, TEMPLATE_TOKEN_FIELD, 1, ret, err);
	if (c == '.' || c == '+' || c == '-' || is_digit(c))
		return lex_number(lex, ret, err);
	if (is_word(c))
		return lex_word(lex, TEMPLATE_TOKEN_WORD, 0, ret, err);
	return lex_sign(lex, ret, err);
}

bool template_lex_next(struct template_lex *lex, struct template_token *ret, struct err *err)
{
	return lex->place == TEMPLATE_INSIDE ? lex_inside(lex, ret, err)
	                                     : lex_outside(lex, ret, err);
}

#define PCRE2_CODE_UNIT_WIDTH 8

#include "providers/wire/pattern.h"

#include <ctype.h>
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_HEAP_KIB 4096
#define PROBES_MAX     12 /* letters that are tried */

static void code_freep(pcre2_code **code)
{
	pcre2_code_free(*code);
}

/* The compiled pattern, or NULL. */
static pcre2_code *compile(const char *text, uint32_t options, struct err *err)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	unsigned char why[128] = "";
	pcre2_code *code;
	PCRE2_SIZE at = 0;
	int number = 0;

	if (!context)
		abort();
	pcre2_set_parens_nest_limit(context, PATTERN_NESTING_MAX);
	code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, options, &number, &at,
	                     context);
	pcre2_compile_context_free(context);
	if (code)
		return code;
	pcre2_get_error_message(number, why, sizeof(why));
	(void)err_set(err,
	              number == PCRE2_ERROR_PARENTHESES_NEST_TOO_DEEP ? ERR_LIMIT : ERR_INVALID,
	              "expected a regular expression, got one with this at character %zu: %s",
	              (size_t)at + 1, (const char *)why);
	return NULL;
}

bool pattern_check(const char *text, struct err *err)
{
	CLEANUP(code_freep) pcre2_code *code = NULL;

	if (strlen(text) > PATTERN_BYTES_MAX)
		return err_set(err, ERR_LIMIT, "expected a pattern of at most %d bytes, got %zu",
		               PATTERN_BYTES_MAX, strlen(text));
	code = compile(text, 0, err);
	return code != NULL;
}

/* What pcre2 says of one match. */
static int match(const pcre2_code *code, const char *subject, uint32_t options)
{
	pcre2_match_context *context = pcre2_match_context_create(NULL);
	pcre2_match_data *found = pcre2_match_data_create(1, NULL);
	int number;

	if (!context || !found)
		abort();
	pcre2_set_match_limit(context, PATTERN_STEPS_MAX);
	pcre2_set_heap_limit(context, STEPS_HEAP_KIB);
	number =
		pcre2_match(code, (PCRE2_SPTR)subject, strlen(subject), 0, options, found, context);
	pcre2_match_data_free(found);
	pcre2_match_context_free(context);
	return number;
}

bool pattern_matches(const char *text, const char *subject, bool is_whole)
{
	CLEANUP(code_freep) pcre2_code *code = compile(text, 0, NULL);
	uint32_t options = is_whole ? PCRE2_ANCHORED | PCRE2_ENDANCHORED : 0;

	return code && match(code, subject, options) >= 0;
}

/* Header of LETTER, repeated, with an end that hardly any pattern wants. */
static bool hangs(const pcre2_code *code, char letter)
{
	char header[PATTERN_HEADER_MAX + 1];
	int number;

	memset(header, letter, PATTERN_HEADER_MAX - 1);
	header[PATTERN_HEADER_MAX - 1] = '\x01';
	header[PATTERN_HEADER_MAX] = '\0';
	number = match(code, header, 0);
	return number == PCRE2_ERROR_MATCHLIMIT || number == PCRE2_ERROR_HEAPLIMIT ||
	       number == PCRE2_ERROR_DEPTHLIMIT;
}

bool pattern_is_costly(const char *text)
{
	CLEANUP(code_freep) pcre2_code *code = compile(text, PCRE2_NO_START_OPTIMIZE, NULL);
	char tried[PROBES_MAX + 1] = "a0 ;";

	if (!code)
		return false;
	for (const char *at = text; *at; at++) {
		size_t n_tried = strlen(tried);

		if (n_tried < PROBES_MAX && (isalnum((unsigned char)*at) || strchr("=-_,/", *at)) &&
		    !strchr(tried, *at))
			tried[n_tried] = *at;
	}
	for (const char *at = tried; *at; at++) {
		if (hangs(code, *at))
			return true;
	}
	return false;
}

/* What RE2 does not know ----------------------------------------------------------------------- */

struct construct {
	const char *begins; /* as written */
	const char *name;
};

/* After a backslash, outside of a class. */
static const struct construct escapes[] = {
	{"g", "a backreference \\g"},  {"k", "a backreference \\k"}, {"Z", "the end \\Z"},
	{"G", "the anchor \\G"},       {"K", "a reset \\K"},         {"R", "a line end \\R"},
	{"X", "a grapheme \\X"},       {"h", "a blank \\h"},         {"H", "a non-blank \\H"},
	{"V", "a vertical blank \\V"}, {"N", "a non-line-end \\N"},
};

/* Longer beginnings come first. */
static const struct construct groups[] = {
	{"(?<=", "a lookbehind (?<="},    {"(?<!", "a lookbehind (?<!"},
	{"(?=", "a lookahead (?="},       {"(?!", "a lookahead (?!"},
	{"(?>", "an atomic group (?>"},   {"(?|", "a branch reset (?|"},
	{"(?#", "a comment (?#"},         {"(?R)", "a recursion (?R)"},
	{"(?&", "a recursion (?&"},       {"(?P>", "a recursion (?P>"},
	{"(?P=", "a backreference (?P="}, {"(?(", "a condition (?("},
	{"(?'", "a name in quotes (?'"},  {"(*", "a verb (*"},
};

static const char *find_construct(const struct construct *rows, size_t n_rows, const char *text)
{
	for (size_t i = 0; i < n_rows; i++) {
		if (strncmp(text, rows[i].begins, strlen(rows[i].begins)) == 0)
			return rows[i].name;
	}
	return NULL;
}

static const char *find_group(const char *at)
{
	if (strncmp(at, "(?", 2) == 0 &&
	    (isdigit((unsigned char)at[2]) ||
	     (at[2] && strchr("+-", at[2]) && isdigit((unsigned char)at[3]))))
		return "a recursion (?1)";
	return find_construct(groups, array_length(groups), at);
}

/* A class, from its [ to behind its ]. */
static const char *skip_class(const char *at)
{
	at++;
	if (*at == '^')
		at++;
	if (*at == ']')
		at++;
	while (*at && *at != ']') {
		if (at[0] == '[' && at[1] == ':' && strstr(at, ":]"))
			at = strstr(at, ":]") + 1;
		else if (at[0] == '\\' && at[1])
			at++;
		at++;
	}
	return *at ? at + 1 : at;
}

/* Behind a counted repetition {2,3}, or NULL when that is none. Sets *IS_LARGE beyond 1000. */
static const char *skip_count(const char *at, bool *is_large)
{
	char *end = NULL;

	if (*at != '{' || !isdigit((unsigned char)at[1]))
		return NULL;
	*is_large = strtoul(at + 1, &end, 10) > 1000;
	if (*end == ',' && isdigit((unsigned char)end[1]))
		*is_large = strtoul(end + 1, &end, 10) > 1000 || *is_large;
	else if (*end == ',')
		end++;
	return *end == '}' ? end + 1 : NULL;
}

/* One step: what begins at *AT, which moves behind it. */
static const char *step(const char **at)
{
	const char *from = *at;
	bool is_large = false;
	const char *behind = skip_count(from, &is_large);

	*at = from + 1;
	if (*from == '\\') {
		*at = from[1] ? from + 2 : from + 1;
		if (from[1] == 'Q') {
			behind = strstr(from, "\\E");
			*at = behind ? behind + 2 : from + strlen(from);
			return NULL;
		}
		return from[1] >= '1' && from[1] <= '9'
		               ? "a backreference \\1"
		               : find_construct(escapes, array_length(escapes), from + 1);
	}
	if (*from == '[') {
		*at = skip_class(from);
		return NULL;
	}
	if (*from == '(')
		return find_group(from);
	if (!behind && strchr("*+?", *from))
		behind = from + 1;
	if (!behind)
		return NULL;
	*at = *behind == '?' ? behind + 1 : behind;
	if (is_large)
		return "more than 1000 repetitions";
	return *behind == '+' ? "a possessive repetition" : NULL;
}

const char *pattern_find_foreign(const char *text)
{
	const char *found = NULL;

	while (*text && !found)
		found = step(&text);
	return found;
}

#include "providers/wire/tree_read.h"

#include "analysis/base/compiler.h"

#include <stdbool.h>
#include <string.h>

/* What is beyond these, and what is rare or wrong, jansson reads. */
#define DEPTH_MAX  64
#define KEY_MAX    128
#define DIGITS_MAX 18

struct text {
	const char *at;
	const char *end;
	int depth;
};

static json_t *read_value(struct text *text);

static void skip_blanks(struct text *text)
{
	while (text->at < text->end &&
	       (*text->at == ' ' || *text->at == '\n' || *text->at == '\t' || *text->at == '\r'))
		text->at++;
}

/* Is BYTE next, behind blanks? Then it is taken. */
static bool take(struct text *text, char byte)
{
	skip_blanks(text);
	if (text->at == text->end || *text->at != byte)
		return false;
	text->at++;
	return true;
}

/* A value that is one token, up to END, as jansson reads it. */
static json_t *read_rare(struct text *text, const char *end)
{
	const char *begin = text->at;

	text->at = end;
	return json_loadb(begin, (size_t)(end - begin), JSON_DECODE_ANY, NULL);
}

/* The length of a string of plain ASCII that begins behind its quote; false when it is none. */
static bool find_quote(const struct text *text, size_t *ret_length)
{
	const char *at = text->at;

	while (at < text->end && (unsigned char)*at >= 0x20 && (unsigned char)*at < 0x80 &&
	       *at != '"' && *at != '\\')
		at++;
	*ret_length = (size_t)(at - text->at);
	return at < text->end && *at == '"';
}

/* A string with escapes or beyond ASCII; text stands behind its quote. */
static json_t *read_rare_string(struct text *text)
{
	const char *at = text->at;

	while (at < text->end && *at != '"')
		at += *at == '\\' && text->end - at > 1 ? 2 : 1;
	if (at >= text->end)
		return NULL;
	text->at--;
	return read_rare(text, at + 1);
}

static json_t *read_string(struct text *text)
{
	size_t length;
	json_t *string;

	if (!find_quote(text, &length))
		return read_rare_string(text);
	string = json_stringn_nocheck(text->at, length);
	text->at += length + 1;
	return string;
}

static json_t *read_number(struct text *text)
{
	const char *at = text->at;
	bool is_negative = *at == '-';
	const char *digits = at + is_negative;
	json_int_t number = 0;

	for (at = digits; at < text->end && *at >= '0' && *at <= '9'; at++) {
		if (at - digits < DIGITS_MAX)
			number = number * 10 + (*at - '0');
	}
	if (at == digits || at - digits > DIGITS_MAX || (*digits == '0' && at - digits > 1) ||
	    (at < text->end && (*at == '.' || *at == 'e' || *at == 'E'))) {
		while (at < text->end && *at && strchr("0123456789+-.eE", *at))
			at++;
		return read_rare(text, at);
	}
	text->at = at;
	return json_integer(is_negative ? -number : number);
}

static json_t *read_word(struct text *text, const char *word, json_t *value)
{
	size_t length = strlen(word);

	if ((size_t)(text->end - text->at) < length || memcmp(text->at, word, length) != 0)
		return NULL;
	text->at += length;
	return value;
}

/* KEY: VALUE into an object. */
static bool read_member(struct text *text, json_t *object)
{
	char key[KEY_MAX];
	size_t length;
	json_t *value;

	if (!take(text, '"') || !find_quote(text, &length) || length >= sizeof(key))
		return false;
	memcpy(key, text->at, length);
	key[length] = '\0';
	text->at += length + 1;
	if (!take(text, ':'))
		return false;
	value = read_value(text);
	return value && json_object_set_new_nocheck(object, key, value) == 0;
}

static bool read_element(struct text *text, json_t *array)
{
	json_t *value = read_value(text);

	return value && json_array_append_new(array, value) == 0;
}

/* What stands between brackets; text stands behind the first. */
static json_t *read_inside(struct text *text, json_t *ret, char close,
                           bool (*read_one)(struct text *text, json_t *ret))
{
	bool is_read = ret && ++text->depth < DEPTH_MAX;

	if (is_read && !take(text, close)) {
		do {
			is_read = read_one(text, ret);
		} while (is_read && take(text, ','));
		is_read = is_read && take(text, close);
	}
	text->depth--;
	if (is_read)
		return ret;
	json_decref(ret);
	return NULL;
}

static json_t *read_value(struct text *text)
{
	skip_blanks(text);
	if (text->at == text->end)
		return NULL;
	switch (*text->at) {
	case '{':
		text->at++;
		return read_inside(text, json_object(), '}', read_member);
	case '[':
		text->at++;
		return read_inside(text, json_array(), ']', read_element);
	case '"':
		text->at++;
		return read_string(text);
	case 't':
		return read_word(text, "true", json_true());
	case 'f':
		return read_word(text, "false", json_false());
	case 'n':
		return read_word(text, "null", json_null());
	default:
		return read_number(text);
	}
}

json_t *tree_read(const char *bytes, size_t length, json_error_t *ret_where)
{
	struct text text = {.at = bytes, .end = bytes + length};
	json_t *tree = read_value(&text);

	skip_blanks(&text);
	if (tree && text.at == text.end && (json_is_object(tree) || json_is_array(tree)))
		return tree;
	json_decref(tree);
	return json_loadb(bytes, length, 0, ret_where);
}

#include "providers/wire/tree_write.h"

#include "analysis/base/compiler.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What is beyond these, and what is rare, jansson writes. */
#define DEPTH_MAX   64
#define MEMBERS_MAX 64
#define INTEGER_MAX 24
#define ESCAPE_MAX  6
#define SIZE_FIRST  1024
#define REAL_MAX    1e15

struct output {
	char *bytes;
	size_t length;
	size_t size;
	int depth;
	bool is_sorted;
};

static bool write_value(struct output *output, const json_t *value);

/* Where LENGTH more bytes have room. */
static char *room(struct output *output, size_t length)
{
	if (output->size - output->length < length) {
		output->size = (output->size ? 2 * output->size : SIZE_FIRST) + length;
		output->bytes = realloc(output->bytes, output->size);
		if (!output->bytes)
			abort();
	}
	return output->bytes + output->length;
}

static bool write_bytes(struct output *output, const char *bytes, size_t length)
{
	memcpy(room(output, length), bytes, length);
	output->length += length;
	return true;
}

/* A value without members, as jansson writes it; takes the reference. */
static bool write_rare(struct output *output, json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	bool is_written = text && write_bytes(output, text, strlen(text));

	json_decref(value);
	free(text);
	return is_written;
}

static char *escape(char *at, char byte)
{
	static const char digits[] = "0123456789ABCDEF";
	static const char letters[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
	                               ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};
	char letter = letters[(unsigned char)byte];

	*at++ = '\\';
	if (letter) {
		*at++ = letter;
		return at;
	}
	memcpy(at, "u00", 3);
	at[3] = digits[(unsigned char)byte >> 4];
	at[4] = digits[byte & 15];
	return at + 5;
}

static bool write_string(struct output *output, const char *text, size_t length)
{
	char *at = room(output, ESCAPE_MAX * length + 2);

	*at++ = '"';
	for (size_t i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];

		if (byte >= 0x80)
			return write_rare(output, json_stringn_nocheck(text, length));
		if (byte < 0x20 || byte == '"' || byte == '\\')
			at = escape(at, text[i]);
		else
			*at++ = text[i];
	}
	*at++ = '"';
	output->length = (size_t)(at - output->bytes);
	return true;
}

static bool write_integer(struct output *output, json_int_t number)
{
	char digits[INTEGER_MAX];
	size_t at = sizeof(digits);
	uint64_t left = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;

	do {
		digits[--at] = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (number < 0)
		digits[--at] = '-';
	return write_bytes(output, digits + at, sizeof(digits) - at);
}

/* A whole number that a double and an integer both hold exactly; false for any other. */
static bool write_whole(struct output *output, double number)
{
	json_int_t whole = number > -REAL_MAX && number < REAL_MAX ? (json_int_t)number : 0;

	if (whole == 0 || number < (double)whole || number > (double)whole)
		return false;
	return write_integer(output, whole) && write_bytes(output, ".0", 2);
}

static bool write_member(struct output *output, void *member, bool is_first)
{
	const char *key = json_object_iter_key(member);

	if (!is_first)
		write_bytes(output, ",", 1);
	return write_string(output, key, strlen(key)) && write_bytes(output, ":", 1) &&
	       write_value(output, json_object_iter_value(member));
}

/* Sorted by insertion: objects are small. */
static bool write_sorted(struct output *output, json_t *object)
{
	void *members[MEMBERS_MAX];
	size_t n = 0;
	bool is_written = true;

	if (json_object_size(object) > array_length(members))
		return false;
	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
		size_t i = n++;

		for (; i > 0 &&
		       strcmp(json_object_iter_key(members[i - 1]), json_object_iter_key(at)) > 0;
		     i--)
			members[i] = members[i - 1];
		members[i] = at;
	}
	for (size_t i = 0; is_written && i < n; i++)
		is_written = write_member(output, members[i], i == 0);
	return is_written;
}

static bool write_object(struct output *output, json_t *object)
{
	void *first = json_object_iter(object);
	bool is_written = true;

	write_bytes(output, "{", 1);
	if (output->is_sorted)
		is_written = write_sorted(output, object);
	else
		for (void *at = first; is_written && at; at = json_object_iter_next(object, at))
			is_written = write_member(output, at, at == first);
	return is_written && write_bytes(output, "}", 1);
}

static bool write_array(struct output *output, const json_t *array)
{
	bool is_written = true;

	write_bytes(output, "[", 1);
	for (size_t i = 0; is_written && i < json_array_size(array); i++) {
		if (i > 0)
			write_bytes(output, ",", 1);
		is_written = write_value(output, json_array_get(array, i));
	}
	return is_written && write_bytes(output, "]", 1);
}

/* False when jansson has to write the whole. */
static bool write_value(struct output *output, const json_t *value)
{
	json_t *open = (json_t *)(uintptr_t)value; /* jansson's iterators take no const */
	bool is_written;

	switch (json_typeof(value)) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		if (output->depth == DEPTH_MAX)
			return false;
		output->depth++;
		is_written = json_is_object(value) ? write_object(output, open)
		                                   : write_array(output, value);
		output->depth--;
		return is_written;
	case JSON_STRING:
		return write_string(output, json_string_value(value), json_string_length(value));
	case JSON_INTEGER:
		return write_integer(output, json_integer_value(value));
	case JSON_TRUE:
		return write_bytes(output, "true", 4);
	case JSON_FALSE:
		return write_bytes(output, "false", 5);
	case JSON_NULL:
		return write_bytes(output, "null", 4);
	case JSON_REAL:
		if (write_whole(output, json_real_value(value)))
			return true;
		break;
	}
	return write_rare(output, json_incref(open));
}

static char *write_tree(const json_t *tree, bool is_sorted, size_t *ret_length)
{
	struct output output = {.is_sorted = is_sorted};
	char *text;

	if ((json_is_object(tree) || json_is_array(tree)) && write_value(&output, tree)) {
		write_bytes(&output, "", 1);
		if (ret_length)
			*ret_length = output.length - 1;
		return output.bytes;
	}
	free(output.bytes);
	text = json_dumps(tree, JSON_COMPACT | (is_sorted ? JSON_SORT_KEYS : 0));
	if (text && ret_length)
		*ret_length = strlen(text);
	return text;
}

char *tree_write(const json_t *tree, size_t *ret_length)
{
	return write_tree(tree, false, ret_length);
}

char *tree_write_sorted(const json_t *tree, size_t *ret_length)
{
	return write_tree(tree, true, ret_length);
}

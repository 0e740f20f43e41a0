#include "providers/wire/document_scalar.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_SIZE 80 /* longer ones are texts */

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++) {
		if (strcmp(text, *words) == 0)
			return true;
	}
	return false;
}

static const char *const null_words[] = {"", "~", "null", "Null", "NULL", NULL};
static const char *const true_words[] = {
	"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON", NULL,
};
static const char *const false_words[] = {
	"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF", NULL,
};
static const char *const unwritable_words[] = {
	".nan",  ".NaN",  ".NAN",  ".inf",  ".Inf",  ".INF", "+.inf",
	"+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", NULL,
};

/* TEXT without underscores; false when it cannot be a number. */
static bool strip(const char *text, char ret[NUMBER_SIZE])
{
	bool has_groups = *text != '.';
	size_t length = 0;

	if (!strchr("+-.0123456789", *text))
		return false;
	for (; *text; text++) {
		if (*text == '_' && has_groups)
			continue;
		if (length + 1 == NUMBER_SIZE)
			return false;
		ret[length++] = *text;
	}
	ret[length] = '\0';
	return length > 0;
}

/* Digits of a base, after sign and prefix, that fit into 64 bits. */
static bool take_digits(const char *text, int base, uint64_t *ret)
{
	char *end;

	if (!*text || *text == '+' || *text == '-' || *text == ' ')
		return false;
	if (base == 16 && (text[1] == 'x' || text[1] == 'X')) /* strtoull would skip a second one */
		return false;
	errno = 0;
	*ret = strtoull(text, &end, base);
	return !*end && errno == 0;
}

/* "12", "-0x1f", "0o17", "017", "0b101" */
static json_t *whole_new(const char *text)
{
	bool is_negative = *text == '-';
	const char *digits = text + (*text == '-' || *text == '+');
	uint64_t value;
	int base = 10;

	if (digits[0] == '0' && digits[1]) {
		size_t prefix = 2;

		switch (digits[1]) {
		case 'x':
		case 'X':
			base = 16;
			break;
		case 'b':
		case 'B':
			base = 2;
			break;
		case 'o':
		case 'O':
			base = 8;
			break;
		default:
			base = 8;
			prefix = 1;
		}
		digits += prefix;
	}
	if (!take_digits(digits, base, &value))
		return NULL;
	if (!is_negative && value > INT64_MAX)
		return json_real((double)value);
	if (value > (uint64_t)INT64_MAX + 1)
		return NULL;
	return json_integer(is_negative ? (json_int_t)(0 - value) : (json_int_t)value);
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool is_real(const char *text)
{
	size_t n_whole;
	size_t n_fraction = 0;

	text += *text == '-' || *text == '+';
	n_whole = strspn(text, "0123456789");
	text += n_whole;
	if (*text == '.') {
		n_fraction = strspn(++text, "0123456789");
		text += n_fraction;
	}
	if (n_whole + n_fraction == 0)
		return false;
	if (*text == 'e' || *text == 'E') {
		text++;
		text += *text == '-' || *text == '+';
		if (!*text)
			return false;
		text += strspn(text, "0123456789");
	}
	return !*text;
}

static json_t *number_new(const char *text)
{
	char digits[NUMBER_SIZE];
	json_t *whole;
	double value;

	if (!strip(text, digits))
		return NULL;
	whole = whole_new(digits);
	if (whole || !is_real(digits))
		return whole;
	value = strtod(digits, NULL);
	return isfinite(value) ? json_real(value) : NULL;
}

json_t *document_scalar_new(const char *text)
{
	json_t *number;

	if (is_one_of(text, null_words))
		return json_null();
	if (is_one_of(text, true_words))
		return json_true();
	if (is_one_of(text, false_words))
		return json_false();
	if (is_one_of(text, unwritable_words))
		return NULL;
	number = number_new(text);
	return number ? number : json_string(text);
}

#include "providers/flagger_quantity.h"

#include "analysis/base/compiler.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX        18 /* of an integer that is kept as one */
#define BINARY_DIGITS_MAX 15
#define SCALE_MIN         (-9)

struct suffix {
	const char *text;
	int exponent;
	const char *format;
};

static const struct suffix suffixes[] = {
	{"", 0, "DecimalSI"},   {"n", -9, "DecimalSI"}, {"u", -6, "DecimalSI"},
	{"m", -3, "DecimalSI"}, {"k", 3, "DecimalSI"},  {"M", 6, "DecimalSI"},
	{"G", 9, "DecimalSI"},  {"T", 12, "DecimalSI"}, {"P", 15, "DecimalSI"},
	{"E", 18, "DecimalSI"}, {"Ki", 10, "BinarySI"}, {"Mi", 20, "BinarySI"},
	{"Gi", 30, "BinarySI"}, {"Ti", 40, "BinarySI"}, {"Pi", 50, "BinarySI"},
	{"Ei", 60, "BinarySI"},
};

/* The parts of a number: its digits without leading zeros and point, and how many stood after the
 * point. */
struct number {
	bool is_negative;
	char digits[DIGITS_MAX + 1];
	size_t n_digits;
	size_t n_after;
	const char *suffix;
};

static bool add_digits(struct number *number, const char **at)
{
	while (isdigit((unsigned char)**at)) {
		if (number->n_digits == DIGITS_MAX)
			return false;
		number->digits[number->n_digits++] = *(*at)++;
	}
	return true;
}

static bool split(const char *text, struct number *ret)
{
	const char *at = text;
	size_t n_before;

	*ret = (struct number){.is_negative = *at == '-'};
	if (*at == '-' || *at == '+')
		at++;
	while (*at == '0')
		at++;
	if (!add_digits(ret, &at))
		return false;
	if (ret->n_digits == 0)
		ret->digits[ret->n_digits++] = '0';
	n_before = ret->n_digits;
	if (*at == '.') {
		at++;
		if (!add_digits(ret, &at))
			return false;
	}
	ret->n_after = ret->n_digits - n_before;
	ret->suffix = at;
	return at != text;
}

/* "e3", "E-3": an exponent by itself. */
static bool read_exponent(const char *text, struct suffix *ret)
{
	char *end;
	long exponent;

	if ((*text != 'e' && *text != 'E') || text[1] == '\0')
		return false;
	exponent = strtol(text + 1, &end, 10);
	if (*end || exponent < -18 || exponent > 18)
		return false;
	*ret = (struct suffix){text, (int)exponent, "DecimalExponent"};
	return true;
}

static bool find_suffix(const char *text, struct suffix *ret)
{
	for (size_t i = 0; i < array_length(suffixes); i++) {
		if (strcmp(suffixes[i].text, text) == 0) {
			*ret = suffixes[i];
			return true;
		}
	}
	return read_exponent(text, ret);
}

static bool ends_in_thousands(const struct number *number)
{
	return number->n_digits >= 3 && strcmp(number->digits + number->n_digits - 3, "000") == 0;
}

static bool read_binary(const struct number *number, const struct suffix *suffix, int64_t value,
                        struct flagger_quantity *ret)
{
	int room = BINARY_DIGITS_MAX - (int)number->n_digits - suffix->exponent * 3 / 10 - 1;

	if (number->n_after > 0 || room < 0)
		return false;
	ret->value = value << suffix->exponent;
	ret->is_kept = (value & 7) != 0;
	return true;
}

bool flagger_quantity_read(const char *text, struct flagger_quantity *ret)
{
	struct number number;
	struct suffix suffix;
	int64_t value;

	*ret = (struct flagger_quantity){.format = "DecimalSI", .is_kept = true};
	if (strcmp(text, "0") == 0)
		return true;
	if (!split(text, &number) || !find_suffix(number.suffix, &suffix))
		return false;
	value = strtoll(number.digits, NULL, 10);
	ret->format = suffix.format;
	if (strcmp(suffix.format, "BinarySI") == 0) {
		if (!read_binary(&number, &suffix, value, ret))
			return false;
	} else {
		ret->scale = suffix.exponent - (int)number.n_after;
		ret->value = value;
		ret->is_kept = ret->scale % 3 == 0 && !ends_in_thousands(&number) &&
		               number.digits[0] != '0';
		if (ret->scale < SCALE_MIN)
			return false;
	}
	if (number.is_negative)
		ret->value = -ret->value;
	return true;
}

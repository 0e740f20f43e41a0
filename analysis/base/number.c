#include "analysis/base/number.h"

#include "analysis/base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX 17 /* that always suffice for a double */

/* digits × 10^exponent */
struct decimal {
	long long digits;
	int exponent;
};

/* Whether the decimal is VALUE when it is read back. */
static bool reads_back(struct decimal decimal, double value)
{
	char text[48];
	double again;

	(void)snprintf(text, sizeof(text), "%llde%d", decimal.digits, decimal.exponent);
	again = strtod(text, NULL);
	return !(again < value) && !(again > value);
}

/* VALUE rounded to N_DIGITS significant digits. */
static struct decimal round_to(double value, int n_digits)
{
	char text[48];

	(void)snprintf(text, sizeof(text), "%.*e", n_digits - 1, value);
	if (n_digits > 1)
		memmove(text + 1, text + 2, strlen(text + 2) + 1); /* the point */
	return (struct decimal){
		.digits = strtoll(text, NULL, 10),
		.exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10) - (n_digits - 1),
	};
}

/* The fewest digits that read back as VALUE, a positive number. */
static struct decimal shortest(double value)
{
	struct decimal ret = {0};

	for (int n_digits = 1; n_digits <= DIGITS_MAX; n_digits++) {
		ret = round_to(value, n_digits);
		if (reads_back(ret, value))
			break;
		/* What reads back as a power of two reaches further up than down from it. */
		ret.digits++;
		if (reads_back(ret, value))
			break;
	}
	/* The last digit is no zero: with one digit less it would have read back before. */
	return ret;
}

/* DIGITS with the point after POINT of them, filled up with zeros on either side. */
static void write_plain(char *ret, const char *digits, int point)
{
	int n_digits = (int)strlen(digits);

	if (point <= 0)
		(void)snprintf(ret, NUMBER_TEXT_MAX, "0.%.*s%s", -point, "0000", digits);
	else if (n_digits <= point)
		(void)snprintf(ret, NUMBER_TEXT_MAX, "%s%.*s", digits, point - n_digits, "00000");
	else
		(void)snprintf(ret, NUMBER_TEXT_MAX, "%.*s.%s", point, digits, digits + point);
}

static void write_positive(char *ret, double value)
{
	struct decimal decimal = shortest(value);
	char digits[DIGITS_MAX + 8];
	int exponent;

	(void)snprintf(digits, sizeof(digits), "%lld", decimal.digits);
	exponent = decimal.exponent + (int)strlen(digits) - 1;
	if (exponent >= -4 && exponent < 6)
		write_plain(ret, digits, exponent + 1);
	else
		text_format(ret, NUMBER_TEXT_MAX - 1, "%c%s%se%c%02d", digits[0],
		            digits[1] ? "." : "", digits + 1, exponent < 0 ? '-' : '+',
		            abs(exponent));
}

const char *number_format(double value, char ret[NUMBER_TEXT_MAX])
{
	char *rest = ret;

	if (isnan(value) || isinf(value)) {
		(void)snprintf(ret, NUMBER_TEXT_MAX, "%s",
		               isnan(value) ? "NaN"
		               : value < 0  ? "-Inf"
		                            : "+Inf");
		return ret;
	}
	if (signbit(value))
		*rest++ = '-';
	if (fpclassify(value) == FP_ZERO)
		(void)snprintf(rest, 2, "0");
	else
		write_positive(rest, fabs(value));
	return ret;
}

bool number_parse(const char *text, double *ret)
{
	static const char *const infinite[] = {"Inf", "+Inf", "-Inf"};
	const char *start = text + (*text == '-' || *text == '+');
	char *end;
	double value;

	if (strcmp(text, "NaN") == 0) {
		*ret = (double)NAN;
		return true;
	}
	for (size_t i = 0; i < sizeof(infinite) / sizeof(infinite[0]); i++) {
		if (strcmp(text, infinite[i]) == 0) {
			*ret = *text == '-' ? -HUGE_VAL : HUGE_VAL;
			return true;
		}
	}
	if (start[strspn(start, "0123456789.eE+-")] || !start[strcspn(start, "0123456789")])
		return false;
	value = strtod(text, &end);
	if (*end)
		return false;
	*ret = value;
	return true;
}

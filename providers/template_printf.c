#include "providers/template_printf.h"

#include "analysis/base/arena.h"
#include "analysis/base/number.h"
#include "providers/template_print.h"
#include "providers/template_quote.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DIGITS_SIZE 96

/* One % with what follows: flags, width, precision and the verb. */
struct verb {
	bool is_left; /* - */
	bool has_plus;
	bool has_blank;
	bool has_zeros;
	bool has_precision;
	size_t width;
	size_t precision;
	const char *letter; /* UTF-8 */
	size_t letter_length;
};

struct printer {
	const struct template_inputs *inputs;
	struct buf *buf;
	struct err *err;
};

static bool print(struct printer *printer, const struct verb *verb,
                  const struct template_value *value);

static bool is_verb(const struct verb *verb, const char *letters)
{
	return verb->letter_length == 1 && strchr(letters, *verb->letter);
}

static bool unsupported(struct printer *printer, const char *what)
{
	return err_set(printer->err, ERR_INVALID, "printf: %s is not supported", what);
}

static bool full(struct printer *printer)
{
	return err_set(printer->err, ERR_LIMIT, "printf: more than %d bytes", TEMPLATE_OUTPUT_MAX);
}

static bool add(struct printer *printer, const char *text, size_t length)
{
	return buf_add(printer->buf, text, length) || full(printer);
}

static bool add_text(struct printer *printer, const char *text)
{
	return add(printer, text, strlen(text));
}

static size_t count_runes(const char *text, size_t length)
{
	size_t n_runes = 0;
	size_t used;

	for (size_t at = 0; at < length; at += used, n_runes++)
		(void)template_quote_rune(text + at, length - at, &used);
	return n_runes;
}

static bool fill(struct printer *printer, char c, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!add(printer, &c, 1))
			return false;
	}
	return true;
}

/* TEXT filled up to the width; zeros, if wanted, stand behind the first SIGN bytes. */
static bool pad(struct printer *printer, const struct verb *verb, const char *text, size_t length,
                size_t sign)
{
	size_t n_runes = count_runes(text, length);
	size_t missing = verb->width > n_runes ? verb->width - n_runes : 0;

	if (verb->is_left)
		return add(printer, text, length) && fill(printer, ' ', missing);
	if (verb->has_zeros)
		return add(printer, text, sign) && fill(printer, '0', missing) &&
		       add(printer, text + sign, length - sign);
	return fill(printer, ' ', missing) && add(printer, text, length);
}

/* %!d(string=x) */
static bool print_bad(struct printer *printer, const struct verb *verb,
                      const struct template_value *value)
{
	struct verb plain = *verb;

	plain.letter = "v";
	plain.letter_length = 1;
	if (!add_text(printer, "%!") || !add(printer, verb->letter, verb->letter_length))
		return false;
	if (value->kind == TEMPLATE_ABSENT)
		return add_text(printer, "(<nil>)");
	return add_text(printer, "(") && add_text(printer, template_print_type(value)) &&
	       add_text(printer, "=") && print(printer, &plain, value) && add_text(printer, ")");
}

/* Texts --------------------------------------------------------------------------------------- */

/* The bytes of the first COUNT characters. */
static size_t cut(const char *text, size_t length, size_t count)
{
	size_t at = 0;
	size_t used;

	for (; at < length && count > 0; at += used, count--)
		(void)template_quote_rune(text + at, length - at, &used);
	return at;
}

static bool print_hex(struct printer *printer, const struct verb *verb, const char *text,
                      size_t length)
{
	const char *digits = is_verb(verb, "X") ? "0123456789ABCDEF" : "0123456789abcdef";
	struct buf hex = {.max = TEMPLATE_OUTPUT_MAX};
	bool is_ok = true;

	if (verb->has_blank)
		return unsupported(printer, "a blank in %x");
	if (verb->has_precision && verb->precision < length)
		length = verb->precision;
	for (size_t i = 0; i < length && is_ok; i++) {
		unsigned char byte = (unsigned char)text[i];
		char pair[2] = {digits[byte >> 4], digits[byte & 15]};

		is_ok = buf_add(&hex, pair, 2);
	}
	is_ok = is_ok ? pad(printer, verb, buf_text(&hex), hex.length, 0) : full(printer);
	buf_fini(&hex);
	return is_ok;
}

static bool print_quoted(struct printer *printer, const struct verb *verb, const char *text,
                         size_t length)
{
	struct buf quoted = {.max = TEMPLATE_OUTPUT_MAX};
	bool is_ok;

	if (verb->has_plus)
		return unsupported(printer, "%+q");
	is_ok = template_quote_write(text, length, &quoted)
	                ? pad(printer, verb, buf_text(&quoted), quoted.length, 0)
	                : full(printer);
	buf_fini(&quoted);
	return is_ok;
}

static bool print_text(struct printer *printer, const struct verb *verb,
                       const struct template_value *value)
{
	size_t length = value->length;

	if (is_verb(verb, "xX"))
		return print_hex(printer, verb, value->text, length);
	if (!is_verb(verb, "svq"))
		return print_bad(printer, verb, value);
	if (verb->has_precision)
		length = cut(value->text, length, verb->precision);
	return is_verb(verb, "q") ? print_quoted(printer, verb, value->text, length)
	                          : pad(printer, verb, value->text, length, 0);
}

/* Numbers ------------------------------------------------------------------------------------- */

static uint64_t base_of(const struct verb *verb)
{
	if (is_verb(verb, "b"))
		return 2;
	if (is_verb(verb, "oO"))
		return 8;
	return is_verb(verb, "xX") ? 16 : 10;
}

/* The digits of MAGNITUDE, in ret. */
static size_t write_digits(uint64_t magnitude, const struct verb *verb, char ret[DIGITS_SIZE])
{
	const char *digits = is_verb(verb, "X") ? "0123456789ABCDEF" : "0123456789abcdef";
	uint64_t base = base_of(verb);
	char reversed[DIGITS_SIZE];
	size_t length = 0;

	for (; magnitude > 0 || length == 0; magnitude /= base)
		reversed[length++] = digits[magnitude % base];
	for (size_t i = 0; i < length; i++)
		ret[i] = reversed[length - 1 - i];
	return length;
}

static size_t write_sign(bool is_negative, const struct verb *verb, char *ret)
{
	*ret = is_negative ? '-' : verb->has_plus ? '+' : ' ';
	return is_negative || verb->has_plus || verb->has_blank;
}

static bool print_rune(struct printer *printer, const struct verb *verb, int64_t whole)
{
	bool is_rune = whole >= 0 && whole <= 0x10FFFF;
	char text[4];
	size_t length = template_quote_encode(is_rune ? (uint32_t)whole : 0xFFFD, text);

	return pad(printer, verb, text, length, 0);
}

static bool print_whole(struct printer *printer, const struct verb *verb,
                        const struct template_value *value)
{
	bool is_negative = value->whole < 0;
	uint64_t magnitude = is_negative ? 0 - (uint64_t)value->whole : (uint64_t)value->whole;
	struct verb padded = *verb;
	char digits[DIGITS_SIZE];
	char text[DIGITS_SIZE + 4];
	size_t sign;
	size_t length;

	if (is_verb(verb, "c"))
		return print_rune(printer, verb, value->whole);
	if (is_verb(verb, "qU"))
		return unsupported(printer, "%q or %U of a number");
	if (!is_verb(verb, "vdboOxX"))
		return print_bad(printer, verb, value);
	if (verb->has_precision)
		return unsupported(printer, "a precision for a whole number");
	length = write_digits(magnitude, verb, digits);
	sign = write_sign(is_negative, verb, text);
	if (is_verb(verb, "O")) {
		text[sign++] = '0';
		text[sign++] = 'o';
		padded.has_zeros = false;
		if (verb->has_zeros && !verb->is_left && verb->width > 0)
			return unsupported(printer, "%O with zeros");
	}
	memcpy(text + sign, digits, length);
	return pad(printer, &padded, text, sign + length, sign);
}

static void write_real(double value, const struct verb *verb, char *ret, size_t size)
{
	char letter = *verb->letter;
	int precision = verb->has_precision ? (int)verb->precision : 6;

	if (!verb->has_precision && (letter == 'v' || letter == 'g' || letter == 'G'))
		(void)number_format(value, ret);
	else if (letter == 'e' || letter == 'E')
		(void)snprintf(ret, size, "%.*e", precision, value);
	else if (letter == 'f' || letter == 'F')
		(void)snprintf(ret, size, "%.*f", precision, value);
	else
		(void)snprintf(ret, size, "%.*g", precision, value);
	for (; letter == 'E' || letter == 'G'; ret++) {
		if (*ret == 'e')
			*ret = 'E';
		if (!*ret)
			break;
	}
}

static bool print_real(struct printer *printer, const struct verb *verb,
                       const struct template_value *value)
{
	char text[512];
	size_t sign;

	if (is_verb(verb, "bxX"))
		return unsupported(printer, "%b or %x of a number with fraction");
	if (!is_verb(verb, "veEfFgG"))
		return print_bad(printer, verb, value);
	if (verb->has_precision && verb->precision > 100)
		return unsupported(printer, "a precision over 100");
	sign = write_sign(signbit(value->real) != 0, verb, text);
	write_real(fabs(value->real), verb, text + sign, sizeof(text) - sign);
	return pad(printer, verb, text, strlen(text), sign);
}

/* All values ---------------------------------------------------------------------------------- */

static struct template_value text_value(const char *text)
{
	return (struct template_value){
		.kind = TEMPLATE_TEXT,
		.text = text,
		.length = strlen(text),
	};
}

static bool print_variables(struct printer *printer, const struct verb *verb)
{
	if (is_verb(verb, "p"))
		return unsupported(printer, "%p");
	if (!add_text(printer, "map["))
		return false;
	for (size_t i = 0; i < printer->inputs->n_variables; i++) {
		struct template_value key = text_value(printer->inputs->variables[i].key);
		struct template_value value = text_value(printer->inputs->variables[i].value);

		if ((i > 0 && !add_text(printer, " ")) || !print(printer, verb, &key) ||
		    !add_text(printer, ":") || !print(printer, verb, &value))
			return false;
	}
	return add_text(printer, "]");
}

static bool print(struct printer *printer, const struct verb *verb,
                  const struct template_value *value)
{
	const char *type = template_print_type(value);

	if (is_verb(verb, "T"))
		return pad(printer, verb, type,
		           verb->has_precision && value->kind != TEMPLATE_ABSENT
		                   ? cut(type, strlen(type), verb->precision)
		                   : strlen(type),
		           0);
	switch (value->kind) {
	case TEMPLATE_TEXT:
		return print_text(printer, verb, value);
	case TEMPLATE_WHOLE:
	case TEMPLATE_BYTE:
		return print_whole(printer, verb, value);
	case TEMPLATE_REAL:
		return print_real(printer, verb, value);
	case TEMPLATE_VARIABLES:
		return print_variables(printer, verb);
	case TEMPLATE_FLAG:
		if (!is_verb(verb, "tv"))
			return print_bad(printer, verb, value);
		return pad(printer, verb, value->flag ? "true" : "false", value->flag ? 4 : 5, 0);
	case TEMPLATE_ABSENT:
		break;
	}
	return is_verb(verb, "v") ? pad(printer, verb, "<nil>", 5, 0)
	                          : print_bad(printer, verb, value);
}

/* Formats ------------------------------------------------------------------------------------- */

struct format {
	const char *text;
	size_t length;
	size_t at;
};

static char look(const struct format *format)
{
	return format->at < format->length ? format->text[format->at] : '\0';
}

static bool read_number(struct printer *printer, struct format *format, size_t *ret)
{
	for (*ret = 0; look(format) >= '0' && look(format) <= '9'; format->at++) {
		*ret = *ret * 10 + (size_t)(look(format) - '0');
		if (*ret > TEMPLATE_PRINTF_WIDTH_MAX)
			return err_set(printer->err, ERR_LIMIT,
			               "printf: expected a width of at most %d",
			               TEMPLATE_PRINTF_WIDTH_MAX);
	}
	return true;
}

static void read_flags(struct format *format, struct verb *ret)
{
	for (;; format->at++) {
		switch (look(format)) {
		case '-':
			ret->is_left = true;
			break;
		case '+':
			ret->has_plus = true;
			break;
		case ' ':
			ret->has_blank = true;
			break;
		case '0':
			ret->has_zeros = true;
			break;
		default:
			return;
		}
	}
}

/* What stands behind the %; letter NULL when the format ends there. */
static bool read_verb(struct printer *printer, struct format *format, struct verb *ret)
{
	*ret = (struct verb){0};
	read_flags(format, ret);
	if (look(format) == '#')
		return unsupported(printer, "the flag #");
	if (!read_number(printer, format, &ret->width))
		return false;
	if (look(format) == '.') {
		format->at++;
		ret->has_precision = true;
		if (!read_number(printer, format, &ret->precision))
			return false;
	}
	if (look(format) == '*' || look(format) == '[')
		return unsupported(printer, "* or [");
	if (format->at == format->length)
		return true;
	ret->letter = format->text + format->at;
	(void)template_quote_rune(ret->letter, format->length - format->at, &ret->letter_length);
	format->at += ret->letter_length;
	if (is_verb(ret, "v"))
		ret->has_plus = false; /* it asks for names of fields */
	return !is_verb(ret, "w") || unsupported(printer, "%w");
}

static bool print_extra(struct printer *printer, const struct template_value *values,
                        size_t n_values)
{
	struct verb plain = {.letter = "v", .letter_length = 1};

	if (!add_text(printer, "%!(EXTRA "))
		return false;
	for (size_t i = 0; i < n_values; i++) {
		bool is_absent = values[i].kind == TEMPLATE_ABSENT;

		if ((i > 0 && !add_text(printer, ", ")) ||
		    (!is_absent && (!add_text(printer, template_print_type(&values[i])) ||
		                    !add_text(printer, "="))) ||
		    !print(printer, &plain, &values[i]))
			return false;
	}
	return add_text(printer, ")");
}

/* One verb with its value, *used counts. */
static bool print_next(struct printer *printer, const struct verb *verb,
                       const struct template_value *values, size_t n_values, size_t *used)
{
	if (!verb->letter)
		return add_text(printer, "%!(NOVERB)");
	if (is_verb(verb, "%"))
		return add_text(printer, "%");
	if (*used < n_values)
		return print(printer, verb, &values[(*used)++]);
	return add_text(printer, "%!") && add(printer, verb->letter, verb->letter_length) &&
	       add_text(printer, "(MISSING)");
}

bool template_printf_add(const struct template_inputs *inputs, const struct template_value *format,
                         const struct template_value *values, size_t n_values, struct buf *ret,
                         struct err *err)
{
	struct printer printer = {.inputs = inputs, .buf = ret, .err = err};
	struct format rest = {.text = format->text, .length = format->length};
	size_t used = 0;

	while (rest.at < rest.length) {
		const char *start = rest.text + rest.at;
		const char *percent = memchr(start, '%', rest.length - rest.at);
		size_t length = percent ? (size_t)(percent - start) : rest.length - rest.at;
		struct verb verb;

		if (!add(&printer, start, length))
			return false;
		rest.at += length;
		if (!percent)
			break;
		rest.at++;
		if (!read_verb(&printer, &rest, &verb) ||
		    !print_next(&printer, &verb, values, n_values, &used))
			return false;
	}
	return used == n_values || print_extra(&printer, values + used, n_values - used);
}

#include "providers/template_quote.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NO_RUNE 0xFFFD

size_t template_quote_encode(uint32_t rune, char ret[4])
{
	if (rune > 0x10FFFF || (rune >= 0xD800 && rune <= 0xDFFF))
		rune = NO_RUNE;
	if (rune < 0x80) {
		ret[0] = (char)rune;
		return 1;
	}
	if (rune < 0x800) {
		ret[0] = (char)(0xC0 | rune >> 6);
		ret[1] = (char)(0x80 | (rune & 0x3F));
		return 2;
	}
	if (rune < 0x10000) {
		ret[0] = (char)(0xE0 | rune >> 12);
		ret[1] = (char)(0x80 | (rune >> 6 & 0x3F));
		ret[2] = (char)(0x80 | (rune & 0x3F));
		return 3;
	}
	ret[0] = (char)(0xF0 | rune >> 18);
	ret[1] = (char)(0x80 | (rune >> 12 & 0x3F));
	ret[2] = (char)(0x80 | (rune >> 6 & 0x3F));
	ret[3] = (char)(0x80 | (rune & 0x3F));
	return 4;
}

uint32_t template_quote_rune(const char *text, size_t length, size_t *ret_used)
{
	unsigned char first = (unsigned char)text[0];
	size_t n_bytes = first < 0x80   ? 1
	                 : first < 0xC2 ? 0
	                 : first < 0xE0 ? 2
	                 : first < 0xF0 ? 3
	                                : 4;
	uint32_t rune = n_bytes == 1 ? first : first & (0xFFU >> (n_bytes + 1));
	char again[4];

	*ret_used = 1;
	if (n_bytes == 0 || first > 0xF4 || n_bytes > length)
		return NO_RUNE;
	for (size_t i = 1; i < n_bytes; i++)
		rune = rune << 6 | ((unsigned char)text[i] & 0x3F);
	if (template_quote_encode(rune, again) != n_bytes || memcmp(again, text, n_bytes) != 0)
		return NO_RUNE;
	*ret_used = n_bytes;
	return rune;
}

/* Reading ------------------------------------------------------------------------------------- */

/* COUNT digits of BASE at text. */
static bool read_digits(const char *text, size_t length, size_t count, uint32_t base, uint32_t *ret)
{
	static const char digits[] = "0123456789abcdef";

	*ret = 0;
	if (length < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		char c = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] | 0x20) : text[i];
		const char *digit = c ? strchr(digits, c) : NULL;

		if (!digit || (uint32_t)(digit - digits) >= base)
			return false;
		*ret = *ret * base + (uint32_t)(digit - digits);
	}
	return true;
}

struct escape {
	char letter;
	char means;
};

static const struct escape escapes[] = {
	{'a', '\a'}, {'b', '\b'}, {'f', '\f'}, {'n', '\n'},
	{'r', '\r'}, {'t', '\t'}, {'v', '\v'}, {'\\', '\\'},
};

/* What follows a backslash: a byte or a character into ret; the number of bytes read, 0: wrong. */
static size_t read_escape(const char *text, size_t length, char quote, char *ret,
                          size_t *ret_length)
{
	size_t n_digits = text[0] == 'x' ? 2 : text[0] == 'u' ? 4 : text[0] == 'U' ? 8 : 0;
	uint32_t value;

	*ret_length = 1;
	if (text[0] == quote) {
		*ret = quote;
		return 1;
	}
	for (size_t i = 0; i < array_length(escapes); i++) {
		if (escapes[i].letter == text[0]) {
			*ret = escapes[i].means;
			return 1;
		}
	}
	if (n_digits > 0) {
		if (!read_digits(text + 1, length - 1, n_digits, 16, &value) || value > 0x10FFFF ||
		    (n_digits > 2 && value >= 0xD800 && value <= 0xDFFF))
			return 0;
	} else if (!read_digits(text, length, 3, 8, &value) || value > 255) {
		return 0;
	}
	if (n_digits > 2)
		*ret_length = template_quote_encode(value, ret);
	else
		*ret = (char)value;
	return n_digits > 0 ? 1 + n_digits : 3;
}

static void read_raw(const char *text, size_t length, char *ret, size_t *ret_length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] != '\r')
			ret[(*ret_length)++] = text[i];
	}
}

/* How many characters stand between the quotes of a rune: exactly one is right. */
static bool is_one_rune(const char *text, size_t length, bool is_byte)
{
	size_t used = 0;

	if (length == 0)
		return false;
	if (!is_byte)
		(void)template_quote_rune(text, length, &used);
	return is_byte ? length == 1 : used == length;
}

bool template_quote_read(const char *text, size_t length, char *ret, size_t *ret_length)
{
	char quote = text[0];
	size_t end = length - 1;
	bool is_byte = false;

	*ret_length = 0;
	if (quote == '`') {
		read_raw(text + 1, length - 2, ret, ret_length);
		return true;
	}
	for (size_t at = 1; at < end;) {
		size_t n_read = 1;
		size_t n_written = 1;

		ret[*ret_length] = text[at];
		if (text[at] == '\\') {
			at++;
			n_read = at < end ? read_escape(text + at, end - at, quote,
			                                ret + *ret_length, &n_written)
			                  : 0;
			is_byte = n_written == 1;
		}
		if (n_read == 0)
			return false;
		at += n_read;
		*ret_length += n_written;
	}
	return quote != '\'' || is_one_rune(ret, *ret_length, is_byte);
}

/* Digits of BASE; an underscore may stand before a digit, after the first or after the prefix. */
static bool take_digits(const char *text, size_t length, char *ret, size_t size, bool has_prefix)
{
	size_t n_digits = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '_') {
			if ((i == 0 && !has_prefix) || i + 1 == length || text[i + 1] == '_')
				return false;
			continue;
		}
		if (n_digits + 1 >= size)
			return false;
		ret[n_digits++] = text[i];
	}
	ret[n_digits] = '\0';
	return n_digits > 0;
}

static bool read_real(const char *digits, bool is_negative, struct template_value *ret)
{
	char *end;
	double value;

	if (!strpbrk(digits, ".eEpP") || strspn(digits, "0123456789.eE+-") != strlen(digits))
		return false;
	value = strtod(digits, &end);
	if (*end || end == digits || !isfinite(value))
		return false;
	*ret = (struct template_value){
		.kind = TEMPLATE_REAL,
		.real = is_negative ? -value : value,
	};
	return true;
}

static int base_of(char letter)
{
	switch (letter | 0x20) {
	case 'x':
		return 16;
	case 'o':
		return 8;
	case 'b':
		return 2;
	default:
		return 10;
	}
}

bool template_quote_number(const char *text, size_t length, struct template_value *ret)
{
	bool is_negative = length > 0 && text[0] == '-';
	size_t at = length > 0 && (text[0] == '-' || text[0] == '+');
	int base = length > at + 1 && text[at] == '0' ? base_of(text[at + 1]) : 10;
	bool is_octal = base == 10 && length > at + 1 && text[at] == '0';
	char digits[128];
	char *end;
	unsigned long long value;

	at += base == 10 ? 0 : 2;
	if (at > length || !take_digits(text + at, length - at, digits, sizeof(digits), base != 10))
		return false;
	if (base == 10 && read_real(digits, is_negative, ret))
		return true;
	if (!strchr("0123456789abcdefABCDEF", digits[0]))
		return false;
	if (base == 16 && (digits[1] == 'x' || digits[1] == 'X'))
		return false;
	errno = 0;
	value = strtoull(digits, &end, is_octal ? 8 : base);
	if (*end || errno != 0 || value > (uint64_t)INT64_MAX + is_negative)
		return false;
	*ret = (struct template_value){
		.kind = TEMPLATE_WHOLE,
		.whole = is_negative ? (int64_t)(0 - value) : (int64_t)value,
	};
	return true;
}

/* Writing ------------------------------------------------------------------------------------- */

/* One character with an escape of its own; false in *ret_known when it has none. */
static bool write_escape(char c, struct buf *ret, bool *ret_known)
{
	char pair[2] = {'\\', c};

	*ret_known = true;
	if (c == '"' || c == '\\')
		return buf_add(ret, pair, 2);
	for (size_t i = 0; i < array_length(escapes); i++) {
		pair[1] = escapes[i].letter;
		if (escapes[i].means == c)
			return buf_add(ret, pair, 2);
	}
	*ret_known = false;
	return true;
}

static bool write_rune(const char *text, size_t length, struct buf *ret, size_t *ret_used)
{
	uint32_t rune = template_quote_rune(text, length, ret_used);
	bool is_broken = rune == NO_RUNE && *ret_used == 1;
	bool is_known;

	if (!write_escape(text[0], ret, &is_known))
		return false;
	if (is_known)
		return true;
	if (is_broken || rune < 0x20 || rune == 0x7F)
		return buf_format(ret, "\\x%02x", (unsigned char)text[0]);
	return buf_add(ret, text, *ret_used);
}

bool template_quote_write(const char *text, size_t length, struct buf *ret)
{
	size_t used;

	if (!buf_add(ret, "\"", 1))
		return false;
	for (size_t at = 0; at < length; at += used) {
		if (!write_rune(text + at, length - at, ret, &used))
			return false;
	}
	return buf_add(ret, "\"", 1);
}

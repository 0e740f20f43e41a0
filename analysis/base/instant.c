#include "analysis/base/instant.h"

#include "analysis/base/text.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define MS_PER_DAY     86400000
#define SPAN_MAX_NS    ((uint64_t)100 * 36525 * 24 * 36 * 1000000000) /* 100 years */
#define INSTANT_MAX_MS 253402300799999                                /* the end of 9999 */

struct instant instant_earlier(struct instant a, struct instant b)
{
	if (!instant_is_set(a))
		return b;
	if (!instant_is_set(b))
		return a;
	return instant_is_before(b, a) ? b : a;
}

/* Spans ------------------------------------------------------------------------------------------
 */

struct unit {
	const char *name;
	uint64_t ns;
};

static const struct unit units[] = {
	{"ns", 1},
	{"us", 1000},
	{"\xc2\xb5s", 1000}, /* micro sign */
	{"\xce\xbcs", 1000}, /* Greek mu */
	{"ms", 1000000},
	{"s", 1000000000},
	{"m", 60 * (uint64_t)1000000000},
	{"h", 3600 * (uint64_t)1000000000},
};

static const struct unit *find_unit(const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strlen(units[i].name) == length && memcmp(units[i].name, name, length) == 0)
			return &units[i];
	}
	return NULL;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The digits at *text as a number; more than 2^63 stays there. */
static uint64_t take_digits(const char **text, size_t *ret_count)
{
	const uint64_t limit = (uint64_t)1 << 63;
	uint64_t value = 0;

	for (*ret_count = 0; is_digit(**text); (*text)++, (*ret_count)++) {
		uint64_t digit = (uint64_t)(**text - '0');

		value = value > (limit - digit) / 10 ? limit : value * 10 + digit;
	}
	return value;
}

/* The digits of a fraction at *text: VALUE / SCALE. Digits that no longer fit are dropped. */
static uint64_t take_fraction(const char **text, size_t *ret_count, double *ret_scale)
{
	uint64_t value = 0;
	double scale = 1;
	bool is_full = false;

	for (*ret_count = 0; is_digit(**text); (*text)++, (*ret_count)++) {
		is_full = is_full || value > (INT64_MAX - 9) / 10;
		if (is_full)
			continue;
		value = value * 10 + (uint64_t)(**text - '0');
		scale *= 10;
	}
	*ret_scale = scale;
	return value;
}

static bool refuse_span(const char *whole, const char *why, struct err *err)
{
	return err_set(err, ERR_INVALID,
	               "expected a duration such as \"1m30s\" or \"500ms\", got \"%.64s\": %s",
	               whole, why);
}

/* One number with its unit at *text, added to *sum in nanoseconds. */
static bool take_term(const char **text, const char *whole, uint64_t *sum, struct err *err)
{
	size_t n_whole;
	size_t n_fraction = 0;
	double scale = 1;
	uint64_t fraction = 0;
	uint64_t value = take_digits(text, &n_whole);
	const struct unit *unit;
	size_t length;

	if (**text == '.') {
		(*text)++;
		fraction = take_fraction(text, &n_fraction, &scale);
	}
	if (n_whole + n_fraction == 0)
		return refuse_span(whole, "a number is missing", err);
	length = strcspn(*text, ".0123456789");
	if (length == 0)
		return refuse_span(whole, "a unit is missing", err);
	unit = find_unit(*text, length);
	if (!unit)
		return refuse_span(whole, "the units are ns us ms s m h", err);
	*text += length;
	if (value > SPAN_MAX_NS / unit->ns)
		return refuse_span(whole, "it is more than 100 years", err);
	*sum += value * unit->ns + (uint64_t)((double)fraction * ((double)unit->ns / scale));
	if (*sum > SPAN_MAX_NS)
		return refuse_span(whole, "it is more than 100 years", err);
	return true;
}

bool span_parse(const char *text, struct span *ret, struct err *err)
{
	const char *rest = text;
	bool is_negative = *rest == '-';
	uint64_t sum = 0;
	int64_t ms;

	if (*rest == '-' || *rest == '+')
		rest++;
	if (!*rest)
		return refuse_span(text, "a number is missing", err);
	if (strcmp(rest, "0") != 0) {
		while (*rest) {
			if (!take_term(&rest, text, &sum, err))
				return false;
		}
	}
	ms = (int64_t)(sum / 1000000);
	ret->ms = is_negative ? -ms : ms;
	return true;
}

const char *span_format(struct span span, char ret[SPAN_TEXT_MAX])
{
	uint64_t ms = span.ms < 0 ? -(uint64_t)span.ms : (uint64_t)span.ms;
	const char *sign = span.ms < 0 ? "-" : "";
	uint64_t hours = ms / 3600000;
	unsigned minutes = (unsigned)(ms / 60000 % 60);
	unsigned seconds = (unsigned)(ms / 1000 % 60);
	unsigned part = (unsigned)(ms % 1000);
	char fraction[8] = "";
	size_t length;

	if (part > 0 && ms >= 1000) {
		(void)snprintf(fraction, sizeof(fraction), ".%03u", part);
		for (length = 4; fraction[length - 1] == '0'; length--)
			fraction[length - 1] = '\0';
	}
	if (ms == 0)
		(void)snprintf(ret, SPAN_TEXT_MAX, "0s");
	else if (ms < 1000)
		(void)snprintf(ret, SPAN_TEXT_MAX, "%s%ums", sign, part);
	else if (hours > 0)
		(void)snprintf(ret, SPAN_TEXT_MAX, "%s%lluh%um%u%ss", sign,
		               (unsigned long long)hours, minutes, seconds, fraction);
	else if (minutes > 0)
		(void)snprintf(ret, SPAN_TEXT_MAX, "%s%um%u%ss", sign, minutes, seconds, fraction);
	else
		(void)snprintf(ret, SPAN_TEXT_MAX, "%s%u%ss", sign, seconds, fraction);
	return ret;
}

/* Instants ---------------------------------------------------------------------------------------
 */

struct civil {
	int year;
	int month; /* 1..12 */
	int day;   /* 1..31 */
};

static bool is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_of_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return days[month - 1] + (month == 2 && is_leap(year));
}

/* The days before 1 January of YEAR, counted from year 0 (a leap year). */
static int64_t days_before_year(int year)
{
	int64_t years = year;

	return years * 365 + (years + 3) / 4 - (years + 99) / 100 + (years + 399) / 400;
}

/* The days from 1970-01-01 to a date of the years 0 to 9999. */
static int64_t days_from_civil(struct civil date)
{
	int64_t days = days_before_year(date.year) - days_before_year(1970);

	for (int month = 1; month < date.month; month++)
		days += days_of_month(date.year, month);
	return days + date.day - 1;
}

/* The date DAYS after 1970-01-01, DAYS not negative. */
static struct civil civil_from_days(int64_t days)
{
	struct civil date = {.year = 1970 + (int)(days / 366), .month = 1};

	days += days_before_year(1970) - days_before_year(date.year);
	while (days >= 365 + is_leap(date.year))
		days -= 365 + is_leap(date.year++);
	while (days >= days_of_month(date.year, date.month))
		days -= days_of_month(date.year, date.month++);
	date.day = 1 + (int)days;
	return date;
}

/* COUNT digits at *text that make a number from MIN to MAX, then the character AFTER if it is one.
 */
static bool take_number(const char **text, int count, int min, int max, int *ret)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		if (!is_digit((*text)[i]))
			return false;
		value = value * 10 + ((*text)[i] - '0');
	}
	*text += count;
	*ret = value;
	return value >= min && value <= max;
}

static bool take_char(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

static bool take_date(const char **text, struct civil *ret)
{
	return take_number(text, 4, 0, 9999, &ret->year) && take_char(text, '-') &&
	       take_number(text, 2, 1, 12, &ret->month) && take_char(text, '-') &&
	       take_number(text, 2, 1, 31, &ret->day) &&
	       ret->day <= days_of_month(ret->year, ret->month);
}

/* "04:45:00.123" in milliseconds. */
static bool take_time(const char **text, int64_t *ret)
{
	int hour;
	int minute;
	int second;
	int weight = 100;

	if (!take_number(text, 2, 0, 23, &hour) || !take_char(text, ':') ||
	    !take_number(text, 2, 0, 59, &minute) || !take_char(text, ':') ||
	    !take_number(text, 2, 0, 59, &second))
		return false;
	*ret = ((int64_t)hour * 3600 + minute * 60 + second) * 1000;
	if (!take_char(text, '.'))
		return true;
	if (!is_digit(**text))
		return false;
	for (; is_digit(**text); (*text)++, weight /= 10)
		*ret += (int64_t)weight * (**text - '0');
	return true;
}

/* "Z" or "+01:00", as what is to be taken off. */
static bool take_zone(const char **text, int64_t *ret)
{
	bool is_west = **text == '-';
	int hour;
	int minute;

	*ret = 0;
	if (take_char(text, 'Z'))
		return true;
	if (!take_char(text, is_west ? '-' : '+') || !take_number(text, 2, 0, 23, &hour) ||
	    !take_char(text, ':') || !take_number(text, 2, 0, 59, &minute))
		return false;
	*ret = ((int64_t)hour * 60 + minute) * (is_west ? -60000 : 60000);
	return true;
}

bool instant_parse(const char *text, struct instant *ret, struct err *err)
{
	const char *rest = text;
	struct civil date;
	int64_t time;
	int64_t zone;
	int64_t ms;

	if (!take_date(&rest, &date) || !take_char(&rest, 'T') || !take_time(&rest, &time) ||
	    !take_zone(&rest, &zone) || *rest)
		return err_set(err, ERR_INVALID,
		               "expected a time such as \"2026-11-21T04:45:00Z\", got \"%.64s\"",
		               text);
	ms = days_from_civil(date) * MS_PER_DAY + time - zone;
	if (ms < 0 || ms > INSTANT_MAX_MS)
		return err_set(err, ERR_INVALID,
		               "expected a time of the years 1970 to 9999, got \"%.64s\"", text);
	ret->ms = ms;
	return true;
}

static const char *write_instant(struct instant instant, const char *fraction, char *ret)
{
	int64_t ms = instant.ms < 0 ? 0 : instant.ms > INSTANT_MAX_MS ? INSTANT_MAX_MS : instant.ms;
	struct civil date = civil_from_days(ms / MS_PER_DAY);
	unsigned second = (unsigned)(ms % MS_PER_DAY / 1000);

	text_format(ret, INSTANT_TEXT_MAX, "%04d-%02d-%02dT%02u:%02u:%02u%sZ", date.year,
	            date.month, date.day, second / 3600, second / 60 % 60, second % 60, fraction);
	return ret;
}

const char *instant_format(struct instant instant, char ret[INSTANT_TEXT_MAX])
{
	int64_t ms = instant.ms < 0 ? 0 : instant.ms > INSTANT_MAX_MS ? INSTANT_MAX_MS : instant.ms;
	char fraction[8];

	(void)snprintf(fraction, sizeof(fraction), ".%03u", (unsigned)(ms % 1000));
	return write_instant(instant, fraction, ret);
}

const char *instant_format_seconds(struct instant instant, char ret[INSTANT_TEXT_MAX])
{
	return write_instant(instant, "", ret);
}

#include "analysis/base/compiler.h"
#include "analysis/base/number.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct format_row {
	double value;
	const char *text;
};

/* What Go prints with %v. */
static const struct format_row format_rows[] = {
	{0, "0"},
	{-0.0, "-0"},
	{99, "99"},
	{99.5, "99.5"},
	{-99.5, "-99.5"},
	{10, "10"}, /* zeros before the point are kept */
	{100000, "100000"},
	{123456.7, "123456.7"},
	{999999, "999999"},
	{999999.9999999999, "999999.9999999999"}, /* just below the switch */
	{1000000, "1e+06"},                       /* the switch to exponents */
	{20971520, "2.097152e+07"},
	{1234567.8, "1.2345678e+06"},
	{0.5, "0.5"},
	{0.05, "0.05"},
	{0.0001, "0.0001"},
	{0.00012345, "0.00012345"},
	{0.00009, "9e-05"},
	{0.1 + 0.2, "0.30000000000000004"}, /* all 17 digits */
	{1.0 / 3, "0.3333333333333333"},
	{1e21, "1e+21"},
	{1e23, "1e+23"},
	{1e100, "1e+100"}, /* three digits of exponent */
	{1e308, "1e+308"},
	{1.7976931348623157e308, "1.7976931348623157e+308"},
	{5e-324, "5e-324"}, /* the smallest */
	{2.2250738585072014e-308, "2.2250738585072014e-308"},
	{9007199254740992, "9.007199254740992e+15"},
	{9.5367431640625e-07, "9.5367431640625e-07"}, /* powers of two */
	{5.684341886080802e-14,
         "5.684341886080802e-14"}, /* … whose nearest digits do not read back */
	{HUGE_VAL, "+Inf"},
	{-HUGE_VAL, "-Inf"},
	{(double)NAN, "NaN"},
};

static void test_format(void **state)
{
	char text[NUMBER_TEXT_MAX];

	for (size_t i = 0; i < array_length(format_rows); i++)
		assert_string_equal(number_format(format_rows[i].value, text), format_rows[i].text);
}

struct parse_row {
	const char *text;
	bool is_number;
	double value;
};

static const struct parse_row parse_rows[] = {
	{"99.7", true, 99.7},
	{"0", true, 0},
	{"-3", true, -3},
	{"+3", true, 3},
	{".5", true, 0.5},
	{"5.", true, 5},
	{"1e-3", true, 1e-3},
	{"1E+06", true, 1e6},
	{"Inf", true, HUGE_VAL},
	{"+Inf", true, HUGE_VAL},
	{"-Inf", true, -HUGE_VAL},
	{"1e999", true, HUGE_VAL}, /* too large for a double */
	{"1e-999", true, 0},       /* too small */
	{"", false, 0},
	{" 1", false, 0},
	{"1 ", false, 0},
	{"1,5", false, 0},
	{"0x10", false, 0}, /* strtod would take it */
	{"infinity", false, 0},
	{"nan(1)", false, 0},
	{"1e", false, 0},
	{"e5", false, 0},
	{"--1", false, 0},
	{".", false, 0},
	{"-", false, 0},
	{"1.2.3", false, 0},
};

static void test_parse(void **state)
{
	for (size_t i = 0; i < array_length(parse_rows); i++) {
		const struct parse_row *row = &parse_rows[i];
		double value = 42;

		assert_int_equal(number_parse(row->text, &value), row->is_number);
		if (!row->is_number)
			assert_float_equal(value, 42, 0); /* untouched */
		else if (isinf(row->value))
			assert_true(isinf(value) && signbit(value) == signbit(row->value));
		else
			assert_float_equal(value, row->value, 0);
	}
}

static void test_parse_nan(void **state)
{
	double value = 0;

	assert_true(number_parse("NaN", &value));
	assert_true(isnan(value));
}

/* What is printed reads back as the same value, for values of all sizes. */
static void test_round_trip(void **state)
{
	uint64_t seed = 1;

	for (int i = 0; i < 20000; i++) {
		char text[NUMBER_TEXT_MAX];
		double value;
		double again = 0;

		seed = seed * 6364136223846793005U + 1442695040888963407U;
		value = ldexp((double)(seed >> 11), (int)(seed % 600) - 350);
		assert_true(number_parse(number_format(value, text), &again));
		assert_float_equal(value, again, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_parse_nan),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

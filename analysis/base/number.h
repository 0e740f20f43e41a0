/* Numbers as Go and Prometheus write them. */
#ifndef ANALYSIS_BASE_NUMBER_H
#define ANALYSIS_BASE_NUMBER_H

#include <stdbool.h>

#define NUMBER_TEXT_MAX 32

/*
 * Write VALUE into ret as Go's %v prints a float64: the fewest digits that read back as VALUE,
 * plain when the decimal exponent is from -4 to 5 ("99", "0.5", "123456.7", "0.0001"), else like
 * "1e+06" and "9e-05"; "NaN", "+Inf", "-Inf". Returns ret.
 */
const char *number_format(double value, char ret[NUMBER_TEXT_MAX]);

/*
 * Read a decimal number as servers print samples: "99.7", "1e-3", "NaN", "+Inf", "-Inf", "Inf". The
 * whole text must be the number: no blanks, no hexadecimal. What a double cannot hold becomes
 * infinite or 0. False when it is none; *ret is then untouched.
 */
bool number_parse(const char *text, double *ret);

#endif

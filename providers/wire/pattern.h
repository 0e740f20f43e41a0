/*
 * Regular expressions of other people: whether one can be compiled, whether it can be made to hang
 * a proxy, and what of it only Perl's family knows. Everything runs under limits of pcre2.
 */
#ifndef PROVIDERS_WIRE_PATTERN_H
#define PROVIDERS_WIRE_PATTERN_H

#include "analysis/base/err.h"

#include <stdbool.h>

#define PATTERN_BYTES_MAX   4096   /* of a pattern */
#define PATTERN_NESTING_MAX 64     /* parentheses inside each other */
#define PATTERN_STEPS_MAX   100000 /* of one match */
#define PATTERN_HEADER_MAX  200    /* bytes of the headers that are tried */

/*
 * Whether TEXT can be compiled: "expected a regular expression, got one with …, at character N";
 * ERR_LIMIT for one that is too long or too deep.
 */
bool pattern_check(const char *text, struct err *err);

/* Whether TEXT, which can be compiled, matches SUBJECT, all of it or somewhere in it. False as well
 * when that takes more than PATTERN_STEPS_MAX steps. */
bool pattern_matches(const char *text, const char *subject, bool is_whole);

/* Whether some header of at most PATTERN_HEADER_MAX bytes that was tried takes more than
 * PATTERN_STEPS_MAX steps: letters of the pattern, repeated. */
bool pattern_is_costly(const char *text);

/* What of TEXT RE2 has no word for: "a lookahead (?=", "a backreference \1"; NULL when nothing was
 * found. */
const char *pattern_find_foreign(const char *text);

#endif

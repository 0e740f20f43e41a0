/* Rows of the tests that read a Canary: a patch over one base, and what comes of it. */
#ifndef TESTS_PROVIDERS_CANARY_ROWS_H
#define TESTS_PROVIDERS_CANARY_ROWS_H

#include "providers/kube/canary.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

/* What every row starts from: nginx, stepWeight 10, no metrics. */
extern const char canary_rows_base[];

/* Default provider nginx. */
extern const struct provider_options canary_rows_options;

/*
 * WANT is the whole error text, or with = a part of the line that canary_rows.c makes of what was
 * read, or with ! the first warning.
 */
struct canary_row {
	const char *comment;
	const char *patch;
	const char *want;
};

/* Everything the reader found, as one line in ARENA. */
const char *canary_rows_describe(const struct kube_canary *canary, struct arena *arena);

/* Fail the test with the comment when the row does not hold. */
void canary_rows_check(const struct canary_row *row);

#define CHECK_ROWS(rows)                          \
 do {                                             \
  for (size_t i = 0; i < array_length(rows); i++) \
   canary_rows_check(&(rows)[i]);                 \
 } while (0)

#endif

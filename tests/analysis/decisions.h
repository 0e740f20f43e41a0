/*
 * Tables of decisions. A row says what is given, one thing after the other on top of where the
 * table begins, and what is decided then. The given_*.h beside have what several tables give.
 */
#ifndef TESTS_ANALYSIS_DECISIONS_H
#define TESTS_ANALYSIS_DECISIONS_H

#include "tests/analysis/model.h"

typedef void given(struct model *model);

struct decision_row {
	const char *what;
	given *given[9];     /* ended by NULL */
	const char *plan;    /* as `model_tell_plan` has it */
	const char *because; /* how the reason begins; NULL: any */
	int64_t wake;        /* ms from now; 0: none */
};

/* Where a table begins: a run of v2, with the canary's pods up and clients with the primary. */
void decisions_run(struct model *model);

/* Where a table begins: at rest, a minute after v1 was promoted as the first. */
void decisions_rest(struct model *model);

/* Decide each row, beginning from FIRST, which makes the model; fails with the first row that is
 * decided otherwise, by name. */
void decisions_check(given *first, const struct decision_row *rows, size_t n_rows);

#endif

/*
 * The cookies by which a client that was sent to one side of a run stays there. A value is drawn
 * for each run (the canary's) and each step (the primary's), and stands in the Release before a
 * route hands it out.
 */
#ifndef ANALYSIS_COOKIE_H
#define ANALYSIS_COOKIE_H

#include <stdbool.h>

#define COOKIE_NAME_SIZE  65
#define COOKIE_VALUE_SIZE 48
#define COOKIE_DRAW_SIZE  33       /* 128 random bits in hex and their NUL */
#define COOKIE_PREFIX     "serin-" /* what each of our values begins with; a draw follows */
#define COOKIE_AGE        86400    /* seconds, of sessionAffinity.maxAge 0 */

struct cookie {
	char name[COOKIE_NAME_SIZE]; /* "": there is none */
	char value[COOKIE_VALUE_SIZE];
};

struct cookies {
	struct cookie canary; /* whoever has it stays with the canary, as long as that has a weight;
	                         after that it is taken away */
	struct cookie earlier; /* the same, by the name that cookieName had before an edit */
	struct cookie primary; /* whoever has it stays with the primary during this step */
};

bool cookie_is_set(const struct cookie *cookie);

bool cookie_is_same(const struct cookie *a, const struct cookie *b);
bool cookie_are_same(const struct cookies *a, const struct cookies *b);

/* The cookie of NAME with a value made from DRAW. */
struct cookie cookie_of(const char *name, const char *draw);

/* VALUE is one that we made. */
bool cookie_is_ours(const char *value);

/* One of COOKIES has the value that DRAW makes. */
bool cookie_is_drawn(const struct cookies *cookies, const char *draw);

#endif

/* Random routes of users, and what must not change in them: for tests that take them over. */
#ifndef TESTS_PROVIDERS_USERS_H
#define TESTS_PROVIDERS_USERS_H

#include "tests/providers/cart.h"
#include "tests/providers/draw.h"

/* What a route with rules may have, as texts for `merge_parse`. */
struct users_texts {
	const char *list;     /* in the spec: where its rules are */
	const char *backends; /* in a rule: where it leads */
	const char *sure;     /* a rule of the apex that each route has */
	const char *const *specs;
	size_t n_specs;
	const char *const *ours; /* where a rule of the apex leads */
	size_t n_ours;
	const char *const *others; /* whole rules of somebody else */
	size_t n_others;
	const char *const *fields; /* what a rule of the apex may have besides */
	size_t n_fields;
};

/* A route; owned by the caller. */
json_t *users_route(uint64_t *seed, const struct users_texts *texts);

/* Its metadata; owned by the caller. */
json_t *users_metadata(uint64_t *seed);

/* Cookies of one step of a run, or of the run after it; none when the Canary wants none. */
struct cookies users_cookies(const struct cart *cart, uint64_t *seed);

/* OBJECT, which is taken, with PATCH, which is taken, applied. */
json_t *users_patched(json_t *object, json_t *patch);

/* A copy of OBJECT without the annotations of Flux and those that TAKEN, ended by NULL, names. */
json_t *users_without(const json_t *object, const char *const *taken);

/* Fail unless both are the same, with SEED and WHEN. */
void users_check_same(unsigned seed, const char *when, const json_t *before, const json_t *after);

#endif

/*
 * Structures as JSON and back, by a table of their members: what `decide` got is kept so that it
 * can decide on it again. Nothing is lost: what is written and read is equal, member by member. A
 * member that is all zero is left out.
 */
#ifndef PROVIDERS_RECORD_H
#define PROVIDERS_RECORD_H

#include "analysis/base/arena.h"
#include "analysis/base/err.h"

#include <jansson.h>
#include <stddef.h>

enum record_kind {
	RECORD_NONE,
	RECORD_TEXT,    /* char[] */
	RECORD_NAME,    /* const char *; read into the arena */
	RECORD_FLAG,    /* bool */
	RECORD_INT,     /* int */
	RECORD_LONG,    /* int64_t, struct instant (ms), struct span (ms) */
	RECORD_DATE,    /* struct instant, as RFC 3339 with milliseconds */
	RECORD_SIZE,    /* size_t */
	RECORD_HEX,     /* uint64_t, as 16 digits */
	RECORD_REAL,    /* double, exact; what JSON has no number for as a text */
	RECORD_WORD,    /* an enum, by name */
	RECORD_PART,    /* a structure as an object */
	RECORD_INLINE,  /* a structure whose members stand beside its holder's */
	RECORD_LIST,    /* an array of structures, without those at its end that are all zero */
	RECORD_COUNTED, /* an array of structures; how many count is another member */
	RECORD_INTS,    /* an array of int; the same */
};

/* The names of an enum's values, from 0; that of 0 does not occur, for it is left out. */
struct record_words {
	const char *(*text)(int value);
	int n;
};

struct record_shape;

struct record_field {
	const char *name;
	enum record_kind kind;
	size_t offset;
	size_t size;                      /* of the whole member */
	const struct record_shape *shape; /* of a part; of an array's elements */
	const struct record_words *words;
	size_t count; /* where the size_t is that says how many */
	/* One more than where that is which says whether a number is there at all, 0: nothing does.
	 * It is when that is 1: a bool that is true, or an enum's first value. Then a zero is
	 * written too. */
	size_t there;
};

struct record_shape {
	const char *name; /* "route_fact" */
	size_t size;
	size_t n_fields;
	const struct record_field *fields;
};

/* For the first members of a row; OF is the structure. */
#define RECORD_AT(OF, member) offsetof(OF, member), sizeof(((OF *)0)->member)

/* VALUE as an object, owned by the caller. */
json_t *record_write(const struct record_shape *shape, const void *value);

/*
 * Read into RET, which is all zero where JSON says nothing. A member that SHAPE does not know, and
 * a value that does not fit, is ERR_INVALID with its path. RET is of no use after a failure.
 */
bool record_read(const struct record_shape *shape, const json_t *json, struct arena *arena,
                 void *ret, struct err *err);

/*
 * What leads from the object BASE to the object WHOLE, as a JSON merge patch (RFC 7396); and WHOLE
 * from both. No null may be in either. Owned by the caller.
 */
json_t *record_patch(const json_t *base, const json_t *whole);
json_t *record_patch_apply(const json_t *base, const json_t *patch);

#endif

/*
 * One place in somebody's JSON: a value and the path to it, so that each refusal says where, what
 * was expected and what came ("data.result[0].value: expected a list, got an object").
 *
 * A field lives on the stack and points at its parent; the path is written only when something is
 * refused, nothing is allocated for it. null counts as absent. The readers want the field to be
 * there; the `optional` ones leave *ret alone when it is absent, so that a default can be put there
 * before. Texts are copied into the arena. What a stranger wrote appears in errors cut and as plain
 * ASCII.
 */
#ifndef PROVIDERS_WIRE_FIELD_H
#define PROVIDERS_WIRE_FIELD_H

#include "analysis/base/arena.h"
#include "analysis/base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct field {
	const json_t *json; /* NULL: absent */
	const struct field *parent;
	const char *key; /* of a member; of a root: what the path begins with, "" for nothing */
	size_t index;    /* of an element: key is NULL */
};

/* The root of a tree. NAME, which must outlive the field, begins each path; "" for nothing. */
struct field field_root(const json_t *json, const char *name);

/* The member KEY of PARENT, absent when PARENT is no object. KEY and PARENT must outlive it. */
struct field field_member(const struct field *parent, const char *key);

/* The element INDEX of LIST, absent when there is none. */
struct field field_element(const struct field *list, size_t index);

static inline bool field_is_absent(const struct field *field)
{
	return !field->json;
}

#define FIELD_SHOWN_SIZE 44 /* 40 bytes of a foreign text, dots and the NUL */

/* TEXT as it appears in errors: cut, plain ASCII. Returns RET. */
const char *field_show(const char *text, char ret[FIELD_SHOWN_SIZE]);

/* Set "PATH: TEXT". Returns false. */
bool field_refuse(const struct field *field, struct err *err, enum err_kind kind,
                  const char *format, ...) PRINTF_LIKE(4, 5);

/* Set "PATH: expected EXPECTED, got …" with what is there. Returns false. */
bool field_expect(const struct field *field, const char *expected, struct err *err);

/* An object. */
bool field_object(const struct field *field, struct err *err);

/* A list of at most MAX elements (ERR_LIMIT beyond); *ret is their number. */
bool field_list(const struct field *field, size_t max, size_t *ret, struct err *err);

/* A text of at most MAX bytes (ERR_LIMIT beyond), copied into ARENA. */
bool field_text(const struct field *field, size_t max, struct arena *arena, const char **ret,
                struct err *err);
bool field_optional_text(const struct field *field, size_t max, struct arena *arena,
                         const char **ret, struct err *err);

/* Any number. */
bool field_number(const struct field *field, double *ret, struct err *err);
bool field_optional_number(const struct field *field, double *ret, struct err *err);

/* A whole number from MIN to MAX, written as an integer or like 10.0. */
bool field_whole(const struct field *field, int64_t min, int64_t max, int64_t *ret,
                 struct err *err);
bool field_optional_whole(const struct field *field, int64_t min, int64_t max, int64_t *ret,
                          struct err *err);

/* true or false. */
bool field_flag(const struct field *field, bool *ret, struct err *err);
bool field_optional_flag(const struct field *field, bool *ret, struct err *err);

#endif

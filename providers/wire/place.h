/*
 * Where the values of a document stand: path -> line and column. Paths are written as
 * providers/wire/field.h writes them in errors ("spec.analysis.metrics[0].name"), so that what a
 * reader refuses is found in the text. All functions but the first accept NULL: nothing is noted
 * then.
 */
#ifndef PROVIDERS_WIRE_PLACE_H
#define PROVIDERS_WIRE_PLACE_H

#include <stddef.h>

#define PLACE_PATHS_MAX 65536 /* of one document; further ones are not noted */
#define PLACE_PATH_MAX  200   /* bytes of a path; longer ones are not noted */

/* Both count from 1; 0: not known. */
struct place {
	size_t line;
	size_t column;
};

/* A member: where its key and its value begin; an element: both are where it begins. */
struct place_pair {
	struct place key;
	struct place value;
};

struct place_table;

struct place_table *place_table_new(void);

/* Returns NULL. */
struct place_table *place_table_free(struct place_table *table);

/* A new document: what was noted is forgotten. ROOT is where it begins. */
void place_table_begin(struct place_table *table, struct place root);

/* The value now read is a member, or an element, of the one before; until it is left. */
void place_table_enter_member(struct place_table *table, const char *name, struct place key,
                              struct place value);
void place_table_enter_element(struct place_table *table, size_t index, struct place value);
void place_table_leave(struct place_table *table);

/*
 * Where the text that begins with a path ("spec.port: expected …") points: the place of the longest
 * noted path that it begins with, after PREFIX ("items[2]", or "" for none); else where the
 * document begins. *RET_PATH_LENGTH, if not NULL: how much of TEXT that path is; a field that is
 * not there points at what it should be in.
 */
struct place_pair place_table_find(const struct place_table *table, const char *prefix,
                                   const char *text, size_t *ret_path_length);

#endif

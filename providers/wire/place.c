#include "providers/wire/place.h"

#include "analysis/base/arena.h"
#include "analysis/base/text.h"
#include "providers/wire/document.h"
#include "providers/wire/field.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 64

struct row {
	const char *path;
	size_t length;
	struct place_pair pair;
};

struct place_table {
	struct arena arena;
	struct row *rows;
	size_t n_rows;
	size_t room;
	struct place root;
	char path[PLACE_PATH_MAX + 1];
	size_t lengths[DOCUMENT_DEPTH_MAX + 1]; /* of the path before each step; more steps than
	                                           fit are only counted */
	size_t depth;
	size_t n_lost; /* steps, the innermost ones, that the path has no room for */
};

struct place_table *place_table_new(void)
{
	struct place_table *table = calloc(1, sizeof(*table));

	if (!table)
		abort();
	return table;
}

struct place_table *place_table_free(struct place_table *table)
{
	if (!table)
		return NULL;
	arena_fini(&table->arena);
	free(table->rows);
	free(table);
	return NULL;
}

void place_table_begin(struct place_table *table, struct place root)
{
	if (!table)
		return;
	arena_fini(&table->arena);
	table->n_rows = 0;
	table->depth = 0;
	table->n_lost = 0;
	table->path[0] = '\0';
	table->root = root;
}

static void note(struct place_table *table, struct place_pair pair)
{
	if (table->n_rows == PLACE_PATHS_MAX)
		return;
	if (table->n_rows == table->room) {
		table->room = table->room ? table->room * 2 : FIRST_ROOM;
		table->rows = reallocarray(table->rows, table->room, sizeof(*table->rows));
		if (!table->rows)
			abort();
	}
	table->rows[table->n_rows++] = (struct row){
		.path = arena_text(&table->arena, table->path),
		.length = strlen(table->path),
		.pair = pair,
	};
}

static void enter(struct place_table *table, const char *step, struct place_pair pair)
{
	size_t length = strlen(table->path);

	if (table->n_lost > 0 || table->depth == array_length(table->lengths) ||
	    length + strlen(step) > PLACE_PATH_MAX) {
		table->n_lost++;
		return;
	}
	table->lengths[table->depth++] = length;
	text_format(table->path + length, sizeof(table->path) - length, "%s", step);
	note(table, pair);
}

void place_table_enter_member(struct place_table *table, const char *name, struct place key,
                              struct place value)
{
	char shown[FIELD_SHOWN_SIZE];
	char step[FIELD_SHOWN_SIZE + 1];

	if (!table)
		return;
	text_format(step, sizeof(step), "%s%s", *table->path ? "." : "", field_show(name, shown));
	enter(table, step, (struct place_pair){key, value});
}

void place_table_enter_element(struct place_table *table, size_t index, struct place value)
{
	char step[32];

	if (!table)
		return;
	text_format(step, sizeof(step), "[%zu]", index);
	enter(table, step, (struct place_pair){value, value});
}

void place_table_leave(struct place_table *table)
{
	if (!table)
		return;
	if (table->n_lost > 0)
		table->n_lost--;
	else
		table->path[table->lengths[--table->depth]] = '\0';
}

/* How much of TEXT the row's path is, PREFIX left out; 0 when TEXT does not begin with it. */
static size_t measure_match(const struct row *row, const char *prefix, const char *text)
{
	size_t length = strlen(prefix);

	if (row->length <= length || strncmp(row->path, prefix, length) != 0)
		return 0;
	if (length > 0 && row->path[length++] != '.')
		return 0;
	if (strncmp(text, row->path + length, row->length - length) != 0 ||
	    !strchr(":.[", text[row->length - length]))
		return 0;
	return row->length - length;
}

struct place_pair place_table_find(const struct place_table *table, const char *prefix,
                                   const char *text, size_t *ret_path_length)
{
	struct place_pair found = {0};
	size_t longest = 0;

	for (size_t i = 0; table && i < table->n_rows; i++) {
		const struct row *row = &table->rows[i];
		size_t length = measure_match(row, prefix, text);

		if (length > longest) {
			longest = length;
			found = row->pair;
		} else if (longest == 0 && strcmp(row->path, prefix) == 0) {
			found = row->pair;
		}
	}
	if (table && found.key.line == 0)
		found = (struct place_pair){table->root, table->root};
	if (ret_path_length)
		*ret_path_length = longest;
	return found;
}

#include "agent/command/command_print.h"

#include "analysis/base/buf.h"
#include "analysis/base/text.h"
#include "analysis/release.h"
#include "providers/wire/document_write.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define YAML_MAX  ((size_t)256 * 1024 * 1024)
#define WIDTH_MIN 12 /* of a column that gives way */
#define GAP       3  /* columns between columns, as kubectl has them */

/* Trees --------------------------------------------------------------------------------------- */

bool command_print_is_tree(const struct command_call *call)
{
	return call->flags.form == COMMAND_FORM_JSON || call->flags.form == COMMAND_FORM_YAML;
}

bool command_print_is_redrawn(const struct command_call *call)
{
	return call->flags.is_watching && call->screen.is_terminal && !command_print_is_tree(call);
}

static void print_yaml(const struct command_call *call, const json_t *tree)
{
	struct buf text = {.max = YAML_MAX};
	struct err err = {0};

	if (call->flags.is_watching)
		(void)fputs("---\n", call->out);
	if (document_write_yaml(tree, &text, &err))
		(void)fputs(buf_text(&text), call->out);
	else
		(void)command_fail(call, &err);
	buf_fini(&text);
}

void command_print_tree(const struct command_call *call, const json_t *tree)
{
	size_t flags = call->flags.is_watching ? JSON_COMPACT : JSON_INDENT(4);

	flags |= JSON_ENCODE_ANY | JSON_REAL_PRECISION(15); /* 99.91, not 99.909999999999997 */
	if (call->flags.form == COMMAND_FORM_YAML) {
		print_yaml(call, tree);
	} else {
		if (json_dumpf(tree, call->out, flags) < 0 && !ferror(call->out))
			abort();
		(void)fputc('\n', call->out);
	}
	(void)fflush(call->out);
}

/* Colours and symbols ------------------------------------------------------------------------- */

const char *command_print_paint(const struct command_call *call, enum command_print_colour colour)
{
	if (!call->screen.has_colour)
		return "";
	switch (colour) {
	case COMMAND_PRINT_STRONG:
		return "\x1b[1m";
	case COMMAND_PRINT_DIM:
		return "\x1b[2m";
	case COMMAND_PRINT_GOOD:
		return "\x1b[32m";
	case COMMAND_PRINT_BAD:
		return "\x1b[31m";
	case COMMAND_PRINT_WAIT:
		return "\x1b[33m";
	case COMMAND_PRINT_PLAIN:
		break;
	}
	return "";
}

const char *command_print_unpaint(const struct command_call *call, enum command_print_colour colour)
{
	return call->screen.has_colour && colour != COMMAND_PRINT_PLAIN ? "\x1b[0m" : "";
}

const char *command_print_symbol(const struct command_call *call, const char *utf8,
                                 const char *ascii)
{
	return call->screen.is_utf8 ? utf8 : ascii;
}

/* Text ---------------------------------------------------------------------------------------- */

/* One character of a text. */
struct letter {
	size_t n_bytes;
	int width;
	bool is_shown; /* false: a control character, or no UTF-8 */
};

static struct letter read_letter(const char *text)
{
	mbstate_t state = {0};
	wchar_t wide = 0;
	size_t length;
	int width;

	if ((unsigned char)*text < 0x80)
		return (struct letter){1, 1, *text >= ' ' && *text != 0x7f};
	length = mbrtowc(&wide, text, strlen(text), &state);
	if (length == 0 || length > strlen(text))
		return (struct letter){1, 1, false};
	width = wcwidth(wide);
	return (struct letter){length, width < 0 ? 1 : width, width >= 0};
}

int command_print_width(const char *text)
{
	int width = 0;

	while (*text) {
		struct letter letter = read_letter(text);

		text += letter.n_bytes;
		width += letter.width;
	}
	return width;
}

static void write_letters(const struct command_call *call, const char *text, int width)
{
	while (*text) {
		struct letter letter = read_letter(text);

		if (width < letter.width)
			return;
		width -= letter.width;
		if (letter.is_shown)
			(void)fwrite(text, 1, letter.n_bytes, call->out);
		else
			(void)fputc('?', call->out);
		text += letter.n_bytes;
	}
}

int command_print_text(const struct command_call *call, const char *text, int width)
{
	int whole = command_print_width(text);
	const char *ellipsis = command_print_symbol(call, "…", "~");

	if (width <= 0 || whole <= width) {
		write_letters(call, text, whole);
		return whole;
	}
	write_letters(call, text, width - 1);
	(void)fputs(ellipsis, call->out);
	return width;
}

void command_print_words(const struct command_call *call, const char *text, int indent)
{
	int column = indent;
	char word[SENTENCE_MAX];

	while (*text) {
		size_t length = strcspn(text, " ");
		int width;

		if (length >= sizeof(word))
			length = sizeof(word) - 1;
		text_format(word, sizeof(word), "%.*s", (int)length, text);
		width = command_print_width(word);
		if (column > indent && call->screen.columns > 0 &&
		    column + 1 + width > call->screen.columns) {
			(void)fprintf(call->out, "\n%*s", indent, "");
			column = indent;
		} else if (column > indent) {
			(void)fputc(' ', call->out);
			column++;
		}
		write_letters(call, word, width);
		column += width;
		text += length;
		text += strspn(text, " ");
	}
}

/* Tables -------------------------------------------------------------------------------------- */

struct row {
	char *cells[COMMAND_PRINT_COLUMNS_MAX];
	enum command_print_colour colour;
};

struct command_print_table {
	const struct command_call *call;
	const struct command_print_column *columns;
	size_t n_columns;
	struct row *rows;
	size_t n_rows;
	size_t size;
	bool is_continued;
};

struct command_print_table *command_print_table_new(const struct command_call *call,
                                                    const struct command_print_column *columns,
                                                    size_t n_columns)
{
	struct command_print_table *table = calloc(1, sizeof(*table));

	assert(n_columns <= COMMAND_PRINT_COLUMNS_MAX);
	if (!table)
		abort();
	table->call = call;
	table->columns = columns;
	table->n_columns = n_columns;
	return table;
}

static char *copy_cell(const char *text)
{
	char cell[COMMAND_PRINT_CELL_MAX];
	char *ret;

	text_copy(cell, *text ? text : "-");
	ret = strdup(cell);
	if (!ret)
		abort();
	return ret;
}

void command_print_table_add(struct command_print_table *table, const char *const cells[],
                             enum command_print_colour colour)
{
	struct row *row;

	if (table->n_rows == table->size) {
		table->size = table->size ? table->size * 2 : 16;
		table->rows = reallocarray(table->rows, table->size, sizeof(*table->rows));
		if (!table->rows)
			abort();
	}
	row = &table->rows[table->n_rows++];
	*row = (struct row){.colour = colour};
	for (size_t i = 0; i < table->n_columns; i++)
		row->cells[i] = copy_cell(cells[i]);
}

static bool is_shown(const struct command_print_table *table, size_t column)
{
	return !table->columns[column].is_wide || table->call->flags.form == COMMAND_FORM_WIDE;
}

static void measure(const struct command_print_table *table, int widths[])
{
	for (size_t i = 0; i < table->n_columns; i++) {
		int least = table->columns[i].least;

		widths[i] = 0;
		if (!is_shown(table, i))
			continue;
		if (!table->call->flags.has_no_headers)
			widths[i] = command_print_width(table->columns[i].title);
		if (table->call->flags.is_watching && widths[i] < least)
			widths[i] = least;
		for (size_t k = 0; k < table->n_rows; k++) {
			int width = command_print_width(table->rows[k].cells[i]);

			if (width > widths[i])
				widths[i] = width;
		}
	}
}

/* The column that gives way next: the widest, NULL when all that can have. */
static int *find_widest(const struct command_print_table *table, int widths[])
{
	int *widest = NULL;

	for (size_t i = 0; i < table->n_columns; i++)
		if (table->columns[i].is_cut && widths[i] > WIDTH_MIN &&
		    (!widest || widths[i] > *widest))
			widest = &widths[i];
	return widest;
}

static int add_widths(const struct command_print_table *table, const int widths[], int gap)
{
	int used = -gap;

	for (size_t i = 0; i < table->n_columns; i++)
		if (is_shown(table, i))
			used += widths[i] + gap;
	return used;
}

/* Columns give way until the table fits the screen; when it cannot, all stay whole: the screen
 * breaks the lines. Returns the gap. */
static int fit(const struct command_print_table *table, int widths[])
{
	int room = table->call->screen.columns;
	int fitted[COMMAND_PRINT_COLUMNS_MAX];
	int used = add_widths(table, widths, GAP);

	if (room <= 0 || used <= room)
		return GAP;
	memcpy(fitted, widths, sizeof(fitted));
	used = add_widths(table, widths, GAP - 1);
	while (used > room) {
		int *widest = find_widest(table, fitted);

		if (!widest)
			return GAP;
		--*widest;
		used--;
	}
	memcpy(widths, fitted, sizeof(fitted));
	return GAP - 1;
}

static void pad(const struct command_call *call, int width)
{
	if (width > 0)
		(void)fprintf(call->out, "%*s", width, "");
}

static void write_row(const struct command_print_table *table, const struct row *row,
                      const int widths[], int gap)
{
	const struct command_call *call = table->call;
	int owed = 0; /* blanks, written only before something */

	(void)fputs(command_print_paint(call, row->colour), call->out);
	for (size_t i = 0; i < table->n_columns; i++) {
		int width = command_print_width(row->cells[i]);

		if (!is_shown(table, i))
			continue;
		width = width < widths[i] ? width : widths[i];
		pad(call, owed + (table->columns[i].is_right ? widths[i] - width : 0));
		(void)command_print_text(call, row->cells[i], width);
		owed = gap + (table->columns[i].is_right ? 0 : widths[i] - width);
	}
	(void)fputs(command_print_unpaint(call, row->colour), call->out);
	(void)fputc('\n', call->out);
}

static void write_titles(const struct command_print_table *table, const int widths[], int gap)
{
	struct row titles = {.colour = COMMAND_PRINT_STRONG};

	for (size_t i = 0; i < table->n_columns; i++)
		titles.cells[i] = copy_cell(table->columns[i].title);
	write_row(table, &titles, widths, gap);
	for (size_t i = 0; i < table->n_columns; i++)
		free(titles.cells[i]);
}

static void forget_rows(struct command_print_table *table)
{
	for (size_t k = 0; k < table->n_rows; k++)
		for (size_t i = 0; i < table->n_columns; i++)
			free(table->rows[k].cells[i]);
	table->n_rows = 0;
}

void command_print_table_continue(struct command_print_table *table)
{
	table->is_continued = true;
}

void command_print_table_write(struct command_print_table *table)
{
	int widths[COMMAND_PRINT_COLUMNS_MAX] = {0};
	int gap;

	measure(table, widths);
	gap = fit(table, widths);
	if (!table->call->flags.has_no_headers && !table->is_continued)
		write_titles(table, widths, gap);
	for (size_t k = 0; k < table->n_rows; k++)
		write_row(table, &table->rows[k], widths, gap);
	forget_rows(table);
	(void)fflush(table->call->out);
}

struct command_print_table *command_print_table_free(struct command_print_table *table)
{
	if (!table)
		return NULL;
	forget_rows(table);
	free(table->rows);
	free(table);
	return NULL;
}

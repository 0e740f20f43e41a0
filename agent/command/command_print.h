/*
 * What commands write: JSON and YAML trees, tables that fit the screen, colours and symbols. Texts
 * of the cluster are written without control characters.
 */
#ifndef AGENT_COMMAND_COMMAND_PRINT_H
#define AGENT_COMMAND_COMMAND_PRINT_H

#include "agent/command/command.h"

#include <jansson.h>

#define COMMAND_PRINT_COLUMNS_MAX 16
#define COMMAND_PRINT_CELL_MAX    1024 /* bytes of a cell; longer ones are cut */

/* Is -o json or -o yaml asked for? */
bool command_print_is_tree(const struct command_call *call);

#define COMMAND_PRINT_CLEAR "\x1b[H\x1b[2J"
#define COMMAND_PRINT_BEAT  1000 /* ms between two redraws, for the times that run */

/* With -w a terminal is cleared and written anew; elsewhere what changed is appended. */
bool command_print_is_redrawn(const struct command_call *call);

/* Write TREE as -o json (indented, keys in order) or -o yaml says; in a watch, each on its own. */
void command_print_tree(const struct command_call *call, const json_t *tree);

enum command_print_colour {
	COMMAND_PRINT_PLAIN,
	COMMAND_PRINT_STRONG,
	COMMAND_PRINT_DIM,
	COMMAND_PRINT_GOOD,
	COMMAND_PRINT_BAD,
	COMMAND_PRINT_WAIT,
};

/* Begin and end a colour: escape sequences, or "" on a screen without colours. */
const char *command_print_paint(const struct command_call *call, enum command_print_colour colour);
const char *command_print_unpaint(const struct command_call *call,
                                  enum command_print_colour colour);

/* UTF8 on a screen that knows it, else ASCII. */
const char *command_print_symbol(const struct command_call *call, const char *utf8,
                                 const char *ascii);

/* Columns that TEXT takes on a screen; every control character counts as one. */
int command_print_width(const char *text);

/* Write at most WIDTH columns of TEXT (0: all), control characters as "?"; what was cut ends in an
 * ellipsis. Returns the columns written. */
int command_print_text(const struct command_call *call, const char *text, int width);

/*
 * Write TEXT from column INDENT on, broken at blanks where the screen ends; what follows a break
 * begins at INDENT too. A single word that is longer than the screen runs over. No newline at the
 * end.
 */
void command_print_words(const struct command_call *call, const char *text, int indent);

struct command_print_column {
	const char *title; /* "NAME" */
	bool is_wide;      /* only with -o wide */
	bool is_right;     /* numbers */
	bool is_cut;       /* gives way when the screen is too narrow */
	int least;         /* columns it takes at least, so that rows appended later stand below */
};

struct command_print_table;

/* COLUMNS must outlive the table; at most COMMAND_PRINT_COLUMNS_MAX. */
struct command_print_table *command_print_table_new(const struct command_call *call,
                                                    const struct command_print_column *columns,
                                                    size_t n_columns);

/* A row: one text per column, copied; "" is written as "-". COLOUR is of the whole row. */
void command_print_table_add(struct command_print_table *table, const char *const cells[],
                             enum command_print_colour colour);

/* The titles were written before, by another table: rows are placed below them. */
void command_print_table_continue(struct command_print_table *table);

/* Write the rows under their titles, which --no-headers leaves out; afterwards it has no rows. */
void command_print_table_write(struct command_print_table *table);

/* Accepts NULL, returns NULL. */
struct command_print_table *command_print_table_free(struct command_print_table *table);

#endif

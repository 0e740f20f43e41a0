/* The files that a command is given: each by name, all in a folder, or what comes on stdin. */
#ifndef AGENT_COMMAND_COMMAND_FILE_H
#define AGENT_COMMAND_COMMAND_FILE_H

#include "analysis/base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define COMMAND_FILE_BYTES_MAX (4 * 1024 * 1024) /* of one file */
#define COMMAND_FILE_DEPTH_MAX 16                /* folders inside each other */
#define COMMAND_FILE_COUNT_MAX 10000             /* files of one folder, at any depth */

struct command_file {
	const char *name; /* as given, or below the folder as given; "-" for stdin */
	const char *bytes;
	size_t length;
	bool is_found; /* in a folder; nobody asked for this file */
};

/* Takes one file; false ends the visit, which fails then. Names and bytes are valid until it
 * returns. */
typedef bool command_file_visit(void *user, const struct command_file *file, struct err *err);

/*
 * Visit the file WORD, or stdin for "-", or, when WORD is a folder, the files below it whose names
 * end in .yaml, .yml or .json, in order of their names, hidden ones left out. ERR_SYSTEM for what
 * cannot be read, ERR_LIMIT for the bounds above.
 */
bool command_file_each(const char *word, command_file_visit *visit, void *user, struct err *err);

/* Takes one object, borrowed; false ends the reading, which fails then. */
typedef bool command_file_take(void *user, json_t *object, struct err *err);

/* Visit as `command_file_each`, and TAKE each document, YAML or JSON, of a list each that it has.
 * An error names the file. */
bool command_file_objects(const char *word, command_file_take *take, void *user, struct err *err);

#endif

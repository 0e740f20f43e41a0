/*
 * The reports R01 to R20 of a delivery platform, as far as one cluster can answer them: one table,
 * of which --list, the help, the manual page and the completions are made. Each is made of releases
 * as docs/schema/history.json has them, whether they were read from a history, asked of an agent,
 * or found in the cluster.
 */
#ifndef AGENT_COMMAND_REPORT_LIST_H
#define AGENT_COMMAND_REPORT_LIST_H

#include "analysis/base/arena.h"
#include "analysis/base/err.h"
#include "analysis/base/instant.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#define REPORT_LIST_COLUMNS_MAX 16
#define REPORT_LIST_WORDS_MAX   2
#define REPORT_LIST_COURSES_MAX 20 /* releases whose whole course is read for one report */

/* What a report is made from. */
struct report_source {
	const json_t *releases; /* newest first, initialisations too */
	const json_t *splits;   /* of routes that no Canary has, as docs/schema/splits.json has
	                           them; NULL: not asked for */
	struct instant now;
	const char *words[REPORT_LIST_WORDS_MAX]; /* "": not given */
	struct arena *arena;                      /* for texts */
	/* The whole of a release (docs/schema/report.json), owned by the caller; NULL in *ret:
	 * there is none. Without evidence, which the Releases of the cluster are not, this is NULL.
	 */
	bool (*read)(void *user, const char *k8s_namespace, const char *release, json_t **ret,
	             struct err *err);
	void *user;
	const char *path; /* of the history file; NULL: it was asked of elsewhere */
};

struct report_column {
	const char *key;   /* in a row */
	const char *title; /* above it */
	bool is_wide;      /* only with -o wide */
};

/* What a report needs beside releases. */
enum report_need {
	REPORT_NEEDS_RELEASES,
	REPORT_NEEDS_EVIDENCE, /* the whole of some: a history or its agent */
	REPORT_NEEDS_FILE,     /* the file itself */
};

struct report_kind {
	const char *id;       /* "R05" */
	const char *question; /* "What runs…?" */
	const char *words;    /* "[CANARY]"; "" for none */
	size_t n_words_min;
	size_t n_words_max;
	const char *why_not; /* one cluster cannot answer it; NULL: it can */
	enum report_need need;
	bool is_past;       /* about a time that --since narrows */
	bool has_splits;    /* routes that no Canary has count, too */
	bool is_everywhere; /* it compares namespaces, so that all are read */
	struct report_column columns[REPORT_LIST_COLUMNS_MAX]; /* .key NULL ends them */
	/* Append rows to the array ROWS: objects with at least the keys of the columns. */
	bool (*make)(const struct report_source *source, json_t *rows, struct err *err);
};

extern const struct report_kind report_list[];
extern const size_t report_list_length;

/* The report "R05", in either case of the letter; NULL: there is none. */
const struct report_kind *report_list_find(const char *id);

/* Of the rows that it made, what its columns tell: {"report", "question", "rows"}; owned by the
 * caller. */
bool report_list_make(const struct report_kind *kind, const struct report_source *source,
                      json_t **ret, struct err *err);

/* A cell as text: "" for null, times to the second, spans of keys that end in "Ms" as people say
 * them. */
#define REPORT_LIST_CELL_MAX 1024
const char *report_list_cell(const json_t *row, const char *key, char ret[REPORT_LIST_CELL_MAX]);

/* All of them for --list: what is answered and how it is asked, then what is not and why. */
json_t *report_list_tree(void);

#endif

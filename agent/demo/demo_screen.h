/*
 * The demo's terminal: lines of styled pieces that break at its width, bars, and one live line at
 * the bottom that is drawn anew. Without colour, without UTF-8 or not on a terminal it is plain
 * text.
 */
#ifndef AGENT_DEMO_DEMO_SCREEN_H
#define AGENT_DEMO_DEMO_SCREEN_H

#include "analysis/base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define DEMO_SCREEN_BAR_MAX 192 /* bytes of a bar's text */

enum demo_screen_style {
	DEMO_SCREEN_PLAIN,
	DEMO_SCREEN_DIM,
	DEMO_SCREEN_STRONG,
	DEMO_SCREEN_GOOD,
	DEMO_SCREEN_BAD,
	DEMO_SCREEN_SET,  /* what was asked for */
	DEMO_SCREEN_SEEN, /* what came of it */
};

enum demo_screen_glyph {
	DEMO_SCREEN_PASS,
	DEMO_SCREEN_FAIL,
	DEMO_SCREEN_AT_LEAST,
	DEMO_SCREEN_AT_MOST,
	DEMO_SCREEN_GLYPHS,
};

struct demo_screen_settings {
	FILE *stream;
	bool is_live; /* a terminal that can draw a line anew */
	bool has_colour;
	bool is_utf8;
	int columns; /* 0: ask the terminal each time, 80 when it does not say */
};

struct demo_screen;

struct demo_screen *demo_screen_new(const struct demo_screen_settings *settings);

/* Clears the live line; accepts NULL, returns NULL. */
struct demo_screen *demo_screen_free(struct demo_screen *screen);

/* What suits STREAM: colour on a terminal unless NO_COLOR is set or TERM is dumb, UTF-8 as the
 * locale says, the width of $COLUMNS where it is no terminal. */
struct demo_screen_settings demo_screen_settings(FILE *stream);

int demo_screen_columns(const struct demo_screen *screen);

/* Add text to the line as it is. */
void demo_screen_put(struct demo_screen *screen, enum demo_screen_style style, const char *format,
                     ...) PRINTF_LIKE(3, 4);

/* From here on the line's further lines begin at this column. */
void demo_screen_indent(struct demo_screen *screen, int column);

/* A break, unless WIDTH more columns and a gap before them fit. */
void demo_screen_gap(struct demo_screen *screen, int width);

/* Add words, broken where the line ends. */
void demo_screen_words(struct demo_screen *screen, enum demo_screen_style style, const char *text);

/* Print the line. */
void demo_screen_end(struct demo_screen *screen);

/* A line across the screen with a title in it. */
void demo_screen_title(struct demo_screen *screen, const char *title);

/* Show the line as the live one, in place of the last; nothing where there is none. */
void demo_screen_live(struct demo_screen *screen);

/* How wide the text shows. */
int demo_screen_width(const char *text);

const char *demo_screen_glyph(const struct demo_screen *screen, enum demo_screen_glyph glyph);

/* SHARE (0 to 1) of WIDTH columns as a bar into RET; returns RET. */
const char *demo_screen_bar(const struct demo_screen *screen, double share, int width,
                            char ret[DEMO_SCREEN_BAR_MAX]);

#endif

/* The command line of `serin demo`. */
#ifndef AGENT_DEMO_DEMO_OPTIONS_H
#define AGENT_DEMO_DEMO_OPTIONS_H

#include "analysis/base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define DEMO_OPTIONS_SPEED_MAX 1000

/* Texts are borrowed from the command line. */
struct demo_options {
	uint64_t seed;
	int speed;             /* virtual seconds in one; 0: as fast as it can */
	const char *directory; /* "": the state directory's */
	uint16_t port;         /* 0: any */
	bool is_kept;
	bool is_plain; /* no colour */
	bool is_help_wanted;
};

/* Read ARGV[1…]. On failure err says which word, and what was expected: exit with 2. */
bool demo_options_parse(int argc, char *const argv[], struct demo_options *ret, struct err *err);

void demo_options_help(FILE *stream);

#endif

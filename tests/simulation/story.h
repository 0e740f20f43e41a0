/*
 * What happened, twice: as a digest that two runs of one seed must share, and, when somebody wants
 * to read it, as lines of words (who did what, when).
 */
#ifndef TESTS_SIMULATION_STORY_H
#define TESTS_SIMULATION_STORY_H

#include "analysis/base/compiler.h"
#include "analysis/base/instant.h"

#include <stdint.h>
#include <stdio.h>

struct story {
	uint64_t digest;
	FILE *stream; /* NULL: nobody reads */
	struct instant start;
	struct instant now; /* kept up to date by the simulation */
};

void story_init(struct story *story, FILE *stream, struct instant start);

/* One line: who ("agent-1", "server", "people", "cluster", "check"), and what. */
void story_tell(struct story *story, const char *who, const char *format, ...) PRINTF_LIKE(3, 4);

/* Mix a number or text into the digest, without words. */
void story_mix(struct story *story, uint64_t number);
void story_mix_text(struct story *story, const char *text);

#endif

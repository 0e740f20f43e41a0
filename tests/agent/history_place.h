/* What the tests of commands that read a history share: a desk, and a file with rows. */
#ifndef TESTS_AGENT_HISTORY_PLACE_H
#define TESTS_AGENT_HISTORY_PLACE_H

#include "tests/agent/command_desk.h"
#include "tests/agent/history_desk.h"

struct history_place {
	struct command_desk *desk;
	struct desk *history; /* closed */
};

/* The rows are what WRITE writes; for `history_place_tear_down`. */
struct history_place *history_place_new(void (*write)(struct desk *history));
int history_place_tear_down(void **state);

/* The command WORDS about the file. */
void history_place_run(struct history_place *place, const char *words);

/* TEXT with ' for ", as it stands in a history; owned by the caller. */
char *history_place_quoted(const char *text);

#endif

/* What tests of commands about a history share: a cluster with a screen beside a history file. */
#ifndef TESTS_AGENT_RECORDED_H
#define TESTS_AGENT_RECORDED_H

#include "agent/history.h"
#include "tests/agent/command_desk.h"
#include "tests/agent/history_desk.h"

struct recorded {
	struct command_desk *desk;
	struct desk *history;
	unsigned n_rounds;
};

/* The history is open. */
struct recorded *recorded_new(void);

/* Accepts NULL, returns NULL. */
struct recorded *recorded_free(struct recorded *recorded);

/* TEXT with double quotes for its single ones; freed by the caller. */
char *recorded_quoted(const char *text);

/* Append ROUND, with single quotes in its spec and facts, and what is not set empty; its uid is
 * written into RET_UID. */
void recorded_round(struct recorded *recorded, const struct history_round *round, char ret_uid[32]);

/* Close the history, once all is written. */
void recorded_close(struct recorded *recorded);

/* Run COMMAND with WORDS on the file. */
void recorded_run(struct recorded *recorded, const char *command, const char *words);

#endif

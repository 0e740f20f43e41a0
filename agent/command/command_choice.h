/* Which releases are wanted: what --since and --result say. */
#ifndef AGENT_COMMAND_COMMAND_CHOICE_H
#define AGENT_COMMAND_COMMAND_CHOICE_H

#include "agent/command/command_run.h"

#define COMMAND_CHOICE_RESULTS \
 "open, promoted, skipped, rolled_back, failed_promotion, superseded, cancelled"

/* Zero takes all. */
struct command_choice {
	struct span age;      /* at most so long ago; 0: not said so */
	struct instant since; /* … or then at the earliest */
	unsigned int results; /* a bit of each enum release_outcome; 0: any */
};

/*
 * SINCE is an age ("90m", "2h30m", "7d") or a time (RFC 3339, or a date, of which midnight UTC
 * counts), RESULTS one or more of COMMAND_CHOICE_RESULTS with commas between; NULL: not given.
 * Refused with ERR_INVALID and the name of the flag.
 */
bool command_choice_parse(const char *since, const char *results, struct command_choice *ret,
                          struct err *err);

/* The run was under way or came to its end in that time, and had that result. */
bool command_choice_takes(const struct command_choice *choice, const struct command_run *run,
                          struct instant now);

#endif

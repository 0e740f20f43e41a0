/* The usual flags of the commands: one table for reading, --help, completions and the man page. */
#ifndef AGENT_COMMAND_COMMAND_FLAGS_H
#define AGENT_COMMAND_COMMAND_FLAGS_H

#include "agent/command/command.h"

#define COMMAND_FLAGS_USUAL_MAX 8

/* A usual flag, as one of a command's own, and the commands that have it. */
struct command_flags_usual {
	struct command_flag flag;
	enum command_takes takes; /* COMMAND_TAKES_NONE: all commands */
};

extern const struct command_flags_usual command_flags_usual[COMMAND_FLAGS_USUAL_MAX];

/* Does COMMAND have the usual flag USUAL? */
bool command_flags_has(const struct command *command, const struct command_flags_usual *usual);

/* The values that -o takes for COMMAND: "wide|json|yaml", "json|yaml" or "". */
const char *command_flags_forms(const struct command *command);

/* Can NAME be the name of an object or a namespace? */
bool command_flags_is_name(const char *name);

/* Read ARGV[1…] (ARGV[0] is the command's name) into *call, whose command, program, streams are
 * set. err says which flag, what was expected and the nearest there is. Sets *ret_help for --help.
 */
bool command_flags_parse(struct command_call *call, int argc, char *const argv[], bool *ret_help,
                         struct err *err);

#endif

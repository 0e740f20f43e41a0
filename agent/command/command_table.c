#include "agent/command/command_rows.h"

/* In the order of --help. */
const struct command *const command_table[] = {
	&command_explain,
	&command_lint,
	&command_plan,
	&command_version,
	NULL,
};

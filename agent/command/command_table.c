#include "agent/command/command_rows.h"

/* In the order of --help. */
const struct command *const command_table[] = {
	&command_status,
	&command_list,
	&command_explain,
	&command_history,
	&command_report,
	&command_diff,
	&command_wait,
	&command_audit,
	&command_replay,
	&command_promote,
	&command_abort,
	&command_pause,
	&command_resume,
	&command_retry,
	&command_undo,
	&command_approve,
	&command_reject,
	&command_lint,
	&command_plan,
	&command_version,
	&command_completion,
	&command_man,
	NULL,
};

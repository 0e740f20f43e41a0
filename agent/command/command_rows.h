/* The rows of the table of commands, each in the file that runs it. */
#ifndef AGENT_COMMAND_COMMAND_ROWS_H
#define AGENT_COMMAND_COMMAND_ROWS_H

#include "agent/command/command.h"

extern const struct command command_abort;
extern const struct command command_approve;
extern const struct command command_audit;
extern const struct command command_completion;
extern const struct command command_diff;
extern const struct command command_explain;
extern const struct command command_history;
extern const struct command command_lint;
extern const struct command command_list;
extern const struct command command_man;
extern const struct command command_pause;
extern const struct command command_plan;
extern const struct command command_promote;
extern const struct command command_reject;
extern const struct command command_replay;
extern const struct command command_report;
extern const struct command command_resume;
extern const struct command command_retry;
extern const struct command command_status;
extern const struct command command_undo;
extern const struct command command_version;
extern const struct command command_wait;

#endif

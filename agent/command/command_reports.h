/* Where reports get their releases from, and how they are shown. */
#ifndef AGENT_COMMAND_COMMAND_REPORTS_H
#define AGENT_COMMAND_COMMAND_REPORTS_H

#include "agent/command/command.h"
#include "agent/command/report_list.h"

/* Make and show a report: from --file, from --api, or from the agent that is found, else from the
 * Releases of the cluster. */
enum command_exit command_reports_run(struct command_call *call, const struct report_kind *kind);

/* What --list shows. */
enum command_exit command_reports_list(const struct command_call *call);

/* Visit the names of those that are answered. */
void command_reports_choices(void (*visit)(void *user, const char *word), void *user);

/* The same as lines of --help and the manual page. */
void command_reports_help(FILE *out);

/*
 * What the cluster's Releases tell of one (docs/schema/report.json), without a course of weights
 * and samples; *ret is NULL when it is not there, and owned by the caller otherwise.
 */
bool command_reports_find(struct command_call *call, const char *release, json_t **ret,
                          struct err *err);

#endif

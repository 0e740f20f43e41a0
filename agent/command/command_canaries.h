/* What `status` and `list` have in common: which Canaries are meant, reading and following them. */
#ifndef AGENT_COMMAND_COMMAND_CANARIES_H
#define AGENT_COMMAND_COMMAND_CANARIES_H

#include "agent/command/command_client.h"
#include "agent/command/command_view.h"

/* Write VIEWS; the first time, and again with those that changed. */
typedef void command_canaries_show(struct command_call *call, const struct command_views *views,
                                   bool is_first);

/*
 * Read the Canary that the call names, or all of its namespace, and show them; with -w, again at
 * each change: all of them on a terminal, which is cleared, else those that changed.
 */
enum command_exit command_canaries_run(struct command_call *call, command_canaries_show *show);

#endif

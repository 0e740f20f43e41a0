/* What a plan found, as text or as a tree. */
#ifndef AGENT_COMMAND_PLAN_SHOW_H
#define AGENT_COMMAND_PLAN_SHOW_H

#include "agent/command/command.h"
#include "agent/command/plan_world.h"

/*
 * Write what changed from BEFORE to AFTER (as plan_world_describe gives them), how each canary
 * ended, and its Events. Returns COMMAND_CHANGES, or COMMAND_OK when nothing did.
 */
enum command_exit plan_show_write(const struct command_call *call, const struct plan_world *world,
                                  const json_t *before, const json_t *after);

#endif

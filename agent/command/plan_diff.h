/* Two texts as a unified diff. */
#ifndef AGENT_COMMAND_PLAN_DIFF_H
#define AGENT_COMMAND_PLAN_DIFF_H

#include "analysis/base/buf.h"

#include <stdbool.h>

#define PLAN_DIFF_LINES_MAX 4000 /* that differ; of longer texts all lines are told as changed */

/*
 * Append what turns BEFORE into AFTER, in hunks with three lines around, without file names;
 * nothing when they are equal. False when RET has no room.
 */
bool plan_diff_write(const char *before, const char *after, struct buf *ret) MUST_USE;

#endif

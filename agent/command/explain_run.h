/* Why the newest run of a canary stands where it stands, or ended as it did. */
#ifndef AGENT_COMMAND_EXPLAIN_RUN_H
#define AGENT_COMMAND_EXPLAIN_RUN_H

#include "agent/command/explain.h"

/* Tell of the newest Release, its checks, its Deployments and its route. */
void explain_run(const struct explain_world *world, struct explain_answer *ret);

#endif

/* What ails the pods of a Deployment. */
#ifndef AGENT_COMMAND_EXPLAIN_PODS_H
#define AGENT_COMMAND_EXPLAIN_PODS_H

#include "agent/command/explain.h"

/*
 * Tell of the newest pods of WORKLOAD, as facts, and of what is worst with them: its cause in
 * *ret_cause ("quota", "unschedulable", "image", "crash", "config", "unready", "creating",
 * "scaled") and a text for the end of a sentence ("pod cart-1 is ImagePullBackOff for 3m"), or NULL
 * when nothing is. Both are owned by the answer's arena.
 */
const char *explain_pods_find(const struct explain_world *world,
                              const struct explain_workload *workload,
                              struct explain_answer *answer, const char **ret_cause);

#endif

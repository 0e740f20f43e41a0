/* The objects that explain a canary, read from the cluster. */
#ifndef AGENT_COMMAND_EXPLAIN_COLLECT_H
#define AGENT_COMMAND_EXPLAIN_COLLECT_H

#include "agent/command/command_client.h"
#include "agent/command/explain.h"

/*
 * Read the Canary NAME and what it is made of. RET->canary is NULL when it is not there. Fails only
 * when the Canary cannot be read: what else cannot is noted in RET->missing. RET has now, name,
 * k8s_namespace and default_provider set before. LEASE_NAMESPACE NULL: the usual ones are tried.
 */
bool explain_collect(struct command_client *client, const char *lease_namespace,
                     struct explain_world *ret, struct err *err);

#endif

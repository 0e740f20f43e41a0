/* What the live cluster has of the canaries of a plan; it is only read. */
#ifndef AGENT_COMMAND_PLAN_LIVE_H
#define AGENT_COMMAND_PLAN_LIVE_H

#include "agent/command/command_client.h"
#include "agent/command/plan_world.h"

/*
 * Put into WORLD what the cluster has of the Canaries among MANIFESTS (a list of objects), of those
 * whose target is among them, and of all that these name. K8S_NAMESPACE is of manifests that name
 * none.
 */
bool plan_live_load(struct plan_world *world, struct command_client *client,
                    const json_t *manifests, const char *k8s_namespace, struct err *err);

#endif

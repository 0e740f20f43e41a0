/*
 * A policy to judge recorded releases by: a Canary, and the queries of its checks as they would be
 * asked. A query that is another one than was asked then has no recorded answers.
 */
#ifndef AGENT_COMMAND_REPLAY_POLICY_H
#define AGENT_COMMAND_REPLAY_POLICY_H

#include "providers/kube/canary.h"

#define REPLAY_POLICY_MAX 1000 /* Canaries of one call */

struct replay_policy {
	struct kube_canary canary;
	/* Of each check: as it would be asked; "": its MetricTemplate is not among the objects. */
	const char *queries[SPEC_CHECKS_MAX];
};

struct replay_policies {
	struct replay_policy *list;
	size_t n;
};

/*
 * The Canaries among OBJECTS (a list), with the MetricTemplates among them; K8S_NAMESPACE is of
 * those that name none. All lives in ARENA or in OBJECTS. ERR_INVALID: one that the agent would
 * refuse, or none at all.
 */
bool replay_policy_read(json_t *objects, const char *k8s_namespace,
                        const struct provider_options *options, struct arena *arena,
                        struct replay_policies *ret, struct err *err);

/* The policy of a canary, or NULL. */
const struct replay_policy *replay_policy_find(const struct replay_policies *policies,
                                               const char *k8s_namespace, const char *canary);

#endif

/* The decisions of one release, derived again from what was recorded, step by step. */
#ifndef AGENT_COMMAND_REPLAY_STEPS_H
#define AGENT_COMMAND_REPLAY_STEPS_H

#include "analysis/base/err.h"

#include <jansson.h>
#include <stdbool.h>

#define REPLAY_STEPS_MAX 20000 /* decisions of one release; more is ERR_LIMIT */

/*
 * As docs/schema/replay.json has it, from the history at PATH; *ret is NULL when the file tells of
 * no such release, and owned by the caller otherwise. K8S_NAMESPACE may be NULL: any; when releases
 * of more than one have the name it is ERR_INVALID.
 */
bool replay_steps_read(const char *path, const char *k8s_namespace, const char *release,
                       json_t **ret, struct err *err);

#endif

/* A Release as it was made, out of a history file: also one that the cluster has no more. */
#ifndef AGENT_COMMAND_COMMAND_RECORDED_H
#define AGENT_COMMAND_COMMAND_RECORDED_H

#include "analysis/base/err.h"

#include <jansson.h>
#include <stdbool.h>

/*
 * metadata, spec and status.policy of RELEASE from the file at PATH; *ret is owned by the caller,
 * NULL when the file does not tell how it was made. Of more than one with that name, as when a
 * canary was made anew, the newest. K8S_NAMESPACE may be NULL: any; when there are more it is
 * ERR_INVALID.
 */
bool command_recorded_read(const char *path, const char *k8s_namespace, const char *release,
                           json_t **ret, struct err *err);

#endif

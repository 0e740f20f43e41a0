/* The objects that a Canary names, and those that are made for it. */
#ifndef AGENT_COMMAND_PLAN_NAMES_H
#define AGENT_COMMAND_PLAN_NAMES_H

#include "analysis/base/arena.h"
#include "providers/kube/api.h"

#include <jansson.h>
#include <stdbool.h>

#define PLAN_NAMES_MAX 48 /* of one Canary */

struct plan_names {
	struct {
		struct kube_ref ref;
		bool is_needed; /* it must be there for the Canary to be served */
	} rows[PLAN_NAMES_MAX];
	size_t n_rows;
};

/* Read them from CANARY, which may be wrong in any way; K8S_NAMESPACE is of one that names none.
 * Texts live in the arena. */
void plan_names_read(const json_t *canary, const char *k8s_namespace, struct arena *arena,
                     struct plan_names *ret);

#endif

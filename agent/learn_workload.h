/* Target and primary as they are observed; a part of learn.c. */
#ifndef AGENT_LEARN_WORKLOAD_H
#define AGENT_LEARN_WORKLOAD_H

#include "agent/canary.h"

/* SUBJECT is the target or the primary. OBJECT NULL: it is not there; a Service may be a view of
 * it, too (providers/kube/service_target.h). */
void learn_workload(struct canary *canary, enum subject subject, const json_t *object);

#endif

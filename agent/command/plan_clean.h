/* Objects without what differs from cluster to cluster: times, versions, UIDs, others' status. */
#ifndef AGENT_COMMAND_PLAN_CLEAN_H
#define AGENT_COMMAND_PLAN_CLEAN_H

#include "agent/demo/apiserver.h"

#include <jansson.h>

/* UIDs of the live cluster, and those of the same objects here. Zero is a valid, empty one. */
struct plan_clean {
	json_t *here;  /* live UID: UID here */
	json_t *there; /* UID here: live UID */
};

void plan_clean_fini(struct plan_clean *clean);

/* The object with UID LIVE has UID HERE. */
void plan_clean_note(struct plan_clean *clean, const char *live, const char *here);

/* OBJECT with the UIDs of here; it is taken, the result is owned by the caller. */
json_t *plan_clean_enter(const struct plan_clean *clean, json_t *object);

/* All objects that the agent or people keep, by "plural/namespace/name", with live UIDs, and words
 * where there is none yet. */
json_t *plan_clean_describe(const struct plan_clean *clean, const struct apiserver *server);

#endif

/*
 * A cluster in this process, to see what the agent would do: the API server and controllers of
 * agent/demo, an agent as it runs anywhere else, and virtual time. Pods are ready after a second;
 * metrics are never asked, for the run stops where an analysis begins.
 */
#ifndef AGENT_COMMAND_PLAN_WORLD_H
#define AGENT_COMMAND_PLAN_WORLD_H

#include "agent/demo/apiserver.h"
#include "analysis/base/err.h"
#include "analysis/base/instant.h"

#include <jansson.h>
#include <stdbool.h>

#define PLAN_WORLD_OBJECTS_MAX 2000
#define PLAN_WORLD_SECONDS_MAX 3600 /* of virtual time */

struct plan_world;

struct plan_world_options {
	struct instant now;
	const char *default_provider; /* of a Canary that names none */
	const char *k8s_namespace;    /* of objects that name none */
};

/* OPTIONS' texts must outlive it. */
struct plan_world *plan_world_new(const struct plan_world_options *options);

/* Accepts NULL, returns NULL. */
struct plan_world *plan_world_free(struct plan_world *world);

/*
 * Put an object of the live cluster in; those that others name by UID (Canaries, Releases) come
 * first. One that is there already is left as it is.
 */
bool plan_world_put_live(struct plan_world *world, const json_t *object, struct err *err);

/*
 * Put a manifest in, as `kubectl apply` would. *RET_IS_TAKEN is false for a kind that the agent has
 * no use for. ERR_INVALID with the API server's sentence when it is no such object.
 */
bool plan_world_put(struct plan_world *world, const json_t *object, bool *ret_is_taken,
                    struct err *err);

/* Let the controllers roll out what is there. */
void plan_world_settle(struct plan_world *world);

/* Let an agent serve the canaries until each of them rests, is refused, or begins its analysis. */
void plan_world_run(struct plan_world *world);

const struct apiserver *plan_world_server(const struct plan_world *world);

/*
 * All objects as they are now, cleaned of what differs from cluster to cluster:
 * {"deployments/shop/cart": {…}, …}; Events, Leases and what controllers keep are left out. Owned
 * by the caller.
 */
json_t *plan_world_describe(const struct plan_world *world);

#endif

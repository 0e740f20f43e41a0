/*
 * All canaries of an agent, and the objects that they name: what the API server shows is handed to
 * the canary that it concerns, and to no other. Objects that no canary names are not kept.
 */
#ifndef AGENT_FLEET_H
#define AGENT_FLEET_H

#include "agent/canary.h"
#include "agent/follow.h"

struct fleet;

/* HOST is completed by the fleet (bind, finished) and outlives it. */
struct fleet *fleet_new(struct canary_host *host);
struct fleet *fleet_free(struct fleet *fleet);

/* What a followed collection shows; a follow_sink with the fleet as user. */
void fleet_take(void *user, enum kube_kind kind, enum follow_event event, const json_t *object);

/* The ConfigMap or Secret NAME of that namespace changed or went; NULL: any may have. */
void fleet_take_config(struct fleet *fleet, const char *k8s_namespace, enum kube_kind kind,
                       const char *name);

/* Think again about the canaries of that namespace. */
void fleet_stir_namespace(struct fleet *fleet, const char *k8s_namespace);

/* What is known of the routes that have objects of KIND may be old: they are asked for. */
void fleet_doubt(struct fleet *fleet, enum kube_kind kind);

/* Which objects canaries have may have changed: all are bound anew, and their routes asked for. */
void fleet_bind(struct fleet *fleet);

/* Call VISIT for each canary; it must not add or remove any. */
void fleet_each(struct fleet *fleet, void (*visit)(void *user, struct canary *canary), void *user);

/* The lease is won and all is listed: each canary thinks. */
void fleet_stir(struct fleet *fleet);

/* The lease is lost: all that is under way ends. */
void fleet_rest(struct fleet *fleet);

/* The agent stops: end all that has written nothing yet; what has is left to its end. */
void fleet_settle(struct fleet *fleet);

/* Some canary has this object. */
bool fleet_has(const struct fleet *fleet, enum kube_kind kind, const char *k8s_namespace,
               const char *name);

/* How many canaries there are, and how many effects are under way. */
size_t fleet_count(const struct fleet *fleet);
size_t fleet_count_flights(struct fleet *fleet);

#endif

/*
 * The TrafficSplit of a canary, named as its apex Service: weights of backends behind a root
 * Service. One that we or Flagger made is generated from the Canary; one that a user made is taken
 * over: its backends lead to primary and canary, and come back at the end (gateway_taken.h).
 */
#ifndef PROVIDERS_TRAFFIC_SMI_SPLIT_H
#define PROVIDERS_TRAFFIC_SMI_SPLIT_H

#include "providers/kube/api.h"
#include "providers/traffic_provider.h"

/* The object, at the version that the provider's name says; `linkerd` has the first one. */
struct kube_ref smi_split_ref(const struct canary_world *world);

/* LIVE was made for this Canary, or for one of the same Service before it. */
bool smi_split_is_made(const struct canary_world *world, const json_t *live);

/* LIVE is the user's, and was taken over. */
bool smi_split_is_taken(const struct canary_world *world, const json_t *live);

/* The TrafficSplit as a new object. */
json_t *smi_split_new(const struct canary_world *world, int weight);

/* Append to PATCH the steps that make LIVE what it should be; none: it is. ERR_INVALID: it is the
 * user's and has no place for a canary. */
bool smi_split_repair(json_t *patch, const struct canary_world *world, const json_t *live,
                      int weight, struct err *err);

/* Append to PATCH the steps that give the canary WEIGHT, each behind a test of the backend's name.
 */
void smi_split_weigh(json_t *patch, const struct canary_world *world, const json_t *live,
                     int weight);

/* The steps that give LIVE, taken over, back, a new list. */
json_t *smi_split_restore(const struct canary_world *world, const json_t *live);

/* What a backend's weight says, in thousandths: "1", 1, "500m"; what cannot be read is nothing. */
int64_t smi_split_weight(const json_t *backend);

/* The share that LIVE gives the canary, in percent; what is neither none nor all is 1 to 99. */
int smi_split_share(const struct canary_world *world, const json_t *live);

#endif

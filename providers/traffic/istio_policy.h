/*
 * The DestinationRules of primary and canary: the Service's name as host, and
 * service.trafficPolicy. One that is neither ours nor Flagger's is the user's and stays as it is;
 * it must suit.
 */
#ifndef PROVIDERS_TRAFFIC_ISTIO_POLICY_H
#define PROVIDERS_TRAFFIC_ISTIO_POLICY_H

#include "providers/canary_world.h"

#include <jansson.h>

/* The DestinationRule of SERVICE, a Service's name, as a new object. */
json_t *istio_policy_new(const struct canary_world *world, const char *service);

/* LIVE was made for this Canary, or for one of the same Service before it. */
bool istio_policy_is_made(const struct canary_world *world, const json_t *live);

/* Append to PATCH the steps that make LIVE what it should be. ERR_INVALID: it is the user's and
 * says something else. */
bool istio_policy_repair(json_t *patch, const struct canary_world *world, const char *service,
                         const json_t *live, struct err *err);

/* LIVE, null or an object, is there and as it should be. */
bool istio_policy_is_exact(const struct canary_world *world, const char *service,
                           const json_t *live);

#endif

/*
 * Providers `gatewayapi`, `gatewayapi:v1` and `gatewayapi:v1beta1`: backend weights of an HTTPRoute
 * or GRPCRoute whose parents are Gateways or Services. The version is the cluster's best, whatever
 * the name says. docs/hacking.md.
 */
#ifndef PROVIDERS_TRAFFIC_GATEWAY_API_H
#define PROVIDERS_TRAFFIC_GATEWAY_API_H

#include "providers/traffic_provider.h"

extern const struct traffic_provider traffic_provider_gateway_api;
extern const struct traffic_provider traffic_provider_gateway_api_v1;
extern const struct traffic_provider traffic_provider_gateway_api_v1beta1;

/* The parts, for a provider that writes the same object (linkerd.c). */
struct kube_ref gateway_api_ref(const struct canary_world *world, struct arena *arena);
void gateway_api_look(const json_t *object, const struct canary_world *world,
                      struct route_fact *ret);
enum talk_step gateway_api_weigh(struct act *act, const struct http_reply *reply, struct err *err);
enum talk_step gateway_api_remove(struct act *act, const struct http_reply *reply, struct err *err);

#endif

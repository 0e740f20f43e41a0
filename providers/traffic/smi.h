/* Providers `smi:v1alpha1`, `smi:v1alpha2`, `smi:v1alpha3` and `osm`: weights of a TrafficSplit. */
#ifndef PROVIDERS_TRAFFIC_SMI_H
#define PROVIDERS_TRAFFIC_SMI_H

#include "providers/traffic_provider.h"

extern const struct traffic_provider traffic_provider_smi_v1alpha1;
extern const struct traffic_provider traffic_provider_smi_v1alpha2;
extern const struct traffic_provider traffic_provider_smi_v1alpha3;
extern const struct traffic_provider traffic_provider_smi_osm;

/* The parts, for a provider that writes the same object (linkerd.c). */
struct route_ability smi_ability(const struct canary_spec *spec);
bool smi_check(const struct field *spec, struct arena *arena, struct kube_canary *canary,
               struct err *err);
void smi_look(const json_t *object, const struct canary_world *world, struct route_fact *ret);
enum talk_step smi_weigh(struct act *act, const struct http_reply *reply, struct err *err);
enum talk_step smi_remove(struct act *act, const struct http_reply *reply, struct err *err);

#endif

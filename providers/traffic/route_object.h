/* What the objects of routes have in common: their marks, and what an agent knows by them. */
#ifndef PROVIDERS_TRAFFIC_ROUTE_OBJECT_H
#define PROVIDERS_TRAFFIC_ROUTE_OBJECT_H

#include "analysis/facts.h"
#include "providers/canary_world.h"
#include "providers/kube/api.h"

#include <stdint.h>

/* REF as a new object with SPEC, which is taken; labels and annotations as spec.service.apex of the
 * Canary has them, and our own. */
json_t *route_object_new(const struct canary_world *world, const struct kube_ref *ref,
                         json_t *spec);

/* Append to PATCH the steps that give LIVE, which was made, these labels and annotations over its
 * own, and take an owner reference of the Canary off it. */
void route_object_repair(json_t *patch, const struct canary_world *world, const json_t *live);

/* Append to PATCH the step that makes the labels or annotations LIVE, at PATH, as WANTED, which is
 * taken; none: they are. */
void route_object_repair_map(json_t *patch, const json_t *live, const char *path, json_t *wanted);

/* RET knows OBJECT: its UID and version, and whether FIELD of it ("f:spec/f:http") was written by
 * us last. */
void route_object_look(const json_t *object, const struct canary_world *world, const char *field,
                       struct route_fact *ret);

/* What CANARY is of ALL, weights of any sum, in percent; what is neither none nor all is 1 to 99.
 */
int route_object_share(int64_t canary, int64_t all);

#endif

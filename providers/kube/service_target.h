/*
 * A target that is a Service. Nothing of it has pods of ours: what is analysed and promoted is its
 * spec, but for what a cluster gives to one Service alone (cluster IPs, node ports, load balancers,
 * external IPs). The primary and the canary's Service are copies of it, for routes to name.
 *
 * It is read as a workload of one pod that is ready: its *view* is an object with the Service's
 * metadata, the Service's spec at `spec.service`, and at `spec.template` what a copy has, with the
 * annotation flagger-id where the Service has it; of a primary that another hand made lead
 * elsewhere that is none of a Release.
 */
#ifndef PROVIDERS_KUBE_SERVICE_TARGET_H
#define PROVIDERS_KUBE_SERVICE_TARGET_H

#include "providers/canary_world.h"

#include <jansson.h>

/* The view of OBJECT, a Service as served, or of a view; a new reference. Of a primary that Flagger
 * made, which notes nowhere what it runs, that is the id. */
json_t *kube_service_target_view(const struct canary_world *world, const json_t *object);

/* OBJECT is a view. */
bool kube_service_target_is_view(const json_t *object);

/* The canary's Service, or the primary of Release ID (NULL: the canary's), as a new object with
 * TEMPLATE, and TARGET's metadata (a view; NULL: none). */
json_t *kube_service_target_new(const struct canary_world *world, const char *name,
                                const json_t *template, const json_t *target, const char *id);

/* The steps of a JSON patch that make LIVE, a Service or a view, such a one; empty: it is. */
json_t *kube_service_target_patch(const struct canary_world *world, const json_t *live,
                                  const json_t *template, const char *id);

#endif

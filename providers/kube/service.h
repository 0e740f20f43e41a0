/*
 * The three Services of a canary: apex, primary, canary (canary-controller.md 2.8.2).
 *
 * A Service is *ours* when it carries our label with the Canary's UID. One that Flagger made has
 * the Canary as its owner: the write that takes the owner off adds the label (D-5). One with
 * neither is the user's and is taken over: its metadata stays, its selector is kept in an
 * annotation.
 */
#ifndef PROVIDERS_KUBE_SERVICE_H
#define PROVIDERS_KUBE_SERVICE_H

#include "providers/canary_world.h"

#include <jansson.h>

#define KUBE_SERVICE_ORIGINAL "serin.dev/original-selector" /* annotation: JSON */

/* Its name in WORLD. SUBJECT is one of the three. */
const char *kube_service_name(const struct canary_world *world, enum subject subject);

/* The wanted ports depend on the target's containers (service.portDiscovery), or all of it on the
 * target, which is a Service. */
bool kube_service_needs_template(const struct canary_world *world);

/*
 * Read OBJECT into *ret; slot and `since` stay as they are. Until `world->label` is known nothing
 * matches and nothing is exact. Discovered ports are compared with those of
 * `world->target_template`, and not at all without it.
 */
void kube_service_read(const json_t *object, const struct canary_world *world, enum subject subject,
                       struct service_fact *ret);

/* The Service as a new object. TEMPLATE: the target's, NULL when it is not needed. */
json_t *kube_service_new(const struct canary_world *world, enum subject subject,
                         enum backend backend, const json_t *template);

/* The steps of a JSON patch that make LIVE what it should be, without any test; empty: it is. */
json_t *kube_service_patch(const struct canary_world *world, enum subject subject,
                           enum backend backend, const json_t *live, const json_t *template);

/* The one step that moves the selector, for a retreat. */
json_t *kube_service_patch_selector(const struct canary_world *world, enum backend backend);

/* The steps that give LIVE back: the selector it had, or the target's pods; our label goes. */
json_t *kube_service_patch_restore(const struct canary_world *world, const json_t *live);

#endif

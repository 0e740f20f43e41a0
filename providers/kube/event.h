/* Events about a Canary, as Flagger posts them. */
#ifndef PROVIDERS_KUBE_EVENT_H
#define PROVIDERS_KUBE_EVENT_H

#include "analysis/release.h"
#include "providers/canary_world.h"

#include <jansson.h>

/*
 * The Event for NOTICE. Its name, "<canary>.<first eight of RELEASE_UID>-<id>", is the same for the
 * same notice: posting it again is answered 409, and was done. Without NOW it carries no times.
 */
json_t *kube_event_new(const struct canary_world *world, const struct notice *notice,
                       const char *release_uid, struct instant now);

#endif

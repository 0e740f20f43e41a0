/*
 * Canary.status, the mirror: Flagger's fields, as people and dashboards read them. It is written
 * from the Release and never a reason for anything else.
 */
#ifndef PROVIDERS_KUBE_MIRROR_H
#define PROVIDERS_KUBE_MIRROR_H

#include "analysis/plan.h"

#include <jansson.h>

/* Conditions of other types that a write keeps; more are dropped. */
#define KUBE_MIRROR_FOREIGN_MAX 16

/*
 * Read STATUS (NULL or no object: nothing was ever written) into *ret. It never fails: a field that
 * is missing or of another type reads as empty, so that it differs from what is wanted and is
 * written anew.
 */
void kube_mirror_read(const json_t *status, struct mirror_fact *ret);

/*
 * The merge patch, {"status": …}, that makes STATUS say MIRROR; owned by the caller. A merge patch
 * replaces an array as a whole, so `conditions` is built from the live ones: Promoted first, with
 * Flagger's rules (its times move only with status and reason), then Ready=False while a refusal
 * stands, then foreign types. An empty phase leaves the condition Promoted as it is.
 */
json_t *kube_mirror_patch(const json_t *status, const struct mirror *mirror, struct instant now);

/* STATUS says something else of tracked configs than MIRROR does. */
bool kube_mirror_tracks(const json_t *status, const struct mirror *mirror);

/* Let PATCH put MAP, which is taken, in the place of STATUS's trackedConfigs; NULL or empty: there
 * are none. */
void kube_mirror_track(json_t *patch, const json_t *status, json_t *map);

#endif

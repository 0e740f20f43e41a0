/*
 * The Release resource (releases.serin.dev/v1alpha1): the state of one run, as kept in the cluster
 * (docs/architecture.md).
 */
#ifndef PROVIDERS_KUBE_RELEASE_H
#define PROVIDERS_KUBE_RELEASE_H

#include "analysis/plan.h"
#include "providers/canary_world.h"

#include <jansson.h>

/* Annotation: the target's deployment.kubernetes.io/revision when the Release was made. */
#define KUBE_RELEASE_REVISION "serin.dev/target-revision"

/*
 * Read OBJECT. ERR_INVALID names the path: a word that we do not know (a newer version wrote it,
 * nothing must be decided from it), a time or a name that is none; ERR_LIMIT: more checks or
 * notices than there can be.
 */
bool kube_release_read(const json_t *object, struct release *ret, struct err *err);

/* "<canary>-<number>" into RET. */
void kube_release_name(const char *canary, int number, char ret[NAME_MAX_K8S]);

/*
 * A teardown took what OBJECT, a Release that was promoted, is made of: no primary can be made from
 * it any more, and it counts as none that is promoted. The merge patch of its status says so.
 */
bool kube_release_is_taken_down(const json_t *object);
json_t *kube_release_patch_taken_down(void);

/* The n of OBJECT's name "<canary>-<n>"; 0 when there is none. */
int kube_release_number(const json_t *object);

/* The body of EFFECT_CREATE_RELEASE; TARGET is the Deployment as just served, TEMPLATE what is
 * released (its own, or that of an earlier Release) and CONFIGS the entries of what that refers to
 * (NULL: none). */
json_t *kube_release_new(const struct canary_world *world, const struct effect *effect,
                         const json_t *target, const json_t *template, const json_t *configs);

/* STATUS as the resource has it, with the Canary's spec as policy, what a run makes, and the
 * anchor of the evidence. */
json_t *kube_release_status(const struct canary_world *world, const struct release_status *status);

/*
 * The JSON patch for EFFECT_SAVE_RELEASE on the status subresource: tests of the UID and, unless it
 * is a retreat, of the resourceVersion that it was decided on; then the whole status.
 */
json_t *kube_release_patch(const struct canary_world *world, const struct effect *effect);

#endif

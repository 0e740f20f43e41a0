/*
 * Autoscalers: HorizontalPodAutoscalers and KEDA's ScaledObjects. What we know of one, and the
 * primary's as we make it: the spec of the target's, whatever fields it has, for the primary.
 */
#ifndef PROVIDERS_KUBE_SCALER_H
#define PROVIDERS_KUBE_SCALER_H

#include "providers/canary_world.h"
#include "providers/kube/api.h"

#include <jansson.h>

/* KEDA holds the workload of an object with this annotation at so many pods. */
#define KUBE_SCALER_PAUSE "autoscaling.keda.sh/paused-replicas"

/* Of SCALER's kind; KUBE_NONE for none. */
enum kube_kind kube_scaler_kind_of(enum scaler_kind scaler);

/* What spec.autoscalerRef, REF, names; NULL or of another kind: none. */
struct canary_scaler kube_scaler_named(const json_t *ref);

/* KUBE_NONE: the Canary names none. */
enum kube_kind kube_scaler_kind(const struct canary_world *world);

/*
 * Read OBJECT as served, the target's or (SUBJECT_PRIMARY_SCALER) the primary's, into *ret; the
 * slot stays as it is. The primary's is compared with `world->scaler_object`; without it, it is not
 * exact.
 */
void kube_scaler_read(const json_t *object, const struct canary_world *world, enum subject subject,
                      struct scaler_fact *ret);

/* OBJECT, the primary's, was made for this Canary, or for one before it of the same target: that
 * one was deleted, and its mark stands until a write of ours renews it. */
bool kube_scaler_is_ours(const json_t *object, const struct canary_world *world);

/* The primary's as a new object, made from SOURCE, the target's; it keeps LEAST pods. No pause of
 * the source's comes with it (D-34). */
json_t *kube_scaler_new(const struct canary_world *world, const json_t *source, int least);

/*
 * JSON patches without any test; empty: nothing differs. That makes LIVE, the primary's, such a
 * one: of its metadata only our label, a pause at no pods and Flagger's owner reference count
 * (D-59), and fields of the spec that neither the source nor this version knows stay.
 */
json_t *kube_scaler_patch(const struct canary_world *world, const json_t *source,
                          const json_t *live, int least);

/* … that makes it keep LEAST pods, and nothing else. */
json_t *kube_scaler_patch_least(const struct canary_world *world, const json_t *live, int least);

/* … that makes LIVE, a ScaledObject, hold its workload at no pods, or lets go of that. */
json_t *kube_scaler_patch_pause(const json_t *live, bool is_paused);

#endif

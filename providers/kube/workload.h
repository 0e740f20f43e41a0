/* Deployments, DaemonSets and views of Services (service_target.h): what we know of one, and the
 * primary as we make it. */
#ifndef PROVIDERS_KUBE_WORKLOAD_H
#define PROVIDERS_KUBE_WORKLOAD_H

#include "providers/canary_world.h"
#include "providers/kube/api.h"

#include <jansson.h>

/*
 * Read OBJECT, a Deployment or DaemonSet as served, into *ret; the slot stays as it is. It never
 * fails: a target that cannot be served has a refusal. Only a target (IS_TARGET) is refused.
 */
void kube_workload_read(const json_t *object, const struct provider_options *options,
                        bool is_target, struct workload_fact *ret);

/* Of target and primary. */
enum kube_kind kube_workload_kind(const struct canary_spec *spec);

/* OBJECT, as served, is a DaemonSet. */
bool kube_workload_is_daemon(const json_t *object);

/* The steps of a JSON patch that make LIVE, a DaemonSet, have pods or none; none when it is so. */
json_t *kube_workload_daemon_patch(const json_t *live, bool has_pods);

/*
 * Find the first of `options->selector_labels` among the selector's matchLabels of OBJECT, borrowed
 * from it. ERR_INVALID: none is there, or "-primary" after its value would be no label.
 */
bool kube_workload_label(const json_t *object, const struct provider_options *options,
                         const char **ret_label, const char **ret_value, struct err *err);

/* "cart" of the primary's label value "cart-primary"; false for another value. */
bool kube_workload_trim(const char *value, char *ret, size_t size);

/* What a primary is made from. */
struct kube_primary {
	const json_t *template; /* as recorded in the Release */
	const json_t *target;   /* for strategy and deadlines; NULL: the API server's defaults */
	const char *release_uid;
	int replicas; /* 0: of a new one the target's, at least 1; of an existing one as they are */
	const json_t *configs; /* as recorded in the Release; NULL: none */
};

/* The primary as a new object. `world->label` must be known. */
json_t *kube_workload_primary(const struct canary_world *world, const struct kube_primary *primary);

/* The steps of a JSON patch that give an existing primary that template; without any test. */
json_t *kube_workload_primary_patch(const struct canary_world *world,
                                    const struct kube_primary *primary);

#endif

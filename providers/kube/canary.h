/*
 * The Canary resource (flagger.app/v1beta1) → struct canary_spec: Flagger's fields, defaults and
 * meaning. Where a manifest would hang, open the gates or mean something else than it says, it is
 * refused with the field's path (docs/compatibility.md, by hazard number); what this version cannot
 * do yet is refused with the words "not served yet". Unknown fields are ignored.
 *
 * Two stages: the head of an object that is refused is still needed, to put the refusal into its
 * status.
 */
#ifndef PROVIDERS_KUBE_CANARY_H
#define PROVIDERS_KUBE_CANARY_H

#include "analysis/base/arena.h"
#include "providers/canary_world.h"

#define KUBE_CANARY_BYTES_MAX    (1024 * 1024) /* of the object as compact JSON */
#define KUBE_CANARY_NAME_MAX     63            /* it becomes a label's value */
#define KUBE_CANARY_WARNINGS_MAX 16
#define KUBE_CANARY_FINALIZER    "finalizer.flagger.app"

/* What is readable of any Canary, however wrong its spec is. Texts live in the arena. */
struct kube_canary_head {
	const char *name;
	const char *k8s_namespace;
	char uid[UID_MAX]; /* "" in a manifest that no API server saw */
	char resource_version[24];
	int64_t generation;
	bool is_deleted;    /* deletionTimestamp is set */
	bool has_finalizer; /* KUBE_CANARY_FINALIZER */
	struct mirror_fact mirror;
	struct instant flagger_wrote; /* its status, last; not set: never */
};

/* A valid Canary. All texts live in the arena. */
struct kube_canary {
	struct kube_canary_head head;
	struct canary_spec spec;
	char apex[SERVICE_NAME_MAX];
	char primary_service[SERVICE_NAME_MAX];
	char canary_service[SERVICE_NAME_MAX];
	const char *ingress;        /* NULL: none */
	const char *ingress_clone;  /* the canary's, made beside it; NULL: none */
	const char *metrics_server; /* spec.metricsServer or the default */
	/* Sentences about what is accepted, but hardly meant; further ones are dropped. */
	const char *warnings[KUBE_CANARY_WARNINGS_MAX];
	size_t n_warnings;
};

/* Where the finalizer stands in metadata.finalizers of OBJECT; their number when it is not there.
 */
size_t kube_canary_finalizer(const json_t *object);

/*
 * Read metadata and status. ERR_INVALID without a usable name and namespace, ERR_LIMIT for a name
 * longer than KUBE_CANARY_NAME_MAX.
 */
bool kube_canary_head_read(const json_t *object, struct arena *arena, struct kube_canary_head *ret,
                           struct err *err);

/*
 * Read and check all of it. ERR_INVALID names the path, what was expected and what came; ERR_LIMIT
 * is for sizes (the object, a name, a text, a list). OPTIONS gives the default provider and metrics
 * server.
 */
bool kube_canary_read(const json_t *object, const struct provider_options *options,
                      struct arena *arena, struct kube_canary *ret, struct err *err);

#endif

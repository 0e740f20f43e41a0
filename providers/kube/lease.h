/* coordination.k8s.io Leases: who writes. Deciding is analysis/lease.h; this is the wire. */
#ifndef PROVIDERS_KUBE_LEASE_H
#define PROVIDERS_KUBE_LEASE_H

#include "analysis/base/instant.h"

#include <jansson.h>
#include <stdbool.h>

struct kube_lease {
	char holder[256]; /* "" for nobody */
	struct span duration;
	struct instant acquired; /* by this holder */
	struct instant renewed;
	int transitions;
	char resource_version[24]; /* "" before it was served */
};

/* Read OBJECT; a field that is missing or of another type reads as none. ERR_INVALID: a time that
 * is none; ERR_LIMIT: a holder's name that is too long. */
bool kube_lease_read(const json_t *object, struct kube_lease *ret, struct err *err);

/* LEASE as a new object. */
json_t *kube_lease_new(const char *k8s_namespace, const char *name, const struct kube_lease *lease);

/* The JSON patch that makes it say LEASE, if it still has LEASE's resource_version. */
json_t *kube_lease_patch(const struct kube_lease *lease);

#endif

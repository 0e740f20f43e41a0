/* References of a Canary to other namespaces; a part of canary.c. */
#ifndef PROVIDERS_KUBE_CANARY_REFS_H
#define PROVIDERS_KUBE_CANARY_REFS_H

#include "providers/wire/field.h"

/*
 * Refuse, with its path, a namespace other than K8S_NAMESPACE, the Canary's own, of a
 * MetricTemplate, an AlertProvider or a Service that gets copies of requests. SPEC is the field
 * "spec". (A Gateway says itself whose routes it takes.)
 */
bool kube_canary_refs_check(const struct field *spec, const char *k8s_namespace, struct err *err);

#endif

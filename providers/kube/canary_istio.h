/* What a Canary with provider istio asks of a VirtualService: refused here, with its path, when
 * Istio cannot do it or would do more than is asked. */
#ifndef PROVIDERS_KUBE_CANARY_ISTIO_H
#define PROVIDERS_KUBE_CANARY_ISTIO_H

#include "providers/kube/canary.h"
#include "providers/kube/node.h"

#define KUBE_CANARY_ISTIO_ENTRIES_MAX 32   /* of hosts, gateways, and each match */
#define KUBE_CANARY_ISTIO_TEXT_MAX    1024 /* bytes of a name, value or pattern */

/* SPEC is the Canary's spec, ANALYSIS the analysis in it; CANARY was read from both. */
bool kube_canary_istio_check(const struct field *spec, const struct field *analysis,
                             const struct kube_canary *canary, struct err *err);

#endif

/*
 * The queries of builtin checks, per traffic provider, as template texts (providers/template.h) for
 * Prometheus. They use the inputs namespace, target, service (the apex), ingress and interval.
 *
 * As Flagger 1.44 asks them, but for four things:
 * - of a DaemonSet, whose pods and labels are others, it asks for a Deployment's.
 * - when every request fails, the success rate is 0 instead of no value. (Without any request it is
 *   still no value: NaN, or nothing when there are no series.)
 * - `istio` also counts failed gRPC calls, and requests that found no canary to send them to.
 * - `nginx` looks at this canary's backend only, not at each canary of the Ingress.
 */
#ifndef PROVIDERS_BUILTIN_H
#define PROVIDERS_BUILTIN_H

#include "analysis/spec.h"

/*
 * The query of a builtin check: a percentage for CHECK_SUCCESS_RATE, milliseconds for
 * CHECK_DURATION
 * (`nginx`: the mean; `istio`, `kubernetes`: the 99th percentile). NULL for another provider or
 * kind.
 */
const char *builtin_query(const char *provider, enum target_kind target, enum check_kind kind);

/*
 * Which part (0 to 1) of the requests of the last `interval` the canary answered, of those that it
 * and the primary answered. No value without requests. NULL for another provider.
 */
const char *builtin_share_query(const char *provider, enum target_kind target);

#endif

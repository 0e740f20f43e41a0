/* What a Canary asks of an HTTPRoute or GRPCRoute: refused here, with its path, when the Gateway
 * API cannot say it. What Flagger leaves out without changing who gets the canary is warned of. */
#ifndef PROVIDERS_TRAFFIC_GATEWAY_CHECK_H
#define PROVIDERS_TRAFFIC_GATEWAY_CHECK_H

#include "providers/kube/canary.h"
#include "providers/kube/node.h"

/* `check` of traffic_provider.h. */
bool gateway_check(const struct field *spec, struct arena *arena, struct kube_canary *canary,
                   struct err *err);

/* The same without spec.service.gatewayRefs: the provider has parents of its own. */
bool gateway_check_rules(const struct field *spec, struct arena *arena, struct kube_canary *canary,
                         struct err *err);

#endif

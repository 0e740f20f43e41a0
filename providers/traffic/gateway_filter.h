/* What is done to the requests of a generated rule: filters and timeouts, from spec.service. */
#ifndef PROVIDERS_TRAFFIC_GATEWAY_FILTER_H
#define PROVIDERS_TRAFFIC_GATEWAY_FILTER_H

#include "providers/canary_world.h"

#include <jansson.h>

/* The filters, a new list in Flagger's order; of a GRPCRoute headers and mirrors only. */
json_t *gateway_filter_new(const json_t *service, bool is_grpc);

/* `timeouts` of an HTTPRoute, a new object; NULL: none are asked for. */
json_t *gateway_filter_timeouts(const json_t *service);

/* A filter that sends copies to REF, a backend without weight and filters, which is taken; PERCENT
 * of the requests, 0: all. */
json_t *gateway_filter_mirror(json_t *ref, int percent);

#endif

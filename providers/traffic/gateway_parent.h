/* The parents of a route: Gateways and Services that it is attached to, and what they say of it. */
#ifndef PROVIDERS_TRAFFIC_GATEWAY_PARENT_H
#define PROVIDERS_TRAFFIC_GATEWAY_PARENT_H

#include "providers/canary_world.h"

#include <jansson.h>

/* spec.parentRefs from service.gatewayRefs, a new list; empty without any,
 * but `linkerd` has the apex Service. */
json_t *gateway_parent_refs(const struct canary_world *world);

/*
 * Every parent that ROUTE names has taken in its present generation: conditions Accepted and
 * ResolvedRefs are True. Parents are compared with the API's defaults filled in. Otherwise RET_WHY
 * (of SENTENCE_MAX) says which has not, and its words.
 */
bool gateway_parent_took(const json_t *route, char *ret_why);

/*
 * A Service that ROUTE has as its parent has no proxy before it that would look at the route, in
 * the words of who took it in; "" when nobody says so. That is no refusal: callers may have proxies
 * of their own, which Istio cannot know of the Service.
 */
void gateway_parent_doubt(const json_t *route, char *ret, size_t size);

#endif

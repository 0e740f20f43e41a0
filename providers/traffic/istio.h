/* provider: istio. A VirtualService and two DestinationRules (istio_route.h, istio_policy.h). */
#ifndef PROVIDERS_TRAFFIC_ISTIO_H
#define PROVIDERS_TRAFFIC_ISTIO_H

#include "providers/traffic_provider.h"

extern const struct traffic_provider traffic_provider_istio;

#endif

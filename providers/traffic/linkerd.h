/* Provider `linkerd`: a TrafficSplit where the cluster serves it, else an HTTPRoute whose parent is
 * the apex Service. */
#ifndef PROVIDERS_TRAFFIC_LINKERD_H
#define PROVIDERS_TRAFFIC_LINKERD_H

#include "providers/traffic_provider.h"

extern const struct traffic_provider traffic_provider_linkerd;

#endif

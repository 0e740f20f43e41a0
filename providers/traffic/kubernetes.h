/* Provider `kubernetes`: no route object, no weights; the apex Service's selector is all there is.
 */
#ifndef PROVIDERS_TRAFFIC_KUBERNETES_H
#define PROVIDERS_TRAFFIC_KUBERNETES_H

#include "providers/traffic_provider.h"

extern const struct traffic_provider traffic_provider_kubernetes;

#endif

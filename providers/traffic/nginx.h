/* Provider `nginx`: ingress-nginx's canary annotations on a clone of the user's Ingress. */
#ifndef PROVIDERS_TRAFFIC_NGINX_H
#define PROVIDERS_TRAFFIC_NGINX_H

#include "providers/traffic_provider.h"

extern const struct traffic_provider traffic_provider_nginx;

#endif

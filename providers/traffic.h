/* Ask any mesh or ingress by name. */
#ifndef PROVIDERS_TRAFFIC_H
#define PROVIDERS_TRAFFIC_H

#include "providers/traffic_provider.h"

/* The provider with that name; NULL and ERR_INVALID, with all names, when there is none. Never a
 * fallback. */
const struct traffic_provider *traffic_find(const char *name, struct err *err);

#endif

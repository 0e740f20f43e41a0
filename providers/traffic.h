/* Ask any mesh or ingress by name. */
#ifndef PROVIDERS_TRAFFIC_H
#define PROVIDERS_TRAFFIC_H

#include "providers/traffic_provider.h"

#define TRAFFIC_NAMES_SIZE 256

/* The provider with that name; NULL and ERR_INVALID, with all names, when there is none. Never a
 * fallback. */
const struct traffic_provider *traffic_find(const char *name, struct err *err);

/* All names, in the table's order: "kubernetes, nginx". */
void traffic_names(char *ret, size_t size);

#endif

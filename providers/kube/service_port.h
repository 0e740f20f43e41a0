/* The ports of a canary's Services; one part of service.c. */
#ifndef PROVIDERS_KUBE_SERVICE_PORT_H
#define PROVIDERS_KUBE_SERVICE_PORT_H

#include "providers/canary_world.h"

#include <jansson.h>

/* More discovered ports than this are left out. */
#define KUBE_SERVICE_PORTS_MAX 128

/* The ports that WORLD's Canary asks for, discovered ones from TEMPLATE (NULL: none); a new list.
 */
json_t *kube_service_port_list(const struct canary_world *world, const json_t *template);

/* Take over LIVE's node ports, by the ports' names. */
void kube_service_port_keep(json_t *wanted, const json_t *live);

/* The same ports in whatever order. With IS_PART, LIVE may have more. */
bool kube_service_port_is_same(const json_t *wanted, const json_t *live, bool is_part);

#endif

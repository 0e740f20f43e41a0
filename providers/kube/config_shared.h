/*
 * Copies of ConfigMaps and Secrets that have Flagger's names, "<name>-primary", as
 * --config-copies=flagger wants: one object for all promotions, which each of them overwrites, and
 * which two Canaries may share.
 */
#ifndef PROVIDERS_KUBE_CONFIG_SHARED_H
#define PROVIDERS_KUBE_CONFIG_SHARED_H

#include "providers/canary_world.h"

#include <jansson.h>

/* The label serin.dev/canary-uid of a copy that more than one Canary uses: none of them removes it.
 */
#define KUBE_CONFIG_SHARED_MARK "shared"

/* COPY was made by Flagger or by us, for whatever Canary; else it is somebody's own. */
bool kube_config_shared_is_made(const json_t *copy);

/*
 * The JSON patch that makes COPY, as it was read, hold what SOURCE does (NULL: what it holds
 * stays), and this Canary's: marked, and not garbage-collected with it (D-5). Of somebody's own,
 * nothing but what it holds. An empty list where nothing is to be done.
 */
json_t *kube_config_shared_patch(const struct canary_world *world, const json_t *copy,
                                 const json_t *source);

#endif

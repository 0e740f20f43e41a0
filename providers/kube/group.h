/* The API server's list of its groups: which versions of a kind are served. */
#ifndef PROVIDERS_KUBE_GROUP_H
#define PROVIDERS_KUBE_GROUP_H

#include "providers/http.h"

#include <jansson.h>
#include <stdbool.h>

/* Fill REQUEST, all of it. */
void kube_group_list(struct http_request *request);

/* The groups that REPLY lists, a new reference; NULL: it does not. */
json_t *kube_group_read(const struct http_reply *reply);

/* VERSION ("apps/v1") is among GROUPS. */
bool kube_group_has(const json_t *groups, const char *version);

#endif

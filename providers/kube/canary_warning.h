/* Warnings and the refusal of what is not served yet, for the parts of canary.c. */
#ifndef PROVIDERS_KUBE_CANARY_WARNING_H
#define PROVIDERS_KUBE_CANARY_WARNING_H

#include "providers/kube/canary.h"
#include "providers/kube/node.h"

/* Add the warning "PATH: TEXT"; dropped when there are KUBE_CANARY_WARNINGS_MAX already. */
void kube_canary_warning_add(struct kube_canary *canary, struct arena *arena,
                             const struct field *node, const char *text);

#endif

/* Several kubeconfigs as one; one part of kubeconfig.c. */
#ifndef PROVIDERS_KUBE_KUBECONFIG_MERGE_H
#define PROVIDERS_KUBE_KUBECONFIG_MERGE_H

#include "providers/kube/kubeconfig.h"

/*
 * Merge the kubeconfig ROOT, which lies in FOLDER ("" for the present one), into MERGED, an object:
 * as in kubectl the first file that names a cluster, user or context wins, and the first
 * current-context. Paths in ROOT are made to begin with FOLDER; ROOT is changed by that. ERR_LIMIT:
 * more than KUBE_KUBECONFIG_ENTRIES_MAX of a list.
 */
bool kube_kubeconfig_merge(json_t *merged, json_t *root, const char *folder, struct err *err);

#endif

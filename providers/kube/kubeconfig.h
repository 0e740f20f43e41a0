/* A kubeconfig's JSON form, reduced to one context. Pure: files that it names are read by the
 * caller. */
#ifndef PROVIDERS_KUBE_KUBECONFIG_H
#define PROVIDERS_KUBE_KUBECONFIG_H

#include "analysis/base/arena.h"
#include "analysis/base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* Bytes that stand in the kubeconfig or in a file of their own; at most one is not NULL. */
struct kube_kubeconfig_item {
	char *bytes; /* decoded, followed by NUL */
	size_t length;
	char *path; /* as written: relative to the kubeconfig's folder unless it starts with '/' */
};

/* Texts are never NULL and owned by the arena; "" means not given. */
struct kube_kubeconfig {
	char *server; /* without a slash at the end */
	char *tls_server_name;
	char *k8s_namespace;
	bool is_insecure;
	struct kube_kubeconfig_item ca;
	struct kube_kubeconfig_item certificate;
	struct kube_kubeconfig_item key;
	struct kube_kubeconfig_item token;
	char *username;
	char *password;
};

/*
 * Read ROOT for CONTEXT (NULL or "": current-context). Refused with the field's path: a context,
 * cluster or user that is not there, an address that is neither http nor https, broken base64, and
 * users that run a program or a plugin to log in, which are not served.
 */
bool kube_kubeconfig_read(const json_t *root, const char *context, struct arena *arena,
                          struct kube_kubeconfig *ret, struct err *err);

/* Overwrite all secrets; the arena's memory stays valid. */
void kube_kubeconfig_wipe(struct kube_kubeconfig *config);

#endif

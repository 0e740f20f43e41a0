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

#define KUBE_KUBECONFIG_ENTRIES_MAX 4096 /* clusters, users or contexts of all files */
#define KUBE_KUBECONFIG_WORDS_MAX   64   /* arguments, or variables, of a plugin */

/* May a plugin ask whoever sits at the terminal? */
enum kube_kubeconfig_interactive {
	KUBE_KUBECONFIG_INTERACTIVE_NONE,
	KUBE_KUBECONFIG_NEVER,
	KUBE_KUBECONFIG_IF_AVAILABLE,
	KUBE_KUBECONFIG_ALWAYS,
};

/* A program that prints an ExecCredential. Texts are owned by the arena and never NULL. */
struct kube_kubeconfig_plugin {
	const char *path;        /* "$.users[0].user.exec"; NULL: there is no plugin */
	const char *api_version; /* client.authentication.k8s.io/v1 or /v1beta1 */
	const char *command;
	const char *args[KUBE_KUBECONFIG_WORDS_MAX];
	size_t n_args;
	const char *names[KUBE_KUBECONFIG_WORDS_MAX]; /* of variables */
	const char *values[KUBE_KUBECONFIG_WORDS_MAX];
	size_t n_variables;
	const char *install_hint;
	enum kube_kubeconfig_interactive interactive;
	bool wants_cluster;         /* to be told about the cluster */
	const char *cluster_config; /* JSON: what the cluster has for plugins; "" for none */
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
	char *proxy_url; /* http, https or socks5 */
	struct kube_kubeconfig_plugin plugin;
};

/*
 * Read ROOT for CONTEXT (NULL or "": current-context). Refused with the field's path: a context,
 * cluster or user that is not there, an address that is neither http nor https, broken base64, a
 * plugin of a version that is not served, and users that log in by other means.
 */
bool kube_kubeconfig_read(const json_t *root, const char *context, struct arena *arena,
                          struct kube_kubeconfig *ret, struct err *err);

/* Overwrite all secrets; the arena's memory stays valid. */
void kube_kubeconfig_wipe(struct kube_kubeconfig *config);

#endif

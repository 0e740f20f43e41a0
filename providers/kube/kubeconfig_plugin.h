/*
 * Plugins that log in (client.authentication.k8s.io): users[].user.exec of a kubeconfig, what the
 * program is told, and what it prints. One part of kubeconfig.c; who runs the program is the agent
 * ring's business.
 */
#ifndef PROVIDERS_KUBE_KUBECONFIG_PLUGIN_H
#define PROVIDERS_KUBE_KUBECONFIG_PLUGIN_H

#include "analysis/base/instant.h"
#include "providers/kube/kubeconfig.h"

/* Read USER.exec; *ret is left alone when there is none. PATH is that of USER. */
bool kube_kubeconfig_plugin_read(const json_t *user, const char *path, struct arena *arena,
                                 struct kube_kubeconfig_plugin *ret, struct err *err);

/* Keep what CLUSTER has for plugins (its extension client.authentication.k8s.io/exec). */
void kube_kubeconfig_plugin_cluster(const json_t *cluster, struct arena *arena,
                                    struct kube_kubeconfig_plugin *ret);

/* The value of KUBERNETES_EXEC_INFO: JSON, owned by the arena. CA is the certificate as PEM. */
const char *kube_kubeconfig_plugin_told(const struct kube_kubeconfig *config, const char *ca,
                                        size_t ca_length, bool is_interactive, struct arena *arena);

/* What a plugin gave. Texts are owned by the tree that was read; "" means none. */
struct kube_kubeconfig_login {
	const char *token;
	const char *certificate; /* PEM */
	const char *key;
	struct instant expires; /* not set: not before the process ends */
};

/* Read the ExecCredential that the plugin printed. Errors show nothing of it. */
bool kube_kubeconfig_plugin_login(const struct kube_kubeconfig_plugin *plugin, const json_t *root,
                                  struct kube_kubeconfig_login *ret, struct err *err);

#endif

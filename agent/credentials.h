/*
 * Who we are to the Kubernetes API server: its address, what it must prove, and what we show it.
 * From the files a pod is given, or from a kubeconfig. Files are looked at again when they may have
 * changed, since service account tokens live for an hour; what was read last stays good while they
 * cannot be read. Secrets are wiped when replaced.
 */
#ifndef AGENT_CREDENTIALS_H
#define AGENT_CREDENTIALS_H

#include "agent/loop.h"

#include <stddef.h>

struct credentials;

#define CREDENTIALS_FILE_MAX    (1024 * 1024) /* bytes of one file; longer is ERR_LIMIT */
#define CREDENTIALS_TOKEN_MAX   (64 * 1024)   /* bytes of a token; longer is ERR_LIMIT */
#define CREDENTIALS_CHECK_EVERY 10            /* seconds of uptime between looks at the files */

/* Where a pod finds its own. */
#define CREDENTIALS_POD_DIRECTORY "/var/run/secrets/kubernetes.io/serviceaccount"

/* PEM as bytes; length 0: none. A NUL follows. */
struct credentials_pem {
	const char *bytes;
	size_t length;
};

/* Everything a request needs. Texts are never NULL; "" means none. Valid until the next
 * credentials_get. */
struct credentials_view {
	const char *server; /* "https://10.96.0.1:443", without a slash at the end */
	const char *tls_server_name;
	bool is_insecure;
	struct credentials_pem ca; /* none: the system's own */
	struct credentials_pem certificate;
	struct credentials_pem key;
	const char *token;
	const char *username;
	const char *password;
	const char *k8s_namespace; /* of the pod or the context */
	const char *proxy;         /* "http://proxy:3128"; "": as the environment says */
};

/*
 * From a pod's own files: DIRECTORY holds token, ca.crt and namespace; HOST and PORT are those of
 * KUBERNETES_SERVICE_HOST and _PORT, NULL when the environment lacks them, which is an error. NULL
 * on failure.
 */
struct credentials *credentials_new_pod(struct loop *loop, const char *directory, const char *host,
                                        const char *port, struct err *err);

/* From a kubeconfig; CONTEXT NULL or "" means its current-context. NULL on failure; users that log
 * in with a plugin are refused, since an agent waits for no program. */
struct credentials *credentials_new_kubeconfig(struct loop *loop, const char *path,
                                               const char *context, struct err *err);

/* Kubeconfigs of a person at a command. Texts are copied. */
struct credentials_person {
	const char *paths;    /* one file, or with is_list several with ':' between them */
	bool is_list;         /* as in $KUBECONFIG: those that are not there are passed over */
	const char *context;  /* "": the current one */
	bool can_run;         /* plugins may run, and are waited for */
	bool has_terminal;    /* somebody can answer them */
	struct span patience; /* with a plugin; 0: the usual */
};

/* As kubectl merges them: who names something first, wins. NULL on failure. What a plugin gave is
 * used until it expires or is refused. */
struct credentials *credentials_new_person(struct loop *loop,
                                           const struct credentials_person *person,
                                           struct err *err);

/*
 * Choose as kubectl does: PATH when not "", else the environment's KUBECONFIG, else the pod's
 * files. NULL on failure.
 */
struct credentials *credentials_new(struct loop *loop, const char *path, const char *context,
                                    struct err *err);

/* Wipe and free; accepts NULL, returns NULL. */
struct credentials *credentials_free(struct credentials *credentials);

/* What to use now. Looks at the files first when that was not done for CREDENTIALS_CHECK_EVERY. */
const struct credentials_view *credentials_get(struct credentials *credentials);

/* The server said 401: ask the plugin again, or look at the files, before the next use, whenever
 * that is. */
void credentials_refused(struct credentials *credentials);

/* Why the files could not be read again, "" when they could: for logs and status. Holds no secret.
 */
const char *credentials_trouble(const struct credentials *credentials);

#endif

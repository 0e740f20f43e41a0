/*
 * The MetricTemplate resource (flagger.app/v1beta1) and the Secret it names. Only prometheus is
 * served yet.
 */
#ifndef PROVIDERS_KUBE_METRIC_TEMPLATE_H
#define PROVIDERS_KUBE_METRIC_TEMPLATE_H

#include "analysis/base/arena.h"
#include "providers/http.h"

#include <jansson.h>

#define KUBE_METRIC_TEMPLATE_HEADERS_MAX 16 /* header lines; a name may have several */
#define KUBE_METRIC_TEMPLATE_QUERY_MAX   16384

/* All texts live in the arena. */
struct kube_metric_template {
	const char *type;    /* "prometheus" */
	const char *address; /* http:// or https:// */
	struct http_header headers[KUBE_METRIC_TEMPLATE_HEADERS_MAX];
	size_t n_headers;
	const char *secret; /* the Secret's name, in the template's namespace; NULL: none */
	bool insecure;      /* do not verify the server's certificate */
	const char *query;  /* as written, still to be rendered */
};

/* Either a token or a user with a password; all NULL: none. Texts live in the arena. */
struct kube_metric_credentials {
	const char *token;
	const char *username;
	const char *password;
};

/*
 * Read a MetricTemplate. ERR_INVALID names the path, what was expected and what came; ERR_LIMIT is
 * for sizes.
 */
bool kube_metric_template_read(const json_t *object, struct arena *arena,
                               struct kube_metric_template *ret, struct err *err);

/*
 * Read the Secret of a prometheus template: `token`, else `username` and `password`. Errors name
 * the key and never show a value.
 */
bool kube_metric_template_secret_read(const json_t *secret, struct arena *arena,
                                      struct kube_metric_credentials *ret, struct err *err);

#endif

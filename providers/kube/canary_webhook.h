/*
 * spec.analysis.webhooks[] of a Canary: which hooks are asked, and where and how each is called.
 */
#ifndef PROVIDERS_KUBE_CANARY_WEBHOOK_H
#define PROVIDERS_KUBE_CANARY_WEBHOOK_H

#include "providers/kube/canary.h"
#include "providers/kube/node.h"

#define KUBE_WEBHOOK_RETRIES_MAX  1000
#define KUBE_WEBHOOK_HOURS_MAX    24 /* of one attempt */
#define KUBE_WEBHOOK_METADATA_MAX 64

/* One hook as it is called. Texts are borrowed from the object or from the options. */
struct kube_webhook {
	const char *name;
	enum hook_type type;
	const char *url;
	struct span timeout;    /* of one attempt */
	int retries;            /* attempts beyond the first */
	bool insecure;          /* disableTLS: the certificate is not verified */
	bool is_muted;          /* muteAlert */
	const json_t *metadata; /* an object of texts; NULL: none */
};

/*
 * Fill `canary->spec.hooks` from ANALYSIS, in the order of the manifest. Without a hook of type
 * event the one of OPTIONS, if set, is added behind them.
 */
bool kube_canary_webhook_read(const struct field *analysis, const struct provider_options *options,
                              struct kube_canary *canary, struct arena *arena, struct err *err);

/*
 * Hook number INDEX of OBJECT, a Canary that kube_canary_read accepted with these OPTIONS; false
 * when it has no such hook.
 */
bool kube_canary_webhook_find(const json_t *object, const struct provider_options *options,
                              size_t index, struct kube_webhook *ret);

#endif

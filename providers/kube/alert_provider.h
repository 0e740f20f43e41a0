/* The AlertProvider resource (flagger.app/v1beta1) and the Secret it names. */
#ifndef PROVIDERS_KUBE_ALERT_PROVIDER_H
#define PROVIDERS_KUBE_ALERT_PROVIDER_H

#include "analysis/base/arena.h"
#include "providers/notifier.h"

#include <jansson.h>

/* All texts live in the arena. */
struct kube_alert_provider {
	struct notifier_receiver receiver; /* address "" until the Secret was read, if it names one
	                                    */
	const char *secret;                /* in the provider's namespace; NULL: none */
};

/*
 * Read an AlertProvider: type, and address or secretRef. ERR_INVALID names the path, what was
 * expected and what came, but no address or proxy; ERR_LIMIT is for sizes.
 */
bool kube_alert_provider_read(const json_t *object, struct arena *arena,
                              struct kube_alert_provider *ret, struct err *err);

/* Put `address` and, if there is one, `token` of the Secret into the receiver. Errors name the key
 * and never show a value. */
bool kube_alert_provider_secret_read(const json_t *secret, struct arena *arena,
                                     struct kube_alert_provider *ret, struct err *err);

#endif

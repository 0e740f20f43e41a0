/*
 * spec.analysis.alerts[] of a Canary: who is told what, and by which AlertProvider.
 */
#ifndef PROVIDERS_KUBE_CANARY_ALERT_H
#define PROVIDERS_KUBE_CANARY_ALERT_H

#include "providers/kube/canary.h"
#include "providers/kube/node.h"

/* One entry. Texts are borrowed from the object. */
struct kube_alert {
	const char *provider; /* the AlertProvider's name; NULL: the receiver of the command line */
	const char *k8s_namespace; /* of the AlertProvider; NULL: the Canary's */
	enum severity severity;
};

/*
 * Fill `canary->spec.alerts` from ANALYSIS, which may be absent, in the order of the manifest. With
 * no entry the receiver of OPTIONS, if there is one, gets them all.
 */
bool kube_canary_alert_read(const struct field *analysis, const struct provider_options *options,
                            struct kube_canary *canary, struct err *err);

/*
 * Entry number INDEX of OBJECT, a Canary that kube_canary_read accepted with these OPTIONS; false
 * when it has no such entry.
 */
bool kube_canary_alert_find(const json_t *object, const struct provider_options *options,
                            size_t index, struct kube_alert *ret);

#endif

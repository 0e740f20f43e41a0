/* spec.analysis.sessionAffinity of a Canary: whom cookies keep where they were sent. */
#ifndef PROVIDERS_KUBE_CANARY_AFFINITY_H
#define PROVIDERS_KUBE_CANARY_AFFINITY_H

#include "providers/kube/canary.h"
#include "providers/kube/node.h"

#define KUBE_CANARY_AFFINITY_TEXT_MAX 256 /* bytes of a domain or a path */

/*
 * Read it into CANARY, whose strategy is known: beside anything but weights it is ignored, with a
 * warning, as no client is sent anywhere by chance. ERR_INVALID for a name that is no cookie's, for
 * what would end the header, for the same name twice.
 */
bool kube_canary_affinity_read(const struct field *analysis, struct arena *arena,
                               struct kube_canary *canary, struct err *err);

/* What the provider, whose abilities are known, or the rest of SPEC leave no room for is refused.
 */
bool kube_canary_affinity_check(const struct field *spec, const struct field *analysis,
                                const struct kube_canary *canary, struct err *err);

#endif

/* spec.analysis of a Canary: strategy, steps, thresholds; one part of canary.c. */
#ifndef PROVIDERS_KUBE_CANARY_ANALYSIS_H
#define PROVIDERS_KUBE_CANARY_ANALYSIS_H

#include "providers/kube/canary.h"
#include "providers/kube/node.h"

/* spec.analysis, or its old name spec.canaryAnalysis; absent when there is neither. SPEC must
 * outlive it. */
struct field kube_canary_analysis_find(const struct field *spec);

/*
 * Fill the strategy, its numbers and the checks and the hooks of `canary->spec`; provider must be
 * set there. An absent analysis is skipAnalysis (D-28).
 */
bool kube_canary_analysis_read(const struct field *spec, const struct provider_options *options,
                               struct arena *arena, struct kube_canary *canary, struct err *err);

#endif

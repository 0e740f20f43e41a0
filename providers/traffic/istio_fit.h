/*
 * The canary's part in a VirtualService of the user's: rules that lead to the apex, the primary or
 * the canary are ours to weigh, all others are not touched.
 */
#ifndef PROVIDERS_TRAFFIC_ISTIO_FIT_H
#define PROVIDERS_TRAFFIC_ISTIO_FIT_H

#include "providers/traffic/istio_rules.h"

/*
 * LIVE, a user's list, with the canary's part in it, a new value: each rule to the apex, primary or
 * canary leads to primary and canary; for A/B a rule that takes the matching requests stands before
 * it. All else is as it was. NULL and ERR_INVALID: no rule leads to any of them, or one leads to
 * something else as well, or mirrors to something else when it is to mirror.
 */
json_t *istio_fit_rules(const struct canary_world *world, const json_t *live,
                        struct istio_rules_split split, struct err *err);

/*
 * LIVE, a user's list, with WEIGHT for the canary where it has something, a new value: each rule
 * that leads to it has that weight, none mirrors to it, for 0 those of our own are gone, all others
 * are as they were, the ones to the apex too.
 */
json_t *istio_fit_cut(const struct canary_world *world, const json_t *live, int weight);

/*
 * LIVE without the canary's part, a new value: a rule that one of ORIGINALS (lists, NULL for none)
 * has too, but for where it leads, is as there; any other leads to the apex.
 */
json_t *istio_fit_restore(const struct canary_world *world, const json_t *live,
                          const json_t *const originals[2]);

#endif

/* The next weights, as a function of the spec and of where the run is. */
#ifndef ANALYSIS_STRATEGY_H
#define ANALYSIS_STRATEGY_H

#include "analysis/release.h"

/* "canary", "ab-testing", "blue-green": Flagger's label values. */
const char *strategy_name(enum strategy strategy);

/* Where a run goes after a passing check. */
struct strategy_step {
	bool promotes; /* nothing is left to try; weight and iteration are unchanged */
	int weight;    /* the canary's, 0..100 */
	int iteration;
	bool is_mirrored; /* copies of the requests go to the canary; the weight is 0 */
};

/* The first step, when the canary is ready. With `mirror`, canary begins with one step of copies.
 */
struct strategy_step strategy_first(const struct canary_spec *spec);

/*
 * The step after WEIGHT and ITERATION passed their check. Weights only rise: of stepWeights the
 * smallest listed one above the present weight (D-14), else the present weight plus stepWeight, at
 * most 100. A run at or above maxWeight (the last of stepWeights) promotes (D-15). Blue/green ends
 * with one step at full weight. With `mirror` its iterations before that send copies.
 */
struct strategy_step strategy_next(const struct canary_spec *spec, int weight, int iteration);

/*
 * The canary's weight after one step back from WEIGHT, once the primary has the promoted template:
 * lower by analysis.stepWeightPromotion, at least 0. Without it, and for A/B (whose weight is no
 * share), 0.
 */
int strategy_back(const struct canary_spec *spec, int weight);

#endif

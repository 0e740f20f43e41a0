#include "analysis/strategy.h"

static const char *const strategies[] = {
	[STRATEGY_NONE] = "",
	[STRATEGY_CANARY] = "canary",
	[STRATEGY_AB] = "ab-testing",
	[STRATEGY_BLUE_GREEN] = "blue-green",
};

const char *strategy_name(enum strategy strategy)
{
	return strategies[strategy];
}

static struct strategy_step promote(int weight, int iteration)
{
	return (struct strategy_step){.promotes = true, .weight = weight, .iteration = iteration};
}

static struct strategy_step next_weight(const struct canary_spec *spec, int weight, int iteration)
{
	int next = weight + spec->step_weight;

	for (size_t i = 0; i < spec->n_step_weights; i++) {
		if (spec->step_weights[i] > weight)
			return (struct strategy_step){.weight = spec->step_weights[i]};
	}
	if (spec->n_step_weights > 0 || weight >= spec->max_weight)
		return promote(weight, iteration);
	return (struct strategy_step){.weight = next > SPEC_WEIGHT_FULL ? SPEC_WEIGHT_FULL : next};
}

static struct strategy_step next_iteration(const struct canary_spec *spec, int weight,
                                           int iteration)
{
	/* More iterations asked for while the canary has its weight take none of it away. */
	int steady = spec->strategy == STRATEGY_AB ? SPEC_WEIGHT_FULL : weight;

	if (iteration < spec->iterations)
		return (struct strategy_step){
			.weight = steady,
			.iteration = iteration + 1,
			.is_mirrored = spec->mirror && spec->strategy == STRATEGY_BLUE_GREEN,
		};
	if (spec->strategy == STRATEGY_BLUE_GREEN && iteration == spec->iterations)
		return (struct strategy_step){
			.weight = spec->route.weighs ? SPEC_WEIGHT_FULL : 0,
			.iteration = iteration + 1,
		};
	return promote(weight, iteration);
}

struct strategy_step strategy_first(const struct canary_spec *spec)
{
	struct strategy_step first = strategy_next(spec, 0, 0);

	if (spec->mirror && spec->strategy == STRATEGY_CANARY && !first.promotes)
		return (struct strategy_step){.is_mirrored = true};
	return first;
}

struct strategy_step strategy_next(const struct canary_spec *spec, int weight, int iteration)
{
	if (spec->strategy == STRATEGY_CANARY)
		return next_weight(spec, weight, iteration);
	return next_iteration(spec, weight, iteration);
}

int strategy_back(const struct canary_spec *spec, int weight)
{
	int step = spec->step_weight_promotion;

	if (step <= 0 || spec->strategy == STRATEGY_AB)
		return 0;
	return weight > step ? weight - step : 0;
}

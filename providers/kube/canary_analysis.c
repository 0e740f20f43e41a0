#include "providers/kube/canary_analysis.h"

#include "providers/kube/canary_affinity.h"
#include "providers/kube/canary_alert.h"
#include "providers/kube/canary_metric.h"
#include "providers/kube/canary_warning.h"
#include "providers/kube/canary_webhook.h"

#include <limits.h>
#include <string.h>

#define DEFAULT_INTERVAL   60 /* seconds */
#define LEAST_INTERVAL     10
#define DEFAULT_ITERATIONS 10 /* of provider kubernetes, which has no weights */
#define WORD_MAX           64
#define IGNORED_MAX        1000

struct field kube_canary_analysis_find(const struct field *spec)
{
	struct field analysis = field_member(spec, "analysis");

	return analysis.json ? analysis : field_member(spec, "canaryAnalysis");
}

static bool interval_read(const struct field *analysis, struct arena *arena,
                          struct kube_canary *canary, struct err *err)
{
	struct field node = field_member(analysis, "interval");
	struct span *ret = &canary->spec.interval;
	const char *text = "";

	if (!kube_node_text(&node, WORD_MAX, &text, err))
		return false;
	if (!span_parse(text, ret, NULL)) {
		*ret = span_seconds(DEFAULT_INTERVAL);
		kube_canary_warning_add(canary, arena, &node,
		                        *text ? "not a duration like 30s or 1m: 60s is used"
		                              : "not set: 60s is used");
	} else if (ret->ms < span_seconds(LEAST_INTERVAL).ms) {
		*ret = span_seconds(LEAST_INTERVAL);
		kube_canary_warning_add(canary, arena, &node, "shorter than 10s: 10s is used");
	}
	return true;
}

/* stepWeights: each above the one before, 1..100 (D-14). */
static bool step_weights_read(const struct field *analysis, struct canary_spec *spec,
                              struct err *err)
{
	struct field list = field_member(analysis, "stepWeights");
	size_t n_steps;
	int previous = 0;

	if (!kube_node_list(&list, SPEC_STEPS_MAX, &n_steps, err))
		return false;
	for (size_t i = 0; i < n_steps; i++) {
		struct field step = field_element(&list, i);
		int weight = 0;

		if (!step.json)
			return field_expect(&step, "a whole number from 1 to 100", err);
		if (!kube_node_whole(&step, 1, SPEC_WEIGHT_FULL, &weight, err))
			return false;
		if (weight <= previous)
			return field_refuse(&step, err, ERR_INVALID,
			                    "expected more than the %d before it, got %d", previous,
			                    weight);
		spec->step_weights[i] = previous = weight;
	}
	spec->n_step_weights = n_steps;
	return true;
}

static void clamp(const struct field *node, int *value, struct arena *arena,
                  struct kube_canary *canary)
{
	if (*value <= SPEC_WEIGHT_FULL)
		return;
	*value = SPEC_WEIGHT_FULL;
	kube_canary_warning_add(canary, arena, node, "more than 100: 100 is used");
}

static bool weights_read(const struct field *analysis, struct arena *arena,
                         struct kube_canary *canary, struct err *err)
{
	struct field step_node = field_member(analysis, "stepWeight");
	struct field max_node = field_member(analysis, "maxWeight");
	struct canary_spec *spec = &canary->spec;
	int step = 0;
	int max = 0;

	if (!kube_node_whole(&step_node, 0, INT_MAX, &step, err) ||
	    !kube_node_whole(&max_node, INT_MIN, INT_MAX, &max, err) ||
	    !step_weights_read(analysis, spec, err))
		return false;
	if (step > 0 && spec->n_step_weights > 0)
		return field_refuse(&step_node, err, ERR_INVALID,
		                    "expected stepWeight or stepWeights, got both");
	clamp(&step_node, &step, arena, canary);
	clamp(&max_node, &max, arena, canary);
	spec->step_weight = step;
	spec->max_weight = max > 0 ? max : SPEC_WEIGHT_FULL;
	if (spec->n_step_weights > 0)
		spec->max_weight = spec->step_weights[spec->n_step_weights - 1];
	return true;
}

/* How the requests come back after a promotion; what has no share of them comes back at once. */
static bool promotion_read(const struct field *analysis, struct arena *arena,
                           struct kube_canary *canary, struct err *err)
{
	struct field node = field_member(analysis, "stepWeightPromotion");
	struct canary_spec *spec = &canary->spec;
	int step = 0;

	if (!kube_node_whole(&node, INT_MIN, INT_MAX, &step, err))
		return false;
	clamp(&node, &step, arena, canary);
	spec->step_weight_promotion = step > 0 ? step : 0;
	if (step > 0 && spec->strategy == STRATEGY_AB)
		kube_canary_warning_add(canary, arena, &node,
		                        "beside match: the matching requests go back at once");
	else if (step > 0 && strcmp(spec->provider, "kubernetes") == 0)
		kube_canary_warning_add(canary, arena, &node,
		                        "provider kubernetes cannot weigh traffic: ignored");
	return true;
}

static bool counts_read(const struct field *analysis, struct canary_spec *spec, struct err *err)
{
	struct field threshold = field_member(analysis, "threshold");
	struct field iterations = field_member(analysis, "iterations");

	if (!kube_node_whole(&threshold, INT_MIN, INT_MAX, &spec->threshold, err) ||
	    !kube_node_whole(&iterations, 0, INT_MAX, &spec->iterations, err))
		return false;
	if (spec->threshold < 1)
		spec->threshold = 1;
	return true;
}

static bool ready_read(const struct field *analysis, const char *key, struct arena *arena,
                       struct kube_canary *canary, int *ret, struct err *err)
{
	struct field node = field_member(analysis, key);

	if (!kube_node_whole(&node, 0, 100, ret, err))
		return false;
	if (*ret > 0)
		return true;
	*ret = 1;
	kube_canary_warning_add(canary, arena, &node, "0: one pod must be ready all the same");
	return true;
}

static bool no_data_read(const struct field *analysis, struct canary_spec *spec, struct err *err)
{
	struct field node = field_member(analysis, "noData");
	const char *word = "hold";

	if (!kube_node_text(&node, WORD_MAX, &word, err))
		return false;
	if (strcmp(word, "hold") != 0 && strcmp(word, "fail") != 0)
		return field_expect(&node, "hold or fail", err);
	spec->no_data_fails = strcmp(word, "fail") == 0;
	return true;
}

/* Provider kubernetes has no weights and matches nothing: it is always blue/green. */
static void fit_to_kubernetes(const struct field *analysis, struct arena *arena,
                              struct kube_canary *canary)
{
	struct field match = field_member(analysis, "match");
	struct field iterations = field_member(analysis, "iterations");
	struct canary_spec *spec = &canary->spec;

	spec->strategy = STRATEGY_BLUE_GREEN;
	if (json_array_size(match.json) > 0)
		kube_canary_warning_add(canary, arena, &match,
		                        "provider kubernetes cannot match requests: ignored");
	if (spec->iterations > 0)
		return;
	spec->iterations = DEFAULT_ITERATIONS;
	kube_canary_warning_add(canary, arena, &iterations,
	                        "provider kubernetes cannot weigh traffic: 10 iterations are used");
}

static bool strategy_read(const struct field *analysis, struct arena *arena,
                          struct kube_canary *canary, struct err *err)
{
	struct field match = field_member(analysis, "match");
	struct canary_spec *spec = &canary->spec;
	size_t n_matches;

	if (!kube_node_list(&match, IGNORED_MAX, &n_matches, err))
		return false;
	if (strcmp(spec->provider, "kubernetes") == 0) {
		fit_to_kubernetes(analysis, arena, canary);
		return true;
	}
	if (n_matches > 0 && spec->iterations < 1)
		return field_refuse(&match, err, ERR_INVALID,
		                    "expected iterations above 0 beside it");
	if (spec->iterations < 1 && spec->step_weight < 1 && spec->n_step_weights == 0)
		return field_refuse(analysis, err, ERR_INVALID,
		                    "expected stepWeight, stepWeights or iterations above 0, got "
		                    "none: the canary would never advance");
	if (spec->iterations < 1)
		spec->strategy = STRATEGY_CANARY;
	else
		spec->strategy = n_matches > 0 ? STRATEGY_AB : STRATEGY_BLUE_GREEN;
	return true;
}

/* Copies of requests: before the first weight, or during the iterations of blue/green. */
static bool mirror_read(const struct field *analysis, struct arena *arena,
                        struct kube_canary *canary, struct err *err)
{
	struct field mirror = field_member(analysis, "mirror");
	struct field percent = field_member(analysis, "mirrorWeight");
	struct canary_spec *spec = &canary->spec;
	int share = 0;

	if (!field_optional_flag(&mirror, &spec->mirror, err) ||
	    !kube_node_whole(&percent, 0, SPEC_WEIGHT_FULL, &share, err))
		return false;
	if (spec->mirror && spec->strategy == STRATEGY_AB) {
		spec->mirror = false;
		kube_canary_warning_add(canary, arena, &mirror,
		                        "true beside match: the canary answers the matching "
		                        "requests, nothing is mirrored");
	}
	return true;
}

/* What holds without an analysis. */
static void set_defaults(struct canary_spec *spec)
{
	spec->strategy = STRATEGY_CANARY;
	spec->max_weight = SPEC_WEIGHT_FULL;
	spec->threshold = 1;
	spec->interval = span_seconds(DEFAULT_INTERVAL);
	spec->primary_ready_percent = 100;
	spec->canary_ready_percent = 100;
}

bool kube_canary_analysis_read(const struct field *spec_node,
                               const struct provider_options *options, struct arena *arena,
                               struct kube_canary *canary, struct err *err)
{
	struct field analysis = kube_canary_analysis_find(spec_node);
	struct canary_spec *spec = &canary->spec;

	set_defaults(spec);
	if (!analysis.json) {
		spec->skip_analysis = true;
		return kube_canary_alert_read(&analysis, options, canary, err);
	}
	return kube_node_object(&analysis, err) && interval_read(&analysis, arena, canary, err) &&
	       counts_read(&analysis, spec, err) && weights_read(&analysis, arena, canary, err) &&
	       ready_read(&analysis, "primaryReadyThreshold", arena, canary,
	                  &spec->primary_ready_percent, err) &&
	       ready_read(&analysis, "canaryReadyThreshold", arena, canary,
	                  &spec->canary_ready_percent, err) &&
	       no_data_read(&analysis, spec, err) && strategy_read(&analysis, arena, canary, err) &&
	       promotion_read(&analysis, arena, canary, err) &&
	       kube_canary_affinity_read(&analysis, arena, canary, err) &&
	       mirror_read(&analysis, arena, canary, err) &&
	       kube_canary_metric_read(&analysis, arena, canary, err) &&
	       kube_canary_webhook_read(&analysis, options, canary, arena, err) &&
	       kube_canary_alert_read(&analysis, options, canary, err);
}

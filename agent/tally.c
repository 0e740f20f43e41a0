#include "agent/tally.h"

#include "agent/metrics.h"
#include "analysis/strategy.h"

#include <string.h>

static double status_of(const char *phase)
{
	if (strcmp(phase, "Progressing") == 0)
		return 0;
	return strcmp(phase, "Failed") == 0 ? 2 : 1;
}

void tally_canary(struct canary *canary)
{
	struct metrics *metrics = canary->host->metrics;
	const char *k8s_namespace = canary->k8s_namespace;
	const struct release *newest = &canary->facts.newest;
	const char *name;
	int weight = canary->facts.route.weight;

	if (!canary->edition || !canary->facts.has_spec)
		return;
	name = canary->edition->spec.target;
	metrics_set(metrics, METRIC_FLAGGER_CANARY_STATUS, METRIC_LABELS(name, k8s_namespace),
	            status_of(canary->facts.mirror.phase));
	metrics_set(metrics, METRIC_FLAGGER_CANARY_WEIGHT, METRIC_LABELS(name, k8s_namespace),
	            weight);
	metrics_set(metrics, METRIC_FLAGGER_CANARY_WEIGHT,
	            METRIC_LABELS(canary->edition->spec.primary, k8s_namespace),
	            SPEC_WEIGHT_FULL - weight);
	metrics_remove_series(metrics, METRIC_SERIN_CANARY_PHASE,
	                      METRIC_LABELS(name, k8s_namespace, METRIC_ANY));
	if (newest->name[0] != '\0')
		metrics_set(metrics, METRIC_SERIN_CANARY_PHASE,
		            METRIC_LABELS(name, k8s_namespace,
		                          release_phase_name(newest->status.phase)),
		            1);
}

void tally_sample(const struct canary *canary, size_t index)
{
	const struct canary_spec *spec = &canary->edition->spec;
	const struct sample_fact *sample = &canary->facts.samples[index];
	double value = sample->value;

	if (sample->kind != SAMPLE_VALUE || index >= spec->n_checks)
		return;
	/* Flagger shows durations in seconds. */
	if (spec->checks[index].kind == CHECK_DURATION)
		value /= 1000;
	metrics_set(canary->host->metrics, METRIC_FLAGGER_CANARY_METRIC_ANALYSIS,
	            METRIC_LABELS(spec->target, canary->k8s_namespace, spec->checks[index].name),
	            value);
}

void tally_check(struct canary *canary, struct instant due)
{
	const struct canary_spec *spec = &canary->edition->spec;

	for (size_t i = 0; i < spec->n_checks; i++)
		if (canary->facts.samples[i].check.ms != due.ms)
			return;
	metrics_observe(canary->host->metrics, METRIC_FLAGGER_CANARY_DURATION_SECONDS,
	                METRIC_LABELS(spec->target, canary->k8s_namespace),
	                (double)instant_between(due, canary_now(canary)).ms / 1000);
}

void tally_outcome(const struct canary *canary)
{
	const struct release *newest = &canary->facts.newest;
	const struct canary_spec *spec = &canary->edition->spec;
	const char *status = newest->status.outcome == OUTCOME_SKIPPED ? "skipped" : "completed";
	enum metric metric;

	if (newest->cause == CAUSE_INIT || release_is_found(newest))
		return;
	if (release_is_promoted(newest))
		metric = METRIC_FLAGGER_CANARY_SUCCESSES_TOTAL;
	else if (newest->status.outcome == OUTCOME_ROLLED_BACK ||
	         newest->status.outcome == OUTCOME_FAILED_PROMOTION)
		metric = METRIC_FLAGGER_CANARY_FAILURES_TOTAL;
	else
		return;
	metrics_add(canary->host->metrics, metric,
	            METRIC_LABELS(spec->target, canary->k8s_namespace,
	                          strategy_name(spec->strategy), status),
	            1);
}

void tally_remove(const struct canary *canary)
{
	struct metrics *metrics = canary->host->metrics;
	const char *k8s_namespace = canary->k8s_namespace;
	const struct canary_spec *spec;

	if (!canary->edition || !canary->facts.has_spec)
		return;
	spec = &canary->edition->spec;
	metrics_remove_series(metrics, METRIC_FLAGGER_CANARY_STATUS,
	                      METRIC_LABELS(spec->target, k8s_namespace));
	metrics_remove_series(metrics, METRIC_FLAGGER_CANARY_WEIGHT,
	                      METRIC_LABELS(spec->target, k8s_namespace));
	metrics_remove_series(metrics, METRIC_FLAGGER_CANARY_WEIGHT,
	                      METRIC_LABELS(spec->primary, k8s_namespace));
	metrics_remove_series(metrics, METRIC_FLAGGER_CANARY_METRIC_ANALYSIS,
	                      METRIC_LABELS(spec->target, k8s_namespace, METRIC_ANY));
	metrics_remove_series(metrics, METRIC_FLAGGER_CANARY_DURATION_SECONDS,
	                      METRIC_LABELS(spec->target, k8s_namespace));
	metrics_remove_series(metrics, METRIC_SERIN_CANARY_PHASE,
	                      METRIC_LABELS(spec->target, k8s_namespace, METRIC_ANY));
	metrics_remove_series(metrics, METRIC_SERIN_FOREIGN_EDITS_TOTAL,
	                      METRIC_LABELS(spec->target, k8s_namespace));
}

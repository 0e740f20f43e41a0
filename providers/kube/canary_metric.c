#include "providers/kube/canary_metric.h"

#include "providers/kube/canary_analysis.h"
#include "providers/kube/canary_warning.h"
#include "providers/kube/tree.h"

#include <math.h>
#include <string.h>

#define METRICS_MAX      SPEC_CHECKS_MAX
#define NAME_LENGTH_MAX  253
#define VARIABLES_MAX    64
#define INTERVAL_MAX     32
#define DEFAULT_INTERVAL "1m"

static enum check_kind builtin_kind(const char *name)
{
	if (strcmp(name, "request-success-rate") == 0)
		return CHECK_SUCCESS_RATE;
	if (strcmp(name, "request-duration") == 0)
		return CHECK_DURATION;
	return CHECK_NONE;
}

static bool metric_has(const json_t *metric, enum metric_origin origin)
{
	switch (origin) {
	case METRIC_BUILTIN:
		return builtin_kind(kube_tree_value(metric, "name")) != CHECK_NONE;
	case METRIC_INLINE:
		return *kube_tree_value(metric, "query") != '\0';
	case METRIC_TEMPLATE:
		return json_is_object(json_object_get(metric, "templateRef"));
	case METRIC_NONE:
		break;
	}
	return false;
}

/* Where check number `wanted` is found: walks METRICS in Flagger's order. */
struct metric_place {
	size_t wanted;
	size_t at; /* the metric's index */
	enum metric_origin origin;
};

static bool place_find_entry(const json_t *metric, struct metric_place *place, size_t *seen,
                             enum metric_origin from, enum metric_origin to)
{
	for (enum metric_origin origin = from; origin <= to; origin++) {
		if (!metric_has(metric, origin))
			continue;
		if ((*seen)++ == place->wanted) {
			place->origin = origin;
			return true;
		}
	}
	return false;
}

static bool place_find(const json_t *metrics, struct metric_place *place)
{
	size_t n_metrics = json_array_size(metrics);
	size_t seen = 0;

	for (place->at = 0; place->at < n_metrics; place->at++) {
		if (place_find_entry(json_array_get(metrics, place->at), place, &seen,
		                     METRIC_BUILTIN, METRIC_INLINE))
			return true;
	}
	for (place->at = 0; place->at < n_metrics; place->at++) {
		if (place_find_entry(json_array_get(metrics, place->at), place, &seen,
		                     METRIC_TEMPLATE, METRIC_TEMPLATE))
			return true;
	}
	return false;
}

static struct kube_metric metric_of(const json_t *metric, enum metric_origin origin)
{
	const json_t *ref = json_object_get(metric, "templateRef");
	const char *interval = kube_tree_value(metric, "interval");
	const char *name_space = kube_tree_value(ref, "namespace");
	struct kube_metric ret = {
		.origin = origin,
		.kind = CHECK_VALUE,
		.name = kube_tree_value(metric, "name"),
		.interval = *interval ? interval : DEFAULT_INTERVAL,
		.variables = json_object_get(metric, "templateVariables"),
	};

	if (origin == METRIC_BUILTIN)
		ret.kind = builtin_kind(ret.name);
	if (origin == METRIC_INLINE)
		ret.query = kube_tree_value(metric, "query");
	if (origin == METRIC_TEMPLATE) {
		ret.template_name = kube_tree_value(ref, "name");
		ret.template_namespace = *name_space ? name_space : NULL;
	}
	if (json_is_null(ret.variables))
		ret.variables = NULL;
	return ret;
}

bool kube_canary_metric_find(const json_t *object, size_t index, struct kube_metric *ret)
{
	struct field root = field_root(object, "");
	struct field spec = field_member(&root, "spec");
	struct field analysis = kube_canary_analysis_find(&spec);
	const json_t *metrics = json_object_get(analysis.json, "metrics");
	struct metric_place place = {.wanted = index};

	if (!place_find(metrics, &place))
		return false;
	*ret = metric_of(json_array_get(metrics, place.at), place.origin);
	return true;
}

static bool interval_check(const struct field *metric, struct err *err)
{
	struct field node = field_member(metric, "interval");
	struct span span = span_seconds(1);
	const char *text = "";

	if (!kube_node_text(&node, INTERVAL_MAX, &text, err))
		return false;
	if (*text && (!span_parse(text, &span, NULL) || span.ms <= 0))
		return field_expect(&node, "a duration like 30s or 1m", err);
	return true;
}

static bool template_check(const struct field *metric, struct err *err)
{
	struct field ref = field_member(metric, "templateRef");
	struct field name = field_member(&ref, "name");
	struct field name_space = field_member(&ref, "namespace");
	const char *text = json_string_value(name_space.json);

	if (!kube_node_object(&ref, err) || !ref.json)
		return !ref.json;
	if (text && !*text)
		name_space.json = NULL;
	if (!kube_node_label(&name_space, KUBE_CANARY_NAME_MAX, &text, err))
		return false;
	text = NULL;
	if (!kube_node_name(&name, NAME_LENGTH_MAX, &text, err))
		return false;
	return text || field_expect(&name, "the MetricTemplate's name", err);
}

static bool metric_check(const struct field *metric, struct err *err)
{
	struct field name = field_member(metric, "name");
	struct field query = field_member(metric, "query");
	struct field variables = field_member(metric, "templateVariables");
	const char *text = "";

	if (!json_is_object(metric->json))
		return field_expect(metric, "an object with a name", err);
	if (!kube_node_text(&name, NAME_LENGTH_MAX, &text, err))
		return false;
	if (!*text)
		return field_expect(&name, "a name", err);
	if (!interval_check(metric, err) || !kube_node_text(&query, KUBE_QUERY_MAX, &text, err) ||
	    !template_check(metric, err) || !kube_node_text_map(&variables, err))
		return false;
	if (json_object_size(variables.json) > VARIABLES_MAX)
		return field_refuse(&variables, err, ERR_LIMIT,
		                    "expected at most %d entries, got %zu", VARIABLES_MAX,
		                    json_object_size(variables.json));
	if (!metric_has(metric->json, METRIC_BUILTIN) && !metric_has(metric->json, METRIC_INLINE) &&
	    !metric_has(metric->json, METRIC_TEMPLATE))
		return field_refuse(metric, err, ERR_INVALID,
		                    "expected a query, a templateRef or one of the names "
		                    "request-success-rate and request-duration");
	return true;
}

static bool range_read(const struct field *range, struct check_spec *check, struct err *err)
{
	struct field min = field_member(range, "min");
	struct field max = field_member(range, "max");

	if (!kube_node_object(range, err) || !field_optional_number(&min, &check->min, err) ||
	    !field_optional_number(&max, &check->max, err))
		return false;
	check->has_min = min.json;
	check->has_max = max.json;
	if (check->has_min && check->has_max && check->min > check->max)
		return field_refuse(range, err, ERR_INVALID,
		                    "expected min below max, got min %g and max %g: nothing "
		                    "could pass",
		                    check->min, check->max);
	return true;
}

/* `threshold` is the least success rate, but the greatest of anything else. */
static bool threshold_read(const struct field *metric, struct check_spec *check, struct err *err)
{
	struct field node = field_member(metric, "threshold");
	double threshold = 0;

	if (!field_optional_number(&node, &threshold, err))
		return false;
	if (check->kind == CHECK_SUCCESS_RATE) {
		check->has_min = true;
		check->min = threshold;
		return true;
	}
	if (!node.json)
		return field_refuse(metric, err, ERR_INVALID,
		                    "expected thresholdRange or threshold, got neither: Flagger "
		                    "takes it as \"at most 0\"; write threshold: 0 if that is "
		                    "meant");
	check->has_max = true;
	check->max = threshold;
	return true;
}

static bool bounds_read(const struct field *metric, struct check_spec *check, struct err *err)
{
	struct field range = field_member(metric, "thresholdRange");

	if (range.json ? !range_read(&range, check, err) : !threshold_read(metric, check, err))
		return false;
	if (check->kind == CHECK_DURATION) {
		check->min = trunc(check->min);
		check->max = trunc(check->max);
	}
	return true;
}

static void warn_unbounded(const struct field *metric, struct arena *arena,
                           struct kube_canary *canary)
{
	struct field range = field_member(metric, "thresholdRange");
	struct field threshold = field_member(metric, "threshold");
	struct field min = field_member(&range, "min");
	struct field max = field_member(&range, "max");

	if (range.json && !min.json && !max.json)
		kube_canary_warning_add(canary, arena, &range, "no bound: any value passes");
	else if (!range.json && !threshold.json)
		kube_canary_warning_add(
			canary, arena, metric,
			"no thresholdRange and no threshold: any success rate passes");
}

static bool check_add(const struct field *metric, enum metric_origin origin, struct arena *arena,
                      struct kube_canary *canary, struct err *err)
{
	struct canary_spec *spec = &canary->spec;
	struct kube_metric found = metric_of(metric->json, origin);
	struct check_spec check = {.kind = found.kind};

	if (!metric_has(metric->json, origin))
		return true;
	if (!bounds_read(metric, &check, err))
		return false;
	if (spec->n_checks == SPEC_CHECKS_MAX)
		return field_refuse(metric, err, ERR_LIMIT, "expected at most %d checks",
		                    SPEC_CHECKS_MAX);
	check.name = arena_text(arena, found.name);
	spec->checks[spec->n_checks++] = check;
	return true;
}

static bool checks_add(const struct field *metrics, enum metric_origin from, enum metric_origin to,
                       struct arena *arena, struct kube_canary *canary, struct err *err)
{
	for (size_t i = 0; i < json_array_size(metrics->json); i++) {
		struct field metric = field_element(metrics, i);

		for (enum metric_origin origin = from; origin <= to; origin++) {
			if (!check_add(&metric, origin, arena, canary, err))
				return false;
		}
	}
	return true;
}

bool kube_canary_metric_read(const struct field *analysis, struct arena *arena,
                             struct kube_canary *canary, struct err *err)
{
	struct field metrics = field_member(analysis, "metrics");
	size_t n_metrics;

	if (!kube_node_list(&metrics, METRICS_MAX, &n_metrics, err))
		return false;
	for (size_t i = 0; i < n_metrics; i++) {
		struct field metric = field_element(&metrics, i);

		if (!metric_check(&metric, err))
			return false;
		warn_unbounded(&metric, arena, canary);
	}
	return checks_add(&metrics, METRIC_BUILTIN, METRIC_INLINE, arena, canary, err) &&
	       checks_add(&metrics, METRIC_TEMPLATE, METRIC_TEMPLATE, arena, canary, err);
}

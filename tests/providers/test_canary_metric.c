/* Reading analysis.metrics and analysis.match of a Canary. */
#include "providers/kube/canary_metric.h"
#include "tests/providers/canary_rows.h"

#define MATCH(entries) \
 "{'spec': {'analysis': {'stepWeight': null, 'iterations': 4, 'match': " entries "}}}"

static void test_match_beyond_nginx(void **state)
{
	static const struct canary_row rows[] = {
		{"two headers in one entry",
	         MATCH("[{'headers': {'a': {'exact': '1'}, 'b': {'exact': '2'}}}]"),
	         "spec.analysis.match[0].headers: expected one header, got 2: provider nginx cannot ask for "
	         "several at once"},
		{"a header and a cookie in one entry",
	         MATCH("[{'headers': {'a': {'exact': '1'}, 'cookie': {'exact': '2'}}}]"),
	         "spec.analysis.match[0].headers: expected one header, got 2: provider nginx cannot ask for "
	         "several at once"},
		{"two headers in two entries",
	         MATCH("[{'headers': {'a': {'exact': '1'}}}, {'headers': {'b': {'exact': '2'}}}]"),
	         "spec.analysis.match[1].headers.b: a second header: provider nginx can match one header and "
	         "one cookie"},
		{"two cookies",
	         MATCH("[{'headers': {'cookie': {'exact': '1'}}}, {'headers': {'cookie': {'exact': '2'}}}]"),
	         "spec.analysis.match[1].headers.cookie: a second cookie: provider nginx can match one header "
	         "and one cookie"},
		{"prefix", MATCH("[{'headers': {'a': {'prefix': '1'}}}]"),
	         "spec.analysis.match[0].headers.a: expected exact or regex alone: provider nginx cannot match "
	         "a header otherwise"},
		{"suffix", MATCH("[{'headers': {'a': {'suffix': '1'}}}]"),
	         "spec.analysis.match[0].headers.a: expected exact or regex alone: provider nginx cannot match "
	         "a header otherwise"},
		{"exact and regex", MATCH("[{'headers': {'a': {'exact': '1', 'regex': '2'}}}]"),
	         "spec.analysis.match[0].headers.a: expected exact or regex alone: provider nginx cannot match "
	         "a header otherwise"},
		{"a pattern for a cookie", MATCH("[{'headers': {'cookie': {'regex': '^a'}}}]"),
	         "spec.analysis.match[0].headers.cookie: expected exact (the cookie's name) alone: provider "
	         "nginx cannot match a cookie otherwise"},
		{"sourceLabels", MATCH("[{'sourceLabels': {'app': 'x'}}]"),
	         "spec.analysis.match[0].sourceLabels: provider nginx cannot match it, expected headers"},
		{"queryParams", MATCH("[{'queryParams': {'q': {'exact': 'x'}}}]"),
	         "spec.analysis.match[0].queryParams: provider nginx cannot match it, expected headers"},
		{"no headers", MATCH("[{}]"),
	         "spec.analysis.match[0].headers: expected an object with one header, got nothing"},
		{"empty headers", MATCH("[{'headers': {}}]"),
	         "spec.analysis.match[0].headers: expected one header, got 0: provider nginx cannot ask for "
	         "several at once"},
		{"an entry that is a text", MATCH("['a']"),
	         "spec.analysis.match[0]: expected an object with headers, got \"a\""},
		{"match that is an object", MATCH("{'a': 1}"),
	         "spec.analysis.match: expected a list, got an object"},
		{"match without iterations",
	         "{'spec': {'analysis': {'match': [{'headers': {'a': {'exact': '1'}}}]}}}",
	         "spec.analysis.match: expected iterations above 0 beside it"},
	};
	CHECK_ROWS(rows);
}

#define METRICS(entries) "{'spec': {'analysis': {'metrics': " entries "}}}"

static void test_bounds(void **state)
{
	static const struct canary_row rows[] = {
		{"success rate: threshold is the least",
	         METRICS("[{'name': 'request-success-rate', 'threshold': 99}]"),
	         "= [request-success-rate:success min 99] "},
		{"success rate: range",
	         METRICS("[{'name': 'request-success-rate', 'thresholdRange': {'min': 99.5, 'max': 100}}]"),
	         "= [request-success-rate:success min 99.5 max 100] "},
		{"the range wins over the threshold",
	         METRICS("[{'name': 'request-success-rate', 'threshold': 5, 'thresholdRange': {'min': 99}}]"),
	         "= [request-success-rate:success min 99] "},
		{"duration: threshold is the greatest",
	         METRICS("[{'name': 'request-duration', 'threshold': 500}]"),
	         "= [request-duration:duration max 500] "},
		{"duration: whole milliseconds, like Flagger",
	         METRICS("[{'name': 'request-duration', 'thresholdRange': {'min': 1.9, 'max': 500.7}}]"),
	         "= [request-duration:duration min 1 max 500] "},
		{"inline: threshold is the greatest",
	         METRICS("[{'name': 'errors', 'threshold': 0.5, 'query': 'up'}]"),
	         "= [errors:value max 0.5] "},
		{"inline: an explicit 0 means at most 0",
	         METRICS("[{'name': 'errors', 'threshold': 0, 'query': 'up'}]"),
	         "= [errors:value max 0] "},
		{"template: range, fractions kept",
	         METRICS("[{'name': 'e', 'thresholdRange': {'max': 1.25}, 'templateRef': {'name': 't'}}]"),
	         "= [e:value max 1.25] "},
		{"negative bounds",
	         METRICS("[{'name': 'e', 'thresholdRange': {'min': -2}, 'templateRef': {'name': 't'}}]"),
	         "= [e:value min -2] "},
		{"builtin and inline in one entry are two checks",
	         METRICS("[{'name': 'request-success-rate', 'threshold': 9, 'query': 'up'}]"),
	         "= [request-success-rate:success min 9] [request-success-rate:value max 9] "},
		{"Flagger's order: templates last",
	         METRICS("[{'name': 't', 'threshold': 1, 'templateRef': {'name': 't'}}, "
	                 "{'name': 'request-duration', 'threshold': 2}, "
	                 "{'name': 'i', 'threshold': 3, 'query': 'up', 'templateRef': {'name': 'u'}}]"),
	         "= [request-duration:duration max 2] [i:value max 3] [t:value max 1] [i:value max 3] "},
		{"D_25_no_bound_is_refused", METRICS("[{'name': 'errors', 'query': 'up'}]"),
	         "spec.analysis.metrics[0]: expected thresholdRange or threshold, got neither: Flagger takes it "
	         "as \"at most 0\"; write threshold: 0 if that is meant"},
		{"D_25_no_bound_is_refused (duration)", METRICS("[{'name': 'request-duration'}]"),
	         "spec.analysis.metrics[0]: expected thresholdRange or threshold, got neither: Flagger takes it "
	         "as \"at most 0\"; write threshold: 0 if that is meant"},
		{"D_25_success_rate_without_a_bound_passes_like_Flagger",
	         METRICS("[{'name': 'request-success-rate'}]"),
	         "= [request-success-rate:success min 0] "},
		{"D_25_success_rate_without_a_bound_warns",
	         METRICS("[{'name': 'request-success-rate'}]"),
	         "!spec.analysis.metrics[0]: no thresholdRange and no threshold: any success rate passes"},
		{"D_25_an_empty_range_passes_like_Flagger",
	         METRICS("[{'name': 'e', 'query': 'up', 'thresholdRange': {}}]"), "= [e:value] "},
		{"D_25_an_empty_range_warns",
	         METRICS("[{'name': 'e', 'query': 'up', 'thresholdRange': {}}]"),
	         "!spec.analysis.metrics[0].thresholdRange: no bound: any value passes"},
		{"min above max",
	         METRICS("[{'name': 'e', 'query': 'up', 'thresholdRange': {'min': 2, 'max': 1}}]"),
	         "spec.analysis.metrics[0].thresholdRange: expected min below max, got min 2 and max 1: nothing "
	         "could pass"},
		{"a bound that is a text",
	         METRICS("[{'name': 'e', 'query': 'up', 'thresholdRange': {'min': '2'}}]"),
	         "spec.analysis.metrics[0].thresholdRange.min: expected a number, got \"2\""},
		{"a threshold that is a text",
	         METRICS("[{'name': 'e', 'query': 'up', 'threshold': '2'}]"),
	         "spec.analysis.metrics[0].threshold: expected a number, got \"2\""},
	};
	CHECK_ROWS(rows);
}

static void test_refused_metrics(void **state)
{
	static const struct canary_row rows[] = {
		{"no name", METRICS("[{'query': 'up', 'threshold': 1}]"),
	         "spec.analysis.metrics[0].name: expected a name, got nothing"},
		{"no question", METRICS("[{'name': 'a', 'threshold': 1}]"),
	         "spec.analysis.metrics[0]: expected a query, a templateRef or one of the names "
	         "request-success-rate and request-duration"},
		{"metrics that are an object", METRICS("{'a': 1}"),
	         "spec.analysis.metrics: expected a list, got an object"},
		{"a metric that is a number", METRICS("[5]"),
	         "spec.analysis.metrics[0]: expected an object with a name, got 5"},
		{"a template without a name",
	         METRICS("[{'name': 'a', 'threshold': 1, 'templateRef': {}}]"),
	         "spec.analysis.metrics[0].templateRef.name: expected the MetricTemplate's name, got nothing"},
		{"a template's name that is a path",
	         METRICS("[{'name': 'a', 'threshold': 1, 'templateRef': {'name': '../secrets'}}]"),
	         "spec.analysis.metrics[0].templateRef.name: expected a name (lower case letters, digits, - and "
	         ".), got \"../secrets\""},
		{"a template's namespace that is none",
	         METRICS("[{'name': 'a', 'threshold': 1, 'templateRef': {'name': 't', 'namespace': 'A'}}]"),
	         "spec.analysis.metrics[0].templateRef.namespace: expected a name (lower case letters, digits "
	         "and -), got \"A\""},
		{"an interval that is none",
	         METRICS("[{'name': 'a', 'threshold': 1, 'query': 'up', 'interval': '1m] or up'}]"),
	         "spec.analysis.metrics[0].interval: expected a duration like 30s or 1m, got \"1m] or up\""},
		{"an interval of 0",
	         METRICS("[{'name': 'a', 'threshold': 1, 'query': 'up', 'interval': '0s'}]"),
	         "spec.analysis.metrics[0].interval: expected a duration like 30s or 1m, got \"0s\""},
		{"variables that are no texts",
	         METRICS("[{'name': 'a', 'threshold': 1, 'query': 'up', 'templateVariables': {'x': 1}}]"),
	         "spec.analysis.metrics[0].templateVariables.x: expected a text, got 1"},
		{"noData of another word", "{'spec': {'analysis': {'noData': 'pass'}}}",
	         "spec.analysis.noData: expected hold or fail, got \"pass\""},
		{"an analysis that is a text", "{'spec': {'analysis': 'none'}}",
	         "spec.analysis: expected an object, got \"none\""},
	};
	CHECK_ROWS(rows);
}

static void D_24_every_check_has_a_window(void **state)
{
	json_t *object = merge_text(
		canary_rows_base,
		METRICS("[{'name': 'request-duration', 'threshold': 1, 'query': 'up', "
	                "'templateRef': {'name': 't'}}, {'name': 'e', 'threshold': 1, 'interval': '', "
	                "'templateRef': {'name': 't'}}]"));
	struct kube_metric metric = {0};
	size_t n_checks = 0;

	for (; kube_canary_metric_find(object, n_checks, &metric); n_checks++)
		assert_string_equal(metric.interval, "1m");
	assert_int_equal(n_checks, 4);
	json_decref(object);
}

static void test_metric_behind_a_check(void **state)
{
	json_t *object = merge_text(
		canary_rows_base,
		METRICS("[{'name': 't', 'threshold': 1, 'templateRef': {'name': 't', 'namespace': 'mon'},"
	                " 'templateVariables': {'a': 'b'}, 'interval': '2m'},"
	                " {'name': 'request-success-rate', 'threshold': 1, 'query': 'up'},"
	                " {'name': 'u', 'threshold': 1, 'templateRef': {'name': 'u'}}]"));
	struct kube_metric metric = {0};

	assert_true(kube_canary_metric_find(object, 0, &metric));
	assert_int_equal(metric.origin, METRIC_BUILTIN);
	assert_int_equal(metric.kind, CHECK_SUCCESS_RATE);
	assert_string_equal(metric.interval, "1m");
	assert_true(kube_canary_metric_find(object, 1, &metric));
	assert_int_equal(metric.origin, METRIC_INLINE);
	assert_int_equal(metric.kind, CHECK_VALUE);
	assert_string_equal(metric.query, "up");
	assert_true(kube_canary_metric_find(object, 2, &metric));
	assert_int_equal(metric.origin, METRIC_TEMPLATE);
	assert_string_equal(metric.name, "t");
	assert_string_equal(metric.interval, "2m");
	assert_string_equal(metric.template_name, "t");
	assert_string_equal(metric.template_namespace, "mon");
	assert_int_equal(json_object_size(metric.variables), 1);
	assert_true(kube_canary_metric_find(object, 3, &metric));
	assert_string_equal(metric.template_name, "u");
	assert_null(metric.template_namespace);
	assert_string_equal(metric.interval, "1m"); /* D-24: templates too */
	assert_null(metric.variables);
	assert_false(kube_canary_metric_find(object, 4, &metric));
	json_decref(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match_beyond_nginx),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_refused_metrics),
		cmocka_unit_test(D_24_every_check_has_a_window),
		cmocka_unit_test(test_metric_behind_a_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

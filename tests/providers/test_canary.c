/* Reading a Canary: each refusal with its exact text, each default, each warning, each limit. */
#include "tests/providers/canary_rows.h"
#include "tests/providers/mistakes.h"

#include <stdlib.h>
#include <string.h>

static void test_defaults(void **state)
{
	static const struct canary_row rows[] = {
		{"provider as written", "{}", "=provider=nginx "},
		{"provider: the option's", "{'spec': {'provider': null}}", "=provider=nginx "},
		{"provider: empty is the option's", "{'spec': {'provider': ''}}",
	         "=provider=nginx "},
		{"primary's name", "{}", "=target=cart primary=cart-primary "},
		{"Services are named after the target", "{}",
	         "=apex=cart,cart-primary,cart-canary "},
		{"or after service.name", "{'spec': {'service': {'name': 'basket'}}}",
	         "=apex=basket,basket-primary,basket-canary "},
		{"an empty service.name is none", "{'spec': {'service': {'name': ''}}}",
	         "=apex=cart,cart-primary,cart-canary "},
		{"ingress", "{}", "=ingress=storefront "},
		{"metrics server: the option's", "{}", "=server=http://prometheus:9090 "},
		{"metrics server", "{'spec': {'metricsServer': 'https://thanos/prom'}}",
	         "=server=https://thanos/prom "},
		{"stepWeight", "{}", "=canary provider="},
		{"stepWeight's number", "{}", "=step=10 max=100 iterations=0 "},
		{"maxWeight 0 is 100", "{'spec': {'analysis': {'maxWeight': 0}}}", "=max=100 "},
		{"maxWeight", "{'spec': {'analysis': {'maxWeight': 50}}}", "=max=50 "},
		{"interval", "{}", "=interval=30000ms "},
		{"interval 1m30s", "{'spec': {'analysis': {'interval': '1m30s'}}}",
	         "=interval=90000ms "},
		{"interval 1h", "{'spec': {'analysis': {'interval': '1h'}}}",
	         "=interval=3600000ms "},
		{"interval missing", "{'spec': {'analysis': {'interval': null}}}",
	         "=interval=60000ms "},
		{"interval unparsable", "{'spec': {'analysis': {'interval': '1mfoo'}}}",
	         "=interval=60000ms "},
		{"interval below 10s", "{'spec': {'analysis': {'interval': '1ms'}}}",
	         "=interval=10000ms "},
		{"interval negative", "{'spec': {'analysis': {'interval': '-5m'}}}",
	         "=interval=10000ms "},
		{"threshold", "{}", "=threshold=5 "},
		{"threshold 0 is 1", "{'spec': {'analysis': {'threshold': 0}}}", "=threshold=1 "},
		{"threshold below 0 is 1", "{'spec': {'analysis': {'threshold': -7}}}",
	         "=threshold=1 "},
		{"threshold missing is 1", "{'spec': {'analysis': {'threshold': null}}}",
	         "=threshold=1 "},
		{"a whole number written with a point",
	         "{'spec': {'analysis': {'threshold': 3.0}}}", "=threshold=3 "},
		{"progressDeadlineSeconds", "{}", "=deadline=600000ms "},
		{"progressDeadlineSeconds 60", "{'spec': {'progressDeadlineSeconds': 60}}",
	         "=deadline=60000ms "},
		{"ready thresholds", "{}", "=ready=100,100 "},
		{"ready thresholds given",
	         "{'spec': {'analysis': {'primaryReadyThreshold': 55, 'canaryReadyThreshold': 66}}}",
	         "=ready=55,66 "},
		{"suspend and skip", "{'spec': {'suspend': true, 'skipAnalysis': true}}",
	         "=ready=100,100 suspend skip "},
		{"neither", "{}", "=ready=100,100 steps= "},
		{"noData: hold", "{'spec': {'analysis': {'noData': 'hold'}}}",
	         "=ready=100,100 steps= "},
		{"noData: fail", "{'spec': {'analysis': {'noData': 'fail'}}}", "= no-data-fails "},
		{"unknown fields are ignored",
	         "{'spec': {'analysis': {'novel': {'x': 1}}, 'other': [1], 'service': {'hosts': ['a']}}}",
	         "=canary provider="},
		{"what is off is no refusal",
	         "{'spec': {'revertOnDeletion': false, 'analysis': {'webhooks': [], 'alerts': [], "
	         "'mirror': false, 'stepWeightPromotion': 0}}}",
	         "=canary provider="},
		{"the analysis' old name",
	         "{'spec': {'analysis': null, 'canaryAnalysis': {'interval': '1m', 'stepWeight': 7}}}",
	         "=step=7 max=100 "},
		{"targetPort: a number, a name, none",
	         "{'spec': {'service': {'targetPort': 8080}}}", "=canary provider="},
		{"targetPort: a name", "{'spec': {'service': {'targetPort': 'http-web'}}}",
	         "=canary provider="},
		{"targetPort 0 and \"0\" are none", "{'spec': {'service': {'targetPort': '0'}}}",
	         "=canary provider="},
	};
	CHECK_ROWS(rows);
}

static void test_strategies(void **state)
{
	static const struct canary_row rows[] = {
		{"iterations alone",
	         "{'spec': {'analysis': {'stepWeight': null, 'iterations': 4}}}",
	         "=blue-green provider=nginx"},
		{"iterations and match",
	         "{'spec': {'analysis': {'stepWeight': null, 'iterations': 4, 'match': [{'headers': "
	         "{'x-beta': {'exact': '1'}}}, {'headers': {'cookie': {'exact': 'beta'}}}]}}}",
	         "=ab provider=nginx"},
		{"a pattern for a header",
	         "{'spec': {'analysis': {'stepWeight': null, 'iterations': 4, 'match': [{'headers': "
	         "{'x-beta': {'regex': '^in.*'}}}]}}}",
	         "=ab provider=nginx"},
		{"iterations win over stepWeight", "{'spec': {'analysis': {'iterations': 4}}}",
	         "=blue-green provider=nginx"},
		{"stepWeights",
	         "{'spec': {'analysis': {'stepWeight': null, 'stepWeights': [1, 2, 80]}}}",
	         "=step=0 max=80 "},
		{"stepWeights' list",
	         "{'spec': {'analysis': {'stepWeight': null, 'stepWeights': [1, 2, 80]}}}",
	         "=steps=1,2,80, "},
		{"kubernetes: ten iterations", "{'spec': {'provider': 'kubernetes'}}",
	         "=iterations=10 "},
		{"kubernetes: blue/green", "{'spec': {'provider': 'kubernetes'}}",
	         "=blue-green provider=kubernetes "},
		{"kubernetes: says so", "{'spec': {'provider': 'kubernetes'}}",
	         "!spec.analysis.iterations: provider kubernetes cannot weigh traffic: 10 iterations are "
	         "used"},
		{"kubernetes: iterations as given",
	         "{'spec': {'provider': 'kubernetes', 'analysis': {'stepWeight': null, 'iterations': 3}}}",
	         "=iterations=3 "},
		{"kubernetes: needs no ingress",
	         "{'spec': {'provider': 'kubernetes', 'ingressRef': null}}", "=ingress=- "},
		{"kubernetes: match is ignored",
	         "{'spec': {'provider': 'kubernetes', 'analysis': {'iterations': 3, 'match': [{'headers': "
	         "{'a': {'prefix': 'x'}, 'b': {'exact': 'y'}}}]}}}",
	         "=blue-green provider=kubernetes "},
		{"kubernetes: with a warning",
	         "{'spec': {'provider': 'kubernetes', 'analysis': {'iterations': 3, 'match': [{'headers': "
	         "{'a': {'prefix': 'x'}}}]}}}",
	         "!spec.analysis.match: provider kubernetes cannot match requests: ignored"},
	};
	CHECK_ROWS(rows);
}

static void test_refused_names(void **state)
{
	static const struct canary_row rows[] = {
		{"no metadata", "{'metadata': null}",
	         "metadata.name: expected a name, got nothing"},
		{"no name", "{'metadata': {'name': null}}",
	         "metadata.name: expected a name, got nothing"},
		{"no namespace", "{'metadata': {'namespace': null}}",
	         "metadata.namespace: expected a name, got nothing"},
		{"a name that is none", "{'metadata': {'name': 'a/../b'}}",
	         "metadata.name: expected a name (lower case letters, digits, - and .), got \"a/../b\""},
		{"no spec", "{'spec': null}", "spec: expected an object, got nothing"},
		{"a spec that is a list", "{'spec': [1]}", "spec: expected an object, got a list"},
		{"a provider's beginning", "{'spec': {'provider': 'ngin'}}",
	         "spec.provider: " MISTAKES_PROVIDERS ", got \"ngin\""},
		{"a provider that is no text", "{'spec': {'provider': 7}}",
	         "spec.provider: expected a text, got 7"},
		{"no target", "{'spec': {'targetRef': null}}",
	         "spec.targetRef: expected an object with apiVersion, kind and name, got nothing"},
		{"a DaemonSet with an autoscaler",
	         "{'spec': {'targetRef': {'kind': 'DaemonSet'}, 'autoscalerRef': {'kind': "
	         "'HorizontalPodAutoscaler', 'name': 'a'}}}",
	         "spec.autoscalerRef: expected none: how many pods a DaemonSet has is for its nodes to "
	         "say"},
		{"no kind", "{'spec': {'targetRef': {'kind': null}}}",
	         "spec.targetRef.kind: expected Deployment, DaemonSet or Service (others are not served yet), got nothing"},
		{"no target name", "{'spec': {'targetRef': {'name': null}}}",
	         "spec.targetRef.name: expected the workload's name, got nothing"},
		{"a target name that is none", "{'spec': {'targetRef': {'name': '-cart'}}}",
	         "spec.targetRef.name: expected a name (lower case letters, digits, - and .), got \"-cart\""},
		{"a target name with a dot gives no Service name",
	         "{'spec': {'targetRef': {'name': 'a.b'}}}",
	         "spec.service.name: not set, so Services are named after the target: spec.targetRef.name: "
	         "expected a name (lower case letters, digits and -), got \"a.b\""},
	};
	CHECK_ROWS(rows);
}

static void test_refused_services(void **state)
{
	static const struct canary_row rows[] = {
		{"no service", "{'spec': {'service': null}}",
	         "spec.service: expected an object with a port, got nothing"},
		{"no port", "{'spec': {'service': {'port': null}}}",
	         "spec.service.port: expected a whole number from 1 to 65535, got nothing"},
		{"port 0", "{'spec': {'service': {'port': 0}}}",
	         "spec.service.port: expected a whole number from 1 to 65535, got 0"},
		{"port 65536", "{'spec': {'service': {'port': 65536}}}",
	         "spec.service.port: expected a whole number from 1 to 65535, got 65536"},
		{"a port that is a text", "{'spec': {'service': {'port': '80'}}}",
	         "spec.service.port: expected a whole number from 1 to 65535, got \"80\""},
		{"targetPort beyond", "{'spec': {'service': {'targetPort': 70000}}}",
	         "spec.service.targetPort: expected a whole number from 0 to 65535, got 70000"},
		{"targetPort: digits as a name", "{'spec': {'service': {'targetPort': '8080'}}}",
	         "spec.service.targetPort: expected a port's number or a name with a letter in it, got "
	         "\"8080\""},
		{"targetPort: a long name",
	         "{'spec': {'service': {'targetPort': 'abcdefghijklmnop'}}}",
	         "spec.service.targetPort: expected at most 15 characters, got 16"},
		{"service name with a capital", "{'spec': {'service': {'name': 'Cart'}}}",
	         "spec.service.name: expected a name (lower case letters, digits and -), got \"Cart\""},
		{"labels that are no texts",
	         "{'spec': {'service': {'apex': {'labels': {'a': 1}}}}}",
	         "spec.service.apex.labels.a: expected a text, got 1"},
		{"unmanaged keys that are no texts",
	         "{'spec': {'service': {'unmanagedMetadata': {'annotations': ['a', 2]}}}}",
	         "spec.service.unmanagedMetadata.annotations[1]: expected a text, got 2"},
		{"headless that is a text", "{'spec': {'service': {'headless': 'yes'}}}",
	         "spec.service.headless: expected true or false, got \"yes\""},
		{"nginx without an ingress", "{'spec': {'ingressRef': null}}",
	         "spec.ingressRef.name: expected the Ingress's name (provider nginx needs it), got nothing"},
		{"ingressRef of another kind", "{'spec': {'ingressRef': {'kind': 'HTTPRoute'}}}",
	         "spec.ingressRef.kind: expected Ingress, got \"HTTPRoute\""},
		{"a metrics server without a scheme",
	         "{'spec': {'metricsServer': 'prometheus:9090'}}",
	         "spec.metricsServer: expected a URL that begins with http:// or https://, got "
	         "\"prometheus:9090\""},
		{"suspend that is a text", "{'spec': {'suspend': 'true'}}",
	         "spec.suspend: expected true or false, got \"true\""},
		{"a deadline of 0", "{'spec': {'progressDeadlineSeconds': 0}}",
	         "spec.progressDeadlineSeconds: expected a whole number from 1 to 2147483647, got 0"},
		{"control characters are not shown", "{'spec': {'provider': 'a\\u001bb'}}",
	         "spec.provider: expected a text without control characters, got \"a?b\""},
		{"other alphabets are not shown", "{'spec': {'provider': 'istió'}}",
	         "spec.provider: " MISTAKES_PROVIDERS ", got \"isti??\""},
	};
	CHECK_ROWS(rows);
}

static void test_steps_back(void **state)
{
#define BACK(n) "{'spec': {'analysis': {'stepWeightPromotion': " n "}}}"
	static const struct canary_row rows[] = {
		{"none", BACK("0"), "= steps= "},
		{"below none", BACK("-5"), "= steps= "},
		{"some", BACK("50"), "= steps= back=50"},
		{"more than all", BACK("101"), "= steps= back=100"},
		{"more than all, said", BACK("101"),
	         "!spec.analysis.stepWeightPromotion: more than 100: 100 is used"},
		{"half a percent", BACK("0.5"),
	         "spec.analysis.stepWeightPromotion: expected a whole number from -2147483648 to "
	         "2147483647, got 0.5"},
		{"A/B has no share",
	         "{'spec': {'analysis': {'stepWeightPromotion': 20, 'stepWeight': null, 'iterations': 2, "
	         "'match': [{'headers': {'x': {'exact': '1'}}}]}}}",
	         "!spec.analysis.stepWeightPromotion: beside match: the matching requests go back at once"},
		{"kubernetes has no weights",
	         "{'spec': {'provider': 'kubernetes', 'analysis': {'stepWeightPromotion': 20, "
	         "'stepWeight': null, 'iterations': 2}}}",
	         "!spec.analysis.stepWeightPromotion: provider kubernetes cannot weigh traffic: ignored"},
	};
	CHECK_ROWS(rows);
#undef BACK
}

static void test_reverts_always(void **state)
{
	static const struct canary_row rows[] = {
		{"a text", "{'spec': {'revertOnDeletion': 'true'}}",
	         "spec.revertOnDeletion: expected true or false, got \"true\""},
	};
	CHECK_ROWS(rows);
}

/* What the provider cannot do is refused, not ignored: it would not end, or would not mirror. */
static void D_13_mirror_where_it_can_be(void **state)
{
	static const struct canary_row rows[] = {
		{"nginx", "{'spec': {'analysis': {'mirror': true}}}",
	         "spec.analysis.mirror: expected false: provider nginx cannot send copies of requests"},
		{"kubernetes", "{'spec': {'provider': 'kubernetes', 'analysis': {'mirror': true}}}",
	         "spec.analysis.mirror: expected false: provider kubernetes cannot send copies of requests"},
		{"A/B: the canary answers",
	         "{'spec': {'analysis': {'mirror': true, 'stepWeight': null, 'iterations': 2, 'match': [{"
	         "'headers': {'x': {'exact': '1'}}}]}}}",
	         "!spec.analysis.mirror: true beside match: the canary answers the matching requests, "
	         "nothing is mirrored"},
		{"mirrorWeight of more than all", "{'spec': {'analysis': {'mirrorWeight': 101}}}",
	         "spec.analysis.mirrorWeight: expected a whole number from 0 to 100, got 101"},
	};
	CHECK_ROWS(rows);
}

static void D_14_stepWeights_rise_from_1_to_100(void **state)
{
#define STEPS(list) "{'spec': {'analysis': {'stepWeight': null, 'stepWeights': " list "}}}"
	static const struct canary_row rows[] = {
		{"not rising", STEPS("[10, 5, 20]"),
	         "spec.analysis.stepWeights[1]: expected more than the 10 before it, got 5"},
		{"the same twice", STEPS("[10, 10, 20]"),
	         "spec.analysis.stepWeights[1]: expected more than the 10 before it, got 10"},
		{"0", STEPS("[0, 10]"),
	         "spec.analysis.stepWeights[0]: expected a whole number from 1 to 100, got 0"},
		{"beyond 100", STEPS("[1, 2, 10, 200]"),
	         "spec.analysis.stepWeights[3]: expected a whole number from 1 to 100, got 200"},
		{"null", STEPS("[1, null]"),
	         "spec.analysis.stepWeights[1]: expected a whole number from 1 to 100, got nothing"},
		{"a text", STEPS("[1, 'x']"),
	         "spec.analysis.stepWeights[1]: expected a whole number from 1 to 100, got \"x\""},
		{"no list", STEPS("10"), "spec.analysis.stepWeights: expected a list, got 10"},
		{"both", "{'spec': {'analysis': {'stepWeights': [1, 2]}}}",
	         "spec.analysis.stepWeight: expected stepWeight or stepWeights, got both"},
	};
	CHECK_ROWS(rows);
}

static void D_15_no_canary_that_never_advances(void **state)
{
	static const char never[] =
		"spec.analysis: expected stepWeight, stepWeights or iterations above 0, got none: the canary "
		"would never advance";
	static const struct canary_row rows[] = {
		{"stepWeight 0", "{'spec': {'analysis': {'stepWeight': 0}}}", never},
		{"nothing", "{'spec': {'analysis': {'stepWeight': null}}}", never},
		{"iterations 0", "{'spec': {'analysis': {'stepWeight': null, 'iterations': 0}}}",
	         never},
		{"no steps", "{'spec': {'analysis': {'stepWeight': null, 'stepWeights': []}}}",
	         never},
		{"stepWeight below 0", "{'spec': {'analysis': {'stepWeight': -5}}}",
	         "spec.analysis.stepWeight: expected a whole number from 0 to 2147483647, got -5"},
		{"maxWeight 150", "{'spec': {'analysis': {'maxWeight': 150}}}", "=max=100 "},
		{"maxWeight 150 warns", "{'spec': {'analysis': {'maxWeight': 150}}}",
	         "!spec.analysis.maxWeight: more than 100: 100 is used"},
		{"stepWeight 150", "{'spec': {'analysis': {'stepWeight': 150}}}", "=step=100 "},
		{"maxWeight below 0 is 100", "{'spec': {'analysis': {'maxWeight': -1}}}",
	         "=max=100 "},
	};
	CHECK_ROWS(rows);
}

static void D_28_no_analysis_is_skipAnalysis(void **state)
{
	static const struct canary_row rows[] = {
		{"absent", "{'spec': {'analysis': null}}",
	         "=canary provider=nginx target=cart primary=cart-primary apex=cart,cart-primary,cart-canary "
	         "ingress=storefront server=http://prometheus:9090 step=0 max=100 iterations=0 threshold=1 "
	         "interval=60000ms deadline=600000ms ready=100,100 skip steps= "},
	};
	CHECK_ROWS(rows);
}

static void D_40_fractions_refuse_one_object_with_the_path(void **state)
{
	static const struct canary_row rows[] = {
		{"stepWeight", "{'spec': {'analysis': {'stepWeight': 12.5}}}",
	         "spec.analysis.stepWeight: expected a whole number from 0 to 2147483647, got 12.5"},
		{"stepWeights", STEPS("[1, 12.5]"),
	         "spec.analysis.stepWeights[1]: expected a whole number from 1 to 100, got 12.5"},
		{"maxWeight", "{'spec': {'analysis': {'maxWeight': 1e308}}}",
	         "spec.analysis.maxWeight: expected a whole number from -2147483648 to 2147483647, got 1e+308"},
		{"threshold", "{'spec': {'analysis': {'threshold': 1.5}}}",
	         "spec.analysis.threshold: expected a whole number from -2147483648 to 2147483647, got 1.5"},
		{"iterations", "{'spec': {'analysis': {'iterations': 0.5}}}",
	         "spec.analysis.iterations: expected a whole number from 0 to 2147483647, got 0.5"},
		{"port", "{'spec': {'service': {'port': 80.5}}}",
	         "spec.service.port: expected a whole number from 1 to 65535, got 80.5"},
		{"progressDeadlineSeconds", "{'spec': {'progressDeadlineSeconds': 0.1}}",
	         "spec.progressDeadlineSeconds: expected a whole number from 1 to 2147483647, got 0.1"},
		{"primaryReadyThreshold", "{'spec': {'analysis': {'primaryReadyThreshold': 99.9}}}",
	         "spec.analysis.primaryReadyThreshold: expected a whole number from 0 to 100, got 99.9"},
		{"a number wider than int", "{'spec': {'analysis': {'iterations': 4294967297}}}",
	         "spec.analysis.iterations: expected a whole number from 0 to 2147483647, got 4294967297"},
	};
	CHECK_ROWS(rows);
}

static void D_47_ready_thresholds_need_a_pod(void **state)
{
	static const struct canary_row rows[] = {
		{"0 is 1", "{'spec': {'analysis': {'canaryReadyThreshold': 0}}}", "=ready=100,1 "},
		{"0 warns", "{'spec': {'analysis': {'canaryReadyThreshold': 0}}}",
	         "!spec.analysis.canaryReadyThreshold: 0: one pod must be ready all the same"},
		{"beyond 100", "{'spec': {'analysis': {'canaryReadyThreshold': 101}}}",
	         "spec.analysis.canaryReadyThreshold: expected a whole number from 0 to 100, got 101"},
		{"interval unparsable warns", "{'spec': {'analysis': {'interval': 'soon'}}}",
	         "!spec.analysis.interval: not a duration like 30s or 1m: 60s is used"},
		{"interval missing warns", "{'spec': {'analysis': {'interval': null}}}",
	         "!spec.analysis.interval: not set: 60s is used"},
		{"interval short warns", "{'spec': {'analysis': {'interval': '5s'}}}",
	         "!spec.analysis.interval: shorter than 10s: 10s is used"},
	};
	CHECK_ROWS(rows);
}

/* Every read checks everything, and a refused one leaves the last valid spec as it was. */
static void D_29_an_edit_to_an_invalid_spec_is_refused(void **state)
{
	struct arena arena = {0};
	struct kube_canary canary = {0};
	struct err err = {0};
	json_t *valid = merge_text(canary_rows_base, "{}");
	json_t *edited =
		merge_text(canary_rows_base,
	                   "{'spec': {'service': {'port': 81}, 'analysis': {'threshold': 9, "
	                   "'metrics': [{'name': 'a'}]}}}");
	const char *before;

	assert_true(kube_canary_read(valid, &canary_rows_options, &arena, &canary, &err));
	before = canary_rows_describe(&canary, &arena);
	assert_false(kube_canary_read(edited, &canary_rows_options, &arena, &canary, &err));
	assert_string_equal(canary_rows_describe(&canary, &arena), before);
	json_decref(edited);
	json_decref(valid);
	arena_fini(&arena);
}

/* An array of N times ELEMENT. */
static json_t *many(size_t n, const char *element)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, merge_text(element, "{}"));
	return list;
}

/* The base with spec.analysis.KEY = VALUE, which is taken. */
static json_t *with_analysis(const char *key, json_t *value)
{
	json_t *object = merge_text(
		canary_rows_base, "{'spec': {'analysis': {'stepWeight': null, 'iterations': 5}}}");
	json_t *analysis = json_object_get(json_object_get(object, "spec"), "analysis");

	json_object_set_new(analysis, key, value);
	return object;
}

/* OBJECT, which is taken, is refused with ERR_LIMIT and WANT. */
static void limit_check(json_t *object, const char *want)
{
	struct arena arena = {0};
	struct kube_canary canary = {0};
	struct err err = {0};

	assert_false(kube_canary_read(object, &canary_rows_options, &arena, &canary, &err));
	assert_string_equal(err.text, want);
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_null(canary.spec.name);
	json_decref(object);
	arena_fini(&arena);
}

static json_t *text_of_length(size_t length)
{
	char *text = test_malloc(length);
	json_t *json;

	memset(text, 'a', length);
	json = json_stringn(text, length);
	test_free(text);
	return json;
}

static void test_limits(void **state)
{
	json_t *object = merge_text(canary_rows_base, "{}");
	json_t *annotations = json_object();

	limit_check(with_analysis("stepWeights", many(100000, "1")),
	            "spec.analysis.stepWeights: expected at most 100 elements, got 100000");
	limit_check(with_analysis("metrics",
	                          many(33, "{'name': 'request-duration', 'threshold': 1}")),
	            "spec.analysis.metrics: expected at most 32 elements, got 33");
	limit_check(with_analysis("metrics", many(17,
	                                          "{'name': 'request-duration', 'threshold': 1, "
	                                          "'query': 'up'}")),
	            "spec.analysis.metrics[16]: expected at most 32 checks");
	limit_check(with_analysis("interval", text_of_length(65)),
	            "spec.analysis.interval: expected at most 64 characters, got 65");
	json_object_set_new(annotations, "note", text_of_length(3000000));
	json_object_set_new(json_object_get(object, "metadata"), "annotations", annotations);
	limit_check(object, "expected a Canary of at most 1048576 bytes, got 3000420");
}

static void test_name_limits(void **state)
{
	static const struct {
		const char *patch;
		const char *want;
	} rows[] = {
		{"{'metadata': {'name': 'aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff1234'}}",
	         "metadata.name: expected at most 63 characters, got 64"},
		{"{'spec': {'service': {'name': 'aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee123456'}}}",
	         "spec.service.name: expected at most 55 characters, got 56"},
		{"{'spec': {'targetRef': {'name': 'aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee123456'}}}",
	         "spec.service.name: not set, so Services are named after the target: spec.targetRef.name: "
	         "expected at most 55 characters, got 56"},
	};
	struct canary_row longest = {
		"a Service name of 63 with its suffix",
		"{'spec': {'service': {'name': 'aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee12345'}}}",
		"=apex=aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee12345,"
		"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee12345-primary,",
	};

	for (size_t i = 0; i < array_length(rows); i++)
		limit_check(merge_text(canary_rows_base, rows[i].patch), rows[i].want);
	canary_rows_check(&longest);
}

static void test_the_default_provider_may_be_unserved(void **state)
{
	const struct provider_options contour = {.default_provider = "contour"};
	struct arena arena = {0};
	struct kube_canary canary = {0};
	struct err err = {0};
	json_t *object = merge_text(canary_rows_base, "{'spec': {'provider': null}}");

	assert_false(kube_canary_read(object, &contour, &arena, &canary, &err));
	assert_string_equal(err.text,
	                    "spec.provider: " MISTAKES_PROVIDERS ", got the default \"contour\"");
	assert_int_equal(err.kind, ERR_INVALID);
	json_decref(object);
	arena_fini(&arena);
}

static void test_head_of_an_invalid_object(void **state)
{
	struct arena arena = {0};
	struct kube_canary_head head = {0};
	struct err err = {0};
	json_t *object = merge_text(
		canary_rows_base,
		"{'metadata': {'deletionTimestamp': '2026-11-21T04:45:00Z', 'resourceVersion': '77'},"
		" 'spec': 'nonsense', 'status': {'phase': 'Progressing', 'canaryWeight': 20,"
		" 'conditions': [{'type': 'Ready', 'status': 'False', 'reason': 'InvalidSpec',"
		" 'message': 'spec: no'}]}}");

	assert_true(kube_canary_head_read(object, &arena, &head, &err));
	json_decref(object);
	assert_string_equal(head.name, "cart");
	assert_string_equal(head.k8s_namespace, "shop");
	assert_string_equal(head.uid, "u-1");
	assert_string_equal(head.resource_version, "77");
	assert_int_equal(head.generation, 3);
	assert_true(head.is_deleted);
	assert_string_equal(head.mirror.phase, "Progressing");
	assert_int_equal(head.mirror.weight, 20);
	assert_true(head.mirror.has_refusal);
	assert_string_equal(head.mirror.refusal, "spec: no");
	assert_string_equal(head.mirror.refusal_reason, "InvalidSpec");
	arena_fini(&arena);
}

static void test_head_refuses_what_is_no_object(void **state)
{
	struct arena arena = {0};
	struct kube_canary_head head = {0};
	struct err err = {0};
	json_t *list = json_array();

	assert_false(kube_canary_head_read(list, &arena, &head, &err));
	assert_string_equal(err.text, "expected a Canary, got a list");
	assert_false(kube_canary_head_read(NULL, &arena, &head, &err));
	assert_string_equal(err.text, "expected a Canary, got nothing");
	json_decref(list);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_strategies),
		cmocka_unit_test(test_refused_names),
		cmocka_unit_test(test_refused_services),
		cmocka_unit_test(test_steps_back),
		cmocka_unit_test(test_reverts_always),
		cmocka_unit_test(D_13_mirror_where_it_can_be),
		cmocka_unit_test(D_14_stepWeights_rise_from_1_to_100),
		cmocka_unit_test(D_15_no_canary_that_never_advances),
		cmocka_unit_test(D_28_no_analysis_is_skipAnalysis),
		cmocka_unit_test(D_29_an_edit_to_an_invalid_spec_is_refused),
		cmocka_unit_test(D_40_fractions_refuse_one_object_with_the_path),
		cmocka_unit_test(D_47_ready_thresholds_need_a_pod),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_name_limits),
		cmocka_unit_test(test_the_default_provider_may_be_unserved),
		cmocka_unit_test(test_head_of_an_invalid_object),
		cmocka_unit_test(test_head_refuses_what_is_no_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

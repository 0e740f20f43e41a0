/* A Canary with provider istio: what is refused, and with which path. */
#include "tests/providers/canary_rows.h"

#define ISTIO(rest)   "{'spec': {'provider': 'istio', 'ingressRef': null, " rest "}}"
#define SERVICE(rest) ISTIO("'service': {'port': 80, " rest "}")
#define AB(match)     ISTIO("'analysis': {'stepWeight': null, 'iterations': 3, 'match': [" match "]}")
#define BETA          "{'headers': {'x-beta': {'exact': '1'}}}"

static void test_taken(void **state)
{
	static const struct canary_row rows[] = {
		{"the least", ISTIO("'service': {'port': 80}"), "=canary provider=istio"},
		{"everything",
	         SERVICE("'hosts': ['a.example', '*'], 'gateways': ['ns/gw', 'mesh'], 'match': [{'uri': {'prefix': '/a'},"
	                 " 'headers': {'x': {'regex': '^a.*'}, 'y': {}}, 'withoutHeaders': {'z': {'exact': 'b'}}, 'port': 80,"
	                 " 'sourceLabels': {'a': 'b'}, 'gateways': ['mesh'], 'ignoreUriCase': true}], 'rewrite': {'uri': '/'},"
	                 " 'retries': {'attempts': 3}, 'timeout': '5s', 'headers': {'request': {'set': {'a': 'b'}}}, 'corsPolicy':"
	                 " {'allowMethods': ['GET']}, 'trafficPolicy': {'tls': {'mode': 'DISABLE'}}, 'delegation': false"),
	         "=canary provider=istio"},
		{"a delegate", SERVICE("'delegation': true, 'hosts': []"), "=canary"},
		{"TCP", SERVICE("'appProtocol': 'TCP', 'match': [{'port': 1}]"), "=canary"},
		{"copies", ISTIO("'analysis': {'mirror': true, 'mirrorWeight': 30}"), "=canary"},
		{"A/B",
	         AB(BETA
	            ", {'headers': {'cookie': {'regex': '^(.*;\\\\s*)?canary=always(;.*)?$'}}}, {'queryParams': {'v':"
	            " {'exact': '2'}}}, {'sourceLabels': {'app': 'web'}}"),
	         "=ab provider=istio"},
	};

	CHECK_ROWS(rows);
}

static void test_refused(void **state)
{
	static const struct canary_row rows[] = {
		{"a delegate with hosts", SERVICE("'delegation': true, 'hosts': ['a']"),
	         "spec.service.delegation: expected neither hosts nor gateways beside true: the VirtualService that delegates has"
	         " them"},
		{"a delegate with gateways", SERVICE("'delegation': true, 'gateways': ['a']"),
	         "spec.service.delegation: expected neither hosts nor gateways beside true: the VirtualService that delegates has"
	         " them"},
		{"hosts that are no list", SERVICE("'hosts': 'a'"),
	         "spec.service.hosts: expected a list, got \"a\""},
		{"a host that is no text", SERVICE("'gateways': [7]"),
	         "spec.service.gateways[0]: expected a text, got 7"},
		{"two kinds of match", SERVICE("'match': [{'uri': {'prefix': '/', 'exact': '/'}}]"),
	         "spec.service.match[0].uri: expected one of exact, prefix and regex"},
		{"a regex that RE2 has not",
	         SERVICE("'match': [{'headers': {'x': {'regex': '^(?!a)'}}}]"),
	         "spec.service.match[0].headers.x.regex: a lookahead (?! is unknown to RE2, which Istio matches with"},
		{"a policy that is no object", SERVICE("'trafficPolicy': []"),
	         "spec.service.trafficPolicy: expected an object, got a list"},
		{"a timeout that is a number", SERVICE("'timeout': 5"),
	         "spec.service.timeout: expected a text, got 5"},
		/* Istio would drop it, and take every request that has the header */
		{"suffix", AB("{'headers': {'x': {'suffix': '.com'}}}"),
	         "spec.analysis.match[0].headers.x.suffix: Istio has no such match, expected regex, like .*.com"},
		/* traffic-providers.md 9, defects 3 and 4: never widened */
		{"an entry that takes all", AB(BETA ", {}"),
	         "spec.analysis.match[1]: expected headers, queryParams or sourceLabels, and nothing else, that tell the requests"
	         " for the canary"},
		{"an entry that takes all in words", AB("{'headers': {}}"),
	         "spec.analysis.match[0]: expected headers, queryParams or sourceLabels, and nothing else, that tell the requests"
	         " for the canary"},
		{"a condition that Flagger prunes",
	         AB("{'headers': {'x': {'exact': '1'}}, 'uri': {'prefix': '/'}}"),
	         "spec.analysis.match[0]: expected headers, queryParams or sourceLabels, and nothing else, that tell the requests"
	         " for the canary"},
		{"no more than the rule asks",
	         ISTIO("'service': {'port': 80, 'match': [{'uri': {'prefix': '/a'}}, {'headers': {'x-beta': {'exact': '1'}, 'b':"
	               " {'exact': 'c'}}}]}, 'analysis': {'stepWeight': null, 'iterations': 1, 'match': [" BETA
	               "]}"),
	         "spec.analysis.match[0]: it is no more than spec.service.match[1] asks: all requests would go to the canary"},
		/* Istio looks at either, never at both */
		{"source labels beside gateways",
	         ISTIO("'service': {'port': 80, 'match': [{'gateways': ['mesh']}]}, 'analysis': {'stepWeight': null, 'iterations':"
	               " 1, 'match': [{'sourceLabels': {'app': 'a'}}]}"),
	         "spec.analysis.match[0].sourceLabels: Istio does not look at it where spec.service.match[0].gateways is set: all"
	         " requests would go to the canary"},
		{"TCP has no headers",
	         ISTIO("'service': {'port': 80, 'appProtocol': 'tcp'}, 'analysis': {'stepWeight': null, 'iterations': 1, 'match': [" BETA
	               "]}"),
	         "spec.analysis.match: expected none: TCP has no headers to match"},
		{"TCP has no copies",
	         ISTIO("'service': {'port': 80, 'appProtocol': 'tcp'}, 'analysis': {'mirror': true}"),
	         "spec.analysis.mirror: expected false: Istio does not mirror TCP"},
		{"copies of 101 of 100", ISTIO("'analysis': {'mirrorWeight': 101}"),
	         "spec.analysis.mirrorWeight: expected a whole number from 0 to 100, got 101"},
	};

	CHECK_ROWS(rows);
}

static void test_limits(void **state)
{
	static const struct {
		const char *key;
		const char *want;
	} rows[] = {
		{"hosts", "spec.service.hosts: expected at most 32 elements, got 33"},
		{"match", "spec.service.match: expected at most 32 elements, got 33"},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct arena arena = {0};
		struct kube_canary canary = {0};
		struct err err = {0};
		json_t *object = merge_text(canary_rows_base, ISTIO("'service': {'port': 80}"));
		json_t *list = json_array();

		for (int j = 0; j < 33; j++)
			json_array_append_new(list, i == 0 ? json_string("a") : json_object());
		json_object_set_new(json_object_get(json_object_get(object, "spec"), "service"),
		                    rows[i].key, list);
		assert_false(kube_canary_read(object, &canary_rows_options, &arena, &canary, &err));
		assert_string_equal(err.text, rows[i].want);
		assert_int_equal(err.kind, ERR_LIMIT);
		json_decref(object);
		arena_fini(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

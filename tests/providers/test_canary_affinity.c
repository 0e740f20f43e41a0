/* spec.analysis.sessionAffinity of a Canary: what it means, and what is refused of it. */
#include "tests/providers/canary_rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define STICKY(affinity, more)                              \
 "{'spec': {'provider': 'istio', 'ingressRef': null, " more \
 " 'analysis': {'sessionAffinity': " affinity "}}}"
#define STICKY_PATH "spec.analysis.sessionAffinity"

static void D_43_session_affinity(void **state)
{
	static const struct canary_row rows[] = {
		{"a name", STICKY("{'cookieName': 'c'}", ""), "= sticky=c,- "},
		{"both, and attributes",
	         STICKY("{'cookieName': 'a.b', 'primaryCookieName': 'p', 'maxAge': 60, 'domain': 'x.example', 'path': "
	                "'/a', 'sameSite': 'Lax', 'httpOnly': true, 'partitioned': false, 'secure': true}",
	                ""),
	         "= sticky=a.b,p "},
		{"an empty name of the primary's",
	         STICKY("{'cookieName': 'c', 'primaryCookieName': ''}", ""), "= sticky=c,- "},
		{"null", STICKY("null", ""), "= steps= "},
		{"no object", STICKY("'c'", ""),
	         STICKY_PATH ": expected an object with cookieName, got \"c\""},
		{"no name", STICKY("{}", ""),
	         STICKY_PATH ".cookieName: expected a cookie's name, got nothing"},
		{"a name that is none", STICKY("{'cookieName': 'a b'}", ""),
	         STICKY_PATH
	         ".cookieName: expected a cookie's name (no blanks, no ; , = or quotes), got \"a b\""},
		{"a name with =", STICKY("{'cookieName': 'a=b'}", ""),
	         STICKY_PATH
	         ".cookieName: expected a cookie's name (no blanks, no ; , = or quotes), got \"a=b\""},
		{"a long name",
	         STICKY("{'cookieName': '12345678901234567890123456789012345678901234567890123456789012345'}",
	                ""),
	         STICKY_PATH ".cookieName: expected at most 64 characters, got 65"},
		{"one name twice", STICKY("{'cookieName': 'c', 'primaryCookieName': 'c'}", ""),
	         STICKY_PATH
	         ".primaryCookieName: expected another name than cookieName, got \"c\" twice"},
		{"an age below 0", STICKY("{'cookieName': 'c', 'maxAge': -1}", ""),
	         STICKY_PATH ".maxAge: expected a whole number from 0 to 2147483647, got -1"},
		{"a path that ends the attribute",
	         STICKY("{'cookieName': 'c', 'path': '/; Secure'}", ""),
	         STICKY_PATH
	         ".path: expected printable characters without blanks, ; and ,, got \"/; Secure\""},
		{"sameSite", STICKY("{'cookieName': 'c', 'sameSite': 'Some'}", ""),
	         STICKY_PATH ".sameSite: expected Strict, Lax or None, got \"Some\""},
		{"secure that is a text", STICKY("{'cookieName': 'c', 'secure': 'yes'}", ""),
	         STICKY_PATH ".secure: expected true or false, got \"yes\""},
		{"what browsers drop", STICKY("{'cookieName': 'c', 'sameSite': 'None'}", ""),
	         "!" STICKY_PATH ".sameSite: None without secure: browsers drop such a cookie"},
		{"beside iterations",
	         "{'spec': {'provider': 'istio', 'ingressRef': null, 'analysis': {'stepWeight': null, 'iterations': 2, "
	         "'sessionAffinity': {'cookieName': 'c'}}}}",
	         "!" STICKY_PATH
	         ": beside iterations: no share of the clients is sent to the canary: ignored"},
		{"beside match",
	         "{'spec': {'provider': 'istio', 'ingressRef': null, 'analysis': {'stepWeight': null, 'iterations': 2, "
	         "'match': [{'headers': {'x': {'exact': '1'}}}], 'sessionAffinity': {'cookieName': 'c'}}}}",
	         "!" STICKY_PATH
	         ": beside match: what a request asks decides, not where it was before: ignored"},
		{"nginx", "{'spec': {'analysis': {'sessionAffinity': {'cookieName': 'c'}}}}",
	         STICKY_PATH ": expected none: provider nginx cannot keep clients by cookies"},
		{"linkerd",
	         "{'spec': {'provider': 'linkerd', 'ingressRef': null, 'analysis': {'sessionAffinity': {'cookieName': 'c'}}}}",
	         STICKY_PATH ": expected none: provider linkerd cannot keep clients by cookies"},
		{"TCP", STICKY("{'cookieName': 'c'}", "'service': {'appProtocol': 'TCP'},"),
	         STICKY_PATH ": expected none: TCP has no cookies (spec.service.appProtocol)"},
		{"a service that looks at cookies",
	         STICKY("{'cookieName': 'c'}",
	                "'service': {'match': [{'headers': {'cookie': {'regex': 'x'}}}]},"),
	         "spec.service.match[0].headers.cookie: expected none beside analysis.sessionAffinity, which matches the "
	         "same header"},
		{"a GRPCRoute",
	         "{'spec': {'provider': 'gatewayapi', 'ingressRef': null, 'routeRef': {'kind': 'GRPCRoute', 'name': 'r'}, "
	         "'analysis': {'sessionAffinity': {'cookieName': 'c'}}}}",
	         STICKY_PATH ": expected none: clients of a GRPCRoute keep no cookies"},
		{"gatewayapi",
	         "{'spec': {'provider': 'gatewayapi', 'ingressRef': null, 'service': {'gatewayRefs': [{'name': 'g'}]}, "
	         "'analysis': {'sessionAffinity': {'cookieName': 'c'}}}}",
	         "= sticky=c,- "},
	};
	CHECK_ROWS(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(D_43_session_affinity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

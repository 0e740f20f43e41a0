/* What of Flagger's is not served is refused by name, and never taken for something else. */
#include "tests/providers/canary_rows.h"
#include "tests/providers/mistakes.h"

#include <stddef.h>

#define PROVIDER(name)                                              \
 {                                                                  \
  name, "{'spec': {'provider': '" name "'}}",                       \
	  "spec.provider: " MISTAKES_PROVIDERS ", got \"" name "\"" \
 }

/* Flagger asks them with Istio's queries, or by the target's name. */
static void D_33_other_providers_are_not_istio(void **state)
{
	static const struct canary_row rows[] = {
		PROVIDER("appmesh"),   PROVIDER("contour"),       PROVIDER("gloo"),
		PROVIDER("kuma"),      PROVIDER("apisix"),        PROVIDER("traefik"),
		PROVIDER("skipper"),   PROVIDER("knative"),       PROVIDER("smi:istio"),
		PROVIDER("crossover"), PROVIDER("istio:service"),
	};

	CHECK_ROWS(rows);
}

/* A Service cannot be copied with its cluster addresses, and Knative's are another world. */
static void D_37_D_38_a_service_is_no_target(void **state)
{
	static const struct canary_row rows[] = {
		{"a Service", "{'spec': {'targetRef': {'apiVersion': 'v1', 'kind': 'Service'}}}",
	         "spec.targetRef.kind: expected Deployment or DaemonSet (others are not served "
	         "yet), got \"Service\""},
		{"Knative's",
	         "{'spec': {'targetRef': {'apiVersion': 'serving.knative.dev/v1', 'kind': 'Service'}}}",
	         "spec.targetRef.kind: expected Deployment or DaemonSet (others are not served "
	         "yet), got \"Service\""},
	};

	CHECK_ROWS(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(D_33_other_providers_are_not_istio),
		cmocka_unit_test(D_37_D_38_a_service_is_no_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

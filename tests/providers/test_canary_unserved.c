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

/* Knative's are another world, and so is a kind that Flagger takes for a Deployment. */
static void D_38_knative_is_no_target(void **state)
{
	static const struct canary_row rows[] = {
		{"Knative's",
	         "{'spec': {'provider': 'istio', 'targetRef': {'apiVersion': "
	         "'serving.knative.dev/v1', 'kind': 'Service'}}}",
	         "spec.targetRef.apiVersion: expected v1 (Knative Services are not served yet), got "
	         "\"serving.knative.dev/v1\""},
		{"an unknown kind", "{'spec': {'targetRef': {'kind': 'StatefulSet'}}}",
	         "spec.targetRef.kind: expected Deployment, DaemonSet or Service (others are not "
	         "served yet), got \"StatefulSet\""},
	};

	CHECK_ROWS(rows);
}

/* A Service is the apex: where the route leads to it, or there is none, its clients get what nobody
 * analysed; the Services that routes name are called after the apex. */
static void D_37_a_service_needs_a_route_past_it(void **state)
{
	static const struct canary_row rows[] = {
		{"on kubernetes",
	         "{'spec': {'provider': 'kubernetes', 'targetRef': {'apiVersion': 'v1', 'kind': "
	         "'Service'}}}",
	         "spec.provider: expected one whose routes lead to the primary's Service, since the "
	         "target is a Service, got \"kubernetes\""},
		{"on nginx", "{'spec': {'targetRef': {'apiVersion': 'v1', 'kind': 'Service'}}}",
	         "spec.provider: expected one whose routes lead to the primary's Service, since the "
	         "target is a Service, got \"nginx\""},
		{"of another name",
	         "{'spec': {'provider': 'istio', 'targetRef': {'apiVersion': 'v1', 'kind': "
	         "'Service'}, 'service': {'name': 'shop'}}}",
	         "spec.service.name: expected the target's, \"cart\", since it is a Service, got "
	         "\"shop\""},
		{"with an autoscaler",
	         "{'spec': {'provider': 'istio', 'targetRef': {'apiVersion': 'v1', 'kind': "
	         "'Service'}, 'autoscalerRef': {'kind': 'HorizontalPodAutoscaler', 'name': 'a'}}}",
	         "spec.autoscalerRef: expected none: a Service has no pods"},
	};

	CHECK_ROWS(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(D_33_other_providers_are_not_istio),
		cmocka_unit_test(D_38_knative_is_no_target),
		cmocka_unit_test(D_37_a_service_needs_a_route_past_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

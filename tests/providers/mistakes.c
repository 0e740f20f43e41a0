#include "tests/providers/mistakes.h"

#include "analysis/base/compiler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char mistakes_base[] =
	"apiVersion: flagger.app/v1beta1\n"
	"kind: Canary\n"
	"metadata:\n"
	"  name: cart\n"
	"  namespace: shop\n"
	"spec:\n"
	"  provider: nginx\n"
	"  progressDeadlineSeconds: 60\n"
	"  targetRef:\n"
	"    apiVersion: apps/v1\n"
	"    kind: Deployment\n"
	"    name: cart\n"
	"  ingressRef:\n"
	"    apiVersion: networking.k8s.io/v1\n"
	"    kind: Ingress\n"
	"    name: storefront\n"
	"  service:\n"
	"    port: 80\n"
	"    targetPort: http\n"
	"  analysis:\n"
	"    interval: 30s\n"
	"    threshold: 5\n"
	"    stepWeight: 10\n"
	"    maxWeight: 50\n"
	"    metrics:\n"
	"    - name: request-success-rate\n"
	"      thresholdRange:\n"
	"        min: 99\n"
	"      interval: 1m\n"
	"    - name: latency\n"
	"      query: histogram_quantile(0.99, sum(rate(x[1m])) by (le))\n"
	"      thresholdRange:\n"
	"        max: 0.5\n";

#define STEP "    stepWeight: 10\n"
#define AB   "    iterations: 10\n    match:\n"

const struct mistake mistakes_table[] = {
	{"provider: nginx", "provider: ngnix", 7, 13,
         "spec.provider: " MISTAKES_PROVIDERS ", got \"ngnix\""},
	{"provider: nginx", "provider: contour", 7, 13,
         "spec.provider: " MISTAKES_PROVIDERS ", got \"contour\""},
	{"provider: nginx", "provider: 7", 7, 13, "spec.provider: expected a text, got 7"},
	{"Seconds: 60", "Seconds: 0", 8, 28,
         "spec.progressDeadlineSeconds: expected a whole number from 1 to 2147483647, got 0"},
	{"Seconds: 60", "Seconds: 1m", 8, 28,
         "spec.progressDeadlineSeconds: expected a whole number from 1 to 2147483647, got \"1m\""},
	{"Seconds: 60", "Seconds: 60\n  suspend: \"true\"", 9, 12,
         "spec.suspend: expected true or false, got \"true\""},
	{"Seconds: 60", "Seconds: 60\n  autoscalerRef:\n    kind: VerticalPodAutoscaler", 10, 11,
         "spec.autoscalerRef.kind: expected HorizontalPodAutoscaler or ScaledObject, got "
         "\"VerticalPodAutoscaler\""},
	{"Seconds: 60", "Seconds: 60\n  revertOnDeletion: \"yes\"", 9, 21,
         "spec.revertOnDeletion: expected true or false, got \"yes\""},
	{"Seconds: 60", "Seconds: 60\n  metricsServer: prometheus:9090", 9, 18,
         "spec.metricsServer: expected a URL that begins with http:// or https://, got \"prometheus:9090\""},
	{"kind: Deployment", "kind: StatefulSet", 11, 11,
         "spec.targetRef.kind: expected Deployment, DaemonSet or Service (others are not served "
         "yet), got \"StatefulSet\""},
	{"    name: cart\n  ingressRef", "  ingressRef", 9, 3,
         "spec.targetRef.name: expected the workload's name, got nothing"},
	{"    name: cart\n  ingressRef", "    name: Cart\n  ingressRef", 12, 11,
         "spec.targetRef.name: expected a name (lower case letters, digits, - and .), got \"Cart\""},
	{"    kind: Ingress\n", "    kind: HTTPRoute\n", 15, 11,
         "spec.ingressRef.kind: expected Ingress, got \"HTTPRoute\""},
	{"    name: storefront\n", "", 13, 3,
         "spec.ingressRef.name: expected the Ingress's name (provider nginx needs it), got nothing"},
	{"    port: 80\n", "", 17, 3,
         "spec.service.port: expected a whole number from 1 to 65535, got nothing"},
	{"    port: 80\n", "    port: \"80\"\n", 18, 11,
         "spec.service.port: expected a whole number from 1 to 65535, got \"80\""},
	{"    port: 80\n", "    port: 80808\n", 18, 11,
         "spec.service.port: expected a whole number from 1 to 65535, got 80808"},
	{"targetPort: http", "targetPort: \"8080\"", 19, 17,
         "spec.service.targetPort: expected a port's number or a name with a letter in it, got \"8080\""},
	{"targetPort: http", "headless: \"no\"", 19, 15,
         "spec.service.headless: expected true or false, got \"no\""},
	{"targetPort: http", "name: shop_cart", 19, 11,
         "spec.service.name: expected a name (lower case letters, digits and -), got \"shop_cart\""},
	{"targetPort: http", "apex:\n      labels:\n        tier: 1", 21, 15,
         "spec.service.apex.labels.tier: expected a text, got 1"},
	{STEP "    maxWeight: 50\n", "", 20, 3,
         "spec.analysis: expected stepWeight, stepWeights or iterations above 0, got none: the canary would never advance"},
	{STEP, "    stepWeight: 12.5\n", 23, 17,
         "spec.analysis.stepWeight: expected a whole number from 0 to 2147483647, got 12.5"},
	{STEP, "    stepWeight: -5\n", 23, 17,
         "spec.analysis.stepWeight: expected a whole number from 0 to 2147483647, got -5"},
	{STEP, "    stepWeight: 10%\n", 23, 17,
         "spec.analysis.stepWeight: expected a whole number from 0 to 2147483647, got \"10%\""},
	{STEP, "    stepWeights: [10, 5, 20]\n", 23, 23,
         "spec.analysis.stepWeights[1]: expected more than the 10 before it, got 5"},
	{STEP, STEP "    stepWeights: [10, 20]\n", 23, 17,
         "spec.analysis.stepWeight: expected stepWeight or stepWeights, got both"},
	{STEP, STEP "    mirror: true\n", 24, 13,
         "spec.analysis.mirror: expected false: provider nginx cannot send copies of requests"},
	{STEP, STEP "    webhooks:\n    - name: load\n      url: loadtester/\n", 26, 12,
         "spec.analysis.webhooks[0].url: expected an http or https address, got \"loadtester/\""},
	{STEP,
         STEP
         "    alerts:\n    - name: slack\n      severity: fatal\n      providerRef: {name: slack}\n",
         26, 17, "spec.analysis.alerts[0].severity: expected info, warn or error, got \"fatal\""},
	{STEP, STEP "    noData: ignore\n", 24, 13,
         "spec.analysis.noData: expected hold or fail, got \"ignore\""},
	{STEP, STEP "    canaryReadyThreshold: 150\n", 24, 27,
         "spec.analysis.canaryReadyThreshold: expected a whole number from 0 to 100, got 150"},
	{STEP, STEP "    match:\n    - headers: {x-user: {exact: me}}\n", 24, 5,
         "spec.analysis.match: expected iterations above 0 beside it"},
	{STEP, AB "    - headers: {x-user: {regex: \"(staff|\"}}\n", 25, 33,
         "spec.analysis.match[0].headers.x-user.regex: expected a regular expression, got one with this at character 8: missing closing parenthesis"},
	{STEP, AB "    - headers: {x-user: {prefix: staff}}\n", 25, 25,
         "spec.analysis.match[0].headers.x-user: expected exact or regex alone: provider nginx cannot match a header otherwise"},
	{STEP, AB "    - headers: {cookie: {regex: \"^(.*?;)?(a=b)(;.*)?$\"}}\n", 25, 25,
         "spec.analysis.match[0].headers.cookie: expected exact (the cookie's name) alone: provider nginx cannot match a cookie otherwise"},
	{"min: 99\n", "min: 99\n        max: 90\n", 27, 7,
         "spec.analysis.metrics[0].thresholdRange: expected min below max, got min 99 and max 90: nothing could pass"},
	{"      thresholdRange:\n        max: 0.5\n", "", 30, 7,
         "spec.analysis.metrics[1]: expected thresholdRange or threshold, got neither: Flagger takes it as \"at most 0\"; write threshold: 0 if that is meant"},
	{"interval: 1m\n", "interval: often\n", 29, 17,
         "spec.analysis.metrics[0].interval: expected a duration like 30s or 1m, got \"often\""},
	{"      query: histogram_quantile(0.99, sum(rate(x[1m])) by (le))\n", "", 30, 7,
         "spec.analysis.metrics[1]: expected a query, a templateRef or one of the names request-success-rate and request-duration"},
	{"query: histogram_quantile(0.99, sum(rate(x[1m])) by (le))",
         "templateRef: {namespace: shop}", 31, 7,
         "spec.analysis.metrics[1].templateRef.name: expected the MetricTemplate's name, got nothing"},
	{"max: 0.5", "max: 500ms", 33, 14,
         "spec.analysis.metrics[1].thresholdRange.max: expected a number, got \"500ms\""},
};

const size_t mistakes_n = array_length(mistakes_table);

char *mistakes_text(const struct mistake *mistake)
{
	const char *at = strstr(mistakes_base, mistake->found);
	size_t behind = strlen(mistake->found);
	char *text;

	if (!at || strstr(at + 1, mistake->found) ||
	    asprintf(&text, "%.*s%s%s", (int)(at - mistakes_base), mistakes_base, mistake->put,
	             at + behind) < 0) {
		fprintf(stderr, "\"%s\" is not there once\n", mistake->found);
		abort();
	}
	return text;
}

#include "providers/builtin.h"

#include "analysis/base/compiler.h"

#include <stddef.h>
#include <string.h>

/*
 * ingress-nginx calls a canary's backend NAMESPACE-SERVICE-PORT in the label `canary`, which is ""
 * for the primary's answers; `ingress`, `namespace` and `service` are the primary's in both. PORT
 * is what the Ingress says, a number or a name.
 */
#define NGINX_INGRESS "namespace=\"{{ namespace }}\", ingress=\"{{ ingress }}\""
#define NGINX_CANARY  NGINX_INGRESS ", canary=~\"{{ namespace }}-{{ service }}-canary-[0-9a-z-]+\""
#define NGINX_BOTH    NGINX_INGRESS ", service=\"{{ service }}\""

/*
 * Pods of a Deployment have two parts behind its name: cart-5d59d67564-x2x7k, but
 * cart-primary-7f8d9-k8wzx. Those of a DaemonSet have one. The label names come from the scrape
 * configuration that Flagger ships.
 */
#define PODS              "-[0-9a-zA-Z]+(-[0-9a-zA-Z]+)"
#define DAEMONS           "-[0-9a-zA-Z]+"
#define HTTP_LABELS       "kubernetes_namespace=\"{{ namespace }}\", kubernetes_pod_name=~\"{{ target }}"
#define HTTP_CANARY(pods) HTTP_LABELS pods "\""
#define HTTP_BOTH(pods)   HTTP_LABELS "(-primary)?" pods "\""
/* The label `deployment`, or `daemonset`, is the workload's, without its pods' parts. */
#define LINKERD_LABELS       "namespace=\"{{ namespace }}\", direction=\"inbound\", "
#define LINKERD_CANARY(kind) LINKERD_LABELS kind "=\"{{ target }}\""
#define LINKERD_BOTH(kind)   LINKERD_LABELS kind "=~\"{{ target }}(-primary)?\""
#define OSM_LABELS(kind)                                               \
 "destination_namespace=\"{{ namespace }}\", destination_kind=\"" kind \
 "\","                                                                 \
 " destination_name"
#define OSM_CANARY(kind) OSM_LABELS(kind) "=\"{{ target }}\""
#define OSM_BOTH(kind)   OSM_LABELS(kind) "=~\"{{ target }}(-primary)?\""
#define WITHOUT_ERROR    ", status!~\"5.*\""

/*
 * What the workloads' own proxies report. Requests that reached no proxy, since there was no
 * endpoint or none that could be connected to, are told by their senders alone. A failed gRPC call
 * is 200 in HTTP: unknown, deadline exceeded, unimplemented, internal, unavailable, data loss.
 */
#define ISTIO_LABELS  "reporter=\"destination\", destination_workload_namespace=\"{{ namespace }}\""
#define ISTIO_CANARY  ISTIO_LABELS ", destination_workload=\"{{ target }}\""
#define ISTIO_BOTH    ISTIO_LABELS ", destination_workload=~\"{{ target }}(-primary)?\""
#define ISTIO_WITHOUT ", response_code!~\"5.*\", grpc_response_status!~\"2|4|12|13|14|15\""
#define ISTIO_UNSENT                                                                              \
 "reporter=\"source\", destination_service=~\"{{ service }}-canary\\\\.{{ namespace }}\\\\..+\"," \
 " response_flags=~\"(.*,)?(UH|UF|UO|NC)(,.*)?\""

#define RATE(metric, labels)     "sum(rate(" metric "{" labels "}[{{ interval }}]))"
#define INCREASE(metric, labels) "sum(increase(" metric "{" labels "}[{{ interval }}]))"
/* A sum over no series is nothing, and nothing divided by something is nothing. */
#define RATIO(part, whole) part " / " whole
#define SHARE(part, whole) "(" part " or vector(0)) / " whole

#define NGINX_REQUESTS "nginx_ingress_controller_requests"
#define NGINX_DURATION "nginx_ingress_controller_response_duration_seconds"
#define HTTP_DURATION  "http_request_duration_seconds"
#define LINKERD_TOTAL  "response_total"
#define OSM_REQUESTS   "osm_request_total"
#define ISTIO_REQUESTS "istio_requests_total"
#define ISTIO_DURATION "istio_request_duration_milliseconds_bucket"

struct queries {
	const char *provider;
	enum target_kind target_kind; /* of others the same, where they have no row */
	const char *success_rate;
	const char *duration;
	const char *share;
};

#define NGINX_ALL        RATE(NGINX_REQUESTS, NGINX_CANARY)
#define NGINX_GOOD       RATE(NGINX_REQUESTS, NGINX_CANARY WITHOUT_ERROR)
#define NGINX_TIME       RATE(NGINX_DURATION "_sum", NGINX_CANARY)
#define NGINX_COUNT      RATE(NGINX_DURATION "_count", NGINX_CANARY)
#define HTTP_ALL(pods)   RATE(HTTP_DURATION "_count", HTTP_CANARY(pods))
#define HTTP_GOOD(pods)  RATE(HTTP_DURATION "_count", HTTP_CANARY(pods) WITHOUT_ERROR)
#define HTTP_TIMES(pods) RATE(HTTP_DURATION "_bucket", HTTP_CANARY(pods)) " by (le)"

#define ISTIO_GOOD  RATE(ISTIO_REQUESTS, ISTIO_CANARY ISTIO_WITHOUT)
#define ISTIO_SENT  "(" RATE(ISTIO_REQUESTS, ISTIO_CANARY) " or vector(0))"
#define ISTIO_LOST  "(" RATE(ISTIO_REQUESTS, ISTIO_UNSENT) " or vector(0))"
#define ISTIO_TIMES RATE(ISTIO_DURATION, ISTIO_CANARY) " by (le)"

#define NGINX_SEEN      INCREASE(NGINX_REQUESTS, NGINX_CANARY)
#define NGINX_SUM       INCREASE(NGINX_REQUESTS, NGINX_BOTH)
#define ISTIO_SEEN      INCREASE(ISTIO_REQUESTS, ISTIO_CANARY)
#define ISTIO_SUM       INCREASE(ISTIO_REQUESTS, ISTIO_BOTH)
#define HTTP_SEEN(pods) INCREASE(HTTP_DURATION "_count", HTTP_CANARY(pods))
#define HTTP_SUM(pods)  INCREASE(HTTP_DURATION "_count", HTTP_BOTH(pods))

#define LINKERD_ALL(kind)   RATE(LINKERD_TOTAL, LINKERD_CANARY(kind))
#define LINKERD_GOOD(kind)  RATE(LINKERD_TOTAL, LINKERD_CANARY(kind) ", classification!=\"failure\"")
#define LINKERD_TIMES(kind) RATE("response_latency_ms_bucket", LINKERD_CANARY(kind)) " by (le)"
#define LINKERD_SEEN(kind)  INCREASE(LINKERD_TOTAL, LINKERD_CANARY(kind))
#define LINKERD_SUM(kind)   INCREASE(LINKERD_TOTAL, LINKERD_BOTH(kind))

#define OSM_ALL(kind)   RATE(OSM_REQUESTS, OSM_CANARY(kind))
#define OSM_GOOD(kind)  RATE(OSM_REQUESTS, OSM_CANARY(kind) ", response_code!~\"5.*\"")
#define OSM_TIMES(kind) RATE("osm_request_duration_ms_bucket", OSM_CANARY(kind)) " by (le)"
#define OSM_SEEN(kind)  INCREASE(OSM_REQUESTS, OSM_CANARY(kind))
#define OSM_SUM(kind)   INCREASE(OSM_REQUESTS, OSM_BOTH(kind))

/* Providers that are measured as another one, by the beginning of their names. */
static const struct alias {
	const char *prefix;
	const char *provider;
} aliases[] = {
	{"gatewayapi", "kubernetes"}, /* the application's own metrics */
	{"smi:", "istio"},            /* as Flagger has it */
};

static const struct queries table[] = {
	{
		.provider = "nginx",
		.success_rate = SHARE(NGINX_GOOD, NGINX_ALL) " * 100",
		.duration = RATIO(NGINX_TIME, NGINX_COUNT) " * 1000",
		.share = SHARE(NGINX_SEEN, NGINX_SUM),
	},
	{
		.provider = "istio",
		.success_rate = SHARE(ISTIO_GOOD, "(" ISTIO_SENT " + " ISTIO_LOST ")") " * 100",
		.duration = "histogram_quantile(0.99, " ISTIO_TIMES ")",
		.share = SHARE(ISTIO_SEEN, ISTIO_SUM),
	},
	{
		.provider = "linkerd",
		.success_rate =
			SHARE(LINKERD_GOOD("deployment"), LINKERD_ALL("deployment")) " * 100",
		.duration = "histogram_quantile(0.99, " LINKERD_TIMES("deployment") ")",
		.share = SHARE(LINKERD_SEEN("deployment"), LINKERD_SUM("deployment")),
	},
	{
		.provider = "linkerd",
		.target_kind = TARGET_DAEMON_SET,
		.success_rate = SHARE(LINKERD_GOOD("daemonset"), LINKERD_ALL("daemonset")) " * 100",
		.duration = "histogram_quantile(0.99, " LINKERD_TIMES("daemonset") ")",
		.share = SHARE(LINKERD_SEEN("daemonset"), LINKERD_SUM("daemonset")),
	},
	{
		.provider = "osm",
		.success_rate = SHARE(OSM_GOOD("Deployment"), OSM_ALL("Deployment")) " * 100",
		.duration = "histogram_quantile(0.99, " OSM_TIMES("Deployment") ")",
		.share = SHARE(OSM_SEEN("Deployment"), OSM_SUM("Deployment")),
	},
	{
		.provider = "osm",
		.target_kind = TARGET_DAEMON_SET,
		.success_rate = SHARE(OSM_GOOD("DaemonSet"), OSM_ALL("DaemonSet")) " * 100",
		.duration = "histogram_quantile(0.99, " OSM_TIMES("DaemonSet") ")",
		.share = SHARE(OSM_SEEN("DaemonSet"), OSM_SUM("DaemonSet")),
	},
	{
		.provider = "kubernetes",
		.success_rate = SHARE(HTTP_GOOD(PODS), HTTP_ALL(PODS)) " * 100",
		.duration = "histogram_quantile(0.99, " HTTP_TIMES(PODS) ") * 1000",
		.share = SHARE(HTTP_SEEN(PODS), HTTP_SUM(PODS)),
	},
	{
		.provider = "kubernetes",
		.target_kind = TARGET_DAEMON_SET,
		.success_rate = SHARE(HTTP_GOOD(DAEMONS), HTTP_ALL(DAEMONS)) " * 100",
		.duration = "histogram_quantile(0.99, " HTTP_TIMES(DAEMONS) ") * 1000",
		.share = SHARE(HTTP_SEEN(DAEMONS), HTTP_SUM(DAEMONS)),
	},
};

static const struct queries *find_queries(const char *provider, enum target_kind target)
{
	const struct queries *found = NULL;

	for (size_t i = 0; i < array_length(aliases); i++) {
		if (strncmp(provider, aliases[i].prefix, strlen(aliases[i].prefix)) == 0)
			provider = aliases[i].provider;
	}
	for (size_t i = 0; i < array_length(table); i++) {
		if (strcmp(table[i].provider, provider) == 0 &&
		    (!found || table[i].target_kind == target))
			found = &table[i];
	}
	return found;
}

const char *builtin_query(const char *provider, enum target_kind target, enum check_kind kind)
{
	const struct queries *queries = find_queries(provider, target);

	if (!queries)
		return NULL;
	switch (kind) {
	case CHECK_SUCCESS_RATE:
		return queries->success_rate;
	case CHECK_DURATION:
		return queries->duration;
	case CHECK_VALUE:
	case CHECK_NONE:
		break;
	}
	return NULL;
}

const char *builtin_share_query(const char *provider, enum target_kind target)
{
	const struct queries *queries = find_queries(provider, target);

	return queries ? queries->share : NULL;
}

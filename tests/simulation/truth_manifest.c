#include "analysis/base/text.h"
#include "analysis/hook.h"
#include "tests/simulation/front.h"
#include "tests/simulation/truth.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static char *printed(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT);

	assert(object && text);
	json_decref(object);
	return text;
}

/* How its pods are replaced. */
static void add_strategy(const struct truth_canary *canary, json_t *spec)
{
	if (!canary->is_daemon) {
		json_object_set_new(spec, "replicas", json_integer(canary->replicas));
		json_object_set_new(spec, "strategy",
		                    json_pack("{s:s}", "type",
		                              canary->empties ? "Recreate" : "RollingUpdate"));
	} else if (canary->empties) {
		json_object_set_new(spec, "updateStrategy",
		                    json_pack("{s:{s:s}}", "rollingUpdate", "maxUnavailable",
		                              "100%"));
	} else {
		json_object_set_new(spec, "updateStrategy", json_object());
	}
}

char *truth_workload(const struct truth_canary *canary)
{
	char image[TRUTH_TAG_MAX + 8];
	json_t *pods;
	json_t *spec;

	text_format(image, sizeof(image), "web:%s", truth_live(canary));
	pods = json_pack("{s:[{s:s,s:s}]}", "containers", "name", "web", "image", image);
	if (canary->has_config)
		json_object_set_new(pods, "volumes",
		                    json_pack("[{s:s,s:{s:o}}]", "name", "env", "configMap", "name",
		                              json_sprintf("%s-env", canary->name)));
	spec = json_pack("{s:{s:{s:s}},s:{s:{s:{s:s}},s:o}}", "selector", "matchLabels", "app",
	                 canary->name, "template", "metadata", "labels", "app", canary->name,
	                 "spec", pods);
	add_strategy(canary, spec);
	return printed(json_pack("{s:s,s:s,s:{s:s,s:s},s:o}", "apiVersion", "apps/v1", "kind",
	                         canary->is_daemon ? "DaemonSet" : "Deployment", "metadata", "name",
	                         canary->name, "namespace", canary->space, "spec", spec));
}

char *truth_config(const struct truth_canary *canary)
{
	return printed(json_pack("{s:s,s:s,s:{s:o,s:s},s:{s:o}}", "apiVersion", "v1", "kind",
	                         "ConfigMap", "metadata", "name",
	                         json_sprintf("%s-env", canary->name), "namespace", canary->space,
	                         "data", "mode", json_sprintf("%d", canary->config)));
}

char *truth_ingress(const struct truth_canary *canary)
{
	char name[32];
	char host[32];

	text_format(name, sizeof(name), "%s-front", canary->name);
	text_format(host, sizeof(host), "%s.example", canary->name);
	return printed(json_pack(
		"{s:s,s:s,s:{s:s,s:s},s:{s:s,s:[{s:s,s:{s:[{s:s,s:s,s:{s:{s:s,s:{s:i}}}}]}}]}}",
		"apiVersion", "networking.k8s.io/v1", "kind", "Ingress", "metadata", "name", name,
		"namespace", canary->space, "spec", "ingressClassName", "nginx", "rules", "host",
		host, "http", "paths", "path", "/", "pathType", "Prefix", "backend", "service",
		"name", canary->service, "port", "number", 80));
}

char *truth_metric_template(const struct truth_canary *canary)
{
	char name[32];
	char query[96];

	text_format(name, sizeof(name), "%s-speed", canary->name);
	text_format(query, sizeof(query), "custom_duration{service=\"%s-canary\"}",
	            canary->service);
	return printed(json_pack("{s:s,s:s,s:{s:s,s:s},s:{s:{s:s,s:s},s:s}}", "apiVersion",
	                         "flagger.app/v1beta1", "kind", "MetricTemplate", "metadata",
	                         "name", name, "namespace", canary->space, "spec", "provider",
	                         "type", "prometheus", "address", "http://prometheus:9090", "query",
	                         query));
}

char *truth_scaler(const struct truth_canary *canary)
{
	char name[32];

	text_format(name, sizeof(name), "%s-load", canary->name);
	return printed(json_pack("{s:s,s:s,s:{s:s,s:s},s:{s:{s:s,s:s,s:s},s:i,s:i}}", "apiVersion",
	                         "autoscaling/v2", "kind", "HorizontalPodAutoscaler", "metadata",
	                         "name", name, "namespace", canary->space, "spec", "scaleTargetRef",
	                         "apiVersion", "apps/v1", "kind", "Deployment", "name",
	                         canary->name, "minReplicas", canary->replicas, "maxReplicas", 4));
}

char *truth_alert_provider(const struct truth_canary *canary)
{
	char name[32];
	char address[48];

	text_format(name, sizeof(name), "%s-chat", canary->name);
	text_format(address, sizeof(address), "http://hooks/%s/alert", canary->name);
	return printed(json_pack("{s:s,s:s,s:{s:s,s:s},s:{s:s,s:s,s:s}}", "apiVersion",
	                         "flagger.app/v1beta1", "kind", "AlertProvider", "metadata", "name",
	                         name, "namespace", canary->space, "spec", "type", "slack",
	                         "channel", "releases", "address", address));
}

static json_t *alerts(const struct truth_canary *canary)
{
	char name[32];

	text_format(name, sizeof(name), "%s-chat", canary->name);
	return json_pack("[{s:s,s:s,s:{s:s}}]", "name", "chat", "severity", "info", "providerRef",
	                 "name", name);
}

static json_t *metric(const char *name, const char *bound, int value)
{
	return json_pack("{s:s,s:s,s:{s:i}}", "name", name, "interval", "1m", "thresholdRange",
	                 bound, value);
}

static json_t *metrics(const struct truth_canary *canary)
{
	bool is_builtin = canary->asking == TRUTH_ASK_BUILTIN;
	json_t *success = metric(is_builtin ? "request-success-rate" : "answers", "min",
	                         canary->asks_tightly ? 100 : 99);
	json_t *duration = metric(is_builtin ? "request-duration" : "speed", "max",
	                          canary->asks_tightly ? 100 : 500);
	char query[96];

	text_format(query, sizeof(query), "custom_success{service=\"%s-canary\"}", canary->service);
	if (!is_builtin)
		json_object_set_new(success, "query", json_string(query));
	if (canary->asking == TRUTH_ASK_INLINE) {
		text_format(query, sizeof(query), "custom_duration{service=\"%s-canary\"}",
		            canary->service);
		json_object_set_new(duration, "query", json_string(query));
	} else if (canary->asking == TRUTH_ASK_TEMPLATE) {
		text_format(query, sizeof(query), "%s-speed", canary->name);
		json_object_set_new(duration, "templateRef", json_pack("{s:s}", "name", query));
	}
	return json_pack("[o,o]", success, duration);
}

static json_t *webhooks(const struct truth_canary *canary)
{
	json_t *list = json_array();

	for (enum hook_type type = HOOK_CONFIRM_ROLLOUT; type <= HOOK_EVENT; type++) {
		char url[80];

		if ((canary->hooks & 1U << type) == 0)
			continue;
		text_format(url, sizeof(url), "http://hooks/%s/%s", canary->name,
		            hook_type_name(type));
		json_array_append_new(list, json_pack("{ss ss ss ss si}", "name", "hook", "type",
		                                      hook_type_name(type), "url", url, "timeout",
		                                      "3s", "retries", type % 3 == 0));
	}
	return list;
}

static json_t *analysis(const struct truth_canary *canary)
{
	char interval[16];
	json_t *made;
	json_t *steps = json_array();

	text_format(interval, sizeof(interval), "%ds", canary->interval);
	made = json_pack("{s:s,s:i,s:o}", "interval", interval, "threshold", canary->threshold,
	                 "metrics", metrics(canary));
	if (canary->hooks != 0)
		json_object_set_new(made, "webhooks", webhooks(canary));
	if (canary->has_alerts)
		json_object_set_new(made, "alerts", alerts(canary));
	if (canary->iterations > 0)
		json_object_set_new(made, "iterations", json_integer(canary->iterations));
	if (canary->step > 0)
		json_object_set_new(made, "stepWeight",
		                    canary->is_invalid ? json_integer(-1)
		                                       : json_integer(canary->step));
	else if (canary->is_invalid)
		json_object_set_new(made, "maxWeight", json_string("most"));
	if (canary->max > 0)
		json_object_set_new(made, "maxWeight", json_integer(canary->max));
	for (int i = 0; i < canary->n_steps; i++)
		json_array_append_new(steps, json_integer(canary->steps[i]));
	if (canary->n_steps > 0)
		json_object_set(made, "stepWeights", steps);
	if (canary->has_cookies)
		json_object_set_new(made, "sessionAffinity",
		                    json_pack("{s:s,s:s}", "cookieName", "cnry",
		                              "primaryCookieName", "prim"));
	/* Told by the name: nothing is drawn for it. */
	if (canary->name[0] % 2 == 0)
		json_object_set_new(made, "stepWeightPromotion", json_integer(25));
	json_decref(steps);
	return made;
}

static json_t *spec_of(const struct truth_canary *canary)
{
	char front[32];
	json_t *spec;

	text_format(front, sizeof(front), "%s-front", canary->name);
	spec = json_pack("{s:s,s:i,s:b,s:{s:s,s:s,s:s},s:{s:s,s:s,s:s},s:{s:s,s:i,s:i},s:o}",
	                 "provider", canary->provider, "progressDeadlineSeconds", canary->deadline,
	                 "skipAnalysis", canary->skips, "targetRef", "apiVersion", "apps/v1",
	                 "kind", canary->is_daemon ? "DaemonSet" : "Deployment", "name",
	                 canary->name, "ingressRef", "apiVersion", "networking.k8s.io/v1", "kind",
	                 "Ingress", "name", front, "service", "name", canary->service, "port", 80,
	                 "targetPort", canary->target_port, "analysis", analysis(canary));
	if (canary->has_scaler) {
		text_format(front, sizeof(front), "%s-load", canary->name);
		json_object_set_new(spec, "autoscalerRef",
		                    json_pack("{s:s,s:s,s:s}", "apiVersion", "autoscaling/v2",
		                              "kind", "HorizontalPodAutoscaler", "name", front));
	}
	if (front_is_gateway(canary))
		json_object_set_new(json_object_get(spec, "service"), "gatewayRefs",
		                    json_pack("[{s:s}]", "name", "public"));
	return spec;
}

char *truth_resource(const struct truth_canary *canary)
{
	return printed(json_pack("{s:s,s:s,s:{s:s,s:s},s:o}", "apiVersion", "flagger.app/v1beta1",
	                         "kind", "Canary", "metadata", "name", canary->name, "namespace",
	                         canary->space, "spec", spec_of(canary)));
}

char *truth_edit(const struct truth_canary *canary)
{
	json_t *spec = spec_of(canary);
	json_t *made = json_object_get(spec, "analysis");

	/* A merge patch takes away what is null. */
	if (canary->step == 0)
		json_object_set_new(made, "stepWeight", json_null());
	if (canary->max == 0 && !canary->is_invalid)
		json_object_set_new(made, "maxWeight", json_null());
	if (canary->n_steps == 0)
		json_object_set_new(made, "stepWeights", json_null());
	return printed(json_pack("{s:o}", "spec", spec));
}

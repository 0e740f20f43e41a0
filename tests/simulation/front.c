#include "tests/simulation/front.h"

#include "analysis/base/text.h"

#include <stdlib.h>
#include <string.h>

#define ANNOTATION "nginx.ingress.kubernetes.io/canary"

bool front_is_weighed(const struct truth_canary *canary)
{
	return strcmp(canary->provider, "kubernetes") != 0;
}

bool front_is_mesh(const struct truth_canary *canary)
{
	return strcmp(canary->provider, "istio") == 0;
}

bool front_is_gateway(const struct truth_canary *canary)
{
	return strcmp(canary->provider, "gatewayapi") == 0;
}

bool front_is_split(const struct truth_canary *canary)
{
	return strncmp(canary->provider, "smi:", 4) == 0;
}

bool front_is_past_apex(const struct truth_canary *canary)
{
	return front_is_mesh(canary) || front_is_gateway(canary) || front_is_split(canary);
}

const char *front_plural(const struct truth_canary *canary)
{
	if (front_is_gateway(canary))
		return "httproutes";
	if (front_is_split(canary))
		return "trafficsplits";
	return front_is_mesh(canary) ? "virtualservices" : "ingresses";
}

const char *front_name(const struct truth_canary *canary, char ret[FRONT_NAME_MAX])
{
	if (front_is_past_apex(canary))
		text_format(ret, FRONT_NAME_MAX, "%s", canary->service);
	else
		text_format(ret, FRONT_NAME_MAX, "%s-front-canary", canary->name);
	return ret;
}

static int annotation_weight(const json_t *object)
{
	const json_t *annotations =
		json_object_get(json_object_get(object, "metadata"), "annotations");
	const char *weight = json_string_value(json_object_get(annotations, ANNOTATION "-weight"));

	return weight && json_object_get(annotations, ANNOTATION) ? (int)strtol(weight, NULL, 10)
	                                                          : 0;
}

/* What proxies that follow a TrafficSplit make of it: of the requests for its root, and each
 * backend has its weight. */
static int split_weight(const struct truth_canary *canary, const json_t *spec)
{
	const json_t *backends = json_object_get(spec, "backends");
	const char *root = json_string_value(json_object_get(spec, "service"));
	char service[FRONT_NAME_MAX];
	int total = 0;
	int share = 0;

	if (!root || strcmp(root, canary->service) != 0)
		return 0;
	text_format(service, sizeof(service), "%s-canary", canary->service);
	for (size_t i = 0; i < json_array_size(backends); i++) {
		const json_t *entry = json_array_get(backends, i);
		const char *name = json_string_value(json_object_get(entry, "service"));
		int weight = (int)json_integer_value(json_object_get(entry, "weight"));

		total += weight;
		share += name && strcmp(name, service) == 0 ? weight : 0;
	}
	return total > 0 ? share * 100 / total : 0;
}

/* The rule is for clients with a cookie. */
static bool is_session(const json_t *rule, bool is_gateway)
{
	const json_t *match =
		json_array_get(json_object_get(rule, is_gateway ? "matches" : "match"), 0);
	const json_t *headers = json_object_get(match, "headers");
	const char *name;

	if (!is_gateway)
		return json_object_get(headers, "cookie") != NULL;
	name = json_string_value(json_object_get(json_array_get(headers, 0), "name"));
	return name && strcmp(name, "Cookie") == 0;
}

/* The most that the rule gives it. */
static int rule_weight(const json_t *rule, const char *service, bool is_gateway)
{
	const json_t *route = json_object_get(rule, is_gateway ? "backendRefs" : "route");
	int most = 0;

	for (size_t i = 0; i < json_array_size(route); i++) {
		const json_t *entry = json_array_get(route, i);
		const char *host = json_string_value(
			is_gateway
				? json_object_get(entry, "name")
				: json_object_get(json_object_get(entry, "destination"), "host"));
		int weight = (int)json_integer_value(json_object_get(entry, "weight"));

		if (host && strcmp(host, service) == 0 && weight > most)
			most = weight;
	}
	return most;
}

/* The most that a rule gives it: every rule here leads to primary and canary. Where clients are
 * known by a cookie, that is the weight of the others, unless there is none. */
static int rules_weight(const struct truth_canary *canary, const json_t *rules)
{
	bool is_gateway = front_is_gateway(canary);
	char service[FRONT_NAME_MAX];
	int most = 0;
	int most_sticky = 0;

	text_format(service, sizeof(service), "%s-canary", canary->service);
	for (size_t i = 0; i < json_array_size(rules); i++) {
		const json_t *rule = json_array_get(rules, i);
		int weight = rule_weight(rule, service, is_gateway);
		int *of =
			canary->has_cookies && is_session(rule, is_gateway) ? &most_sticky : &most;

		*of = weight > *of ? weight : *of;
	}
	return most > 0 ? most : most_sticky;
}

int front_weight(const struct truth_canary *canary, const json_t *object)
{
	if (!front_is_past_apex(canary))
		return annotation_weight(object);
	if (front_is_split(canary))
		return split_weight(canary, json_object_get(object, "spec"));
	return rules_weight(canary, json_object_get(json_object_get(object, "spec"),
	                                            front_is_mesh(canary) ? "http" : "rules"));
}

char *front_edit(const struct truth_canary *canary, int weight)
{
	char *text;
	json_t *patch;

	if (front_is_mesh(canary))
		patch = json_pack("{s:{s:[{s:[{s:{s:o},s:i},{s:{s:o},s:i}]}]}}", "spec", "http",
		                  "route", "destination", "host",
		                  json_sprintf("%s-primary", canary->service), "weight",
		                  100 - weight, "destination", "host",
		                  json_sprintf("%s-canary", canary->service), "weight", weight);
	else if (front_is_gateway(canary))
		patch = json_pack("{s:{s:[{s:[{s:o,s:i,s:i},{s:o,s:i,s:i}]}]}}", "spec", "rules",
		                  "backendRefs", "name",
		                  json_sprintf("%s-primary", canary->service), "port", 80, "weight",
		                  100 - weight, "name", json_sprintf("%s-canary", canary->service),
		                  "port", 80, "weight", weight);
	else if (front_is_split(canary))
		patch = json_pack("{s:{s:[{s:o,s:i},{s:o,s:i}]}}", "spec", "backends", "service",
		                  json_sprintf("%s-primary", canary->service), "weight",
		                  100 - weight, "service",
		                  json_sprintf("%s-canary", canary->service), "weight", weight);
	else
		patch = json_pack("{s:{s:{s:o}}}", "metadata", "annotations", ANNOTATION "-weight",
		                  json_sprintf("%d", weight));
	text = json_dumps(patch, JSON_COMPACT);
	json_decref(patch);
	if (!text)
		abort();
	return text;
}

bool front_is_url(const char *url)
{
	return strstr(url, "/ingresses/") || strstr(url, "/virtualservices/") ||
	       strstr(url, "/httproutes/") || strstr(url, "/trafficsplits/");
}

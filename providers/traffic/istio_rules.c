#include "providers/traffic/istio_rules.h"

#include "analysis/base/text.h"
#include "providers/kube/canary_analysis.h"
#include "providers/kube/tree.h"
#include "providers/traffic/istio_match.h"
#include "providers/traffic/istio_place.h"
#include "providers/traffic/istio_session.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#define FULL        SPEC_WEIGHT_FULL
#define POINTER_MAX 160

/* Generated ------------------------------------------------------------------------------------ */

static const json_t *service_of(const struct canary_world *world)
{
	return kube_tree_find(world->object, "spec/service");
}

const json_t *istio_rules_analysis(const struct canary_world *world)
{
	const json_t *analysis = kube_tree_find(world->object, "spec/analysis");

	return analysis ? analysis : kube_tree_find(world->object, "spec/canaryAnalysis");
}

const char *istio_rules_key(const struct canary_world *world)
{
	return strcasecmp(kube_tree_text(service_of(world), "appProtocol"), "tcp") == 0 ? "tcp"
	                                                                                : "http";
}

/* A gateway's route needs the port where the Services have several. */
static bool has_port(const struct canary_world *world)
{
	const json_t *service = service_of(world);
	const json_t *gateways = kube_tree_find(service, "gateways");
	const char *first = json_string_value(json_array_get(gateways, 0));

	if (!json_is_true(kube_tree_find(service, "portDiscovery")))
		return false;
	return json_is_true(kube_tree_find(service, "delegation")) ||
	       (first && strcmp(first, "mesh") != 0);
}

static json_t *entry_new(const struct canary_world *world, enum istio_place place, int weight)
{
	json_t *entry = kube_tree_object();
	json_t *destination = kube_tree_object();
	json_t *port = kube_tree_object();

	kube_tree_set_text(destination, "host", istio_place_service(world, place));
	kube_tree_set_whole(port, "number", kube_tree_whole(service_of(world), "port", 0));
	if (has_port(world))
		kube_tree_set(destination, "port", json_incref(port));
	json_decref(port);
	kube_tree_set(entry, "destination", destination);
	kube_tree_set_whole(entry, "weight", weight);
	return entry;
}

static json_t *route_new(const struct canary_world *world, int weight)
{
	json_t *route = kube_tree_list();

	kube_tree_append(route, entry_new(world, ISTIO_PLACE_PRIMARY, FULL - weight));
	kube_tree_append(route, entry_new(world, ISTIO_PLACE_CANARY, weight));
	return route;
}

static bool is_empty(const json_t *value)
{
	return !value || json_is_null(value) ||
	       (json_is_object(value) && json_object_size(value) == 0) ||
	       (json_is_array(value) && json_array_size(value) == 0) ||
	       (json_is_string(value) && json_string_length(value) == 0);
}

static void pass(json_t *into, const json_t *from, const char *key)
{
	json_t *value = json_object_get(from, key);

	if (!is_empty(value))
		kube_tree_set(into, key, kube_tree_copy(value));
}

/* What every generated rule has, without match and route. */
static json_t *rule_new(const struct canary_world *world)
{
	static const char *const passed[] = {"timeout", "retries", "corsPolicy", "headers"};
	const json_t *service = service_of(world);
	const json_t *rewrite = kube_tree_find(service, "rewrite");
	json_t *rule = kube_tree_object();
	json_t *target = kube_tree_object();

	pass(target, rewrite, "uri");
	pass(target, rewrite, "authority");
	if (!is_empty(target))
		kube_tree_set(rule, "rewrite", json_incref(target));
	json_decref(target);
	for (size_t i = 0; i < array_length(passed); i++)
		pass(rule, service, passed[i]);
	return rule;
}

static json_t *mirror_of(const char *host)
{
	json_t *mirror = kube_tree_object();

	kube_tree_set_text(mirror, "host", host);
	return mirror;
}

void istio_rules_mirror(const struct canary_world *world, json_t *rule, const char *host)
{
	int percent = kube_tree_whole(istio_rules_analysis(world), "mirrorWeight", 0);
	json_t *percentage;

	kube_tree_set(rule, "mirror", mirror_of(host));
	(void)json_object_del(rule, "mirrorPercentage");
	if (percent <= 0)
		return;
	percentage = kube_tree_object();
	kube_tree_set_whole(percentage, "value", percent);
	kube_tree_set(rule, "mirrorPercentage", percentage);
}

static json_t *tcp_new(const struct canary_world *world, int weight)
{
	const json_t *match = kube_tree_find(service_of(world), "match");
	json_t *rules = kube_tree_list();
	json_t *rule = kube_tree_object();
	json_t *ports = kube_tree_list();

	for (size_t i = 0; i < json_array_size(match); i++) {
		json_t *entry = kube_tree_object();

		pass(entry, json_array_get(match, i), "port");
		if (is_empty(entry))
			json_decref(entry);
		else
			kube_tree_append(ports, entry);
	}
	if (!is_empty(ports))
		kube_tree_set(rule, "match", json_incref(ports));
	json_decref(ports);
	kube_tree_set(rule, "route", route_new(world, weight));
	kube_tree_append(rules, rule);
	return rules;
}

/* The rules that know clients by their cookies, before the weighted one. */
static void add_sessions(const struct canary_world *world, const struct istio_rules_split *split,
                         json_t *rules)
{
	const json_t *service = kube_tree_find(service_of(world), "match");
	struct session_rule sessions[SESSION_RULES_MAX];
	size_t n_sessions = session_rules(&split->cookies, split->weight, sessions);

	for (size_t i = 0; i < n_sessions; i++) {
		json_auto_t *asked = istio_session_match(&sessions[i]);
		json_t *rule = rule_new(world);

		kube_tree_set(rule, "match", istio_match_merge(asked, service));
		kube_tree_set(rule, "route", route_new(world, sessions[i].share));
		istio_session_apply(world, json_object_get(rule, "route"), &sessions[i]);
		if (split->is_mirrored)
			istio_rules_mirror(world, rule, world->canary_service);
		kube_tree_append(rules, rule);
	}
}

/* For A/B: whoever does not match. */
static json_t *rest_new(const struct canary_world *world, const json_t *service)
{
	json_t *rule = rule_new(world);

	if (!is_empty(service))
		kube_tree_set(rule, "match", kube_tree_copy(service));
	kube_tree_set(rule, "route", kube_tree_list());
	kube_tree_append(json_object_get(rule, "route"),
	                 entry_new(world, ISTIO_PLACE_PRIMARY, FULL));
	return rule;
}

json_t *istio_rules_new(const struct canary_world *world, struct istio_rules_split split)
{
	const json_t *service = kube_tree_find(service_of(world), "match");
	const json_t *analysis = kube_tree_find(istio_rules_analysis(world), "match");
	json_t *rules;
	json_t *rule;

	if (strcmp(istio_rules_key(world), "tcp") == 0)
		return tcp_new(world, split.weight);
	rules = kube_tree_list();
	rule = rule_new(world);
	if (world->spec->strategy == STRATEGY_AB)
		kube_tree_set(rule, "match", istio_match_merge(analysis, service));
	else if (!is_empty(service))
		kube_tree_set(rule, "match", kube_tree_copy(service));
	kube_tree_set(rule, "route", route_new(world, split.weight));
	if (split.is_mirrored)
		istio_rules_mirror(world, rule, world->canary_service);
	if (world->spec->strategy == STRATEGY_AB) {
		kube_tree_append(rules, rule);
		kube_tree_append(rules, rest_new(world, service));
		return rules;
	}
	add_sessions(world, &split, rules);
	istio_session_hand_out(world, json_object_get(rule, "route"), &split.cookies, split.weight);
	kube_tree_append(rules, rule);
	return rules;
}

/* Reading -------------------------------------------------------------------------------------- */

static bool mirrors_to_canary(const struct canary_world *world, const json_t *rule)
{
	const json_t *more = kube_tree_find(rule, "mirrors");

	for (size_t i = 0; i < json_array_size(more); i++) {
		if (istio_place_of(world, json_array_get(more, i)) == ISTIO_PLACE_CANARY)
			return true;
	}
	return istio_place_of_host(world, kube_tree_text(rule, "mirror/host")) ==
	       ISTIO_PLACE_CANARY;
}

/* RULE takes a cookie of ours away from whoever has it. */
static bool is_taking(const struct canary_world *world, const json_t *rule)
{
	const json_t *route = kube_tree_find(rule, "route");

	for (size_t i = 0; i < json_array_size(route); i++) {
		const json_t *entry = json_array_get(route, i);

		if (istio_place_of(world, entry) == ISTIO_PLACE_PRIMARY &&
		    session_is_gone(istio_session_set_cookie(entry)))
			return true;
	}
	return false;
}

static int share_of(const struct canary_world *world, const json_t *rule)
{
	struct istio_place_counts counts = istio_place_count(world, rule);
	int64_t canary = counts.weight[ISTIO_PLACE_CANARY];
	int64_t all = canary + counts.weight[ISTIO_PLACE_PRIMARY] +
	              counts.weight[ISTIO_PLACE_APEX] + counts.weight[ISTIO_PLACE_OTHER];
	int share = all > 0 ? (int)((canary * FULL + all / 2) / all) : 0;

	return share == 0 && canary > 0 ? 1 : share;
}

struct istio_rules_split istio_rules_read(const struct canary_world *world, const json_t *live)
{
	struct session_reading reading = {0};
	bool is_mirrored = false;

	for (size_t i = 0; i < json_array_size(live); i++) {
		const json_t *rule = json_array_get(live, i);
		struct cookie cookies[2];
		size_t n_cookies = istio_session_cookies(rule, cookies);

		session_read(&reading, cookies, n_cookies, share_of(world, rule),
		             is_taking(world, rule));
		is_mirrored |= mirrors_to_canary(world, rule);
	}
	return (struct istio_rules_split){.weight = session_weight(&reading),
	                                  .is_mirrored = is_mirrored,
	                                  .cookies = reading.cookies};
}

bool istio_rules_is_ours(const struct canary_world *world, const json_t *live)
{
	for (size_t i = 0; i < json_array_size(live); i++) {
		struct istio_place_counts counts =
			istio_place_count(world, json_array_get(live, i));

		if (counts.n[ISTIO_PLACE_PRIMARY] > 0 || counts.n[ISTIO_PLACE_CANARY] > 0)
			return true;
	}
	return false;
}

/* Patches -------------------------------------------------------------------------------------- */

static json_t *without_weights(const json_t *list)
{
	json_t *copy = kube_tree_copy(list);

	for (size_t i = 0; i < json_array_size(copy); i++) {
		const json_t *route = kube_tree_find(json_array_get(copy, i), "route");

		for (size_t j = 0; j < json_array_size(route); j++)
			(void)json_object_del(json_array_get(route, j), "weight");
	}
	return copy;
}

/* The weights of one route that are ours, behind a test of where they lead. */
static void patch_route(const struct canary_world *world, json_t *patch, const char *rule,
                        const json_t *live, const json_t *wanted, bool is_all)
{
	char path[POINTER_MAX];

	for (size_t i = 0; i < json_array_size(wanted); i++) {
		const json_t *entry = json_array_get(wanted, i);
		json_t *weight = json_object_get(entry, "weight");

		if (!weight || istio_place_of(world, entry) == ISTIO_PLACE_OTHER ||
		    (json_equal(weight, json_object_get(json_array_get(live, i), "weight")) &&
		     !is_all))
			continue;
		text_format(path, sizeof(path), "%s/route/%zu/destination/host", rule, i);
		kube_tree_patch_text(patch, "test", path,
		                     kube_tree_text(entry, "destination/host"));
		text_format(path, sizeof(path), "%s/route/%zu/weight", rule, i);
		kube_tree_patch(patch, "add", path, json_incref(weight));
	}
}

void istio_rules_patch(json_t *patch, const struct canary_world *world, const json_t *live,
                       const json_t *wanted, bool is_tested, bool is_all)
{
	const char *key = istio_rules_key(world);
	json_auto_t *live_shape = without_weights(live);
	json_auto_t *wanted_shape = without_weights(wanted);
	char path[POINTER_MAX];

	if (!json_equal(live_shape, wanted_shape)) {
		text_format(path, sizeof(path), "/spec/%s", key);
		if (is_tested && live)
			kube_tree_patch(patch, "test", path, kube_tree_copy(live));
		kube_tree_patch(patch, "add", path, kube_tree_copy(wanted));
		return;
	}
	for (size_t i = 0; i < json_array_size(wanted); i++) {
		text_format(path, sizeof(path), "/spec/%s/%zu", key, i);
		patch_route(world, patch, path, kube_tree_find(json_array_get(live, i), "route"),
		            kube_tree_find(json_array_get(wanted, i), "route"), is_all);
	}
}

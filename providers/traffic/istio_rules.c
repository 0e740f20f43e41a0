#include "providers/traffic/istio_rules.h"

#include "analysis/base/text.h"
#include "providers/kube/canary_analysis.h"
#include "providers/kube/tree.h"
#include "providers/traffic/istio_match.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#define FULL        SPEC_WEIGHT_FULL
#define HOST_MAX    256
#define POINTER_MAX 160

/* The name of a rule that takes the matching requests in a user's list. */
#define MATCH_NAME "serin-match"

enum place {
	PLACE_OTHER,
	PLACE_APEX,
	PLACE_PRIMARY,
	PLACE_CANARY,
};

/* Hosts --------------------------------------------------------------------------------------- */

/* HOST is SERVICE, "SERVICE.NAMESPACE", or that with ".svc" and any domain behind it. */
static bool is_host(const char *host, const char *service, const char *k8s_namespace)
{
	const char *rest = host + strlen(service);

	if (!kube_tree_is_prefix(service, host) || *rest == '\0')
		return strcmp(host, service) == 0;
	if (*rest != '.' || !kube_tree_is_prefix(k8s_namespace, rest + 1))
		return false;
	rest += 1 + strlen(k8s_namespace);
	return *rest == '\0' || strcmp(rest, ".svc") == 0 || kube_tree_is_prefix(".svc.", rest);
}

static enum place place_of_host(const struct canary_world *world, const char *host)
{
	const char *space = world->spec->k8s_namespace;

	if (is_host(host, world->canary_service, space))
		return PLACE_CANARY;
	if (is_host(host, world->primary_service, space))
		return PLACE_PRIMARY;
	return is_host(host, world->apex, space) ? PLACE_APEX : PLACE_OTHER;
}

static enum place place_of(const struct canary_world *world, const json_t *destination)
{
	return place_of_host(world, kube_tree_text(destination, "destination/host"));
}

static const char *service_at(const struct canary_world *world, enum place place)
{
	if (place == PLACE_APEX)
		return world->apex;
	return place == PLACE_CANARY ? world->canary_service : world->primary_service;
}

/* MODEL, an entry of a route to one of the three, leading to PLACE instead, in the same form of
 * name; a subset is of the old host. WEIGHT < 0: none. */
static json_t *moved(const struct canary_world *world, const json_t *model, enum place place,
                     int weight)
{
	json_t *entry = kube_tree_copy(model);
	json_t *destination = kube_tree_find(entry, "destination");
	const char *host = kube_tree_text(destination, "host");
	const char *domain = strchr(host, '.');
	char name[HOST_MAX];

	if (place_of(world, model) != place) {
		text_format(name, sizeof(name), "%s%s", service_at(world, place),
		            domain ? domain : "");
		kube_tree_set_text(destination, "host", name);
		(void)json_object_del(destination, "subset");
	}
	if (weight < 0)
		(void)json_object_del(entry, "weight");
	else
		kube_tree_set_whole(entry, "weight", weight);
	return entry;
}

/* Generated ------------------------------------------------------------------------------------ */

static const json_t *service_of(const struct canary_world *world)
{
	return kube_tree_find(world->object, "spec/service");
}

static const json_t *analysis_of(const struct canary_world *world)
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

static json_t *entry_new(const struct canary_world *world, enum place place, int weight)
{
	json_t *entry = kube_tree_object();
	json_t *destination = kube_tree_object();
	json_t *port = kube_tree_object();

	kube_tree_set_text(destination, "host", service_at(world, place));
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

	kube_tree_append(route, entry_new(world, PLACE_PRIMARY, FULL - weight));
	kube_tree_append(route, entry_new(world, PLACE_CANARY, weight));
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

/* RULE sends copies to HOST, as many as analysis.mirrorWeight says. */
static void set_mirror(const struct canary_world *world, json_t *rule, const char *host)
{
	int percent = kube_tree_whole(analysis_of(world), "mirrorWeight", 0);
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

json_t *istio_rules_new(const struct canary_world *world, struct istio_rules_split split)
{
	const json_t *service = kube_tree_find(service_of(world), "match");
	const json_t *analysis = kube_tree_find(analysis_of(world), "match");
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
		set_mirror(world, rule, world->canary_service);
	kube_tree_append(rules, rule);
	if (world->spec->strategy != STRATEGY_AB)
		return rules;
	rule = rule_new(world);
	if (!is_empty(service))
		kube_tree_set(rule, "match", kube_tree_copy(service));
	kube_tree_set(rule, "route", kube_tree_list());
	kube_tree_append(json_object_get(rule, "route"), entry_new(world, PLACE_PRIMARY, FULL));
	kube_tree_append(rules, rule);
	return rules;
}

/* Reading -------------------------------------------------------------------------------------- */

/* A rule's route, by where it leads. */
struct counts {
	size_t n[PLACE_CANARY + 1];
	int64_t weight[PLACE_CANARY + 1];
	const json_t *first; /* the first entry that is ours */
};

static struct counts count(const struct canary_world *world, const json_t *rule)
{
	const json_t *route = kube_tree_find(rule, "route");
	struct counts counts = {0};

	for (size_t i = 0; i < json_array_size(route); i++) {
		const json_t *entry = json_array_get(route, i);
		int weight = kube_tree_whole(entry, "weight", 0);
		enum place place = place_of(world, entry);

		if (json_array_size(route) == 1)
			weight = FULL; /* it gets all, whatever it says */
		counts.n[place]++;
		counts.weight[place] += weight > 0 ? weight : 0;
		if (place != PLACE_OTHER && !counts.first)
			counts.first = entry;
	}
	return counts;
}

static bool is_made(const json_t *rule)
{
	return kube_tree_is_prefix(MATCH_NAME, kube_tree_text(rule, "name"));
}

static bool mirrors_to_canary(const struct canary_world *world, const json_t *rule)
{
	const json_t *more = kube_tree_find(rule, "mirrors");

	for (size_t i = 0; i < json_array_size(more); i++) {
		if (place_of(world, json_array_get(more, i)) == PLACE_CANARY)
			return true;
	}
	return place_of_host(world, kube_tree_text(rule, "mirror/host")) == PLACE_CANARY;
}

struct istio_rules_split istio_rules_read(const struct canary_world *world, const json_t *live)
{
	struct istio_rules_split split = {0};

	for (size_t i = 0; i < json_array_size(live); i++) {
		const json_t *rule = json_array_get(live, i);
		struct counts counts = count(world, rule);
		int64_t canary = counts.weight[PLACE_CANARY];
		int64_t all = canary + counts.weight[PLACE_PRIMARY] + counts.weight[PLACE_APEX] +
		              counts.weight[PLACE_OTHER];
		int share = all > 0 ? (int)((canary * FULL + all / 2) / all) : 0;

		if (share == 0 && canary > 0)
			share = 1;
		if (share > split.weight)
			split.weight = share;
		split.is_mirrored |= mirrors_to_canary(world, rule);
	}
	return split;
}

bool istio_rules_is_ours(const struct canary_world *world, const json_t *live)
{
	for (size_t i = 0; i < json_array_size(live); i++) {
		struct counts counts = count(world, json_array_get(live, i));

		if (counts.n[PLACE_PRIMARY] > 0 || counts.n[PLACE_CANARY] > 0)
			return true;
	}
	return false;
}

/* Fitted --------------------------------------------------------------------------------------- */

static const json_t *find_entry(const struct canary_world *world, const json_t *rule,
                                enum place place)
{
	const json_t *route = kube_tree_find(rule, "route");

	for (size_t i = 0; i < json_array_size(route); i++) {
		if (place_of(world, json_array_get(route, i)) == place)
			return json_array_get(route, i);
	}
	return NULL;
}

/* RULE's route as it is to be: what the user wrote of a destination stays with it. */
static json_t *route_fit(const struct canary_world *world, const json_t *rule,
                         const struct counts *counts, int weight)
{
	const json_t *primary = find_entry(world, rule, PLACE_PRIMARY);
	const json_t *canary = find_entry(world, rule, PLACE_CANARY);
	json_t *route = kube_tree_list();

	if (!primary)
		primary = find_entry(world, rule, PLACE_APEX);
	if (!primary)
		primary = counts->first;
	kube_tree_append(route, moved(world, primary, PLACE_PRIMARY, FULL - weight));
	kube_tree_append(route, moved(world, canary ? canary : primary, PLACE_CANARY, weight));
	return route;
}

/* RULE, ours, for the requests that match. */
static json_t *match_fit(const struct canary_world *world, const json_t *rule)
{
	const json_t *analysis = kube_tree_find(analysis_of(world), "match");
	const char *name = kube_tree_text(rule, "name");
	json_t *made = kube_tree_copy(rule);
	json_t *route = kube_tree_find(made, "route");
	char text[HOST_MAX];

	text_format(text, sizeof(text), MATCH_NAME "%s%s", *name ? "-" : "", name);
	kube_tree_set_text(made, "name", text);
	kube_tree_set(made, "match", istio_match_merge(analysis, kube_tree_find(rule, "match")));
	kube_tree_set_whole(json_array_get(route, 0), "weight", 0);
	kube_tree_set_whole(json_array_get(route, 1), "weight", FULL);
	return made;
}

static bool mirror_fit(const struct canary_world *world, json_t *rule, size_t index,
                       bool is_mirrored, struct err *err)
{
	const char *host = kube_tree_text(rule, "mirror/host");
	const json_t *entry = find_entry(world, rule, PLACE_CANARY);

	if (!is_mirrored && place_of_host(world, host) == PLACE_CANARY) {
		(void)json_object_del(rule, "mirror");
		(void)json_object_del(rule, "mirrorPercentage");
	}
	if (!is_mirrored)
		return true;
	if ((host[0] && place_of_host(world, host) != PLACE_CANARY) ||
	    kube_tree_find(rule, "mirrors"))
		return err_set(err, ERR_INVALID,
		               "spec.http[%zu].mirror: expected none, which analysis.mirror is to "
		               "set, got one to \"%.100s\"",
		               index, host);
	set_mirror(world, rule, kube_tree_text(entry, "destination/host"));
	return true;
}

/* Append RULE, number INDEX of the user's, to LIST; *ret_is_ours: it leads to one of the three. */
static bool rule_fit(const struct canary_world *world, const json_t *rule, size_t index,
                     struct istio_rules_split split, json_t *list, bool *ret_is_ours,
                     struct err *err)
{
	struct counts counts = count(world, rule);
	bool is_ab = world->spec->strategy == STRATEGY_AB;
	json_t *fitted = kube_tree_copy(rule);

	*ret_is_ours = counts.first != NULL;
	if (!counts.first) {
		kube_tree_append(list, fitted);
		return true;
	}
	if (counts.n[PLACE_OTHER] > 0) {
		json_decref(fitted);
		return err_set(err, ERR_INVALID,
		               "spec.%s[%zu].route: expected %s alone, got another host beside it, "
		               "whose share nobody could keep",
		               istio_rules_key(world), index, world->apex);
	}
	kube_tree_set(fitted, "route", route_fit(world, rule, &counts, is_ab ? 0 : split.weight));
	if (!mirror_fit(world, fitted, index, split.is_mirrored, err)) {
		json_decref(fitted);
		return false;
	}
	if (is_ab && split.weight > 0)
		kube_tree_append(list, match_fit(world, fitted));
	kube_tree_append(list, fitted);
	return true;
}

json_t *istio_rules_fit(const struct canary_world *world, const json_t *live,
                        struct istio_rules_split split, struct err *err)
{
	json_t *list = kube_tree_list();
	size_t n_ours = 0;

	for (size_t i = 0; i < json_array_size(live); i++) {
		const json_t *rule = json_array_get(live, i);
		bool is_ours = false;

		if (is_made(rule))
			continue;
		if (!rule_fit(world, rule, i, split, list, &is_ours, err)) {
			json_decref(list);
			return NULL;
		}
		n_ours += is_ours ? 1 : 0;
	}
	if (n_ours > 0)
		return list;
	json_decref(list);
	(void)err_set(err, ERR_INVALID, "spec.%s: expected a route to %s, got none",
	              istio_rules_key(world), world->apex);
	return NULL;
}

/* Given back ----------------------------------------------------------------------------------- */

/* RULE without what says where it leads. */
static json_t *bare(const struct canary_world *world, const json_t *rule)
{
	json_t *copy = kube_tree_copy(rule);

	(void)json_object_del(copy, "route");
	if (place_of_host(world, kube_tree_text(copy, "mirror/host")) == PLACE_CANARY) {
		(void)json_object_del(copy, "mirror");
		(void)json_object_del(copy, "mirrorPercentage");
	}
	return copy;
}

/* Of the first N rules of LIST that are ours, those that are WANTED but for where they lead: how
 * many, and the one that NTH of them come before; else the last, NULL for none. */
static const json_t *find_same(const struct canary_world *world, const json_t *list, size_t n,
                               const json_t *wanted, size_t *nth)
{
	const json_t *found = NULL;
	size_t n_found = 0;

	for (size_t i = 0; i < n && n_found <= *nth; i++) {
		const json_t *rule = json_array_get(list, i);
		json_auto_t *kept = bare(world, rule);
		struct counts counts = count(world, rule);

		if (!counts.first || is_made(rule) || !json_equal(kept, wanted))
			continue;
		found = rule;
		n_found++;
	}
	*nth = n_found;
	return found;
}

/* Rule number INDEX of LIVE. Of several that are the same but for where they lead, each is the one
 * of its place among them. */
static json_t *rule_restore(const struct canary_world *world, const json_t *live, size_t index,
                            const json_t *const originals[2])
{
	const json_t *rule = json_array_get(live, index);
	struct counts counts = count(world, rule);
	json_t *kept = bare(world, rule);
	const json_t *found = NULL;
	size_t n_before = SIZE_MAX;
	json_t *route;

	(void)find_same(world, live, index, kept, &n_before);
	for (size_t i = 0; i < 2 && !found; i++) {
		size_t nth = n_before;

		found = find_same(world, originals[i], json_array_size(originals[i]), kept, &nth);
	}
	if (found) {
		json_decref(kept);
		return kube_tree_copy(found);
	}
	route = kube_tree_list();
	kube_tree_append(route, moved(world, counts.first, PLACE_APEX, -1));
	kube_tree_set(kept, "route", route);
	return kept;
}

json_t *istio_rules_restore(const struct canary_world *world, const json_t *live,
                            const json_t *const originals[2])
{
	json_t *list = kube_tree_list();

	for (size_t i = 0; i < json_array_size(live); i++) {
		const json_t *rule = json_array_get(live, i);
		struct counts counts = count(world, rule);

		if (is_made(rule))
			continue;
		if (counts.first && counts.n[PLACE_OTHER] == 0)
			kube_tree_append(list, rule_restore(world, live, i, originals));
		else
			kube_tree_append(list, kube_tree_copy(rule));
	}
	return list;
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

		if (!weight || place_of(world, entry) == PLACE_OTHER ||
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

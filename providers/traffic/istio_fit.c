#include "providers/traffic/istio_fit.h"

#include "analysis/base/text.h"
#include "providers/kube/tree.h"
#include "providers/traffic/istio_match.h"
#include "providers/traffic/istio_place.h"
#include "providers/traffic/istio_session.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#define FULL          SPEC_WEIGHT_FULL
#define NAME_MAX_RULE 256

/* The name of a rule of ours that takes the matching requests. */
#define MATCH_NAME "serin-match"

static bool is_made(const json_t *rule)
{
	return kube_tree_is_prefix(MATCH_NAME, kube_tree_text(rule, "name"));
}

/* Fitted --------------------------------------------------------------------------------------- */

static const json_t *find_entry(const struct canary_world *world, const json_t *rule,
                                enum istio_place place)
{
	const json_t *route = kube_tree_find(rule, "route");

	for (size_t i = 0; i < json_array_size(route); i++) {
		if (istio_place_of(world, json_array_get(route, i)) == place)
			return json_array_get(route, i);
	}
	return NULL;
}

/* RULE's route as it is to be: what the user wrote of a destination stays with it. */
static json_t *route_fit(const struct canary_world *world, const json_t *rule,
                         const struct istio_place_counts *counts, int weight)
{
	const json_t *primary = find_entry(world, rule, ISTIO_PLACE_PRIMARY);
	const json_t *canary = find_entry(world, rule, ISTIO_PLACE_CANARY);
	json_t *route = kube_tree_list();
	json_t *entry;
	size_t index;

	if (!primary)
		primary = find_entry(world, rule, ISTIO_PLACE_APEX);
	if (!primary)
		primary = counts->first;
	kube_tree_append(route,
	                 istio_place_moved(world, primary, ISTIO_PLACE_PRIMARY, FULL - weight));
	kube_tree_append(route, istio_place_moved(world, canary ? canary : primary,
	                                          ISTIO_PLACE_CANARY, weight));
	json_array_foreach(route, index, entry) istio_session_strip(entry);
	return route;
}

/* RULE, fitted, for those of its requests that ASKED means: all to the side that SESSION says.
 * Number INDEX of those before the same rule. */
static json_t *special_fit(const json_t *rule, const json_t *asked, size_t index)
{
	const char *name = kube_tree_text(rule, "name");
	json_t *made = kube_tree_copy(rule);
	char text[NAME_MAX_RULE];

	if (index == 0)
		text_format(text, sizeof(text), MATCH_NAME "%s%s", *name ? "-" : "", name);
	else
		text_format(text, sizeof(text), MATCH_NAME "-%zu%s%s", index + 1, *name ? "-" : "",
		            name);
	kube_tree_set_text(made, "name", text);
	kube_tree_set(made, "match", istio_match_merge(asked, kube_tree_find(rule, "match")));
	return made;
}

/* RULE, ours, for the requests that match. */
static json_t *match_fit(const struct canary_world *world, const json_t *rule)
{
	const json_t *analysis = kube_tree_find(istio_rules_analysis(world), "match");
	json_t *made = special_fit(rule, analysis, 0);
	json_t *route = kube_tree_find(made, "route");

	kube_tree_set_whole(json_array_get(route, 0), "weight", 0);
	kube_tree_set_whole(json_array_get(route, 1), "weight", FULL);
	return made;
}

/* The rules before RULE, fitted, for clients with a cookie. */
static void sessions_fit(const struct canary_world *world, const json_t *rule,
                         const struct istio_rules_split *split, json_t *list)
{
	struct session_rule sessions[SESSION_RULES_MAX];
	size_t n_sessions = session_rules(&split->cookies, split->weight, sessions);

	for (size_t i = 0; i < n_sessions; i++) {
		json_auto_t *asked = istio_session_match(&sessions[i]);
		json_t *made = special_fit(rule, asked, i);

		istio_session_apply(world, json_object_get(made, "route"), &sessions[i]);
		kube_tree_append(list, made);
	}
}

/* A user's rule number INDEX leaves room for our cookies: it neither looks at the header itself nor
 * sets one where we do. */
static bool session_check(const struct canary_world *world, const json_t *rule, size_t index,
                          struct err *err)
{
	const json_t *match = kube_tree_find(rule, "match");
	const json_t *route = kube_tree_find(rule, "route");

	if (!world->spec->affinity.cookie)
		return true;
	for (size_t i = 0; i < json_array_size(match); i++) {
		const json_t *headers = kube_tree_find(json_array_get(match, i), "headers");
		const char *name;
		json_t *value;

		/* jansson's iteration macro wants a mutable object; nothing is changed */
		json_object_foreach((json_t *)(uintptr_t)headers, name, value)
		{
			if (strcasecmp(name, "cookie") == 0)
				return err_set(err, ERR_INVALID,
				               "spec.http[%zu].match[%zu].headers.%s: expected "
				               "none beside analysis.sessionAffinity",
				               index, i, name);
		}
	}
	for (size_t i = 0; i < json_array_size(route); i++) {
		const char *text = istio_session_set_cookie(json_array_get(route, i));

		if (*text && !session_is_ours(text))
			return err_set(
				err, ERR_INVALID,
				"spec.http[%zu].route[%zu].headers.response.add: expected no "
				"Set-Cookie, which analysis.sessionAffinity is to set",
				index, i);
	}
	return true;
}

static bool mirror_fit(const struct canary_world *world, json_t *rule, size_t index,
                       bool is_mirrored, struct err *err)
{
	const char *host = kube_tree_text(rule, "mirror/host");
	const json_t *entry = find_entry(world, rule, ISTIO_PLACE_CANARY);

	if (!is_mirrored && istio_place_of_host(world, host) == ISTIO_PLACE_CANARY) {
		(void)json_object_del(rule, "mirror");
		(void)json_object_del(rule, "mirrorPercentage");
	}
	if (!is_mirrored)
		return true;
	if ((host[0] && istio_place_of_host(world, host) != ISTIO_PLACE_CANARY) ||
	    kube_tree_find(rule, "mirrors"))
		return err_set(err, ERR_INVALID,
		               "spec.http[%zu].mirror: expected none, which analysis.mirror is to "
		               "set, got one to \"%.100s\"",
		               index, host);
	istio_rules_mirror(world, rule, kube_tree_text(entry, "destination/host"));
	return true;
}

/* Append RULE, number INDEX of the user's, to LIST; *ret_is_ours: it leads to one of the three. */
static bool rule_fit(const struct canary_world *world, const json_t *rule, size_t index,
                     struct istio_rules_split split, json_t *list, bool *ret_is_ours,
                     struct err *err)
{
	struct istio_place_counts counts = istio_place_count(world, rule);
	bool is_ab = world->spec->strategy == STRATEGY_AB;
	json_t *fitted = kube_tree_copy(rule);

	*ret_is_ours = counts.first != NULL;
	if (!counts.first) {
		kube_tree_append(list, fitted);
		return true;
	}
	if (counts.n[ISTIO_PLACE_OTHER] > 0) {
		json_decref(fitted);
		return err_set(err, ERR_INVALID,
		               "spec.%s[%zu].route: expected %s alone, got another host beside it, "
		               "whose share nobody could keep",
		               istio_rules_key(world), index, world->apex);
	}
	kube_tree_set(fitted, "route", route_fit(world, rule, &counts, is_ab ? 0 : split.weight));
	if (!session_check(world, rule, index, err) ||
	    !mirror_fit(world, fitted, index, split.is_mirrored, err)) {
		json_decref(fitted);
		return false;
	}
	if (is_ab && split.weight > 0)
		kube_tree_append(list, match_fit(world, fitted));
	if (!is_ab) {
		sessions_fit(world, fitted, &split, list);
		istio_session_hand_out(world, json_object_get(fitted, "route"), &split.cookies,
		                       split.weight);
	}
	kube_tree_append(list, fitted);
	return true;
}

json_t *istio_fit_rules(const struct canary_world *world, const json_t *live,
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

/* RULE, with other hosts beside ours: the canary's share goes to the primary, or to nobody. */
static void empty_canary(const struct canary_world *world, json_t *rule)
{
	json_t *route = kube_tree_find(rule, "route");
	struct istio_place_counts counts = istio_place_count(world, rule);
	bool is_moved = false;

	for (size_t i = 0; i < json_array_size(route); i++) {
		json_t *entry = json_array_get(route, i);
		enum istio_place place = istio_place_of(world, entry);
		int weight = kube_tree_whole(entry, "weight", 0);

		if (place == ISTIO_PLACE_CANARY) {
			kube_tree_set_whole(entry, "weight", 0);
		} else if (place != ISTIO_PLACE_OTHER && !is_moved) {
			kube_tree_set_whole(entry, "weight",
			                    weight + counts.weight[ISTIO_PLACE_CANARY]);
			is_moved = true;
		}
	}
}

json_t *istio_fit_cut(const struct canary_world *world, const json_t *live, int weight)
{
	int share = world->spec->strategy == STRATEGY_AB ? 0 : weight;
	json_t *list = kube_tree_list();

	for (size_t i = 0; i < json_array_size(live); i++) {
		const json_t *rule = json_array_get(live, i);
		struct istio_place_counts counts = istio_place_count(world, rule);
		json_t *copy;

		if (is_made(rule)) {
			if (weight > 0)
				kube_tree_append(list, kube_tree_copy(rule));
			continue;
		}
		copy = kube_tree_copy(rule);
		(void)mirror_fit(world, copy, i, false, NULL);
		if (counts.n[ISTIO_PLACE_CANARY] > 0 && counts.n[ISTIO_PLACE_OTHER] > 0)
			empty_canary(world, copy);
		else if (counts.n[ISTIO_PLACE_CANARY] > 0)
			kube_tree_set(copy, "route", route_fit(world, rule, &counts, share));
		kube_tree_append(list, copy);
	}
	return list;
}

/* Given back ----------------------------------------------------------------------------------- */

/* RULE without what says where it leads. */
static json_t *bare(const struct canary_world *world, const json_t *rule)
{
	json_t *copy = kube_tree_copy(rule);

	(void)json_object_del(copy, "route");
	if (istio_place_of_host(world, kube_tree_text(copy, "mirror/host")) == ISTIO_PLACE_CANARY) {
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
		struct istio_place_counts counts = istio_place_count(world, rule);

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
	struct istio_place_counts counts = istio_place_count(world, rule);
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
	kube_tree_append(route, istio_place_moved(world, counts.first, ISTIO_PLACE_APEX, -1));
	istio_session_strip(json_array_get(route, 0));
	kube_tree_set(kept, "route", route);
	return kept;
}

json_t *istio_fit_restore(const struct canary_world *world, const json_t *live,
                          const json_t *const originals[2])
{
	json_t *list = kube_tree_list();

	for (size_t i = 0; i < json_array_size(live); i++) {
		const json_t *rule = json_array_get(live, i);
		struct istio_place_counts counts = istio_place_count(world, rule);

		if (is_made(rule))
			continue;
		if (counts.first && counts.n[ISTIO_PLACE_OTHER] == 0)
			kube_tree_append(list, rule_restore(world, live, i, originals));
		else
			kube_tree_append(list, kube_tree_copy(rule));
	}
	return list;
}

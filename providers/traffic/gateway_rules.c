#include "providers/traffic/gateway_rules.h"

#include "analysis/base/text.h"
#include "providers/kube/canary_analysis.h"
#include "providers/kube/tree.h"
#include "providers/traffic/gateway_backend.h"
#include "providers/traffic/gateway_filter.h"
#include "providers/traffic/gateway_match.h"
#include "providers/traffic/gateway_session.h"

#include <string.h>
#include <strings.h>

#define FULL        SPEC_WEIGHT_FULL
#define POINTER_MAX 160

static const json_t *service_of(const struct canary_world *world)
{
	return kube_tree_find(world->object, "spec/service");
}

static const json_t *analysis_of(const struct canary_world *world)
{
	const json_t *analysis = kube_tree_find(world->object, "spec/analysis");

	return analysis ? analysis : kube_tree_find(world->object, "spec/canaryAnalysis");
}

bool gateway_rules_is_grpc(const struct canary_world *world)
{
	return strcmp(kube_tree_text(world->object, "spec/routeRef/kind"), "GRPCRoute") == 0;
}

/* Copies ----------------------------------------------------------------------------------------
 */

/* FILTER, of a rule, sends copies to the canary. */
static bool is_mirror(const struct canary_world *world, const json_t *filter)
{
	const json_t *ref = kube_tree_find(filter, "requestMirror/backendRef");

	return ref && gateway_backend_place(world, ref) == GATEWAY_CANARY;
}

static bool mirrors_to_canary(const struct canary_world *world, const json_t *rule)
{
	const json_t *filters = kube_tree_find(rule, "filters");

	for (size_t i = 0; i < json_array_size(filters); i++) {
		if (is_mirror(world, json_array_get(filters, i)))
			return true;
	}
	return false;
}

/* RULE without copies for the canary; a list of filters that becomes empty goes. */
static void unmirror(const struct canary_world *world, json_t *rule)
{
	json_t *filters = json_object_get(rule, "filters");

	if (!mirrors_to_canary(world, rule))
		return;
	for (size_t i = json_array_size(filters); i-- > 0;) {
		if (is_mirror(world, json_array_get(filters, i)))
			(void)json_array_remove(filters, i);
	}
	if (json_array_size(filters) == 0)
		(void)json_object_del(rule, "filters");
}

/* RULE sends copies to the canary, as many as analysis.mirrorWeight says, to the backend that
 * CANARY is. */
static void mirror(const struct canary_world *world, json_t *rule, const json_t *canary)
{
	json_t *filters = json_object_get(rule, "filters");
	json_t *ref = kube_tree_copy(canary);

	(void)json_object_del(ref, "weight");
	(void)json_object_del(ref, "filters");
	if (!filters) {
		filters = kube_tree_list();
		kube_tree_set(rule, "filters", filters);
	}
	kube_tree_append(filters, gateway_filter_mirror(ref, kube_tree_whole(analysis_of(world),
	                                                                     "mirrorWeight", 0)));
}

/* RULE sends copies if IT_DOES; what it does already is left alone. */
static void set_mirror(const struct canary_world *world, json_t *rule, bool it_does)
{
	const json_t *canary = gateway_backend_find(world, rule, GATEWAY_CANARY);

	if (mirrors_to_canary(world, rule) == it_does)
		return;
	if (it_does)
		mirror(world, rule, canary);
	else
		unmirror(world, rule);
}

/* Generated -------------------------------------------------------------------------------------
 */

static json_t *backends_new(const struct canary_world *world, int weight)
{
	json_t *refs = kube_tree_list();
	int port = kube_tree_whole(service_of(world), "port", 0);

	kube_tree_append(refs, gateway_backend_new(world->primary_service, port, FULL - weight));
	kube_tree_append(refs, gateway_backend_new(world->canary_service, port, weight));
	return refs;
}

/* A rule for MATCHES, which is taken, without backends. */
static json_t *rule_new(const struct canary_world *world, json_t *matches)
{
	const json_t *service = service_of(world);
	bool is_grpc = gateway_rules_is_grpc(world);
	json_t *rule = kube_tree_object();
	json_t *filters = gateway_filter_new(service, is_grpc);
	json_t *timeouts = is_grpc ? NULL : gateway_filter_timeouts(service);

	if (json_array_size(matches) > 0)
		kube_tree_set(rule, "matches", json_incref(matches));
	json_decref(matches);
	if (json_array_size(filters) > 0)
		kube_tree_set(rule, "filters", json_incref(filters));
	json_decref(filters);
	if (timeouts)
		kube_tree_set(rule, "timeouts", timeouts);
	return rule;
}

/* The rules that know clients by their cookies, before the weighted one. */
static void add_sessions(const struct canary_world *world, const json_t *matches,
                         const struct gateway_rules_split *split, json_t *rules)
{
	struct session_rule sessions[SESSION_RULES_MAX];
	size_t n_sessions = session_rules(&split->cookies, split->weight, sessions);

	for (size_t i = 0; i < n_sessions; i++) {
		json_auto_t *asked = gateway_session_match(&sessions[i]);
		json_t *rule = rule_new(world, gateway_match_merge(asked, matches, false));

		kube_tree_set(rule, "backendRefs", backends_new(world, sessions[i].share));
		gateway_session_apply(world, rule, &sessions[i]);
		set_mirror(world, rule, split->is_mirrored);
		kube_tree_append(rules, rule);
	}
}

static json_t *generate(const struct canary_world *world, struct gateway_rules_split split)
{
	bool is_grpc = gateway_rules_is_grpc(world);
	bool is_ab = world->spec->strategy == STRATEGY_AB;
	json_t *matches = gateway_match_new(kube_tree_find(service_of(world), "match"), is_grpc);
	json_t *rules = kube_tree_list();
	json_t *rule;

	if (!is_ab && !is_grpc)
		add_sessions(world, matches, &split, rules);
	rule = rule_new(world,
	                is_ab ? gateway_match_merge(kube_tree_find(analysis_of(world), "match"),
	                                            matches, is_grpc)
	                      : json_incref(matches));
	kube_tree_set(rule, "backendRefs", backends_new(world, split.weight));
	if (!is_ab && !is_grpc)
		gateway_session_hand_out(world, rule, &split.cookies, split.weight);
	set_mirror(world, rule, split.is_mirrored);
	kube_tree_append(rules, rule);
	if (is_ab) {
		rule = rule_new(world, json_incref(matches));
		kube_tree_set(rule, "backendRefs", backends_new(world, 0));
		(void)json_array_remove(json_object_get(rule, "backendRefs"), 1);
		kube_tree_append(rules, rule);
	}
	json_decref(matches);
	return rules;
}

/* LIVE with what is generated as in WANTED; what the API filled in stays. */
static json_t *laid_over(const json_t *live, const json_t *wanted)
{
	static const char *const keys[] = {"matches", "filters", "timeouts", "backendRefs"};
	json_t *rule = kube_tree_copy(live);

	gateway_session_strip_beyond(rule, wanted);
	for (size_t i = 0; i < array_length(keys); i++) {
		const json_t *value = json_object_get(wanted, keys[i]);
		const json_t *present = json_object_get(rule, keys[i]);

		if (!value)
			(void)json_object_del(rule, keys[i]);
		else if (!present || !kube_tree_is_grown(value, present))
			kube_tree_set(rule, keys[i], kube_tree_copy(value));
	}
	return rule;
}

json_t *gateway_rules_new(const struct canary_world *world, const json_t *live,
                          struct gateway_rules_split split)
{
	json_t *wanted = generate(world, split);
	json_t *rules;

	if (json_array_size(live) != json_array_size(wanted))
		return wanted;
	rules = kube_tree_list();
	for (size_t i = 0; i < json_array_size(live); i++)
		kube_tree_append(rules,
		                 laid_over(json_array_get(live, i), json_array_get(wanted, i)));
	json_decref(wanted);
	return rules;
}

/* Reading ---------------------------------------------------------------------------------------
 */

struct gateway_rules_split gateway_rules_read(const struct canary_world *world, const json_t *live)
{
	struct session_reading reading = {0};
	bool is_mirrored = false;

	for (size_t i = 0; i < json_array_size(live); i++) {
		const json_t *rule = json_array_get(live, i);
		struct cookie cookies[2];
		size_t n_cookies = gateway_session_cookies(rule, cookies);

		session_read(&reading, cookies, n_cookies, gateway_backend_share(world, rule),
		             gateway_session_is_taking(rule));
		is_mirrored |= mirrors_to_canary(world, rule);
	}
	return (struct gateway_rules_split){.weight = session_weight(&reading),
	                                    .is_mirrored = is_mirrored,
	                                    .cookies = reading.cookies};
}

bool gateway_rules_is_ours(const struct canary_world *world, const json_t *live)
{
	for (size_t i = 0; i < json_array_size(live); i++) {
		const json_t *rule = json_array_get(live, i);

		if (gateway_backend_find(world, rule, GATEWAY_PRIMARY) ||
		    gateway_backend_find(world, rule, GATEWAY_CANARY))
			return true;
	}
	return false;
}

/* Fitted ----------------------------------------------------------------------------------------
 */

/* RULE was added for A/B: its matches are among those noted. */
static bool is_added(const struct canary_world *world, const json_t *rule, const json_t *added)
{
	const json_t *matches = kube_tree_find(rule, "matches");

	if (!matches || !gateway_backend_find(world, rule, GATEWAY_CANARY))
		return false;
	for (size_t i = 0; i < json_array_size(added); i++) {
		if (kube_tree_is_grown(json_array_get(added, i), matches))
			return true;
	}
	return false;
}

/* RULE, fitted, for those of its requests that ASKED means, all to one side: the canary, unless
 * SESSION says otherwise. It gets its place, and a note of it. */
static void add_special(const struct canary_world *world, const json_t *rule, const json_t *asked,
                        const struct session_rule *session, json_t *list, json_t *added)
{
	json_t *made = kube_tree_copy(rule);
	json_t *matches = gateway_match_merge(asked, kube_tree_find(rule, "matches"),
	                                      gateway_rules_is_grpc(world));

	(void)json_object_del(made, "name"); /* names are of one rule each */
	kube_tree_append(added, kube_tree_copy(matches));
	kube_tree_set(made, "matches", matches);
	kube_tree_set(made, "backendRefs", gateway_backend_fit(world, rule, FULL));
	if (session)
		gateway_session_apply(world, made, session);
	kube_tree_append(list, made);
}

/* What stands before RULE, fitted: for A/B the requests that match, else clients with a cookie. */
static void add_specials(const struct canary_world *world, const json_t *rule,
                         const struct gateway_rules_split *split, json_t *list, json_t *added)
{
	struct session_rule sessions[SESSION_RULES_MAX];
	bool is_ab = world->spec->strategy == STRATEGY_AB;
	size_t n_sessions = is_ab ? 0 : session_rules(&split->cookies, split->weight, sessions);

	if (is_ab && split->weight > 0)
		add_special(world, rule, kube_tree_find(analysis_of(world), "match"), NULL, list,
		            added);
	for (size_t i = 0; i < n_sessions; i++) {
		json_auto_t *asked = gateway_session_match(&sessions[i]);

		add_special(world, rule, asked, &sessions[i], list, added);
	}
}

/* A user's rule number INDEX leaves room for our cookies: it neither looks at the header itself nor
 * sets one where we do. */
static bool session_check(const struct canary_world *world, const json_t *rule, size_t index,
                          struct err *err)
{
	const json_t *matches = kube_tree_find(rule, "matches");
	const json_t *refs = kube_tree_find(rule, "backendRefs");

	if (!world->spec->affinity.cookie)
		return true;
	for (size_t i = 0; i < json_array_size(matches); i++) {
		const json_t *headers = kube_tree_find(json_array_get(matches, i), "headers");

		for (size_t j = 0; j < json_array_size(headers); j++) {
			if (strcasecmp(kube_tree_text(json_array_get(headers, j), "name"),
			               "cookie") == 0)
				return err_set(
					err, ERR_INVALID,
					"spec.rules[%zu].matches[%zu].headers[%zu]: expected "
					"no match of a cookie beside analysis.sessionAffinity",
					index, i, j);
		}
	}
	for (size_t i = 0; i < json_array_size(refs); i++) {
		if (gateway_session_is_foreign(json_array_get(refs, i)))
			return err_set(err, ERR_INVALID,
			               "spec.rules[%zu].backendRefs[%zu].filters: expected no "
			               "Set-Cookie, which analysis.sessionAffinity is to set",
			               index, i);
	}
	return true;
}

/* Append RULE, number INDEX of the user's, to LIST; *ret_n counts those that lead to one of the
 * three. */
static bool rule_fit(const struct canary_world *world, const json_t *rule, size_t index,
                     struct gateway_rules_split split, json_t *list, json_t *added, size_t *ret_n,
                     struct err *err)
{
	bool is_ab = world->spec->strategy == STRATEGY_AB;
	json_t *fitted = kube_tree_copy(rule);

	if (!gateway_backend_is_ours(world, rule)) {
		kube_tree_append(list, fitted);
		return true;
	}
	if (gateway_backend_find(world, rule, GATEWAY_OTHER)) {
		json_decref(fitted);
		return err_set(err, ERR_INVALID,
		               "spec.rules[%zu].backendRefs: expected %s alone, got another "
		               "backend beside it, whose share nobody could keep",
		               index, world->apex);
	}
	if (!session_check(world, rule, index, err)) {
		json_decref(fitted);
		return false;
	}
	(*ret_n)++;
	gateway_session_strip(fitted);
	kube_tree_set(fitted, "backendRefs",
	              gateway_backend_fit(world, fitted, is_ab ? 0 : split.weight));
	set_mirror(world, fitted, split.is_mirrored);
	add_specials(world, fitted, &split, list, added);
	if (!is_ab)
		gateway_session_hand_out(world, fitted, &split.cookies, split.weight);
	kube_tree_append(list, fitted);
	return true;
}

/* With the rules for clients with a cookie it stays a list that the API takes; known before the
 * first of them is needed. */
static bool has_room(const struct canary_world *world, size_t n_ours, size_t n_rules,
                     struct err *err)
{
	size_t n_most = n_rules + n_ours * SESSION_RULES_MAX;

	return !world->spec->affinity.cookie || n_most <= GATEWAY_RULES_MAX ||
	       err_set(err, ERR_LIMIT,
	               "spec.rules: expected room for %d rules more before each that leads to %s, "
	               "beside analysis.sessionAffinity; that makes %zu, at most %d can be",
	               SESSION_RULES_MAX, world->apex, n_most, GATEWAY_RULES_MAX);
}

json_t *gateway_rules_fit(const struct canary_world *world, const json_t *live, const json_t *added,
                          struct gateway_rules_split split, json_t **ret_added, struct err *err)
{
	json_t *list = kube_tree_list();
	json_t *notes = kube_tree_list();
	size_t n_ours = 0;
	size_t n_rules = 0;
	bool is_fit = true;

	for (size_t i = 0; i < json_array_size(live) && is_fit; i++) {
		const json_t *rule = json_array_get(live, i);

		if (is_added(world, rule, added))
			continue;
		n_rules++;
		is_fit = rule_fit(world, rule, i, split, list, notes, &n_ours, err);
	}
	if (is_fit && n_ours == 0)
		is_fit = err_set(err, ERR_INVALID, "spec.rules: expected a backend %s, got none",
		                 world->apex);
	is_fit = is_fit && has_room(world, n_ours, n_rules, err);
	if (is_fit) {
		*ret_added = notes;
		return list;
	}
	json_decref(list);
	json_decref(notes);
	return NULL;
}

/* Given back ------------------------------------------------------------------------------------
 */

/* RULE without what says where it leads. */
static json_t *bare(const struct canary_world *world, const json_t *rule)
{
	json_t *copy = kube_tree_copy(rule);

	(void)json_object_del(copy, "backendRefs");
	unmirror(world, copy);
	return copy;
}

/* RULE is ours to weigh, and WANTED but for where it leads. */
static bool is_twin(const struct canary_world *world, const json_t *rule, const json_t *wanted)
{
	json_auto_t *kept = bare(world, rule);

	return gateway_backend_is_ours(world, rule) && json_equal(kept, wanted);
}

/* The twin of WANTED in LIST that has N others before it. */
static const json_t *find_twin(const struct canary_world *world, const json_t *wanted,
                               const json_t *list, size_t n)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		if (is_twin(world, json_array_get(list, i), wanted) && n-- == 0)
			return json_array_get(list, i);
	}
	return NULL;
}

/* The rule number INDEX of LIVE as it was; rules may be alike but for where they lead. */
static json_t *rule_restore(const struct canary_world *world, const json_t *live, size_t index,
                            const json_t *original)
{
	const json_t *rule = json_array_get(live, index);
	json_t *kept = bare(world, rule);
	const json_t *found;
	size_t n_before = 0;

	for (size_t i = 0; i < index; i++)
		n_before += is_twin(world, json_array_get(live, i), kept) ? 1 : 0;
	found = find_twin(world, kept, original, n_before);
	if (found) {
		json_decref(kept);
		return kube_tree_copy(found);
	}
	kube_tree_set(kept, "backendRefs", gateway_backend_apex(world, rule));
	gateway_session_strip(kept);
	return kept;
}

json_t *gateway_rules_restore(const struct canary_world *world, const json_t *live,
                              const json_t *added, const json_t *original)
{
	json_t *list = kube_tree_list();

	for (size_t i = 0; i < json_array_size(live); i++) {
		const json_t *rule = json_array_get(live, i);

		if (is_added(world, rule, added))
			continue;
		if (gateway_backend_is_ours(world, rule) &&
		    !gateway_backend_find(world, rule, GATEWAY_OTHER))
			kube_tree_append(list, rule_restore(world, live, i, original));
		else
			kube_tree_append(list, kube_tree_copy(rule));
	}
	return list;
}

/* Patches ---------------------------------------------------------------------------------------
 */

static json_t *without_weights(const json_t *list)
{
	json_t *copy = kube_tree_copy(list);

	for (size_t i = 0; i < json_array_size(copy); i++) {
		const json_t *refs = kube_tree_find(json_array_get(copy, i), "backendRefs");

		for (size_t j = 0; j < json_array_size(refs); j++)
			(void)json_object_del(json_array_get(refs, j), "weight");
	}
	return copy;
}

/* The weight of one backend, behind a test of which one it is. */
static void patch_weight(json_t *patch, size_t rule, size_t ref, const char *name, json_t *weight)
{
	char path[POINTER_MAX];

	text_format(path, sizeof(path), "/spec/rules/%zu/backendRefs/%zu/name", rule, ref);
	kube_tree_patch_text(patch, "test", path, name);
	text_format(path, sizeof(path), "/spec/rules/%zu/backendRefs/%zu/weight", rule, ref);
	kube_tree_patch(patch, "add", path, weight);
}

void gateway_rules_patch(json_t *patch, const json_t *live, const json_t *wanted)
{
	json_auto_t *live_shape = without_weights(live);
	json_auto_t *wanted_shape = without_weights(wanted);

	if (!json_equal(live_shape, wanted_shape)) {
		kube_tree_patch(patch, "add", "/spec/rules", kube_tree_copy(wanted));
		return;
	}
	for (size_t i = 0; i < json_array_size(wanted); i++) {
		const json_t *refs = kube_tree_find(json_array_get(wanted, i), "backendRefs");
		const json_t *before = kube_tree_find(json_array_get(live, i), "backendRefs");

		for (size_t j = 0; j < json_array_size(refs); j++) {
			const json_t *ref = json_array_get(refs, j);
			json_t *weight = json_object_get(ref, "weight");

			if (weight && !json_equal(weight, json_object_get(json_array_get(before, j),
			                                                  "weight")))
				patch_weight(patch, i, j, kube_tree_text(ref, "name"),
				             json_incref(weight));
		}
	}
}

/* The copies that rule number INDEX sends to the canary, away; from the end, as numbers move. */
static void patch_unmirror(json_t *patch, const struct canary_world *world, const json_t *rule,
                           size_t index)
{
	const json_t *filters = kube_tree_find(rule, "filters");
	char path[POINTER_MAX];
	size_t n_left = json_array_size(filters);

	for (size_t i = json_array_size(filters); i-- > 0;) {
		if (!is_mirror(world, json_array_get(filters, i)))
			continue;
		n_left--;
		text_format(path, sizeof(path),
		            "/spec/rules/%zu/filters/%zu/requestMirror/backendRef/name", index, i);
		kube_tree_patch_text(patch, "test", path, world->canary_service);
		text_format(path, sizeof(path), "/spec/rules/%zu/filters/%zu", index, i);
		kube_tree_patch(patch, "remove", path, NULL);
	}
	text_format(path, sizeof(path), "/spec/rules/%zu/filters", index);
	if (n_left == 0 && json_array_size(filters) > 0)
		kube_tree_patch(patch, "remove", path, NULL);
}

void gateway_rules_weigh(json_t *patch, const struct canary_world *world, const json_t *live,
                         int weight)
{
	for (size_t i = 0; i < json_array_size(live); i++) {
		const json_t *rule = json_array_get(live, i);
		const json_t *refs = kube_tree_find(rule, "backendRefs");
		bool has_canary = gateway_backend_find(world, rule, GATEWAY_CANARY) != NULL;
		struct cookie cookies[2];

		/* Who has a cookie goes to one side, until that is over. */
		if (weight > 0 && gateway_session_cookies(rule, cookies) > 0)
			continue;
		patch_unmirror(patch, world, rule, i);
		for (size_t j = 0; j < json_array_size(refs) && has_canary; j++) {
			const json_t *ref = json_array_get(refs, j);
			enum gateway_place place = gateway_backend_place(world, ref);

			if (place == GATEWAY_CANARY)
				patch_weight(patch, i, j, kube_tree_text(ref, "name"),
				             json_integer(weight));
			else if (place != GATEWAY_OTHER)
				patch_weight(patch, i, j, kube_tree_text(ref, "name"),
				             json_integer(FULL - weight));
		}
	}
}

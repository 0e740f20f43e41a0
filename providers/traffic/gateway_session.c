#include "providers/traffic/gateway_session.h"

#include "providers/kube/tree.h"
#include "providers/traffic/gateway_backend.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#define HEADER   "Cookie"
#define TYPE     "ResponseHeaderModifier"
#define MODIFIER "responseHeaderModifier"

/* Matching ------------------------------------------------------------------------------------- */

json_t *gateway_session_match(const struct session_rule *rule)
{
	return session_match(rule, HEADER);
}

static bool cookie_of_match(const json_t *match, struct cookie *ret)
{
	const json_t *headers = kube_tree_find(match, "headers");

	for (size_t i = 0; i < json_array_size(headers); i++) {
		const json_t *header = json_array_get(headers, i);

		if (strcasecmp(kube_tree_text(header, "name"), HEADER) == 0 &&
		    strcmp(kube_tree_text(header, "type"), "RegularExpression") == 0)
			return session_pattern_read(kube_tree_text(header, "value"), ret);
	}
	return false;
}

size_t gateway_session_cookies(const json_t *rule, struct cookie ret[2])
{
	return session_cookies(kube_tree_find(rule, "matches"), cookie_of_match, ret);
}

/* Setting -------------------------------------------------------------------------------------- */

static json_t *modifier_of(const json_t *ref)
{
	const json_t *filters = kube_tree_find(ref, "filters");

	for (size_t i = 0; i < json_array_size(filters); i++) {
		json_t *filter = json_array_get(filters, i);

		if (strcmp(kube_tree_text(filter, "type"), TYPE) == 0)
			return json_object_get(filter, MODIFIER);
	}
	return NULL;
}

/* The text of Set-Cookie that REF adds; "" for none. */
static const char *set_cookie_of(const json_t *ref)
{
	const json_t *added = kube_tree_find(modifier_of(ref), "add");

	for (size_t i = 0; i < json_array_size(added); i++) {
		const json_t *pair = json_array_get(added, i);

		if (strcasecmp(kube_tree_text(pair, "name"), SESSION_HEADER) == 0)
			return kube_tree_text(pair, "value");
	}
	return "";
}

bool gateway_session_is_put(const json_t *ref)
{
	return session_is_ours(set_cookie_of(ref));
}

bool gateway_session_is_foreign(const json_t *ref)
{
	const char *text = set_cookie_of(ref);

	return *text && !session_is_ours(text);
}

bool gateway_session_is_taking(const json_t *rule)
{
	const json_t *refs = kube_tree_find(rule, "backendRefs");

	for (size_t i = 0; i < json_array_size(refs); i++) {
		if (session_is_gone(set_cookie_of(json_array_get(refs, i))))
			return true;
	}
	return false;
}

/* The list under KEY of OBJECT, made if there is none. */
static json_t *list_of(json_t *object, const char *key)
{
	json_t *list = json_object_get(object, key);

	if (!list) {
		list = kube_tree_list();
		kube_tree_set(object, key, list);
	}
	return list;
}

static json_t *modifier_new(json_t *ref)
{
	json_t *filter = kube_tree_object();
	json_t *modifier = kube_tree_object();

	kube_tree_set_text(filter, "type", TYPE);
	kube_tree_set(filter, MODIFIER, modifier);
	kube_tree_append(list_of(ref, "filters"), filter);
	return modifier;
}

void gateway_session_put(const struct canary_world *world, json_t *ref, const struct cookie *cookie,
                         enum session_kind kind)
{
	struct arena arena = {0};
	json_t *modifier = modifier_of(ref);
	json_t *pair = kube_tree_object();

	if (!modifier)
		modifier = modifier_new(ref);
	kube_tree_set_text(pair, "name", SESSION_HEADER);
	kube_tree_set_text(pair, "value", session_text(world, cookie, kind, &arena));
	kube_tree_append(list_of(modifier, "add"), pair);
	arena_fini(&arena);
}

static void strip_filter(json_t *ref, json_t *filters, size_t index)
{
	json_t *modifier = json_object_get(json_array_get(filters, index), MODIFIER);
	json_t *added = json_object_get(modifier, "add");

	for (size_t i = json_array_size(added); i-- > 0;) {
		const json_t *pair = json_array_get(added, i);

		if (strcasecmp(kube_tree_text(pair, "name"), SESSION_HEADER) == 0 &&
		    session_is_ours(kube_tree_text(pair, "value")))
			(void)json_array_remove(added, i);
	}
	if (json_array_size(added) == 0)
		(void)json_object_del(modifier, "add");
	if (json_object_size(modifier) == 0)
		(void)json_array_remove(filters, index);
	if (json_array_size(filters) == 0)
		(void)json_object_del(ref, "filters");
}

static void strip(json_t *ref)
{
	json_t *filters = json_object_get(ref, "filters");

	if (!gateway_session_is_put(ref))
		return;
	for (size_t i = 0; i < json_array_size(filters); i++) {
		if (strcmp(kube_tree_text(json_array_get(filters, i), "type"), TYPE) == 0) {
			strip_filter(ref, filters, i);
			return;
		}
	}
}

void gateway_session_strip(json_t *rule)
{
	json_t *refs = json_object_get(rule, "backendRefs");

	for (size_t i = 0; i < json_array_size(refs); i++)
		strip(json_array_get(refs, i));
}

void gateway_session_strip_beyond(json_t *rule, const json_t *wanted)
{
	json_t *refs = json_object_get(rule, "backendRefs");
	const json_t *others = json_object_get(wanted, "backendRefs");

	for (size_t i = 0; i < json_array_size(refs); i++) {
		if (!gateway_session_is_put(json_array_get(others, i)))
			strip(json_array_get(refs, i));
	}
}

/* Rules ---------------------------------------------------------------------------------------- */

/* The backend of RULE that is PLACE, to be changed. */
static json_t *backend_of(const struct canary_world *world, json_t *rule, enum gateway_place place)
{
	json_t *refs = json_object_get(rule, "backendRefs");

	for (size_t i = 0; i < json_array_size(refs); i++) {
		if (gateway_backend_place(world, json_array_get(refs, i)) == place)
			return json_array_get(refs, i);
	}
	return NULL;
}

void gateway_session_hand_out(const struct canary_world *world, json_t *rule,
                              const struct cookies *cookies, int weight)
{
	if (weight == 0 || !cookie_is_set(&cookies->canary))
		return;
	gateway_session_put(world, backend_of(world, rule, GATEWAY_CANARY), &cookies->canary,
	                    SESSION_CANARY);
	if (cookie_is_set(&cookies->primary))
		gateway_session_put(world, backend_of(world, rule, GATEWAY_PRIMARY),
		                    &cookies->primary, SESSION_PRIMARY);
}

void gateway_session_apply(const struct canary_world *world, json_t *rule,
                           const struct session_rule *session)
{
	json_t *primary = backend_of(world, rule, GATEWAY_PRIMARY);

	kube_tree_set_whole(primary, "weight", SPEC_WEIGHT_FULL - session->share);
	kube_tree_set_whole(backend_of(world, rule, GATEWAY_CANARY), "weight", session->share);
	if (session->taken)
		gateway_session_put(world, primary, session->taken, SESSION_GONE);
}

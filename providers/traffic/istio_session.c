#include "providers/traffic/istio_session.h"

#include "providers/kube/tree.h"

#include <stdint.h>
#include <strings.h>

#define HEADER "cookie" /* Istio wants names of headers in lower case */

json_t *istio_session_match(const struct session_rule *rule)
{
	return session_match(rule, HEADER);
}

static bool cookie_of_entry(const json_t *entry, struct cookie *ret)
{
	const json_t *headers = kube_tree_find(entry, "headers");
	const char *name;
	json_t *value;

	/* jansson's iteration macro wants a mutable object; nothing is changed */
	json_object_foreach((json_t *)(uintptr_t)headers, name, value)
	{
		if (strcasecmp(name, HEADER) == 0)
			return session_pattern_read(kube_tree_text(value, "regex"), ret);
	}
	return false;
}

size_t istio_session_cookies(const json_t *rule, struct cookie ret[2])
{
	return session_cookies(kube_tree_find(rule, "match"), cookie_of_entry, ret);
}

const char *istio_session_set_cookie(const json_t *entry)
{
	return kube_tree_text(entry, "headers/response/add/" SESSION_HEADER);
}

/* The object under KEY of OBJECT, made if there is none. */
static json_t *member(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	if (!json_is_object(value)) {
		value = kube_tree_object();
		kube_tree_set(object, key, value);
	}
	return value;
}

void istio_session_put(const struct canary_world *world, json_t *entry, const struct cookie *cookie,
                       enum session_kind kind)
{
	struct arena arena = {0};
	json_t *response = member(member(entry, "headers"), "response");

	kube_tree_set_text(member(response, "add"), SESSION_HEADER,
	                   session_text(world, cookie, kind, &arena));
	arena_fini(&arena);
}

/* KEY of OBJECT, if it is empty. */
static void prune(json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_object(value) && json_object_size(value) == 0)
		(void)json_object_del(object, key);
}

void istio_session_strip(json_t *entry)
{
	json_t *headers = json_object_get(entry, "headers");
	json_t *response = json_object_get(headers, "response");

	if (!session_is_ours(istio_session_set_cookie(entry)))
		return;
	(void)json_object_del(json_object_get(response, "add"), SESSION_HEADER);
	prune(response, "add");
	prune(headers, "response");
	prune(entry, "headers");
}

void istio_session_hand_out(const struct canary_world *world, json_t *route,
                            const struct cookies *cookies, int weight)
{
	if (weight == 0 || !cookie_is_set(&cookies->canary))
		return;
	istio_session_put(world, json_array_get(route, 1), &cookies->canary, SESSION_CANARY);
	if (cookie_is_set(&cookies->primary))
		istio_session_put(world, json_array_get(route, 0), &cookies->primary,
		                  SESSION_PRIMARY);
}

void istio_session_apply(const struct canary_world *world, json_t *route,
                         const struct session_rule *rule)
{
	json_t *primary = json_array_get(route, 0);
	json_t *canary = json_array_get(route, 1);

	kube_tree_set_whole(primary, "weight", SPEC_WEIGHT_FULL - rule->share);
	kube_tree_set_whole(canary, "weight", rule->share);
	if (rule->taken)
		istio_session_put(world, primary, rule->taken, SESSION_GONE);
}

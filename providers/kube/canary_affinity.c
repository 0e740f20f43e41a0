#include "providers/kube/canary_affinity.h"

#include "providers/kube/canary_warning.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX    16
#define MATCHES_MAX 32 /* of service.match: each is asked beside two cookies, and a rule has 64 */

/* What may stand in a cookie's name (RFC 6265: a token). */
#define TOKEN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~"

static bool name_read(const struct field *affinity, const char *key, const char **ret,
                      struct err *err)
{
	struct field node = field_member(affinity, key);
	const char *text = "";

	if (!kube_node_text(&node, COOKIE_NAME_SIZE - 1, &text, err))
		return false;
	if (text[strspn(text, TOKEN)] != '\0')
		return field_expect(&node, "a cookie's name (no blanks, no ; , = or quotes)", err);
	*ret = *text ? text : NULL;
	return true;
}

/* A value of an attribute: what would end it would be another attribute. */
static bool value_check(const struct field *affinity, const char *key, struct err *err)
{
	struct field node = field_member(affinity, key);
	const char *text = "";

	if (!kube_node_text(&node, KUBE_CANARY_AFFINITY_TEXT_MAX, &text, err))
		return false;
	for (const char *at = text; *at; at++) {
		if (*at < '!' || *at > '~' || *at == ';' || *at == ',')
			return field_expect(&node, "printable characters without blanks, ; and ,",
			                    err);
	}
	return true;
}

static bool site_check(const struct field *affinity, bool *ret_is_none, struct err *err)
{
	struct field node = field_member(affinity, "sameSite");
	const char *word = "";

	if (!kube_node_text(&node, WORD_MAX, &word, err))
		return false;
	*ret_is_none = strcmp(word, "None") == 0;
	return *word == '\0' || *ret_is_none || strcmp(word, "Strict") == 0 ||
	       strcmp(word, "Lax") == 0 || field_expect(&node, "Strict, Lax or None", err);
}

static bool attributes_check(const struct field *affinity, struct arena *arena,
                             struct kube_canary *canary, struct err *err)
{
	struct field age = field_member(affinity, "maxAge");
	struct field only = field_member(affinity, "httpOnly");
	struct field partitioned = field_member(affinity, "partitioned");
	struct field secure = field_member(affinity, "secure");
	struct field site = field_member(affinity, "sameSite");
	bool is_only = false;
	bool is_partitioned = false;
	bool is_secure = false;
	bool is_none = false;
	int seconds = 0;

	if (!kube_node_whole(&age, 0, INT_MAX, &seconds, err) ||
	    !value_check(affinity, "domain", err) || !value_check(affinity, "path", err) ||
	    !site_check(affinity, &is_none, err) || !field_optional_flag(&only, &is_only, err) ||
	    !field_optional_flag(&partitioned, &is_partitioned, err) ||
	    !field_optional_flag(&secure, &is_secure, err))
		return false;
	if (is_none && !is_secure)
		kube_canary_warning_add(canary, arena, &site,
		                        "None without secure: browsers drop such a cookie");
	if (is_partitioned && !is_secure)
		kube_canary_warning_add(canary, arena, &partitioned,
		                        "true without secure: browsers drop such a cookie");
	return true;
}

/* The strategies that send a share of the clients somewhere. */
static void fit(const struct field *node, struct arena *arena, struct kube_canary *canary)
{
	enum strategy strategy = canary->spec.strategy;

	if (strategy == STRATEGY_CANARY)
		return;
	canary->spec.affinity = (struct affinity_spec){0};
	kube_canary_warning_add(canary, arena, node,
	                        strategy == STRATEGY_AB
	                                ? "beside match: what a request asks decides, not where it "
	                                  "was before: ignored"
	                                : "beside iterations: no share of the clients is sent to "
	                                  "the canary: ignored");
}

bool kube_canary_affinity_read(const struct field *analysis, struct arena *arena,
                               struct kube_canary *canary, struct err *err)
{
	struct field node = field_member(analysis, "sessionAffinity");
	struct affinity_spec *affinity = &canary->spec.affinity;
	struct field name = field_member(&node, "cookieName");
	struct field primary = field_member(&node, "primaryCookieName");

	if (!node.json)
		return true;
	if (!json_is_object(node.json))
		return field_expect(&node, "an object with cookieName", err);
	if (!name_read(&node, "cookieName", &affinity->cookie, err) ||
	    !name_read(&node, "primaryCookieName", &affinity->primary_cookie, err))
		return false;
	if (!affinity->cookie)
		return field_expect(&name, "a cookie's name", err);
	if (affinity->primary_cookie && strcmp(affinity->cookie, affinity->primary_cookie) == 0)
		return field_refuse(&primary, err, ERR_INVALID,
		                    "expected another name than cookieName, got \"%s\" twice",
		                    affinity->cookie);
	if (!attributes_check(&node, arena, canary, err))
		return false;
	fit(&node, arena, canary);
	return true;
}

/* A rule of the service that looks at cookies itself: beside ours, one of the two would be lost. */
static bool match_check(const struct field *service, struct err *err)
{
	struct field match = field_member(service, "match");

	for (size_t i = 0; i < json_array_size(match.json); i++) {
		struct field entry = field_element(&match, i);
		struct field headers = field_member(&entry, "headers");
		const char *name;
		json_t *value;

		/* jansson's iteration macro wants a mutable object; nothing is changed */
		json_object_foreach((json_t *)(uintptr_t)headers.json, name, value)
		{
			struct field header = field_member(&headers, name);

			if (strcasecmp(name, "cookie") == 0)
				return field_refuse(
					&header, err, ERR_INVALID,
					"expected none beside analysis.sessionAffinity, "
					"which matches the same header");
		}
	}
	return json_array_size(match.json) <= MATCHES_MAX ||
	       field_refuse(&match, err, ERR_LIMIT,
	                    "expected at most %d entries beside analysis.sessionAffinity, got %zu",
	                    MATCHES_MAX, json_array_size(match.json));
}

bool kube_canary_affinity_check(const struct field *spec, const struct field *analysis,
                                const struct kube_canary *canary, struct err *err)
{
	struct field node = field_member(analysis, "sessionAffinity");
	struct field service = field_member(spec, "service");
	struct field protocol = field_member(&service, "appProtocol");
	struct field route = field_member(spec, "routeRef");
	struct field kind = field_member(&route, "kind");
	const char *protocol_text = json_string_value(protocol.json);
	const char *kind_text = json_string_value(kind.json);

	if (!node.json)
		return true;
	if (!canary->spec.route.sticks)
		return field_refuse(&node, err, ERR_INVALID,
		                    "expected none: provider %s cannot keep clients by cookies",
		                    canary->spec.provider);
	if (!canary->spec.affinity.cookie)
		return true;
	if (protocol_text && strcasecmp(protocol_text, "tcp") == 0)
		return field_refuse(&node, err, ERR_INVALID,
		                    "expected none: TCP has no cookies (spec.service.appProtocol)");
	if (kind_text && strcmp(kind_text, "GRPCRoute") == 0)
		return field_refuse(&node, err, ERR_INVALID,
		                    "expected none: clients of a GRPCRoute keep no cookies");
	return match_check(&service, err);
}

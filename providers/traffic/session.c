#include "providers/traffic/session.h"

#include "analysis/base/text.h"
#include "providers/kube/tree.h"

#include <string.h>

#define BEGIN "^(.*; *)?"
#define END   "( *;.*)?$"
#define GONE  "; Max-Age=-1"
#define ANY   ".*"

#define FLAGGER_VALUE 10 /* letters */

size_t session_rules(const struct cookies *cookies, int weight,
                     struct session_rule ret[SESSION_RULES_MAX])
{
	bool has_earlier = cookie_is_set(&cookies->earlier);
	size_t n = 0;

	if (!cookie_is_set(&cookies->canary))
		return 0;
	ret[n] = (struct session_rule){.cookies = {&cookies->canary, &cookies->earlier},
	                               .n_cookies = has_earlier ? 2 : 1,
	                               .share = SPEC_WEIGHT_FULL};
	if (weight == 0) {
		/* One rule sets one cookie. */
		ret[n].n_cookies = 1;
		ret[n].share = 0;
		ret[n++].taken = &cookies->canary;
		if (has_earlier)
			ret[n++] = (struct session_rule){.cookies = {&cookies->earlier},
			                                 .n_cookies = 1,
			                                 .taken = &cookies->earlier};
		return n;
	}
	n++;
	if (cookie_is_set(&cookies->primary))
		ret[n++] = (struct session_rule){.cookies = {&cookies->primary}, .n_cookies = 1};
	return n;
}

static const json_t *affinity_of(const struct canary_world *world)
{
	const json_t *analysis = kube_tree_find(world->object, "spec/analysis");

	if (!analysis)
		analysis = kube_tree_find(world->object, "spec/canaryAnalysis");
	return kube_tree_find(analysis, "sessionAffinity");
}

static long long age_of(const struct canary_world *world, enum session_kind kind)
{
	int age = kube_tree_whole(affinity_of(world), "maxAge", 0);

	if (kind == SESSION_GONE)
		return -1;
	if (kind == SESSION_PRIMARY)
		return (long long)(world->spec->interval.ms / 1000);
	return age > 0 ? age : COOKIE_AGE;
}

const char *session_text(const struct canary_world *world, const struct cookie *cookie,
                         enum session_kind kind, struct arena *arena)
{
	/* In Flagger's order; a flag has no value. */
	static const struct {
		const char *key;
		const char *attribute;
		bool is_flag;
	} rows[] = {
		{"domain", "Domain", false},          {"httpOnly", "HttpOnly", true},
		{"partitioned", "Partitioned", true}, {"path", "Path", false},
		{"sameSite", "SameSite", false},      {"secure", "Secure", true},
	};
	const json_t *affinity = affinity_of(world);
	const char *text = arena_format(arena, "%s=%s; Max-Age=%lld", cookie->name, cookie->value,
	                                age_of(world, kind));

	for (size_t i = 0; i < array_length(rows); i++) {
		const char *value = kube_tree_text(affinity, rows[i].key);

		if (rows[i].is_flag && json_is_true(kube_tree_find(affinity, rows[i].key)))
			text = arena_format(arena, "%s; %s", text, rows[i].attribute);
		else if (!rows[i].is_flag && *value)
			text = arena_format(arena, "%s; %s=%s", text, rows[i].attribute, value);
	}
	return text;
}

const char *session_pattern(const struct cookie *cookie, struct arena *arena)
{
	char name[2 * COOKIE_NAME_SIZE];
	size_t n = 0;

	/* What may stand in a cookie's name may mean something else in a pattern (D-43). */
	for (const char *at = cookie->name; *at; at++) {
		if (strchr(".*+?^$|()[]{}\\", *at))
			name[n++] = '\\';
		name[n++] = *at;
	}
	name[n] = '\0';
	return arena_format(arena, BEGIN "%s=%s" END, name, cookie->value);
}

json_t *session_match(const struct session_rule *rule, const char *header)
{
	struct arena arena = {0};
	json_t *list = kube_tree_list();

	for (size_t i = 0; i < rule->n_cookies; i++) {
		json_t *entry = kube_tree_object();
		json_t *headers = kube_tree_object();
		json_t *value = kube_tree_object();

		kube_tree_set_text(value, "regex", session_pattern(rule->cookies[i], &arena));
		kube_tree_set(headers, header, value);
		kube_tree_set(entry, "headers", headers);
		kube_tree_append(list, entry);
	}
	arena_fini(&arena);
	return list;
}

/* A value of ours, or of Flagger's, whose run goes on here: ten letters. */
static bool is_value(const char *value)
{
	size_t n_letters = strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

	return cookie_is_ours(value) || (n_letters == FLAGGER_VALUE && value[n_letters] == '\0');
}

/* ".*NAME.*VALUE.*": Flagger escapes nothing. */
static bool flagger_read(const char *pattern, struct cookie *ret)
{
	size_t length = strlen(pattern);
	const char *name = pattern + strlen(ANY);
	const char *middle;
	char value[FLAGGER_VALUE + 1];

	if (strncmp(pattern, ANY, strlen(ANY)) != 0)
		return false;
	middle = strstr(name, ANY);
	if (!middle || middle == name || middle - name >= COOKIE_NAME_SIZE ||
	    pattern + length - middle != 2 * (ptrdiff_t)strlen(ANY) + FLAGGER_VALUE ||
	    strcmp(pattern + length - strlen(ANY), ANY) != 0)
		return false;
	text_format(value, sizeof(value), "%.*s", FLAGGER_VALUE, middle + strlen(ANY));
	if (!is_value(value))
		return false;
	text_format(ret->name, sizeof(ret->name), "%.*s", (int)(middle - name), name);
	text_copy(ret->value, value);
	return true;
}

bool session_pattern_read(const char *pattern, struct cookie *ret)
{
	size_t length = strlen(pattern);
	size_t begin = strlen(BEGIN);
	size_t end = strlen(END);
	char pair[COOKIE_NAME_SIZE + COOKIE_VALUE_SIZE];
	size_t n = 0;
	char *value;

	if (length < begin + end || strncmp(pattern, BEGIN, begin) != 0 ||
	    strcmp(pattern + length - end, END) != 0)
		return flagger_read(pattern, ret);
	for (size_t i = begin; i < length - end; i++) {
		if (pattern[i] == '\\')
			continue;
		if (n == sizeof(pair) - 1)
			return false;
		pair[n++] = pattern[i];
	}
	pair[n] = '\0';
	value = strchr(pair, '=');
	if (!value || value == pair || value - pair >= COOKIE_NAME_SIZE || !is_value(value + 1))
		return false;
	*value = '\0';
	text_copy(ret->name, pair);
	text_copy(ret->value, value + 1);
	return true;
}

bool session_is_ours(const char *text)
{
	const char *value = strchr(text, '=');
	char found[COOKIE_VALUE_SIZE];
	size_t length;

	if (!value)
		return false;
	length = strcspn(++value, ";");
	if (length >= sizeof(found))
		return false;
	text_format(found, sizeof(found), "%.*s", (int)length, value);
	return cookie_is_ours(found);
}

bool session_is_gone(const char *text)
{
	return strstr(text, GONE) != NULL;
}

/* Add COOKIE to LIST, of *N, at most 2, unless it is there; false: it is a third. */
static bool add(struct cookie list[2], size_t *n, const struct cookie *cookie)
{
	for (size_t i = 0; i < *n; i++) {
		if (cookie_is_same(&list[i], cookie))
			return true;
	}
	if (*n == 2)
		return false;
	list[(*n)++] = *cookie;
	return true;
}

size_t session_cookies(const json_t *matches, session_match_read *read, struct cookie ret[2])
{
	size_t n = 0;

	for (size_t i = 0; i < json_array_size(matches); i++) {
		struct cookie cookie = {0};

		if (!read(json_array_get(matches, i), &cookie) || !add(ret, &n, &cookie))
			return 0;
	}
	return n;
}

void session_read(struct session_reading *reading, const struct cookie *cookies, size_t n,
                  int share, bool is_gone)
{
	struct cookies *known = &reading->cookies;

	if (n > 0 && share == SPEC_WEIGHT_FULL) {
		reading->has_stuck = true;
		known->canary = cookies[0];
		if (n > 1)
			known->earlier = cookies[1];
	} else if (n > 0 && share == 0 && is_gone) {
		/* There may be one such rule before each that is ours. */
		if (!cookie_is_set(&known->canary))
			known->canary = cookies[0];
		else if (!cookie_is_same(&known->canary, &cookies[0]))
			known->earlier = cookies[0];
	} else if (n > 0 && share == 0) {
		known->primary = cookies[0];
	} else if (share > reading->weight) {
		reading->weight = share;
	}
}

int session_weight(const struct session_reading *reading)
{
	return reading->weight == 0 && reading->has_stuck ? 1 : reading->weight;
}

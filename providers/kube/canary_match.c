#include "providers/kube/canary_match.h"

#include "providers/wire/pattern.h"

#include <stdint.h>
#include <string.h>

/* What the entries so far use up. */
struct match_use {
	bool has_cookie;
	bool has_header;
};

static bool value_check(const struct field *value, bool is_cookie, struct err *err)
{
	struct field exact = field_member(value, "exact");
	struct field regex = field_member(value, "regex");
	const char *text = "";
	struct err why = {0};

	if (is_cookie && json_object_size(value->json) == 1 && exact.json)
		return kube_node_text(&exact, KUBE_MATCH_TEXT_MAX, &text, err);
	if (is_cookie)
		return field_refuse(value, err, ERR_INVALID,
		                    "expected exact (the cookie's name) alone: provider nginx "
		                    "cannot match a cookie otherwise");
	if (json_object_size(value->json) != 1 || !(exact.json || regex.json))
		return field_refuse(value, err, ERR_INVALID,
		                    "expected exact or regex alone: provider nginx cannot match "
		                    "a header otherwise");
	if (!kube_node_text(exact.json ? &exact : &regex, KUBE_MATCH_TEXT_MAX, &text, err))
		return false;
	return exact.json || pattern_check(text, &why) ||
	       field_refuse(&regex, err, why.kind, "%s", why.text);
}

static bool header_check(const struct field *headers, struct match_use *use, struct err *err)
{
	const char *key =
		json_object_iter_key(json_object_iter((json_t *)(uintptr_t)headers->json));
	struct field value = field_member(headers, key);
	bool is_cookie = strcmp(key, "cookie") == 0;
	bool *used = is_cookie ? &use->has_cookie : &use->has_header;

	if (strlen(key) > KUBE_MATCH_TEXT_MAX)
		return field_refuse(headers, err, ERR_LIMIT,
		                    "expected names of at most %d characters, got %zu",
		                    KUBE_MATCH_TEXT_MAX, strlen(key));
	if (!json_is_object(value.json))
		return field_expect(&value, "an object with exact or regex", err);
	if (*used)
		return field_refuse(&value, err, ERR_INVALID,
		                    "a second %s: provider nginx can match one header and one "
		                    "cookie",
		                    is_cookie ? "cookie" : "header");
	*used = true;
	return value_check(&value, is_cookie, err);
}

static bool entry_check(const struct field *entry, struct match_use *use, struct err *err)
{
	static const char *const others[] = {"sourceLabels", "queryParams"};
	struct field headers = field_member(entry, "headers");

	if (!json_is_object(entry->json))
		return field_expect(entry, "an object with headers", err);
	for (size_t i = 0; i < array_length(others); i++) {
		struct field other = field_member(entry, others[i]);

		if (other.json)
			return field_refuse(&other, err, ERR_INVALID,
			                    "provider nginx cannot match it, expected headers");
	}
	if (!json_is_object(headers.json))
		return field_expect(&headers, "an object with one header", err);
	if (json_object_size(headers.json) != 1)
		return field_refuse(&headers, err, ERR_INVALID,
		                    "expected one header, got %zu: provider nginx cannot ask for "
		                    "several at once",
		                    json_object_size(headers.json));
	return header_check(&headers, use, err);
}

bool kube_canary_match_check(const struct field *match, struct err *err)
{
	struct match_use use = {0};
	size_t n_entries;

	if (!kube_node_list(match, KUBE_MATCH_ENTRIES_MAX, &n_entries, err))
		return false;
	for (size_t i = 0; i < n_entries; i++) {
		struct field entry = field_element(match, i);

		if (!entry_check(&entry, &use, err))
			return false;
	}
	return true;
}

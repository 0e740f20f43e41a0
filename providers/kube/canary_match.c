#include "providers/kube/canary_match.h"

#include <stdint.h>
#include <string.h>

/* What the entries so far use up. */
struct match_use {
	bool has_cookie;
	bool has_header;
};

static bool value_check(const struct kube_node *value, bool is_cookie, struct err *err)
{
	struct kube_node exact = kube_node_field(value, "exact");
	struct kube_node regex = kube_node_field(value, "regex");
	const char *text = "";

	if (is_cookie && json_object_size(value->json) == 1 && exact.json)
		return kube_node_text(&exact, KUBE_MATCH_TEXT_MAX, &text, err);
	if (is_cookie)
		return kube_node_refuse(value, err, ERR_INVALID,
		                        "expected exact (the cookie's name) alone: provider nginx "
		                        "cannot match a cookie otherwise");
	if (json_object_size(value->json) != 1 || !(exact.json || regex.json))
		return kube_node_refuse(
			value, err, ERR_INVALID,
			"expected exact or regex alone: provider nginx cannot match "
			"a header otherwise");
	return kube_node_text(exact.json ? &exact : &regex, KUBE_MATCH_TEXT_MAX, &text, err);
}

static bool header_check(const struct kube_node *headers, struct match_use *use, struct err *err)
{
	const char *key =
		json_object_iter_key(json_object_iter((json_t *)(uintptr_t)headers->json));
	struct kube_node value = kube_node_field(headers, key);
	bool is_cookie = strcmp(key, "cookie") == 0;
	bool *used = is_cookie ? &use->has_cookie : &use->has_header;

	if (strlen(key) > KUBE_MATCH_TEXT_MAX)
		return kube_node_refuse(headers, err, ERR_LIMIT,
		                        "expected names of at most %d characters, got %zu",
		                        KUBE_MATCH_TEXT_MAX, strlen(key));
	if (!json_is_object(value.json))
		return kube_node_expect(&value, err, "an object with exact or regex");
	if (*used)
		return kube_node_refuse(&value, err, ERR_INVALID,
		                        "a second %s: provider nginx can match one header and one "
		                        "cookie",
		                        is_cookie ? "cookie" : "header");
	*used = true;
	return value_check(&value, is_cookie, err);
}

static bool entry_check(const struct kube_node *entry, struct match_use *use, struct err *err)
{
	static const char *const others[] = {"sourceLabels", "queryParams"};
	struct kube_node headers = kube_node_field(entry, "headers");

	if (!json_is_object(entry->json))
		return kube_node_expect(entry, err, "an object with headers");
	for (size_t i = 0; i < array_length(others); i++) {
		struct kube_node other = kube_node_field(entry, others[i]);

		if (other.json)
			return kube_node_refuse(&other, err, ERR_INVALID,
			                        "provider nginx cannot match it, expected headers");
	}
	if (!json_is_object(headers.json))
		return kube_node_expect(&headers, err, "an object with one header");
	if (json_object_size(headers.json) != 1)
		return kube_node_refuse(
			&headers, err, ERR_INVALID,
			"expected one header, got %zu: provider nginx cannot ask for "
			"several at once",
			json_object_size(headers.json));
	return header_check(&headers, use, err);
}

bool kube_canary_match_check(const struct kube_node *match, struct err *err)
{
	struct match_use use = {0};
	size_t n_entries;

	if (!kube_node_list(match, KUBE_MATCH_ENTRIES_MAX, &n_entries, err))
		return false;
	for (size_t i = 0; i < n_entries; i++) {
		struct kube_node entry = kube_node_element(match, i);

		if (!entry_check(&entry, &use, err))
			return false;
	}
	return true;
}

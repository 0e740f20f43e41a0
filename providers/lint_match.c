#include "providers/lint_match.h"

#include "analysis/base/text.h"
#include "providers/kube/canary_analysis.h"
#include "providers/wire/field.h"
#include "providers/wire/pattern.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define ENTRIES_MAX 64 /* of a match, that are looked at */
#define COOKIE_MAX  128

struct walk {
	lint_match_tell *tell;
	void *user;
};

static void tell(const struct walk *walk, const struct field *field, const char *text,
                 bool is_warning)
{
	struct err sentence = {0};

	(void)field_refuse(field, &sentence, ERR_NONE, "%s", text);
	walk->tell(walk->user, sentence.text, is_warning);
}

static void warn(const struct walk *walk, const struct field *field, const char *text)
{
	tell(walk, field, text, true);
}

static bool is_word(char letter)
{
	return isalnum((unsigned char)letter) || letter == '_' || letter == '-';
}

/* The cookie that the pattern is probably about: the letters around its first "=". */
static bool find_cookie(const char *pattern, char ret[COOKIE_MAX])
{
	const char *equals = strchr(pattern, '=');
	const char *from = equals;
	const char *to = equals;

	if (!equals)
		return false;
	while (from > pattern && is_word(from[-1]))
		from--;
	while (is_word(to[1]))
		to++;
	if (from == equals || to == equals || to - from + 1 >= COOKIE_MAX)
		return false;
	text_format(ret, COOKIE_MAX, "%.*s", (int)(to - from + 1), from);
	return true;
}

/* A mesh matches the whole header. */
static void check_cookie(const struct walk *walk, const struct field *regex)
{
	const char *pattern = json_string_value(regex->json);
	char cookie[COOKIE_MAX];
	char behind[COOKIE_MAX + 16];
	char text[ERR_TEXT_MAX];

	if (!find_cookie(pattern, cookie) || !pattern_matches(pattern, cookie, true))
		return;
	text_format(behind, sizeof(behind), "a=b; %s", cookie);
	if (pattern_matches(pattern, behind, true))
		return;
	text_format(text, sizeof(text),
	            "misses \"%s\": browsers send a blank after the semicolon; write "
	            "^(.*;\\s*)?%s(;.*)?$",
	            behind, cookie);
	warn(walk, regex, text);
}

static void check_regex(const struct walk *walk, const struct field *regex, const char *header)
{
	const char *pattern = json_string_value(regex->json);
	struct err err = {0};
	const char *foreign;
	char text[ERR_TEXT_MAX];

	if (!pattern)
		return;
	if (!pattern_check(pattern, &err)) {
		tell(walk, regex, err.text, false);
		return;
	}
	foreign = pattern_find_foreign(pattern);
	if (foreign) {
		text_format(text, sizeof(text),
		            "%s is unknown to RE2, which Istio and other "
		            "meshes match with",
		            foreign);
		warn(walk, regex, text);
	}
	if (pattern_is_costly(pattern))
		warn(walk, regex,
		     "a header of 200 letters can take more than 100000 steps: one "
		     "request may hold the proxy up");
	if (header && strcasecmp(header, "cookie") == 0)
		check_cookie(walk, regex);
}

/* An object of names with {exact, prefix, regex}. */
static void check_texts(const struct walk *walk, const struct field *texts, bool are_headers)
{
	const char *key;
	json_t *value;

	/* jansson's iteration macro wants a mutable object; nothing is changed */
	json_object_foreach((json_t *)(uintptr_t)texts->json, key, value)
	{
		struct field text = field_member(texts, key);
		struct field regex = field_member(&text, "regex");

		check_regex(walk, &regex, are_headers ? key : NULL);
	}
}

static void check_match(const struct walk *walk, const struct field *match)
{
	static const char *const others[] = {"uri", "scheme", "method", "authority"};

	for (size_t i = 0; i < json_array_size(match->json) && i < ENTRIES_MAX; i++) {
		struct field entry = field_element(match, i);
		struct field headers = field_member(&entry, "headers");
		struct field absent = field_member(&entry, "withoutHeaders");
		struct field query = field_member(&entry, "queryParams");

		check_texts(walk, &headers, true);
		check_texts(walk, &absent, false);
		check_texts(walk, &query, false);
		for (size_t j = 0; j < array_length(others); j++) {
			struct field text = field_member(&entry, others[j]);
			struct field regex = field_member(&text, "regex");

			check_regex(walk, &regex, NULL);
		}
	}
}

void lint_match_check(const json_t *canary, lint_match_tell *told, void *user)
{
	struct walk walk = {.tell = told, .user = user};
	struct field root = field_root(canary, "");
	struct field spec = field_member(&root, "spec");
	struct field service = field_member(&spec, "service");
	struct field analysis = kube_canary_analysis_find(&spec);
	struct field of_service = field_member(&service, "match");
	struct field of_analysis = field_member(&analysis, "match");

	check_match(&walk, &of_service);
	check_match(&walk, &of_analysis);
}

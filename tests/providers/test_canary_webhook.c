/* Reading analysis.webhooks of a Canary. */
#include "analysis/base/buf.h"
#include "analysis/base/text.h"
#include "providers/kube/canary_webhook.h"
#include "tests/providers/canary_rows.h"

#include <stdlib.h>
#include <string.h>

#define HOOKS(entries) "{'spec': {'analysis': {'webhooks': " entries "}}}"
#define HOOK(more)     HOOKS("[{'name': 'load', 'url': 'http://tester/'" more "}]")
#define PATH           "spec.analysis.webhooks[0]."
#define TEN(x)         x x x x x x x x x x

static void test_types(void **state)
{
	static const struct canary_row rows[] = {
		{"none", HOOKS("[]"), "=steps= "},
		{"null", HOOKS("null"), "=steps= "},
		{"no type is rollout", HOOK(""), "= <load:rollout> "},
		{"an empty one, too", HOOK(", 'type': ''"), "= <load:rollout> "},
		{"each type, in order",
	         HOOKS("[{'name': 'a', 'url': 'http://b', 'type': 'confirm-rollout'},"
	               " {'name': 'a', 'url': 'http://b', 'type': 'pre-rollout'},"
	               " {'name': 'a', 'url': 'http://b', 'type': 'rollout'},"
	               " {'name': 'a', 'url': 'http://b', 'type': 'confirm-traffic-increase'},"
	               " {'name': 'a', 'url': 'http://b', 'type': 'confirm-promotion'},"
	               " {'name': 'a', 'url': 'http://b', 'type': 'post-rollout'},"
	               " {'name': 'a', 'url': 'http://b', 'type': 'rollback'},"
	               " {'name': 'a', 'url': 'http://b', 'type': 'event'}]"),
	         "= <a:confirm-rollout> <a:pre-rollout> <a:rollout> <a:confirm-traffic-increase>"
	         " <a:confirm-promotion> <a:post-rollout> <a:rollback> <a:event> "},
		{"everything",
	         HOOK(", 'timeout': '1m30s', 'retries': 3.0, 'disableTLS': true, 'muteAlert': true,"
	              " 'metadata': {'type': 'bash', 'cmd': 'true'}"),
	         "= <load:rollout> "},
		{"fewer than no retries are none, as in Flagger", HOOK(", 'retries': -1"),
	         "= <load:rollout> "},
		{"the analysis' old name",
	         "{'spec': {'analysis': null, 'canaryAnalysis': {'stepWeight': 10, 'webhooks':"
	         " [{'name': 'load', 'url': 'http://tester/'}]}}}",
	         "= <load:rollout> "},
	};
	CHECK_ROWS(rows);
}

static void test_refusals(void **state)
{
	static const struct canary_row rows[] = {
		{"an object", HOOKS("{'a': 1}"),
	         "spec.analysis.webhooks: expected a list, got an object"},
		{"a text", HOOKS("['http://b']"),
	         "spec.analysis.webhooks[0]: expected an object with a name and a url, got "
	         "\"http://b\""},
		{"no name", HOOKS("[{'url': 'http://b'}]"),
	         PATH "name: expected a name, got nothing"},
		{"an empty name", HOOKS("[{'name': '', 'url': 'http://b'}]"),
	         PATH "name: expected a name, got \"\""},
		{"a name that is a number", HOOKS("[{'name': 7, 'url': 'http://b'}]"),
	         PATH "name: expected a text, got 7"},
		{"a type that there is not", HOOK(", 'type': 'confirm-rollut'"),
	         PATH "type: expected confirm-rollout, pre-rollout, rollout, "
	              "confirm-traffic-increase, confirm-promotion, post-rollout, rollback or "
	              "event, got \"confirm-rollut\""},
		{"no URL", HOOKS("[{'name': 'a'}]"),
	         PATH "url: expected a URL that begins with http:// or https://, got nothing"},
		{"no scheme", HOOKS("[{'name': 'a', 'url': 'tester/'}]"),
	         PATH "url: expected an http or https address, got "
	              "\"tester/\""},
		{"a timeout that is none", HOOK(", 'timeout': 'soon'"),
	         PATH "timeout: expected a duration like 30s or 1m, got \"soon\""},
		{"a timeout of nothing", HOOK(", 'timeout': '0s'"),
	         PATH "timeout: expected a duration like 30s or 1m, got \"0s\""},
		{"a timeout that is a number", HOOK(", 'timeout': 30"),
	         PATH "timeout: expected a text, got 30"},
		{"a timeout of days", HOOK(", 'timeout': '25h'"),
	         PATH "timeout: expected at most 24h, got \"25h\""},
		{"half a retry", HOOK(", 'retries': 1.5"),
	         PATH "retries: expected a whole number from -2147483648 to 2147483647, got 1.5"},
		{"too many retries", HOOK(", 'retries': 1001"),
	         PATH "retries: expected at most 1000, got 1001"},
		{"disableTLS in words", HOOK(", 'disableTLS': 'yes'"),
	         PATH "disableTLS: expected true or false, got \"yes\""},
		{"muteAlert in words", HOOK(", 'muteAlert': 'yes'"),
	         PATH "muteAlert: expected true or false, got \"yes\""},
		{"metadata that is a list", HOOK(", 'metadata': []"),
	         PATH "metadata: expected an object, got a list"},
		{"metadata of numbers", HOOK(", 'metadata': {'a': 1}"),
	         PATH "metadata.a: expected a text, got 1"},
		{"a URL that is too long",
	         HOOKS("[{'name': 'a', 'url': 'http://" TEN(TEN(TEN("abc"))) "'}]"),
	         PATH "url: expected at most 2048 characters, got 3007"},
	};
	CHECK_ROWS(rows);
}

/* Lists: N entries of TEXT, which has a %zu. */
static char *repeat(const char *before, size_t n, const char *entry, const char *after)
{
	struct buf buf = {.max = 65536};
	bool has_room = buf_format(&buf, "%s", before);
	char *ret;

	for (size_t i = 0; i < n; i++)
		has_room &= buf_format(&buf, "%s'k%zu': %s", i ? ", " : "", i, entry);
	has_room &= buf_format(&buf, "%s", after);
	assert_true(has_room);
	ret = strdup(buf_text(&buf));
	buf_fini(&buf);
	return ret;
}

static void test_limits(void **state)
{
	char *most =
		repeat("{'spec': {'analysis': {'webhooks': [{'name': 'a', 'url': 'http://b', "
	               "'metadata': {",
	               64, "'v'", "}}]}}}");
	char *more =
		repeat("{'spec': {'analysis': {'webhooks': [{'name': 'a', 'url': 'http://b', "
	               "'metadata': {",
	               65, "'v'", "}}]}}}");
	static const char entry[] = "{'name': 'a', 'url': 'http://b'}";
	struct canary_row row = {"metadata", most, "= <a:rollout> "};
	json_t *object = merge_text(canary_rows_base, "{}");
	json_t *analysis = json_object_get(json_object_get(object, "spec"), "analysis");
	json_t *list = json_array();
	struct kube_canary canary;
	struct arena arena = {0};
	struct err err = {0};

	canary_rows_check(&row);
	row.patch = more;
	row.want = PATH "metadata: expected at most 64 entries, got 65";
	canary_rows_check(&row);
	json_object_set_new(analysis, "webhooks", list);
	for (int i = 0; i < SPEC_HOOKS_MAX - 1; i++)
		json_array_append_new(list, merge_parse(entry));
	assert_true(kube_canary_read(object, &canary_rows_options, &arena, &canary, &err));
	assert_int_equal(canary.spec.n_hooks, SPEC_HOOKS_MAX - 1);
	json_array_append_new(list, merge_parse(entry));
	assert_false(kube_canary_read(object, &canary_rows_options, &arena, &canary, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_non_null(strstr(err.text, "spec.analysis.webhooks: "));
	json_decref(object);
	arena_fini(&arena);
	free(most);
	free(more);
}

/* What a hook is called with: the defaults, and what is given. */
static void test_find(void **state)
{
	json_t *object = merge_text(canary_rows_base,
	                            HOOKS("[{'name': 'a', 'url': 'http://b', 'timeout': '5'},"
	                                  " {'name': 'c', 'url': 'https://d', 'timeout': '90s',"
	                                  " 'retries': 2, 'disableTLS': true, 'type': 'rollback',"
	                                  " 'metadata': {'x': 'y'}}]"));
	struct kube_webhook hook;

	assert_true(kube_canary_webhook_find(object, &canary_rows_options, 0, &hook));
	assert_string_equal(hook.name, "a");
	assert_int_equal(hook.type, HOOK_ROLLOUT);
	assert_int_equal(hook.timeout.ms, 10000); /* shorter than two characters: the default */
	assert_int_equal(hook.retries, 0);
	assert_false(hook.insecure);
	assert_null(hook.metadata);
	assert_true(kube_canary_webhook_find(object, &canary_rows_options, 1, &hook));
	assert_string_equal(hook.url, "https://d");
	assert_int_equal(hook.type, HOOK_ROLLBACK);
	assert_int_equal(hook.timeout.ms, 90000);
	assert_int_equal(hook.retries, 2);
	assert_true(hook.insecure);
	assert_int_equal(json_object_size(hook.metadata), 1);
	assert_false(kube_canary_webhook_find(object, &canary_rows_options, 2, &hook));
	json_decref(object);
}

/* The agent's own event hook is there where the Canary has none. */
static void test_event_webhook(void **state)
{
	struct provider_options options = canary_rows_options;
	static const char *const patches[] = {HOOK(""), HOOK(", 'type': 'event'"), HOOKS("[]"),
	                                      "{'spec': {'analysis': {'webhooks': null}}}"};
	static const size_t wanted[] = {2, 1, 1, 1};

	options.event_webhook = "http://events/";
	for (size_t i = 0; i < array_length(patches); i++) {
		json_t *object = merge_text(canary_rows_base, patches[i]);
		struct arena arena = {0};
		struct kube_canary canary;
		struct kube_webhook hook;
		size_t last;

		assert_true(kube_canary_read(object, &options, &arena, &canary, NULL));
		assert_int_equal(canary.spec.n_hooks, wanted[i]);
		last = canary.spec.n_hooks - 1;
		assert_int_equal(canary.spec.hooks[last].type, HOOK_EVENT);
		assert_true(kube_canary_webhook_find(object, &options, last, &hook));
		assert_string_equal(hook.url, i == 1 ? "http://tester/" : "http://events/");
		assert_int_equal(hook.retries, 0);
		assert_false(kube_canary_webhook_find(object, &options, 2, &hook));
		json_decref(object);
		arena_fini(&arena);
	}
}

/* The question is another one when type, name, URL or metadata are; not when the rest is. */
static void test_question(void **state)
{
	static const struct {
		const char *patch;
		bool is_same;
	} rows[] = {
		{HOOK(""), true},
		{HOOK(", 'type': 'rollout'"), true},
		{HOOK(", 'metadata': {}"), true},
		{HOOK(", 'timeout': '1m', 'retries': 7, 'disableTLS': true"), true},
		{HOOK(", 'type': 'rollback'"), false},
		{HOOK(", 'metadata': {'a': 'b'}"), false},
		{HOOKS("[{'name': 'loaD', 'url': 'http://tester/'}]"), false},
		{HOOKS("[{'name': 'load', 'url': 'http://tester/x'}]"), false},
	};
	uint64_t first = 0;

	for (size_t i = 0; i < array_length(rows); i++) {
		json_t *object = merge_text(canary_rows_base, rows[i].patch);
		struct arena arena = {0};
		struct kube_canary canary;

		assert_true(kube_canary_read(object, &canary_rows_options, &arena, &canary, NULL));
		if (i == 0)
			first = canary.spec.hooks[0].question;
		assert_int_equal(canary.spec.hooks[0].question == first, rows[i].is_same);
		json_decref(object);
		arena_fini(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),         cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_limits),        cmocka_unit_test(test_find),
		cmocka_unit_test(test_event_webhook), cmocka_unit_test(test_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Canary.status: reading it, and the merge patch that writes it. */
#include "analysis/base/text.h"
#include "providers/kube/mirror.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OLD "2026-11-20T10:00:00Z"
#define NOW "2026-11-21T04:45:00Z"

static const struct instant now = {1795236300123}; /* NOW and 123 ms */

static struct mirror progressing(void)
{
	return (struct mirror){
		.phase = "Progressing",
		.weight = 20,
		.failed_checks = 2,
		.iterations = 0,
		.last_applied = "abc",
		.last_promoted = "def",
		.message = "New revision detected, progressing canary analysis.",
	};
}

/* The patch for MIRROR over STATUS ("null": none) is WANT; ' stands for ". */
static void patch_check(const char *status, const struct mirror *mirror, const char *want)
{
	json_t *live = merge_parse(status);
	json_t *wanted = merge_parse(want);
	json_t *got = kube_mirror_patch(json_is_null(live) ? NULL : live, mirror, now);

	if (!json_equal(got, wanted)) {
		char *text = json_dumps(got, JSON_COMPACT);

		fail_msg("want %s\n got  %s", want, text);
	}
	json_decref(got);
	json_decref(wanted);
	json_decref(live);
}

#define HEAD                                                                                    \
 "{'status': {'phase': 'Progressing', 'canaryWeight': 20, 'failedChecks': 2, 'iterations': 0, " \
 "'lastAppliedSpec': 'abc', 'lastPromotedSpec': 'def', 'lastTransitionTime': '" NOW             \
 "', "                                                                                          \
 "'conditions': ["
#define PROMOTED(updated, moved)                                                      \
 "{'type': 'Promoted', 'status': 'Unknown', 'reason': 'Progressing', 'message': "     \
 "'New revision detected, progressing canary analysis.', 'lastUpdateTime': '" updated \
 "', 'lastTransitionTime': '" moved "'}"
#define READY(moved)                                                                       \
 "{'type': 'Ready', 'status': 'False', 'reason': 'InvalidSpec', 'message': 'spec.x: no', " \
 "'lastUpdateTime': '" moved "', 'lastTransitionTime': '" moved "'}"
#define TAIL "]}}"

static void test_first_status(void **state)
{
	struct mirror mirror = progressing();

	patch_check("null", &mirror, HEAD PROMOTED(NOW, NOW) TAIL);
	patch_check("{}", &mirror, HEAD PROMOTED(NOW, NOW) TAIL);
}

static void test_unchanged_condition_keeps_its_times(void **state)
{
	struct mirror mirror = progressing();

	patch_check("{'conditions': [" PROMOTED(OLD, OLD) "]}", &mirror,
	            HEAD PROMOTED(OLD, OLD) TAIL);
}

static void test_new_reason_keeps_the_transition_time(void **state)
{
	struct mirror mirror = progressing();

	patch_check(
		"{'conditions': [{'type': 'Promoted', 'status': 'Unknown', 'reason': 'Initializing', "
		"'lastUpdateTime': '" OLD "', 'lastTransitionTime': '" OLD "'}]}",
		&mirror, HEAD PROMOTED(NOW, OLD) TAIL);
}

static void test_new_status_moves_both_times(void **state)
{
	struct mirror mirror = progressing();

	patch_check(
		"{'conditions': [{'type': 'Promoted', 'status': 'True', 'reason': 'Succeeded', "
		"'lastUpdateTime': '" OLD "', 'lastTransitionTime': '" OLD "'}]}",
		&mirror, HEAD PROMOTED(NOW, NOW) TAIL);
}

/* Flagger leaves those out that there are not; one that stands is taken away. */
static void test_cookies(void **state)
{
	static const struct {
		const char *live;
		const char *present;
		const char *want; /* of the three */
	} rows[] = {
		{"{}", "", "{}"},
		{"{}", "c=v", "{'sessionAffinityCookie': 'c=v'}"},
		{"{'sessionAffinityCookie': 'c=v', 'primarySessionAffinityCookie': '=x'}", "",
	         "{'sessionAffinityCookie': null, 'primarySessionAffinityCookie': null}"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mirror mirror = progressing();
		json_t *live = merge_parse(rows[i].live);
		json_t *want = merge_parse(rows[i].want);
		json_t *patch;
		const char *key;
		json_t *value;
		json_t *got = json_object();

		text_copy(mirror.cookies.present, rows[i].present);
		patch = kube_mirror_patch(live, &mirror, now);
		json_object_foreach(json_object_get(patch, "status"), key, value)
		{
			if (strstr(key, "AffinityCookie"))
				json_object_set(got, key, value);
		}
		assert_true(json_equal(got, want));
		json_decref(got);
		json_decref(want);
		json_decref(live);
		json_decref(patch);
	}
}

static void test_cookies_are_read(void **state)
{
	json_t *live = merge_parse(
		"{'sessionAffinityCookie': 'c=1', 'previousSessionAffinityCookie': 'c=2',"
		" 'primarySessionAffinityCookie': 'p=3'}");
	struct mirror_fact fact;

	kube_mirror_read(live, &fact);
	assert_string_equal(fact.cookies.present, "c=1");
	assert_string_equal(fact.cookies.previous, "c=2");
	assert_string_equal(fact.cookies.primary, "p=3");
	json_decref(live);
}

static void test_status_of_each_phase(void **state)
{
	static const struct {
		const char *phase;
		const char *status;
	} rows[] = {
		{"Initializing", "Unknown"},
		{"Initialized", "True"},
		{"Waiting", "Unknown"},
		{"Progressing", "Unknown"},
		{"WaitingPromotion", "Unknown"},
		{"Promoting", "Unknown"},
		{"Finalising", "Unknown"},
		{"Succeeded", "True"},
		{"Failed", "False"},
		{"Terminating", "Unknown"},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct mirror mirror = {0};
		json_t *patch;
		const json_t *promoted;

		snprintf(mirror.phase, sizeof(mirror.phase), "%s", rows[i].phase);
		patch = kube_mirror_patch(NULL, &mirror, now);
		promoted = json_array_get(
			json_object_get(json_object_get(patch, "status"), "conditions"), 0);
		assert_string_equal(json_string_value(json_object_get(promoted, "status")),
		                    rows[i].status);
		assert_string_equal(json_string_value(json_object_get(promoted, "reason")),
		                    rows[i].phase);
		json_decref(patch);
	}
}

static void test_refusal_comes_second_and_goes(void **state)
{
	struct mirror refused = progressing();
	struct mirror well = progressing();

	snprintf(refused.refusal, sizeof(refused.refusal), "spec.x: no");
	snprintf(refused.refusal_reason, sizeof(refused.refusal_reason), "InvalidSpec");
	patch_check("{'conditions': [" PROMOTED(OLD, OLD) "]}", &refused,
	            HEAD PROMOTED(OLD, OLD) ", " READY(NOW) TAIL);
	patch_check("{'conditions': [" PROMOTED(OLD, OLD) ", " READY(OLD) "]}", &refused,
	            HEAD PROMOTED(OLD, OLD) ", " READY(OLD) TAIL);
	patch_check("{'conditions': [" PROMOTED(OLD, OLD) ", " READY(OLD) "]}", &well,
	            HEAD PROMOTED(OLD, OLD) TAIL);
}

static void test_refused_before_the_first_phase(void **state)
{
	struct mirror mirror = {.refusal = "spec.x: no", .refusal_reason = "InvalidSpec"};

	patch_check(
		"null", &mirror,
		"{'status': {'phase': '', 'canaryWeight': 0, 'failedChecks': 0, 'iterations': 0, "
		"'lastTransitionTime': '" NOW "', 'conditions': [" READY(NOW) "]}}");
}

static void test_foreign_conditions_are_kept(void **state)
{
	static const char foreign[] =
		"{'type': 'Theirs', 'status': 'True', 'extra': [1, {'a': 2}]}";
	struct mirror mirror = progressing();
	char status[256];
	char want[2048];

	snprintf(status, sizeof(status), "{'conditions': [%s, 'junk', {'status': 'True'}]}",
	         foreign);
	snprintf(want, sizeof(want), "%s%s, %s%s", HEAD, PROMOTED(NOW, NOW), foreign, TAIL);
	patch_check(status, &mirror, want);
}

static void test_foreign_conditions_are_limited(void **state)
{
	struct mirror mirror = progressing();
	json_t *status = json_object();
	json_t *conditions = json_array();
	json_t *patch;

	for (int i = 0; i < 10000; i++)
		json_array_append_new(conditions, merge_parse("{'type': 'X', 'status': 'True'}"));
	json_object_set_new(status, "conditions", conditions);
	patch = kube_mirror_patch(status, &mirror, now);
	assert_int_equal(
		json_array_size(json_object_get(json_object_get(patch, "status"), "conditions")),
		1 + KUBE_MIRROR_FOREIGN_MAX);
	json_decref(patch);
	json_decref(status);
}

static void test_a_hash_that_is_gone_is_removed(void **state)
{
	struct mirror mirror = {0};

	patch_check(
		"{'lastAppliedSpec': 'abc'}", &mirror,
		"{'status': {'phase': '', 'canaryWeight': 0, 'failedChecks': 0, 'iterations': 0, "
		"'lastAppliedSpec': null, 'lastTransitionTime': '" NOW "', 'conditions': []}}");
}

static void test_a_cut_character_is_no_crash(void **state)
{
	struct mirror mirror = {.phase = "Failed", .message = "caf\xc3"};
	json_t *patch = kube_mirror_patch(NULL, &mirror, now);
	const json_t *promoted =
		json_array_get(json_object_get(json_object_get(patch, "status"), "conditions"), 0);

	assert_string_equal(json_string_value(json_object_get(promoted, "message")), "caf?");
	json_decref(patch);
}

static void test_what_is_written_reads_back(void **state)
{
	struct mirror mirror = progressing();
	struct mirror_fact fact;
	json_t *patch;

	snprintf(mirror.refusal, sizeof(mirror.refusal), "spec.x: no");
	snprintf(mirror.refusal_reason, sizeof(mirror.refusal_reason), "InvalidSpec");
	patch = kube_mirror_patch(NULL, &mirror, now);
	kube_mirror_read(json_object_get(patch, "status"), &fact);
	assert_string_equal(fact.phase, "Progressing");
	assert_int_equal(fact.weight, 20);
	assert_int_equal(fact.failed_checks, 2);
	assert_int_equal(fact.iterations, 0);
	assert_string_equal(fact.last_applied, "abc");
	assert_string_equal(fact.last_promoted, "def");
	assert_true(fact.has_refusal);
	assert_string_equal(fact.refusal, "spec.x: no");
	assert_string_equal(fact.refusal_reason, "InvalidSpec");
	json_decref(patch);
}

static void test_reading_garbage(void **state)
{
	static const char *const rows[] = {
		"null",
		"7",
		"[]",
		("{'phase': 5, 'canaryWeight': 'x', 'failedChecks': 99999999999, "
	         "'iterations': 1.5, 'conditions': {'a': 1}}"),
		"{'conditions': [{'type': 'Ready', 'status': 'True', 'message': 'fine'}, 5, null]}",
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct mirror_fact fact;
		struct mirror_fact empty = {0};
		json_t *status = merge_parse(rows[i]);

		kube_mirror_read(status, &fact);
		assert_string_equal(fact.phase, empty.phase);
		assert_int_equal(fact.weight, 0);
		assert_int_equal(fact.failed_checks, 0);
		assert_int_equal(fact.iterations, 0);
		assert_false(fact.has_refusal);
		assert_string_equal(fact.refusal, "");
		json_decref(status);
	}
}

static void test_long_texts_are_cut(void **state)
{
	struct mirror_fact fact;
	json_t *status = merge_parse(
		"{'phase': 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'lastAppliedSpec': "
		"'0123456789012345678901234567890123456789012345678901234567890123456789'}");

	kube_mirror_read(status, &fact);
	assert_string_equal(fact.phase, "ABCDEFGHIJKLMNOPQRSTUVW");
	assert_int_equal(strlen(fact.last_applied), DIGEST_MAX - 1);
	json_decref(status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_status),
		cmocka_unit_test(test_unchanged_condition_keeps_its_times),
		cmocka_unit_test(test_new_reason_keeps_the_transition_time),
		cmocka_unit_test(test_new_status_moves_both_times),
		cmocka_unit_test(test_cookies),
		cmocka_unit_test(test_cookies_are_read),
		cmocka_unit_test(test_status_of_each_phase),
		cmocka_unit_test(test_refusal_comes_second_and_goes),
		cmocka_unit_test(test_refused_before_the_first_phase),
		cmocka_unit_test(test_foreign_conditions_are_kept),
		cmocka_unit_test(test_foreign_conditions_are_limited),
		cmocka_unit_test(test_a_hash_that_is_gone_is_removed),
		cmocka_unit_test(test_a_cut_character_is_no_crash),
		cmocka_unit_test(test_what_is_written_reads_back),
		cmocka_unit_test(test_reading_garbage),
		cmocka_unit_test(test_long_texts_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

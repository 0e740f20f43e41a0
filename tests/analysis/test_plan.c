#include "analysis/base/compiler.h"
#include "analysis/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Pairs of effects, and whether the second need not be started while the first is under way. */
static const struct {
	const char *what;
	struct effect a;
	struct effect b;
	bool is_same;
} rows[] = {
	{"kinds differ", {.kind = EFFECT_OBSERVE}, {.kind = EFFECT_REMOVE}, false},
	{"subjects differ",
         {.kind = EFFECT_OBSERVE, .subject = SUBJECT_TARGET},
         {.kind = EFFECT_OBSERVE, .subject = SUBJECT_PRIMARY},
         false},
	{"a retreat is another write",
         {.kind = EFFECT_WRITE_ROUTE, .is_retreat = true},
         {.kind = EFFECT_WRITE_ROUTE},
         false},
	{"observe", {.kind = EFFECT_OBSERVE, .number = 1}, {.kind = EFFECT_OBSERVE}, true},
	{"remove", {.kind = EFFECT_REMOVE}, {.kind = EFFECT_REMOVE}, true},
	{"restore", {.kind = EFFECT_RESTORE}, {.kind = EFFECT_RESTORE}, true},
	{"remove releases",
         {.kind = EFFECT_REMOVE_RELEASES},
         {.kind = EFFECT_REMOVE_RELEASES},
         true},
	{"nothing", {.kind = EFFECT_NONE}, {.kind = EFFECT_NONE}, true},
	{"another hook",
         {.kind = EFFECT_ASK_HOOK, .question = 1},
         {.kind = EFFECT_ASK_HOOK, .question = 2},
         false},
	{"the same hook at another check",
         {.kind = EFFECT_ASK_HOOK, .question = 1, .check = {1}},
         {.kind = EFFECT_ASK_HOOK, .question = 1, .check = {2}},
         false},
	{"the same hook",
         {.kind = EFFECT_ASK_HOOK, .question = 1, .check = {1}, .phase = "Waiting"},
         {.kind = EFFECT_ASK_HOOK, .question = 1, .check = {1}},
         true},
	{"another notice to a hook",
         {.kind = EFFECT_TELL_HOOK, .question = 1, .notice.id = 1},
         {.kind = EFFECT_TELL_HOOK, .question = 1, .notice.id = 2},
         false},
	{"the same notice to a hook",
         {.kind = EFFECT_TELL_HOOK, .question = 1, .notice.id = 1, .check = {1}},
         {.kind = EFFECT_TELL_HOOK, .question = 1, .notice.id = 1, .check = {2}},
         true},
	{"another check", {.kind = EFFECT_MEASURE, .index = 1}, {.kind = EFFECT_MEASURE}, false},
	{"another time",
         {.kind = EFFECT_MEASURE, .check = {1}},
         {.kind = EFFECT_MEASURE, .check = {2}},
         false},
	{"measure",
         {.kind = EFFECT_MEASURE, .check = {1}},
         {.kind = EFFECT_MEASURE, .check = {1}},
         true},
	{"another share",
         {.kind = EFFECT_MEASURE_SHARE, .check = {1}},
         {.kind = EFFECT_MEASURE_SHARE, .check = {2}},
         false},
	{"compare another",
         {.kind = EFFECT_COMPARE, .digest = "a"},
         {.kind = EFFECT_COMPARE, .digest = "b"},
         false},
	{"compare with another",
         {.kind = EFFECT_COMPARE, .number = 1},
         {.kind = EFFECT_COMPARE, .number = 2},
         false},
	{"create",
         {.kind = EFFECT_CREATE_RELEASE, .number = 3},
         {.kind = EFFECT_CREATE_RELEASE, .number = 3},
         true},
	{"create another",
         {.kind = EFFECT_CREATE_RELEASE, .number = 3},
         {.kind = EFFECT_CREATE_RELEASE},
         false},
	{"save",
         {.kind = EFFECT_SAVE_RELEASE, .status = {.seq = 3, .times.next_check_at = {1}}},
         {.kind = EFFECT_SAVE_RELEASE, .status = {.seq = 3, .times.next_check_at = {2}}},
         true}, /* times move with the clock: the same decision */
	{"save: seq",
         {.kind = EFFECT_SAVE_RELEASE, .status.seq = 3},
         {.kind = EFFECT_SAVE_RELEASE},
         false},
	{"save: phase",
         {.kind = EFFECT_SAVE_RELEASE, .status.phase = PHASE_DONE},
         {.kind = EFFECT_SAVE_RELEASE},
         false},
	{"save: ending",
         {.kind = EFFECT_SAVE_RELEASE, .status.ending = OUTCOME_CANCELLED},
         {.kind = EFFECT_SAVE_RELEASE},
         false},
	{"save: outcome",
         {.kind = EFFECT_SAVE_RELEASE, .status.outcome = OUTCOME_CANCELLED},
         {.kind = EFFECT_SAVE_RELEASE},
         false},
	{"save: an alert",
         {.kind = EFFECT_SAVE_RELEASE, .status.n_alerts = 1},
         {.kind = EFFECT_SAVE_RELEASE},
         false},
	{"save: what was carried out",
         {.kind = EFFECT_SAVE_RELEASE, .status.n_actions = 1},
         {.kind = EFFECT_SAVE_RELEASE},
         false},
	{"save: paused",
         {.kind = EFFECT_SAVE_RELEASE, .status.paused.action = "a"},
         {.kind = EFFECT_SAVE_RELEASE},
         false},
	{"save: let through",
         {.kind = EFFECT_SAVE_RELEASE, .status.full.action = "a"},
         {.kind = EFFECT_SAVE_RELEASE},
         false},
	{"create, other configs",
         {.kind = EFFECT_CREATE_RELEASE, .configs = "a"},
         {.kind = EFFECT_CREATE_RELEASE, .configs = "b"},
         false},
	{"find another",
         {.kind = EFFECT_FIND_RELEASE, .earlier = "a"},
         {.kind = EFFECT_FIND_RELEASE, .earlier = "b"},
         false},
	{"find",
         {.kind = EFFECT_FIND_RELEASE, .earlier = "a"},
         {.kind = EFFECT_FIND_RELEASE, .earlier = "a"},
         true},
	{"answer another",
         {.kind = EFFECT_ANSWER, .answer.uid = "a"},
         {.kind = EFFECT_ANSWER, .answer.uid = "b"},
         false},
	{"answer",
         {.kind = EFFECT_ANSWER, .answer.uid = "a"},
         {.kind = EFFECT_ANSWER, .answer.uid = "a"},
         true},
	{"alert another receiver",
         {.kind = EFFECT_ALERT, .question = 1},
         {.kind = EFFECT_ALERT, .question = 2},
         false},
	{"alert of another",
         {.kind = EFFECT_ALERT, .notice.id = 1},
         {.kind = EFFECT_ALERT, .notice.id = 2},
         false},
	{"save: weight",
         {.kind = EFFECT_SAVE_RELEASE, .status.weight.to = 1},
         {.kind = EFFECT_SAVE_RELEASE},
         false},
	{"save: copies",
         {.kind = EFFECT_SAVE_RELEASE, .status.weight.is_mirrored = true},
         {.kind = EFFECT_SAVE_RELEASE},
         false},
	{"save: failed checks",
         {.kind = EFFECT_SAVE_RELEASE, .status.failed_checks = 1},
         {.kind = EFFECT_SAVE_RELEASE},
         false},
	{"save: a notice of its own",
         {.kind = EFFECT_SAVE_RELEASE, .status = {.seq = 1, .n_notices = 1, .notices[0].id = 12}},
         {.kind = EFFECT_SAVE_RELEASE, .status.seq = 1},
         false},
	{"save: two of its own",
         {.kind = EFFECT_SAVE_RELEASE,
          .status = {.seq = 1, .n_notices = 2, .notices = {{.id = 12}, {.id = 13}}}},
         {.kind = EFFECT_SAVE_RELEASE, .status = {.seq = 1, .n_notices = 1, .notices[0].id = 12}},
         false},
	{"save: a notice that was there was delivered meanwhile",
         {.kind = EFFECT_SAVE_RELEASE,
          .status = {.seq = 2, .n_notices = 2, .notices = {{.id = 12}, {.id = 24}}}},
         {.kind = EFFECT_SAVE_RELEASE, .status = {.seq = 2, .n_notices = 1, .notices[0].id = 24}},
         true},
	{"save: the only notice was delivered meanwhile",
         {.kind = EFFECT_SAVE_RELEASE, .status = {.seq = 2, .n_notices = 1, .notices[0].id = 12}},
         {.kind = EFFECT_SAVE_RELEASE, .status.seq = 2},
         true},
	{"save: another",
         {.kind = EFFECT_SAVE_RELEASE, .release = "a-1"},
         {.kind = EFFECT_SAVE_RELEASE},
         false},
	{"service",
         {.kind = EFFECT_WRITE_SERVICE, .backend = BACKEND_CANARY},
         {.kind = EFFECT_WRITE_SERVICE, .backend = BACKEND_PRIMARY},
         false},
	{"route",
         {.kind = EFFECT_WRITE_ROUTE, .weight = 10},
         {.kind = EFFECT_WRITE_ROUTE, .weight = 20},
         false},
	{"route with copies",
         {.kind = EFFECT_WRITE_ROUTE, .is_mirrored = true},
         {.kind = EFFECT_WRITE_ROUTE},
         false},
	{"route again",
         {.kind = EFFECT_WRITE_ROUTE, .weight = 10},
         {.kind = EFFECT_WRITE_ROUTE, .weight = 10},
         true},
	{"primary of",
         {.kind = EFFECT_CREATE_PRIMARY, .release = "a"},
         {.kind = EFFECT_CREATE_PRIMARY},
         false},
	{"primary over",
         {.kind = EFFECT_WRITE_PRIMARY, .old_release_uid = "a"},
         {.kind = EFFECT_WRITE_PRIMARY},
         false},
	{"primary",
         {.kind = EFFECT_WRITE_PRIMARY, .resource_version = "1"},
         {.kind = EFFECT_WRITE_PRIMARY, .resource_version = "2"},
         true}, /* the rest of it moved: the same template over the same */
	{"scale",
         {.kind = EFFECT_SCALE, .replicas = 1},
         {.kind = EFFECT_SCALE, .replicas = 0},
         false},
	{"scale again",
         {.kind = EFFECT_SCALE, .replicas = 1},
         {.kind = EFFECT_SCALE, .replicas = 1},
         true},
	{"mirror: time",
         {.kind = EFFECT_WRITE_MIRROR, .check = {1}},
         {.kind = EFFECT_WRITE_MIRROR},
         true},
	{"mirror: phase",
         {.kind = EFFECT_WRITE_MIRROR, .mirror.phase = "a"},
         {.kind = EFFECT_WRITE_MIRROR},
         false},
	{"mirror: weight",
         {.kind = EFFECT_WRITE_MIRROR, .mirror.weight = 1},
         {.kind = EFFECT_WRITE_MIRROR},
         false},
	{"mirror: failed",
         {.kind = EFFECT_WRITE_MIRROR, .mirror.failed_checks = 1},
         {.kind = EFFECT_WRITE_MIRROR},
         false},
	{"mirror: iterations",
         {.kind = EFFECT_WRITE_MIRROR, .mirror.iterations = 1},
         {.kind = EFFECT_WRITE_MIRROR},
         false},
	{"mirror: applied",
         {.kind = EFFECT_WRITE_MIRROR, .mirror.last_applied = "a"},
         {.kind = EFFECT_WRITE_MIRROR},
         false},
	{"mirror: promoted",
         {.kind = EFFECT_WRITE_MIRROR, .mirror.last_promoted = "a"},
         {.kind = EFFECT_WRITE_MIRROR},
         false},
	{"mirror: tracked",
         {.kind = EFFECT_WRITE_MIRROR, .mirror.tracked = "a"},
         {.kind = EFFECT_WRITE_MIRROR},
         false},
	{"mirror: refusal",
         {.kind = EFFECT_WRITE_MIRROR, .mirror.refusal = "a"},
         {.kind = EFFECT_WRITE_MIRROR},
         false},
	{"finalizer",
         {.kind = EFFECT_WRITE_FINALIZER, .number = 1},
         {.kind = EFFECT_WRITE_FINALIZER},
         false},
	{"notice",
         {.kind = EFFECT_NOTIFY, .notice.id = 1},
         {.kind = EFFECT_NOTIFY, .notice.id = 2},
         false},
	{"notice of another",
         {.kind = EFFECT_NOTIFY, .release_uid = "a"},
         {.kind = EFFECT_NOTIFY},
         false},
	{"notice again",
         {.kind = EFFECT_NOTIFY, .notice.id = 1},
         {.kind = EFFECT_NOTIFY, .notice.id = 1},
         true},
};

static void test_is_same(void **state)
{
	for (size_t i = 0; i < array_length(rows); i++) {
		if (effect_is_same(&rows[i].a, &rows[i].b) != rows[i].is_same ||
		    effect_is_same(&rows[i].b, &rows[i].a) != rows[i].is_same)
			fail_msg("%s", rows[i].what);
		assert_true(effect_is_same(&rows[i].a, &rows[i].a));
	}
}

static void test_names(void **state)
{
	assert_string_equal(effect_kind_name(EFFECT_NONE), "");
	for (enum effect_kind kind = EFFECT_OBSERVE; kind <= EFFECT_REMOVE_RELEASES; kind++) {
		assert_non_null(effect_kind_name(kind));
		assert_true(effect_kind_name(kind)[0] != '\0');
	}
	assert_string_equal(effect_kind_name(EFFECT_SAVE_RELEASE), "save release");
}

static void test_is_question(void **state)
{
	for (enum effect_kind kind = EFFECT_NONE; kind <= EFFECT_REMOVE_RELEASES; kind++) {
		const struct effect effect = {.kind = kind};

		assert_int_equal(effect_is_question(&effect),
		                 kind == EFFECT_OBSERVE || kind == EFFECT_MEASURE ||
		                         kind == EFFECT_FIND_RELEASE ||
		                         kind == EFFECT_MEASURE_SHARE || kind == EFFECT_ASK_HOOK ||
		                         kind == EFFECT_COMPARE);
	}
}

/* Each subject has a slot of its own, and a name. */
static void test_slots(void **state)
{
	struct facts *facts = calloc(1, sizeof(*facts));

	assert_non_null(facts);
	for (enum subject subject = SUBJECT_CANARY; subject < SUBJECT_MAX; subject++) {
		assert_int_equal(facts_slot(facts, subject)->failures, 0);
		facts_slot(facts, subject)->failures = (int)subject;
		assert_true(subject_name(subject)[0] != '\0');
	}
	for (enum subject subject = SUBJECT_CANARY; subject < SUBJECT_MAX; subject++)
		assert_int_equal(facts_slot(facts, subject)->failures, subject);
	assert_int_equal(facts->route.slot.failures, SUBJECT_ROUTE);
	assert_string_equal(subject_name(SUBJECT_NONE), "");
	free(facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_same),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_is_question),
		cmocka_unit_test(test_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

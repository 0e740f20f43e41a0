/* Actions that wait: their order, their limit, and that none is carried out again. */
#include "agent/wishes.h"
#include "analysis/base/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void put(struct wishes *wishes, enum verb verb, int version)
{
	struct action_fact action = {.slot.state = FACT_KNOWN, .verb = verb};

	text_format(action.uid, sizeof(action.uid), "a%d", version);
	text_format(action.resource_version, sizeof(action.resource_version), "%d", version);
	wishes_put(wishes, &action);
}

static const char *next(const struct wishes *wishes)
{
	const struct action_fact *action = wishes_next(wishes);

	return action ? action->uid : "";
}

/* As they were made, whatever the list's order; 10 is after 9. An abort goes first. */
static void test_order(void **state)
{
	static const char *const order[] = {"a40", "a50", "a8", "a9", "a10", "a30", ""};
	struct wishes wishes = {0};

	assert_string_equal(next(&wishes), "");
	put(&wishes, VERB_PAUSE, 10);
	put(&wishes, VERB_RESUME, 9);
	put(&wishes, VERB_PAUSE, 30);
	put(&wishes, VERB_ABORT, 50);
	put(&wishes, VERB_UNDO, 8);
	put(&wishes, VERB_ABORT, 40);
	for (size_t i = 0; i < array_length(order); i++) {
		assert_string_equal(next(&wishes), order[i]);
		wishes_drop(&wishes, order[i]);
	}
	assert_int_equal(wishes.n_wishes, 0);
}

/* A watch that is late shows it once more without its answer. */
static void test_answered(void **state)
{
	struct wishes wishes = {0};

	put(&wishes, VERB_PAUSE, 1);
	wishes_drop(&wishes, "a1");
	put(&wishes, VERB_PAUSE, 1);
	assert_string_equal(next(&wishes), "");
	wishes_clear(&wishes);
	put(&wishes, VERB_PAUSE, 1);
	assert_string_equal(next(&wishes), "");
	/* One that came with its answer is remembered, too. */
	wishes_drop(&wishes, "a2");
	put(&wishes, VERB_PAUSE, 2);
	assert_string_equal(next(&wishes), "");
	for (int i = 3; i < 3 + WISHES_ANSWERED_MAX; i++) {
		char uid[UID_MAX];

		text_format(uid, sizeof(uid), "a%d", i);
		wishes_drop(&wishes, uid);
	}
	put(&wishes, VERB_PAUSE, 1);
	assert_string_equal(next(&wishes), "a1");
	wishes_clear(&wishes);
}

/* Seen again it stands where it stood, and is brought up to date. */
static void test_again(void **state)
{
	struct wishes wishes = {0};
	struct action_fact action;

	put(&wishes, VERB_PAUSE, 1);
	put(&wishes, VERB_RESUME, 2);
	action = *wishes_next(&wishes);
	text_copy(action.resource_version, "99");
	wishes_put(&wishes, &action);
	assert_int_equal(wishes.n_wishes, 2);
	assert_string_equal(next(&wishes), "a1");
	assert_string_equal(wishes_next(&wishes)->resource_version, "99");
	wishes_clear(&wishes);
}

/* However many somebody makes: the first of them are kept, and an abort always is. */
static void test_limit(void **state)
{
	struct wishes wishes = {0};

	for (int i = 1; i <= WISHES_MAX; i++)
		put(&wishes, VERB_PAUSE, i);
	assert_false(wishes.is_cut);
	for (int i = WISHES_MAX + 1; i <= 1000; i++)
		put(&wishes, VERB_PAUSE, i);
	assert_true(wishes.is_cut);
	assert_int_equal(wishes.n_wishes, WISHES_MAX);
	assert_string_equal(next(&wishes), "a1");
	put(&wishes, VERB_ABORT, 1001);
	assert_int_equal(wishes.n_wishes, WISHES_MAX);
	assert_string_equal(next(&wishes), "a1001");
	wishes_clear(&wishes);
	assert_false(wishes.is_cut);
}

/* Which comes first is not known before the list is whole. */
static void test_partial(void **state)
{
	struct wishes wishes = {.is_partial = true};

	put(&wishes, VERB_RESUME, 2);
	assert_null(wishes_next(&wishes));
	put(&wishes, VERB_PAUSE, 1);
	wishes.is_partial = false;
	assert_string_equal(next(&wishes), "a1");
	wishes_clear(&wishes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),   cmocka_unit_test(test_answered),
		cmocka_unit_test(test_again),   cmocka_unit_test(test_limit),
		cmocka_unit_test(test_partial),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Which of two observations of one object is the newer. */
#include "agent/learn_slot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A deletion, then what was on its way: the reply of a write, and the watch, told twice. */
static void test_gone(void **state)
{
	static struct canary canary;
	struct fact_slot slot = {.state = FACT_KNOWN};
	json_t *before = json_pack("{s{ss}}", "metadata", "uid", "a");
	json_t *after = json_pack("{s{ss}}", "metadata", "uid", "b");

	(void)state;
	assert_false(learn_slot_is_gone(&slot, before));
	learn_slot_bury(&canary, &slot, "a");
	assert_int_equal(slot.state, FACT_ABSENT);
	assert_false(learn_slot_is_gone(&slot, after));
	for (int i = 0; i < 3; i++) {
		assert_true(learn_slot_is_gone(&slot, before));
		assert_int_equal(slot.state, FACT_UNKNOWN);
		learn_slot_bury(&canary, &slot, ""); /* the deletion is told again */
	}
	learn_slot_answered(&slot);
	assert_false(learn_slot_is_gone(&slot, before));
	json_decref(before);
	json_decref(after);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_gone)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

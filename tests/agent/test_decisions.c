/*
 * Decisions that were recorded once are derived again. Whoever makes `decide` decide otherwise
 * raises DECIDE_VERSION: else `serin audit verify` takes the records of every agent before for
 * forged.
 */
#include "agent/derive.h"
#include "analysis/base/compiler.h"
#include "analysis/decide.h"
#include "providers/record.h"
#include "providers/wire/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GOLDEN "tests/golden/decisions.jsonl"
#define LEAST  50 /* or the file was cut */

/* What stands where it changes. */
struct shared {
	json_t *spec;
	json_t *base;
};

static void take(json_t **shared, const json_t *line, const char *key)
{
	json_t *value = json_object_get(line, key);

	if (!value)
		return;
	json_decref(*shared);
	*shared = json_incref(value);
}

static char *text_of(const json_t *tree)
{
	char *text = tree_text(tree);

	assert_non_null(text);
	return text;
}

static void check(struct derive *derive, struct shared *shared, const char *text, int number)
{
	CLEANUP(tree_freep) json_t *line = json_loads(text, 0, NULL);
	CLEANUP(tree_freep) json_t *facts = NULL;
	CLEANUP(tree_text_freep) char *spec = NULL;
	CLEANUP(tree_text_freep) char *base = NULL;
	CLEANUP(tree_text_freep) char *plan = NULL;
	char why[ERR_TEXT_MAX];
	struct history_round round = {.decide_version = DECIDE_VERSION};

	assert_non_null(line);
	if (strcmp(json_string_value(json_object_get(line, "version")), DECIDE_VERSION) != 0)
		fail_msg(GOLDEN
		         " is of another version of decide: record it anew, as "
		         "docs/hacking.md says");
	take(&shared->spec, line, "spec");
	take(&shared->base, line, "base");
	facts = record_patch_apply(shared->base, json_object_get(line, "facts"));
	round.spec = spec = text_of(shared->spec);
	round.base = base = text_of(shared->base);
	round.plan = plan = text_of(json_object_get(line, "plan"));
	if (derive_round(derive, &round, facts, false, why) != DERIVE_SAME)
		fail_msg(GOLDEN
		         ":%d: %s\nrecorded %s\nderived  %s\nWhere that is meant, raise "
		         "DECIDE_VERSION and record it anew, as docs/hacking.md says.",
		         number, why, plan, derive_plan(derive));
}

static void test_decisions(void **state)
{
	struct derive *derive = derive_new();
	FILE *file = fopen(GOLDEN, "r");
	struct shared shared = {0};
	char *text = NULL;
	size_t size = 0;
	int n = 0;

	(void)state;
	assert_non_null(file);
	while (getline(&text, &size, file) > 0)
		check(derive, &shared, text, ++n);
	assert_true(n >= LEAST);
	json_decref(shared.spec);
	json_decref(shared.base);
	free(text);
	(void)fclose(file);
	derive_free(derive);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decisions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What the metrics said, for which check: what is done next, and why. Each row is one decision. */
#include "tests/analysis/decisions.h"
#include "tests/analysis/given_check.h"
#include "tests/analysis/given_run.h"
#include "tests/analysis/given_verb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void second_check(struct model *model)
{
	model->spec.checks[1] = model->spec.checks[0];
	model->spec.n_checks = 2;
}

static void second_answer(struct model *model)
{
	model->truth.samples[1] = model->truth.samples[0];
}

static void second_before(struct model *model)
{
	model->truth.samples[1] = model->truth.samples[0];
	model->truth.samples[1].check.ms--;
}

static void second_none(struct model *model)
{
	model->truth.samples[1] = model->truth.samples[0];
	model->truth.samples[1].kind = SAMPLE_NONE;
}

static void no_sample(struct model *model)
{
	put_sample(model, SAMPLE_NONE, 0);
}

static void share_none(struct model *model)
{
	put_share(model, SAMPLE_NONE);
}

static void no_min(struct model *model)
{
	model->spec.checks[0].has_min = false;
	model->spec.checks[0].min = 0;
	model->spec.checks[0].has_max = true;
	model->spec.checks[0].max = 5;
}

static void negative(struct model *model)
{
	put_sample(model, SAMPLE_VALUE, -5);
}

static const struct decision_row rows[] = {
	{"two checks",
         {progressing, due, second_check, passed, shared},
         "measure 1; write canary status Progressing",
         "asking the metrics"},
	{"two checks, the second fails",
         {progressing, due, second_check, failed, second_answer, passed, shared},
         "save release Progressing to 20 seen 1 f1 c2 n1",
         "Halt cart.shop advancement success rate 50.00% < 99% (failed check 1 o"},
	{"two checks, the first fails before",
         {progressing, due, second_check, failed, second_before},
         "save release Progressing to 20 f1 c1 n1",
         "Halt cart.shop advancement success rate 50.00% < 99% (failed check 1 o"},
	{"two checks, the first fails alone",
         {progressing, due, second_check, failed, second_none},
         "save release Progressing to 20 f1 c1 n1",
         "Halt cart.shop advancement success rate 50.00% < 99% (failed check 1 o"},
	{"an answer to nothing",
         {progressing, due, passed, second_answer, shared},
         "save release Progressing from 20 to 40 seen 1 c1 n1",
         "Advance cart.shop canary weight 40"},
	{"fails, an earlier share",
         {progressing, due, failed, share_before},
         "save release Progressing to 20 f1 c1 n1",
         "Halt cart.shop advancement success rate 50.00% < 99% (failed check 1 o"},
	{"no sample",
         {progressing, due, no_sample, shared},
         "measure 0; write canary status Progressing",
         "asking the metrics"},
	{"no share",
         {progressing, due, passed, share_none},
         "measure share; write canary status Progressing",
         "asking the metrics"},
	{"no sample, and a save may begin the check anew",
         {progressing, due, no_sample, shared, releases_written},
         "write canary status Progressing",
         "waiting for the answer to a save of the Release"},
	{"no share, and a save may",
         {progressing, due, passed, share_none, releases_written},
         "write canary status Progressing",
         "waiting for the answer to a save of the Release"},
	{"all answers, whatever is saved",
         {progressing, due, failed, shared, releases_written},
         "save release Progressing to 20 seen 1 f1 c1 n1",
         "Halt cart.shop advancement success rate 50.00% < 99%"},
	{"below a bound that is not there",
         {progressing, due, no_min, negative, shared},
         "save release Progressing from 20 to 40 seen 1 c1 n1",
         "Advance cart.shop canary weight 40"},
};

static void test_rows(void **state)
{
	decisions_check(decisions_run, rows, array_length(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "analysis/base/compiler.h"
#include "analysis/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct canary_spec spec = {
	.name = "podinfo", .k8s_namespace = "test", .target = "podinfo-app", .provider = "nginx"};

/* canary-controller.md 4.3 and 4.4: kind, bounds, answer, verdict and Flagger's words. */
static const struct {
	struct check_spec check;
	struct sample_fact sample;
	enum verdict verdict;
	const char *text;
} rows[] = {
	{{"request-success-rate", CHECK_SUCCESS_RATE, .has_min = true, .min = 99},
         {.kind = SAMPLE_VALUE, .value = 99},
         VERDICT_PASS, /* inclusive */
         ""},
	{{"request-success-rate", CHECK_SUCCESS_RATE, .has_min = true, .min = 99},
         {.kind = SAMPLE_VALUE, .value = 98.999},
         VERDICT_FAIL,
         "Halt podinfo.test advancement success rate 99.00% < 99%"},
	{{"request-success-rate", CHECK_SUCCESS_RATE, .has_min = true, .min = 99.5},
         {.kind = SAMPLE_VALUE, .value = 50},
         VERDICT_FAIL,
         "Halt podinfo.test advancement success rate 50.00% < 99.5%"},
	{{"request-success-rate", CHECK_SUCCESS_RATE, .has_max = true, .max = 10},
         {.kind = SAMPLE_VALUE, .value = 12.345},
         VERDICT_FAIL,
         "Halt podinfo.test advancement success rate 12.35% > 10%"},
	{{"request-duration", CHECK_DURATION, .has_max = true, .max = 500},
         {.kind = SAMPLE_VALUE, .value = 500},
         VERDICT_PASS,
         ""},
	{{"request-duration", CHECK_DURATION, .has_max = true, .max = 500},
         {.kind = SAMPLE_VALUE, .value = 1515},
         VERDICT_FAIL,
         "Halt podinfo.test advancement request duration 1.515s > 500ms"},
	{{"request-duration", CHECK_DURATION, .has_min = true, .min = 10},
         {.kind = SAMPLE_VALUE, .value = 9},
         VERDICT_FAIL,
         "Halt podinfo.test advancement request duration 9ms < 10ms"},
	{{"errors", CHECK_VALUE, .has_max = true, .max = 5},
         {.kind = SAMPLE_VALUE, .value = 5.1},
         VERDICT_FAIL,
         "Halt podinfo.test advancement errors 5.10 > 5"},
	{{"errors", CHECK_VALUE, .has_min = true, .min = 1e6},
         {.kind = SAMPLE_VALUE, .value = 0},
         VERDICT_FAIL,
         "Halt podinfo.test advancement errors 0.00 < 1e+06"},
	/* both bounds: the minimum speaks first */
	{{"odd", CHECK_VALUE, .has_min = true, .min = 10, .has_max = true, .max = 5},
         {.kind = SAMPLE_VALUE, .value = 7},
         VERDICT_FAIL,
         "Halt podinfo.test advancement odd 7.00 < 10"},
	{{"within", CHECK_VALUE, .has_min = true, .min = 1, .has_max = true, .max = 2},
         {.kind = SAMPLE_VALUE, .value = 1.5},
         VERDICT_PASS,
         ""},
	{{"free", CHECK_VALUE}, {.kind = SAMPLE_VALUE, .value = 1e300}, VERDICT_PASS, ""},
	{{"errors", CHECK_VALUE, .has_max = true, .max = 5},
         {.kind = SAMPLE_ABSENT, .text = "no values"},
         VERDICT_NO_DATA,
         "Halt advancement no values found for custom metric: errors: no values"},
	{{"request-success-rate", CHECK_SUCCESS_RATE, .has_min = true, .min = 99},
         {.kind = SAMPLE_ABSENT, .text = "no values"},
         VERDICT_NO_DATA,
         "Halt advancement no values found for nginx metric request-success-rate probably podinfo-app.test is not "
         "receiving traffic: no values"},
	{{"request-duration", CHECK_DURATION, .has_max = true, .max = 500},
         {.kind = SAMPLE_ERROR, .text = "connection refused"},
         VERDICT_ERROR,
         "Prometheus query failed: connection refused"},
	{{"errors", CHECK_VALUE, .has_max = true, .max = 5},
         {.kind = SAMPLE_ERROR, .text = "connection refused"},
         VERDICT_ERROR,
         "Metric query failed for errors: connection refused"},
	{{"errors", CHECK_VALUE, .has_max = true, .max = 5},
         {.kind = SAMPLE_NONE},
         VERDICT_UNKNOWN,
         ""},
};

static void test_sample(void **state)
{
	char text[SENTENCE_MAX];

	for (size_t i = 0; i < array_length(rows); i++) {
		memset(text, 'x', sizeof(text));
		assert_int_equal(judge_sample(&spec, &rows[i].check, &rows[i].sample),
		                 rows[i].verdict);
		judge_explain(&spec, &rows[i].check, &rows[i].sample, text);
		assert_string_equal(text, rows[i].text);
	}
}

/* analysis.noData: fail */
static void test_no_data_fails(void **state)
{
	const struct canary_spec strict = {.no_data_fails = true};
	const struct check_spec check = {.name = "errors", .kind = CHECK_VALUE};
	const struct sample_fact absent = {.kind = SAMPLE_ABSENT};
	const struct sample_fact error = {.kind = SAMPLE_ERROR};

	assert_int_equal(judge_sample(&strict, &check, &absent), VERDICT_FAIL);
	assert_int_equal(judge_sample(&strict, &check, &error), VERDICT_ERROR);
}

static void test_result(void **state)
{
	const struct check_spec check = {"request-duration", CHECK_DURATION, .has_min = true,
	                                 .has_max = true,    .min = 1,       .max = 500};
	const struct sample_fact value = {.kind = SAMPLE_VALUE, .value = 900};
	const struct sample_fact absent = {.kind = SAMPLE_ABSENT};
	struct check_result result = judge_result(&spec, &check, &value);

	assert_string_equal(result.name, "request-duration");
	assert_true(result.has_value && result.has_min && result.has_max);
	assert_float_equal(result.value, 900, 0);
	assert_float_equal(result.min, 1, 0);
	assert_float_equal(result.max, 500, 0);
	assert_int_equal(result.verdict, VERDICT_FAIL);
	result = judge_result(&spec, &check, &absent);
	assert_false(result.has_value);
	assert_int_equal(result.verdict, VERDICT_NO_DATA);
}

/* Three checks, their answers for the check due at 5 (P pass, F fail, N no data, E error, - none, o
 * an answer of another check that would fail), what they say together and which decides it. */
static const struct {
	const char *answers;
	enum verdict verdict;
	size_t worst;
} together[] = {
	{"PPP", VERDICT_PASS, 0},    {"PFP", VERDICT_FAIL, 1},
	{"-F-", VERDICT_FAIL, 1}, /* waits for nobody */
	{"FFP", VERDICT_FAIL, 0},    {"P-P", VERDICT_UNKNOWN, 0},
	{"E-P", VERDICT_UNKNOWN, 0}, {"PNP", VERDICT_NO_DATA, 1},
	{"PNE", VERDICT_ERROR, 2},   {"ENP", VERDICT_ERROR, 0},
	{"NEF", VERDICT_FAIL, 2},    {"PoP", VERDICT_UNKNOWN, 0},
	{"---", VERDICT_UNKNOWN, 0},
};

static void answer(struct sample_fact *sample, char letter)
{
	*sample = (struct sample_fact){.check = {letter == 'o' ? 4 : 5}, .kind = SAMPLE_VALUE};
	sample->value = letter == 'F' || letter == 'o' ? 2 : 1;
	if (letter == 'N')
		sample->kind = SAMPLE_ABSENT;
	if (letter == 'E')
		sample->kind = SAMPLE_ERROR;
	if (letter == '-')
		sample->kind = SAMPLE_NONE;
}

static void test_all(void **state)
{
	struct canary_spec three = {.n_checks = 3};
	struct facts *facts = calloc(1, sizeof(*facts));

	assert_non_null(facts);
	for (size_t i = 0; i < 3; i++)
		three.checks[i] = (struct check_spec){
			.name = "x", .kind = CHECK_VALUE, .has_max = true, .max = 1};
	for (size_t i = 0; i < array_length(together); i++) {
		struct judgement all;

		for (size_t j = 0; j < 3; j++)
			answer(&facts->samples[j], together[i].answers[j]);
		all = judge_all(&three, facts, (struct instant){5});
		assert_int_equal(all.verdict, together[i].verdict);
		if (all.verdict > VERDICT_PASS)
			assert_int_equal(all.worst, together[i].worst);
	}
	three.n_checks = 0; /* nothing to ask: nothing against it */
	assert_int_equal(judge_all(&three, facts, (struct instant){5}).verdict, VERDICT_PASS);
	free(facts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_no_data_fails),
		cmocka_unit_test(test_result),
		cmocka_unit_test(test_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

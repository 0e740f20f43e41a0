#include "analysis/judge.h"

#include "analysis/base/number.h"
#include "analysis/base/text.h"

/* -1: below the minimum, 1: above the maximum, 0: within. */
static int side(const struct check_spec *check, double value)
{
	if (check->has_min && value < check->min)
		return -1;
	if (check->has_max && value > check->max)
		return 1;
	return 0;
}

enum verdict judge_sample(const struct canary_spec *spec, const struct check_spec *check,
                          const struct sample_fact *sample)
{
	switch (sample->kind) {
	case SAMPLE_VALUE:
		return side(check, sample->value) == 0 ? VERDICT_PASS : VERDICT_FAIL;
	case SAMPLE_ABSENT:
		return spec->no_data_fails ? VERDICT_FAIL : VERDICT_NO_DATA;
	case SAMPLE_ERROR:
		return VERDICT_ERROR;
	case SAMPLE_NONE:
		break;
	}
	return VERDICT_UNKNOWN;
}

struct check_result judge_result(const struct canary_spec *spec, const struct check_spec *check,
                                 const struct sample_fact *sample)
{
	struct check_result result = {
		.has_value = sample->kind == SAMPLE_VALUE,
		.has_min = check->has_min,
		.has_max = check->has_max,
		.value = sample->value,
		.min = check->min,
		.max = check->max,
		.verdict = judge_sample(spec, check, sample),
	};

	text_copy(result.name, check->name);
	return result;
}

static struct sample_fact sample_of(const struct facts *facts, size_t index, struct instant check)
{
	if (facts->samples[index].check.ms != check.ms)
		return (struct sample_fact){0};
	return facts->samples[index];
}

struct judgement judge_all(const struct canary_spec *spec, const struct facts *facts,
                           struct instant check)
{
	struct judgement all = {.verdict = VERDICT_PASS};
	bool is_missing = false;

	for (size_t i = 0; i < spec->n_checks; i++) {
		struct sample_fact sample = sample_of(facts, i, check);
		enum verdict verdict = judge_sample(spec, &spec->checks[i], &sample);

		if (verdict == VERDICT_FAIL)
			return (struct judgement){.verdict = VERDICT_FAIL, .worst = i};
		if (verdict == VERDICT_UNKNOWN)
			is_missing = true;
		else if (verdict > all.verdict)
			all = (struct judgement){.verdict = verdict, .worst = i};
	}
	if (is_missing)
		all.verdict = VERDICT_UNKNOWN;
	return all;
}

/* VALUE and BOUND as Flagger prints them for this kind of check. */
static void explain_bound(const struct canary_spec *spec, const struct check_spec *check,
                          double value, char *ret)
{
	bool is_low = side(check, value) < 0;
	double bound = is_low ? check->min : check->max;
	const char *sign = is_low ? "<" : ">";
	char text[NUMBER_TEXT_MAX];
	char a[SPAN_TEXT_MAX];
	char b[SPAN_TEXT_MAX];

	switch (check->kind) {
	case CHECK_SUCCESS_RATE:
		text_format(ret, SENTENCE_MAX, "Halt %s.%s advancement success rate %.2f%% %s %s%%",
		            spec->name, spec->k8s_namespace, value, sign,
		            number_format(bound, text));
		return;
	case CHECK_DURATION:
		text_format(ret, SENTENCE_MAX, "Halt %s.%s advancement request duration %s %s %s",
		            spec->name, spec->k8s_namespace,
		            span_format(span_ms((int64_t)value), a), sign,
		            span_format(span_ms((int64_t)bound), b));
		return;
	case CHECK_VALUE:
	case CHECK_NONE:
		break;
	}
	text_format(ret, SENTENCE_MAX, "Halt %s.%s advancement %s %.2f %s %s", spec->name,
	            spec->k8s_namespace, check->name, value, sign, number_format(bound, text));
}

void judge_explain(const struct canary_spec *spec, const struct check_spec *check,
                   const struct sample_fact *sample, char *ret)
{
	ret[0] = '\0';
	switch (sample->kind) {
	case SAMPLE_VALUE:
		if (side(check, sample->value) != 0)
			explain_bound(spec, check, sample->value, ret);
		return;
	case SAMPLE_ABSENT:
		if (check->kind == CHECK_VALUE)
			text_format(ret, SENTENCE_MAX,
			            "Halt advancement no values found for custom metric: %s: %s",
			            check->name, sample->text);
		else
			text_format(
				ret, SENTENCE_MAX,
				"Halt advancement no values found for %s metric %s probably %s.%s is not "
				"receiving traffic: %s",
				spec->provider, check->name, spec->target, spec->k8s_namespace,
				sample->text);
		return;
	case SAMPLE_ERROR:
		if (check->kind == CHECK_VALUE)
			text_format(ret, SENTENCE_MAX, "Metric query failed for %s: %s",
			            check->name, sample->text);
		else
			text_format(ret, SENTENCE_MAX, "Prometheus query failed: %s", sample->text);
		return;
	case SAMPLE_NONE:
		return;
	}
}

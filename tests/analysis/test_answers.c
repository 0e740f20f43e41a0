/* What the metrics said, for which check: what is done next, and why. Each row is one decision. */
#include "analysis/base/text.h"
#include "tests/analysis/model.h"
#include "tests/analysis/model_tell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

typedef void given(struct model *model);

static void put_pods(struct workload_fact *workload, int replicas, int ready)
{
	workload->is_observed = true;
	workload->replicas = replicas;
	workload->total = replicas;
	workload->updated = replicas;
	workload->ready = ready;
	workload->available = ready;
}

/* On the way from one weight to the next, which holds since MS. */
static void put_step(struct model *model, int from, int to, int64_t ms)
{
	model->truth.newest.status.weight.from = from;
	model->truth.newest.status.weight.to = to;
	model->truth.route.weight = to;
	model->truth.route.since.ms = model->truth.now.ms - ms;
	model->truth.newest.status.times.next_check_at.ms = model->truth.now.ms + 5000;
}

/* The check is due since MS. */
static void put_due(struct model *model, int64_t ms)
{
	model->truth.newest.status.times.next_check_at.ms = model->truth.now.ms - ms;
}

static void put_sample(struct model *model, enum sample_kind kind, double value)
{
	model->truth.samples[0] = (struct sample_fact){
		.check = model->truth.newest.status.times.next_check_at,
		.kind = kind,
		.value = value,
		.text = "silence",
	};
}

static void put_share(struct model *model, enum sample_kind kind)
{
	model->truth.share = (struct sample_fact){
		.check = model->truth.newest.status.times.next_check_at,
		.kind = kind,
		.value = 0.25,
	};
}

static void progressing(struct model *model)
{
	model->truth.newest.status.phase = PHASE_PROGRESSING;
	put_step(model, 0, 20, 60000);
}

static void due(struct model *model)
{
	put_due(model, 0);
}

static void second_check(struct model *model)
{
	model->spec.checks[1] = model->spec.checks[0];
	model->spec.n_checks = 2;
}

static void passed(struct model *model)
{
	put_sample(model, SAMPLE_VALUE, 100);
}

static void shared(struct model *model)
{
	put_share(model, SAMPLE_VALUE);
}

static void failed(struct model *model)
{
	put_sample(model, SAMPLE_VALUE, 50);
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

static void share_before(struct model *model)
{
	put_share(model, SAMPLE_VALUE);
	model->truth.share.check.ms--;
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

static const struct row {
	const char *what;
	given *given[8];
	const char *plan;
	const char *because; /* how the reason begins */
	int64_t wake;        /* ms from now; 0: none */
} rows[] = {
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
	{"below a bound that is not there",
         {progressing, due, no_min, negative, shared},
         "save release Progressing from 20 to 40 seen 1 c1 n1",
         "Advance cart.shop canary weight 40"},
};

/* A run of v2, with the canary's pods up and clients with the primary. */
static void put(struct model *model)
{
	struct facts *facts = &model->truth;

	model_init(model);
	model_initialise(model);
	facts->now.ms += 600000;
	facts->n_releases = 2;
	facts->newest = (struct release){.number = 2,
	                                 .name = "cart-2",
	                                 .uid = "release-2",
	                                 .digest = "v2",
	                                 .cause = CAUSE_REVISION,
	                                 .target_replicas = 2,
	                                 .primary_replicas = 2};
	text_copy(facts->target.digest, "v2");
	put_pods(&facts->target, 2, 2);
	facts->target.ready_since.ms = 1;
}

static void test_rows(void **state)
{
	struct effect effects[PLAN_EFFECTS_MAX];
	struct plan plan = {.effects = effects};
	char text[MODEL_PLAN_MAX];

	for (size_t i = 0; i < array_length(rows); i++) {
		const struct row *row = &rows[i];
		struct model model;
		int64_t wake;

		put(&model);
		for (size_t j = 0; row->given[j]; j++)
			row->given[j](&model);
		decide(&model.spec, &model.truth, &plan);
		wake = instant_is_set(plan.wake) ? plan.wake.ms - model.truth.now.ms : 0;
		if (strcmp(model_tell_plan(&plan, text), row->plan) != 0 || wake != row->wake ||
		    strncmp(plan.reason, row->because, strlen(row->because)) != 0)
			fail_msg("%s: %s (%s) %d\nexpected %s (%s) %d", row->what, text,
			         plan.reason, (int)wake, row->plan, row->because, (int)row->wake);
		model_fini(&model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

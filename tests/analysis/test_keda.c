/* With an autoscaler that would scale the target up from nothing: what is done next, and why. Each
 * row is one decision. */
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

static void put_ending(struct model *model, enum release_outcome ending)
{
	model->truth.newest.status.phase = PHASE_RETREATING;
	model->truth.newest.status.ending = ending;
	text_copy(model->truth.newest.status.reason, "it failed");
}

/* The target has an autoscaler, and the primary's follows it. */
static void put_scaler(struct model *model, enum scaler_kind kind)
{
	model->spec.scaler_kind = kind;
	model->spec.scaler = "cart";
	model->spec.primary_scaler = "cart-primary";
	model->truth.scaler = (struct scaler_fact){.slot.state = FACT_KNOWN,
	                                           .least = 2,
	                                           .most = 5,
	                                           .primary_least = 2,
	                                           .primary_most = 5};
	model->truth.primary_scaler = (struct scaler_fact){
		.slot.state = FACT_KNOWN, .is_exact = true, .least = 2, .most = 5};
}

static void keda(struct model *model)
{
	put_scaler(model, SCALER_KEDA);
}

static void pinned(struct model *model)
{
	model->truth.scaler.is_pinned = true;
}

static void starting(struct model *model)
{
	model->truth.newest.status.phase = PHASE_STARTING;
}

static void target_down(struct model *model)
{
	put_pods(&model->truth.target, 0, 0);
}

static void scaler_unknown(struct model *model)
{
	model->truth.scaler.slot.state = FACT_UNKNOWN;
}

static void scaler_absent(struct model *model)
{
	model->truth.scaler = (struct scaler_fact){.slot.state = FACT_ABSENT};
}

static void primary_new(struct model *model)
{
	text_copy(model->truth.primary.release_uid, model->truth.newest.uid);
}

static void finalising(struct model *model)
{
	model->truth.newest.status.phase = PHASE_FINALISING;
	model->truth.newest.status.weight.from = 40;
	primary_new(model);
}

static void route_0(struct model *model)
{
	model->truth.route.weight = 0;
}

static void retreating(struct model *model)
{
	put_ending(model, OUTCOME_ROLLED_BACK);
}

static void over(struct model *model)
{
	model->truth.newest.status.phase = PHASE_DONE;
	model->truth.newest.status.outcome = OUTCOME_ROLLED_BACK;
}

static void judged(struct model *model)
{
	over(model);
	text_copy(model->truth.mirror.last_applied, "v2");
}

static void unsure(struct model *model)
{
	text_copy(model->truth.target.digest, "v3");
}

static void primary_dead(struct model *model)
{
	put_pods(&model->truth.primary, 2, 0);
}

static void route_just_now(struct model *model)
{
	model->truth.route.since = model->truth.now;
}

static void judged_superseded(struct model *model)
{
	judged(model);
	model->truth.newest.status.outcome = OUTCOME_SUPERSEDED;
	text_copy(model->truth.target.digest, "v1");
}

static void deleted(struct model *model)
{
	model->truth.is_deleted = true;
}

static void newer(struct model *model)
{
	text_copy(model->truth.target.digest, "v3");
	text_copy(model->truth.change.digest, "v3");
	model->truth.change.kind = CHANGE_REAL;
}

static void primary_scaler_foreign(struct model *model)
{
	model->truth.primary_scaler.is_foreign = true;
}

static void primary_scaler_inexact(struct model *model)
{
	model->truth.primary_scaler.is_exact = false;
}

static void no_spec(struct model *model)
{
	model->truth.has_spec = false;
	text_copy(model->truth.refusal, "spec.analysis: no");
}

static const struct row {
	const char *what;
	given *given[7];
	const char *plan;
	const char *because; /* how the reason begins */
	int64_t wake;        /* ms from now; 0: none */
} rows[] = {
	{"keda: starting, pinned",
         {keda, pinned, starting, target_down},
         "scale autoscaler 1",
         "ScaledObject cart.shop may scale the target again"},
	{"keda: starting, pinned, with pods",
         {keda, pinned, starting},
         "scale autoscaler 1",
         "ScaledObject cart.shop may scale the target again"},
	{"keda: starting, unseen",
         {keda, scaler_unknown, starting, target_down},
         "write canary status Progressing; see autoscaler",
         "the autoscaler was not seen yet"},
	{"keda: starting, free",
         {keda, starting, target_down},
         "scale target 2",
         "scaling the target to 2"},
	{"keda: starting, missing",
         {keda, scaler_absent, starting, target_down},
         "scale target 1",
         "scaling the target to 1"},
	{"keda: finalising",
         {keda, finalising, route_0},
         "scale autoscaler 0",
         "ScaledObject cart.shop is to hold the target at no pods"},
	{"keda: finalising, pinned",
         {keda, pinned, finalising, route_0},
         "scale target 0",
         "scaling the target to 0"},
	{"keda: finalising, pinned, down",
         {keda, pinned, finalising, route_0, target_down},
         "save release Done promoted from 40 n1",
         "Promotion completed! Scaling down cart.shop"},
	{"keda: finalising, down, free",
         {keda, finalising, route_0, target_down},
         "scale autoscaler 0",
         "ScaledObject cart.shop is to hold the target at no pods"},
	{"keda: finalising, down, unseen",
         {keda, scaler_unknown, finalising, route_0, target_down},
         "write canary status Finalising; see autoscaler",
         "the autoscaler was not seen yet"},
	{"keda: retreat",
         {keda, retreating},
         "scale autoscaler 0",
         "ScaledObject cart.shop is to hold the target at no pods"},
	{"keda: retreat, pinned",
         {keda, pinned, retreating},
         "scale target 0",
         "scaling the target to 0"},
	{"keda: retreat, down",
         {keda, retreating, target_down},
         "scale autoscaler 0",
         "ScaledObject cart.shop is to hold the target at no pods"},
	{"keda: at rest, pinned",
         {keda, pinned, judged, target_down},
         "write canary status Failed",
         "nothing to do"},
	{"keda: at rest, free",
         {keda, judged, target_down},
         "scale autoscaler 0",
         "ScaledObject cart.shop is to hold the target at no pods"},
	{"keda: at rest, free, unsure",
         {keda, judged, target_down, unsure},
         "compare templates; write canary status Failed",
         "nothing to do"},
	{"keda: at rest, free, the primary dead",
         {keda, judged, target_down, primary_dead},
         "write canary status Failed",
         "nothing to do"},
	{"keda: at rest, free, route just now",
         {keda, judged, target_down, route_just_now},
         "write canary status Failed",
         "waiting until the new weight holds everywhere",
         3000},
	{"keda: at rest, free, missing",
         {keda, scaler_absent, judged, target_down},
         "write canary status Failed: spec.autoscalerRef: ScaledObject cart.shop not found; notify spec.autoscalerRef: ScaledObject cart.shop not found",
         "ScaledObject cart.shop not found"},
	{"keda: at rest, superseded",
         {keda, pinned, judged_superseded},
         "scale target 0",
         "scaling the target to 0"},
	{"keda: deleted, pinned",
         {keda, pinned, judged, deleted, newer, target_down},
         "scale autoscaler 1",
         "ScaledObject cart.shop may scale the target again"},
	{"keda: deleted, pinned, with pods",
         {keda, pinned, judged, deleted, newer},
         "scale autoscaler 1",
         "ScaledObject cart.shop may scale the target again"},
	{"keda: missing",
         {keda, scaler_absent, judged},
         "write canary status Failed: spec.autoscalerRef: ScaledObject cart.shop not found; notify spec.autoscalerRef: ScaledObject cart.shop not found",
         "ScaledObject cart.shop not found"},
	{"keda: foreign",
         {keda, primary_scaler_foreign, judged},
         "write canary status Failed: spec.autoscalerRef: ScaledObject cart-primary.shop scales something else than cart-primary: it is not touched; notify spec.autoscalerRef: ScaledObject cart-primary.shop scales something else than cart-primary: it is not touched",
         "ScaledObject cart-primary.shop scales something else than cart-primary"},
	{"keda: differs",
         {keda, primary_scaler_inexact, judged},
         "write autoscaler 2",
         "ScaledObject cart-primary.shop follows cart"},
	{"keda: no spec",
         {keda, no_spec, scaler_unknown, judged},
         "write canary status Failed: spec.analysis: no; notify spec.analysis: no",
         "spec.analysis: no"},
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

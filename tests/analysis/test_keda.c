/* With an autoscaler that would scale the target up from nothing: what is done next, and why. Each
 * row is one decision. */
#include "analysis/base/text.h"
#include "tests/analysis/decisions.h"
#include "tests/analysis/given_canary.h"
#include "tests/analysis/given_route.h"
#include "tests/analysis/given_run.h"
#include "tests/analysis/given_scaler.h"
#include "tests/analysis/given_verb.h"
#include "tests/analysis/given_workload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void keda(struct model *model)
{
	put_scaler(model, SCALER_KEDA);
}

static void pinned(struct model *model)
{
	model->truth.scaler.is_pinned = true;
}

static void judged_superseded(struct model *model)
{
	judged(model);
	model->truth.newest.status.outcome = OUTCOME_SUPERSEDED;
	text_copy(model->truth.target.digest, "v1");
}

static const struct decision_row rows[] = {
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
	{"keda: starting, the target unseen",
         {keda, pinned, starting, target_unknown},
         "write canary status Progressing; see target",
         "the target was not seen yet"},
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
	{"keda: finalising, down, free, and pods of before are counted",
         {keda, finalising, route_0, target_going},
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
         {keda, judged, target_down, target_v3},
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

/* With an autoscaler: what is done next, and why. Each row is one decision. */
#include "tests/analysis/decisions.h"
#include "tests/analysis/given_canary.h"
#include "tests/analysis/given_check.h"
#include "tests/analysis/given_hook.h"
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

static void hpa(struct model *model)
{
	put_scaler(model, SCALER_HPA);
}

static void primary_scaler_unknown(struct model *model)
{
	model->truth.primary_scaler.slot.state = FACT_UNKNOWN;
}

static void primary_scaler_absent(struct model *model)
{
	model->truth.primary_scaler.slot.state = FACT_ABSENT;
}

static void primary_scaler_low(struct model *model)
{
	model->truth.primary_scaler.least = 1;
	model->truth.scaler.primary_least = 1;
}

static void primary_scaler_capped(struct model *model)
{
	model->truth.primary_scaler.most = 1;
}

static void primary_scaler_fits(struct model *model)
{
	model->truth.primary_scaler.most = 2;
}

static void primary_scaler_no_most(struct model *model)
{
	model->truth.primary_scaler.most = 0;
}

static void primary_scaler_high(struct model *model)
{
	model->truth.primary_scaler.least = 4;
}

static void none_wanted(struct model *model)
{
	model->truth.scaler.least = 0;
	model->truth.scaler.primary_least = 0;
	model->truth.newest.primary_replicas = 0;
}

static void primary_scaler_zero(struct model *model)
{
	model->truth.primary_scaler.least = 0;
}

static void capped(struct model *model)
{
	model->truth.scaler.primary_least = 9;
	model->truth.scaler.primary_most = 3;
}

static void most_1(struct model *model)
{
	model->truth.scaler.most = 1;
	model->truth.newest.target_replicas = 3;
}

static void most_0(struct model *model)
{
	model->truth.scaler.most = 0;
	model->truth.newest.target_replicas = 3;
}

static void most_2(struct model *model)
{
	model->truth.scaler.most = 2;
	model->truth.newest.target_replicas = 3;
}

static void unasked_1(struct model *model)
{
	model->truth.scaler.slot.state = FACT_KNOWN;
	model->truth.scaler.most = 1;
}

static const struct decision_row rows[] = {
	{"hpa: at its place",
         {hpa, starting},
         "save release Progressing to 20 n2",
         "Advance cart.shop canary weight 20"},
	{"hpa: unseen",
         {hpa, scaler_unknown, starting},
         "save release Progressing to 20 n2; see autoscaler",
         "Advance cart.shop canary weight 20"},
	{"hpa: the primary's unseen",
         {hpa, primary_scaler_unknown, starting},
         "write canary status Progressing; see primary autoscaler",
         "the primary autoscaler was not seen yet"},
	{"hpa: the primary's is missing",
         {hpa, primary_scaler_absent, starting},
         "write autoscaler 2",
         "HorizontalPodAutoscaler cart-primary.shop follows cart"},
	{"hpa: the primary's is missing, the target's unseen",
         {hpa, primary_scaler_absent, scaler_unknown, starting},
         "write canary status Progressing; see autoscaler",
         "the autoscaler was not seen yet"},
	{"hpa: both are missing",
         {hpa, primary_scaler_absent, scaler_absent, starting},
         "save release Progressing to 20 n2",
         "Advance cart.shop canary weight 20"},
	{"hpa: missing",
         {hpa, scaler_absent, starting},
         "save release Progressing to 20 n2",
         "Advance cart.shop canary weight 20"},
	{"hpa: missing, at rest",
         {hpa, scaler_absent, judged},
         "write canary status Failed: spec.autoscalerRef: HorizontalPodAutoscaler cart.shop not found; notify spec.autoscalerRef: HorizontalPodAutoscaler cart.shop not found",
         "HorizontalPodAutoscaler cart.shop not found"},
	{"hpa: missing, at rest, refused",
         {hpa, scaler_absent, judged, refused},
         "write canary status Failed: spec.analysis: no; notify spec.analysis: no",
         "nothing to do"},
	{"hpa: missing, in a run",
         {hpa, scaler_absent, progressing, early},
         "write canary status Progressing",
         "waiting for the next check",
         1},
	{"hpa: foreign",
         {hpa, primary_scaler_foreign, starting},
         "write canary status Progressing",
         "HorizontalPodAutoscaler cart-primary.shop scales something else than c"},
	{"hpa: foreign, at rest",
         {hpa, primary_scaler_foreign, judged},
         "write canary status Failed: spec.autoscalerRef: HorizontalPodAutoscaler cart-primary.shop scales something else than cart-primary: it is not touched; notify spec.autoscalerRef: HorizontalPodAutoscaler cart-primary.shop scales something else than cart-primary: it is not touched",
         "HorizontalPodAutoscaler cart-primary.shop scales something else than c"},
	{"hpa: foreign, in a run",
         {hpa, primary_scaler_foreign, progressing, early},
         "write canary status Progressing",
         "HorizontalPodAutoscaler cart-primary.shop scales something else than c",
         1},
	{"hpa: foreign and missing",
         {hpa, primary_scaler_foreign, primary_scaler_absent, starting},
         "write autoscaler 2",
         "HorizontalPodAutoscaler cart-primary.shop follows cart"},
	{"hpa: differs",
         {hpa, primary_scaler_inexact, starting},
         "save release Progressing to 20 n2",
         "Advance cart.shop canary weight 20"},
	{"hpa: keeps fewer pods than the run needs",
         {hpa, primary_scaler_low, starting},
         "scale primary autoscaler 2",
         "HorizontalPodAutoscaler cart-primary.shop keeps the primary at 2 pods "},
	{"hpa: … in the run",
         {hpa, primary_scaler_low, progressing, early},
         "scale primary autoscaler 2",
         "HorizontalPodAutoscaler cart-primary.shop keeps the primary at 2 pods ",
         1},
	{"hpa: … in the run, it may not have so many",
         {hpa, primary_scaler_low, primary_scaler_capped, progressing, early},
         "write canary status Progressing",
         "waiting for the next check",
         1},
	{"hpa: … in the run, it may have just so many",
         {hpa, primary_scaler_low, primary_scaler_fits, progressing, early},
         "scale primary autoscaler 2",
         "HorizontalPodAutoscaler cart-primary.shop keeps the primary at 2 pods ",
         1},
	{"hpa: … in the run, no most",
         {hpa, primary_scaler_low, primary_scaler_no_most, progressing, early},
         "scale primary autoscaler 2",
         "HorizontalPodAutoscaler cart-primary.shop keeps the primary at 2 pods ",
         1},
	{"hpa: … before it begins",
         {hpa, primary_scaler_low, phase_none},
         "save release Starting n1 started 1 unready 1",
         "New revision detected, progressing canary analysis."},
	{"hpa: … while it waits",
         {hpa, primary_scaler_low, phase_waiting, gate_rollout, early},
         "write canary status Waiting",
         "waiting for the next check",
         1},
	{"hpa: … a first run",
         {hpa, primary_scaler_low, init, starting, primary_new},
         "save release Finalising",
         "the primary is ready; clients go to it next"},
	{"hpa: … at rest",
         {hpa, primary_scaler_low, judged},
         "write canary status Failed",
         "nothing to do"},
	{"hpa: at rest, more than people want",
         {hpa, primary_scaler_high, judged},
         "write autoscaler 2",
         "HorizontalPodAutoscaler cart-primary.shop follows cart"},
	{"hpa: at rest, none wanted",
         {hpa, none_wanted, primary_scaler_zero, judged},
         "write canary status Failed",
         "nothing to do"},
	{"hpa: at rest, none wanted, a newer revision",
         {hpa, none_wanted, primary_scaler_zero, judged, newer},
         "write autoscaler 1",
         "HorizontalPodAutoscaler cart-primary.shop follows cart"},
	{"hpa: none wanted, before it begins",
         {hpa, none_wanted, primary_scaler_zero, phase_none},
         "save release Starting n1 started 1 unready 1",
         "New revision detected, progressing canary analysis."},
	{"hpa: none wanted, starting",
         {hpa, none_wanted, primary_scaler_zero, starting},
         "scale primary autoscaler 1",
         "HorizontalPodAutoscaler cart-primary.shop keeps the primary at 1 pods "},
	{"hpa: people want more than most",
         {hpa, capped, judged},
         "write autoscaler 3",
         "HorizontalPodAutoscaler cart-primary.shop follows cart"},
	{"hpa: first pods",
         {hpa, starting, target_down},
         "scale target 2",
         "scaling the target to 2"},
	{"hpa: first pods, none at least",
         {hpa, none_wanted, starting, target_down},
         "scale target 1",
         "scaling the target to 1"},
	{"hpa: retreat", {hpa, retreating}, "scale target 0", "scaling the target to 0"},
	{"hpa: retreat, the primary's low",
         {hpa, primary_scaler_low, retreating},
         "scale primary autoscaler 2; scale target 0",
         "HorizontalPodAutoscaler cart-primary.shop keeps the primary at 2 pods "},
	{"hpa: promoting",
         {hpa, promoting},
         "primary release-2",
         "the primary gets the template of Release cart-2"},
	{"hpa: promoting, the most of pods",
         {hpa, most_1, promoting},
         "primary release-2",
         "the primary gets the template of Release cart-2"},
	{"hpa: promoting, no most",
         {hpa, most_0, promoting},
         "primary release-2",
         "the primary gets the template of Release cart-2"},
	{"hpa: promoting, scaler unseen",
         {hpa, scaler_unknown, promoting},
         "primary release-2; see autoscaler",
         "the primary gets the template of Release cart-2"},
	{"hpa: promoting, it may become empty",
         {hpa, most_1, promoting, primary_may_empty, target_small},
         "apex service canary",
         "the apex service is to select the canary's pods"},
	{"hpa: promoting, it may become empty, just so many",
         {hpa, most_2, promoting, primary_may_empty, target_small},
         "scale target 2",
         "scaling the target to 2"},
	{"hpa: deleted",
         {hpa, judged, deleted, target_down},
         "scale target 2",
         "scaling the target to 2"},
	{"hpa: deleted, most of pods",
         {hpa, most_1, judged, deleted, newer, target_down},
         "scale target 1",
         "scaling the target to 1"},
	{"none: unseen",
         {scaler_unknown, progressing, early},
         "write canary status Progressing",
         "waiting for the next check",
         1},
	{"hpa: at rest, unseen",
         {hpa, scaler_unknown, judged},
         "write canary status Failed; see autoscaler",
         "the autoscaler was not seen yet"},
	{"hpa: at rest, the primary's unseen",
         {hpa, primary_scaler_unknown, judged},
         "write canary status Failed; see primary autoscaler",
         "the primary autoscaler was not seen yet"},
	{"hpa: at rest, both unseen",
         {hpa, scaler_unknown, primary_scaler_unknown, judged},
         "write canary status Failed; see autoscaler; see primary autoscaler",
         "the autoscaler was not seen yet"},
	{"hpa: at rest, the primary's is missing",
         {hpa, primary_scaler_absent, judged},
         "write autoscaler 2",
         "HorizontalPodAutoscaler cart-primary.shop follows cart"},
	{"hpa: the first, unseen",
         {hpa, scaler_unknown, no_release, releases_absent, primary_absent},
         "see autoscaler",
         "the autoscaler was not seen yet"},
	{"hpa: the first",
         {hpa, no_release, releases_absent, primary_absent},
         "create release 1 init",
         "New Deployment detected, starting initialization."},
	{"hpa: deleted, no most",
         {hpa, most_0, judged, deleted, newer, target_down},
         "scale target 2",
         "scaling the target to 2"},
	{"hpa: deleted, unseen",
         {hpa, most_1, scaler_unknown, judged, deleted, newer, target_down},
         "scale target 2; see autoscaler",
         "scaling the target to 2"},
	{"none: what it would allow counts for nothing",
         {unasked_1, judged, deleted, newer, target_down},
         "scale target 2",
         "scaling the target to 2"},
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

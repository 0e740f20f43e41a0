/* With an autoscaler: what is done next, and why. Each row is one decision. */
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

static void put_ending(struct model *model, enum release_outcome ending)
{
	model->truth.newest.status.phase = PHASE_RETREATING;
	model->truth.newest.status.ending = ending;
	text_copy(model->truth.newest.status.reason, "it failed");
}

/* The check is due since MS. */
static void put_due(struct model *model, int64_t ms)
{
	model->truth.newest.status.times.next_check_at.ms = model->truth.now.ms - ms;
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

static void hpa(struct model *model)
{
	put_scaler(model, SCALER_HPA);
}

static void starting(struct model *model)
{
	model->truth.newest.status.phase = PHASE_STARTING;
}

static void scaler_unknown(struct model *model)
{
	model->truth.scaler.slot.state = FACT_UNKNOWN;
}

static void primary_scaler_unknown(struct model *model)
{
	model->truth.primary_scaler.slot.state = FACT_UNKNOWN;
}

static void primary_scaler_absent(struct model *model)
{
	model->truth.primary_scaler.slot.state = FACT_ABSENT;
}

static void scaler_absent(struct model *model)
{
	model->truth.scaler = (struct scaler_fact){.slot.state = FACT_ABSENT};
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

static void refused(struct model *model)
{
	text_copy(model->truth.refusal, "spec.analysis: no");
}

static void progressing(struct model *model)
{
	model->truth.newest.status.phase = PHASE_PROGRESSING;
	put_step(model, 0, 20, 60000);
}

static void early(struct model *model)
{
	put_due(model, -1);
}

static void primary_scaler_foreign(struct model *model)
{
	model->truth.primary_scaler.is_foreign = true;
}

static void primary_scaler_inexact(struct model *model)
{
	model->truth.primary_scaler.is_exact = false;
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

static void phase_none(struct model *model)
{
	model->truth.newest.status.phase = PHASE_NONE;
}

static void phase_waiting(struct model *model)
{
	model->truth.newest.status.phase = PHASE_WAITING;
}

static void gate_rollout(struct model *model)
{
	model_hook(model, HOOK_CONFIRM_ROLLOUT, NULL);
}

static void init(struct model *model)
{
	model->truth.newest.cause = CAUSE_INIT;
	model->truth.promoted = (struct release_ref){0};
}

static void primary_new(struct model *model)
{
	text_copy(model->truth.primary.release_uid, model->truth.newest.uid);
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

static void newer(struct model *model)
{
	text_copy(model->truth.target.digest, "v3");
	text_copy(model->truth.change.digest, "v3");
	model->truth.change.kind = CHANGE_REAL;
}

static void capped(struct model *model)
{
	model->truth.scaler.primary_least = 9;
	model->truth.scaler.primary_most = 3;
}

static void target_down(struct model *model)
{
	put_pods(&model->truth.target, 0, 0);
}

static void retreating(struct model *model)
{
	put_ending(model, OUTCOME_ROLLED_BACK);
}

static void promoting(struct model *model)
{
	model->truth.newest.status.phase = PHASE_PROMOTING;
	put_step(model, 20, 40, 60000);
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

static void primary_may_empty(struct model *model)
{
	model->truth.primary.may_empty = true;
}

static void target_small(struct model *model)
{
	put_pods(&model->truth.target, 1, 1);
}

static void most_2(struct model *model)
{
	model->truth.scaler.most = 2;
	model->truth.newest.target_replicas = 3;
}

static void deleted(struct model *model)
{
	model->truth.is_deleted = true;
}

static void no_release(struct model *model)
{
	model->truth.newest = (struct release){0};
	model->truth.promoted = (struct release_ref){0};
}

static void releases_absent(struct model *model)
{
	model->truth.releases.state = FACT_ABSENT;
}

static void primary_absent(struct model *model)
{
	model->truth.primary = (struct workload_fact){.slot.state = FACT_ABSENT};
}

static void unasked_1(struct model *model)
{
	model->truth.scaler.slot.state = FACT_KNOWN;
	model->truth.scaler.most = 1;
}

static const struct row {
	const char *what;
	given *given[8];
	const char *plan;
	const char *because; /* how the reason begins */
	int64_t wake;        /* ms from now; 0: none */
} rows[] = {
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

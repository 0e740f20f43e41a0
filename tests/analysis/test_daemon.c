/* A DaemonSet as the target: it has pods or it has none, and is told so in words of its own. Each
 * row is one decision. */
#include "analysis/mirror.h"
#include "analysis/workload.h"
#include "tests/analysis/decisions.h"
#include "tests/analysis/given_canary.h"
#include "tests/analysis/given_route.h"
#include "tests/analysis/given_run.h"
#include "tests/analysis/given_workload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void as_daemon(struct model *model)
{
	model->spec.target_kind = TARGET_DAEMON_SET;
	model->truth.target.is_daemon = true;
	model->truth.primary.is_daemon = true;
}

static void run(struct model *model)
{
	decisions_run(model);
	as_daemon(model);
}

static void rest(struct model *model)
{
	decisions_rest(model);
	as_daemon(model);
}

static void unobserved(struct model *model)
{
	model->truth.target.is_observed = false;
}

static void outdated(struct model *model)
{
	model->truth.target.updated = 1;
}

static void awake(struct model *model)
{
	finalising(model);
	model->truth.newest.status.weight.to = 0;
}

static void three_nodes(struct model *model)
{
	model->truth.newest.primary_replicas = 3;
	model->truth.newest.target_replicas = 3;
}

static void wanted_none(struct model *model)
{
	model->truth.newest.primary_replicas = 0;
}

static void first_time(struct model *model)
{
	no_release(model);
	model->truth.releases.state = FACT_ABSENT;
	primary_absent(model);
}

static void back_in_steps(struct model *model)
{
	promoting(model);
	primary_new(model);
	model->spec.step_weight_promotion = 15;
	model->truth.newest.status.times.next_check_at = model->truth.now;
}

static const struct decision_row runs[] = {
	{"its primary gets the template, and no number of pods",
         {promoting},
         "primary release-2",
         "the primary gets the template of Release cart-2"},
	{"its primary has lost a node",
         {back_in_steps, primary_small},
         "save release Promoting from 40 to 25 n1",
         "Advance cart.shop primary weight 75"},
	{"it has no pods", {starting, target_down}, "scale target 2", "scaling the target to 2"},
	{"… and those of before are still counted",
         {starting, target_going},
         "scale target 2",
         "scaling the target to 2"},
	{"it has them, on more nodes than before",
         {starting, target_large},
         "save release Progressing to 20 n2",
         "Advance cart.shop canary weight 20"},
	{"it has them, on fewer",
         {starting, target_small},
         "save release Progressing to 20 n2",
         "Advance cart.shop canary weight 20"},
	{"its pods are on their way",
         {starting, unobserved},
         "save release Starting unready 1",
         "canary daemonset cart.shop not ready: waiting for rollout to finish: observed daemonset generation less"},
	{"… half of them",
         {starting, outdated},
         "save release Starting unready 1",
         "canary daemonset cart.shop not ready: waiting for rollout to finish: 1 out of 2 new pods"},
	{"its primary may be empty while it is written",
         {promoting, primary_may_empty},
         "apex service canary",
         "the apex service is to select the canary's pods"},
	{"… and it has no pods",
         {promoting, primary_may_empty, target_down},
         "scale target 1",
         "scaling the target to 1"},
	{"… on more nodes than its pods",
         {promoting, primary_may_empty, target_small, three_nodes},
         "apex service canary",
         "the apex service is to select the canary's pods"},
	{"… nor had the primary",
         {promoting, primary_may_empty, target_down, wanted_none},
         "write canary status Promoting",
         "the canary is to cover the primary's rollout: waiting for rollout to f"},
	{"the run is over: it is to have none",
         {awake},
         "scale target 0",
         "scaling the target to 0"},
	{"… it has none",
         {awake, target_down},
         "save release Done promoted from 40 n1",
         "Promotion completed! Scaling down cart.shop"},
};

static const struct decision_row rests[] = {
	{"seen for the first time",
         {first_time},
         "create release 1 init",
         "New DaemonSet detected, starting initialization."},
	{"not there", {target_absent}, "", "daemonset cart.shop not found"},
	{"its primary is gone",
         {primary_absent},
         "primary release-1 x2",
         "the primary gets the template of Release cart-1"},
	{"somebody's own primary",
         {no_release, primary_foreign},
         "create release 1 adopted",
         "adopting cart.shop from Flagger, phase Initialized"},
};

static void test_runs(void **state)
{
	decisions_check(run, runs, array_length(runs));
}

static void test_rests(void **state)
{
	decisions_check(rest, rests, array_length(rests));
}

/* Conditions name the kind where Flagger's do. */
static void test_messages(void **state)
{
	static const struct {
		enum release_phase phase;
		enum release_outcome outcome;
		enum release_cause cause;
		const char *deployment;
		const char *daemon;
	} rows[] = {
		{PHASE_STARTING, OUTCOME_NONE, CAUSE_INIT,
	         "New Deployment detected, starting initialization.",
	         "New DaemonSet detected, starting initialization."},
		{PHASE_DONE, OUTCOME_PROMOTED, CAUSE_INIT, "Deployment initialization completed.",
	         "DaemonSet initialization completed."},
		{PHASE_PROGRESSING, OUTCOME_NONE, CAUSE_REVISION,
	         "New revision detected, progressing canary analysis.",
	         "New revision detected, progressing canary analysis."},
		{PHASE_DONE, OUTCOME_ROLLED_BACK, CAUSE_REVISION,
	         "Canary analysis failed, Deployment scaled to zero.",
	         "Canary analysis failed, DaemonSet scaled to zero."},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct mirror mirror;
		struct model model;

		decisions_run(&model);
		model.truth.newest.cause = rows[i].cause;
		model.truth.newest.status.phase = rows[i].phase;
		model.truth.newest.status.outcome = rows[i].outcome;
		mirror = mirror_of(&model.spec, &model.truth);
		assert_string_equal(mirror.message, rows[i].deployment);
		model.spec.target_kind = TARGET_DAEMON_SET;
		mirror = mirror_of(&model.spec, &model.truth);
		assert_string_equal(mirror.message, rows[i].daemon);
		model_fini(&model);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_rests),
		cmocka_unit_test(test_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

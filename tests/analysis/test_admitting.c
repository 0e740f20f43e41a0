/* A run that was created: what is done before it begins, and why. Each row is one decision. */
#include "analysis/base/text.h"
#include "tests/analysis/decisions.h"
#include "tests/analysis/given_check.h"
#include "tests/analysis/given_configs.h"
#include "tests/analysis/given_hook.h"
#include "tests/analysis/given_route.h"
#include "tests/analysis/given_run.h"
#include "tests/analysis/given_verb.h"
#include "tests/analysis/given_workload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void started(struct model *model)
{
	model->truth.newest.status.times.started.ms = 77;
}

static void target_wanted(struct model *model)
{
	put_pods(&model->truth.target, 2, 0);
	model->truth.target.total = 0;
}

static void by_config(struct model *model)
{
	model->truth.newest.cause = CAUSE_CONFIG;
}

static void mirror_empty(struct model *model)
{
	model->truth.mirror = (struct mirror_fact){0};
}

static void mirror_failed(struct model *model)
{
	text_copy(model->truth.mirror.phase, "Failed");
}

static const struct decision_row rows[] = {
	{"just created",
         {phase_none},
         "save release Starting n1 started 1 unready 1",
         "New revision detected, progressing canary analysis."},
	{"… of an init",
         {phase_none, init, primary_absent},
         "save release Starting started 1 unready 1",
         "New Deployment detected, starting initialization."},
	{"… with a gate",
         {phase_none, gate_rollout},
         "ask hook 0 (Initialized)",
         "asking whether the run may begin"},
	{"… which says no",
         {phase_none, gate_rollout, hook_no, receiver},
         "save release Waiting h1 n1 a1 started 1",
         "Halt cart.shop advancement waiting for approval gate"},
	{"… which says no, muted",
         {phase_none, gate_rollout, muted, hook_no, receiver},
         "save release Waiting h1 n1 started 1",
         "Halt cart.shop advancement waiting for approval gate"},
	{"… which says yes",
         {phase_none, gate_rollout, hook_yes},
         "save release Starting h1 n2 started 1 unready 1",
         "New revision detected, progressing canary analysis."},
	{"… let through by a person",
         {phase_none, gate_rollout, full},
         "save release Starting n1 started 1 unready 1",
         "New revision detected, progressing canary analysis."},
	{"an undo asks nobody",
         {phase_none, gate_rollout, undo},
         "save release Promoting n2 started 1",
         "undone by "},
	{"configs: pods that run already go",
         {phase_none, configs},
         "scale target 0",
         "scaling the target to 0",
         10000},
	{"configs: no pod runs",
         {phase_none, configs, target_down},
         "save release Starting n1 started 1 unready 1",
         "New revision detected, progressing canary analysis.",
         10000},
	{"configs: one is going",
         {phase_none, configs, target_going},
         "write canary status Progressing",
         "the canary's pods go: those of this run begin with its configs",
         10000},
	{"configs: the status is old",
         {phase_none, configs, target_down, target_unobserved},
         "write canary status Progressing",
         "the canary's pods go: those of this run begin with its configs",
         10000},
	{"configs: no target",
         {phase_none, configs, target_absent},
         "save release Retreating cancelled n1!",
         "deployment cart.shop was deleted"},
	{"configs: the target is not seen",
         {phase_none, configs, target_unknown},
         "write canary status Progressing; see target",
         "the target was not seen yet"},
	{"configs: a weight is there",
         {phase_none, configs, route_20},
         "route 0!",
         "the route is to give the canary weight 0",
         10000},
	{"configs: it was there just now",
         {phase_none, configs, route_just_now},
         "write canary status Progressing",
         "waiting until the new weight holds everywhere",
         3000},
	{"configs: the primary has no pod",
         {phase_none, configs, primary_dead},
         "write canary status Progressing",
         "cart-primary.shop has no ready pod: the canary's stay",
         10000},
	{"configs: an undo takes no pod",
         {phase_none, configs, undo},
         "save release Promoting n2 started 1",
         "undone by ",
         10000},
	{"configs: a run that began keeps its pods",
         {starting, configs},
         "save release Progressing to 20 n2",
         "Advance cart.shop canary weight 20",
         10000},
	{"configs: nor one that waits",
         {phase_waiting, configs, gate_rollout, due, hook_yes},
         "save release Starting h1 n2 started 1 unready 1",
         "New revision detected, progressing canary analysis.",
         10000},
	{"waits for approval",
         {phase_waiting, gate_rollout, early},
         "write canary status Waiting",
         "waiting for the next check",
         1},
	{"… asks again",
         {phase_waiting, gate_rollout, due},
         "ask hook 0 (Waiting); write canary status Waiting",
         "asking whether the run may begin"},
	{"… and hears yes",
         {phase_waiting, gate_rollout, due, hook_yes, started},
         "save release Starting h1 n2 started 1 unready 1",
         "New revision detected, progressing canary analysis."},
	{"… and hears no",
         {phase_waiting, gate_rollout, due, hook_no},
         "write canary status Waiting",
         "waiting for approval: confirm-rollout gate says no: no",
         10000},
	{"… a rollback hook is asked",
         {phase_waiting, gate_rollout, hook_yes, rollback, due},
         "ask hook 1 (Waiting); write canary status Waiting",
         "nothing to do"},
	{"… and says yes",
         {phase_waiting, gate_rollout, rollback, due, hook_yes},
         "save release Retreating rolled_back h1 n3!",
         "Rolling back cart.shop manual webhook invoked"},
	{"… the primary is gone meanwhile",
         {phase_waiting, gate_rollout, early, primary_absent},
         "primary release-1 x2",
         "waiting for the next check",
         1},
	{"… the route was raised",
         {phase_waiting, gate_rollout, early, route_20},
         "route 0!",
         "waiting for the next check",
         1},
	{"… a Service is gone",
         {phase_waiting, gate_rollout, early, service_absent},
         "canary service canary",
         "waiting for the next check",
         1},
	{"… and the route, as it begins",
         {phase_waiting, gate_rollout, due, hook_yes, route_20},
         "save release Starting h1 n2 started 1 unready 1",
         "New revision detected, progressing canary analysis."},
	{"no gate, route raised",
         {phase_none, route_20},
         "save release Starting n1 started 1 unready 1",
         "New revision detected, progressing canary analysis."},
	{"the gate is asked for the first time, and the route was raised",
         {phase_none, gate_rollout, route_20},
         "ask hook 0 (Initialized); route 0!",
         "asking whether the run may begin"},
	{"… the apex was moved",
         {phase_none, gate_rollout, apex_canary},
         "ask hook 0 (Initialized); apex service primary",
         "asking whether the run may begin"},
	{"… the primary is gone",
         {phase_none, gate_rollout, primary_absent},
         "ask hook 0 (Initialized); primary release-1 x2",
         "asking whether the run may begin"},
	{"configs: … while pods of before run: it is made once",
         {phase_none, configs, primary_absent},
         "primary release-1 x2",
         "the primary gets the template of Release cart-1",
         10000},
	{"configs: pods are wanted, none is there",
         {phase_none, configs, target_wanted},
         "scale target 0",
         "scaling the target to 0",
         10000},
	{"an init asks nobody",
         {phase_none, init, primary_absent, gate_rollout},
         "save release Starting started 1 unready 1",
         "New Deployment detected, starting initialization."},
	{"nor is a rollback hook heard before it waits",
         {phase_none, rollback, hook_yes},
         "save release Starting h1 n1 started 1 unready 1",
         "New revision detected, progressing canary analysis."},
	{"the gate of a changed config",
         {phase_none, by_config, gate_rollout},
         "ask hook 0 (Initialized)",
         "asking whether the run may begin"},
	{"the gate, nothing was mirrored yet",
         {phase_none, gate_rollout, mirror_empty},
         "ask hook 0 (Initialized)",
         "asking whether the run may begin"},
	{"the gate, after a run that failed",
         {phase_none, gate_rollout, mirror_failed},
         "ask hook 0 (Failed)",
         "asking whether the run may begin"},
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

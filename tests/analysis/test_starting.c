/* A run before its first step: what is done next, and why. Each row is one decision. */
#include "analysis/base/text.h"
#include "tests/analysis/decisions.h"
#include "tests/analysis/given_canary.h"
#include "tests/analysis/given_check.h"
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

static void target_just_ready(struct model *model)
{
	model->truth.target.ready_since = model->truth.now;
}

static void no_steps(struct model *model)
{
	model->spec.step_weight = 0;
	model->spec.max_weight = 0;
}

static void pre_rollout(struct model *model)
{
	model_hook(model, HOOK_PRE_ROLLOUT, NULL);
}

static void route_young(struct model *model)
{
	model->truth.route.since.ms = model->truth.now.ms - 9999;
}

/* Row 59 of the acceptance scenarios: admission takes no pods of it. */
static void no_pods_allowed(struct model *model)
{
	target_down(model);
	model->truth.target.slot.failures = 3;
	model->truth.target.slot.retry_at.ms = model->truth.now.ms + 4000;
	text_copy(model->truth.target.slot.error, "patch: 422 Invalid: no label release-type");
}

static void refused_twice(struct model *model)
{
	no_pods_allowed(model);
	model->truth.target.slot.failures = 2;
}

/* The scaling up was not answered: the agent was cut off. */
static void unanswered(struct model *model)
{
	target_down(model);
	model->truth.target.slot.failures = 1;
	model->truth.target.slot.retry_at = model->truth.now;
	text_copy(model->truth.target.slot.error, "no answer within 5s");
}

static void few_pods_allowed(struct model *model)
{
	no_pods_allowed(model);
	put_pods(&model->truth.target, 2, 0);
}

static void unready_usual(struct model *model)
{
	model->truth.newest.status.times.not_ready_since.ms = model->truth.now.ms - 10000;
}

static void unready_long_ago(struct model *model)
{
	model->truth.newest.status.times.not_ready_since.ms = model->truth.now.ms - 200000;
}

static void target_one_waits(struct model *model)
{
	put_pods(&model->truth.target, 1, 0);
}

static void apex_elsewhere(struct model *model)
{
	model->truth.apex.backend = BACKEND_NONE;
}

static void apex_inexact(struct model *model)
{
	apex_canary(model);
	model->truth.apex.is_exact = false;
}

static void past_the_apex(struct model *model)
{
	mesh(model);
	model->truth.primary_service.backend = BACKEND_CANARY;
}

static void past_the_apex_inexact(struct model *model)
{
	past_the_apex(model);
	model->truth.primary_service.is_exact = false;
}

static void past_the_apex_elsewhere(struct model *model)
{
	mesh(model);
	model->truth.primary_service.backend = BACKEND_NONE;
}

/* … and what was seen of it before is all that is known. */
static void primary_service_gone(struct model *model)
{
	mesh(model);
	model->truth.primary_service.slot.state = FACT_ABSENT;
}

static void hook_approved(struct model *model)
{
	put_record(model, HOOK_PASS);
	model->truth.newest.status.hooks[model->truth.newest.status.n_hooks - 1].is_approved = true;
}

static void doubted(struct model *model)
{
	text_copy(model->truth.route.doubt, "another route");
}

static void put_read(struct model *model, int64_t ms)
{
	model->truth.target.slot.read_at.ms = model->truth.now.ms - ms;
	model->truth.primary.slot.read_at.ms = model->truth.now.ms - ms;
}

static void read_before(struct model *model)
{
	put_read(model, 30001);
}

static void read_lately(struct model *model)
{
	put_read(model, 30000);
}

static const struct decision_row rows[] = {
	{"starting",
         {starting},
         "save release Progressing to 20 n2",
         "Advance cart.shop canary weight 20"},
	{"the target is not seen",
         {starting, target_unknown},
         "write canary status Progressing; see target",
         "the target was not seen yet"},
	{"it has no pods", {starting, target_down}, "scale target 2", "scaling the target to 2"},
	{"… and those of before are still counted",
         {starting, target_going},
         "write canary status Progressing",
         "waiting until the pods of before are gone"},
	{"… or that it is to have none was not seen yet",
         {starting, target_down, target_unobserved},
         "write canary status Progressing",
         "waiting until the pods of before are gone"},
	{"… but nobody else serves",
         {starting, target_going, primary_dead},
         "scale target 2",
         "scaling the target to 2"},
	{"… and nobody knows yet whether it is newer",
         {starting, target_down, target_v3},
         "compare templates; scale target 2",
         "scaling the target to 2"},
	{"… while a save is not answered",
         {starting, target_down, releases_written},
         "scale target 2",
         "scaling the target to 2"},
	{"… and something else took of the deadline",
         {starting, target_down, unready_read},
         "save release Starting unready 1",
         "its pods are asked for only now: the deadline begins anew"},
	{"… an agent that was cut off while it asked for them",
         {starting, unanswered, unready_read},
         "save release Starting unready 1",
         "its pods are asked for only now: the deadline begins anew"},
	{"… for no longer than usual",
         {starting, target_down, unready_usual},
         "scale target 2",
         "scaling the target to 2"},
	{"row 59: pods are refused",
         {starting, no_pods_allowed},
         "save release Starting unready 1",
         "canary has no pods: patch: 422 Invalid: no label release-type",
         4000},
	{"… only twice", {starting, refused_twice}, "write canary status Progressing", NULL, 4000},
	{"… not for too long",
         {starting, no_pods_allowed, unready_just},
         "write canary status Progressing",
         "canary has no pods: patch: 422 Invalid: no label release-type",
         1},
	{"… for too long",
         {starting, no_pods_allowed, unready_read, receiver},
         "save release Retreating rolled_back n2 a1 unready 1!",
         "canary has no pods: patch: 422 Invalid: no label release-type"},
	{"… not read since",
         {starting, no_pods_allowed, unready_long},
         "write canary status Progressing",
         "canary has no pods: patch: 422 Invalid: no label release-type",
         4000},
	{"… but it has some",
         {starting, few_pods_allowed},
         "save release Starting unready 1",
         "canary deployment cart.shop not ready: waiting for rollout to finish: "},
	{"… and it is not seen",
         {starting, no_pods_allowed, target_unknown},
         "write canary status Progressing",
         "the target was not seen yet",
         4000},
	{"pods on their way",
         {starting, target_waits},
         "save release Starting unready 1",
         "canary deployment cart.shop not ready: waiting for rollout to finish: "},
	{"… for too long",
         {starting, target_waits, unready_read, receiver},
         "save release Retreating rolled_back n2 a1 unready 1!",
         "canary deployment cart.shop not ready: waiting for rollout to finish: "},
	{"… not read since",
         {starting, target_waits, unready_long},
         "see primary; write canary status Progressing",
         "canary deployment cart.shop not ready: waiting for rollout to finish: "},
	{"… for too long by a clock that was wrong, and read before it",
         {starting, target_waits, unready_long_ago, read_before},
         "see primary; write canary status Progressing",
         "canary deployment cart.shop not ready: waiting for rollout to finish: "},
	{"… read just lately",
         {starting, target_waits, unready_long_ago, read_lately},
         "save release Retreating rolled_back n2 unready 1!",
         "canary deployment cart.shop not ready: waiting for rollout to finish: "},
	{"… not too long yet",
         {starting, target_waits, unready_just},
         "write canary status Progressing",
         "canary deployment cart.shop not ready: waiting for rollout to finish: ",
         1},
	{"ready just now",
         {starting, target_just_ready, mesh},
         "save release Progressing to 20 n2",
         "Advance cart.shop canary weight 20"},
	{"a weight", {starting, route_20}, "route 0!", "the route is to give the canary weight 0"},
	{"a weight till just now",
         {starting, route_just_now},
         "write canary status Progressing",
         "waiting until the new weight holds everywhere",
         1000},
	{"the apex with the canary",
         {starting, apex_canary},
         "apex service primary",
         "the apex service is to select the primary's pods"},
	{"a Service is gone, and the route is late",
         {starting, service_absent, route_pending_long, unready_read},
         "canary service canary",
         "the canary service is to select the canary's pods"},
	{"the route is not taken in",
         {starting, route_pending, unready_read},
         "save release Retreating rolled_back n2 unready 1!",
         "the route is not taken in yet: Gateway says no"},
	{"the primary is gone",
         {starting, primary_absent},
         "primary release-1 x2; save release Starting unready 1",
         "the primary gets the template of Release cart-1"},
	{"paused", {starting, paused}, "write canary status Progressing", "paused by bob"},
	{"paused, with a deadline",
         {starting, paused, unready_just},
         "save release Starting",
         "paused by bob"},
	{"let through",
         {starting, full},
         "save release Promoting n1",
         "the analysis is skipped: promoting"},
	{"skipped",
         {starting, skipped},
         "save release Promoting n1",
         "the analysis is skipped: promoting"},
	{"skipped, with a gate",
         {starting, skipped, gate_increase},
         "save release Promoting n1",
         "the analysis is skipped: promoting"},
	{"no step to take",
         {starting, no_steps},
         "save release Promoting n1",
         "the analysis is skipped: promoting"},
	{"blue/green",
         {starting, blue_green},
         "save release Progressing i1 n2",
         "Advance cart.shop canary iteration 1/2"},
	{"A/B",
         {starting, ab},
         "save release Progressing to 100 i1 n2",
         "Advance cart.shop canary iteration 1/2"},
	{"pre-rollout",
         {starting, pre_rollout},
         "ask hook 0 (Progressing); write canary status Progressing",
         "asking the hooks of the first step"},
	{"… says no",
         {starting, due, pre_rollout, hook_no},
         "save release Starting f1 h1 n1",
         "Halt cart.shop advancement pre-rollout check gate failed no (failed ch"},
	{"… says yes",
         {starting, due, pre_rollout, hook_yes},
         "save release Progressing to 20 h1 n2",
         "Advance cart.shop canary weight 20"},
	{"… not due",
         {starting, early, pre_rollout},
         "write canary status Progressing",
         "waiting for the next check",
         1},
	{"… ready again, and hooks to be asked",
         {starting, pre_rollout, unready_just},
         "save release Starting",
         "nothing to do"},
	{"the gate of the first weight",
         {starting, gate_increase},
         "ask hook 0 (Progressing); write canary status Progressing",
         "asking the hooks of the first step"},
	{"… says no",
         {starting, due, gate_increase, hook_no, receiver},
         "save release Starting h1 n1 a1",
         "Halt cart.shop advancement waiting for traffic increase approval gate"},
	{"… says no, muted",
         {starting, due, gate_increase, muted, hook_no, receiver},
         "save release Starting h1 n1",
         "Halt cart.shop advancement waiting for traffic increase approval gate"},
	{"… said no already",
         {starting, due, gate_increase, hook_was_no, hook_no},
         "write canary status Progressing",
         "waiting for approval: confirm-traffic-increase gate says no: no",
         10000},
	{"… of blue/green is not asked",
         {starting, blue_green, gate_increase},
         "save release Progressing i1 n2",
         "Advance cart.shop canary iteration 1/2"},
	{"a rollback hook",
         {starting, rollback},
         "ask hook 0 (Progressing); write canary status Progressing",
         "asking the hooks of the first step"},
	{"… says yes",
         {starting, due, rollback, hook_yes},
         "save release Retreating rolled_back h1 n3!",
         "Rolling back cart.shop manual webhook invoked"},
	{"… says no",
         {starting, due, rollback, hook_no},
         "save release Progressing to 20 h1 n2",
         "Advance cart.shop canary weight 20"},
	{"an init",
         {starting, init, primary_new},
         "save release Finalising",
         "the primary is ready; clients go to it next"},
	{"… its primary is on its way",
         {starting, init, primary_new, primary_half},
         "save release Starting unready 1",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… for too long",
         {starting, init, primary_new, primary_half, unready_read},
         "write canary status Initializing",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… is not seen",
         {starting, init, primary_unknown},
         "write canary status Initializing; see primary",
         "the primary was not seen yet"},
	{"… was ready before",
         {starting, init, primary_new, unready_just},
         "save release Finalising",
         "the primary is ready; clients go to it next"},
	{"… and a weight that is taken from clients of the primary",
         {starting, init, primary_new, primary_half, unready_read, route_20},
         "route 0!",
         "the route is to give the canary weight 0"},
	{"… a weight, and the primary has no pod",
         {starting, init, primary_new, primary_dead, unready_read, route_20},
         "apex service canary",
         "the apex service is to select the canary's pods"},
	{"… no pod, and clients are back",
         {starting, init, primary_new, primary_dead, unready_read, apex_canary},
         "write canary status Initializing",
         "cart-primary.shop not ready: waiting for rollout to finish: 0 of 2 (re"},
	{"… no pod, past the apex",
         {starting, init, mesh, primary_new, primary_dead, unready_read},
         "apex service canary; primary service canary",
         "the apex service is to select the canary's pods"},
	{"… no pod, and nothing leads past the apex yet",
         {starting, init, mesh, primary_new, primary_dead, unready_read, route_absent},
         "apex service canary",
         "the apex service is to select the canary's pods"},
	{"… no pod, and neither has the target",
         {starting, init, mesh, primary_new, primary_dead, unready_read, target_waits},
         "write canary status Initializing",
         "cart-primary.shop not ready: waiting for rollout to finish: 0 of 2 (re"},
	{"… is not seen, and the target has no pod",
         {starting, init, primary_unknown, target_waits, apex_canary},
         "write canary status Initializing; see primary",
         "the primary was not seen yet"},
	{"… one pod, when the target has none any more",
         {starting, init, primary_new, primary_half, unready_read, target_waits, apex_canary},
         "apex service primary",
         "the apex service is to select the primary's pods"},
	{"… one pod, beside a target that serves",
         {starting, init, primary_new, primary_half, unready_read, apex_canary},
         "write canary status Initializing",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… one pod, and clients were never sent to it",
         {starting, init, primary_new, primary_half, unready_read, target_waits, apex_canary,
          apex_foreign},
         "write canary status Initializing",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… a weight, and clients are on the target",
         {starting, init, primary_new, primary_half, unready_read, route_20, apex_canary},
         "write canary status Initializing",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… a weight, and nobody knows where clients are",
         {starting, init, primary_new, primary_half, unready_read, route_20, apex_unknown},
         "write canary status Initializing; see apex service",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… no pod, and nobody knows where clients are",
         {starting, init, primary_new, primary_dead, unready_read, apex_unknown},
         "write canary status Initializing; see apex service",
         "cart-primary.shop not ready: waiting for rollout to finish: 0 of 2 (re"},
	{"… no pod, and clients are with somebody else's",
         {starting, init, primary_new, primary_dead, unready_read, apex_elsewhere},
         "write canary status Initializing",
         "cart-primary.shop not ready: waiting for rollout to finish: 0 of 2 (re"},
	{"… no pod, and clients are back by a Service that differs",
         {starting, init, primary_new, primary_dead, unready_read, apex_inexact},
         "write canary status Initializing",
         "cart-primary.shop not ready: waiting for rollout to finish: 0 of 2 (re"},
	{"… one pod, when the target has none, by a Service that differs past the apex",
         {starting, init, past_the_apex_inexact, primary_new, primary_half, unready_read,
          target_waits},
         "primary service primary",
         "the primary service is to select the primary's pods"},
	{"… ready, and clients past the apex stay till the Release says so",
         {starting, init, past_the_apex, primary_new},
         "save release Finalising",
         "the primary is ready; clients go to it next"},
	{"… clients past the apex find somebody else's",
         {starting, init, past_the_apex_elsewhere, primary_new, primary_half, unready_read},
         "primary service canary",
         "the primary service is to select the canary's pods"},
	{"… clients past the apex find no Service",
         {starting, init, primary_service_gone, primary_new, primary_half, unready_read},
         "primary service canary",
         "the primary service is to select the canary's pods"},
	{"begins: its hooks are of no run yet",
         {phase_none, due, init, gate_rollout, hook_yes},
         "save release Starting started 1 unready 1",
         "New Deployment detected, starting initialization."},
	{"of two gates one was opened by hand: only the other passed",
         {phase_none, due, gate_rollout, hook_approved, gate_rollout, hook_yes},
         "save release Starting h2 n2 started 1 unready 1",
         "New revision detected, progressing canary analysis."},
	{"an undo begins: it asks nobody",
         {phase_none, due, undo, gate_rollout, hook_yes},
         "save release Promoting n2 started 1",
         "undone by"},
	{"requests may pass the route by",
         {starting, doubted},
         "save release Progressing to 20 n3",
         "Advance cart.shop canary weight 20"},
	{"… which was told when the hooks were asked",
         {starting, due, doubted, pre_rollout, hook_yes},
         "save release Progressing to 20 h1 n2",
         "Advance cart.shop canary weight 20"},
	{"the gate of a weight that blue/green has not",
         {starting, due, blue_green, gate_increase, hook_yes},
         "save release Progressing i1 h1 n1",
         "Advance cart.shop canary iteration 1/2"},
	{"it has more pods than before",
         {starting, target_large},
         "save release Progressing to 20 n2",
         "Advance cart.shop canary weight 20"},
	{"ready again, and a rollback hook",
         {starting, rollback, unready_just},
         "save release Starting",
         "nothing to do"},
	{"ready again, and a gate",
         {starting, gate_increase, unready_just},
         "save release Starting",
         "nothing to do"},
	{"ready again, skipped",
         {starting, skipped, pre_rollout, unready_just},
         "save release Promoting n1",
         "the analysis is skipped: promoting"},
	{"an init over a primary that has clients",
         {starting, init},
         "primary release-2 x2",
         "the primary gets the template of Release cart-2"},
	{"… and the target serves nobody yet",
         {starting, init, target_waits},
         "write canary status Initializing",
         "cart-primary.shop keeps the template that clients have: the target ser"},
	{"… and the target has no pods",
         {starting, init, target_down},
         "scale target 2",
         "cart-primary.shop keeps the template that clients have: the target ser"},
	{"… and one that is not ready",
         {starting, init, target_one_waits},
         "write canary status Initializing",
         "cart-primary.shop keeps the template that clients have: the target ser"},
	{"… and the primary has the template already",
         {starting, init, primary_new, target_waits},
         "save release Finalising",
         "the primary is ready; clients go to it next"},
	{"… and none, and the route gives it requests",
         {starting, init, target_down, route_20},
         "route 0!",
         "the route is to give the canary weight 0"},
	{"… and the target is not known",
         {starting, init, target_unknown},
         "write canary status Initializing; see target",
         "cart-primary.shop keeps the template that clients have: the target ser"},
	{"… and the target and the apex are not known, and the route gives requests",
         {starting, init, target_unknown, route_20, apex_unknown},
         "write canary status Initializing; see target; see apex service",
         "the apex service was not seen yet"},
	{"… and has none that serve",
         {starting, init, target_waits, primary_dead},
         "primary release-2 x2",
         "the primary gets the template of Release cart-2"},
	{"an init over a primary without clients, beside a target that serves nobody",
         {starting, init, target_waits, apex_elsewhere},
         "primary release-2 x2",
         "the primary gets the template of Release cart-2"},
	{"an init with hooks, ready again",
         {starting, init, primary_new, pre_rollout, unready_just},
         "save release Finalising",
         "the primary is ready; clients go to it next"},
	{"the route is not taken in, not read",
         {starting, route_pending, unready_long},
         "see route; write canary status Progressing",
         "waiting until the route is taken in: Gateway says no"},
	{"the route is not taken in, not late",
         {starting, route_pending},
         "write canary status Progressing",
         "waiting until the route is taken in: Gateway says no"},
	{"the route is not taken in, just written",
         {starting, route_pending, route_young, unready_read},
         "write canary status Progressing",
         "waiting until the route is taken in: Gateway says no",
         1},
	{"pods that nobody knows yet",
         {starting, reach, target_just_ready},
         "write canary status Progressing",
         "waiting until the new pods are known to those who send requests",
         30000},
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

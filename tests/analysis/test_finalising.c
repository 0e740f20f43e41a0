/* When the primary has the template: what is done next, and why. Each row is one decision. */
#include "tests/analysis/decisions.h"
#include "tests/analysis/given_canary.h"
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

static void route_40(struct model *model)
{
	model->truth.route.weight = 40;
}

static void primary_just_ready(struct model *model)
{
	model->truth.primary.ready_since = model->truth.now;
}

static const struct decision_row rows[] = {
	{"finalising", {finalising}, "scale target 0", "scaling the target to 0"},
	{"… the route is back", {finalising, route_0}, "scale target 0", "scaling the target to 0"},
	{"… just now",
         {finalising, route_0, route_just_now},
         "write canary status Finalising",
         "waiting until the new weight holds everywhere",
         3000},
	{"… no client is left",
         {finalising, route_0, target_down},
         "save release Done promoted from 40 n1",
         "Promotion completed! Scaling down cart.shop"},
	{"… the primary is on its way again",
         {finalising, route_40, primary_half},
         "save release Finalising from 40 unready 1",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… for too long",
         {finalising, primary_half, unready_read, receiver},
         "apex service canary!; save release Retreating failed_promotion n1 a1 unready 1!",
         "Promotion of cart.shop failed, primary not ready: cart-primary.shop no"},
	{"… a weight was raised",
         {finalising, primary_half, route_60},
         "save release Finalising from 40 unready 1; route 40!",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… the primary is gone",
         {finalising, primary_absent},
         "save release Finalising from 40 unready 1; primary release-2 x2; apex service canary",
         "cart-primary.shop not ready: waiting for rollout to finish: there is n"},
	{"… a newer revision",
         {finalising, newer, primary_half, route_40},
         "save release Finalising from 40 unready 1; route 0!",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… unsure",
         {finalising, target_v3, route_0},
         "compare templates; write canary status Finalising",
         "whether the target has a newer revision is not known yet"},
	{"… the Release is not seen",
         {finalising, route_0, releases_unknown},
         "write canary status Finalising; see releases",
         "waiting for the answer to a save of the Release"},
	{"… the Release is written",
         {finalising, route_0, releases_written},
         "write canary status Finalising",
         "waiting for the answer to a save of the Release"},
	{"… a Service is gone",
         {finalising, route_0, service_absent},
         "canary service canary",
         "the canary service is to select the canary's pods"},
	{"… the apex is with the canary",
         {finalising, route_0, apex_canary},
         "apex service primary",
         "the apex service is to select the primary's pods"},
	{"… skipped",
         {finalising, skipped, route_0, target_down, receiver},
         "save release Done skipped from 40 n1 a1",
         "Promotion completed! Canary analysis was skipped for cart.shop"},
	{"… let through",
         {finalising, full, route_0, target_down, receiver},
         "save release Done skipped from 40 n1 a1",
         "Promotion completed! Canary analysis was skipped for cart.shop"},
	{"… an undo",
         {finalising, undo, route_0, target_down, receiver},
         "save release Done promoted from 40 n1 a1",
         "Promotion completed! Scaling down cart.shop"},
	{"… of an init",
         {finalising, init, route_0, receiver},
         "scale target 0",
         "scaling the target to 0"},
	{"… of an init, down",
         {finalising, init, route_0, target_down, receiver},
         "save release Done promoted from 40 n1 a1",
         "Initialization done! cart.shop"},
	{"… of an init, not ready",
         {finalising, init, route_0, primary_half, primary_new},
         "save release Finalising from 40 unready 1",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… of an init, not ready for long",
         {finalising, init, route_0, primary_half, unready_read},
         "write canary status Initializing",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… of an init, a weight",
         {finalising, init, route_40, primary_half},
         "save release Finalising from 40 unready 1; route 0!",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… of an init, a weight, not ready for long",
         {finalising, init, route_40, primary_half, unready_read},
         "route 0!",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… of an init, the primary is gone for long",
         {finalising, init, route_0, primary_absent, unready_read},
         "primary release-2 x2; apex service canary",
         "cart-primary.shop not ready: waiting for rollout to finish: there is n"},
	{"… of an init, the primary is gone, past the apex",
         {finalising, init, mesh, route_0, primary_absent, unready_read},
         "primary release-2 x2; apex service canary; primary service canary",
         "cart-primary.shop not ready: waiting for rollout to finish: there is n"},
	{"… of an init, not ready, clients are with the target",
         {finalising, init, route_0, primary_half, unready_read, apex_canary},
         "write canary status Initializing",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… of an init, not ready, but the target has no pod",
         {finalising, init, route_0, primary_half, unready_read, apex_canary, target_waits},
         "apex service primary",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… of an init, not ready, the target has no pod, and somebody else's apex",
         {finalising, init, route_0, primary_half, unready_read, apex_canary, apex_foreign,
          target_waits},
         "apex service primary",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… of an init, ready, a weight, clients are with the target",
         {finalising, init, route_40, apex_canary},
         "apex service primary; route 0",
         "the apex service is to select the primary's pods"},
	{"… of an init, ready, clients are with the target",
         {finalising, init, mesh, route_0, apex_canary},
         "apex service primary",
         "the apex service is to select the primary's pods"},
	{"… ready just now",
         {finalising, init, route_0, primary_just_ready, mesh},
         "scale target 0",
         "scaling the target to 0"},
	{"of an init, a weight was raised",
         {finalising, init, primary_half, route_60},
         "save release Finalising from 40 unready 1; route 0!",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"pods that nobody knows yet",
         {finalising, route_0, reach, primary_just_ready},
         "scale target 0",
         "scaling the target to 0"},
	{"of an init, pods that nobody knows yet",
         {finalising, init, route_0, reach, primary_just_ready},
         "write canary status Initializing",
         "waiting until the new pods are known to those who send requests",
         30000},
	{"… and another hand gave the canary requests",
         {finalising, init, route_40, reach, primary_just_ready},
         "route 0!",
         "waiting until the new pods are known to those who send requests",
         30000},
	{"a first primary that is not known, beside a target without pods",
         {finalising, init, primary_unknown, target_down},
         "write canary status Initializing; see primary",
         "the primary was not seen yet"},
	{"a first primary that is half ready, beside a target without pods",
         {finalising, init, route_0, primary_half, unready_read, target_down},
         "write canary status Initializing",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (readyThreshold "
         "100%) updated replicas are available"},
	{"a first primary without ready pods, beside a target with fewer than it had",
         {finalising, init, route_0, primary_dead, unready_read, target_small},
         "apex service canary",
         "cart-primary.shop not ready: waiting for rollout to finish: 0 of 2 (readyThreshold "
         "100%) updated replicas are available"},
	{"for too long, no target",
         {finalising, primary_half, unready_read, target_absent},
         "save release Retreating failed_promotion n1 unready 1!",
         "Promotion of cart.shop failed, primary not ready: cart-primary.shop no"},
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

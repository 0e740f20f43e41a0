/* On the way back: what is done next, and why. Each row is one decision. */
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

static void service_inexact(struct model *model)
{
	model->truth.canary_service.is_exact = false;
}

static void route_written(struct model *model)
{
	model->truth.route.slot.is_written = true;
}

static void apex_written(struct model *model)
{
	model->truth.apex.slot.is_written = true;
}

static void primary_service_written(struct model *model)
{
	model->truth.primary_service.slot.is_written = true;
}

static void primary_written(struct model *model)
{
	model->truth.primary.slot.is_written = true;
}

static void retreating_superseded(struct model *model)
{
	put_ending(model, OUTCOME_SUPERSEDED);
}

static void apex_none(struct model *model)
{
	model->truth.apex.backend = BACKEND_NONE;
}

static void apex_inexact(struct model *model)
{
	model->truth.apex.is_exact = false;
}

static void retreating_failed(struct model *model)
{
	put_ending(model, OUTCOME_FAILED_PROMOTION);
}

static void primary_service_just_now(struct model *model)
{
	model->truth.primary_service.since = model->truth.now;
}

static void route_recent(struct model *model)
{
	model->truth.route.since.ms = model->truth.now.ms - 10000;
}

static void route_2s(struct model *model)
{
	model->truth.route.since.ms = model->truth.now.ms - 2000;
}

static void no_replicas(struct model *model)
{
	model->truth.newest.primary_replicas = 0;
}

static const struct decision_row rows[] = {
	{"retreating", {retreating}, "scale target 0", "scaling the target to 0"},
	{"pods that were asked for may yet come",
         {retreating, target_down, target_written},
         "write canary status Progressing",
         "waiting for the answer to a change of the target"},
	{"… the route is not seen",
         {retreating, route_unknown},
         "route 0!",
         "the route is to give the canary weight 0"},
	{"… a weight is left",
         {retreating, route_20},
         "route 0!",
         "the route is to give the canary weight 0"},
	{"… copies are left",
         {retreating, route_mirrored},
         "route 0!",
         "the route is to give the canary weight 0"},
	{"… just taken off",
         {retreating, route_just_now},
         "write canary status Progressing",
         "waiting until the new weight holds everywhere",
         1000},
	{"… a write is under way",
         {retreating, route_written},
         "write canary status Progressing",
         "waiting until the new weight holds everywhere"},
	{"… a write of the apex",
         {retreating, apex_written},
         "write canary status Progressing",
         "waiting until the new weight holds everywhere"},
	{"… a write of a Service",
         {retreating, mesh, primary_service_written},
         "write canary status Progressing",
         "waiting until the new weight holds everywhere"},
	{"… the primary has no pod",
         {retreating, primary_dead},
         "apex service canary!",
         "the apex service is to select the canary's pods"},
	{"… the primary is gone",
         {retreating, primary_absent},
         "primary release-1 x2!; apex service canary!",
         "the primary gets the template of Release cart-1"},
	{"… no pod is left",
         {retreating, target_down},
         "save release Done rolled_back",
         "it failed"},
	{"… with hooks behind it",
         {retreating, target_down, deleted},
         "",
         "the Canary is deleted, but cart.shop has a template that was rolled ba"},
	{"… superseded", {retreating_superseded}, "save release Done superseded", "it failed"},
	{"… superseded, not held",
         {retreating_superseded, route_just_now},
         "write canary status Progressing",
         "waiting until the new weight holds everywhere",
         1000},
	{"… superseded, no pod",
         {retreating_superseded, primary_dead},
         "apex service canary!",
         "the apex service is to select the canary's pods"},
	{"… an init", {retreating, init}, "save release Done rolled_back", "it failed"},
	{"… clients with the canary",
         {retreating, apex_canary},
         "apex service primary!",
         "the apex service is to select the primary's pods"},
	{"… the apex is not seen",
         {retreating, apex_unknown},
         "apex service primary!",
         "the apex service was not seen yet"},
	{"… the apex is somewhere",
         {retreating, apex_none},
         "apex service primary!",
         "the apex service is to select the primary's pods"},
	{"… the apex is not exact",
         {retreating, apex_inexact},
         "scale target 0",
         "scaling the target to 0"},
	{"failed promotion",
         {retreating_failed, primary_new},
         "apex service canary!; primary release-1!",
         "the apex service is to select the canary's pods"},
	{"… put back",
         {retreating_failed, route_20},
         "route 0!",
         "the route is to give the canary weight 0"},
	{"… on its way back",
         {retreating_failed, primary_half, apex_canary},
         "write canary status Progressing",
         "the primary has its proven template back: waiting for rollout to finis"},
	{"… back, clients with the canary",
         {retreating_failed, apex_canary},
         "apex service primary!",
         "the apex service is to select the primary's pods"},
	{"… back", {retreating_failed}, "scale target 0", "scaling the target to 0"},
	{"… back, and its promotion may reach it yet",
         {retreating_failed, primary_written},
         "write canary status Progressing",
         "the primary has its proven template back: a change of it may be on its"},
	{"… nothing is left",
         {retreating_failed, target_down},
         "save release Done failed_promotion",
         "it failed"},
	{"… a newer revision",
         {retreating_failed, newer, primary_new, route_20},
         "primary release-1!; route 0!",
         "the primary gets the template of Release cart-1"},
	{"… a newer revision, no pod",
         {retreating_failed, newer, primary_new, primary_dead, route_20},
         "apex service canary!; primary release-1!",
         "the apex service is to select the canary's pods"},
	{"… the primary is gone",
         {retreating_failed, primary_absent},
         "apex service canary!; primary release-1 x2!",
         "the apex service is to select the canary's pods"},
	{"in a mesh: the primary's Service",
         {retreating, mesh, primary_service_canary},
         "primary service primary!",
         "the primary service is to select the primary's pods"},
	{"in a mesh: it is gone",
         {retreating, mesh, primary_service_absent},
         "primary service primary; scale target 0",
         "the primary service is to select the primary's pods"},
	{"the canary's Service is gone, and nobody needs it",
         {retreating, service_absent},
         "scale target 0",
         "scaling the target to 0"},
	{"… it has requests",
         {retreating, route_20, service_absent},
         "canary service canary; route 0!",
         "the canary service is to select the canary's pods"},
	{"… it has them, and somebody changed what else is in it",
         {retreating, route_20, service_inexact},
         "route 0!",
         "the route is to give the canary weight 0"},
	{"… while the proven template comes back",
         {retreating_failed, route_20, primary_half, service_absent},
         "apex service canary!; canary service canary",
         "the apex service is to select the canary's pods"},
	{"in a mesh: it holds since now",
         {retreating, mesh, primary_service_just_now},
         "write canary status Progressing",
         "waiting until the new weight holds everywhere",
         1000},
	{"not in a mesh: nobody asks",
         {retreating, primary_service_just_now},
         "scale target 0",
         "scaling the target to 0"},
	{"no weights",
         {retreating, no_weights, route_20},
         "scale target 0",
         "scaling the target to 0"},
	{"the route is not there",
         {retreating, route_absent},
         "scale target 0",
         "scaling the target to 0"},
	{"the route waits",
         {retreating, route_pending},
         "scale target 0",
         "scaling the target to 0"},
	{"… for long",
         {retreating, route_pending_long},
         "scale target 0",
         "scaling the target to 0"},
	{"another writes it",
         {retreating, route_20, route_fought},
         "write canary status Progressing",
         "helm changes the route again and again, 5 times so far: it is put righ",
         500},
	{"the route waits, lately",
         {retreating, route_pending, route_recent},
         "write canary status Progressing",
         "waiting until the route is taken in: Gateway says no",
         50000},
	{"a failed promotion, the route waits",
         {retreating_failed, route_pending, route_recent},
         "write canary status Progressing",
         "waiting until the route is taken in: Gateway says no",
         50000},
	{"a superseded run, the apex just now",
         {retreating_superseded, apex_just_now},
         "write canary status Progressing",
         "waiting until the new weight holds everywhere",
         1000},
	{"hooks after it",
         {retreating, target_down, post_rollout},
         "save release Done rolled_back h1",
         "it failed"},
	{"no hooks after what is superseded",
         {retreating_superseded, post_rollout},
         "save release Done superseded",
         "it failed"},
	{"no hooks after an init",
         {retreating, init, post_rollout},
         "save release Done rolled_back",
         "it failed"},
	{"taken off 2 s ago",
         {retreating, route_2s},
         "write canary status Progressing",
         "waiting until the new weight holds everywhere",
         1000},
	{"the primary is gone, with no pods before",
         {retreating, primary_absent, no_replicas},
         "primary release-1 x1!; apex service canary!",
         "the primary gets the template of Release cart-1"},
	{"the apex is gone",
         {retreating, apex_absent},
         "apex service primary",
         "the apex service is to select the primary's pods"},
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

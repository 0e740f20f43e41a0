/* Steps and checks: what is done next, and why. Each row is one decision. */
#include "analysis/base/text.h"
#include "tests/analysis/decisions.h"
#include "tests/analysis/given_canary.h"
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

static void share_unknown(struct model *model)
{
	put_share(model, SAMPLE_ERROR);
}

static void answered_before(struct model *model)
{
	put_sample(model, SAMPLE_VALUE, 100);
	model->truth.samples[0].check.ms--;
}

static void far(struct model *model)
{
	put_due(model, -10001);
}

static void no_data(struct model *model)
{
	put_sample(model, SAMPLE_ABSENT, 0);
}

static void unmeasured_long(struct model *model)
{
	model->truth.newest.status.times.unmeasured_since.ms = model->truth.now.ms - 60000;
}

static void no_answer(struct model *model)
{
	put_sample(model, SAMPLE_ERROR, 0);
}

static void read_target(struct model *model)
{
	model->truth.target.slot.read_at = model->truth.now;
}

static void reasoned(struct model *model)
{
	text_copy(model->truth.newest.status.reason, "no values");
}

static void configs_failed(struct model *model)
{
	configs_unread(model);
	model->truth.configs.slot.failures = 3;
	text_copy(model->truth.configs.slot.error, "no configmap");
}

static const struct decision_row rows[] = {
	{"not due",
         {progressing},
         "write canary status Progressing",
         "waiting for the next check",
         5000},
	{"due",
         {progressing, due},
         "measure 0; measure share; write canary status Progressing",
         "asking the metrics"},
	{"… answered",
         {progressing, due, passed, shared},
         "save release Progressing from 20 to 40 seen 1 c1 n1",
         "Advance cart.shop canary weight 40"},
	{"… without the share",
         {progressing, due, passed},
         "measure share; write canary status Progressing",
         "asking the metrics"},
	{"… the share of an earlier one",
         {progressing, due, passed, share_before},
         "measure share; write canary status Progressing",
         "asking the metrics"},
	{"… the share is not known",
         {progressing, due, passed, share_unknown},
         "save release Progressing from 20 to 40 c1 n1",
         "Advance cart.shop canary weight 40"},
	{"… an earlier answer",
         {progressing, due, answered_before, shared},
         "measure 0; write canary status Progressing",
         "asking the metrics"},
	{"… at the second step",
         {second_step, due, passed, shared},
         "save release Promoting from 20 to 40 seen 1 c1 n1",
         "Copying cart.shop template spec to cart-primary.shop"},
	{"… a day away",
         {progressing, far},
         "save release Progressing to 20",
         "the next check was further ahead than one interval"},
	{"… an interval away",
         {progressing, early},
         "write canary status Progressing",
         "waiting for the next check",
         1},
	{"… while the route is not seen",
         {progressing, due, passed, shared, route_unknown},
         "write canary status Progressing; see route",
         "the route was not seen yet"},
	{"… while it just rose",
         {progressing, due, passed, shared, route_just_now},
         "write canary status Progressing",
         "waiting until the new weight holds everywhere",
         1000},
	{"… while the canary breaks",
         {progressing, due, passed, shared, target_half},
         "save release Progressing to 20 unready 1",
         "canary deployment cart.shop not ready: waiting for rollout to finish: "},
	{"… while the canary breaks for long",
         {progressing, unready_read, target_half, receiver},
         "route 0!; save release Retreating rolled_back from 20 n2 a1 unready 1!",
         "canary deployment cart.shop not ready: waiting for rollout to finish: "},
	{"… while the primary breaks",
         {progressing, due, passed, shared, primary_half},
         "save release Progressing to 20 unready 1",
         "cart-primary.shop not ready: waiting for rollout to finish: 1 of 2 (re"},
	{"… while the primary is gone",
         {progressing, due, primary_absent},
         "primary release-1 x2; apex service canary; save release Progressing to 20 unready 1",
         "the primary gets the template of Release cart-1"},
	{"… a Service is gone",
         {progressing, due, passed, shared, service_absent},
         "canary service canary",
         "the canary service is to select the canary's pods"},
	{"… ready again",
         {progressing, due, unready_just},
         "save release Progressing to 20",
         "nothing to do"},
	{"… ready again, not due",
         {progressing, unready_just},
         "save release Progressing to 20",
         "nothing to do"},
	{"failed",
         {progressing, due, failed},
         "save release Progressing to 20 f1 c1 n1",
         "Halt cart.shop advancement success rate 50.00% < 99% (failed check 1 o"},
	{"… for the second time",
         {progressing, due, once_failed, failed, receiver},
         "route 0!; save release Retreating rolled_back from 20 f2 c1 n3 a1!",
         "Halt cart.shop advancement success rate 50.00% < 99%"},
	{"… without the share",
         {progressing, due, failed, route_60},
         "save release Progressing to 20 f1 c1 n1; route 20!",
         "Halt cart.shop advancement success rate 50.00% < 99% (failed check 1 o"},
	{"… and the primary broke",
         {progressing, due, failed, primary_dead},
         "save release Progressing to 20 f1 c1 n1; apex service canary",
         "Halt cart.shop advancement success rate 50.00% < 99% (failed check 1 o"},
	{"no data",
         {progressing, due, no_data, shared},
         "save release Progressing to 20 seen 1 c1 n1 unmeasured 1",
         "Halt advancement no values found for nginx metric request-success-rate"},
	{"… for long",
         {progressing, due, no_data, shared, unmeasured_long, receiver},
         "route 0!; save release Retreating rolled_back from 20 seen 1 c1 n2 a1 unmeasured 1!",
         "Halt advancement no values found for nginx metric request-success-rate"},
	{"… not for long",
         {progressing, due, no_data, shared, unmeasured},
         "save release Progressing to 20 seen 1 c1 n1 unmeasured 1",
         "Halt advancement no values found for nginx metric request-success-rate",
         50000},
	{"… for long, not due",
         {progressing, unmeasured_long, early},
         "route 0!; save release Retreating rolled_back from 20 n1 unmeasured 1!",
         "no check was measured within the progress deadline"},
	{"… for long, due",
         {progressing, unmeasured_long, due},
         "measure 0; measure share; write canary status Progressing",
         "asking the metrics"},
	{"… and now some",
         {progressing, due, passed, shared, unmeasured_long},
         "save release Progressing from 20 to 40 seen 1 c1 n1",
         "Advance cart.shop canary weight 40"},
	{"no answer",
         {progressing, due, no_answer, shared},
         "save release Progressing to 20 seen 1 c1 n1 unmeasured 1",
         "Prometheus query failed: silence"},
	{"paused",
         {progressing, paused, due, passed, shared},
         "save release Progressing to 20 seen 1 c1",
         "the checks pass; paused by bob"},
	{"paused, fails",
         {progressing, paused, due, failed},
         "save release Progressing to 20 f1 c1 n1",
         "Halt cart.shop advancement success rate 50.00% < 99% (failed check 1 o"},
	{"paused, lowered",
         {second_step, paused, route_0, route_foreign, due, passed, shared},
         "save release Progressing to 40 seen 1 c1 n1",
         "the route was changed to weight 0 by another writer: back to 40"},
	{"let through",
         {progressing, full},
         "save release Promoting to 20 n1",
         "Copying cart.shop template spec to cart-primary.shop"},
	{"let through, not there",
         {progressing, full, service_absent},
         "canary service canary",
         "the canary service is to select the canary's pods"},
	{"A/B, all matching requests",
         {progressing, ab, route_100, due, passed},
         "save release Progressing from 100 to 100 i1 c1 n1",
         "Advance cart.shop canary iteration 1/2"},
	{"not taken in, late",
         {progressing, early, route_pending_long, unready_read},
         "route 0!; save release Retreating rolled_back from 20 n2 unready 1!",
         "the route is not taken in yet: Gateway says no"},
	{"not taken in, where nothing weighs",
         {progressing, early, no_weights, route_pending_long, unready_read},
         "save release Progressing to 20",
         "nothing to do"},
	{"not taken in, not seen",
         {progressing, early, route_unknown, route_pending_long, unready_read},
         "save release Progressing to 20; see route",
         "the route was not seen yet"},
	{"not ready, only the primary was read",
         {progressing, early, target_half, unready_long, read_primary},
         "see target; write canary status Progressing",
         "canary deployment cart.shop not ready: waiting for rollout to finish: "},
	{"not ready, nothing but the route was not read",
         {progressing, early, target_half, unready_long, read_primary, read_target},
         "route 0!; save release Retreating rolled_back from 20 n2 unready 1!",
         "canary deployment cart.shop not ready: waiting for rollout to finish: "},
	{"… and it waits",
         {progressing, early, target_half, route_pending, unready_long, read_primary, read_target},
         "see route; write canary status Progressing",
         "canary deployment cart.shop not ready: waiting for rollout to finish: "},
	{"not measured for long, as it was said",
         {progressing, unmeasured_long, early, reasoned},
         "route 0!; save release Retreating rolled_back from 20 n1 unmeasured 1!",
         "no values"},
	{"nothing was promoted, the primary is gone",
         {progressing, early, primary_absent, nothing_promoted},
         "apex service canary; save release Progressing to 20 unready 1",
         "the apex service is to select the canary's pods"},
	{"configs that fail",
         {progressing, early, configs_failed},
         "see configs; write canary status Progressing",
         "waiting for the next check",
         1},
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

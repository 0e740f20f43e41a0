/* A Service as the target: it is always ready, nobody scales it, and the apex, which it is, is not
 * ours to move. Each row is one decision. */
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

static void as_service(struct model *model)
{
	model->spec.target_kind = TARGET_SERVICE;
	mesh(model);
	put_pods(&model->truth.target, 1, 1);
	put_pods(&model->truth.primary, 1, 1);
	model->truth.newest.target_replicas = 1;
	model->truth.newest.primary_replicas = 1;
	model->truth.apex = (struct service_fact){0};
	model->truth.primary_service = (struct service_fact){0};
}

static void run(struct model *model)
{
	decisions_run(model);
	as_service(model);
}

static void rest(struct model *model)
{
	decisions_rest(model);
	as_service(model);
}

static void first_time(struct model *model)
{
	no_release(model);
	model->truth.releases.state = FACT_ABSENT;
	primary_absent(model);
}

static void done(struct model *model)
{
	finalising(model);
	route_0(model);
}

static void by_flagger(struct model *model)
{
	no_release(model);
	primary_foreign(model);
}

static void route_gone(struct model *model)
{
	deleted(model);
	route_absent(model);
}

static const struct decision_row runs[] = {
	{"it is ready: the first step",
         {starting},
         "save release Progressing to 20 n2",
         "Advance cart.shop canary weight 20"},
	{"the canary's copy is gone",
         {starting, service_absent},
         "canary service canary",
         "the canary service is to select the canary's pods"},
	{"its primary gets what was analysed",
         {promoting},
         "primary release-2",
         "the primary gets the template of Release cart-2"},
	{"… and nobody covers for it",
         {promoting, primary_may_empty},
         "primary release-2",
         "the primary gets the template of Release cart-2"},
	{"… it is gone",
         {promoting, primary_absent},
         "primary release-2 x1",
         "the primary gets the template of Release cart-2"},
	{"the run is over: nothing is scaled",
         {done},
         "save release Done promoted from 40 n1",
         "Promotion completed! Scaling down cart.shop"},
};

static const struct decision_row rests[] = {
	{"kept", {route_0}, "", "nothing to do"},
	{"its primary is gone",
         {primary_absent},
         "primary release-1 x1",
         "the primary gets the template of Release cart-1"},
	{"seen for the first time",
         {first_time},
         "create release 1 init",
         "New Service detected, starting initialization."},
	{"Flagger's",
         {by_flagger},
         "create release 1 adopted",
         "adopting cart.shop from Flagger, phase Initialized"},
	{"deleted", {deleted}, "remove route", "the Canary is deleted: removing its route"},
	{"… the route is gone",
         {route_gone},
         "remove canary service; remove primary",
         "the Canary is deleted: removing its canary service"},
};

static void test_runs(void **state)
{
	decisions_check(run, runs, array_length(runs));
}

static void test_rests(void **state)
{
	decisions_check(rest, rests, array_length(rests));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_rests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

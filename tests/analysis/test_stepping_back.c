/* A promotion whose clients go back to the primary in steps: what is done next. Each row is one
 * decision. */
#include "tests/analysis/decisions.h"
#include "tests/analysis/given_canary.h"
#include "tests/analysis/given_check.h"
#include "tests/analysis/given_route.h"
#include "tests/analysis/given_run.h"
#include "tests/analysis/given_scaler.h"
#include "tests/analysis/given_workload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* The primary is ready with the new template, 40 of 100 requests are still the canary's, and the
 * next step of 15 is due. */
static void back(struct model *model)
{
	decisions_run(model);
	promoting(model);
	put_step(model, 40, 40, 60000);
	primary_new(model);
	due(model);
	model->spec.step_weight_promotion = 15;
}

static void step_25(struct model *model)
{
	put_step(model, 40, 25, 60000);
	due(model);
}

static void step_15(struct model *model)
{
	put_step(model, 25, 15, 60000);
	due(model);
}

static void route_40(struct model *model)
{
	model->truth.route.weight = 40;
}

static void route_edited(struct model *model)
{
	model->truth.route.is_exact = false;
}

static void service_edited(struct model *model)
{
	model->truth.canary_service.backend = BACKEND_NONE;
}

static void service_unknown(struct model *model)
{
	model->truth.canary_service = (struct service_fact){0};
}

static void primary_service_edited(struct model *model)
{
	model->truth.primary_service.backend = BACKEND_NONE;
}

static void withdrawn(struct model *model)
{
	model->truth.newest.status.weight.to = 0;
}

static void one_go(struct model *model)
{
	model->spec.step_weight_promotion = 0;
}

static void primary_young(struct model *model)
{
	reach(model);
	model->truth.primary.ready_since.ms = model->truth.now.ms - 29999;
}

static void scaled(struct model *model)
{
	put_scaler(model, SCALER_HPA);
}

static void scaled_full(struct model *model)
{
	scaled(model);
	model->truth.primary_scaler.most = 1;
}

static void scaled_boundless(struct model *model)
{
	scaled(model);
	model->truth.primary_scaler.most = 0;
}

static void scaled_unknown(struct model *model)
{
	scaled_full(model);
	model->truth.primary_scaler.slot.state = FACT_UNKNOWN;
}

static void drawn(struct model *model)
{
	model->spec.route.sticks = true;
	model->spec.affinity = (struct affinity_spec){.cookie = "cnry", .primary_cookie = "prim"};
	text_copy(model->truth.draw, "0123456789abcdef0123456789abcdef");
}

static const struct decision_row rows[] = {
	{"the first step",
         {NULL},
         "save release Promoting from 40 to 25 n1",
         "Advance cart.shop primary weight 75"},
	{"… is not due", {early}, "write canary status Promoting", "waiting for the next check", 1},
	{"the weight is young",
         {route_just_now},
         "write canary status Promoting",
         "waiting until the new weight holds everywhere",
         1000},
	{"the second",
         {step_25},
         "save release Promoting from 25 to 10 n1",
         "Advance cart.shop primary weight 90"},
	{"… to the weight of the step itself",
         {step_15},
         "save release Finalising from 15 n1",
         "Advance cart.shop primary weight 100"},
	{"somebody gave the canary more",
         {step_25, route_60},
         "route 25!",
         "the route is to give the canary weight 25"},
	{"… as much as before the step",
         {step_25, route_40},
         "route 25",
         "the route is to give the canary weight 25"},
	{"… less",
         {step_25, route_20},
         "save release Promoting from 20 to 5 n1",
         "Advance cart.shop primary weight 95"},
	{"… and a newer revision came",
         {step_25, route_40, newer},
         "route 0!; save release Promoting from 25!",
         "the route is to give the canary weight 0"},
	{"the canary's Service is gone",
         {early, service_absent},
         "canary service canary",
         "the canary service is to select the canary's pods",
         1},
	{"… and the step is due",
         {service_absent},
         "canary service canary; save release Promoting from 40 to 25 n1",
         "the canary service is to select the canary's pods"},
	{"… and the step is not taken",
         {step_25, route_40, service_absent},
         "canary service canary; route 25",
         "the canary service is to select the canary's pods"},
	{"… and the route is not as it was written",
         {step_25, route_40, service_absent, route_edited},
         "canary service canary",
         "the canary service is to select the canary's pods"},
	{"the route is not as it was written",
         {step_25, route_40, route_edited},
         "route 25",
         "the route is to give the canary weight 25"},
	{"the canary's Service selects others",
         {early, service_edited},
         "canary service canary",
         "the canary service is to select the canary's pods",
         1},
	{"… it was not seen",
         {early, service_unknown},
         "write canary status Promoting; see canary service",
         "the canary service was not seen yet",
         1},
	{"the primary's Service selects others",
         {early, primary_service_edited},
         "primary service primary",
         "the primary service is to select the primary's pods",
         1},
	{"the primary's Service is gone",
         {primary_service_absent},
         "primary service primary",
         "the primary service is to select the primary's pods"},
	{"both are",
         {early, service_absent, primary_service_absent},
         "canary service canary; primary service primary",
         "the canary service is to select the canary's pods"},
	{"requests do not reach the new pods yet",
         {primary_young},
         "write canary status Promoting",
         "waiting until the new pods are known to those who send requests",
         1},
	{"the primary has fewer pods than before",
         {primary_small},
         "scale primary 2",
         "scaling the primary to 2"},
	{"… and its autoscaler gives it more",
         {primary_small, scaled},
         "write canary status Promoting",
         "waiting until the primary has 2 pods again"},
	{"… may not give it more",
         {primary_small, scaled_full},
         "save release Promoting from 40 to 25 n1",
         "Advance cart.shop primary weight 75"},
	{"… has no bound",
         {primary_small, scaled_boundless},
         "write canary status Promoting",
         "waiting until the primary has 2 pods again"},
	{"… was not seen",
         {primary_small, scaled_unknown},
         "write canary status Promoting; see primary autoscaler",
         "the primary autoscaler was not seen yet"},
	{"A/B has no share to give back",
         {ab, route_100},
         "save release Finalising from 100 n1",
         "Routing all traffic to primary"},
	{"the weight was withdrawn, and stands",
         {withdrawn},
         "route 0!; save release Finalising n1",
         "the route is to give the canary weight 0"},
	{"the canary has no ready pod",
         {target_waits},
         "save release Finalising from 40 n1",
         "Routing all traffic to primary"},
	{"the route is not seen",
         {route_unknown},
         "write canary status Promoting; see route",
         "the route was not seen yet"},
	{"… and all goes back at once",
         {route_unknown, one_go},
         "save release Finalising from 40 n1; see route",
         "Routing all traffic to primary"},
	{"… and there are no weights",
         {route_unknown, no_weights},
         "save release Finalising from 40",
         "Routing all traffic to primary"},
	{"session affinity",
         {drawn},
         "save release Promoting from 40 to 25 n1",
         "Advance cart.shop primary weight 75"},
};

static void test_rows(void **state)
{
	decisions_check(back, rows, array_length(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

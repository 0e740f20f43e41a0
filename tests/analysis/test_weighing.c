/* The weight in force: what is done next, and why. Each row is one decision. */
#include "analysis/base/text.h"
#include "tests/analysis/decisions.h"
#include "tests/analysis/given_canary.h"
#include "tests/analysis/given_check.h"
#include "tests/analysis/given_route.h"
#include "tests/analysis/given_run.h"
#include "tests/analysis/given_verb.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void route_inexact(struct model *model)
{
	model->truth.route.is_exact = false;
}

static void route_fought_less(struct model *model)
{
	route_fought(model);
	model->truth.route.rival.edits = 3;
}

static void route_fought_before(struct model *model)
{
	route_fought(model);
	model->truth.route.rival.last.ms = model->truth.now.ms - 60000;
}

static void route_fought_long(struct model *model)
{
	route_fought(model);
	model->truth.route.rival.edits = 4;
}

static void route_fought_more(struct model *model)
{
	route_fought(model);
	model->truth.route.rival.edits = 6;
}

static void route_fought_on_and_on(struct model *model)
{
	route_fought(model);
	model->truth.route.rival.edits = 20;
	model->truth.route.rival.last.ms = model->truth.now.ms - 26000;
}

static void route_fought_by_nobody(struct model *model)
{
	route_fought(model);
	text_copy(model->truth.route.rival.by, "");
}

/* … than the one that is there now. */
static void made_by_another(struct model *model)
{
	text_copy(model->truth.newest.canary_uid, "canary-0");
}

static void made_by_this(struct model *model)
{
	text_copy(model->truth.newest.canary_uid, model->truth.canary_uid);
}

static const struct decision_row rows[] = {
	{"another lowered it",
         {second_step, route_20, early},
         "route 40",
         "the route is to give the canary weight 40"},
	{"… lower still",
         {second_step, route_0, early},
         "save release Retreating rolled_back from 40 n1!",
         "a retreat was begun before the agent restarted"},
	{"… and took it",
         {second_step, route_0, route_foreign, early},
         "write canary status Progressing",
         "waiting for the next check",
         1},
	{"… to where it came from",
         {second_step, route_20, due, passed, shared},
         "route 40",
         "the route is to give the canary weight 40"},
	{"… lower, and the check passes",
         {second_step, route_60, second_step, route_0, route_foreign, due, passed, shared},
         "save release Progressing to 40 seen 1 c1 n1",
         "the route was changed to weight 0 by another writer: back to 40"},
	{"… lower, and it fails",
         {second_step, route_0, route_foreign, due, failed},
         "save release Progressing from 20 to 40 f1 c1 n1",
         "Halt cart.shop advancement success rate 50.00% < 99% (failed check 1 o"},
	{"another raised it",
         {second_step, route_60, early},
         "route 40!",
         "the route is to give the canary weight 40"},
	{"… where the route is not seen",
         {second_step, route_60, route_unknown, early},
         "write canary status Progressing; see route",
         "the route was not seen yet"},
	{"a retreat was begun",
         {second_step, route_0, early, due},
         "save release Retreating rolled_back from 40 n1!",
         "a retreat was begun before the agent restarted"},
	{"… by the same Canary",
         {second_step, route_0, made_by_this, early, due},
         "save release Retreating rolled_back from 40 n1!",
         "a retreat was begun before the agent restarted"},
	{"… and the Canary made anew",
         {second_step, route_0, made_by_another, early, due},
         "save release Retreating cancelled from 40!",
         "the Canary was deleted and made anew: the retreat that was begun mean"},
	{"… whose check fails",
         {second_step, route_0, made_by_another, due, failed},
         "save release Progressing from 20 to 40 f1 c1 n1",
         "Halt cart.shop advancement success rate 50.00% < 99% (failed check 1 o"},
	{"the first step is not there",
         {progressing, route_0, early},
         "route 20",
         "the route is to give the canary weight 20"},
	{"… nor a pod to take it",
         {progressing, route_0, target_down, early},
         "save release Progressing to 20 unready 1",
         "canary deployment cart.shop not ready: waiting for rollout to finish: "},
	{"… nor a Service",
         {progressing, route_0, service_absent, early},
         "canary service canary",
         "the canary service is to select the canary's pods"},
	{"… and the target has a template that was not compared yet",
         {progressing, route_0, target_v3, early},
         "compare templates; write canary status Progressing",
         "whether the target has a newer revision is not known yet"},
	{"the check passed, and the target's template was not compared yet",
         {progressing, target_v3, due, passed, shared},
         "compare templates; write canary status Progressing",
         "whether the target has a newer revision is not known yet"},
	{"… it failed",
         {second_step, target_v3, due, failed},
         "compare templates; save release Progressing from 20 to 40 f1 c1 n1",
         "Halt cart.shop advancement success rate 50.00% < 99% (failed check 1 o"},
	{"another fights",
         {second_step, route_60, route_fought, due, passed, shared},
         "save release Progressing from 20 to 40 seen 1 c1 n1",
         "helm changes the route again and again, 5 times so far: it is put righ",
         1500},
	{"… and it holds",
         {second_step, route_fought, due, passed, shared},
         "save release Promoting from 20 to 40 seen 1 c1 n1",
         "Copying cart.shop template spec to cart-primary.shop"},
	{"… lower",
         {second_step, route_0, route_foreign, route_fought, due, passed, shared},
         "save release Progressing to 40 seen 1 c1 n1",
         "the route was changed to weight 0 by another writer: back to 40"},
	{"… with copies",
         {second_step, route_mirrored, route_fought, due, passed, shared},
         "save release Progressing from 20 to 40 seen 1 c1 n1",
         "helm changes the route again and again, 5 times so far: it is put righ",
         1500},
	{"no weights",
         {progressing, no_weights, due, passed},
         "save release Progressing from 20 to 40 c1 n1",
         "Advance cart.shop canary weight 40"},
	{"no weights, not asked",
         {progressing, no_weights, due},
         "measure 0; write canary status Progressing",
         "asking the metrics"},
	{"copies",
         {copies, early, route_mirrored},
         "write canary status Progressing",
         "waiting for the next check",
         1},
	{"copies, not sent yet",
         {copies, early},
         "route 0 mirrored",
         "the route is to send the canary copies of the requests"},
	{"copies, no Service",
         {copies, early, service_absent},
         "canary service canary",
         "the canary service is to select the canary's pods"},
	{"copies, checked",
         {copies, due, route_mirrored, passed},
         "save release Progressing to 20 c1 n1",
         "Advance cart.shop canary weight 20"},
	{"copies, asked",
         {copies, due, route_mirrored},
         "measure 0; write canary status Progressing",
         "asking the metrics"},
	{"copies, a weight",
         {copies, early, route_20},
         "route 0!",
         "the route is to give the canary weight 0"},
	{"blue/green",
         {blue_green, progressing, due, passed},
         "save release Progressing from 20 to 20 i1 c1 n1",
         "Advance cart.shop canary iteration 1/2"},
	{"blue/green, no weights",
         {blue_green, no_weights, progressing, due, passed},
         "save release Progressing from 20 to 20 i1 c1 n1",
         "Advance cart.shop canary iteration 1/2"},
	{"A/B",
         {progressing, ab, due, passed},
         "save release Progressing from 20 to 100 c1 n1",
         "the route was changed to weight 20 by another writer: back to 100"},
	{"the route is not exact",
         {progressing, early, route_inexact},
         "route 20",
         "the route is to give the canary weight 20"},
	{"… another raised it, too",
         {progressing, early, route_60, route_inexact},
         "route 20!",
         "the route is to give the canary weight 20"},
	{"no weight, no retreat",
         {second_step, no_weights, route_0, early},
         "write canary status Progressing",
         "waiting for the next check",
         1},
	{"no route, no retreat",
         {second_step, route_0, route_unknown, early},
         "write canary status Progressing; see route",
         "the route was not seen yet"},
	{"fails in a fight",
         {progressing, once_failed, due, failed, route_fought},
         "route 0!; save release Retreating rolled_back from 20 f2 c1 n3!",
         "Halt cart.shop advancement success rate 50.00% < 99%"},
	{"fails, the weight is off",
         {progressing, once_failed, due, failed, route_0},
         "save release Retreating rolled_back from 20 f2 c1 n3!",
         "Halt cart.shop advancement success rate 50.00% < 99%"},
	{"fails, copies are left",
         {progressing, once_failed, due, failed, route_0, route_mirrored},
         "route 0!; save release Retreating rolled_back from 20 f2 c1 n3!",
         "Halt cart.shop advancement success rate 50.00% < 99%"},
	{"fails in a fight, off",
         {progressing, once_failed, due, failed, route_0, route_fought},
         "save release Retreating rolled_back from 20 f2 c1 n3!",
         "Halt cart.shop advancement success rate 50.00% < 99%"},
	{"fails, route unseen",
         {progressing, once_failed, due, failed, route_unknown},
         "route 0!; save release Retreating rolled_back from 20 f2 c1 n3!",
         "Halt cart.shop advancement success rate 50.00% < 99%"},
	{"a short fight",
         {progressing, route_60, route_fought_less},
         "route 20!",
         "the route is to give the canary weight 20"},
	{"a fight of long ago",
         {progressing, route_60, route_fought_before},
         "route 20!",
         "the route is to give the canary weight 20"},
	{"a fight that began",
         {second_step, route_60, route_fought_long},
         "write canary status Progressing",
         "helm changes the route again and again, 4 times so far: it is put righ",
         500},
	{"a fight that goes on",
         {second_step, route_60, route_fought_more},
         "write canary status Progressing",
         "helm changes the route again and again, 6 times so far: it is put righ",
         3500},
	{"a fight without end",
         {second_step, route_60, route_fought_on_and_on},
         "write canary status Progressing",
         "helm changes the route again and again, 20 times so far: it is put rig",
         4000},
	{"a fight with nobody",
         {second_step, route_60, route_fought_by_nobody},
         "write canary status Progressing",
         "another writer changes the route again and again, 5 times so far: it i",
         1500},
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
